package types

import (
	"encoding/hex"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/storage/tuple"
)

var byteaCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, env *Env) []byte {
		if env.orDefault().ByteaEscape {
			return appendByteaEscape(dst, d.Bytes())
		}
		dst = append(dst, '\\', 'x')
		return hex.AppendEncode(dst, d.Bytes())
	},
	in: func(_ *Type, s string, _ int32, _ *Env) (Datum, error) {
		var b []byte
		var err error
		if len(s) >= 2 && s[0] == '\\' && s[1] == 'x' {
			b, err = decodeHex(s[2:])
		} else {
			b, err = decodeByteaEscape(s)
		}
		return tuple.Bytes(b), err
	},
	send: bytesOut,
	recv: func(_ *Type, b []byte, _ int32, _ *Env) (Datum, error) { return tuple.Bytes(b), nil },
}

func appendByteaEscape(dst, b []byte) []byte {
	for _, c := range b {
		switch {
		case c == '\\':
			dst = append(dst, '\\', '\\')
		case c < 0x20 || c > 0x7e:
			dst = append(dst, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// decodeHex reads pairs of hexadecimal digits; blanks may stand between pairs.
func decodeHex(s string) ([]byte, error) {
	b := make([]byte, 0, len(s)/2)
	for i := 0; i < len(s); {
		if c := s[i]; c == ' ' || c == '\n' || c == '\t' || c == '\r' {
			i++
			continue
		}
		hi, ok := input.Unhex(s[i])
		if !ok {
			return nil, badHexDigit(s[i:])
		}
		i++
		if i == len(s) {
			return nil, pgerr.New(pgerr.InvalidParameterValue, "invalid hexadecimal data: odd number of digits")
		}
		lo, ok := input.Unhex(s[i])
		if !ok {
			return nil, badHexDigit(s[i:])
		}
		i++
		b = append(b, hi<<4|lo)
	}
	return b, nil
}

func badHexDigit(s string) error {
	return pgerr.New(pgerr.InvalidParameterValue, "invalid hexadecimal digit: \"%s\"", s[:input.CharOffset(s, 1)])
}

func decodeByteaEscape(s string) ([]byte, error) {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		switch {
		case s[i] != '\\':
			b = append(b, s[i])
			i++
		case i+3 < len(s) && s[i+1] >= '0' && s[i+1] <= '3' && isOctal(s[i+2]) && isOctal(s[i+3]):
			b = append(b, (s[i+1]-'0')<<6|(s[i+2]-'0')<<3|(s[i+3]-'0'))
			i += 4
		case i+1 < len(s) && s[i+1] == '\\':
			b = append(b, '\\')
			i += 2
		default:
			return nil, pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type %s", "bytea")
		}
	}
	return b, nil
}

package types

import (
	"encoding/hex"

	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/storage/tuple"
)

var uuidCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		b := d.Bytes()
		dst = append(hex.AppendEncode(dst, b[:4]), '-')
		dst = append(hex.AppendEncode(dst, b[4:6]), '-')
		dst = append(hex.AppendEncode(dst, b[6:8]), '-')
		dst = append(hex.AppendEncode(dst, b[8:10]), '-')
		return hex.AppendEncode(dst, b[10:])
	},
	in: func(_ *Type, s string, _ int32, _ *Env) (Datum, error) {
		b, ok := parseUUID(s)
		if !ok {
			return Null, input.SyntaxError("uuid", s)
		}
		return tuple.Bytes(b), nil
	},
	send: bytesOut,
	recv: func(_ *Type, b []byte, _ int32, _ *Env) (Datum, error) {
		if err := input.Sized(b, 16); err != nil {
			return Null, err
		}
		return tuple.Bytes(b), nil
	},
}

// parseUUID reads 32 digits, with braces around and a hyphen after any group of four.
func parseUUID(s string) ([]byte, bool) {
	braces := len(s) > 0 && s[0] == '{'
	if braces {
		s = s[1:]
	}
	b := make([]byte, 16)
	for i := range b {
		if len(s) < 2 {
			return nil, false
		}
		hi, ok1 := input.Unhex(s[0])
		lo, ok2 := input.Unhex(s[1])
		if !ok1 || !ok2 {
			return nil, false
		}
		b[i] = hi<<4 | lo
		s = s[2:]
		if len(s) > 0 && s[0] == '-' && i%2 == 1 && i < 15 {
			s = s[1:]
		}
	}
	if braces {
		return b, s == "}"
	}
	return b, s == ""
}

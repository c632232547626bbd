package text

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"math/bits"
	"strings"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Binary string functions (manual: 9.5).

func byteaSubstr(_ *call.Call, a []types.Datum) (types.Datum, error) {
	from, to, err := substrBounds(a)
	if err != nil {
		return types.Null, err
	}
	b := a[0].Bytes()
	from = min(from, len(b))
	if to < 0 || to > len(b) {
		to = len(b)
	}
	return tuple.Bytes(b[from:max(to, from)]), nil
}

func byteaOverlay(_ *call.Call, a []types.Datum) (types.Datum, error) {
	b, with := a[0].Bytes(), a[1].Bytes()
	start, n, err := overlayBounds(a, len(with))
	if err != nil {
		return types.Null, err
	}
	head := b[:min(int(start-1), len(b))]
	tail := b[min(int(max(start-1+n, 0)), len(b)):]
	return call.Bytes(bytes.Join([][]byte{head, with, tail}, nil))
}

func byteaTrim(left, right bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		b, set := a[0].Bytes(), a[1].Bytes()
		for left && len(b) > 0 && bytes.IndexByte(set, b[0]) >= 0 {
			b = b[1:]
		}
		for right && len(b) > 0 && bytes.IndexByte(set, b[len(b)-1]) >= 0 {
			b = b[:len(b)-1]
		}
		return tuple.Bytes(b), nil
	}
}

func errIndex(n, most int64) error {
	return pgerr.New(pgerr.ArraySubscriptError, "index %d out of valid range, 0..%d", n, most)
}

func byteIndex(a []types.Datum, per int64) (i int64, err error) {
	i = a[1].Int()
	if most := int64(a[0].Len())*per - 1; i < 0 || i > most {
		return 0, errIndex(i, most)
	}
	return i, nil
}

func byteaGetByte(_ *call.Call, a []types.Datum) (types.Datum, error) {
	i, err := byteIndex(a, 1)
	if err != nil {
		return types.Null, err
	}
	return call.Int(int64(a[0].Bytes()[i]))
}

func byteaGetBit(_ *call.Call, a []types.Datum) (types.Datum, error) {
	i, err := byteIndex(a, 8)
	if err != nil {
		return types.Null, err
	}
	return call.Int(int64(a[0].Bytes()[i/8] >> (i % 8) & 1))
}

func byteaSetByte(_ *call.Call, a []types.Datum) (types.Datum, error) {
	i, err := byteIndex(a, 1)
	if err != nil {
		return types.Null, err
	}
	b := bytes.Clone(a[0].Bytes())
	b[i] = byte(a[2].Int())
	return call.Bytes(b)
}

func byteaSetBit(_ *call.Call, a []types.Datum) (types.Datum, error) {
	i, err := byteIndex(a, 8)
	if err != nil {
		return types.Null, err
	}
	v := a[2].Int()
	if v != 0 && v != 1 {
		return types.Null, pgerr.New(pgerr.InvalidParameterValue, "new bit must be 0 or 1")
	}
	b := bytes.Clone(a[0].Bytes())
	b[i/8] = b[i/8]&^(1<<(i%8)) | byte(v)<<(i%8)
	return call.Bytes(b)
}

// digest makes a function of a hash; asText gives its hex form.
func digest(sum func([]byte) []byte, asText bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		h := sum(a[0].Bytes())
		if asText {
			return call.Text(hex.EncodeToString(h))
		}
		return call.Bytes(h)
	}
}

// base64Lines breaks after 76 characters, as MIME asks.
func base64Lines(b []byte) string {
	s := base64.StdEncoding.EncodeToString(b)
	var out strings.Builder
	for len(s) > 76 {
		out.WriteString(s[:76])
		out.WriteByte('\n')
		s = s[76:]
	}
	out.WriteString(s)
	return out.String()
}

// escapeBytes: zero and bytes above 127 become octal, backslashes double.
func escapeBytes(b []byte) string {
	var out strings.Builder
	for _, c := range b {
		switch {
		case c == 0 || c >= 0x80:
			out.Write([]byte{'\\', '0' + c>>6, '0' + c>>3&7, '0' + c&7})
		case c == '\\':
			out.WriteString(`\\`)
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

func errEncoding(name string) error {
	return pgerr.New(pgerr.InvalidParameterValue, "unrecognized encoding: \"%s\"", name)
}

func encode(_ *call.Call, a []types.Datum) (types.Datum, error) {
	b := a[0].Bytes()
	switch name := types.LowerASCII(a[1].Str()); name {
	case "hex":
		return call.Text(hex.EncodeToString(b))
	case "base64":
		return call.Text(base64Lines(b))
	case "escape":
		return call.Text(escapeBytes(b))
	}
	return types.Null, errEncoding(a[1].Str())
}

func decode(_ *call.Call, a []types.Datum) (types.Datum, error) {
	s := a[0].Str()
	switch name := types.LowerASCII(a[1].Str()); name {
	case "hex":
		return decodeHex(s)
	case "base64":
		return decodeBase64(s)
	case "escape":
		return decodeEscape(s)
	}
	return types.Null, errEncoding(a[1].Str())
}

func decodeHex(s string) (types.Datum, error) {
	var out []byte
	blank := func(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }
	digit := func(at string) (byte, error) {
		switch c := at[0]; {
		case c >= '0' && c <= '9':
			return c - '0', nil
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			return c | 0x20 - 'a' + 10, nil
		}
		return 0, pgerr.New(pgerr.InvalidParameterValue, "invalid hexadecimal digit: \"%s\"", at[:OneRune(at)])
	}
	for len(s) > 0 {
		if blank(s[0]) {
			s = s[1:]
			continue
		}
		hi, err := digit(s)
		if err != nil {
			return types.Null, err
		}
		if len(s) < 2 {
			return types.Null, pgerr.New(pgerr.InvalidParameterValue, "invalid hexadecimal data: odd number of digits")
		}
		lo, err := digit(s[1:])
		if err != nil {
			return types.Null, err
		}
		out = append(out, hi<<4|lo)
		s = s[2:]
	}
	return call.Bytes(out)
}

func decodeBase64(s string) (types.Datum, error) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	var out []byte
	var group uint32
	n, pads := 0, 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == ' ' || c == '\n' || c == '\t' || c == '\r' {
			continue
		}
		v := 0
		if c == '=' {
			// Only "==" or "=" may end a group.
			if pads == 0 && n != 2 && n != 3 {
				return types.Null, pgerr.New(pgerr.InvalidParameterValue, "unexpected \"=\" while decoding base64 sequence")
			}
			pads++
		} else if v = strings.IndexByte(alphabet, c); v < 0 {
			return types.Null, pgerr.New(pgerr.InvalidParameterValue, "invalid symbol \"%s\" found while decoding base64 sequence", s[i:i+OneRune(s[i:])])
		}
		group = group<<6 | uint32(v)
		if n++; n == 4 {
			out = append(out, byte(group>>16))
			if pads == 0 || pads < 2 {
				out = append(out, byte(group>>8))
			}
			if pads == 0 {
				out = append(out, byte(group))
			}
			n, group = 0, 0
		}
	}
	if n != 0 {
		return types.Null, pgerr.New(pgerr.InvalidParameterValue, "invalid base64 end sequence").WithHint("Input data is missing padding, is truncated, or is otherwise corrupted.")
	}
	return call.Bytes(out)
}

func decodeEscape(s string) (types.Datum, error) {
	var out []byte
	for i := 0; i < len(s); {
		switch {
		case s[i] != '\\':
			out = append(out, s[i])
			i++
		case i+3 < len(s) && s[i+1] >= '0' && s[i+1] <= '3' && s[i+2] >= '0' && s[i+2] <= '7' && s[i+3] >= '0' && s[i+3] <= '7':
			out = append(out, (s[i+1]-'0')<<6|(s[i+2]-'0')<<3|(s[i+3]-'0'))
			i += 4
		case i+1 < len(s) && s[i+1] == '\\':
			out = append(out, '\\')
			i += 2
		default:
			return types.Null, pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type %s", "bytea")
		}
	}
	return call.Bytes(out)
}

func byteaFns() call.Fns {
	sum := func(f func([]byte) []byte) call.Fn { return digest(f, false) }
	md := func(b []byte) []byte { h := md5.Sum(b); return h[:] }
	m := call.Fns{
		"byteacat": textCat, "byteaoctetlen": func(_ *call.Call, a []types.Datum) (types.Datum, error) { return call.Int(int64(a[0].Len())) },
		"bytea_substr": byteaSubstr, "bytea_substr_no_len": byteaSubstr, "byteaoverlay": byteaOverlay, "byteaoverlay_no_len": byteaOverlay,
		"byteapos": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Int(int64(bytes.Index(a[0].Bytes(), a[1].Bytes()) + 1))
		},
		"byteatrim": byteaTrim(true, true), "bytealtrim": byteaTrim(true, false), "byteartrim": byteaTrim(false, true),
		"byteaGetByte": byteaGetByte, "byteaGetBit": byteaGetBit, "byteaSetByte": byteaSetByte, "byteaSetBit": byteaSetBit,
		"bytea_bit_count": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			n := 0
			for _, c := range a[0].Bytes() {
				n += bits.OnesCount8(c)
			}
			return call.Int(int64(n))
		},
		"md5_text": digest(md, true), "md5_bytea": digest(md, true),
		"sha224_bytea":  sum(func(b []byte) []byte { h := sha256.Sum224(b); return h[:] }),
		"sha256_bytea":  sum(func(b []byte) []byte { h := sha256.Sum256(b); return h[:] }),
		"sha384_bytea":  sum(func(b []byte) []byte { h := sha512.Sum384(b); return h[:] }),
		"sha512_bytea":  sum(func(b []byte) []byte { h := sha512.Sum512(b); return h[:] }),
		"binary_encode": encode, "binary_decode": decode,
	}
	return m
}

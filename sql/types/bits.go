package types

import (
	"encoding/binary"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/storage/tuple"
)

// bitCodec is bit(n) and bit varying(n).
var bitCodec = &codec{
	out: bytesOut,
	in: func(t *Type, s string, mod int32, _ *Env) (Datum, error) {
		d, err := parseBits(s)
		if err != nil {
			return Null, err
		}
		return bitInput(t, d, mod)
	},
	send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		s := d.Str()
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(s)))
		return appendPackedBits(dst, s)
	},
	recv: func(t *Type, b []byte, mod int32, _ *Env) (Datum, error) {
		r := binReader{b: b}
		n := int(int32(r.uint32()))
		if r.short {
			return Null, input.Short()
		}
		if n < 0 {
			return Null, pgerr.New(pgerr.InvalidBinaryRepresentation, "invalid length in external bit string")
		}
		if err := input.Sized(r.b, (n+7)/8); err != nil {
			return Null, err
		}
		s := make([]byte, n)
		for i := range s {
			s[i] = '0' + r.b[i/8]>>(7-i%8)&1
		}
		return bitInput(t, tuple.Bytes(s), mod)
	},
}

// appendPackedBits packs eight bits of text to a byte, first bit highest.
func appendPackedBits(dst []byte, s string) []byte {
	for len(s) > 0 {
		n := min(8, len(s))
		var c byte
		for i := range n {
			c |= (s[i] - '0') << (7 - i)
		}
		dst = append(dst, c)
		s = s[n:]
	}
	return dst
}

func parseBits(s string) (Datum, error) {
	hex := false
	if s != "" {
		switch s[0] {
		case 'b', 'B':
			s = s[1:]
		case 'x', 'X':
			s, hex = s[1:], true
		}
	}
	if !hex {
		for i := 0; i < len(s); i++ {
			if s[i] != '0' && s[i] != '1' {
				return Null, pgerr.New(pgerr.InvalidTextRepresentation, "\"%s\" is not a valid binary digit", firstChar(s[i:]))
			}
		}
		return tuple.String(s), nil
	}
	b := make([]byte, 0, 4*len(s))
	for i := 0; i < len(s); i++ {
		c, ok := input.Unhex(s[i])
		if !ok {
			return Null, pgerr.New(pgerr.InvalidTextRepresentation, "\"%s\" is not a valid hexadecimal digit", firstChar(s[i:]))
		}
		b = append(b, '0'+c>>3, '0'+c>>2&1, '0'+c>>1&1, '0'+c&1)
	}
	return tuple.Bytes(b), nil
}

func firstChar(s string) string { return s[:input.CharOffset(s, 1)] }

// bitInput checks the length on input, where neither cutting nor padding happens.
func bitInput(t *Type, d Datum, mod int32) (Datum, error) {
	if mod <= 0 {
		return d, nil
	}
	if t.OID == Bit {
		return bitLen(d, mod, false)
	}
	return varbitLen(d, mod, false)
}

func bitLen(d Datum, mod int32, explicit bool) (Datum, error) {
	n := int(mod)
	switch {
	case mod <= 0 || d.Len() == n:
		return d, nil
	case !explicit:
		return Null, pgerr.New(pgerr.StringDataLengthMismatch, "bit string length %d does not match type bit(%d)", d.Len(), n)
	case d.Len() > n:
		return tuple.String(d.Str()[:n]), nil
	}
	return tuple.String(d.Str() + strings.Repeat("0", n-d.Len())), nil
}

func varbitLen(d Datum, mod int32, explicit bool) (Datum, error) {
	n := int(mod)
	switch {
	case mod <= 0 || d.Len() <= n:
		return d, nil
	case !explicit:
		return Null, pgerr.New(pgerr.StringDataRightTruncation, "bit string too long for type bit varying(%d)", n)
	}
	return tuple.String(d.Str()[:n]), nil
}

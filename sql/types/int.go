package types

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/storage/tuple"
)

var intCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, _ *Env) []byte { return strconv.AppendInt(dst, d.Int(), 10) },
	in: func(t *Type, s string, _ int32, _ *Env) (Datum, error) {
		v, err := parseInt(s, t)
		return tuple.Int(v), err
	},
	send: func(t *Type, dst []byte, d Datum, _ *Env) []byte {
		switch t.Kind {
		case tuple.KindInt16:
			return binary.BigEndian.AppendUint16(dst, uint16(d.Int()))
		case tuple.KindInt32:
			return binary.BigEndian.AppendUint32(dst, uint32(d.Int()))
		}
		return binary.BigEndian.AppendUint64(dst, uint64(d.Int()))
	},
	recv: func(t *Type, b []byte, _ int32, _ *Env) (Datum, error) {
		if err := input.Sized(b, int(t.Len)); err != nil {
			return Null, err
		}
		switch t.Kind {
		case tuple.KindInt16:
			return tuple.Int(int64(int16(binary.BigEndian.Uint16(b)))), nil
		case tuple.KindInt32:
			return tuple.Int(int64(int32(binary.BigEndian.Uint32(b)))), nil
		}
		return tuple.Int(int64(binary.BigEndian.Uint64(b))), nil
	},
}

func intName(t *Type) string {
	switch t.OID {
	case Int2:
		return "smallint"
	case Int4:
		return "integer"
	}
	return "bigint"
}

// parseInt reads blanks, a sign and decimal digits, and checks the range of t.
func parseInt(s string, t *Type) (int64, error) {
	v, st := scanInt(input.TrimSpace(s), 1<<(8*uint(t.Len)-1))
	switch st {
	case intSyntax:
		return 0, input.SyntaxError(intName(t), s)
	case intRange:
		return 0, input.RangeError(intName(t), s)
	}
	return v, nil
}

type intStatus uint8

const (
	intOK intStatus = iota
	intSyntax
	intRange
)

// scanInt reads [+-]digits and nothing else; limit is minus the smallest value. Like PostgreSQL it stops at the first
// digit that overflows, so "99999x" is out of range for a smallint and not bad syntax.
func scanInt(s string, limit uint64) (int64, intStatus) {
	neg := false
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		neg = s[0] == '-'
		s = s[1:]
	}
	if len(s) == 0 {
		return 0, intSyntax
	}
	var u uint64
	for i := 0; i < len(s); i++ {
		c := s[i] - '0'
		if c > 9 {
			return 0, intSyntax
		}
		if u > (math.MaxUint64-uint64(c))/10 {
			return 0, intRange
		}
		if u = u*10 + uint64(c); u > limit {
			return 0, intRange
		}
	}
	if neg {
		return int64(-u), intOK
	}
	if u == limit {
		return 0, intRange
	}
	return int64(u), intOK
}

// charCodec is PostgreSQL's one-byte "char": bytes above 127 are written as \ooo.
var charCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		switch c := byte(d.Int()); {
		case c >= 0x80:
			return append(dst, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
		case c != 0:
			return append(dst, c)
		}
		return dst
	},
	in: func(_ *Type, s string, _ int32, _ *Env) (Datum, error) {
		if len(s) == 4 && s[0] == '\\' && isOctal(s[1]) && isOctal(s[2]) && isOctal(s[3]) {
			return tuple.Int(int64((s[1]-'0')<<6 | (s[2]-'0')<<3 | (s[3] - '0'))), nil
		}
		if s == "" {
			return tuple.Int(0), nil
		}
		return tuple.Int(int64(s[0])), nil
	},
	send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte { return append(dst, byte(d.Int())) },
	recv: func(_ *Type, b []byte, _ int32, _ *Env) (Datum, error) {
		if err := input.Sized(b, 1); err != nil {
			return Null, err
		}
		return tuple.Int(int64(b[0])), nil
	},
}

func isOctal(c byte) bool { return c >= '0' && c <= '7' }

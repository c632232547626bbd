package types

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/tuple"
)

var floatCodec = &codec{
	out: func(t *Type, dst []byte, d Datum, env *Env) []byte {
		bits := 64
		if t.Kind == tuple.KindFloat32 {
			bits = 32
		}
		return AppendFloat(dst, d.Float(), bits, env.orDefault().ExtraFloatDigits)
	},
	in: func(t *Type, s string, _ int32, _ *Env) (Datum, error) {
		bits, name := 64, "double precision"
		if t.Kind == tuple.KindFloat32 {
			bits, name = 32, "real"
		}
		v, err := parseFloat(s, bits, name)
		return tuple.Float(v), err
	},
	send: func(t *Type, dst []byte, d Datum, _ *Env) []byte {
		if t.Kind == tuple.KindFloat32 {
			return binary.BigEndian.AppendUint32(dst, math.Float32bits(float32(d.Float())))
		}
		return binary.BigEndian.AppendUint64(dst, math.Float64bits(d.Float()))
	},
	recv: func(t *Type, b []byte, _ int32, _ *Env) (Datum, error) {
		if err := sized(b, int(t.Len)); err != nil {
			return Null, err
		}
		if t.Kind == tuple.KindFloat32 {
			return tuple.Float(float64(math.Float32frombits(binary.BigEndian.Uint32(b)))), nil
		}
		return tuple.Float(math.Float64frombits(binary.BigEndian.Uint64(b))), nil
	},
}

// AppendFloat prints as float8out (bits 64) or float4out (32) do; extra is extra_float_digits less 1.
func AppendFloat(dst []byte, v float64, bits, extra int) []byte {
	switch {
	case v != v:
		return append(dst, "NaN"...)
	case v > math.MaxFloat64:
		return append(dst, "Infinity"...)
	case v < -math.MaxFloat64:
		return append(dst, "-Infinity"...)
	}
	digits, top := 15, 15 // top: from 10^top on the exponent form is used
	if bits == 32 {
		digits, top = 6, 6
	}
	prec := -1
	if extra < 0 {
		prec = max(digits+extra+1, 1) - 1
		top = prec + 1
		bits = 64 // rounds the widened value, as printf does
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, v, 'e', prec, bits)
	return layoutFloat(dst, start, top, extra < 0)
}

// layoutFloat rewrites dst[start:], which is [-]d[.ddd]e±dd, in the form of C's %g: plain for exponents of -4 up to
// top-1. trim drops zeros at the end of the fraction, which %g does and the shortest form never has.
func layoutFloat(dst []byte, start, top int, trim bool) []byte {
	var buf [32]byte
	num := append(buf[:0], dst[start:]...)
	dst = dst[:start]
	if num[0] == '-' {
		dst = append(dst, '-')
		num = num[1:]
	}
	e := len(num) - 1
	for num[e] != 'e' {
		e--
	}
	exp := 0
	for _, c := range num[e+2:] {
		exp = exp*10 + int(c-'0')
	}
	if num[e+1] == '-' {
		exp = -exp
	}
	digits := append(num[:1], num[min(2, e):e]...) // the point stood at 1
	if trim {
		for len(digits) > 1 && digits[len(digits)-1] == '0' {
			digits = digits[:len(digits)-1]
		}
	}
	switch {
	case exp < -4 || exp >= top:
		dst = append(dst, digits[0])
		if len(digits) > 1 {
			dst = append(dst, '.')
			dst = append(dst, digits[1:]...)
		}
		dst = append(dst, 'e')
		if exp < 0 {
			dst = append(dst, '-')
			exp = -exp
		} else {
			dst = append(dst, '+')
		}
		if exp < 10 {
			dst = append(dst, '0')
		}
		return strconv.AppendInt(dst, int64(exp), 10)
	case exp < 0:
		dst = append(dst, '0', '.')
		for ; exp < -1; exp++ {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	}
	for i := 0; i <= exp; i++ {
		if i < len(digits) {
			dst = append(dst, digits[i])
		} else {
			dst = append(dst, '0')
		}
	}
	if len(digits) > exp+1 {
		dst = append(dst, '.')
		dst = append(dst, digits[exp+1:]...)
	}
	return dst
}

// ParseFloat8 reads what float8in reads.
func ParseFloat8(s string) (float64, error) { return parseFloat(s, 64, "double precision") }

// parseFloat accepts what C's strtod accepts, blanks around it, and PostgreSQL's names of the special values.
func parseFloat(s string, bits int, typ string) (float64, error) {
	num := trimSpace(s)
	neg := strings.HasPrefix(num, "-")
	body := strings.TrimPrefix(strings.TrimPrefix(num, "-"), "+")
	if len(num)-len(body) > 1 || body == "" {
		return 0, syntaxError(typ, s)
	}
	if !isDigit(body[0]) && body[0] != '.' {
		v := math.NaN()
		switch {
		case strings.EqualFold(body, "nan"):
		case strings.EqualFold(body, "infinity"), strings.EqualFold(body, "inf"):
			v = math.Inf(1)
		default:
			return 0, syntaxError(typ, s)
		}
		if neg {
			v = -v
		}
		return v, nil
	}
	if strings.ContainsRune(num, '_') {
		return 0, syntaxError(typ, s)
	}
	if len(body) > 2 && body[0] == '0' && body[1]|0x20 == 'x' && !strings.ContainsAny(body, "pP") {
		num += "p0"
	}
	v, err := strconv.ParseFloat(num, bits)
	if err != nil && err.(*strconv.NumError).Err == strconv.ErrSyntax {
		return 0, syntaxError(typ, s)
	}
	if err != nil || v == 0 && nonzeroMantissa(body) {
		return 0, pgerr.New(pgerr.NumericValueOutOfRange, "\"%s\" is out of range for type %s", trimSpace(s), typ)
	}
	return v, nil
}

func nonzeroMantissa(s string) bool {
	hex := len(s) > 1 && s[1]|0x20 == 'x'
	if hex {
		s = s[2:]
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !hex && c|0x20 == 'e' || c|0x20 == 'p' {
			break
		}
		if c != '0' && c != '.' {
			return true
		}
	}
	return false
}

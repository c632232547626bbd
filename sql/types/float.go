package types

import (
	"encoding/binary"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/input"
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
		if err := input.Sized(b, int(t.Len)); err != nil {
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
	if a := math.Abs(v); prec < 0 && (a >= 1<<53 || bits == 32 && a >= 1<<24) && a < 1e42 {
		dst = strictlyShortest(dst, start, v, bits)
	}
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

// parseFloat accepts what C's strtod accepts, blanks around it, and PostgreSQL's names of the special values. A number
// that is out of range is reported before what follows it, as strtod finds it first.
func parseFloat(s string, bits int, typ string) (float64, error) {
	num := input.TrimSpace(s)
	sign := input.SkipSign(num)
	body := num[sign:]
	if body == "" || !input.IsDigit(body[0]) && body[0] != '.' {
		v := math.Float64frombits(0x7ff8000000000000)
		switch {
		case strings.EqualFold(body, "nan"):
			return v, nil
		case strings.EqualFold(body, "infinity"), strings.EqualFold(body, "inf"):
			if num[0] == '-' {
				return math.Inf(-1), nil
			}
			return math.Inf(1), nil
		}
		return 0, input.SyntaxError(typ, s)
	}
	n, hex := floatPrefix(body)
	if n == 0 {
		return 0, input.SyntaxError(typ, s)
	}
	text := num[:sign+n]
	parse := text
	if hex && !strings.ContainsAny(text, "pP") {
		parse += "p0"
	}
	v, err := strconv.ParseFloat(parse, bits)
	if err != nil || v == 0 && nonzeroMantissa(body[:n]) {
		if bits == 32 {
			text = s
		}
		return 0, pgerr.New(pgerr.NumericValueOutOfRange, "\"%s\" is out of range for type %s", text, typ)
	}
	if len(text) < len(num) {
		return 0, input.SyntaxError(typ, s)
	}
	return v, nil
}

// scanFloat8 reads a number with blanks around it at the start of s, as float8in does inside of other types. ok is false
// if there is none; a number out of range is an error.
func scanFloat8(s string) (v float64, rest string, ok bool, err error) {
	num := input.TrimLeft(s)
	sign := input.SkipSign(num)
	body := num[sign:]
	if n, _ := floatPrefix(body); n > 0 {
		v, err = parseFloat(num[:sign+n], 64, "double precision")
		return v, input.TrimLeft(body[n:]), err == nil, err
	}
	for _, word := range [...]string{"infinity", "inf", "nan"} {
		if len(body) < len(word) || !strings.EqualFold(body[:len(word)], word) {
			continue
		}
		v, err = parseFloat(num[:sign+len(word)], 64, "double precision")
		return v, input.TrimLeft(body[len(word):]), err == nil, err
	}
	return 0, s, false, nil
}

// floatPrefix is the length of the longest number without sign that s starts with, 0 for none.
func floatPrefix(s string) (n int, hex bool) {
	digit, expMark := input.IsDigit, byte('e')
	if len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		digit, expMark = func(c byte) bool { _, ok := input.Unhex(c); return ok }, 'p'
		if from := input.Skip(s, 2, func(c byte) bool { return c == '.' }); from < len(s) && from <= 3 && digit(s[from]) {
			hex, n = true, 2
		} else {
			return 1, false
		}
	}
	from := n
	n = input.Skip(s, n, digit)
	digits := n - from
	if n < len(s) && s[n] == '.' {
		end := input.Skip(s, n+1, digit)
		digits += end - n - 1
		n = end
	}
	if digits == 0 {
		return 0, false
	}
	if n < len(s) && s[n]|0x20 == expMark {
		e := n + 1
		if e < len(s) && (s[e] == '-' || s[e] == '+') {
			e++
		}
		if end := input.Skip(s, e, input.IsDigit); end > e {
			n = end
		}
	}
	return n, hex
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

// strictlyShortest replaces the shortest digits of v (e format, in dst[start:]) where they lie exactly between v and
// its neighbour: they would read back as v by the tie rule only, which PostgreSQL's printer does not count on. Such
// digits exist only for numbers beyond the integers that the mantissa holds and below 10^42.
func strictlyShortest(dst []byte, start int, v float64, bits int) []byte {
	if !onTie(dst[start:], v, bits) {
		return dst
	}
	for prec := 1; prec <= 17; prec++ {
		dst = strconv.AppendFloat(dst[:start], v, 'e', prec, bits)
		if back, err := strconv.ParseFloat(string(dst[start:]), bits); err == nil && back == v && !onTie(dst[start:], v, bits) {
			break
		}
	}
	// Zeros at the end come from the tries above.
	e := len(dst) - 1
	for dst[e] != 'e' {
		e--
	}
	last := e
	for dst[last-1] == '0' && last-1 > start+1 {
		last--
	}
	if dst[last-1] == '.' {
		last--
	}
	return append(dst[:last], dst[e:]...)
}

func onTie(text []byte, v float64, bits int) bool {
	d, ok := new(big.Float).SetPrec(300).SetString(string(text))
	if !ok {
		return false
	}
	v = math.Abs(v)
	d.Abs(d)
	lower, upper := math.Nextafter(v, 0), math.Nextafter(v, math.Inf(1))
	if bits == 32 {
		lower, upper = float64(math.Nextafter32(float32(v), 0)), float64(math.Nextafter32(float32(v), float32(math.Inf(1))))
	}
	exact := new(big.Float).SetPrec(300).SetFloat64(v)
	twice := new(big.Float).SetPrec(300).Add(d, d)
	for _, neighbour := range [2]float64{lower, upper} {
		if sum := new(big.Float).SetPrec(300).SetFloat64(neighbour); twice.Cmp(sum.Add(sum, exact)) == 0 {
			return true
		}
	}
	return false
}

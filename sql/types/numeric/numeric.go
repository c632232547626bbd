package numeric

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/storage/tuple"
)

// Limits of PostgreSQL's numeric (utils/numeric.h).
const (
	minSigDigits   = 16
	maxDisplay     = 1000
	maxResultScale = 2000
	MaxPrecision   = 1000
	weightMax      = 32767 // 0x7fff, in base-10000 digits
)

// Of is a numeric value's packed form.
func Of(d tuple.Value) tuple.Numeric { return tuple.Numeric(d.Bytes()) }

func errOverflow() error {
	return pgerr.New(pgerr.NumericValueOutOfRange, "value overflows numeric format")
}

func errDivisionByZero() error { return pgerr.New(pgerr.DivisionByZero, "division by zero") }

// Parse reads what numeric_in reads.
func Parse(s string) (tuple.Value, error) {
	num := input.TrimSpace(s)
	if num == "" {
		return tuple.Null, input.SyntaxError("numeric", s)
	}
	body := num
	if num[0] == '+' || num[0] == '-' {
		body = num[1:]
	}
	if body == "" || !input.IsDigit(body[0]) && body[0] != '.' {
		inf := strings.EqualFold(body, "infinity") || strings.EqualFold(body, "inf")
		switch {
		case strings.EqualFold(num, "nan"):
			return tuple.NumericNaN, nil
		case inf && num[0] == '-':
			return tuple.NumericNegInf, nil
		case inf:
			return tuple.NumericInf, nil
		}
		return tuple.Null, input.SyntaxError("numeric", s)
	}
	if strings.ContainsAny(num, "eE") {
		var err error
		if num, err = normalExponent(num, s); err != nil {
			return tuple.Null, err
		}
	}
	b, err := tuple.AppendNumericText(make([]byte, 0, 8+len(num)/2), num)
	switch err {
	case nil:
		return tuple.Bytes(b), nil
	case tuple.ErrNumericRange:
		return tuple.Null, errOverflow()
	}
	return tuple.Null, input.SyntaxError("numeric", s)
}

// normalExponent checks a number with an exponent as PostgreSQL does: the digits first, then the exponent's range,
// then what follows. The exponent of a zero only lowers its scale.
func normalExponent(num, all string) (string, error) {
	e := strings.IndexAny(num, "eE")
	mant, exp := num[:e], input.TrimLeft(num[e+1:])
	digits, zero, frac, point := 0, true, 0, false
	for i := 0; i < len(mant); i++ {
		switch c := mant[i]; {
		case input.IsDigit(c):
			digits++
			zero = zero && c == '0'
			if point {
				frac++
			}
		case c == '.' && !point:
			point = true
		case i == 0 && (c == '-' || c == '+'):
		default:
			return "", input.SyntaxError("numeric", all)
		}
	}
	sign := input.SkipSign(exp)
	n := input.Skip(exp, sign, input.IsDigit)
	if digits == 0 || n == sign {
		return "", input.SyntaxError("numeric", all)
	}
	v, err := strconv.ParseInt(exp[:n], 10, 64)
	if err != nil || v >= math.MaxInt32/2 || v <= -(math.MaxInt32/2) {
		return "", errOverflow()
	}
	if n != len(exp) {
		return "", input.SyntaxError("numeric", all)
	}
	switch {
	case zero && v > 0:
		v = min(v, int64(frac))
	case v > 1<<18 || v < -1<<18:
		return "", errOverflow()
	}
	return mant + "e" + strconv.FormatInt(v, 10), nil
}

// typmodBase is what PostgreSQL adds to every typmod of a type with a length.
const typmodBase = 4

// TypmodParts takes a typmod apart: (precision << 16 | scale & 0x7ff) + 4, the scale being an 11-bit signed number.
func TypmodParts(mod int32) (precision, scale int) {
	mod -= typmodBase
	return int(mod>>16) & 0xffff, (int(mod)&0x7ff ^ 1024) - 1024
}

// ApplyTypmod rounds to a typmod's scale; 22003 where the precision does not hold the value.
func ApplyTypmod(d tuple.Value, mod int32) (tuple.Value, error) {
	if mod < typmodBase {
		return d, nil
	}
	n := Of(d)
	precision, scale := TypmodParts(mod)
	if n.IsSpecial() {
		if n.IsInf(0) {
			return tuple.Null, pgerr.New(pgerr.NumericValueOutOfRange, "numeric field overflow").
				WithDetail("A field with precision %d, scale %d cannot hold an infinite value.", precision, scale)
		}
		return d, nil
	}
	if n.Scale() != max(scale, 0) || scale < 0 {
		var err error
		if d, err = Round(d, scale); err != nil {
			return tuple.Null, err
		}
		n = Of(d)
	}
	if maxDigits := precision - scale; !n.IsZero() && decimalWeight(n) >= maxDigits {
		limit := "1"
		if maxDigits != 0 {
			limit = "10^" + itoa(maxDigits)
		}
		return tuple.Null, pgerr.New(pgerr.NumericValueOutOfRange, "numeric field overflow").
			WithDetail("A field with precision %d, scale %d must round to an absolute value less than %s.", precision, scale, limit)
	}
	return d, nil
}

// decimalWeight is the power of ten of the first decimal digit of a number that is not zero.
func decimalWeight(n tuple.Numeric) int {
	w := n.Weight() * 4
	switch d := n.Digit(0); {
	case d >= 1000:
		return w + 3
	case d >= 100:
		return w + 2
	case d >= 10:
		return w + 1
	}
	return w
}

var pow10 = [...]uint64{1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000,
	100000000000, 1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000,
	100000000000000000, 1000000000000000000, 10000000000000000000}

// Int is an integer as numeric, scale 0.
func Int(v int64) tuple.Value {
	return tuple.Bytes(tuple.AppendNumericInt(make([]byte, 0, 14), v))
}

// MaxUnscaled is the largest scale that Unscaled takes.
const MaxUnscaled = 16

// Unscaled is v / 10^scale with that display scale.
func Unscaled(v int64, scale int) tuple.Value {
	u, neg := magnitude(v)
	return packUnscaled(neg, u, scale)
}

// packUnscaled packs ±u * 10^-scale; scale is at most 16.
func packUnscaled(neg bool, u uint64, scale int) tuple.Value {
	var digits [10]uint16
	i := len(digits)
	whole, frac := u/pow10[scale], u%pow10[scale]
	fd := (scale + 3) / 4
	frac *= pow10[fd*4-scale]
	for range fd {
		i--
		digits[i] = uint16(frac % tuple.NumericBase)
		frac /= tuple.NumericBase
	}
	weight := -1
	for whole > 0 {
		i--
		digits[i] = uint16(whole % tuple.NumericBase)
		whole /= tuple.NumericBase
		weight++
	}
	b, _ := tuple.AppendNumeric(make([]byte, 0, 4+2*(len(digits)-i)), neg, weight, scale, digits[i:])
	return tuple.Bytes(b)
}

// packBig packs v * 10^-scale; a negative scale multiplies and leaves a display scale of 0.
func packBig(v *big.Int, scale int) (tuple.Value, error) {
	if v.IsInt64() && scale >= 0 && scale <= 16 {
		i := v.Int64()
		u := uint64(i)
		if i < 0 {
			u = -u
		}
		return packUnscaled(i < 0, u, scale), nil
	}
	text := v.Append(make([]byte, 0, 64), 10)
	if scale != 0 {
		text = append(text, 'e')
		text = appendInt(text, -scale)
	}
	if scale > tuple.NumericMaxScale {
		return tuple.Null, errOverflow()
	}
	b, err := tuple.AppendNumericText(nil, input.String(text))
	if err != nil {
		return tuple.Null, errOverflow()
	}
	return tuple.Bytes(b), nil
}

// unscaledBig is n * 10^scale, cut off towards zero where that is no integer. n is finite.
func unscaledBig(n tuple.Numeric, scale int) *big.Int {
	if s := n.Scale(); s > scale {
		v, _ := n.UnscaledBig(s)
		return v.Quo(v, bigPow10(s-scale))
	}
	v, _ := n.UnscaledBig(scale)
	return v
}

var bigPows = func() (p [40]*big.Int) {
	p[0] = big.NewInt(1)
	for i := 1; i < len(p); i++ {
		p[i] = new(big.Int).Mul(p[i-1], big.NewInt(10))
	}
	return p
}()

// bigPow10 is 10^n; the caller must not change it.
func bigPow10(n int) *big.Int {
	if n < len(bigPows) {
		return bigPows[n]
	}
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

// quoRound is a / b rounded half away from zero, into a.
func quoRound(a, b *big.Int) *big.Int {
	neg := a.Sign()*b.Sign() < 0
	rem := new(big.Int)
	a.QuoRem(a, b, rem)
	rem.Abs(rem).Lsh(rem, 1)
	if rem.CmpAbs(b) >= 0 {
		if neg {
			a.Sub(a, bigPows[0])
		} else {
			a.Add(a, bigPows[0])
		}
	}
	return a
}

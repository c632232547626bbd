package numeric

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/tuple"
)

func itoa(i int) string                     { return strconv.Itoa(i) }
func appendInt(dst []byte, i int) []byte    { return strconv.AppendInt(dst, int64(i), 10) }
func magnitude(v int64) (u uint64, ng bool) { return uint64(max(v, -v)), v < 0 }

// small returns both numbers at a common scale if that is exact and fits in 63 bits.
func small(a, b tuple.Numeric) (x, y int64, scale int, ok bool) {
	scale = max(a.Scale(), b.Scale())
	if scale > 16 {
		return 0, 0, 0, false
	}
	x, ok1 := a.Unscaled(scale)
	y, ok2 := b.Unscaled(scale)
	return x, y, scale, ok1 && ok2
}

// Add is a + b: the larger scale, exact. Infinities of different sign give NaN.
func Add(a, b tuple.Value) (tuple.Value, error) {
	return sum(Of(a), Of(b), false)
}

// Sub is a - b.
func Sub(a, b tuple.Value) (tuple.Value, error) {
	return sum(Of(a), Of(b), true)
}

func sum(a, b tuple.Numeric, sub bool) (tuple.Value, error) {
	if a.IsSpecial() || b.IsSpecial() {
		return sumSpecial(a, b, sub), nil
	}
	if x, y, scale, ok := small(a, b); ok {
		if sub {
			y = -y
		}
		s := x + y
		if (x^s)&(y^s) >= 0 && s != math.MinInt64 && y != math.MinInt64 {
			u, neg := magnitude(s)
			return packUnscaled(neg, u, scale), nil
		}
	}
	scale := max(a.Scale(), b.Scale())
	x, _ := a.UnscaledBig(scale)
	y, _ := b.UnscaledBig(scale)
	if sub {
		x.Sub(x, y)
	} else {
		x.Add(x, y)
	}
	return packBig(x, scale)
}

func sumSpecial(a, b tuple.Numeric, sub bool) tuple.Value {
	sa, sb := infSign(a), infSign(b)
	if sub {
		sb = -sb
	}
	switch {
	case a.IsNaN() || b.IsNaN() || sa*sb < 0:
		return tuple.NumericNaN
	case sa+sb > 0:
		return tuple.NumericInf
	}
	return tuple.NumericNegInf
}

// infSign is 1 or -1 for an infinity, else 0.
func infSign(n tuple.Numeric) int {
	switch {
	case n.IsInf(1):
		return 1
	case n.IsInf(-1):
		return -1
	}
	return 0
}

func signedInf(sign int) tuple.Value {
	switch {
	case sign > 0:
		return tuple.NumericInf
	case sign < 0:
		return tuple.NumericNegInf
	}
	return tuple.NumericNaN
}

// Mul is a * b: the scales add up, exact up to scale 16383. 0 * infinity is NaN.
func Mul(da, db tuple.Value) (tuple.Value, error) {
	a, b := Of(da), Of(db)
	if a.IsSpecial() || b.IsSpecial() {
		if a.IsNaN() || b.IsNaN() {
			return tuple.NumericNaN, nil
		}
		return signedInf(a.Sign() * b.Sign()), nil
	}
	sa, sb := a.Scale(), b.Scale()
	if sa+sb <= 16 {
		x, ok1 := a.Unscaled(sa)
		y, ok2 := b.Unscaled(sb)
		if ok1 && ok2 {
			ux, nx := magnitude(x)
			uy, ny := magnitude(y)
			if hi, lo := bits.Mul64(ux, uy); hi == 0 {
				return packUnscaled(nx != ny, lo, sa+sb), nil
			}
		}
	}
	x, _ := a.UnscaledBig(sa)
	y, _ := b.UnscaledBig(sb)
	x.Mul(x, y)
	scale := sa + sb
	if scale > tuple.NumericMaxScale {
		x = quoRound(x, bigPow10(scale-tuple.NumericMaxScale))
		scale = tuple.NumericMaxScale
	}
	return packBig(x, scale)
}

// divScale is the result scale of a / b: at least 16 significant digits, not less than either scale.
func divScale(a, b tuple.Numeric) int {
	first := func(n tuple.Numeric) (weight, digit int) {
		if n.NumDigits() == 0 {
			return 0, 0
		}
		return n.Weight(), n.Digit(0)
	}
	wa, fa := first(a)
	wb, fb := first(b)
	q := wa - wb
	if fa <= fb {
		q--
	}
	return min(max(minSigDigits-q*4, a.Scale(), b.Scale(), 0), maxDisplay)
}

// Div is a / b rounded half away from zero to PostgreSQL's scale for it; 22012 if b is 0.
func Div(da, db tuple.Value) (tuple.Value, error) {
	a, b := Of(da), Of(db)
	if a.IsSpecial() || b.IsSpecial() {
		return divSpecial(a, b)
	}
	if b.IsZero() {
		return tuple.Null, errDivisionByZero()
	}
	return divRound(a, b, divScale(a, b))
}

func divSpecial(a, b tuple.Numeric) (tuple.Value, error) {
	switch {
	case a.IsNaN() || b.IsNaN():
		return tuple.NumericNaN, nil
	case a.IsInf(0) && b.IsInf(0):
		return tuple.NumericNaN, nil
	case a.IsInf(0):
		if b.IsZero() {
			return tuple.Null, errDivisionByZero()
		}
		return signedInf(a.Sign() * b.Sign()), nil
	}
	return Int(0), nil
}

func divRound(a, b tuple.Numeric, scale int) (tuple.Value, error) {
	// quotient * 10^scale = x * 10^(scale - sa + sb) / y
	sa, sb := a.Scale(), b.Scale()
	shift := scale - sa + sb
	if shift >= 0 && shift < len(pow10) && scale <= 16 {
		x, ok1 := a.Unscaled(sa)
		y, ok2 := b.Unscaled(sb)
		if ok1 && ok2 {
			ux, nx := magnitude(x)
			uy, ny := magnitude(y)
			if hi, lo := bits.Mul64(ux, pow10[shift]); hi < uy {
				q, r := bits.Div64(hi, lo, uy)
				if r >= uy-r && q < math.MaxUint64 {
					q++
				}
				return packUnscaled(nx != ny, q, scale), nil
			}
		}
	}
	x, _ := a.UnscaledBig(sa)
	y, _ := b.UnscaledBig(sb)
	if shift >= 0 {
		x.Mul(x, bigPow10(shift))
	} else {
		y.Mul(y, bigPow10(-shift))
	}
	return packBig(quoRound(x, y), scale)
}

// DivTrunc is the whole part of a / b (SQL's div).
func DivTrunc(da, db tuple.Value) (tuple.Value, error) {
	a, b := Of(da), Of(db)
	if a.IsSpecial() || b.IsSpecial() {
		return divSpecial(a, b)
	}
	if b.IsZero() {
		return tuple.Null, errDivisionByZero()
	}
	if x, y, _, ok := small(a, b); ok && x != math.MinInt64 {
		return Int(x / y), nil
	}
	scale := max(a.Scale(), b.Scale())
	x, _ := a.UnscaledBig(scale)
	y, _ := b.UnscaledBig(scale)
	return packBig(x.Quo(x, y), 0)
}

// Mod is the remainder of a / b with a's sign, exact.
func Mod(da, db tuple.Value) (tuple.Value, error) {
	a, b := Of(da), Of(db)
	if a.IsSpecial() || b.IsSpecial() {
		switch {
		case a.IsNaN() || b.IsNaN():
			return tuple.NumericNaN, nil
		case a.IsInf(0):
			if b.IsZero() {
				return tuple.Null, errDivisionByZero()
			}
			return tuple.NumericNaN, nil
		}
		return da, nil
	}
	if b.IsZero() {
		return tuple.Null, errDivisionByZero()
	}
	if x, y, scale, ok := small(a, b); ok && x != math.MinInt64 {
		u, neg := magnitude(x % y)
		return packUnscaled(neg, u, scale), nil
	}
	scale := max(a.Scale(), b.Scale())
	x, _ := a.UnscaledBig(scale)
	y, _ := b.UnscaledBig(scale)
	return packBig(x.Rem(x, y), scale)
}

// repack gives n another sign or display scale; the digits stay.
func repack(n tuple.Numeric, neg bool, scale int) tuple.Value {
	var buf [32]uint16
	b, _ := tuple.AppendNumeric(make([]byte, 0, len(n)), neg, n.Weight(), scale, n.Digits(buf[:0]))
	return tuple.Bytes(b)
}

// Neg is -a.
func Neg(a tuple.Value) tuple.Value {
	n := Of(a)
	switch {
	case n.IsNaN(), n.IsZero():
		return a
	case n.IsInf(0):
		return signedInf(-infSign(n))
	}
	return repack(n, !n.Neg(), n.Scale())
}

// Abs is |a|.
func Abs(a tuple.Value) tuple.Value {
	if Of(a).Neg() {
		return Neg(a)
	}
	return a
}

// Sign is -1, 0 or 1 as numeric; NaN for NaN.
func Sign(a tuple.Value) tuple.Value {
	n := Of(a)
	if n.IsNaN() {
		return a
	}
	return Int(int64(n.Sign()))
}

// IsNaN and its siblings look at a without computing.
func IsNaN(a tuple.Value) bool  { return Of(a).IsNaN() }
func IsInf(a tuple.Value) bool  { return Of(a).IsInf(0) }
func IsZero(a tuple.Value) bool { return Of(a).IsZero() }

// Sgn is -1, 0 or 1; NaN counts as positive.
func Sgn(a tuple.Value) int { return Of(a).Sign() }

// Cmp orders as PostgreSQL does: NaN is largest and equal to itself.
func Cmp(a, b tuple.Value) int { return tuple.CompareNumeric(Of(a), Of(b)) }

// Scale is the display scale; ok is false for special values, whose scale SQL calls NULL.
func Scale(a tuple.Value) (scale int, ok bool) {
	n := Of(a)
	return n.Scale(), !n.IsSpecial()
}

// MinScale is the least scale that holds the value.
func MinScale(a tuple.Value) (scale int, ok bool) {
	n := Of(a)
	nd := n.NumDigits()
	if n.IsSpecial() || nd == 0 {
		return 0, !n.IsSpecial()
	}
	scale = (nd - n.Weight() - 1) * 4
	if scale <= 0 {
		return 0, true
	}
	for d := n.Digit(nd - 1); d%10 == 0; d /= 10 {
		scale--
	}
	return max(scale, 0), true
}

// TrimScale drops zeros at the end of the fraction.
func TrimScale(a tuple.Value) tuple.Value {
	scale, ok := MinScale(a)
	if !ok {
		return a
	}
	n := Of(a)
	return repack(n, n.Neg(), scale)
}

// Round rounds half away from zero to scale digits after the point (before it, if negative).
func Round(a tuple.Value, scale int) (tuple.Value, error) { return toScale(a, scale, true) }

// Trunc cuts to scale digits after the point.
func Trunc(a tuple.Value, scale int) (tuple.Value, error) { return toScale(a, scale, false) }

func toScale(a tuple.Value, scale int, round bool) (tuple.Value, error) {
	n := Of(a)
	if n.IsSpecial() {
		return a, nil
	}
	scale = min(max(scale, -(weightMax+1)*4-1), tuple.NumericMaxScale)
	have := n.Scale()
	if scale == have {
		return a, nil
	}
	if have < scale {
		return repack(n, n.Neg(), scale), nil
	}
	drop := have - scale
	if have <= 16 && drop < len(pow10) && scale >= 0 {
		if v, ok := n.Unscaled(have); ok {
			u, neg := magnitude(v)
			q, r := u/pow10[drop], u%pow10[drop]
			if round && r >= pow10[drop]-r {
				q++
			}
			return packUnscaled(neg, q, scale), nil
		}
	}
	v, _ := n.UnscaledBig(have)
	p := bigPow10(drop)
	if round {
		v = quoRound(v, p)
	} else {
		v.Quo(v, p)
	}
	return packBig(v, scale)
}

// Ceil and Floor have scale 0.
func Ceil(a tuple.Value) (tuple.Value, error)  { return toWhole(a, 1) }
func Floor(a tuple.Value) (tuple.Value, error) { return toWhole(a, -1) }

func toWhole(a tuple.Value, dir int) (tuple.Value, error) {
	t, err := Trunc(a, 0)
	if err != nil || Of(a).IsSpecial() {
		return t, err
	}
	if Cmp(a, t)*dir > 0 {
		return Add(t, Int(int64(dir)))
	}
	return t, nil
}

// Inc is a + 1 at a's scale.
func Inc(a tuple.Value) (tuple.Value, error) { return Add(a, Int(1)) }

// ToInt rounds half away from zero; 22003 names typ ("integer") when the value is outside of size bits and
// 0A000 refuses NaN and infinity, as PostgreSQL does.
func ToInt(a tuple.Value, size int, typ string) (int64, error) {
	n := Of(a)
	if n.IsSpecial() {
		what := "infinity"
		if n.IsNaN() {
			what = "NaN"
		}
		return 0, pgerr.New(pgerr.FeatureNotSupported, "cannot convert %s to %s", what, typ)
	}
	r, err := Round(a, 0)
	if err != nil {
		return 0, err
	}
	v, ok := Of(r).Int64()
	if !ok || size < 64 && (v >= 1<<(size-1) || v < -1<<(size-1)) {
		return 0, pgerr.New(pgerr.NumericValueOutOfRange, "%s out of range", typ)
	}
	return v, nil
}

// ToFloat8 is the nearest double; 22003 when a finite number has none.
func ToFloat8(a tuple.Value) (float64, error) {
	n := Of(a)
	f := n.Float64()
	if math.IsInf(f, 0) && !n.IsSpecial() || f == 0 && !n.IsZero() {
		return 0, pgerr.New(pgerr.NumericValueOutOfRange, "\"%s\" is out of range for type double precision", string(n.AppendText(nil)))
	}
	return f, nil
}

// ToFloat4 is the nearest single, held as a double.
func ToFloat4(a tuple.Value) (float64, error) {
	n := Of(a)
	if n.IsSpecial() {
		return n.Float64(), nil
	}
	text := n.AppendText(nil)
	f, err := strconv.ParseFloat(string(text), 32)
	if err != nil || f == 0 && !n.IsZero() {
		return 0, pgerr.New(pgerr.NumericValueOutOfRange, "\"%s\" is out of range for type real", text)
	}
	return f, nil
}

// FromFloat8 keeps 15 significant digits, FromFloat4 six: what C's %.15g and %.6g print.
func FromFloat8(f float64) (tuple.Value, error) { return fromFloat64(f, 15) }
func FromFloat4(f float64) (tuple.Value, error) { return fromFloat64(f, 6) }

func fromFloat64(f float64, digits int) (tuple.Value, error) {
	switch {
	case f != f:
		return tuple.NumericNaN, nil
	case math.IsInf(f, 0):
		return signedInf(int(math.Copysign(1, f))), nil
	}
	var buf [32]byte
	text := strconv.AppendFloat(buf[:0], f, 'g', digits, 64)
	return Parse(string(text))
}

// Big is the value times 10^scale where that is an integer; it is nil for special values.
func Big(a tuple.Value, scale int) *big.Int {
	n := Of(a)
	if n.IsSpecial() {
		return nil
	}
	return unscaledBig(n, scale)
}

// FromBig is v * 10^-scale with that display scale.
func FromBig(v *big.Int, scale int) (tuple.Value, error) { return packBig(v, scale) }

// GCD is the greatest common divisor, at the larger scale.
func GCD(da, db tuple.Value) (tuple.Value, error) {
	a, b := Of(da), Of(db)
	if a.IsSpecial() || b.IsSpecial() {
		return tuple.NumericNaN, nil
	}
	scale := max(a.Scale(), b.Scale())
	x, y := unscaledBig(a, scale), unscaledBig(b, scale)
	return packBig(x.GCD(nil, nil, x.Abs(x), y.Abs(y)), scale)
}

// LCM is the least common multiple, at the larger scale; 0 if either is 0.
func LCM(da, db tuple.Value) (tuple.Value, error) {
	a, b := Of(da), Of(db)
	if a.IsSpecial() || b.IsSpecial() {
		return tuple.NumericNaN, nil
	}
	scale := max(a.Scale(), b.Scale())
	x, y := unscaledBig(a, scale), unscaledBig(b, scale)
	x.Abs(x)
	y.Abs(y)
	if x.Sign() == 0 || y.Sign() == 0 {
		return packBig(new(big.Int), scale)
	}
	g := new(big.Int).GCD(nil, nil, x, y)
	return packBig(x.Mul(x.Quo(x, g), y), scale)
}

package types

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

// NumericAdd is a + b: the larger scale, exact. Infinities of different sign give NaN.
func NumericAdd(a, b tuple.Value) (tuple.Value, error) {
	return numericSum(numericOf(a), numericOf(b), false)
}

// NumericSub is a - b.
func NumericSub(a, b tuple.Value) (tuple.Value, error) {
	return numericSum(numericOf(a), numericOf(b), true)
}

func numericSum(a, b tuple.Numeric, sub bool) (tuple.Value, error) {
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

// NumericMul is a * b: the scales add up, exact up to scale 16383. 0 * infinity is NaN.
func NumericMul(da, db tuple.Value) (tuple.Value, error) {
	a, b := numericOf(da), numericOf(db)
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
	return min(max(numericMinSigDigits-q*4, a.Scale(), b.Scale(), 0), numericMaxDisplay)
}

// NumericDiv is a / b rounded half away from zero to PostgreSQL's scale for it; 22012 if b is 0.
func NumericDiv(da, db tuple.Value) (tuple.Value, error) {
	a, b := numericOf(da), numericOf(db)
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
	return NumericInt(0), nil
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

// NumericDivTrunc is the whole part of a / b (SQL's div).
func NumericDivTrunc(da, db tuple.Value) (tuple.Value, error) {
	a, b := numericOf(da), numericOf(db)
	if a.IsSpecial() || b.IsSpecial() {
		return divSpecial(a, b)
	}
	if b.IsZero() {
		return tuple.Null, errDivisionByZero()
	}
	if x, y, _, ok := small(a, b); ok && x != math.MinInt64 {
		return NumericInt(x / y), nil
	}
	scale := max(a.Scale(), b.Scale())
	x, _ := a.UnscaledBig(scale)
	y, _ := b.UnscaledBig(scale)
	return packBig(x.Quo(x, y), 0)
}

// NumericMod is the remainder of a / b with a's sign, exact.
func NumericMod(da, db tuple.Value) (tuple.Value, error) {
	a, b := numericOf(da), numericOf(db)
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

// NumericNeg is -a.
func NumericNeg(a tuple.Value) tuple.Value {
	n := numericOf(a)
	switch {
	case n.IsNaN(), n.IsZero():
		return a
	case n.IsInf(0):
		return signedInf(-infSign(n))
	}
	return repack(n, !n.Neg(), n.Scale())
}

// NumericAbs is |a|.
func NumericAbs(a tuple.Value) tuple.Value {
	if numericOf(a).Neg() {
		return NumericNeg(a)
	}
	return a
}

// NumericSign is -1, 0 or 1 as numeric; NaN for NaN.
func NumericSign(a tuple.Value) tuple.Value {
	n := numericOf(a)
	if n.IsNaN() {
		return a
	}
	return NumericInt(int64(n.Sign()))
}

// NumericIsNaN and its siblings look at a without computing.
func NumericIsNaN(a tuple.Value) bool  { return numericOf(a).IsNaN() }
func NumericIsInf(a tuple.Value) bool  { return numericOf(a).IsInf(0) }
func NumericIsZero(a tuple.Value) bool { return numericOf(a).IsZero() }

// NumericSgn is -1, 0 or 1; NaN counts as positive.
func NumericSgn(a tuple.Value) int { return numericOf(a).Sign() }

// NumericCmp orders as PostgreSQL does: NaN is largest and equal to itself.
func NumericCmp(a, b tuple.Value) int { return tuple.CompareNumeric(numericOf(a), numericOf(b)) }

// NumericScale is the display scale; ok is false for special values, whose scale SQL calls NULL.
func NumericScale(a tuple.Value) (scale int, ok bool) {
	n := numericOf(a)
	return n.Scale(), !n.IsSpecial()
}

// NumericMinScale is the least scale that holds the value.
func NumericMinScale(a tuple.Value) (scale int, ok bool) {
	n := numericOf(a)
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

// NumericTrimScale drops zeros at the end of the fraction.
func NumericTrimScale(a tuple.Value) tuple.Value {
	scale, ok := NumericMinScale(a)
	if !ok {
		return a
	}
	n := numericOf(a)
	return repack(n, n.Neg(), scale)
}

// NumericRound rounds half away from zero to scale digits after the point (before it, if negative).
func NumericRound(a tuple.Value, scale int) (tuple.Value, error) { return toScale(a, scale, true) }

// NumericTrunc cuts to scale digits after the point.
func NumericTrunc(a tuple.Value, scale int) (tuple.Value, error) { return toScale(a, scale, false) }

func toScale(a tuple.Value, scale int, round bool) (tuple.Value, error) {
	n := numericOf(a)
	if n.IsSpecial() {
		return a, nil
	}
	scale = min(max(scale, -(numericWeightMax+1)*4-1), tuple.NumericMaxScale)
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

// NumericCeil and NumericFloor have scale 0.
func NumericCeil(a tuple.Value) (tuple.Value, error)  { return toWhole(a, 1) }
func NumericFloor(a tuple.Value) (tuple.Value, error) { return toWhole(a, -1) }

func toWhole(a tuple.Value, dir int) (tuple.Value, error) {
	t, err := NumericTrunc(a, 0)
	if err != nil || numericOf(a).IsSpecial() {
		return t, err
	}
	if NumericCmp(a, t)*dir > 0 {
		return NumericAdd(t, NumericInt(int64(dir)))
	}
	return t, nil
}

// NumericInc is a + 1 at a's scale.
func NumericInc(a tuple.Value) (tuple.Value, error) { return NumericAdd(a, NumericInt(1)) }

// NumericToInt rounds half away from zero; 22003 names typ ("integer") when the value is outside of size bits and
// 0A000 refuses NaN and infinity, as PostgreSQL does.
func NumericToInt(a tuple.Value, size int, typ string) (int64, error) {
	n := numericOf(a)
	if n.IsSpecial() {
		what := "infinity"
		if n.IsNaN() {
			what = "NaN"
		}
		return 0, pgerr.New(pgerr.FeatureNotSupported, "cannot convert %s to %s", what, typ)
	}
	r, err := NumericRound(a, 0)
	if err != nil {
		return 0, err
	}
	v, ok := numericOf(r).Int64()
	if !ok || size < 64 && (v >= 1<<(size-1) || v < -1<<(size-1)) {
		return 0, pgerr.New(pgerr.NumericValueOutOfRange, "%s out of range", typ)
	}
	return v, nil
}

// NumericToFloat8 is the nearest double; 22003 when a finite number has none.
func NumericToFloat8(a tuple.Value) (float64, error) {
	n := numericOf(a)
	f := n.Float64()
	if math.IsInf(f, 0) && !n.IsSpecial() || f == 0 && !n.IsZero() {
		return 0, pgerr.New(pgerr.NumericValueOutOfRange, "\"%s\" is out of range for type double precision", string(n.AppendText(nil)))
	}
	return f, nil
}

// NumericToFloat4 is the nearest single, held as a double.
func NumericToFloat4(a tuple.Value) (float64, error) {
	n := numericOf(a)
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

// NumericFromFloat8 keeps 15 significant digits, NumericFromFloat4 six: what C's %.15g and %.6g print.
func NumericFromFloat8(f float64) (tuple.Value, error) { return numericFromFloat(f, 15) }
func NumericFromFloat4(f float64) (tuple.Value, error) { return numericFromFloat(f, 6) }

func numericFromFloat(f float64, digits int) (tuple.Value, error) {
	switch {
	case f != f:
		return tuple.NumericNaN, nil
	case math.IsInf(f, 0):
		return signedInf(int(math.Copysign(1, f))), nil
	}
	var buf [32]byte
	text := strconv.AppendFloat(buf[:0], f, 'g', digits, 64)
	return ParseNumeric(string(text))
}

// NumericBig is the value times 10^scale where that is an integer; it is nil for special values.
func NumericBig(a tuple.Value, scale int) *big.Int {
	n := numericOf(a)
	if n.IsSpecial() {
		return nil
	}
	return unscaledBig(n, scale)
}

// NumericFromBig is v * 10^-scale with that display scale.
func NumericFromBig(v *big.Int, scale int) (tuple.Value, error) { return packBig(v, scale) }

// NumericGCD is the greatest common divisor, at the larger scale.
func NumericGCD(da, db tuple.Value) (tuple.Value, error) {
	a, b := numericOf(da), numericOf(db)
	if a.IsSpecial() || b.IsSpecial() {
		return tuple.NumericNaN, nil
	}
	scale := max(a.Scale(), b.Scale())
	x, y := unscaledBig(a, scale), unscaledBig(b, scale)
	return packBig(x.GCD(nil, nil, x.Abs(x), y.Abs(y)), scale)
}

// NumericLCM is the least common multiple, at the larger scale; 0 if either is 0.
func NumericLCM(da, db tuple.Value) (tuple.Value, error) {
	a, b := numericOf(da), numericOf(db)
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

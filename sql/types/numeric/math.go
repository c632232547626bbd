package numeric

import (
	"math"
	"math/big"

	"github.com/cockroachdb/apd/v3"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/tuple"
)

// Roots, logarithms and powers. The result's scale follows PostgreSQL's rules; its digits are computed to a
// few places more and rounded half away from zero.

const (
	log10E    = 0.434294481903252
	guard     = 12 // digits beyond the result's, so that rounding sees the truth
	expFactor = 3  // exp overflows from 2000 * 3 on
	maxDigits = 140000
)

func clampScale(scale int, at ...int) int {
	for _, s := range at {
		scale = max(scale, s)
	}
	return min(max(scale, 0), maxDisplay)
}

func decContext(precision int) *apd.Context {
	return &apd.Context{Precision: uint32(min(max(precision, 20), maxDigits)), MaxExponent: apd.MaxExponent, MinExponent: apd.MinExponent, Rounding: apd.RoundHalfUp}
}

func toAPD(n tuple.Numeric) *apd.Decimal {
	s := n.Scale()
	v, _ := n.UnscaledBig(s)
	neg := v.Sign() < 0
	d := new(apd.Decimal)
	d.Coeff.SetMathBigInt(v.Abs(v))
	d.Negative = neg
	d.Exponent = int32(-s)
	return d
}

// fromAPD rounds half away from zero to the scale.
func fromAPD(d *apd.Decimal, scale int) (tuple.Value, error) {
	v := d.Coeff.MathBigInt()
	v = new(big.Int).Set(v)
	if shift := int(d.Exponent) + scale; shift >= 0 {
		if shift > 2*maxDigits {
			return tuple.Null, errOverflow()
		}
		v.Mul(v, bigPow10(shift))
	} else if -shift > 4*maxDigits {
		v.SetInt64(0)
	} else {
		v = quoRound(v, bigPow10(-shift))
	}
	if d.Negative {
		v.Neg(v)
	}
	return packBig(v, scale)
}

// Sqrt is the square root; 2201F below zero.
func Sqrt(a tuple.Value) (tuple.Value, error) {
	n := Of(a)
	negative := func() error {
		return pgerr.New(pgerr.InvalidArgumentForPowerFunction, "cannot take square root of a negative number")
	}
	if n.IsSpecial() {
		if n.Neg() {
			return tuple.Null, negative()
		}
		return a, nil
	}
	if n.Neg() {
		return tuple.Null, negative()
	}
	scale := clampScale(minSigDigits-(n.Weight()*2+1), n.Scale())
	if n.IsZero() {
		return packBig(new(big.Int), scale)
	}
	// The root of value * 10^(2*(scale+1)) is the result with one digit too many, cut off; a cut root never lies on
	// a half that the true one does not reach.
	v := unscaledBig(n, max(2*(scale+1), n.Scale()))
	if extra := n.Scale() - 2*(scale+1); extra > 0 {
		v.Quo(v, bigPow10(extra))
	}
	v.Sqrt(v)
	return packBig(quoRound(v, big.NewInt(10)), scale)
}

// Exp is e^a.
func Exp(a tuple.Value) (tuple.Value, error) {
	n := Of(a)
	if n.IsSpecial() {
		if n.IsInf(-1) {
			return Int(0), nil
		}
		return a, nil
	}
	val := n.Float64()
	weight := math.Min(math.Max(val*log10E, -maxResultScale), maxResultScale)
	return expScale(n, clampScale(minSigDigits-int(weight), n.Scale()))
}

func expScale(n tuple.Numeric, scale int) (tuple.Value, error) {
	val := n.Float64()
	if math.Abs(val) >= maxResultScale*expFactor {
		if val > 0 {
			return tuple.Null, errOverflow()
		}
		return packBig(new(big.Int), scale)
	}
	prec := expBits(val, scale)
	return fromFloat(expFloat(toFloat(n, prec+16), prec), scale)
}

// expBits is the precision that e^val needs to be right to the scale.
func expBits(val float64, scale int) uint {
	return bitsFor(scale + int(math.Max(val*log10E, 0)) + guard)
}

// lnWeight estimates the decimal weight of ln(n) for n > 0 as PostgreSQL does, from the first two digits; close to 1
// from the distance to it.
func lnWeight(n tuple.Numeric) int {
	one := Int(1)
	lo, _ := Parse("0.9")
	hi, _ := Parse("1.1")
	if tuple.CompareNumeric(n, Of(lo)) >= 0 && tuple.CompareNumeric(n, Of(hi)) <= 0 {
		d, _ := Sub(tuple.Bytes(n), one)
		x := Of(d)
		if x.NumDigits() == 0 {
			return 0
		}
		return x.Weight()*4 + int(math.Log10(float64(x.Digit(0))))
	}
	digits, weight := n.Digit(0), n.Weight()*4
	if n.NumDigits() > 1 {
		digits = digits*tuple.NumericBase + n.Digit(1)
		weight -= 4
	}
	return int(math.Log10(math.Abs(math.Log(float64(digits)) + float64(weight)*2.302585092994046)))
}

func logDomain(n tuple.Numeric) error {
	switch {
	case n.Neg():
		return pgerr.New(pgerr.InvalidArgumentForLog, "cannot take logarithm of a negative number")
	case n.IsZero():
		return pgerr.New(pgerr.InvalidArgumentForLog, "cannot take logarithm of zero")
	}
	return nil
}

// lnDigits is ln(n) with that many digits after the point and more.
func lnDigits(n tuple.Numeric, scale int) *big.Float {
	prec := bitsFor(scale + guard)
	return lnFloat(toFloat(n, prec+32), prec)
}

// Ln is the natural logarithm; 2201E for zero and below.
func Ln(a tuple.Value) (tuple.Value, error) {
	n := Of(a)
	if n.IsSpecial() {
		if n.Neg() {
			return tuple.Null, logDomain(n)
		}
		return a, nil
	}
	if err := logDomain(n); err != nil {
		return tuple.Null, err
	}
	scale := clampScale(minSigDigits-lnWeight(n), n.Scale())
	return fromFloat(lnDigits(n, scale), scale)
}

// Log is the logarithm of num to the base; 2201E for zero and below, 22012 for base 1.
func Log(base, num tuple.Value) (tuple.Value, error) {
	b, n := Of(base), Of(num)
	if b.IsNaN() || n.IsNaN() {
		return tuple.NumericNaN, nil
	}
	if (b.IsSpecial() || n.IsSpecial()) && n.Neg() {
		return tuple.Null, logDomain(n)
	}
	if err := logDomain(b); err != nil {
		return tuple.Null, err
	}
	if err := logDomain(n); err != nil {
		return tuple.Null, err
	}
	if b.IsSpecial() || n.IsSpecial() {
		switch {
		case b.IsSpecial() && n.IsSpecial():
			return tuple.NumericNaN, nil
		case b.IsSpecial():
			return Int(0), nil
		}
		return tuple.NumericInf, nil
	}
	wb, wn := lnWeight(b), lnWeight(n)
	scale := clampScale(minSigDigits-(wn-wb), b.Scale(), n.Scale())
	lb := lnDigits(b, scale+max(wn-wb, 0)-2*min(wb, 0)+guard)
	if Cmp(base, Int(1)) == 0 {
		return tuple.Null, errDivisionByZero()
	}
	ln := lnDigits(n, scale+max(wn-wb, 0)-min(wb, 0)+guard)
	return fromFloat(ln.Quo(ln, lb), scale)
}

// Power is a^b with the SQL standard's errors (2201F) for 0 to a negative power and for a complex result.
func Power(da, db tuple.Value) (tuple.Value, error) {
	a, b := Of(da), Of(db)
	one := Int(1)
	if a.IsSpecial() || b.IsSpecial() {
		return powerSpecial(da, db, one)
	}
	if a.IsZero() && b.Sign() < 0 {
		return tuple.Null, pgerr.New(pgerr.InvalidArgumentForPowerFunction, "zero raised to a negative power is undefined")
	}
	whole := b.NumDigits() <= b.Weight()+1
	if a.Neg() && !whole {
		return tuple.Null, pgerr.New(pgerr.InvalidArgumentForPowerFunction, "a negative number raised to a non-integer power yields a complex result")
	}
	if whole {
		if e, ok := b.Int64(); ok && e == int64(int32(e)) {
			return powerInt(a, e)
		}
	}
	if a.IsZero() {
		return packBig(new(big.Int), minSigDigits)
	}
	odd := whole && wholeOdd(b)
	base := a
	if a.Neg() {
		base = Of(Neg(da))
	}
	// The scale comes from an estimate with about eight digits, each step rounded as PostgreSQL rounds it.
	w := lnWeight(base)
	rough := max(8-w, 0)
	est, err := fromFloat(lnDigits(base, rough), rough)
	if err != nil {
		return tuple.Null, err
	}
	if est, err = Mul(est, db); err == nil {
		est, err = Round(est, rough)
	}
	if err != nil {
		return tuple.Null, err
	}
	val := Of(est).Float64()
	if math.Abs(val) > maxResultScale*3.01 {
		if val > 0 {
			return tuple.Null, errOverflow()
		}
		return packBig(new(big.Int), maxDisplay)
	}
	weight := val * log10E
	scale := clampScale(minSigDigits-int(weight), a.Scale(), b.Scale())
	sig := max(scale+int(weight), 0)
	// The logarithm needs as many digits as the result and those that the exponent takes away.
	x := lnDigits(base, sig-w+decimalWeightOf(b)+2*guard)
	x.Mul(x, toFloat(b, x.Prec()))
	r, err := fromFloat(expFloat(x, expBits(val, scale)), scale)
	if err == nil && a.Neg() && odd {
		r = Neg(r)
	}
	return r, err
}

func decimalWeightOf(n tuple.Numeric) int {
	if n.NumDigits() == 0 {
		return 0
	}
	return max(decimalWeight(n), 0)
}

func wholeOdd(n tuple.Numeric) bool {
	nd := n.NumDigits()
	return nd > 0 && n.Weight() == nd-1 && n.Digit(nd-1)%2 == 1
}

func powerSpecial(da, db, one tuple.Value) (tuple.Value, error) {
	a, b := Of(da), Of(db)
	switch {
	case a.IsNaN():
		if b.IsZero() {
			return one, nil
		}
		return da, nil
	case b.IsNaN():
		if Cmp(da, one) == 0 {
			return one, nil
		}
		return db, nil
	}
	if a.IsZero() && b.Sign() < 0 {
		return tuple.Null, pgerr.New(pgerr.InvalidArgumentForPowerFunction, "zero raised to a negative power is undefined")
	}
	whole := b.IsSpecial() || b.NumDigits() <= b.Weight()+1
	if a.Neg() && !whole {
		return tuple.Null, pgerr.New(pgerr.InvalidArgumentForPowerFunction, "a negative number raised to a non-integer power yields a complex result")
	}
	if Cmp(da, one) == 0 {
		return one, nil
	}
	if b.IsZero() {
		return one, nil
	}
	if a.IsZero() && b.Sign() > 0 {
		return Int(0), nil
	}
	if b.IsSpecial() {
		abs := Abs(da)
		big := Cmp(abs, one)
		switch {
		case big == 0: // -1 to an infinite power
			return one, nil
		case (big > 0) == (b.Sign() > 0):
			return tuple.NumericInf, nil
		}
		return Int(0), nil
	}
	if b.Sign() < 0 {
		return Int(0), nil
	}
	if a.IsInf(-1) && wholeOdd(b) {
		return tuple.NumericNegInf, nil
	}
	return tuple.NumericInf, nil
}

func powerInt(a tuple.Numeric, e int64) (tuple.Value, error) {
	weight := 0.0
	if nd := a.NumDigits(); nd > 0 {
		f, p := float64(a.Digit(0)), a.Weight()*4
		for i := 1; i < nd && i*4 < 16; i++ {
			f = f*tuple.NumericBase + float64(a.Digit(i))
			p -= 4
		}
		weight = float64(e) * (math.Log10(f) + float64(p))
	}
	if weight > (weightMax+1)*4 {
		return tuple.Null, errOverflow()
	}
	scale := clampScale(minSigDigits, a.Scale())
	if weight+1 < float64(-scale) && e != 0 && e != 1 && e != -1 && e != 2 {
		return packBig(new(big.Int), scale)
	}
	switch {
	case e == 0:
		return packBig(bigPow10(scale), scale)
	case e == 1:
		return Round(tuple.Bytes(a), scale)
	case e == -1:
		return divRound(Of(Int(1)), a, scale)
	case a.IsZero():
		return packBig(new(big.Int), scale)
	case e == 2:
		s := a.Scale()
		v, _ := a.UnscaledBig(s)
		v.Mul(v, v)
		if drop := 2*s - scale; drop > 0 {
			v = quoRound(v, bigPow10(drop))
		} else {
			v.Mul(v, bigPow10(-drop))
		}
		return packBig(v, scale)
	}
	u, neg := magnitude(e)
	prec := max(scale+int(math.Max(weight, 0))+1, 0) + guard + int(math.Log10(float64(u)))*2 + 2
	c := decContext(prec)
	r, sq := apd.New(1, 0), toAPD(a)
	for {
		if u&1 != 0 {
			if _, err := c.Mul(r, r, sq); err != nil {
				return tuple.Null, errOverflow()
			}
		}
		if u >>= 1; u == 0 {
			break
		}
		if _, err := c.Mul(sq, sq, sq); err != nil {
			if neg {
				return packBig(new(big.Int), scale)
			}
			return tuple.Null, errOverflow()
		}
	}
	if neg {
		if _, err := c.Quo(r, apd.New(1, 0), r); err != nil {
			return tuple.Null, errOverflow()
		}
	}
	return fromAPD(r, scale)
}

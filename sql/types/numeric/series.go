package numeric

import (
	"math"
	"math/big"

	"github.com/tarndb/tarn/storage/tuple"
)

// ln and exp in binary floating point of any precision. Precisions are in bits of the mantissa; the callers ask for a few
// decimal digits more than they print.

// bitsFor is a mantissa that holds that many decimal digits, and some to spare.
func bitsFor(digits int) uint { return uint(float64(max(digits, 0))*3.3220) + 64 }

// toFloat is a finite numeric to a relative precision.
func toFloat(n tuple.Numeric, prec uint) *big.Float {
	s := n.Scale()
	v, _ := n.UnscaledBig(s)
	f := new(big.Float).SetPrec(prec).SetInt(v)
	if s > 0 {
		f.Quo(f, new(big.Float).SetPrec(prec).SetInt(bigPow10(s)))
	}
	return f
}

// fromFloat rounds half away from zero to the scale, after the guard digits have been rounded: what lies closer to a half
// than PostgreSQL's own digits tell is taken for it.
func fromFloat(f *big.Float, scale int) (tuple.Value, error) {
	if f.MantExp(nil) > 3.4*maxDigits {
		return tuple.Null, errOverflow()
	}
	x := new(big.Float).SetPrec(f.Prec() + uint(max(f.MantExp(nil), 0)) + bitsFor(guard)).SetInt(bigPow10(scale + guard))
	x.Mul(x, f)
	half := big.NewFloat(0.5)
	if x.Signbit() {
		half.Neg(half)
	}
	v, _ := x.Add(x, half).Int(nil)
	return packBig(quoRound(v, bigPow10(guard)), scale)
}

// atanhInverse is atanh(1/n) · 2^prec.
func atanhInverse(n int64, prec uint) *big.Int {
	power := new(big.Int).Lsh(big.NewInt(1), prec)
	power.Quo(power, big.NewInt(n))
	sum, square, term := new(big.Int), big.NewInt(n*n), new(big.Int)
	for k := int64(1); power.Sign() > 0; k += 2 {
		sum.Add(sum, term.Quo(power, big.NewInt(k)))
		power.Quo(power, square)
	}
	return sum
}

// ln2 is the logarithm of 2, by Machin's kind of formula: 18 atanh(1/26) - 2 atanh(1/4801) + 8 atanh(1/8749).
func ln2(prec uint) *big.Float {
	p := prec + 32
	sum := new(big.Int)
	for n, factor := range map[int64]int64{26: 18, 4801: -2, 8749: 8} {
		sum.Add(sum, new(big.Int).Mul(big.NewInt(factor), atanhInverse(n, p)))
	}
	f := new(big.Float).SetPrec(prec).SetInt(sum)
	return f.SetMantExp(f, -int(p))
}

// lnFloat is ln(x) for x > 0 with an absolute error of about 2^-prec. Roots bring the argument close to 1, where the series
// of atanh is short.
func lnFloat(x *big.Float, prec uint) *big.Float {
	roots := int(math.Sqrt(float64(prec)) / 3)
	p := prec + 2*uint(roots) + 64
	m := new(big.Float).SetPrec(p)
	k := x.MantExp(m) // x = m · 2^k, m in [0.5, 1)
	m.SetPrec(p)
	for range roots {
		m.Sqrt(m)
	}
	one := new(big.Float).SetPrec(p).SetInt64(1)
	z := new(big.Float).SetPrec(p).Sub(m, one)
	z.Quo(z, new(big.Float).SetPrec(p).Add(m, one))
	square := new(big.Float).SetPrec(p).Mul(z, z)
	sum, term := new(big.Float).SetPrec(p), new(big.Float).SetPrec(p)
	for i := int64(1); z.Sign() != 0 && z.MantExp(nil) > -int(p); i += 2 {
		sum.Add(sum, term.Quo(z, new(big.Float).SetInt64(i)))
		z.Mul(z, square)
	}
	sum.SetMantExp(sum, roots+1)
	if k != 0 {
		l := ln2(p)
		sum.Add(sum, l.Mul(l, new(big.Float).SetInt64(int64(k))))
	}
	return sum
}

// expFloat is e^x to a relative error of about 2^-prec; |x| is below some ten thousand.
func expFloat(x *big.Float, prec uint) *big.Float {
	halvings := int(math.Sqrt(float64(prec)))
	p := prec + 2*uint(halvings) + 64
	l := ln2(p)
	q, _ := new(big.Float).SetPrec(64).Quo(x, l).Float64()
	k := int(math.Round(q))
	r := new(big.Float).SetPrec(p).Set(x)
	r.Sub(r, l.Mul(l, new(big.Float).SetInt64(int64(k))))
	if r.Sign() != 0 {
		r.SetMantExp(r, -halvings)
	}
	sum := new(big.Float).SetPrec(p).SetInt64(1)
	term := new(big.Float).SetPrec(p).SetInt64(1)
	for i := int64(1); ; i++ {
		term.Mul(term, r)
		term.Quo(term, new(big.Float).SetInt64(i))
		if term.Sign() == 0 || term.MantExp(nil) < -int(p) {
			break
		}
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
	}
	return sum.SetMantExp(sum, k)
}

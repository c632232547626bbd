package aggregate

import (
	"math"
	"math/big"
	"math/bits"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/number"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/storage/tuple"
)

// intSum is sum and avg of smallint and integer: 64 bits hold two billion rows' sum.
type intSum struct {
	sum, n int64
	avg    bool
}

func (s *intSum) Add(a []types.Datum) error            { s.sum += a[0].Int(); s.n++; return nil }
func (s *intSum) Remove(a []types.Datum) (bool, error) { s.sum -= a[0].Int(); s.n--; return true, nil }
func (s *intSum) Size() int                            { return 32 }
func (s *intSum) Final() (types.Datum, error) {
	switch {
	case s.n == 0:
		return types.Null, nil
	case s.avg:
		return numeric.Div(numeric.Int(s.sum), numeric.Int(s.n))
	}
	return tuple.Int(s.sum), nil
}

// int128 is a signed accumulator.
type int128 struct {
	hi int64
	lo uint64
}

func (s *int128) add(v int64) {
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, uint64(v), 0)
	s.hi += v>>63 + int64(carry)
}

func (s *int128) sub(v int64) {
	var borrow uint64
	s.lo, borrow = bits.Sub64(s.lo, uint64(v), 0)
	s.hi -= v>>63 + int64(borrow)
}

func (s *int128) big() *big.Int {
	v := big.NewInt(s.hi)
	v.Lsh(v, 64)
	return v.Add(v, new(big.Int).SetUint64(s.lo))
}

// int64 is the value where 64 bits hold it.
func (s *int128) int64() (int64, bool) { return int64(s.lo), s.hi == int64(s.lo)>>63 }

func (s *int128) numeric() (types.Datum, error) {
	if v, ok := s.int64(); ok {
		return numeric.Int(v), nil
	}
	return numeric.FromBig(s.big(), 0)
}

// bigintSum is sum and avg of bigint, exact in 128 bits.
type bigintSum struct {
	sum int128
	n   int64
	avg bool
}

func (s *bigintSum) Add(a []types.Datum) error { s.sum.add(a[0].Int()); s.n++; return nil }
func (s *bigintSum) Remove(a []types.Datum) (bool, error) {
	s.sum.sub(a[0].Int())
	s.n--
	return true, nil
}
func (s *bigintSum) Size() int { return 40 }
func (s *bigintSum) Final() (types.Datum, error) {
	if s.n == 0 {
		return types.Null, nil
	}
	v, err := s.sum.numeric()
	if err != nil || !s.avg {
		return v, err
	}
	return numeric.Div(v, numeric.Int(s.n))
}

// decimalSum adds numerics exactly: 128 bits at a common scale, big.Int beyond.
type decimalSum struct {
	n              int64 // rows, special values included
	nan, posi, neg int64
	scale          int   // the largest seen
	atScale        int64 // rows of that scale
	small          int128
	wide           *big.Int // nil while small holds the sum
}

func (s *decimalSum) special(v tuple.Numeric, by int64) bool {
	switch {
	case !v.IsSpecial():
		return false
	case v.IsNaN():
		s.nan += by
	case v.IsInf(1):
		s.posi += by
	default:
		s.neg += by
	}
	return true
}

func (s *decimalSum) rescale(scale int) {
	p := number.Pow10(scale - s.scale)
	v, ok := s.small.int64()
	if s.wide == nil && ok && p != 0 {
		if r, ok := number.MulInt64(v, p); ok {
			s.small = int128{r >> 63, uint64(r)}
			s.scale = scale
			return
		}
	}
	s.widen()
	s.wide.Mul(s.wide, number.BigPow10(scale-s.scale))
	s.scale = scale
}

func (s *decimalSum) widen() {
	if s.wide == nil {
		s.wide = s.small.big()
	}
}

func (s *decimalSum) add(d types.Datum) {
	v := tuple.Numeric(d.Bytes())
	s.n++
	if s.special(v, 1) {
		return
	}
	switch sc := v.Scale(); {
	case sc > s.scale:
		s.rescale(sc)
		s.atScale = 1
	case sc == s.scale:
		s.atScale++
	}
	if u, ok := v.Unscaled(s.scale); ok && s.wide == nil {
		s.small.add(u)
		return
	}
	s.widen()
	s.wide.Add(s.wide, numeric.Big(d, s.scale))
}

// remove fails where the result's scale would shrink by an amount that is not known.
func (s *decimalSum) remove(d types.Datum) bool {
	v := tuple.Numeric(d.Bytes())
	if s.special(v, -1) {
		s.n--
		return true
	}
	if v.Scale() == s.scale && s.scale > 0 {
		if s.atScale <= 1 {
			return false
		}
		s.atScale--
	}
	s.n--
	if u, ok := v.Unscaled(s.scale); ok && s.wide == nil {
		s.small.sub(u)
		return true
	}
	s.widen()
	s.wide.Sub(s.wide, numeric.Big(d, s.scale))
	return true
}

// total is the sum; NaN and the infinities win.
func (s *decimalSum) total() (types.Datum, error) {
	switch {
	case s.nan > 0 || s.posi > 0 && s.neg > 0:
		return tuple.NumericNaN, nil
	case s.posi > 0:
		return tuple.NumericInf, nil
	case s.neg > 0:
		return tuple.NumericNegInf, nil
	case s.wide != nil:
		return numeric.FromBig(s.wide, s.scale)
	case s.scale == 0:
		return s.small.numeric()
	}
	return numeric.FromBig(s.small.big(), s.scale)
}

func (s *decimalSum) size() int {
	if s.wide == nil {
		return 96
	}
	return 96 + len(s.wide.Bits())*8
}

type numericSum struct {
	decimalSum
	avg bool
}

func (s *numericSum) Add(a []types.Datum) error            { s.add(a[0]); return nil }
func (s *numericSum) Remove(a []types.Datum) (bool, error) { return s.remove(a[0]), nil }
func (s *numericSum) Size() int                            { return s.size() }
func (s *numericSum) Final() (types.Datum, error) {
	if s.n == 0 {
		return types.Null, nil
	}
	v, err := s.total()
	if err != nil || !s.avg {
		return v, err
	}
	return numeric.Div(v, numeric.Int(s.n))
}

// floatSum is sum of real (single: the sum itself is rounded at each step) and double precision.
type floatSum struct {
	sum    float64
	has    bool
	single bool
}

func (s *floatSum) Add(a []types.Datum) error {
	v := a[0].Float()
	if !s.has {
		s.sum, s.has = v, true
		return nil
	}
	r := s.sum + v
	if s.single {
		r = float64(float32(r))
	}
	if number.IsInf(r) && !number.IsInf(s.sum) && !number.IsInf(v) {
		return number.ErrOverflow()
	}
	s.sum = r
	return nil
}

func (s *floatSum) Size() int { return 24 }
func (s *floatSum) Final() (types.Datum, error) {
	if !s.has {
		return types.Null, nil
	}
	return tuple.Float(s.sum), nil
}

// moneySum adds money.
type moneySum struct {
	sum int64
	n   int64
}

func (s *moneySum) Add(a []types.Datum) error {
	v, ok := number.Add64(s.sum, a[0].Int())
	if !ok {
		return call.Fresh(number.ErrMoneyRange)
	}
	s.sum = v
	s.n++
	return nil
}
func (s *moneySum) Remove(a []types.Datum) (bool, error) {
	s.sum -= a[0].Int()
	s.n--
	return true, nil
}
func (s *moneySum) Size() int { return 16 }
func (s *moneySum) Final() (types.Datum, error) {
	if s.n == 0 {
		return types.Null, nil
	}
	return tuple.Int(s.sum), nil
}

// intervalSum is sum and avg of interval.
type intervalSum struct {
	sum temporal.Interval
	n   int64
	avg bool
}

func (s *intervalSum) Add(a []types.Datum) error {
	v, err := temporal.IntervalAdd(s.sum, temporal.IntervalOf(a[0]))
	if err != nil {
		return err
	}
	s.sum = v
	s.n++
	return nil
}

func (s *intervalSum) Remove(a []types.Datum) (bool, error) {
	v, err := temporal.IntervalSub(s.sum, temporal.IntervalOf(a[0]))
	if err != nil {
		return false, err
	}
	s.sum = v
	s.n--
	return true, nil
}

func (s *intervalSum) Size() int { return 40 }
func (s *intervalSum) Final() (types.Datum, error) {
	if s.n == 0 {
		return types.Null, nil
	}
	if s.avg {
		v, err := temporal.IntervalDiv(s.sum, float64(s.n))
		if err != nil {
			return types.Null, err
		}
		return v.Datum(), nil
	}
	return s.sum.Datum(), nil
}

func sumAggs() call.AggByName {
	summing := func(p *pgdata.Proc) *call.Agg {
		avg := p.Name == "avg"
		switch p.ArgTypes[0] {
		case types.Int2, types.Int4:
			return strictAgg(func() call.AggState { return &intSum{avg: avg} })
		case types.Int8:
			return strictAgg(func() call.AggState { return &bigintSum{avg: avg} })
		case types.Numeric:
			return strictAgg(func() call.AggState { return &numericSum{avg: avg} })
		case types.Interval:
			return strictAgg(func() call.AggState { return &intervalSum{avg: avg} })
		case types.Money:
			return strictAgg(func() call.AggState { return &moneySum{} })
		case types.Float4, types.Float8:
			if avg {
				return strictAgg(func() call.AggState { return &floatMoments{final: momentMean} })
			}
			single := p.ArgTypes[0] == types.Float4
			return strictAgg(func() call.AggState { return &floatSum{single: single} })
		}
		return nil
	}
	return call.AggByName{"sum": summing, "avg": summing}
}

// floatMoments keeps what avg, variance and stddev of floats need: PostgreSQL's way of Youngs and Cramer, step by step,
// so that the rounding errors are the same.
type floatMoments struct {
	n, sx, sxx float64
	final      func(s *floatMoments) (float64, bool)
}

func (s *floatMoments) Add(a []types.Datum) error {
	v := a[0].Float()
	prev, before := s.n, s.sx
	s.n++
	s.sx += v
	if prev == 0 {
		if v != v || number.IsInf(v) {
			s.sxx = math.NaN()
		}
		return nil
	}
	tmp := float64(v*s.n) - s.sx
	s.sxx += float64(tmp*tmp) / float64(s.n*prev)
	if number.IsInf(s.sx) || number.IsInf(s.sxx) {
		if !number.IsInf(before) && !number.IsInf(v) {
			return number.ErrOverflow()
		}
		s.sxx = math.NaN()
	}
	return nil
}

func (s *floatMoments) Size() int { return 40 }
func (s *floatMoments) Final() (types.Datum, error) {
	v, ok := s.final(s)
	if !ok {
		return types.Null, nil
	}
	return tuple.Float(v), nil
}

func momentMean(s *floatMoments) (float64, bool)   { return s.sx / s.n, s.n > 0 }
func momentVarPop(s *floatMoments) (float64, bool) { return s.sxx / s.n, s.n > 0 }
func momentVarSamp(s *floatMoments) (float64, bool) {
	return s.sxx / (s.n - 1), s.n > 1
}
func momentStdPop(s *floatMoments) (float64, bool) {
	return math.Sqrt(s.sxx / s.n), s.n > 0
}
func momentStdSamp(s *floatMoments) (float64, bool) {
	return math.Sqrt(s.sxx / (s.n - 1)), s.n > 1
}

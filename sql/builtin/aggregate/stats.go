package aggregate

import (
	"math"
	"math/big"
	"strings"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/number"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/storage/tuple"
)

// decimalMoments is variance and stddev of integers and numerics: the sums of x and x² are exact, only the last
// division (and root) rounds.
type decimalMoments struct {
	decimalSum
	squares      big.Int // sum of x² at twice the scale
	scratch      big.Int
	ints         bool
	sample, root bool
}

func (s *decimalMoments) square(d types.Datum) *big.Int {
	v := numeric.Big(d, s.scale)
	return s.scratch.Mul(v, v)
}

func (s *decimalMoments) Add(a []types.Datum) error {
	if s.ints {
		v := a[0].Int()
		s.n++
		s.small.add(v)
		s.scratch.SetInt64(v)
		s.squares.Add(&s.squares, s.scratch.Mul(&s.scratch, &s.scratch))
		return nil
	}
	before := s.scale
	s.add(a[0])
	if tuple.Numeric(a[0].Bytes()).IsSpecial() {
		return nil
	}
	if s.scale > before {
		s.squares.Mul(&s.squares, number.BigPow10(2*(s.scale-before)))
	}
	s.squares.Add(&s.squares, s.square(a[0]))
	return nil
}

func (s *decimalMoments) Remove(a []types.Datum) (bool, error) {
	if s.ints {
		v := a[0].Int()
		s.n--
		s.small.sub(v)
		s.scratch.SetInt64(v)
		s.squares.Sub(&s.squares, s.scratch.Mul(&s.scratch, &s.scratch))
		return true, nil
	}
	if !s.remove(a[0]) {
		return false, nil
	}
	if !tuple.Numeric(a[0].Bytes()).IsSpecial() {
		s.squares.Sub(&s.squares, s.square(a[0]))
	}
	return true, nil
}

func (s *decimalMoments) Size() int { return s.size() + len(s.squares.Bits())*8 + 64 }

func (s *decimalMoments) Final() (types.Datum, error) {
	if s.n == 0 || s.sample && s.n <= 1 {
		return types.Null, nil
	}
	if s.nan+s.posi+s.neg > 0 {
		return tuple.NumericNaN, nil
	}
	sum := s.wide
	if sum == nil {
		sum = s.small.big()
	}
	n := big.NewInt(s.n)
	above := new(big.Int).Mul(n, &s.squares)
	above.Sub(above, new(big.Int).Mul(sum, sum))
	if above.Sign() <= 0 {
		return numeric.Int(0), nil
	}
	below := new(big.Int).Mul(n, n)
	if s.sample {
		below.Sub(below, n)
	}
	num, err := numeric.FromBig(above, 2*s.scale)
	if err != nil {
		return types.Null, err
	}
	den, err := numeric.FromBig(below, 0)
	if err != nil {
		return types.Null, err
	}
	v, err := numeric.Div(num, den)
	if err != nil || !s.root {
		return v, err
	}
	scale, _ := numeric.Scale(v)
	return sqrtAtScale(v, scale)
}

// sqrtAtScale is the root rounded half up to a scale.
func sqrtAtScale(v types.Datum, scale int) (types.Datum, error) {
	// round(sqrt(x)·10^s) = floor((floor(sqrt(4·x·10^2s)) + 1) / 2)
	x := numeric.Big(v, 2*scale)
	x.Lsh(x, 2)
	x.Sqrt(x)
	x.Add(x, big.NewInt(1))
	x.Rsh(x, 1)
	return numeric.FromBig(x, scale)
}

// regression keeps the sums of the two-argument aggregates, like floatMoments in PostgreSQL's order of operations.
// Arguments are (Y, X).
type regression struct {
	n, sx, sxx, sy, syy, sxy float64
	final                    func(s *regression) (float64, bool)
}

func (s *regression) Add(a []types.Datum) error {
	y, x := a[0].Float(), a[1].Float()
	prev, sx0, sy0 := s.n, s.sx, s.sy
	s.n++
	s.sx += x
	s.sy += y
	if prev == 0 {
		if x != x || number.IsInf(x) {
			s.sxx, s.sxy = math.NaN(), math.NaN()
		}
		if y != y || number.IsInf(y) {
			s.syy, s.sxy = math.NaN(), math.NaN()
		}
		return nil
	}
	dx, dy := float64(x*s.n)-s.sx, float64(y*s.n)-s.sy
	scale := 1 / float64(s.n*prev)
	s.sxx += float64(float64(dx*dx) * scale)
	s.syy += float64(float64(dy*dy) * scale)
	s.sxy += float64(float64(dx*dy) * scale)
	if number.IsInf(s.sx) || number.IsInf(s.sxx) || number.IsInf(s.sy) || number.IsInf(s.syy) || number.IsInf(s.sxy) {
		xFinite, yFinite := !number.IsInf(sx0) && !number.IsInf(x), !number.IsInf(sy0) && !number.IsInf(y)
		if (number.IsInf(s.sx) || number.IsInf(s.sxx)) && xFinite || (number.IsInf(s.sy) || number.IsInf(s.syy)) && yFinite || number.IsInf(s.sxy) && xFinite && yFinite {
			return number.ErrOverflow()
		}
		for _, v := range []*float64{&s.sxx, &s.syy, &s.sxy} {
			if number.IsInf(*v) {
				*v = math.NaN()
			}
		}
	}
	return nil
}

func (s *regression) Size() int { return 72 }
func (s *regression) Final() (types.Datum, error) {
	v, ok := s.final(s)
	if !ok {
		return types.Null, nil
	}
	return tuple.Float(v), nil
}

func statAggs() call.AggByName {
	m := call.AggByName{}
	for _, name := range []string{"variance", "var_samp", "var_pop", "stddev", "stddev_samp", "stddev_pop"} {
		root, sample := strings.HasPrefix(name, "std"), !strings.HasSuffix(name, "_pop")
		moment := map[[2]bool]func(*floatMoments) (float64, bool){
			{false, false}: momentVarPop, {false, true}: momentVarSamp, {true, false}: momentStdPop, {true, true}: momentStdSamp,
		}[[2]bool{root, sample}]
		m[name] = func(p *pgdata.Proc) *call.Agg {
			switch p.ArgTypes[0] {
			case types.Float4, types.Float8:
				return strictAgg(func() call.AggState { return &floatMoments{final: moment} })
			case types.Int2, types.Int4, types.Int8:
				return strictAgg(func() call.AggState { return &decimalMoments{ints: true, root: root, sample: sample} })
			}
			return strictAgg(func() call.AggState { return &decimalMoments{root: root, sample: sample} })
		}
	}
	for name, final := range regressionFinals() {
		m[name] = call.AnyVariant(strictAgg(func() call.AggState { return &regression{final: final} }))
	}
	m["regr_count"] = call.AnyVariant(strictAgg(func() call.AggState { return &countState{} }))
	return m
}

package aggregate

import (
	"math"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/number"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/storage/tuple"
)

// Transition and final functions of PostgreSQL's aggregates that SQL can call, because their state is an array; aggregates
// of users are made of them. The states are those of stats.go and sum.go:
//
//	float8[3]    n, sum, sum of squared deviations
//	float8[6]    n, then sum and deviations of x, of y, and sxy
//	int8[2]      n, sum (sum and avg of small integers)
//	interval[2]  sum, n as µs

// floatsOf reads a state of float8.
func floatsOf(d types.Datum, fn string, want int) ([]float64, error) {
	a := tuple.Array(d.Bytes())
	if a.NumDims() != 1 || a.Len() != want {
		return nil, pgerr.Internal("%s: expected %d-element float8 array", fn, want)
	}
	out := make([]float64, want)
	for i := range out {
		if a.Elem(i).IsNull() {
			return nil, pgerr.Internal("%s: expected %d-element float8 array", fn, want)
		}
		out[i] = a.Elem(i).Float()
	}
	return out, nil
}

func arrayOf(oid types.OID, vals ...types.Datum) types.Datum {
	return types.MakeArray(types.Lookup(oid), vals)
}

func floatArray(vals ...float64) types.Datum {
	out := make([]types.Datum, len(vals))
	for i, v := range vals {
		out[i] = tuple.Float(v)
	}
	return arrayOf(types.Float8, out...)
}

func momentsOf(d types.Datum, fn string) (*floatMoments, error) {
	v, err := floatsOf(d, fn, 3)
	if err != nil {
		return nil, err
	}
	return &floatMoments{n: v[0], sx: v[1], sxx: v[2]}, nil
}

func (s *floatMoments) array() types.Datum { return floatArray(s.n, s.sx, s.sxx) }

func regressionOf(d types.Datum, fn string) (*regression, error) {
	v, err := floatsOf(d, fn, 6)
	if err != nil {
		return nil, err
	}
	return &regression{n: v[0], sx: v[1], sxx: v[2], sy: v[3], syy: v[4], sxy: v[5]}, nil
}

func (s *regression) array() types.Datum { return floatArray(s.n, s.sx, s.sxx, s.sy, s.syy, s.sxy) }

func floatAccum(fn string) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		s, err := momentsOf(a[0], fn)
		if err != nil {
			return types.Null, err
		}
		if err := s.Add(a[1:]); err != nil {
			return types.Null, err
		}
		return s.array(), nil
	}
}

func regrAccum(_ *call.Call, a []types.Datum) (types.Datum, error) {
	s, err := regressionOf(a[0], "float8_regr_accum")
	if err != nil {
		return types.Null, err
	}
	if err := s.Add(a[1:]); err != nil {
		return types.Null, err
	}
	return s.array(), nil
}

// deviations joins two sums of products of deviations; finite ones must not become infinite.
func deviations(s1, s2, n1, n2, d1, d2 float64) (float64, error) {
	n := n1 + n2
	v := s1 + s2 + float64(float64(float64(n1*n2)*d1)*d2)/n
	if number.IsInf(v) && !number.IsInf(s1) && !number.IsInf(s2) {
		return 0, number.ErrOverflow()
	}
	return v, nil
}

func addFloats(x, y float64) (float64, error) {
	if v := x + y; !number.IsInf(v) || number.IsInf(x) || number.IsInf(y) {
		return v, nil
	}
	return 0, number.ErrOverflow()
}

func floatCombine(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, err := momentsOf(a[0], "float8_combine")
	if err != nil {
		return types.Null, err
	}
	y, err := momentsOf(a[1], "float8_combine")
	if err != nil || x.n == 0 {
		return a[1], err
	}
	if y.n == 0 {
		return a[0], nil
	}
	s := &floatMoments{n: x.n + y.n}
	if s.sx, err = addFloats(x.sx, y.sx); err != nil {
		return types.Null, err
	}
	d := x.sx/x.n - y.sx/y.n
	if s.sxx, err = deviations(x.sxx, y.sxx, x.n, y.n, d, d); err != nil {
		return types.Null, err
	}
	return s.array(), nil
}

func regrCombine(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, err := regressionOf(a[0], "float8_regr_combine")
	if err != nil {
		return types.Null, err
	}
	y, err := regressionOf(a[1], "float8_regr_combine")
	if err != nil || x.n == 0 {
		return a[1], err
	}
	if y.n == 0 {
		return a[0], nil
	}
	s := &regression{n: x.n + y.n}
	if s.sx, err = addFloats(x.sx, y.sx); err != nil {
		return types.Null, err
	}
	dx, dy := x.sx/x.n-y.sx/y.n, x.sy/x.n-y.sy/y.n
	if s.sxx, err = deviations(x.sxx, y.sxx, x.n, y.n, dx, dx); err != nil {
		return types.Null, err
	}
	if s.sy, err = addFloats(x.sy, y.sy); err != nil {
		return types.Null, err
	}
	if s.syy, err = deviations(x.syy, y.syy, x.n, y.n, dy, dy); err != nil {
		return types.Null, err
	}
	if s.sxy, err = deviations(x.sxy, y.sxy, x.n, y.n, dx, dy); err != nil {
		return types.Null, err
	}
	return s.array(), nil
}

// momentsFinal and regressionFinal make a final function of an aggregate's.
func momentsFinal(fn string, final func(*floatMoments) (float64, bool)) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		s, err := momentsOf(a[0], fn)
		if err != nil {
			return types.Null, err
		}
		s.final = final
		return s.Final()
	}
}

func regressionFinal(fn string, final func(*regression) (float64, bool)) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		s, err := regressionOf(a[0], fn)
		if err != nil {
			return types.Null, err
		}
		s.final = final
		return s.Final()
	}
}

// smallSum is sum(smallint) and sum(integer): NULL until a value comes.
func smallSum(_ *call.Call, a []types.Datum) (types.Datum, error) {
	switch {
	case a[0].IsNull() && a[1].IsNull():
		return types.Null, nil
	case a[0].IsNull():
		return a[1], nil
	case a[1].IsNull():
		return a[0], nil
	}
	return tuple.Int(a[0].Int() + a[1].Int()), nil
}

func bigintToNumericSum(_ *call.Call, a []types.Datum) (types.Datum, error) {
	switch {
	case a[1].IsNull():
		return a[0], nil
	case a[0].IsNull():
		return numeric.Int(a[1].Int()), nil
	}
	return numeric.Add(a[0], numeric.Int(a[1].Int()))
}

func countAndSum(d types.Datum) (n, sum int64, err error) {
	a := tuple.Array(d.Bytes())
	if a.NumDims() != 1 || a.Len() != 2 || a.Elem(0).IsNull() || a.Elem(1).IsNull() {
		return 0, 0, pgerr.Internal("expected 2-element int8 array")
	}
	return a.Elem(0).Int(), a.Elem(1).Int(), nil
}

// averageStep adds sign times a value to a state of avg of small integers.
func averageStep(sign int64) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		n, sum, err := countAndSum(a[0])
		return arrayOf(types.Int8, tuple.Int(n+sign), tuple.Int(sum+sign*a[1].Int())), err
	}
}

func averageFinal(_ *call.Call, a []types.Datum) (types.Datum, error) {
	n, sum, err := countAndSum(a[0])
	if err != nil || n == 0 {
		return types.Null, err
	}
	return numeric.Div(numeric.Int(sum), numeric.Int(n))
}

func intervalState(d types.Datum) (sum temporal.Interval, n int64, err error) {
	a := tuple.Array(d.Bytes())
	if a.Len() != 2 || a.Elem(0).IsNull() || a.Elem(1).IsNull() {
		return sum, 0, pgerr.Internal("expected 2-element interval array")
	}
	return temporal.IntervalOf(a.Elem(0)), temporal.IntervalOf(a.Elem(1)).Usec, nil
}

func intervalStateArray(sum temporal.Interval, n int64) types.Datum {
	return arrayOf(types.Interval, sum.Datum(), temporal.Interval{Usec: n}.Datum())
}

func intervalStep(op func(a, b temporal.Interval) (temporal.Interval, error), by int64) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		sum, n, err := intervalState(a[0])
		if err != nil {
			return types.Null, err
		}
		if sum, err = op(sum, temporal.IntervalOf(a[1])); err != nil {
			return types.Null, err
		}
		return intervalStateArray(sum, n+by), nil
	}
}

func intervalCombine(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, n, err := intervalState(a[0])
	if err != nil {
		return types.Null, err
	}
	y, n2, err := intervalState(a[1])
	if err != nil {
		return types.Null, err
	}
	sum, err := temporal.IntervalAdd(x, y)
	return intervalStateArray(sum, n+n2), err
}

func intervalFinal(_ *call.Call, a []types.Datum) (types.Datum, error) {
	sum, n, err := intervalState(a[0])
	if err != nil || n == 0 {
		return types.Null, err
	}
	return call.IntervalOrErr(temporal.IntervalDiv(sum, float64(n)))
}

func transitionFns() call.Fns {
	m := call.Fns{
		"float8_accum": floatAccum("float8_accum"), "float4_accum": floatAccum("float4_accum"), "float8_combine": floatCombine,
		"float8_regr_accum": regrAccum, "float8_regr_combine": regrCombine,
		"int2_sum": smallSum, "int4_sum": smallSum, "int8_sum": bigintToNumericSum,
		"int2_avg_accum": averageStep(1), "int4_avg_accum": averageStep(1), "int2_avg_accum_inv": averageStep(-1), "int4_avg_accum_inv": averageStep(-1),
		"int8_avg": averageFinal,
		"int2int4_sum": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			n, sum, err := countAndSum(a[0])
			if err != nil || n == 0 {
				return types.Null, err
			}
			return tuple.Int(sum), nil
		},
		"interval_accum": intervalStep(temporal.IntervalAdd, 1), "interval_accum_inv": intervalStep(temporal.IntervalSub, -1),
		"interval_combine": intervalCombine, "interval_avg": intervalFinal,
		"float8_avg": momentsFinal("float8_avg", momentMean),
	}
	for name, f := range map[string]func(*floatMoments) (float64, bool){
		"var_pop": momentVarPop, "var_samp": momentVarSamp, "stddev_pop": momentStdPop, "stddev_samp": momentStdSamp,
	} {
		m["float8_"+name] = momentsFinal("float8_"+name, f)
	}
	for name, f := range regressionFinals() {
		m["float8_"+name] = regressionFinal("float8_"+name, f)
	}
	return m
}

// regressionFinals are the results of the two-argument aggregates.
func regressionFinals() map[string]func(s *regression) (float64, bool) {
	return map[string]func(s *regression) (float64, bool){
		"regr_sxx":   func(s *regression) (float64, bool) { return s.sxx, s.n >= 1 },
		"regr_syy":   func(s *regression) (float64, bool) { return s.syy, s.n >= 1 },
		"regr_sxy":   func(s *regression) (float64, bool) { return s.sxy, s.n >= 1 },
		"regr_avgx":  func(s *regression) (float64, bool) { return s.sx / s.n, s.n >= 1 },
		"regr_avgy":  func(s *regression) (float64, bool) { return s.sy / s.n, s.n >= 1 },
		"covar_pop":  func(s *regression) (float64, bool) { return s.sxy / s.n, s.n >= 1 },
		"covar_samp": func(s *regression) (float64, bool) { return s.sxy / (s.n - 1), s.n >= 2 },
		"corr": func(s *regression) (float64, bool) {
			return s.sxy / math.Sqrt(s.sxx*s.syy), s.n >= 1 && s.sxx != 0 && s.syy != 0
		},
		"regr_r2": func(s *regression) (float64, bool) {
			if s.n < 1 || s.sxx == 0 {
				return 0, false
			}
			if s.syy == 0 {
				return 1, true
			}
			return (s.sxy * s.sxy) / (s.sxx * s.syy), true
		},
		"regr_slope": func(s *regression) (float64, bool) { return s.sxy / s.sxx, s.n >= 1 && s.sxx != 0 },
		"regr_intercept": func(s *regression) (float64, bool) {
			return (s.sy - float64(s.sx*s.sxy)/s.sxx) / s.n, s.n >= 1 && s.sxx != 0
		},
	}
}

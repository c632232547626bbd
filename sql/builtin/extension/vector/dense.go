package vector

import (
	"math"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/vector"
	"github.com/tarndb/tarn/storage/tuple"
)

// distance makes a function of two vectors of one length.
func distance(t *vector.Dense, f func(a, b vector.View) float64) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		x, y := vector.Of(a[0]), vector.Of(a[1])
		if err := t.CheckSame(x.Len(), y.Len()); err != nil {
			return types.Null, err
		}
		return call.Float(f(x, y))
	}
}

// distances are those of one type, each with the prefix of its symbol.
func distances(t *vector.Dense, prefix, private string) call.Fns {
	return call.Fns{
		prefix + "l2_distance":             distance(t, func(a, b vector.View) float64 { return math.Sqrt(float64(vector.SquaredL2(a, b))) }),
		prefix + "inner_product":           distance(t, func(a, b vector.View) float64 { return float64(vector.Inner(a, b)) }),
		prefix + "cosine_distance":         distance(t, vector.Cosine),
		prefix + "l1_distance":             distance(t, func(a, b vector.View) float64 { return float64(vector.L1(a, b)) }),
		private + "l2_squared_distance":    distance(t, func(a, b vector.View) float64 { return float64(vector.SquaredL2(a, b)) }),
		private + "negative_inner_product": distance(t, func(a, b vector.View) float64 { return float64(-vector.Inner(a, b)) }),
		private + "spherical_distance":     distance(t, vector.Spherical),
		private + "lt":                     comparison(func(c int) bool { return c < 0 }),
		private + "le":                     comparison(func(c int) bool { return c <= 0 }),
		private + "eq":                     comparison(func(c int) bool { return c == 0 }),
		private + "ne":                     comparison(func(c int) bool { return c != 0 }),
		private + "ge":                     comparison(func(c int) bool { return c >= 0 }),
		private + "gt":                     comparison(func(c int) bool { return c > 0 }),
		private + "cmp":                    func(_ *call.Call, a []types.Datum) (types.Datum, error) { return call.Int(int64(compare(a))) },
		private + "add":                    arithmetic(t, false, func(x, y float32) float32 { return x + y }),
		private + "sub":                    arithmetic(t, false, func(x, y float32) float32 { return x - y }),
		private + "mul":                    arithmetic(t, true, func(x, y float32) float32 { return x * y }),
		private + "concat":                 concat(t),
		private + "accum":                  accumulate(t),
		private + "avg":                    average(t),
		prefix + "l2_normalize":            normalize(t),
		prefix + "binary_quantize":         quantize,
		prefix + "subvector":               subvector(t),
	}
}

func compare(a []types.Datum) int { return tuple.Compare(tuple.KindArray, a[0], a[1]) }

func comparison(holds func(c int) bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) { return call.Bool(holds(compare(a))) }
}

func errOverflow() error {
	return pgerr.New(pgerr.NumericValueOutOfRange, "value out of range: overflow")
}

func isInf(f float32) bool { return math.IsInf(float64(f), 0) }

// arithmetic works element by element; a product of two numbers that are not zero may not be zero.
func arithmetic(t *vector.Dense, product bool, f func(x, y float32) float32) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		x, y := vector.Of(a[0]).Floats(), vector.Of(a[1])
		if err := t.CheckSame(len(x), y.Len()); err != nil {
			return types.Null, err
		}
		for i := range x {
			p, q := x[i], y.At(i)
			r := t.Round(f(p, q))
			switch {
			case isInf(r):
				return types.Null, errOverflow()
			case product && r == 0 && p != 0 && q != 0:
				return types.Null, pgerr.New(pgerr.NumericValueOutOfRange, "value out of range: underflow")
			}
			x[i] = r
		}
		return vector.Pack(x), nil
	}
}

func concat(t *vector.Dense) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		x := vector.Of(a[1]).Append(vector.Of(a[0]).Floats())
		if err := t.CheckDim(len(x)); err != nil {
			return types.Null, err
		}
		return vector.Pack(x), nil
	}
}

// normalize divides by the norm; the zero vector stays.
func normalize(t *vector.Dense) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		v := vector.Of(a[0])
		x, norm := v.Floats(), vector.Norm(v)
		for i, f := range x {
			if x[i] = 0; norm > 0 {
				x[i] = t.Round(float32(float64(f) / norm))
			}
			if isInf(x[i]) {
				return types.Null, errOverflow()
			}
		}
		return vector.Pack(x), nil
	}
}

// quantize has a bit for each element: whether it is positive.
func quantize(_ *call.Call, a []types.Datum) (types.Datum, error) {
	v := vector.Of(a[0])
	bits := make([]byte, v.Len())
	for i := range bits {
		bits[i] = '0'
		if v.At(i) > 0 {
			bits[i] = '1'
		}
	}
	return call.Bytes(bits)
}

// subvector takes count elements from a place on, counted from 1; what lies outside does not count.
func subvector(t *vector.Dense) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		x := vector.Of(a[0]).Floats()
		n, start, count := int64(len(x)), a[1].Int(), a[2].Int()
		end := min(start+count, n+1)
		start = max(start, 1)
		if count < 1 || start >= end {
			return types.Null, t.CheckDim(0)
		}
		return vector.Pack(x[start-1 : end-1]), nil
	}
}

func dims(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return call.Int(int64(vector.Of(a[0]).Len()))
}

func norm(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return call.Float(vector.Norm(vector.Of(a[0])))
}

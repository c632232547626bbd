package vector

import (
	"math"
	"strings"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/vector"
)

func sparseDistance(f func(a, b vector.Sparse) float64) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		x, y := vector.SparseOf(a[0]), vector.SparseOf(a[1])
		if err := vector.CheckSparseSame(x, y); err != nil {
			return types.Null, err
		}
		return call.Float(f(x, y))
	}
}

func sparseComparison(holds func(c int) bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return call.Bool(holds(strings.Compare(a[0].Str(), a[1].Str())))
	}
}

// sparseNormalize divides by the norm; what becomes zero goes.
func sparseNormalize(_ *call.Call, a []types.Datum) (types.Datum, error) {
	s := vector.SparseOf(a[0])
	norm := vector.SparseNorm(s)
	out := vector.Sparse{Dim: s.Dim}
	for i, f := range s.Values {
		f = float32(float64(f) / norm)
		if isInf(f) {
			return types.Null, errOverflow()
		}
		if f != 0 {
			out.Places, out.Values = append(out.Places, s.Places[i]), append(out.Values, f)
		}
	}
	return out.Pack(), nil
}

func sparseFns() call.Fns {
	return call.Fns{
		"sparsevec_l2_distance": sparseDistance(func(a, b vector.Sparse) float64 { return math.Sqrt(float64(vector.SparseSquaredL2(a, b))) }),
		"sparsevec_l2_squared_distance": sparseDistance(func(a, b vector.Sparse) float64 {
			return float64(vector.SparseSquaredL2(a, b))
		}),
		"sparsevec_inner_product": sparseDistance(func(a, b vector.Sparse) float64 { return float64(vector.SparseInner(a, b)) }),
		"sparsevec_negative_inner_product": sparseDistance(func(a, b vector.Sparse) float64 {
			return float64(-vector.SparseInner(a, b))
		}),
		"sparsevec_cosine_distance": sparseDistance(vector.SparseCosine),
		"sparsevec_l1_distance":     sparseDistance(func(a, b vector.Sparse) float64 { return float64(vector.SparseL1(a, b)) }),
		"sparsevec_l2_norm": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Float(vector.SparseNorm(vector.SparseOf(a[0])))
		},
		"sparsevec_l2_normalize": sparseNormalize,
		"sparsevec_lt":           sparseComparison(func(c int) bool { return c < 0 }),
		"sparsevec_le":           sparseComparison(func(c int) bool { return c <= 0 }),
		"sparsevec_eq":           sparseComparison(func(c int) bool { return c == 0 }),
		"sparsevec_ne":           sparseComparison(func(c int) bool { return c != 0 }),
		"sparsevec_ge":           sparseComparison(func(c int) bool { return c >= 0 }),
		"sparsevec_gt":           sparseComparison(func(c int) bool { return c > 0 }),
		"sparsevec_cmp": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Int(int64(strings.Compare(a[0].Str(), a[1].Str())))
		},
	}
}

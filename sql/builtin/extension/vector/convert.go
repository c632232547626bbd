package vector

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/vector"
	"github.com/tarndb/tarn/storage/tuple"
)

// Conversions take the value, the type modifier and whether the cast was written.

func modOf(a []types.Datum) int32 { return int32(a[1].Int()) }

// resize is the cast of a type to itself: it only checks the length.
func resize(length func(types.Datum) int) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return a[0], vector.CheckMod(length(a[0]), modOf(a))
	}
}

func denseLen(d types.Datum) int  { return vector.Of(d).Len() }
func sparseLen(d types.Datum) int { return vector.SparseOf(d).Dim }

// toDense makes a vector of another dense one.
func toDense(t *vector.Dense) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return t.Make(vector.Of(a[0]).Floats(), modOf(a), format)
	}
}

func toSparse(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return vector.SparseOfDense(vector.Of(a[0]).Floats(), modOf(a))
}

func fromSparse(t *vector.Dense) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		s := vector.SparseOf(a[0])
		if err := t.CheckDim(s.Dim); err != nil {
			return types.Null, err
		}
		return t.Make(s.Floats(), modOf(a), format)
	}
}

// toArray is the vector's elements as real[]: they are held as one.
func toArray(_ *call.Call, a []types.Datum) (types.Datum, error) { return a[0], nil }

// fromArray makes a vector of an array of numbers.
func fromArray(length func(n int) error, pack func(x []float32, mod int32) (types.Datum, error)) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		arr := tuple.Array(a[0].Bytes())
		if arr.NumDims() > 1 {
			return types.Null, pgerr.New(pgerr.DataException, "array must be 1-D")
		}
		if arr.HasNulls() {
			return types.Null, pgerr.New(pgerr.NullValueNotAllowed, "array must not contain nulls")
		}
		if err := length(arr.Len()); err != nil {
			return types.Null, err
		}
		x := make([]float32, arr.Len())
		for i := range x {
			var err error
			if x[i], err = float4(arr.ElemKind(), arr.Elem(i)); err != nil {
				return types.Null, err
			}
		}
		return pack(x, modOf(a))
	}
}

var (
	float4Type  = types.Lookup(types.Float4)
	numericType = types.Lookup(types.Numeric)
)

func float4(k tuple.Kind, v types.Datum) (float32, error) {
	switch k {
	case tuple.KindInt32:
		return float32(v.Int()), nil
	case tuple.KindNumeric:
		d, err := float4Type.ParseText(numericType.Text(v, nil), -1, nil)
		return float32(d.Float()), err
	}
	return float32(v.Float()), nil
}

func arrayToDense(t *vector.Dense) call.Fn {
	return fromArray(t.CheckDim, func(x []float32, mod int32) (types.Datum, error) { return t.Make(x, mod, format) })
}

func arrayToSparse() call.Fn {
	return fromArray(func(int) error { return nil }, vector.SparseOfDense)
}

func conversions() call.Fns {
	return call.Fns{
		"vector": resize(denseLen), "halfvec": resize(denseLen), "sparsevec": resize(sparseLen),
		"array_to_vector": arrayToDense(vector.Full), "array_to_halfvec": arrayToDense(vector.Half), "array_to_sparsevec": arrayToSparse(),
		"vector_to_float4": toArray, "halfvec_to_float4": toArray,
		"vector_to_halfvec": toDense(vector.Half), "halfvec_to_vector": toDense(vector.Full),
		"vector_to_sparsevec": toSparse, "halfvec_to_sparsevec": toSparse,
		"sparsevec_to_vector": fromSparse(vector.Full), "sparsevec_to_halfvec": fromSparse(vector.Half),
	}
}

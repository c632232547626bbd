package array

import (
	"math"
	"slices"
	"strconv"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/number"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/collation"
	"github.com/tarndb/tarn/storage/tuple"
)

// Array functions and operators (manual: 9.19).

func Arr(d types.Datum) tuple.Array { return tuple.Array(d.Bytes()) }

// elemType is the element type of argument i, which is an array.
func elemType(c *call.Call, i int) (*types.Type, error) {
	return elemOf(c, c.ArgTypes[i])
}

func elemOf(c *call.Call, array types.OID) (*types.Type, error) {
	t := c.Env.Type(array)
	if t == nil {
		return nil, call.TypeNotFound(array)
	}
	e := c.Env.Type(t.Elem)
	if e == nil {
		return nil, call.TypeNotFound(t.Elem)
	}
	return e, nil
}

// flat makes a one-dimensional array with a lower bound.
func flat(elem *types.Type, lower int, vals []types.Datum) types.Datum {
	if len(vals) == 0 {
		return types.MakeArray(elem, nil)
	}
	return types.MakeArrayDims(elem, []tuple.ArrayDim{{Len: len(vals), Lower: lower}}, vals)
}

func errOneDimension() error {
	return pgerr.New(pgerr.DataException, "argument must be empty or one-dimensional array")
}

// push is array_append and array_prepend.
func push(array, value int, front bool) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		elem, err := elemType(c, array)
		if err != nil {
			return types.Null, err
		}
		if a[array].IsNull() {
			return types.MakeArray(elem, []types.Datum{a[value]}), nil
		}
		x := Arr(a[array])
		if x.NumDims() > 1 {
			return types.Null, errOneDimension()
		}
		lower := 1
		if x.NumDims() == 1 {
			lower = x.Dim(0).Lower
		}
		vals := make([]types.Datum, 0, x.Len()+1)
		if front {
			vals = x.Elems(append(vals, a[value]))
		} else {
			if lower+x.Len() > math.MaxInt32 {
				return types.Null, call.Fresh(number.ErrIntegerRange)
			}
			vals = append(x.Elems(vals), a[value])
		}
		return flat(elem, lower, vals), nil
	}
}

func arrayCat(c *call.Call, a []types.Datum) (types.Datum, error) {
	switch {
	case a[0].IsNull():
		return a[1], nil
	case a[1].IsNull():
		return a[0], nil
	}
	x, y := Arr(a[0]), Arr(a[1])
	switch {
	case x.NumDims() == 0 && y.NumDims() > 0:
		return a[1], nil
	case y.NumDims() == 0:
		return a[0], nil
	}
	elem, err := elemOf(c, c.ArgTypes[0])
	if err != nil {
		return types.Null, err
	}
	dx, dy := x.Dims(nil), y.Dims(nil)
	bad := func(format string, args ...any) error {
		return pgerr.New(pgerr.ArraySubscriptError, "cannot concatenate incompatible arrays").WithDetail(format, args...)
	}
	var dims []tuple.ArrayDim
	switch len(dx) - len(dy) {
	case 0:
		if !slices.Equal(dx[1:], dy[1:]) {
			return types.Null, bad("Arrays with differing element dimensions are not compatible for concatenation.")
		}
		dims = append([]tuple.ArrayDim{{Len: dx[0].Len + dy[0].Len, Lower: dx[0].Lower}}, dx[1:]...)
	case 1:
		if !slices.Equal(dx[1:], dy) {
			return types.Null, bad("Arrays with differing dimensions are not compatible for concatenation.")
		}
		dims = append([]tuple.ArrayDim{{Len: dx[0].Len + 1, Lower: dx[0].Lower}}, dx[1:]...)
	case -1:
		if !slices.Equal(dx, dy[1:]) {
			return types.Null, bad("Arrays with differing dimensions are not compatible for concatenation.")
		}
		dims = append([]tuple.ArrayDim{{Len: dy[0].Len + 1, Lower: dy[0].Lower}}, dy[1:]...)
	default:
		return types.Null, bad("Arrays of %d and %d dimensions are not compatible for concatenation.", len(dx), len(dy))
	}
	return types.MakeArrayDims(elem, dims, y.Elems(x.Elems(nil))), nil
}

// sameValue is IS NOT DISTINCT FROM.
func sameValue(c *collation.Collator, k tuple.Kind, x, y types.Datum) bool {
	if x.IsNull() || y.IsNull() {
		return x.IsNull() && y.IsNull()
	}
	return types.EqualOrdered(c, k, x, y)
}

func arrayPosition(c *call.Call, a []types.Datum) (types.Datum, error) {
	if a[0].IsNull() {
		return types.Null, nil
	}
	x := Arr(a[0])
	if x.NumDims() > 1 {
		return types.Null, pgerr.New(pgerr.FeatureNotSupported, "searching for elements in multidimensional arrays is not supported")
	}
	if x.NumDims() == 0 {
		return types.Null, nil
	}
	lower, from := x.Dim(0).Lower, int64(math.MinInt32)
	if len(a) > 2 {
		if a[2].IsNull() {
			return types.Null, pgerr.New(pgerr.NullValueNotAllowed, "initial position must not be null")
		}
		from = a[2].Int()
	}
	for i := range x.Len() {
		if int64(lower+i) >= from && sameValue(c.Env.Equality(c.Coll), x.ElemKind(), x.Elem(i), a[1]) {
			return tuple.Int(int64(lower + i)), nil
		}
	}
	return types.Null, nil
}

func arrayPositions(c *call.Call, a []types.Datum) (types.Datum, error) {
	if a[0].IsNull() {
		return types.Null, nil
	}
	x := Arr(a[0])
	if x.NumDims() > 1 {
		return types.Null, pgerr.New(pgerr.FeatureNotSupported, "searching for elements in multidimensional arrays is not supported")
	}
	var vals []types.Datum
	for i := range x.Len() {
		if sameValue(c.Env.Equality(c.Coll), x.ElemKind(), x.Elem(i), a[1]) {
			vals = append(vals, tuple.Int(int64(x.Dim(0).Lower+i)))
		}
	}
	return types.MakeArray(call.Int4Type, vals), nil
}

func arrayReplace(c *call.Call, a []types.Datum, remove bool) (types.Datum, error) {
	if a[0].IsNull() {
		return types.Null, nil
	}
	x := Arr(a[0])
	if remove && x.NumDims() > 1 {
		return types.Null, pgerr.New(pgerr.FeatureNotSupported, "removing elements from multidimensional arrays is not supported")
	}
	elem, err := elemType(c, 0)
	if err != nil {
		return types.Null, err
	}
	vals := make([]types.Datum, 0, x.Len())
	changed := false
	for i := range x.Len() {
		v := x.Elem(i)
		if sameValue(c.Env.Equality(c.Coll), x.ElemKind(), v, a[1]) {
			changed = true
			if remove {
				continue
			}
			v = a[2]
		}
		vals = append(vals, v)
	}
	if !changed {
		return a[0], nil
	}
	if remove {
		return flat(elem, x.Dim(0).Lower, vals), nil
	}
	return types.MakeArrayDims(elem, x.Dims(nil), vals), nil
}

// arrayText joins the elements of all dimensions; NULLs are left out unless there is a text for them.
func arrayText(c *call.Call, a []types.Datum) (types.Datum, error) {
	if a[0].IsNull() || a[1].IsNull() {
		return types.Null, nil
	}
	x := Arr(a[0])
	elem := c.Env.Type(x.ElemOID())
	if elem == nil {
		return types.Null, call.TypeNotFound(x.ElemOID())
	}
	var b []byte
	n := 0
	for i := range x.Len() {
		v := x.Elem(i)
		if v.IsNull() && (len(a) < 3 || a[2].IsNull()) {
			continue
		}
		if n > 0 {
			b = append(b, a[1].Bytes()...)
		}
		n++
		if v.IsNull() {
			b = append(b, a[2].Bytes()...)
		} else {
			b = elem.AppendText(b, v, c.Env)
		}
	}
	return call.Bytes(b)
}

func hasValue(c *collation.Collator, x tuple.Array, v types.Datum) bool {
	for i := range x.Len() {
		if e := x.Elem(i); !e.IsNull() && types.EqualOrdered(c, x.ElemKind(), e, v) {
			return true
		}
	}
	return false
}

// containsAll: NULL elements are equal to nothing.
func containsAll(c *collation.Collator, x, y tuple.Array) bool {
	for i := range y.Len() {
		if v := y.Elem(i); v.IsNull() || !hasValue(c, x, v) {
			return false
		}
	}
	return true
}

func arrayOverlap(c *call.Call, a []types.Datum) (types.Datum, error) {
	x, y := Arr(a[0]), Arr(a[1])
	for i := range y.Len() {
		if v := y.Elem(i); !v.IsNull() && hasValue(c.Env.Equality(c.Coll), x, v) {
			return call.Bool(true)
		}
	}
	return call.Bool(false)
}

// dimension finds dimension a[1], counted from 1.
func dimension(a []types.Datum) (tuple.ArrayDim, bool) {
	x, n := Arr(a[0]), a[1].Int()
	if n < 1 || n > int64(x.NumDims()) {
		return tuple.ArrayDim{}, false
	}
	return x.Dim(int(n - 1)), true
}

func dimFn(f func(d tuple.ArrayDim) int) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		d, ok := dimension(a)
		if !ok {
			return types.Null, nil
		}
		return tuple.Int(int64(f(d))), nil
	}
}

func arrayDims(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x := Arr(a[0])
	if x.NumDims() == 0 {
		return types.Null, nil
	}
	var b []byte
	for _, d := range x.Dims(nil) {
		b = strconv.AppendInt(append(b, '['), int64(d.Lower), 10)
		b = strconv.AppendInt(append(b, ':'), int64(d.Lower+d.Len-1), 10)
		b = append(b, ']')
	}
	return call.Bytes(b)
}

// arrayFill makes an array of one value with the given lengths and lower bounds.
func arrayFill(c *call.Call, a []types.Datum) (types.Datum, error) {
	if a[1].IsNull() || len(a) > 2 && a[2].IsNull() {
		return types.Null, pgerr.New(pgerr.NullValueNotAllowed, "dimension array or low bound array cannot be null")
	}
	elem := c.Env.Type(c.ArgTypes[0])
	if elem == nil {
		return types.Null, call.TypeNotFound(c.ArgTypes[0])
	}
	lens := Arr(a[1])
	wrong := func(detail string) error {
		return pgerr.New(pgerr.ArraySubscriptError, "wrong number of array subscripts").WithDetail("%s", detail)
	}
	if lens.NumDims() > 1 {
		return types.Null, wrong("Dimension array must be one dimensional.")
	}
	if lens.HasNulls() {
		return types.Null, pgerr.New(pgerr.NullValueNotAllowed, "dimension values cannot be null")
	}
	n := lens.Len()
	if n > tuple.MaxArrayDims {
		return types.Null, pgerr.New(pgerr.ProgramLimitExceeded, "number of array dimensions (%d) exceeds the maximum allowed (%d)", n, tuple.MaxArrayDims)
	}
	dims := make([]tuple.ArrayDim, n)
	for i := range dims {
		dims[i] = tuple.ArrayDim{Len: int(lens.Elem(i).Int()), Lower: 1}
	}
	if len(a) > 2 {
		lows := Arr(a[2])
		if lows.NumDims() > 1 {
			return types.Null, wrong("Dimension array must be one dimensional.")
		}
		if lows.HasNulls() {
			return types.Null, pgerr.New(pgerr.NullValueNotAllowed, "dimension values cannot be null")
		}
		if lows.Len() != n {
			return types.Null, wrong("Low bound array has different size than dimensions array.")
		}
		for i := range dims {
			dims[i].Lower = int(lows.Elem(i).Int())
		}
	}
	total := 1
	for _, d := range dims {
		if d.Len < 0 || total*d.Len > 1<<27-1 {
			return types.Null, pgerr.New(pgerr.ProgramLimitExceeded, "array size exceeds the maximum allowed (134217727)")
		}
		total *= d.Len
	}
	if n == 0 || total == 0 {
		return types.MakeArray(elem, nil), nil
	}
	for _, d := range dims {
		if d.Lower+d.Len > math.MaxInt32 {
			return types.Null, pgerr.New(pgerr.ProgramLimitExceeded, "array lower bound is too large: %d", d.Lower)
		}
	}
	vals := make([]types.Datum, total)
	for i := range vals {
		vals[i] = a[0]
	}
	return types.MakeArrayDims(elem, dims, vals), nil
}

// trimArray drops elements from the end of the first dimension.
func trimArray(c *call.Call, a []types.Datum) (types.Datum, error) {
	x, n := Arr(a[0]), int(a[1].Int())
	length := 0
	if x.NumDims() > 0 {
		length = x.Dim(0).Len
	}
	if n < 0 || n > length {
		return types.Null, pgerr.New(pgerr.ArrayElementError, "number of elements to trim must be between 0 and %d", length)
	}
	elem, err := elemType(c, 0)
	if err != nil {
		return types.Null, err
	}
	if n == length {
		return types.MakeArray(elem, nil), nil
	}
	dims := x.Dims(nil)
	vals := x.Elems(nil)
	vals = vals[:len(vals)/length*(length-n)]
	dims[0].Len -= n
	for i := range dims {
		dims[i].Lower = 1
	}
	return types.MakeArrayDims(elem, dims, vals), nil
}

// widthBucketArray finds the bucket of a value among sorted thresholds.
func widthBucketArray(c *call.Call, a []types.Datum) (types.Datum, error) {
	x := Arr(a[1])
	if x.NumDims() > 1 {
		return types.Null, pgerr.New(pgerr.ArraySubscriptError, "thresholds must be one-dimensional array")
	}
	if x.HasNulls() {
		return types.Null, pgerr.New(pgerr.NullValueNotAllowed, "thresholds array must not contain NULLs")
	}
	lo, hi := 0, x.Len()
	for lo < hi {
		mid := (lo + hi) / 2
		if types.CompareOrdered(c.Env.Order(c.Coll), x.ElemKind(), a[0], x.Elem(mid)) < 0 {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return call.Int(int64(lo))
}

func countNulls(want bool) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		if c.Variadic && len(a) == 1 {
			if a[0].IsNull() {
				return types.Null, nil
			}
			a = Arr(a[0]).Elems(nil)
		}
		n := 0
		for _, v := range a {
			if v.IsNull() == want {
				n++
			}
		}
		return call.Int(int64(n))
	}
}

func arrayFns() call.Fns {
	return call.Fns{
		"array_append": push(0, 1, false), "array_prepend": push(1, 0, true), "array_cat": arrayCat,
		"array_position": arrayPosition, "array_position_start": arrayPosition, "array_positions": arrayPositions,
		"array_remove":  func(c *call.Call, a []types.Datum) (types.Datum, error) { return arrayReplace(c, a, true) },
		"array_replace": func(c *call.Call, a []types.Datum) (types.Datum, error) { return arrayReplace(c, a, false) },
		"array_to_text": arrayText, "array_to_text_null": arrayText,
		"arraycontains": func(c *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Bool(containsAll(c.Env.Equality(c.Coll), Arr(a[0]), Arr(a[1])))
		},
		"arraycontained": func(c *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Bool(containsAll(c.Env.Equality(c.Coll), Arr(a[1]), Arr(a[0])))
		},
		"arrayoverlap": arrayOverlap,
		"array_length": dimFn(func(d tuple.ArrayDim) int { return d.Len }), "array_lower": dimFn(func(d tuple.ArrayDim) int { return d.Lower }),
		"array_upper":       dimFn(func(d tuple.ArrayDim) int { return d.Lower + d.Len - 1 }),
		"array_cardinality": func(_ *call.Call, a []types.Datum) (types.Datum, error) { return call.Int(int64(Arr(a[0]).Len())) },
		"array_ndims": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			if n := Arr(a[0]).NumDims(); n > 0 {
				return call.Int(int64(n))
			}
			return types.Null, nil
		},
		"array_dims": arrayDims, "array_fill": arrayFill, "array_fill_with_lower_bounds": arrayFill, "trim_array": trimArray,
		"width_bucket_array": widthBucketArray, "pg_num_nulls": countNulls(true), "pg_num_nonnulls": countNulls(false),
	}
}

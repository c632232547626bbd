package intarray

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/queryint"
	"github.com/tarndb/tarn/storage/tuple"
)

// elements are an array's numbers in row-major order; NULLs are refused.
func elements(d types.Datum) ([]int32, error) {
	a := tuple.Array(d.Bytes())
	out := make([]int32, a.Len())
	for i := range out {
		v := a.Elem(i)
		if v.IsNull() {
			return nil, pgerr.New(pgerr.NullValueNotAllowed, "array must not contain nulls")
		}
		out[i] = int32(v.Int())
	}
	return out, nil
}

// both are the elements of the first two arguments.
func both(a []types.Datum) (x, y []int32, err error) {
	if x, err = elements(a[0]); err == nil {
		y, err = elements(a[1])
	}
	return x, y, err
}

// values makes an array of one dimension from 1 on.
func values(list []int32) types.Datum { return types.MakeArray(call.Int4Type, datums(list)) }

func datums(list []int32) []types.Datum {
	out := make([]types.Datum, len(list))
	for i, v := range list {
		out[i] = tuple.Int(int64(v))
	}
	return out
}

// shaped makes an array with as many elements, in the dimensions of d.
func shaped(d types.Datum, list []int32) types.Datum {
	return types.MakeArrayDims(call.Int4Type, tuple.Array(d.Bytes()).Dims(nil), datums(list))
}

// cut makes an array of fewer elements: the first dimension gets their number, the others 1.
func cut(d types.Datum, list []int32) types.Datum {
	if len(list) == 0 {
		return values(nil)
	}
	dims := tuple.Array(d.Bytes()).Dims(nil)
	for i := range dims {
		dims[i].Len = 1
	}
	dims[0].Len = len(list)
	return types.MakeArrayDims(call.Int4Type, dims, datums(list))
}

// asSet sorts and takes doubles out, in place.
func asSet(list []int32) []int32 {
	slices.Sort(list)
	return slices.Compact(list)
}

func contains(set, part []int32) bool {
	for _, v := range asSet(part) {
		if _, ok := slices.BinarySearch(set, v); !ok {
			return false
		}
	}
	return true
}

// relation makes an operator over two arrays.
func relation(holds func(x, y []int32) bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		x, y, err := both(a)
		if err != nil {
			return types.Null, err
		}
		return call.Bool(holds(x, y))
	}
}

func overlap(x, y []int32) bool {
	slices.Sort(y)
	return slices.ContainsFunc(x, func(v int32) bool {
		_, ok := slices.BinarySearch(y, v)
		return ok
	})
}

func same(x, y []int32) bool {
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// combination makes an operator that answers an array of one dimension.
func combination(f func(x, y []int32) []int32) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		x, y, err := both(a)
		if err != nil {
			return types.Null, err
		}
		return values(f(x, y)), nil
	}
}

// keep is the elements of x, as a set, that are in y, or with in false not in y.
func keep(in bool) func(x, y []int32) []int32 {
	return func(x, y []int32) []int32 {
		slices.Sort(y)
		return slices.DeleteFunc(asSet(x), func(v int32) bool {
			_, found := slices.BinarySearch(y, v)
			return found != in
		})
	}
}

// withElement makes an operator over an array and a number.
func withElement(f func(a types.Datum, x []int32, v int32) types.Datum) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		x, err := elements(a[0])
		if err != nil {
			return types.Null, err
		}
		return f(a[0], x, int32(a[1].Int())), nil
	}
}

func remove(a types.Datum, x []int32, v int32) types.Datum {
	return cut(a, slices.DeleteFunc(x, func(w int32) bool { return w == v }))
}

func index(_ types.Datum, x []int32, v int32) types.Datum {
	return tuple.Int(int64(slices.Index(x, v) + 1))
}

// sorted is sort_asc and sort_desc.
func sorted(desc bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) { return sortArray(a[0], desc) }
}

func sortArray(a types.Datum, desc bool) (types.Datum, error) {
	x, err := elements(a)
	if err != nil {
		return types.Null, err
	}
	slices.Sort(x)
	if desc {
		slices.Reverse(x)
	}
	return shaped(a, x), nil
}

func sortBy(_ *call.Call, a []types.Datum) (types.Datum, error) {
	if x, err := elements(a[0]); err != nil || len(x) < 2 {
		return a[0], err
	}
	desc := false
	if len(a) > 1 {
		desc = strings.EqualFold(a[1].Str(), "desc")
		if !desc && !strings.EqualFold(a[1].Str(), "asc") {
			return types.Null, pgerr.New(pgerr.InvalidParameterValue, "second parameter must be \"ASC\" or \"DESC\"")
		}
	}
	return sortArray(a[0], desc)
}

// uniq takes out what equals its neighbour.
func uniq(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, err := elements(a[0])
	if err != nil || len(x) < 2 {
		return a[0], err
	}
	return cut(a[0], slices.Compact(x)), nil
}

// subarray counts from 1, or with a negative start from the end; a negative length leaves that many at the end out, 0 takes all.
func subarray(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, err := elements(a[0])
	if err != nil {
		return types.Null, err
	}
	start, length, n := a[1].Int(), int64(0), int64(len(x))
	if len(a) > 2 {
		length = a[2].Int()
	}
	if start > 0 {
		start--
	} else if start < 0 {
		start += n
	}
	end := n
	if length < 0 {
		end = n + length
	} else if length > 0 {
		end = min(n, start+length)
	}
	start = max(start, 0)
	if start >= end {
		return values(nil), nil
	}
	return values(x[start:end]), nil
}

func matches(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, err := elements(a[0])
	if err != nil {
		return types.Null, err
	}
	slices.Sort(x)
	return call.Bool(queryint.Holds(a[1], func(v int32) bool {
		_, ok := slices.BinarySearch(x, v)
		return ok
	}))
}

// Family is what this package implements.
func Family() call.Family {
	appendElement := func(_ types.Datum, x []int32, v int32) types.Datum { return values(append(x, v)) }
	return call.Family{Fns: call.Fns{
		"_int_contains":  relation(func(x, y []int32) bool { return contains(asSet(x), y) }),
		"_int_contained": relation(func(x, y []int32) bool { return contains(asSet(y), x) }),
		"_int_overlap":   relation(overlap), "_int_same": relation(same),
		"_int_different": relation(func(x, y []int32) bool { return !same(x, y) }),
		"_int_union":     combination(func(x, y []int32) []int32 { return asSet(append(x, y...)) }),
		"_int_inter":     combination(keep(true)), "intset_subtract": combination(keep(false)),
		"intarray_push_array": combination(func(x, y []int32) []int32 { return append(x, y...) }),
		"intarray_push_elem":  withElement(appendElement),
		"intset_union_elem":   withElement(func(_ types.Datum, x []int32, v int32) types.Datum { return values(asSet(append(x, v))) }),
		"intarray_del_elem":   withElement(remove), "idx": withElement(index),
		"intset": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return types.MakeArray(call.Int4Type, a[:1]), nil
		},
		"icount": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Int(int64(tuple.Array(a[0].Bytes()).Len()))
		},
		"sort": sortBy, "sort_asc": sorted(false), "sort_desc": sorted(true), "uniq": uniq, "subarray": subarray,
		"boolop": matches, "rboolop": call.Swap(matches),
		"querytree": func(*call.Call, []types.Datum) (types.Datum, error) {
			return types.Null, pgerr.Internal("querytree is no longer implemented")
		},
	}}
}

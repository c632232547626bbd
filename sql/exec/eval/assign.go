package eval

import (
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// maxArraySize is PostgreSQL's MaxArraySize.
const maxArraySize = 134217727

// subscriptAssign puts a value into an array; one-dimensional arrays grow at both ends, the gap filled with NULL
// (manual: 8.15.4).
func (b *Builder) subscriptAssign(x *plan.SubscriptAssign) (Operand, error) {
	arg, err := b.Fn(x.Arg)
	if err != nil {
		return Operand{}, err
	}
	val, err := b.Fn(x.Val)
	if err != nil {
		return Operand{}, err
	}
	upper, err := b.Fns(x.Upper)
	if err != nil {
		return Operand{}, err
	}
	if x.T.OID == types.JSONB {
		return b.jsonbAssign(x, arg, val, upper)
	}
	y, err := b.TypeOf(x.T.OID)
	if err != nil {
		return Operand{}, err
	}
	if y.Subscript == types.HstoreSubscriptHandler {
		return fnOperand(func() (types.Datum, error) { return assignHstore(arg, upper[0], val) }), nil
	}
	elem, err := b.TypeOf(y.Elem)
	if err != nil {
		return Operand{}, err
	}
	lower, err := b.Fns(x.Lower)
	if err != nil {
		return Operand{}, err
	}
	return fnOperand(func() (types.Datum, error) {
		a, err := arg()
		if err != nil {
			return types.Null, err
		}
		up, upSet, err := intBounds(upper)
		if err != nil {
			return types.Null, err
		}
		lo, loSet, err := intBounds(lower)
		if err != nil {
			return types.Null, err
		}
		v, err := val()
		if err != nil {
			return types.Null, err
		}
		if y.FixedElems() > 0 {
			if x.Slice {
				return types.Null, errFixedSlice()
			}
			return assignFixed(y, a, up, v)
		}
		if x.Slice {
			return assignSlice(elem, a, lo, loSet, up, upSet, v)
		}
		return assignElement(elem, a, up, v)
	}), nil
}

// assignFixed changes a part of a point, box …; where one of the two is NULL, nothing.
func assignFixed(t *types.Type, a types.Datum, at []int, v types.Datum) (types.Datum, error) {
	if a.IsNull() || v.IsNull() {
		return a, nil
	}
	if len(at) != 1 {
		return types.Null, pgerr.New(pgerr.ArraySubscriptError, "wrong number of array subscripts")
	}
	if at[0] < 0 || at[0] >= t.FixedElems() {
		return types.Null, pgerr.New(pgerr.ArraySubscriptError, "array subscript out of range")
	}
	return t.SetFixedElem(a, at[0], v), nil
}

// intBounds evaluates subscripts; set is false where one is left out.
func intBounds(fns []Fn) (vals []int, set []bool, err error) {
	vals, set = make([]int, len(fns)), make([]bool, len(fns))
	for i, fn := range fns {
		if fn == nil {
			continue
		}
		v, err := fn()
		if err != nil {
			return nil, nil, err
		}
		if v.IsNull() {
			return nil, nil, pgerr.New(pgerr.NullValueNotAllowed, "array subscript in assignment must not be null")
		}
		vals[i], set[i] = int(v.Int()), true
	}
	return vals, set, nil
}

func subscriptError() error {
	return pgerr.New(pgerr.ArraySubscriptError, "array subscript out of range")
}

// extend makes a one-dimensional array reach from lo to hi.
func extend(dim tuple.ArrayDim, vals []types.Datum, lo, hi int) (tuple.ArrayDim, []types.Datum, error) {
	if len(vals) == 0 {
		dim = tuple.ArrayDim{Lower: lo}
	}
	if lo < dim.Lower {
		if dim.Lower-lo+len(vals) > maxArraySize {
			return dim, nil, arraySizeError()
		}
		grown := nulls(dim.Lower - lo)
		vals, dim.Lower = append(grown, vals...), lo
	}
	if end := dim.Lower + len(vals) - 1; hi > end {
		if hi-dim.Lower+1 > maxArraySize {
			return dim, nil, arraySizeError()
		}
		vals = append(vals, nulls(hi-end)...)
	}
	dim.Len = len(vals)
	return dim, vals, nil
}

func arraySizeError() error {
	return pgerr.New(pgerr.ProgramLimitExceeded, "array size exceeds the maximum allowed (%d)", maxArraySize)
}

func nulls(n int) []types.Datum {
	out := make([]types.Datum, n)
	for i := range out {
		out[i] = types.Null
	}
	return out
}

func assignElement(elem *types.Type, a types.Datum, at []int, v types.Datum) (types.Datum, error) {
	var dims []tuple.ArrayDim
	var vals []types.Datum
	if !a.IsNull() {
		dims, vals = tuple.Array(a.Bytes()).Dims(nil), tuple.Array(a.Bytes()).Elems(nil)
	}
	if len(dims) == 0 {
		dims = make([]tuple.ArrayDim, len(at))
		for i := range dims {
			dims[i] = tuple.ArrayDim{Len: 1, Lower: at[i]}
		}
		return types.MakeArrayDims(elem, dims, []types.Datum{v}), nil
	}
	if len(dims) != len(at) {
		return types.Null, pgerr.New(pgerr.ArraySubscriptError, "wrong number of array subscripts")
	}
	if len(dims) == 1 {
		var err error
		if dims[0], vals, err = extend(dims[0], vals, at[0], at[0]); err != nil {
			return types.Null, err
		}
	}
	pos := 0
	for i, d := range dims {
		k := at[i] - d.Lower
		if k < 0 || k >= d.Len {
			return types.Null, subscriptError()
		}
		pos = pos*d.Len + k
	}
	vals[pos] = v
	return types.MakeArrayDims(elem, dims, vals), nil
}

// assignSlice puts the elements of array v, in its own order, into a slice. A NULL v changes nothing.
func assignSlice(elem *types.Type, a types.Datum, lo []int, loSet []bool, up []int, upSet []bool, v types.Datum) (types.Datum, error) {
	if v.IsNull() {
		return a, nil
	}
	src := tuple.Array(v.Bytes()).Elems(nil)
	var dims []tuple.ArrayDim
	var vals []types.Datum
	if !a.IsNull() {
		dims, vals = tuple.Array(a.Bytes()).Dims(nil), tuple.Array(a.Bytes()).Elems(nil)
	}
	if len(dims) == 0 {
		dims = make([]tuple.ArrayDim, len(up))
		n := 1
		for i := range up {
			if !upSet[i] || !loSet[i] {
				return types.Null, pgerr.New(pgerr.ArraySubscriptError, "array slice subscript must provide both boundaries").
					WithDetail("When assigning to a slice of an empty array value, slice boundaries must be fully specified.")
			}
			if lo[i] > up[i] {
				return types.Null, pgerr.New(pgerr.ArraySubscriptError, "upper bound cannot be less than lower bound")
			}
			dims[i] = tuple.ArrayDim{Len: up[i] - lo[i] + 1, Lower: lo[i]}
			n *= dims[i].Len
		}
		if len(src) < n {
			return types.Null, pgerr.New(pgerr.ArraySubscriptError, "source array too small")
		}
		return types.MakeArrayDims(elem, dims, src[:n]), nil
	}
	if len(up) > len(dims) {
		return types.Null, pgerr.New(pgerr.ArraySubscriptError, "wrong number of array subscripts")
	}
	from, to := make([]int, len(dims)), make([]int, len(dims))
	for i, d := range dims {
		from[i], to[i] = d.Lower, d.Lower+d.Len-1
		if i < len(up) && upSet[i] {
			to[i] = up[i]
		}
		if i < len(lo) && loSet[i] {
			from[i] = lo[i]
		}
		if from[i] > to[i] {
			return types.Null, pgerr.New(pgerr.ArraySubscriptError, "upper bound cannot be less than lower bound")
		}
		if len(dims) > 1 && (from[i] < d.Lower || to[i] > d.Lower+d.Len-1) {
			return types.Null, subscriptError()
		}
	}
	n := 1
	for i := range dims {
		n *= to[i] - from[i] + 1
	}
	if len(src) < n {
		return types.Null, pgerr.New(pgerr.ArraySubscriptError, "source array too small")
	}
	if len(dims) == 1 {
		var err error
		if dims[0], vals, err = extend(dims[0], vals, from[0], to[0]); err != nil {
			return types.Null, err
		}
	}
	var walk func(dim, pos int)
	walk = func(dim, pos int) {
		if dim == len(dims) {
			vals[pos], src = src[0], src[1:]
			return
		}
		for k := from[dim]; k <= to[dim]; k++ {
			walk(dim+1, pos*dims[dim].Len+k-dims[dim].Lower)
		}
	}
	walk(0, 0)
	return types.MakeArrayDims(elem, dims, vals), nil
}

// jsonbSet is pg_proc's jsonb_set, which assignment to a jsonb subscript means (manual: 8.14.5).
const jsonbSet = 3305

func (b *Builder) jsonbAssign(x *plan.SubscriptAssign, arg, val Fn, subs []Fn) (Operand, error) {
	f, err := builtin.Lookup(jsonbSet)
	if err != nil {
		return Operand{}, err
	}
	ts := make([]*types.Type, len(subs))
	for i, e := range x.Upper {
		if ts[i], err = b.TypeOf(e.Type().OID); err != nil {
			return Operand{}, err
		}
	}
	c := b.NewCall(jsonbSet, nil, x.T, 0)
	c.ArgTypes = []types.OID{types.JSONB, types.Lookup(types.Text).Array, types.JSONB, types.Bool}
	in := b.run
	return fnOperand(func() (types.Datum, error) {
		a, err := arg()
		if err != nil {
			return types.Null, err
		}
		path := make([]types.Datum, len(subs))
		for i, fn := range subs {
			d, err := fn()
			if err != nil {
				return types.Null, err
			}
			if d.IsNull() {
				return types.Null, pgerr.New(pgerr.NullValueNotAllowed, "jsonb subscript in assignment must not be null")
			}
			path[i] = tuple.Bytes(ts[i].AppendText(nil, d, in.EC.Env))
		}
		v, err := val()
		if err != nil {
			return types.Null, err
		}
		if v.IsNull() {
			v = tuple.String("null")
		}
		if a.IsNull() {
			a = tuple.String("{}")
			if len(subs) > 0 && ts[0].Category == types.CategoryNumeric {
				a = tuple.String("[]")
			}
		}
		return f.Fn(c, []types.Datum{a, types.MakeArray(types.Lookup(types.Text), path), v, tuple.Bool(true)})
	}), nil
}

func (b *Builder) fieldAssign(x *plan.FieldAssign) (Operand, error) {
	t, err := b.TypeOf(x.T.OID)
	if err != nil {
		return Operand{}, err
	}
	ts := make([]*types.Type, len(t.Attrs))
	for i, a := range t.Attrs {
		if ts[i], err = b.TypeOf(a.Type); err != nil {
			return Operand{}, err
		}
	}
	if x.Field >= len(ts) {
		return Operand{}, pgerr.Internal("type %s has no field %d", t.Name, x.Field)
	}
	arg, err := b.Fn(x.Arg)
	if err != nil {
		return Operand{}, err
	}
	val, err := b.Fn(x.Val)
	if err != nil {
		return Operand{}, err
	}
	return fnOperand(func() (types.Datum, error) {
		a, err := arg()
		if err != nil {
			return types.Null, err
		}
		vals := nulls(len(ts))
		if !a.IsNull() {
			r := tuple.Record(a.Bytes())
			for i := range min(r.Len(), len(vals)) {
				vals[i] = r.Field(i).Value
			}
		}
		if vals[x.Field], err = val(); err != nil {
			return types.Null, err
		}
		return types.MakeRecord(ts, vals), nil
	}), nil
}

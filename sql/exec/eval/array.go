package eval

import (
	"slices"

	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/collation"
	"github.com/tarndb/tarn/storage/tuple"
)

func (b *Builder) arrayCtor(x *plan.ArrayCtor) (Operand, error) {
	elem, err := b.TypeOf(x.Elem.OID)
	if err != nil {
		return Operand{}, err
	}
	args, err := b.Exprs(x.Elems)
	if err != nil {
		return Operand{}, err
	}
	fns := make([]Fn, len(args))
	for i := range args {
		fns[i] = args[i].eval(&b.run.F)
	}
	vals := make([]types.Datum, len(fns))
	load := func() error {
		for i, fn := range fns {
			var err error
			if vals[i], err = fn(); err != nil {
				return err
			}
		}
		return nil
	}
	if x.Multi {
		if elem.IsArray() {
			if elem, err = b.TypeOf(elem.Elem); err != nil {
				return Operand{}, err
			}
		}
		return fnOperand(func() (types.Datum, error) {
			if err := load(); err != nil {
				return types.Null, err
			}
			return NestArrays(elem, vals)
		}), nil
	}
	fn := func() (types.Datum, error) {
		if err := load(); err != nil {
			return types.Null, err
		}
		return types.MakeArray(elem, vals), nil
	}
	if allFixed(args) {
		return b.once(fn), nil
	}
	return fnOperand(fn), nil
}

// NestArrays makes an array of one more dimension. NULL and empty members count as empty arrays.
func NestArrays(elem *types.Type, members []types.Datum) (types.Datum, error) {
	var dims []tuple.ArrayDim
	var vals []types.Datum
	empty := false
	for _, m := range members {
		if m.IsNull() || tuple.Array(m.Bytes()).NumDims() == 0 {
			empty = true
			continue
		}
		a := tuple.Array(m.Bytes())
		inner := a.Dims(nil)
		if dims == nil {
			if len(inner)+1 > tuple.MaxArrayDims {
				return types.Null, pgerr.New(pgerr.ProgramLimitExceeded, "number of array dimensions (%d) exceeds the maximum allowed (%d)", len(inner)+1, tuple.MaxArrayDims)
			}
			dims = append([]tuple.ArrayDim{{Len: len(members), Lower: 1}}, inner...)
		} else if !slices.Equal(dims[1:], inner) {
			return types.Null, dimsError()
		}
		vals = a.Elems(vals)
	}
	switch {
	case dims == nil:
		return types.MakeArray(elem, nil), nil
	case empty:
		return types.Null, dimsError()
	}
	return types.MakeArrayDims(elem, dims, vals), nil
}

func dimsError() error {
	return pgerr.New(pgerr.ArraySubscriptError, "multidimensional arrays must have array expressions with matching dimensions")
}

func (b *Builder) arrayCoerce(x *plan.ArrayCoerce) (Operand, error) {
	arg, err := b.Expr(x.Arg)
	if err != nil {
		return Operand{}, err
	}
	y, err := b.TypeOf(x.T.OID)
	if err != nil {
		return Operand{}, err
	}
	elem, err := b.TypeOf(y.Elem)
	if err != nil {
		return Operand{}, err
	}
	in := b.Slot(x.ElemCol)
	conv, err := b.Fn(x.Elem)
	if err != nil {
		return Operand{}, err
	}
	f, fn := &b.run.F, arg.eval(&b.run.F)
	return fnOperand(func() (types.Datum, error) {
		v, err := fn()
		if err != nil || v.IsNull() {
			return types.Null, err
		}
		a := tuple.Array(v.Bytes())
		vals := a.Elems(nil)
		for i := range vals {
			f.S[in] = vals[i]
			if vals[i], err = conv(); err != nil {
				return types.Null, err
			}
		}
		if len(vals) == 0 {
			return types.MakeArray(elem, nil), nil
		}
		return types.MakeArrayDims(elem, a.Dims(nil), vals), nil
	}), nil
}

// subscript reads an element or a slice; what is outside of the array is NULL, or empty for a slice (manual: 8.15.3).
func (b *Builder) subscript(x *plan.Subscript) (Operand, error) {
	argType := x.Arg.Type().OID
	if argType == types.JSONB {
		return b.jsonbSubscript(x)
	}
	arg, err := b.Fn(x.Arg)
	if err != nil {
		return Operand{}, err
	}
	upper, err := b.Fns(x.Upper)
	if err != nil {
		return Operand{}, err
	}
	if y, err := b.TypeOf(argType); err == nil && y.Subscript == types.HstoreSubscriptHandler {
		return fnOperand(func() (types.Datum, error) { return hstoreValue(arg, upper[0]) }), nil
	}
	if y, err := b.TypeOf(argType); err == nil && y.FixedElems() > 0 {
		if x.Slice {
			return Operand{}, errFixedSlice()
		}
		return fnOperand(func() (types.Datum, error) { return fixedElement(y, arg, upper) }), nil
	}
	if !x.Slice {
		return fnOperand(func() (types.Datum, error) { return element(arg, upper) }), nil
	}
	lower, err := b.Fns(x.Lower)
	if err != nil {
		return Operand{}, err
	}
	y, err := b.TypeOf(argType)
	if err != nil {
		return Operand{}, err
	}
	elem, err := b.TypeOf(y.Elem)
	if err != nil {
		return Operand{}, err
	}
	return fnOperand(func() (types.Datum, error) { return slice(elem, arg, lower, upper) }), nil
}

func errFixedSlice() error {
	return pgerr.New(pgerr.FeatureNotSupported, "slices of fixed-length arrays not implemented")
}

// fixedElement is a part of a point, box …; NULL beyond its parts.
func fixedElement(t *types.Type, arg Fn, subs []Fn) (types.Datum, error) {
	v, err := arg()
	if err != nil || v.IsNull() {
		return types.Null, err
	}
	for i, sub := range subs {
		at, err := sub()
		if err != nil || at.IsNull() {
			return types.Null, err
		}
		if i == 0 && len(subs) == 1 && at.Int() >= 0 && at.Int() < int64(t.FixedElems()) {
			return t.FixedElem(v, int(at.Int())), nil
		}
	}
	return types.Null, nil
}

func element(arg Fn, subs []Fn) (types.Datum, error) {
	v, err := arg()
	if err != nil || v.IsNull() {
		return types.Null, err
	}
	a := tuple.Array(v.Bytes())
	pos, outside := 0, a.NumDims() != len(subs)
	for i, sub := range subs {
		s, err := sub()
		if err != nil || s.IsNull() {
			return types.Null, err
		}
		if outside {
			continue
		}
		d := a.Dim(i)
		at := int(s.Int()) - d.Lower
		if at < 0 || at >= d.Len {
			outside = true
			continue
		}
		pos = pos*d.Len + at
	}
	if outside {
		return types.Null, nil
	}
	return a.Elem(pos), nil
}

func slice(elem *types.Type, arg Fn, lower, upper []Fn) (types.Datum, error) {
	v, err := arg()
	if err != nil || v.IsNull() {
		return types.Null, err
	}
	a := tuple.Array(v.Bytes())
	n := a.NumDims()
	empty := n == 0 || len(upper) > n
	var lo, hi [tuple.MaxArrayDims]int // offsets, hi included
	for i := range n {
		lo[i], hi[i] = 0, a.Dim(i).Len-1
	}
	for i := range upper {
		for side, fns := range [2][]Fn{lower, upper} {
			if i >= len(fns) || fns[i] == nil {
				continue
			}
			s, err := fns[i]()
			if err != nil || s.IsNull() {
				return types.Null, err
			}
			if empty {
				continue
			}
			at := int(s.Int()) - a.Dim(i).Lower
			if side == 0 {
				lo[i] = max(0, at)
			} else {
				hi[i] = min(hi[i], at)
			}
		}
	}
	dims := make([]tuple.ArrayDim, n)
	for i := range n {
		if lo[i] > hi[i] {
			empty = true
		}
		dims[i] = tuple.ArrayDim{Len: hi[i] - lo[i] + 1, Lower: 1}
	}
	if empty {
		return types.MakeArray(elem, nil), nil
	}
	var vals []types.Datum
	var walk func(dim, pos int)
	walk = func(dim, pos int) {
		if dim == n {
			vals = append(vals, a.Elem(pos))
			return
		}
		for i := lo[dim]; i <= hi[dim]; i++ {
			walk(dim+1, pos*a.Dim(dim).Len+i)
		}
	}
	walk(0, 0)
	return types.MakeArrayDims(elem, dims, vals), nil
}

// jsonbExtractPath is pg_proc's jsonb_extract_path, which subscripting of jsonb means (manual: 8.14.5).
const jsonbExtractPath = 3217

func (b *Builder) jsonbSubscript(x *plan.Subscript) (Operand, error) {
	if x.Slice {
		return Operand{}, pgerr.New(pgerr.DatatypeMismatch, "jsonb subscript does not support slices")
	}
	f, err := builtin.Lookup(jsonbExtractPath)
	if err != nil {
		return Operand{}, err
	}
	arg, err := b.Fn(x.Arg)
	if err != nil {
		return Operand{}, err
	}
	type sub struct {
		fn Fn
		t  *types.Type
	}
	subs := make([]sub, len(x.Upper))
	for i, e := range x.Upper {
		if subs[i].fn, err = b.Fn(e); err != nil {
			return Operand{}, err
		}
		if subs[i].t, err = b.TypeOf(e.Type().OID); err != nil {
			return Operand{}, err
		}
	}
	c := b.NewCall(jsonbExtractPath, nil, x.T, 0)
	c.ArgTypes = []types.OID{types.JSONB, types.Lookup(types.Text).Array}
	path, args, in := make([]types.Datum, len(subs)), make([]types.Datum, 2), b.run
	return fnOperand(func() (types.Datum, error) {
		v, err := arg()
		if err != nil || v.IsNull() {
			return types.Null, err
		}
		for i, s := range subs {
			d, err := s.fn()
			if err != nil || d.IsNull() {
				return types.Null, err
			}
			path[i] = tuple.Bytes(s.t.AppendText(nil, d, in.EC.Env))
		}
		args[0], args[1] = v, types.MakeArray(types.Lookup(types.Text), path)
		return f.Fn(c, args)
	}), nil
}

// hashedElems is from how many elements on IN (list) uses a hash table, as PostgreSQL's MIN_ARRAY_SIZE_FOR_HASHED_SAOP.
const hashedElems = 9

// scalarArrayOp is x op ANY|ALL (array).
func (b *Builder) scalarArrayOp(x *plan.ScalarArrayOp) (Cond, error) {
	f := &b.run.F
	left, err := b.Expr(x.Call.Args[0])
	if err != nil {
		return nil, err
	}
	ls, es := f.Add(), f.Add()
	load := left.Store(f, ls)
	test, err := b.callOn(x.Call, []Operand{{Slot: ls}, {Slot: es}})
	if err != nil {
		return nil, err
	}
	cond := b.Truth(test)
	if c, ok := b.compareProc(x.Call); ok {
		cond = b.compare(c, Operand{Slot: ls}, Operand{Slot: es})
	}
	decided, undecided := True, False
	if x.All {
		decided, undecided = False, True
	}
	// each tests one element: stop says that the answer is known.
	each := func(v types.Datum, out *Tri) (stop bool, err error) {
		f.S[es] = v
		t, err := cond()
		if err != nil {
			return true, err
		}
		if t == decided {
			*out = decided
			return true, nil
		}
		if t == Null {
			*out = Null
		}
		return false, nil
	}
	if ctor, ok := x.Call.Args[1].(*plan.ArrayCtor); ok && !ctor.Multi {
		elems, err := b.Exprs(ctor.Elems)
		if err != nil {
			return nil, err
		}
		if c, ok := b.compareProc(x.Call); ok && c.op == opEQ && !x.All && allFixed(elems) && len(elems) >= hashedElems {
			return b.hashedAny(c, ls, load, func(dst []types.Datum) ([]types.Datum, bool, error) {
				for i := range elems {
					v, err := elems[i].eval(f)()
					if err != nil {
						return dst, false, err
					}
					dst = append(dst, v)
				}
				return dst, true, nil
			}), nil
		}
		fns := make([]Fn, len(elems))
		for i := range elems {
			fns[i] = elems[i].eval(f)
		}
		return func() (Tri, error) {
			if err := load(); err != nil {
				return Null, err
			}
			out := undecided
			for _, fn := range fns {
				v, err := fn()
				if err != nil {
					return Null, err
				}
				if stop, err := each(v, &out); stop {
					return out, err
				}
			}
			return out, nil
		}, nil
	}
	arr, err := b.Expr(x.Call.Args[1])
	if err != nil {
		return nil, err
	}
	fn := arr.eval(f)
	if c, ok := b.compareProc(x.Call); ok && c.op == opEQ && !x.All && arr.Fixed {
		return b.hashedAny(c, ls, load, func(dst []types.Datum) ([]types.Datum, bool, error) {
			v, err := fn()
			if err != nil || v.IsNull() {
				return dst, false, err
			}
			return tuple.Array(v.Bytes()).Elems(dst), true, nil
		}), nil
	}
	return func() (Tri, error) {
		if err := load(); err != nil {
			return Null, err
		}
		v, err := fn()
		if err != nil || v.IsNull() {
			return Null, err
		}
		a, out := tuple.Array(v.Bytes()), undecided
		for i, n := 0, a.Len(); i < n; i++ {
			if stop, err := each(a.Elem(i), &out); stop {
				return out, err
			}
		}
		return out, nil
	}, nil
}

// hashedAny looks a value up in a set that is built once per execution. elems gives the set's values; ok false: the
// array itself is NULL.
func (b *Builder) hashedAny(c fastCmp, slot int, load func() error, elems func([]types.Datum) ([]types.Datum, bool, error)) Cond {
	in, f := b.run, &b.run.F
	var (
		gen   uint64
		null  bool // the array is NULL
		nulls bool // an element is
		vals  []types.Datum
		set   datumSet
	)
	build := func() error {
		var ok bool
		var err error
		vals, ok, err = elems(vals[:0])
		if err != nil {
			return err
		}
		null, nulls = !ok, false
		set.reset(c, len(vals))
		for _, v := range vals {
			if v.IsNull() {
				nulls = true
				continue
			}
			set.add(v)
		}
		gen = in.Gen
		return nil
	}
	return func() (Tri, error) {
		if err := load(); err != nil {
			return Null, err
		}
		if gen != in.Gen {
			if err := build(); err != nil {
				return Null, err
			}
		}
		v := f.S[slot]
		switch {
		case null:
			return Null, nil
		case len(vals) == 0:
			return False, nil
		case v.IsNull():
			return Null, nil
		case set.has(v):
			return True, nil
		case nulls:
			return Null, nil
		}
		return False, nil
	}
}

// datumSet is a set of values of one kind, none of them NULL. It refers to the values' bytes.
type datumSet struct {
	kind  tuple.Kind
	coll  *collation.Collator
	table []types.Datum // open addressing; NULL: free
	mask  uint64
}

func (s *datumSet) reset(c fastCmp, n int) {
	size := 8
	for size < 2*n {
		size *= 2
	}
	s.kind, s.coll, s.mask = c.kind, c.coll, uint64(size-1)
	if cap(s.table) < size {
		s.table = make([]types.Datum, size)
	}
	s.table = s.table[:size]
	for i := range s.table {
		s.table[i] = types.Null
	}
}

func (s *datumSet) find(v types.Datum) (at uint64, found bool) {
	at = types.HashOrdered(s.coll, s.kind, v, 0) & s.mask
	for ; !s.table[at].IsNull(); at = (at + 1) & s.mask {
		if types.EqualOrdered(s.coll, s.kind, s.table[at], v) {
			return at, true
		}
	}
	return at, false
}

func (s *datumSet) has(v types.Datum) bool {
	_, ok := s.find(v)
	return ok
}

func (s *datumSet) add(v types.Datum) {
	if at, ok := s.find(v); !ok {
		s.table[at] = v
	}
}

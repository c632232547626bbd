package exec

import (
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/exec/spill"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// subPlan is a subquery of an expression. What it has computed is kept while the outer columns that it reads have the
// same values: for the whole execution if there are none.
type subPlan struct {
	in   *instance
	root operator
	cols []plan.Col
	out  []int
	deps *deps // nil: volatile, computed anew each time
	memo *memo // nil: nothing to remember
	val  types.Datum
}

func (b *builder) subPlan(x *plan.Subquery) (*subPlan, error) {
	if x.Plan == nil {
		return nil, pgerr.Internal("subquery without plan")
	}
	// The subquery may run many times: what it builds knows what it depends on.
	root, err := b.rescanned(x.Plan)
	if err != nil {
		return nil, err
	}
	b.in.subs = append(b.in.subs, root)
	s := &subPlan{in: b.in, root: root, cols: x.Plan.Cols()}
	if x.Rel != nil && len(x.Rel.Cols()) > 0 {
		s.cols = x.Rel.Cols()
	}
	s.out = b.ColSlots(s.cols)
	b.rescan++
	s.deps = b.deps(x.Plan)
	b.rescan--
	if len(s.deps.slots) > 0 && collectNode(x.Plan).volatile {
		s.deps = nil
	}
	s.memo = newMemo(s.deps)
	return s, nil
}

// each runs the subquery until f returns false.
func (s *subPlan) each(f func() (bool, error)) error {
	if err := s.root.open(); err != nil {
		return err
	}
	for {
		ok, err := s.root.next()
		if !ok || err != nil {
			return err
		}
		if err := s.in.Tick(); err != nil {
			return err
		}
		if ok, err = f(); !ok || err != nil {
			return err
		}
	}
}

func (b *builder) Subquery(x *plan.Subquery) (eval.Operand, error) {
	switch x.Kind {
	case plan.SubExists, plan.SubAny, plan.SubAll:
		c, err := b.SubqueryCond(x)
		if err != nil {
			return eval.Operand{}, err
		}
		return eval.CondOperand(c), nil
	}
	s, err := b.subPlan(x)
	if err != nil {
		return eval.Operand{}, err
	}
	var compute func() (types.Datum, error)
	switch x.Kind {
	case plan.SubScalar:
		compute = func() (types.Datum, error) {
			val, n := types.Null, 0
			err := s.each(func() (bool, error) {
				if n++; n > 1 {
					return false, pgerr.New(pgerr.CardinalityViolation, "more than one row returned by a subquery used as an expression")
				}
				val = s.in.F.S[s.out[0]].Clone()
				return true, nil
			})
			return val, err
		}
	case plan.SubArray:
		elem, err := b.TypeOf(s.cols[0].T.OID)
		if err != nil {
			return eval.Operand{}, err
		}
		inner := elem
		if elem.IsArray() {
			if inner, err = b.TypeOf(elem.Elem); err != nil {
				return eval.Operand{}, err
			}
		}
		compute = func() (types.Datum, error) {
			var vals []types.Datum
			var keep frame.Arena
			err := s.each(func() (bool, error) {
				vals = append(vals, keep.Clone(s.in.F.S[s.out[0]]))
				return true, nil
			})
			if err != nil {
				return types.Null, err
			}
			if elem.IsArray() {
				return eval.NestArrays(inner, vals)
			}
			return types.MakeArray(elem, vals), nil
		}
	case plan.SubRow:
		ts := make([]*types.Type, len(s.cols))
		for i, c := range s.cols {
			if ts[i], err = b.TypeOf(c.T.OID); err != nil {
				return eval.Operand{}, err
			}
		}
		vals := make([]types.Datum, len(ts))
		compute = func() (types.Datum, error) {
			val, n := types.Null, 0
			err := s.each(func() (bool, error) {
				if n++; n > 1 {
					return false, pgerr.New(pgerr.CardinalityViolation, "more than one row returned by a subquery used as an expression")
				}
				for i, slot := range s.out {
					vals[i] = s.in.F.S[slot]
				}
				val = types.MakeRecord(ts, vals)
				return true, nil
			})
			return val, err
		}
	default:
		return eval.Operand{}, pgerr.Internal("subquery of kind %d", x.Kind)
	}
	return eval.Operand{Fixed: s.deps != nil && len(s.deps.slots) == 0, Fn: func() (types.Datum, error) {
		if s.deps.same() {
			return s.val, nil
		}
		s.deps.drop()
		v, ok := s.memo.get()
		if !ok {
			var err error
			if v, err = compute(); err != nil {
				return types.Null, err
			}
			s.memo.put(v)
		}
		s.val = v
		s.deps.keep()
		return v, nil
	}}, nil
}

func (b *builder) SubqueryCond(x *plan.Subquery) (eval.Cond, error) {
	switch x.Kind {
	case plan.SubExists:
		if x.Test != nil {
			return b.quantified(x)
		}
		s, err := b.subPlan(x)
		if err != nil {
			return nil, err
		}
		return s.exists(), nil
	case plan.SubAny, plan.SubAll:
		return b.quantified(x)
	}
	o, err := b.Subquery(x)
	if err != nil {
		return nil, err
	}
	return b.Truth(o), nil
}

func (s *subPlan) exists() eval.Cond {
	found := eval.False
	return func() (eval.Tri, error) {
		if s.deps.same() {
			return found, nil
		}
		s.deps.drop()
		got := eval.False
		if v, ok := s.memo.get(); ok {
			if v.Bool() {
				got = eval.True
			}
		} else {
			err := s.each(func() (bool, error) {
				got = eval.True
				return false, nil
			})
			if err != nil {
				return eval.Null, err
			}
			s.memo.put(tuple.Bool(got == eval.True))
		}
		found = got
		s.deps.keep()
		return found, nil
	}
}

// quantified is x op ANY|ALL (subquery). The subquery's rows are kept on a tape, for an equality also in a hash table:
// the rows without NULL in the table, the others by number. A tested EXISTS is the same with NULL for false.
type quantified struct {
	s         *subPlan
	test      eval.Cond
	all       bool
	exists    bool // what is not known is false
	tape      spill.Tape
	left      []eval.Fn // of a hashed test
	leftSlots []int
	table     spill.Table
	nulls     []int
}

func (b *builder) quantified(x *plan.Subquery) (eval.Cond, error) {
	s, err := b.subPlan(x)
	if err != nil {
		return nil, err
	}
	q := &quantified{s: s, all: x.Kind == plan.SubAll, exists: x.Kind == plan.SubExists}
	q.tape = spill.NewTape(&b.in.budget, &b.in.F, s.out)
	if q.test, err = b.Cond(x.Test); err != nil {
		return nil, err
	}
	b.in.subs = append(b.in.subs, &tapeCloser{q})
	if x.Kind != plan.SubAll {
		if err := b.hashedTest(q, x.Test); err != nil {
			return nil, err
		}
	}
	return q.eval, nil
}

// hashedTest recognises expression = column, or several of them with AND, that cover all columns of the subquery.
func (b *builder) hashedTest(q *quantified, test plan.Expr) error {
	parts := []plan.Expr{test}
	if and, ok := test.(*plan.BoolOp); ok && and.Kind == plan.And {
		parts = and.Args
	}
	own := map[plan.ColID]bool{}
	for _, c := range q.s.cols {
		own[c.ID] = true
	}
	var keys []spill.KeyCol
	var left []eval.Fn
	for _, p := range parts {
		call, ok := p.(*plan.FuncCall)
		if !ok || len(call.Args) != 2 {
			return nil
		}
		kind, coll, ok := b.EqualityCall(call)
		if !ok {
			return nil
		}
		ref, ok := plan.StripRelabel(call.Args[1]).(*plan.ColRef)
		if !ok || !own[ref.Col] {
			return nil
		}
		sc := newScope()
		sc.expr(call.Args[0])
		if sc.volatile {
			return nil
		}
		for id := range sc.used {
			if own[id] {
				return nil
			}
		}
		fn, err := b.Fn(call.Args[0])
		if err != nil {
			return err
		}
		keys = append(keys, spill.KeyCol{Slot: b.Slot(ref.Col), Kind: kind, Coll: coll})
		left = append(left, fn)
	}
	q.left = left
	q.table = spill.NewTable(&b.in.F, keys)
	for _, k := range keys {
		q.leftSlots = append(q.leftSlots, k.Slot)
	}
	return nil
}

// load reads the subquery.
func (q *quantified) load() error {
	s := q.s
	s.deps.drop()
	q.tape.Reset()
	q.table.Reset()
	q.nulls = q.nulls[:0]
	err := s.each(func() (bool, error) {
		if q.left != nil {
			null := false
			for _, slot := range q.leftSlots {
				null = null || s.in.F.S[slot].IsNull()
			}
			if null {
				q.nulls = append(q.nulls, q.tape.Len())
			} else {
				q.table.FindOrAdd()
			}
		}
		return true, q.tape.Add()
	})
	if err != nil {
		return err
	}
	s.deps.keep()
	return nil
}

func (q *quantified) eval() (eval.Tri, error) {
	if !q.s.deps.same() {
		if err := q.load(); err != nil {
			return eval.Null, err
		}
	}
	var t eval.Tri
	var err error
	if q.left != nil {
		t, err = q.lookUp()
	} else {
		t, err = q.scan(nil)
	}
	if q.exists && t == eval.Null {
		t = eval.False
	}
	return t, err
}

// scan tests all rows, or the listed ones.
func (q *quantified) scan(only []int) (eval.Tri, error) {
	out, decided := eval.False, eval.True
	if q.all {
		out, decided = eval.True, eval.False
	}
	n := q.tape.Len()
	if only != nil {
		n = len(only)
	}
	for i := range n {
		at := i
		if only != nil {
			at = only[i]
		}
		if err := q.tape.Load(at, q.s.out); err != nil {
			return eval.Null, err
		}
		t, err := q.test()
		if err != nil {
			return eval.Null, err
		}
		if t == decided {
			return decided, nil
		}
		if t == eval.Null {
			out = eval.Null
		}
		if err := q.s.in.Tick(); err != nil {
			return eval.Null, err
		}
	}
	return out, nil
}

func (q *quantified) lookUp() (eval.Tri, error) {
	if q.tape.Len() == 0 {
		return eval.False, nil
	}
	f, null := &q.s.in.F, false
	vals := make([]tuple.Value, 0, 4)
	for _, fn := range q.left {
		v, err := fn()
		if err != nil {
			return eval.Null, err
		}
		null = null || v.IsNull()
		vals = append(vals, v)
	}
	if null {
		if len(q.left) == 1 || q.exists {
			return eval.Null, nil
		}
		return q.scan(nil)
	}
	f.Put(q.leftSlots, vals)
	if q.table.Find(q.table.Hash()) >= 0 {
		return eval.True, nil
	}
	if len(q.nulls) == 0 {
		return eval.False, nil
	}
	if len(q.left) == 1 || q.exists {
		return eval.Null, nil
	}
	return q.scan(q.nulls)
}

// tapeCloser gives up a quantified subquery's rows with the execution.
type tapeCloser struct{ q *quantified }

func (t *tapeCloser) open() error         { return nil }
func (t *tapeCloser) next() (bool, error) { return false, nil }
func (t *tapeCloser) close() {
	t.q.tape.Reset()
	t.q.table.Reset()
	t.q.s.deps.drop()
}

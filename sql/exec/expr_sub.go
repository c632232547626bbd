package exec

import (
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
	s.out = b.colSlots(s.cols)
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

func (b *builder) Subquery(x *plan.Subquery) (operand, error) {
	switch x.Kind {
	case plan.SubExists, plan.SubAny, plan.SubAll:
		c, err := b.SubqueryCond(x)
		if err != nil {
			return operand{}, err
		}
		return condOperand(c), nil
	}
	s, err := b.subPlan(x)
	if err != nil {
		return operand{}, err
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
				val = s.in.F.s[s.out[0]].Clone()
				return true, nil
			})
			return val, err
		}
	case plan.SubArray:
		elem, err := b.typeOf(s.cols[0].T.OID)
		if err != nil {
			return operand{}, err
		}
		inner := elem
		if elem.IsArray() {
			if inner, err = b.typeOf(elem.Elem); err != nil {
				return operand{}, err
			}
		}
		compute = func() (types.Datum, error) {
			var vals []types.Datum
			var keep arena
			err := s.each(func() (bool, error) {
				vals = append(vals, keep.clone(s.in.F.s[s.out[0]]))
				return true, nil
			})
			if err != nil {
				return types.Null, err
			}
			if elem.IsArray() {
				return nestArrays(inner, vals)
			}
			return types.MakeArray(elem, vals), nil
		}
	case plan.SubRow:
		ts := make([]*types.Type, len(s.cols))
		for i, c := range s.cols {
			if ts[i], err = b.typeOf(c.T.OID); err != nil {
				return operand{}, err
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
					vals[i] = s.in.F.s[slot]
				}
				val = types.MakeRecord(ts, vals)
				return true, nil
			})
			return val, err
		}
	default:
		return operand{}, pgerr.Internal("subquery of kind %d", x.Kind)
	}
	return operand{fixed: s.deps != nil && len(s.deps.slots) == 0, fn: func() (types.Datum, error) {
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

func (b *builder) SubqueryCond(x *plan.Subquery) (condFn, error) {
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
	return b.truth(o), nil
}

func (s *subPlan) exists() condFn {
	found := triFalse
	return func() (tri, error) {
		if s.deps.same() {
			return found, nil
		}
		s.deps.drop()
		got := triFalse
		if v, ok := s.memo.get(); ok {
			if v.Bool() {
				got = triTrue
			}
		} else {
			err := s.each(func() (bool, error) {
				got = triTrue
				return false, nil
			})
			if err != nil {
				return triNull, err
			}
			s.memo.put(tuple.Bool(got == triTrue))
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
	test      condFn
	all       bool
	exists    bool // what is not known is false
	tape      tape
	left      []evalFn // of a hashed test
	leftSlots []int
	table     hashTable
	nulls     []int
}

func (b *builder) quantified(x *plan.Subquery) (condFn, error) {
	s, err := b.subPlan(x)
	if err != nil {
		return nil, err
	}
	q := &quantified{s: s, all: x.Kind == plan.SubAll, exists: x.Kind == plan.SubExists}
	q.tape = newTape(&b.in.budget, &b.in.F, s.out)
	if q.test, err = b.cond(x.Test); err != nil {
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
	var keys []keyCol
	var left []evalFn
	for _, p := range parts {
		call, ok := p.(*plan.FuncCall)
		if !ok || len(call.Args) != 2 {
			return nil
		}
		kind, ok := equality(call)
		if !ok {
			return nil
		}
		ref, ok := stripRelabel(call.Args[1]).(*plan.ColRef)
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
		fn, err := b.evalFor(call.Args[0])
		if err != nil {
			return err
		}
		keys = append(keys, keyCol{slot: b.slot(ref.Col), kind: kind})
		left = append(left, fn)
	}
	q.left = left
	q.table = newTable(&b.in.F, keys)
	for _, k := range keys {
		q.leftSlots = append(q.leftSlots, k.slot)
	}
	return nil
}

func stripRelabel(e plan.Expr) plan.Expr {
	for {
		r, ok := e.(*plan.Relabel)
		if !ok {
			return e
		}
		e = r.Arg
	}
}

// load reads the subquery.
func (q *quantified) load() error {
	s := q.s
	s.deps.drop()
	q.tape.reset()
	q.table.reset()
	q.nulls = q.nulls[:0]
	err := s.each(func() (bool, error) {
		if q.left != nil {
			null := false
			for _, slot := range q.leftSlots {
				null = null || s.in.F.s[slot].IsNull()
			}
			if null {
				q.nulls = append(q.nulls, q.tape.len())
			} else {
				q.table.findOrAdd()
			}
		}
		return true, q.tape.add()
	})
	if err != nil {
		return err
	}
	s.deps.keep()
	return nil
}

func (q *quantified) eval() (tri, error) {
	if !q.s.deps.same() {
		if err := q.load(); err != nil {
			return triNull, err
		}
	}
	var t tri
	var err error
	if q.left != nil {
		t, err = q.lookUp()
	} else {
		t, err = q.scan(nil)
	}
	if q.exists && t == triNull {
		t = triFalse
	}
	return t, err
}

// scan tests all rows, or the listed ones.
func (q *quantified) scan(only []int) (tri, error) {
	out, decided := triFalse, triTrue
	if q.all {
		out, decided = triTrue, triFalse
	}
	n := q.tape.len()
	if only != nil {
		n = len(only)
	}
	for i := range n {
		at := i
		if only != nil {
			at = only[i]
		}
		if err := q.tape.load(at, q.s.out); err != nil {
			return triNull, err
		}
		t, err := q.test()
		if err != nil {
			return triNull, err
		}
		if t == decided {
			return decided, nil
		}
		if t == triNull {
			out = triNull
		}
		if err := q.s.in.Tick(); err != nil {
			return triNull, err
		}
	}
	return out, nil
}

func (q *quantified) lookUp() (tri, error) {
	if q.tape.len() == 0 {
		return triFalse, nil
	}
	f, null := &q.s.in.F, false
	vals := make([]tuple.Value, 0, 4)
	for _, fn := range q.left {
		v, err := fn()
		if err != nil {
			return triNull, err
		}
		null = null || v.IsNull()
		vals = append(vals, v)
	}
	if null {
		if len(q.left) == 1 || q.exists {
			return triNull, nil
		}
		return q.scan(nil)
	}
	f.put(q.leftSlots, vals)
	if q.table.find(q.table.hash()) >= 0 {
		return triTrue, nil
	}
	if len(q.nulls) == 0 {
		return triFalse, nil
	}
	if len(q.left) == 1 || q.exists {
		return triNull, nil
	}
	return q.scan(q.nulls)
}

// tapeCloser gives up a quantified subquery's rows with the execution.
type tapeCloser struct{ q *quantified }

func (t *tapeCloser) open() error         { return nil }
func (t *tapeCloser) next() (bool, error) { return false, nil }
func (t *tapeCloser) close() {
	t.q.tape.reset()
	t.q.table.reset()
	t.q.s.deps.drop()
}

package exec

import (
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/storage/tuple"
)

// cond compiles an expression whose truth value is asked for.
func (b *exprBuilder) cond(e plan.Expr) (condFn, error) {
	switch x := e.(type) {
	case *plan.BoolOp:
		return b.boolOp(x)
	case *plan.NullTest:
		return b.nullTest(x)
	case *plan.BoolTest:
		return b.boolTest(x)
	case *plan.DistinctFrom:
		return b.distinctFrom(x)
	case *plan.ScalarArrayOp:
		return b.scalarArrayOp(x)
	case *plan.RowCompare:
		return b.rowCompare(x)
	case *plan.Relabel:
		return b.cond(x.Arg)
	case *plan.FuncCall:
		if !x.RetSet && len(x.Args) == 2 {
			args, err := b.exprs(x.Args)
			if err != nil {
				return nil, err
			}
			if c := b.fastCompare(x, args); c != nil {
				return c, nil
			}
			o, err := b.callOn(x, args)
			if err != nil {
				return nil, err
			}
			return b.truth(o), nil
		}
	case *plan.Subquery:
		if b.subs == nil {
			return nil, errNoSubqueries()
		}
		return b.subs.SubqueryCond(x)
	}
	o, err := b.expr(e)
	if err != nil {
		return nil, err
	}
	return b.truth(o), nil
}

func (b *exprBuilder) truth(o operand) condFn {
	if o.isSlot() {
		f, slot := &b.run.F, o.slot
		return func() (tri, error) { return triOf(f.s[slot]), nil }
	}
	fn := o.fn
	return func() (tri, error) {
		v, err := fn()
		if err != nil {
			return triNull, err
		}
		return triOf(v), nil
	}
}

// conds compiles a list of conditions that must all be true; nil for an empty list.
func (b *exprBuilder) conds(es []plan.Expr) (condFn, error) {
	cs, err := b.condList(es)
	if err != nil {
		return nil, err
	}
	return all(cs), nil
}

// condList compiles the arguments of AND or OR.
func (b *exprBuilder) condList(es []plan.Expr) ([]condFn, error) {
	cs := make([]condFn, len(es))
	err := b.guard(func(settled func(plan.Expr)) (err error) {
		for i, e := range es {
			if cs[i], err = b.cond(e); err != nil {
				return err
			}
			settled(e)
		}
		return nil
	})
	return cs, err
}

// all is true where every condition is, and false else: a filter does not tell NULL from false.
func all(cs []condFn) condFn {
	switch len(cs) {
	case 0:
		return nil
	case 1:
		return cs[0]
	case 2:
		c0, c1 := cs[0], cs[1]
		return func() (tri, error) {
			if t, err := c0(); t != triTrue || err != nil {
				return triFalse, err
			}
			return c1()
		}
	}
	return func() (tri, error) {
		for _, c := range cs {
			if t, err := c(); t != triTrue || err != nil {
				return triFalse, err
			}
		}
		return triTrue, nil
	}
}

func (b *exprBuilder) boolOp(x *plan.BoolOp) (condFn, error) {
	cs, err := b.condList(x.Args)
	if err != nil {
		return nil, err
	}
	switch x.Kind {
	case plan.Not:
		c := cs[0]
		return func() (tri, error) {
			t, err := c()
			if t == triNull {
				return triNull, err
			}
			return 1 - t, err
		}, nil
	case plan.And:
		return func() (tri, error) {
			out := triTrue
			for _, c := range cs {
				t, err := c()
				if t == triFalse || err != nil {
					return triFalse, err
				}
				if t == triNull {
					out = triNull
				}
			}
			return out, nil
		}, nil
	case plan.Or:
		return func() (tri, error) {
			out := triFalse
			for _, c := range cs {
				t, err := c()
				if t == triTrue || err != nil {
					return triTrue, err
				}
				if t == triNull {
					out = triNull
				}
			}
			return out, nil
		}, nil
	}
	return nil, pgerr.Internal("boolean operator %d", x.Kind)
}

func (b *exprBuilder) nullTest(x *plan.NullTest) (condFn, error) {
	o, err := b.expr(x.Arg)
	if err != nil {
		return nil, err
	}
	fn, not := o.eval(&b.run.F), x.Not
	if x.Row {
		// A row is NULL where all of its fields are, and NOT NULL where none is (manual: 9.2).
		return func() (tri, error) {
			v, err := fn()
			if err != nil {
				return triNull, err
			}
			if v.IsNull() {
				return triBool(!not), nil
			}
			r := tuple.Record(v.Bytes())
			for i := range r.Len() {
				if r.Field(i).Value.IsNull() == not {
					return triFalse, nil
				}
			}
			return triTrue, nil
		}, nil
	}
	if o.isSlot() {
		f, slot := &b.run.F, o.slot
		return func() (tri, error) { return triBool(f.s[slot].IsNull() != not), nil }, nil
	}
	return func() (tri, error) {
		v, err := fn()
		if err != nil {
			return triNull, err
		}
		return triBool(v.IsNull() != not), nil
	}, nil
}

func (b *exprBuilder) boolTest(x *plan.BoolTest) (condFn, error) {
	c, err := b.cond(x.Arg)
	if err != nil {
		return nil, err
	}
	want, not := triNull, x.Not
	switch x.Want {
	case 't':
		want = triTrue
	case 'f':
		want = triFalse
	}
	return func() (tri, error) {
		t, err := c()
		if err != nil {
			return triNull, err
		}
		return triBool((t == want) != not), nil
	}, nil
}

// pair evaluates the two arguments of a call into slots, so that each is evaluated once.
func (b *exprBuilder) pair(call *plan.FuncCall) (s0, s1 int, load func() error, err error) {
	if len(call.Args) != 2 {
		return 0, 0, nil, pgerr.Internal("operator %s with %d arguments", call.Name, len(call.Args))
	}
	args, err := b.exprs(call.Args)
	if err != nil {
		return 0, 0, nil, err
	}
	f := &b.run.F
	s0, s1 = f.add(), f.add()
	l0, l1 := args[0].store(f, s0), args[1].store(f, s1)
	return s0, s1, func() error {
		if err := l0(); err != nil {
			return err
		}
		return l1()
	}, nil
}

func (b *exprBuilder) distinctFrom(x *plan.DistinctFrom) (condFn, error) {
	s0, s1, load, err := b.pair(x.Eq)
	if err != nil {
		return nil, err
	}
	eq, err := b.callOn(x.Eq, []operand{{slot: s0}, {slot: s1}})
	if err != nil {
		return nil, err
	}
	same, f, not := b.truth(eq), &b.run.F, x.Not
	return func() (tri, error) {
		if err := load(); err != nil {
			return triNull, err
		}
		n0, n1 := f.s[s0].IsNull(), f.s[s1].IsNull()
		if n0 || n1 {
			return triBool((n0 != n1) != not), nil
		}
		t, err := same()
		return triBool((t != triTrue) != not), err
	}, nil
}

func (b *exprBuilder) nullIf(x *plan.NullIf) (operand, error) {
	s0, s1, load, err := b.pair(x.Eq)
	if err != nil {
		return operand{}, err
	}
	eq, err := b.callOn(x.Eq, []operand{{slot: s0}, {slot: s1}})
	if err != nil {
		return operand{}, err
	}
	same, f := b.truth(eq), &b.run.F
	return fnOperand(func() (tuple.Value, error) {
		if err := load(); err != nil {
			return tuple.Null, err
		}
		if f.s[s0].IsNull() || f.s[s1].IsNull() {
			return f.s[s0], nil
		}
		if t, err := same(); t == triTrue || err != nil {
			return tuple.Null, err
		}
		return f.s[s0], nil
	}), nil
}

// rowCompare compares column by column: the first pair that is not equal decides, a NULL before it makes the answer
// NULL (manual: 9.24.5).
func (b *exprBuilder) rowCompare(x *plan.RowCompare) (condFn, error) {
	type pair struct{ eq, lt condFn }
	pairs := make([]pair, len(x.Eq))
	negate := make([]bool, len(x.Eq))
	less := x.Op == "<" || x.Op == "<="
	for i := range x.Eq {
		s0, s1, load, err := b.pair(x.Eq[i])
		if err != nil {
			return nil, err
		}
		slots := []operand{{slot: s0}, {slot: s1}}
		eq, err := b.callOn(x.Eq[i], slots)
		if err != nil {
			return nil, err
		}
		lt, err := b.callOn(x.Lt[i], slots)
		if err != nil {
			return nil, err
		}
		same := b.truth(eq)
		pairs[i] = pair{lt: b.truth(lt), eq: func() (tri, error) {
			if err := load(); err != nil {
				return triNull, err
			}
			return same()
		}}
		// Lt is "<", or the strict form of Op.
		negate[i] = (x.Lt[i].Name == "<") != less
	}
	equal := triBool(x.Op == "<=" || x.Op == ">=")
	return func() (tri, error) {
		for i := range pairs {
			t, err := pairs[i].eq()
			if t == triNull || err != nil {
				return triNull, err
			}
			if t == triTrue {
				continue
			}
			t, err = pairs[i].lt()
			if t == triNull || err != nil {
				return triNull, err
			}
			return triBool((t == triTrue) != negate[i]), nil
		}
		return equal, nil
	}, nil
}

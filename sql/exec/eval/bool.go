package eval

import (
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/storage/tuple"
)

// Cond compiles an expression whose truth value is asked for.
func (b *Builder) Cond(e plan.Expr) (Cond, error) {
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
		return b.Cond(x.Arg)
	case *plan.FuncCall:
		if !x.RetSet && len(x.Args) == 2 {
			args, err := b.Exprs(x.Args)
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
			return b.Truth(o), nil
		}
	case *plan.Subquery:
		if b.subs == nil {
			return nil, errNoSubqueries()
		}
		return b.subs.SubqueryCond(x)
	}
	o, err := b.Expr(e)
	if err != nil {
		return nil, err
	}
	return b.Truth(o), nil
}

// Truth is an operand as a condition.
func (b *Builder) Truth(o Operand) Cond {
	if o.isSlot() {
		f, slot := &b.run.F, o.Slot
		return func() (Tri, error) { return triOf(f.S[slot]), nil }
	}
	fn := o.Fn
	return func() (Tri, error) {
		v, err := fn()
		if err != nil {
			return Null, err
		}
		return triOf(v), nil
	}
}

// Conds compiles a list of conditions that must all be true; nil for an empty list.
func (b *Builder) Conds(es []plan.Expr) (Cond, error) {
	cs, err := b.condList(es)
	if err != nil {
		return nil, err
	}
	return All(cs), nil
}

// condList compiles the arguments of AND or OR.
func (b *Builder) condList(es []plan.Expr) ([]Cond, error) {
	cs := make([]Cond, len(es))
	err := b.guard(func(settled func(plan.Expr)) (err error) {
		for i, e := range es {
			if cs[i], err = b.Cond(e); err != nil {
				return err
			}
			settled(e)
		}
		return nil
	})
	return cs, err
}

// All is true where every condition is, and false else: a filter does not tell NULL from false.
func All(cs []Cond) Cond {
	switch len(cs) {
	case 0:
		return nil
	case 1:
		return cs[0]
	case 2:
		c0, c1 := cs[0], cs[1]
		return func() (Tri, error) {
			if t, err := c0(); t != True || err != nil {
				return False, err
			}
			return c1()
		}
	}
	return func() (Tri, error) {
		for _, c := range cs {
			if t, err := c(); t != True || err != nil {
				return False, err
			}
		}
		return True, nil
	}
}

func (b *Builder) boolOp(x *plan.BoolOp) (Cond, error) {
	cs, err := b.condList(x.Args)
	if err != nil {
		return nil, err
	}
	switch x.Kind {
	case plan.Not:
		c := cs[0]
		return func() (Tri, error) {
			t, err := c()
			if t == Null {
				return Null, err
			}
			return 1 - t, err
		}, nil
	case plan.And:
		return func() (Tri, error) {
			out := True
			for _, c := range cs {
				t, err := c()
				if t == False || err != nil {
					return False, err
				}
				if t == Null {
					out = Null
				}
			}
			return out, nil
		}, nil
	case plan.Or:
		return func() (Tri, error) {
			out := False
			for _, c := range cs {
				t, err := c()
				if t == True || err != nil {
					return True, err
				}
				if t == Null {
					out = Null
				}
			}
			return out, nil
		}, nil
	}
	return nil, pgerr.Internal("boolean operator %d", x.Kind)
}

func (b *Builder) nullTest(x *plan.NullTest) (Cond, error) {
	o, err := b.Expr(x.Arg)
	if err != nil {
		return nil, err
	}
	fn, not := o.eval(&b.run.F), x.Not
	if x.Row {
		// A row is NULL where all of its fields are, and NOT NULL where none is (manual: 9.2).
		return func() (Tri, error) {
			v, err := fn()
			if err != nil {
				return Null, err
			}
			if v.IsNull() {
				return Bool(!not), nil
			}
			r := tuple.Record(v.Bytes())
			for i := range r.Len() {
				if r.Field(i).Value.IsNull() == not {
					return False, nil
				}
			}
			return True, nil
		}, nil
	}
	if o.isSlot() {
		f, slot := &b.run.F, o.Slot
		return func() (Tri, error) { return Bool(f.S[slot].IsNull() != not), nil }, nil
	}
	return func() (Tri, error) {
		v, err := fn()
		if err != nil {
			return Null, err
		}
		return Bool(v.IsNull() != not), nil
	}, nil
}

func (b *Builder) boolTest(x *plan.BoolTest) (Cond, error) {
	c, err := b.Cond(x.Arg)
	if err != nil {
		return nil, err
	}
	want, not := Null, x.Not
	switch x.Want {
	case 't':
		want = True
	case 'f':
		want = False
	}
	return func() (Tri, error) {
		t, err := c()
		if err != nil {
			return Null, err
		}
		return Bool((t == want) != not), nil
	}, nil
}

// pair evaluates the two arguments of a call into slots, so that each is evaluated once.
func (b *Builder) pair(call *plan.FuncCall) (s0, s1 int, load func() error, err error) {
	if len(call.Args) != 2 {
		return 0, 0, nil, pgerr.Internal("operator %s with %d arguments", call.Name, len(call.Args))
	}
	args, err := b.Exprs(call.Args)
	if err != nil {
		return 0, 0, nil, err
	}
	f := &b.run.F
	s0, s1 = f.Add(), f.Add()
	l0, l1 := args[0].Store(f, s0), args[1].Store(f, s1)
	return s0, s1, func() error {
		if err := l0(); err != nil {
			return err
		}
		return l1()
	}, nil
}

func (b *Builder) distinctFrom(x *plan.DistinctFrom) (Cond, error) {
	s0, s1, load, err := b.pair(x.Eq)
	if err != nil {
		return nil, err
	}
	eq, err := b.callOn(x.Eq, []Operand{{Slot: s0}, {Slot: s1}})
	if err != nil {
		return nil, err
	}
	same, f, not := b.Truth(eq), &b.run.F, x.Not
	return func() (Tri, error) {
		if err := load(); err != nil {
			return Null, err
		}
		n0, n1 := f.S[s0].IsNull(), f.S[s1].IsNull()
		if n0 || n1 {
			return Bool((n0 != n1) != not), nil
		}
		t, err := same()
		return Bool((t != True) != not), err
	}, nil
}

func (b *Builder) nullIf(x *plan.NullIf) (Operand, error) {
	s0, s1, load, err := b.pair(x.Eq)
	if err != nil {
		return Operand{}, err
	}
	eq, err := b.callOn(x.Eq, []Operand{{Slot: s0}, {Slot: s1}})
	if err != nil {
		return Operand{}, err
	}
	same, f := b.Truth(eq), &b.run.F
	return fnOperand(func() (tuple.Value, error) {
		if err := load(); err != nil {
			return tuple.Null, err
		}
		if f.S[s0].IsNull() || f.S[s1].IsNull() {
			return f.S[s0], nil
		}
		if t, err := same(); t == True || err != nil {
			return tuple.Null, err
		}
		return f.S[s0], nil
	}), nil
}

// rowCompare compares column by column: the first pair that is not equal decides, a NULL before it makes the answer
// NULL (manual: 9.24.5).
func (b *Builder) rowCompare(x *plan.RowCompare) (Cond, error) {
	type pair struct{ eq, lt Cond }
	pairs := make([]pair, len(x.Eq))
	negate := make([]bool, len(x.Eq))
	less := x.Op == "<" || x.Op == "<="
	for i := range x.Eq {
		s0, s1, load, err := b.pair(x.Eq[i])
		if err != nil {
			return nil, err
		}
		slots := []Operand{{Slot: s0}, {Slot: s1}}
		eq, err := b.callOn(x.Eq[i], slots)
		if err != nil {
			return nil, err
		}
		lt, err := b.callOn(x.Lt[i], slots)
		if err != nil {
			return nil, err
		}
		same := b.Truth(eq)
		pairs[i] = pair{lt: b.Truth(lt), eq: func() (Tri, error) {
			if err := load(); err != nil {
				return Null, err
			}
			return same()
		}}
		// Lt is "<", or the strict form of Op.
		negate[i] = (x.Lt[i].Name == "<") != less
	}
	equal := Bool(x.Op == "<=" || x.Op == ">=")
	return func() (Tri, error) {
		for i := range pairs {
			t, err := pairs[i].eq()
			if t == Null || err != nil {
				return Null, err
			}
			if t == True {
				continue
			}
			t, err = pairs[i].lt()
			if t == Null || err != nil {
				return Null, err
			}
			return Bool((t == True) != negate[i]), nil
		}
		return equal, nil
	}, nil
}

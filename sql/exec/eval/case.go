package eval

import (
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// caseExpr evaluates the argument once and the arms only as far as needed (manual: 9.18.1).
func (b *Builder) caseExpr(x *plan.Case) (Operand, error) {
	f := &b.run.F
	var load func() error
	if x.Arg != nil {
		var err error
		if load, err = b.Into(x.Arg, b.Slot(x.ArgCol)); err != nil {
			return Operand{}, err
		}
	}
	type arm struct {
		cond Cond
		then Fn
	}
	arms := make([]arm, len(x.Whens))
	var otherwise Fn
	err := b.guard(func(settled func(plan.Expr)) (err error) {
		for i, w := range x.Whens {
			c, err := b.Cond(w.Cond)
			if err != nil {
				return err
			}
			if x.Arg == nil {
				settled(w.Cond)
			} else {
				settled(x.Arg) // which the condition reads as a column
			}
			then, err := b.Expr(w.Then)
			if err != nil {
				return err
			}
			arms[i] = arm{c, then.eval(f)}
		}
		otherwise, err = b.Fn(x.Else)
		return err
	})
	if err != nil {
		return Operand{}, err
	}
	return fnOperand(func() (types.Datum, error) {
		if load != nil {
			if err := load(); err != nil {
				return types.Null, err
			}
		}
		for i := range arms {
			t, err := arms[i].cond()
			if err != nil {
				return types.Null, err
			}
			if t == True {
				return arms[i].then()
			}
		}
		if otherwise == nil {
			return types.Null, nil
		}
		return otherwise()
	}), nil
}

func (b *Builder) coalesce(x *plan.Coalesce) (Operand, error) {
	fns := make([]Fn, len(x.Args))
	err := b.guard(func(settled func(plan.Expr)) (err error) {
		for i, a := range x.Args {
			if fns[i], err = b.Fn(a); err != nil {
				return err
			}
			settled(a)
		}
		return nil
	})
	if err != nil {
		return Operand{}, err
	}
	return fnOperand(func() (types.Datum, error) {
		for _, fn := range fns {
			if v, err := fn(); err != nil || !v.IsNull() {
				return v, err
			}
		}
		return types.Null, nil
	}), nil
}

// minMax compares as the type's default order does.
func (b *Builder) minMax(x *plan.MinMax) (Operand, error) {
	args, err := b.Exprs(x.Args)
	if err != nil {
		return Operand{}, err
	}
	kind, err := b.Kind(x.T.OID)
	if err != nil {
		return Operand{}, err
	}
	fns := make([]Fn, len(args))
	for i := range args {
		fns[i] = args[i].eval(&b.run.F)
	}
	order := b.Order(x.T)
	sign := 1
	if x.Greatest {
		sign = -1
	}
	return fnOperand(func() (types.Datum, error) {
		best := types.Null
		for _, fn := range fns {
			v, err := fn()
			if err != nil {
				return v, err
			}
			if !v.IsNull() && (best.IsNull() || sign*types.CompareOrdered(order, kind, v, best) < 0) {
				best = v
			}
		}
		return best, nil
	}), nil
}

package exec

import (
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// caseExpr evaluates the argument once and the arms only as far as needed (manual: 9.18.1).
func (b *exprBuilder) caseExpr(x *plan.Case) (operand, error) {
	f := &b.run.F
	var load func() error
	if x.Arg != nil {
		var err error
		if load, err = b.into(x.Arg, b.slot(x.ArgCol)); err != nil {
			return operand{}, err
		}
	}
	type arm struct {
		cond condFn
		then evalFn
	}
	arms := make([]arm, len(x.Whens))
	var otherwise evalFn
	err := b.guard(func(settled func(plan.Expr)) (err error) {
		for i, w := range x.Whens {
			c, err := b.cond(w.Cond)
			if err != nil {
				return err
			}
			if x.Arg == nil {
				settled(w.Cond)
			} else {
				settled(x.Arg) // which the condition reads as a column
			}
			then, err := b.expr(w.Then)
			if err != nil {
				return err
			}
			arms[i] = arm{c, then.eval(f)}
		}
		otherwise, err = b.evalFor(x.Else)
		return err
	})
	if err != nil {
		return operand{}, err
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
			if t == triTrue {
				return arms[i].then()
			}
		}
		if otherwise == nil {
			return types.Null, nil
		}
		return otherwise()
	}), nil
}

func (b *exprBuilder) coalesce(x *plan.Coalesce) (operand, error) {
	fns := make([]evalFn, len(x.Args))
	err := b.guard(func(settled func(plan.Expr)) (err error) {
		for i, a := range x.Args {
			if fns[i], err = b.evalFor(a); err != nil {
				return err
			}
			settled(a)
		}
		return nil
	})
	if err != nil {
		return operand{}, err
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
func (b *exprBuilder) minMax(x *plan.MinMax) (operand, error) {
	args, err := b.exprs(x.Args)
	if err != nil {
		return operand{}, err
	}
	kind, err := b.kind(x.T.OID)
	if err != nil {
		return operand{}, err
	}
	fns := make([]evalFn, len(args))
	for i := range args {
		fns[i] = args[i].eval(&b.run.F)
	}
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
			if !v.IsNull() && (best.IsNull() || sign*types.CompareKind(kind, v, best) < 0) {
				best = v
			}
		}
		return best, nil
	}), nil
}

package opt

import "github.com/tarndb/tarn/sql/plan"

// barrier lets leakproof conditions down to where the barrier's own are; the others wait above it.
func (o *optimizer) barrier(x *plan.Barrier, conds []plan.Expr, w want) (built, error) {
	own := colsOf(x.Cols())
	var below, above []plan.Expr
	for _, c := range conds {
		if leaks(c, own) {
			above = append(above, c)
		} else {
			below = append(below, c)
		}
	}
	in := w
	in.need = w.need.clone().addExprs(above)
	var rel plan.Rel = x.In
	if len(x.Conds) > 0 {
		rel = &plan.Filter{In: rel, Conds: x.Conds}
	}
	b, err := o.build(rel, below, in)
	if err != nil {
		return built{}, err
	}
	if len(above) > 0 {
		o.guarded = true
	}
	return o.filtered(b, above)
}

// leaks reports whether evaluating e could tell something of the columns' values other than by its result: a function that is not
// leakproof has its arguments made of them (contain_leaked_vars). What is not known to be harmless leaks.
func leaks(e plan.Expr, cols colset) bool {
	any := func(es ...plan.Expr) bool {
		for _, x := range es {
			if x != nil && leaks(x, cols) {
				return true
			}
		}
		return false
	}
	call := func(c *plan.FuncCall) bool {
		return any(c.Args...) || !leakproof(c) && exprCols(c).meets(cols)
	}
	switch x := e.(type) {
	case *plan.Const, *plan.Param, *plan.ColRef, *plan.SQLValue, *plan.NextVal, *plan.CurrentOf:
		return false
	case *plan.FuncCall:
		return call(x)
	case *plan.DistinctFrom:
		return call(x.Eq)
	case *plan.NullIf:
		return call(x.Eq)
	case *plan.ScalarArrayOp:
		return call(x.Call)
	case *plan.RowCompare:
		for i := range x.Lt {
			if call(x.Lt[i]) || x.Eq[i] != nil && call(x.Eq[i]) {
				return true
			}
		}
		return false
	case *plan.BoolOp:
		return any(x.Args...)
	case *plan.NullTest:
		return any(x.Arg)
	case *plan.BoolTest:
		return any(x.Arg)
	case *plan.Relabel:
		return any(x.Arg)
	case *plan.Coalesce:
		return any(x.Args...)
	case *plan.ArrayCtor:
		return any(x.Elems...)
	case *plan.RowCtor:
		return any(x.Fields...)
	case *plan.FieldSelect:
		return any(x.Arg)
	case *plan.Case:
		if any(x.Arg, x.Else) {
			return true
		}
		for _, w := range x.Whens {
			if any(w.Cond, w.Then) {
				return true
			}
		}
		return false
	}
	return exprCols(e).meets(cols)
}

func leakproof(c *plan.FuncCall) bool {
	if c.Func != nil {
		return c.Func.Proc.LeakProof
	}
	p := operators().procs[c.Proc]
	return p != nil && p.LeakProof
}

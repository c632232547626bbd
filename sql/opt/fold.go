package opt

import (
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// folder replaces what is the same in every execution: immutable functions of constants, and what AND, OR, NOT and IS NULL make of
// constants (eval_const_expressions in small). What fails is left to fail when it is reached. With params it also puts the
// values of parameters in their place: a custom plan.
type folder struct {
	eval   func(plan.Expr) (types.Datum, bool)
	params []types.Datum
}

// foldRel folds a query's expressions. It returns r itself where nothing changes.
func (f *folder) foldRel(r plan.Rel) plan.Rel {
	if !f.gains(r) {
		return r
	}
	return mapRel(r, f.fold)
}

// gains looks for something to fold.
func (f *folder) gains(r plan.Rel) bool {
	found := false
	plan.RelExprs(r, func(e plan.Expr) {
		plan.WalkExpr(e, func(e plan.Expr) bool {
			switch x := e.(type) {
			case *plan.Subquery:
				found = found || f.gains(x.Rel)
			case *plan.Param:
				found = found || f.params != nil
			case *plan.FuncCall:
				found = found || f.call(x)
			case *plan.BoolOp:
				for _, a := range x.Args {
					_, ok := a.(*plan.Const)
					found = found || ok
				}
			case *plan.NullTest:
				_, ok := x.Arg.(*plan.Const)
				found = found || ok && !x.Row
			}
			return !found
		})
	})
	for _, in := range plan.Inputs(r) {
		found = found || f.gains(in)
	}
	return found
}

// call reports that a call can be folded as it stands.
func (f *folder) call(x *plan.FuncCall) bool {
	if f.eval == nil || x.RetSet || len(x.Args) == 0 {
		return false
	}
	p := operators().procs[x.Proc]
	if p == nil || p.Volatile != 'i' || p.Kind != 'f' {
		return false
	}
	// The call of x op ANY (array) has the whole array in the place of an element: it is no call by itself.
	for i, t := range p.ArgTypes {
		if y := types.Lookup(t); i < len(x.Args) && y != nil && y.TypType != types.TypePseudo && y.IsArray() != isArray(x.Args[i].Type().OID) {
			return false
		}
	}
	for _, a := range x.Args {
		if _, ok := plan.StripRelabel(a).(*plan.Const); !ok {
			return false
		}
	}
	t := types.Lookup(x.T.OID)
	return t != nil && t.TypType != types.TypePseudo
}

func (f *folder) fold(e plan.Expr) plan.Expr {
	return plan.MapExpr(e, func(e plan.Expr) plan.Expr {
		switch x := e.(type) {
		case *plan.Subquery:
			if r := f.foldRel(x.Rel); r != x.Rel {
				c := *x
				c.Rel = r
				return &c
			}
		case *plan.Param:
			if n := x.Index; f.params != nil && n >= 0 && n < len(f.params) {
				return &plan.Const{Val: f.params[n], T: x.T}
			}
		case *plan.FuncCall:
			if f.call(x) {
				if v, ok := f.eval(x); ok {
					return &plan.Const{Val: v, T: x.T}
				}
			}
		case *plan.BoolOp:
			return foldBool(x)
		case *plan.NullTest:
			if c, ok := x.Arg.(*plan.Const); ok && !x.Row {
				return boolConst(c.Val.IsNull() != x.Not)
			}
		}
		return e
	})
}

func isArray(oid types.OID) bool {
	t := types.Lookup(oid)
	return t != nil && t.IsArray()
}

func foldBool(x *plan.BoolOp) plan.Expr {
	if x.Kind == plan.Not {
		if c, ok := x.Args[0].(*plan.Const); ok {
			if c.Val.IsNull() {
				return c
			}
			return boolConst(!c.Val.Bool())
		}
		return x
	}
	// TRUE decides OR and says nothing in AND; FALSE the other way round.
	decides := x.Kind == plan.Or
	var args []plan.Expr
	for _, a := range x.Args {
		c, ok := a.(*plan.Const)
		switch {
		case !ok || c.Val.IsNull():
			args = append(args, a)
		case c.Val.Bool() == decides:
			return boolConst(decides)
		}
	}
	switch len(args) {
	case len(x.Args):
		return x
	case 0:
		return boolConst(!decides)
	case 1:
		return args[0]
	}
	return &plan.BoolOp{Kind: x.Kind, Args: args}
}

// neverTrue reports a condition that is false or NULL whatever the row.
func neverTrue(e plan.Expr) bool {
	c, ok := e.(*plan.Const)
	return ok && (c.Val.IsNull() || !c.Val.Bool())
}

// nothing is a node without rows.
func nothing(cond plan.Expr, out []plan.Col) built {
	n := &plan.Result{Est: plan.Est{Width: widthOf(out)}, Filter: []plan.Expr{cond}, Out: out}
	for _, c := range out {
		n.Exprs = append(n.Exprs, &plan.Const{Val: types.Null, T: c.T})
	}
	return built{node: n, one: true}
}

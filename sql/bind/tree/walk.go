package tree

import "github.com/tarndb/tarn/sql/plan"

// ExprChildren calls f with the address of each direct sub-expression; subqueries' relations are not entered.
func ExprChildren(e plan.Expr, f func(*plan.Expr)) {
	list := func(es []plan.Expr) {
		for i := range es {
			if es[i] != nil {
				f(&es[i])
			}
		}
	}
	call := func(c *plan.FuncCall) {
		if c != nil {
			list(c.Args)
		}
	}
	one := func(p *plan.Expr) {
		if *p != nil {
			f(p)
		}
	}
	switch v := e.(type) {
	case *plan.FuncCall:
		call(v)
	case *plan.Relabel:
		one(&v.Arg)
	case *plan.CoerceViaIO:
		one(&v.Arg)
	case *plan.ArrayCoerce:
		one(&v.Arg)
		one(&v.Elem)
	case *plan.CoerceToDomain:
		one(&v.Arg)
	case *plan.BoolOp:
		list(v.Args)
	case *plan.NullTest:
		one(&v.Arg)
	case *plan.BoolTest:
		one(&v.Arg)
	case *plan.Case:
		one(&v.Arg)
		for i := range v.Whens {
			one(&v.Whens[i].Cond)
			one(&v.Whens[i].Then)
		}
		one(&v.Else)
	case *plan.Coalesce:
		list(v.Args)
	case *plan.MinMax:
		list(v.Args)
	case *plan.XML:
		list(v.Named)
		list(v.Args)
	case *plan.NullIf:
		call(v.Eq)
	case *plan.DistinctFrom:
		call(v.Eq)
	case *plan.ScalarArrayOp:
		call(v.Call)
	case *plan.ArrayCtor:
		list(v.Elems)
	case *plan.Subscript:
		one(&v.Arg)
		list(v.Lower)
		list(v.Upper)
	case *plan.SubscriptAssign:
		one(&v.Arg)
		list(v.Lower)
		list(v.Upper)
		one(&v.Val)
	case *plan.FieldAssign:
		one(&v.Arg)
		one(&v.Val)
	case *plan.RowCtor:
		list(v.Fields)
	case *plan.FieldSelect:
		one(&v.Arg)
	case *plan.RowCompare:
		for i := range v.Lt {
			call(v.Lt[i])
			call(v.Eq[i])
		}
	case *plan.Subquery:
		one(&v.Test)
	case *plan.Aggref:
		list(v.Direct)
		list(v.Args)
		for i := range v.OrderBy {
			one(&v.OrderBy[i].Expr)
		}
		one(&v.Filter)
	case *plan.WindowCall:
		list(v.Args)
		one(&v.Filter)
		if v.Agg != nil {
			list(v.Agg.Args)
			one(&v.Agg.Filter)
		}
	}
}

// WalkExpr visits e and what is below it, subqueries' relations included, while f returns true.
func WalkExpr(e plan.Expr, f func(plan.Expr) bool) {
	if e == nil || !f(e) {
		return
	}
	ExprChildren(e, func(c *plan.Expr) { WalkExpr(*c, f) })
	if q, ok := e.(*plan.Subquery); ok {
		WalkRel(q.Rel, f)
	}
}

// WalkRel is WalkExpr for all expressions of a relation and its inputs.
func WalkRel(r plan.Rel, f func(plan.Expr) bool) {
	RelExprs(r, func(p *plan.Expr) { WalkExpr(*p, f) })
	RelInputs(r, func(in plan.Rel) { WalkRel(in, f) })
}

// MapExpr replaces sub-expressions from the top: where f gives a replacement, its result stands and is not entered.
// Shared nodes may be visited twice; f must give the same answer then.
func MapExpr(p *plan.Expr, f func(plan.Expr) (plan.Expr, bool)) {
	if *p == nil {
		return
	}
	if x, ok := f(*p); ok {
		*p = x
		return
	}
	ExprChildren(*p, func(c *plan.Expr) { MapExpr(c, f) })
	if q, ok := (*p).(*plan.Subquery); ok {
		MapRel(q.Rel, f)
	}
}

// MapRel is MapExpr for all expressions of a relation and its inputs.
func MapRel(r plan.Rel, f func(plan.Expr) (plan.Expr, bool)) {
	RelExprs(r, func(p *plan.Expr) { MapExpr(p, f) })
	RelInputs(r, func(in plan.Rel) { MapRel(in, f) })
}

// RelExprs calls f with the address of each expression of r itself.
func RelExprs(r plan.Rel, f func(*plan.Expr)) {
	list := func(es []plan.Expr) {
		for i := range es {
			if es[i] != nil {
				f(&es[i])
			}
		}
	}
	one := func(p *plan.Expr) {
		if *p != nil {
			f(p)
		}
	}
	sets := func(items []plan.SetItem) {
		for i := range items {
			one(&items[i].Expr)
		}
	}
	checked := func(cs []plan.Check, gs []plan.GenCol) {
		for i := range cs {
			one(&cs[i].Expr)
		}
		for i := range gs {
			one(&gs[i].Expr)
		}
	}
	switch v := r.(type) {
	case *plan.Values:
		for _, row := range v.Rows {
			list(row)
		}
	case *plan.FuncScan:
		for i := range v.Funcs {
			one(&v.Funcs[i].Call)
		}
	case *plan.Project:
		list(v.Exprs)
	case *plan.ProjectSet:
		list(v.Exprs)
	case *plan.Filter:
		list(v.Conds)
	case *plan.Barrier:
		list(v.Conds)
	case *plan.Join:
		list(v.On)
	case *plan.Aggregate:
		for _, a := range v.Aggs {
			ExprChildren(a, f)
		}
	case *plan.Window:
		for _, c := range v.Calls {
			ExprChildren(c, f)
		}
		one(&v.Frame.StartOff)
		one(&v.Frame.EndOff)
	case *plan.Limit:
		one(&v.Count)
		one(&v.Offset)
	case *plan.Insert:
		for k, d := range v.Defaults {
			if d != nil {
				f(&d)
				v.Defaults[k] = d
			}
		}
		list(v.Returning)
		checked(v.Checks, v.Generated)
		if c := v.Conflict; c != nil {
			sets(c.Set)
			one(&c.Where)
		}
	case *plan.Update:
		for i := range v.Set {
			one(&v.Set[i].Expr)
		}
		list(v.Returning)
		list(v.Recheck)
		checked(v.Checks, v.Generated)
	case *plan.Delete:
		list(v.Returning)
		list(v.Recheck)
	case *plan.Merge:
		list(v.Recheck)
		checked(v.Checks, v.Generated)
		for i := range v.Actions {
			a := &v.Actions[i]
			one(&a.Cond)
			list(a.Values)
			sets(a.Set)
			for k, d := range a.Defaults {
				if d != nil {
					f(&d)
					a.Defaults[k] = d
				}
			}
		}
	}
}

// RelInputs calls f with each input of r itself; subqueries in expressions are not inputs.
func RelInputs(r plan.Rel, f func(plan.Rel)) {
	switch v := r.(type) {
	case *plan.Project:
		f(v.In)
	case *plan.ProjectSet:
		f(v.In)
	case *plan.Filter:
		f(v.In)
	case *plan.Barrier:
		f(v.In)
	case *plan.Join:
		f(v.L)
		f(v.R)
	case *plan.Aggregate:
		f(v.In)
	case *plan.Window:
		f(v.In)
	case *plan.Sort:
		f(v.In)
	case *plan.Distinct:
		f(v.In)
	case *plan.Limit:
		f(v.In)
	case *plan.SetOp:
		f(v.L)
		f(v.R)
	case *plan.With:
		for _, c := range v.CTEs {
			f(c.Rel)
		}
		f(v.In)
	case *plan.RecursiveUnion:
		f(v.Base)
		f(v.Step)
	case *plan.LockRows:
		f(v.In)
	case *plan.Insert:
		f(v.Source)
	case *plan.Update:
		f(v.Source)
	case *plan.Delete:
		f(v.Source)
	case *plan.Merge:
		f(v.Source)
	}
}

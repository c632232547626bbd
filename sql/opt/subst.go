package opt

import (
	"maps"
	"slices"

	"github.com/tarndb/tarn/sql/plan"
)

// substitute puts expressions in the place of columns, in correlated subqueries too.
func substitute(e plan.Expr, by map[plan.ColID]plan.Expr) plan.Expr {
	return plan.MapExpr(e, func(e plan.Expr) plan.Expr {
		switch x := e.(type) {
		case *plan.ColRef:
			if s, ok := by[x.Col]; ok {
				return s
			}
		case *plan.Subquery:
			if r := substituteRel(x.Rel, by); r != x.Rel {
				c := *x
				c.Rel = r
				return &c
			}
		}
		return e
	})
}

// substituteRel is substitute for the columns that correlate r.
func substituteRel(r plan.Rel, by map[plan.ColID]plan.Expr) plan.Rel {
	for c := range plan.FreeCols(r) {
		if _, ok := by[c]; ok {
			return mapRel(r, func(e plan.Expr) plan.Expr { return substitute(e, by) })
		}
	}
	return r
}

// mapRel copies a query with all of its expressions rewritten. Scans and what has no expressions are shared.
func mapRel(r plan.Rel, f func(plan.Expr) plan.Expr) plan.Rel {
	list := func(es []plan.Expr) []plan.Expr {
		if es == nil {
			return nil
		}
		out := make([]plan.Expr, len(es))
		for i, e := range es {
			out[i] = f(e)
		}
		return out
	}
	one := func(e plan.Expr) plan.Expr {
		if e == nil {
			return nil
		}
		return f(e)
	}
	switch x := r.(type) {
	case *plan.Values:
		c := *x
		c.Rows = make([][]plan.Expr, len(x.Rows))
		for i, row := range x.Rows {
			c.Rows[i] = list(row)
		}
		return &c
	case *plan.FuncScan:
		c := *x
		c.Funcs = append([]plan.FuncItem(nil), x.Funcs...)
		for i := range c.Funcs {
			c.Funcs[i].Call = f(c.Funcs[i].Call)
		}
		return &c
	case *plan.Project:
		c := *x
		c.In, c.Exprs = mapRel(x.In, f), list(x.Exprs)
		return &c
	case *plan.ProjectSet:
		c := *x
		c.In, c.Exprs = mapRel(x.In, f), list(x.Exprs)
		return &c
	case *plan.Filter:
		return &plan.Filter{In: mapRel(x.In, f), Conds: list(x.Conds)}
	case *plan.Barrier:
		return &plan.Barrier{In: mapRel(x.In, f), Conds: list(x.Conds)}
	case *plan.Join:
		c := *x
		c.L, c.R, c.On = mapRel(x.L, f), mapRel(x.R, f), list(x.On)
		return &c
	case *plan.Aggregate:
		c := *x
		c.In = mapRel(x.In, f)
		c.Aggs = make([]*plan.Aggref, len(x.Aggs))
		for i, a := range x.Aggs {
			c.Aggs[i] = f(a).(*plan.Aggref)
		}
		return &c
	case *plan.Window:
		c := *x
		c.In = mapRel(x.In, f)
		c.Calls = make([]*plan.WindowCall, len(x.Calls))
		for i, a := range x.Calls {
			c.Calls[i] = f(a).(*plan.WindowCall)
		}
		c.Frame.StartOff, c.Frame.EndOff = one(x.Frame.StartOff), one(x.Frame.EndOff)
		return &c
	case *plan.Sort:
		return &plan.Sort{In: mapRel(x.In, f), Keys: x.Keys}
	case *plan.Distinct:
		c := *x
		c.In = mapRel(x.In, f)
		return &c
	case *plan.Limit:
		c := *x
		c.In, c.Count, c.Offset = mapRel(x.In, f), one(x.Count), one(x.Offset)
		return &c
	case *plan.SetOp:
		c := *x
		c.L, c.R = mapRel(x.L, f), mapRel(x.R, f)
		return &c
	case *plan.LockRows:
		c := *x
		c.In = mapRel(x.In, f)
		return &c
	case *plan.With:
		// Scans name a CTE by its address: a changed one is a new one everywhere.
		c := &plan.With{CTEs: make([]*plan.CTE, len(x.CTEs))}
		now := map[*plan.CTE]*plan.CTE{}
		for i, cte := range x.CTEs {
			n := *cte
			n.Rel = renameCTEs(mapRel(cte.Rel, f), now)
			c.CTEs[i] = &n
			now[cte] = &n
		}
		for _, n := range c.CTEs {
			n.Rel = renameCTEs(n.Rel, now)
		}
		c.In = renameCTEs(mapRel(x.In, f), now)
		return c
	case *plan.RecursiveUnion:
		c := *x
		c.Base, c.Step = mapRel(x.Base, f), mapRel(x.Step, f)
		return &c
	case *plan.Insert, *plan.Update, *plan.Delete, *plan.Merge:
		return mapChange(x, f)
	}
	return r
}

// mapChange is mapRel of a statement that changes rows.
func mapChange(r plan.Rel, f func(plan.Expr) plan.Expr) plan.Rel {
	list := func(es []plan.Expr) []plan.Expr {
		out := slices.Clone(es)
		for i, e := range out {
			out[i] = f(e)
		}
		return out
	}
	sets := func(ss []plan.SetItem) []plan.SetItem {
		out := slices.Clone(ss)
		for i := range out {
			if e := out[i].Expr; e != nil {
				out[i].Expr = f(e)
			}
		}
		return out
	}
	defaults := func(m map[int16]plan.Expr) map[int16]plan.Expr {
		out := maps.Clone(m)
		for i, e := range out {
			if e != nil {
				out[i] = f(e)
			}
		}
		return out
	}
	rules := func(checks []plan.Check, generated []plan.GenCol) ([]plan.Check, []plan.GenCol) {
		checks, generated = slices.Clone(checks), slices.Clone(generated)
		for i := range checks {
			checks[i].Expr = f(checks[i].Expr)
		}
		for i := range generated {
			generated[i].Expr = f(generated[i].Expr)
		}
		return checks, generated
	}
	switch x := r.(type) {
	case *plan.Insert:
		c := *x
		if x.Source != nil {
			c.Source = mapRel(x.Source, f)
		}
		c.Defaults, c.Returning = defaults(x.Defaults), list(x.Returning)
		c.Checks, c.Generated = rules(x.Checks, x.Generated)
		if x.Conflict != nil {
			on := *x.Conflict
			on.Set = sets(on.Set)
			if on.Where != nil {
				on.Where = f(on.Where)
			}
			c.Conflict = &on
		}
		return &c
	case *plan.Update:
		c := *x
		c.Source, c.Set, c.Returning, c.Recheck = mapRel(x.Source, f), sets(x.Set), list(x.Returning), list(x.Recheck)
		c.Checks, c.Generated = rules(x.Checks, x.Generated)
		return &c
	case *plan.Delete:
		c := *x
		c.Source, c.Returning, c.Recheck = mapRel(x.Source, f), list(x.Returning), list(x.Recheck)
		return &c
	case *plan.Merge:
		c := *x
		c.Source, c.Recheck = mapRel(x.Source, f), list(x.Recheck)
		c.Checks, c.Generated = rules(x.Checks, x.Generated)
		c.Actions = slices.Clone(x.Actions)
		for i := range c.Actions {
			a := &c.Actions[i]
			if a.Cond != nil {
				a.Cond = f(a.Cond)
			}
			a.Values, a.Set, a.Defaults = list(a.Values), sets(a.Set), defaults(a.Defaults)
		}
		return &c
	}
	return r
}

// renameCTEs points the scans of CTEs at their copies.
func renameCTEs(r plan.Rel, now map[*plan.CTE]*plan.CTE) plan.Rel {
	var expr func(e plan.Expr) plan.Expr
	var rel func(r plan.Rel) plan.Rel
	expr = func(e plan.Expr) plan.Expr {
		return plan.MapExpr(e, func(e plan.Expr) plan.Expr {
			if s, ok := e.(*plan.Subquery); ok {
				c := *s
				c.Rel = rel(s.Rel)
				return &c
			}
			return e
		})
	}
	rel = func(r plan.Rel) plan.Rel {
		return mapLeaves(mapRel(r, expr), func(l plan.Rel) plan.Rel {
			switch x := l.(type) {
			case *plan.CTEScan:
				if n := now[x.CTE]; n != nil {
					c := *x
					c.CTE = n
					return &c
				}
			case *plan.WorkScan:
				if n := now[x.CTE]; n != nil {
					c := *x
					c.CTE = n
					return &c
				}
			}
			return l
		})
	}
	return rel(r)
}

// mapLeaves rebuilds the relational operators above leaves that f replaces. The operators are copies already.
func mapLeaves(r plan.Rel, f func(plan.Rel) plan.Rel) plan.Rel {
	switch x := r.(type) {
	case *plan.Project:
		x.In = mapLeaves(x.In, f)
	case *plan.ProjectSet:
		x.In = mapLeaves(x.In, f)
	case *plan.Filter:
		x.In = mapLeaves(x.In, f)
	case *plan.Barrier:
		x.In = mapLeaves(x.In, f)
	case *plan.Join:
		x.L, x.R = mapLeaves(x.L, f), mapLeaves(x.R, f)
	case *plan.Aggregate:
		x.In = mapLeaves(x.In, f)
	case *plan.Window:
		x.In = mapLeaves(x.In, f)
	case *plan.Sort:
		x.In = mapLeaves(x.In, f)
	case *plan.Distinct:
		x.In = mapLeaves(x.In, f)
	case *plan.Limit:
		x.In = mapLeaves(x.In, f)
	case *plan.SetOp:
		x.L, x.R = mapLeaves(x.L, f), mapLeaves(x.R, f)
	case *plan.LockRows:
		x.In = mapLeaves(x.In, f)
	case *plan.With:
		for _, c := range x.CTEs {
			c.Rel = mapLeaves(c.Rel, f)
		}
		x.In = mapLeaves(x.In, f)
	case *plan.RecursiveUnion:
		x.Base, x.Step = mapLeaves(x.Base, f), mapLeaves(x.Step, f)
	case *plan.Insert:
		if x.Source != nil {
			x.Source = mapLeaves(x.Source, f)
		}
	case *plan.Update:
		x.Source = mapLeaves(x.Source, f)
	case *plan.Delete:
		x.Source = mapLeaves(x.Source, f)
	case *plan.Merge:
		x.Source = mapLeaves(x.Source, f)
	default:
		return f(r)
	}
	return r
}

package opt

import (
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// sublinks turns subqueries in conditions on rel into joins where a join means the same. What is left is evaluated as an
// expression.
//
//	semi_join      EXISTS (…), x IN (…), x op ANY (…)     →  semi join
//	anti_join      NOT EXISTS (…); NOT IN without NULLs   →  anti join
//	scalar_agg     x op (SELECT agg … WHERE k = outer)    →  left join with the aggregate grouped by k
func (o *optimizer) sublinks(rel plan.Rel, conds []plan.Expr) (plan.Rel, []plan.Expr) {
	any := false
	for _, c := range conds {
		any = any || hasSubquery(c)
	}
	if !any {
		return rel, conds
	}
	var rest []plan.Expr
	for _, c := range conds {
		if j := o.semiJoin(rel, c); j != nil {
			rel = j
			continue
		}
		var e plan.Expr
		if rel, e = o.scalarAggs(rel, c); e != nil {
			c = e
		}
		rest = append(rest, c)
	}
	return rel, rest
}

func (o *optimizer) semiJoin(rel plan.Rel, c plan.Expr) plan.Rel {
	kind, rule := plan.SemiJoin, "semi_join"
	if b, ok := c.(*plan.BoolOp); ok && b.Kind == plan.Not {
		kind, rule, c = plan.AntiJoin, "anti_join", b.Args[0]
	}
	s, ok := c.(*plan.Subquery)
	if !ok || !o.on(rule) {
		return nil
	}
	left := colsOf(rel.Cols())
	corr := correlation(s.Rel, left)
	var right plan.Rel
	var on []plan.Expr
	switch s.Kind {
	case plan.SubExists:
		if corr.empty() {
			return nil // once for the whole query
		}
		if right, on, ok = uncorrelate(existsCore(s.Rel), corr); !ok {
			return nil
		}
	case plan.SubAny:
		if volatileExpr(s.Test) || hasSubquery(s.Test) || !exprCols(s.Test).meets(left) {
			return nil
		}
		if right = s.Rel; !corr.empty() {
			if right, on, ok = uncorrelate(unordered(s.Rel), corr); !ok {
				return nil
			}
		}
		test := flatten([]plan.Expr{s.Test})
		if kind == plan.AntiJoin {
			// x NOT IN (…, NULL) is never true: only where no NULL can be.
			for _, t := range test {
				call, isCall := t.(*plan.FuncCall)
				if !isCall || len(call.Args) != 2 || call.Form != plan.CallOp || !strict(call.Proc) {
					return nil
				}
				for _, a := range call.Args {
					if !neverNull(a, rel) && !neverNull(a, s.Rel) {
						return nil
					}
				}
			}
		}
		on = append(on, test...)
	default:
		return nil
	}
	if volatileRel(right) {
		return nil
	}
	return &plan.Join{Kind: kind, L: rel, R: right, On: on}
}

// correlation are the columns of the outer query that r names.
func correlation(r plan.Rel, outer colset) colset {
	var s colset
	for c := range plan.FreeCols(r) {
		if outer.has(c) {
			s = s.add(c)
		}
	}
	return s
}

func volatileRel(r plan.Rel) bool {
	found := false
	plan.RelExprs(r, func(e plan.Expr) { found = found || volatileExpr(e) })
	switch r.(type) {
	case *plan.LockRows, *plan.ProjectSet:
		return true
	}
	for _, in := range plan.Inputs(r) {
		found = found || volatileRel(in)
	}
	return found
}

// existsCore drops what does not change whether there is a row.
func existsCore(r plan.Rel) plan.Rel {
	for {
		switch x := r.(type) {
		case *plan.Project:
			r = x.In
		case *plan.Sort:
			r = x.In
		case *plan.Distinct:
			r = x.In
		case *plan.Limit:
			n, ok := x.Count.(*plan.Const)
			if !ok || x.Offset != nil || n.Val.IsNull() || n.Val.Int() < 1 {
				return r
			}
			r = x.In
		default:
			return r
		}
	}
}

// unordered drops an order, and what makes rows unique: a semi join does not ask.
func unordered(r plan.Rel) plan.Rel {
	for {
		switch x := r.(type) {
		case *plan.Sort:
			r = x.In
		case *plan.Distinct:
			if x.Ordered {
				return r
			}
			r = x.In
		default:
			return r
		}
	}
}

// uncorrelate takes the conditions that name the correlated columns out of r. Columns that those conditions name appear
// in the result. ok is false where a correlated column stands elsewhere.
func uncorrelate(r plan.Rel, corr colset) (out plan.Rel, pulled []plan.Expr, ok bool) {
	split := func(es []plan.Expr) (stay []plan.Expr) {
		for _, e := range flatten(es) {
			if exprCols(e).meets(corr) {
				pulled = append(pulled, e)
			} else {
				stay = append(stay, e)
			}
		}
		return stay
	}
	switch x := r.(type) {
	case *plan.Filter:
		stay := split(x.Conds)
		for _, p := range pulled {
			if volatileExpr(p) || hasSubquery(p) {
				return nil, nil, false
			}
		}
		in, more, ok := uncorrelate(x.In, corr)
		if !ok {
			return nil, nil, false
		}
		pulled = append(pulled, more...)
		if len(stay) == 0 {
			return in, pulled, true
		}
		return &plan.Filter{In: in, Conds: stay}, pulled, true
	case *plan.Join:
		if x.Kind != plan.InnerJoin && x.Kind != plan.LeftJoin || x.Kind == plan.LeftJoin && exprsMeet(x.On, corr) {
			break
		}
		c := *x
		var more []plan.Expr
		if x.Kind == plan.InnerJoin {
			c.On = split(x.On)
		}
		if c.L, more, ok = uncorrelate(x.L, corr); !ok {
			return nil, nil, false
		}
		pulled = append(pulled, more...)
		if x.Kind == plan.InnerJoin && !x.Lateral {
			if c.R, more, ok = uncorrelate(x.R, corr); !ok {
				return nil, nil, false
			}
			pulled = append(pulled, more...)
		} else if !correlation(x.R, corr).empty() {
			return nil, nil, false
		}
		return &c, pulled, true
	case *plan.Project:
		if exprsMeet(x.Exprs, corr) {
			return nil, nil, false
		}
		in, more, ok := uncorrelate(x.In, corr)
		if !ok {
			return nil, nil, false
		}
		c := *x
		c.In = in
		have := colsOf(x.Out)
		want := colset(nil).addExprs(more)
		for _, col := range in.Cols() {
			if want.has(col.ID) && !have.has(col.ID) {
				c.Exprs = append(c.Exprs[:len(c.Exprs):len(c.Exprs)], &plan.ColRef{Col: col.ID, Name: col.Name, T: col.T})
				c.Out = append(c.Out[:len(c.Out):len(c.Out)], col)
				have = have.add(col.ID)
			}
		}
		return &c, more, true
	}
	if !correlation(r, corr).empty() {
		return nil, nil, false
	}
	return r, nil, true
}

func exprsMeet(es []plan.Expr, s colset) bool {
	for _, e := range es {
		if exprCols(e).meets(s) {
			return true
		}
	}
	return false
}

// neverNull reports whether e is a column of r that cannot be NULL there, or a constant.
func neverNull(e plan.Expr, r plan.Rel) bool {
	switch x := plan.StripRelabel(e).(type) {
	case *plan.Const:
		return !x.Val.IsNull()
	case *plan.ColRef:
		return notNullCol(x.Col, r)
	}
	return false
}

func notNullCol(c plan.ColID, r plan.Rel) bool {
	switch x := r.(type) {
	case *plan.Scan:
		for _, col := range x.Out {
			if col.ID == c && col.AttNum > 0 {
				return x.Table.Column(col.AttNum).NotNull
			}
		}
	case *plan.Filter:
		for _, cond := range flatten(x.Conds) {
			if rejectsNull(cond, colset(nil).add(c)) {
				return true
			}
		}
		return notNullCol(c, x.In)
	case *plan.Project:
		for i, out := range x.Out {
			if out.ID == c {
				if ref, ok := plan.StripRelabel(x.Exprs[i]).(*plan.ColRef); ok {
					return notNullCol(ref.Col, x.In)
				}
				return false
			}
		}
	case *plan.Join:
		switch x.Kind {
		case plan.InnerJoin:
			return notNullCol(c, x.L) || notNullCol(c, x.R)
		case plan.LeftJoin, plan.SemiJoin, plan.AntiJoin:
			return notNullCol(c, x.L)
		}
	case *plan.Aggregate:
		if x.Sets == nil {
			for i, g := range x.GroupBy {
				if g.ID == c {
					return notNullCol(x.GroupIn[i], x.In)
				}
			}
		}
	case *plan.Distinct:
		return notNullCol(c, x.In)
	case *plan.Sort:
		return notNullCol(c, x.In)
	}
	return false
}

// emptyNull are the aggregates that are NULL over no rows; count is 0.
var emptyNull = map[string]bool{"sum": true, "avg": true, "min": true, "max": true, "bool_and": true, "bool_or": true, "every": true,
	"string_agg": true, "array_agg": true, "stddev": true, "stddev_samp": true, "stddev_pop": true, "variance": true, "var_samp": true, "var_pop": true}

// scalarAggs replaces correlated aggregate subqueries in c. The expression is nil if there were none.
func (o *optimizer) scalarAggs(rel plan.Rel, c plan.Expr) (plan.Rel, plan.Expr) {
	if !o.on("scalar_agg") {
		return rel, nil
	}
	// Only where the subquery is evaluated for every row anyhow: not inside CASE, COALESCE and the like.
	call, ok := c.(*plan.FuncCall)
	if !ok || call.Form != plan.CallOp {
		return rel, nil
	}
	changed := false
	out := plan.MapExpr(c, func(e plan.Expr) plan.Expr {
		s, ok := e.(*plan.Subquery)
		if !ok || s.Kind != plan.SubScalar {
			return e
		}
		j, val := o.scalarAgg(rel, s)
		if j == nil {
			return e
		}
		rel, changed = j, true
		return val
	})
	if !changed {
		return rel, nil
	}
	return rel, out
}

func (o *optimizer) scalarAgg(rel plan.Rel, s *plan.Subquery) (plan.Rel, plan.Expr) {
	p, ok := s.Rel.(*plan.Project)
	if !ok || len(p.Exprs) != 1 || hasSubquery(p.Exprs[0]) || volatileRel(s.Rel) {
		return nil, nil
	}
	agg, ok := p.In.(*plan.Aggregate)
	left := colsOf(rel.Cols())
	corr := correlation(s.Rel, left)
	if !ok || len(agg.GroupBy) > 0 || agg.Sets != nil || len(agg.Groupings) > 0 || corr.empty() || exprCols(p.Exprs[0]).meets(corr) {
		return nil, nil
	}
	by := map[plan.ColID]plan.Expr{}
	for i, a := range agg.Aggs {
		if exprCols(a).meets(corr) || hasSubquery(a) {
			return nil, nil
		}
		switch {
		case a.Name == "count":
			ref := &plan.ColRef{Col: agg.AggOut[i].ID, Name: agg.AggOut[i].Name, T: agg.AggOut[i].T}
			by[ref.Col] = &plan.Coalesce{Args: []plan.Expr{ref, &plan.Const{Val: tuple.Int(0), T: plan.Type{OID: types.Int8, Mod: -1}}}, T: ref.T}
		case !emptyNull[a.Name]:
			return nil, nil
		}
	}
	in, pulled, ok := uncorrelate(agg.In, corr)
	if !ok || len(pulled) == 0 {
		return nil, nil
	}
	right := colsOf(in.Cols())
	g := *agg
	g.In = in
	var seen colset
	for _, c := range pulled {
		l, r, eq := o.equiJoin(c, left, right)
		ref, isRef := r.(*plan.ColRef)
		if !eq || !isRef || l == nil {
			return nil, nil
		}
		if seen.has(ref.Col) {
			continue
		}
		seen = seen.add(ref.Col)
		col := plan.Col{ID: ref.Col, Name: ref.Name, T: ref.T}
		g.GroupBy, g.GroupIn = append(g.GroupBy[:len(g.GroupBy):len(g.GroupBy)], col), append(g.GroupIn[:len(g.GroupIn):len(g.GroupIn)], col.ID)
	}
	return &plan.Join{Kind: plan.LeftJoin, L: rel, R: &g, On: pulled}, substitute(p.Exprs[0], by)
}

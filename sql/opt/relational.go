package opt

import (
	"github.com/tarndb/tarn/sql/plan"
)

// project pushes conditions through a projection whose expressions it can put in their place.
func (o *optimizer) project(x *plan.Project, conds []plan.Expr) (plan.Node, error) {
	byCol := map[plan.ColID]plan.Expr{}
	for i, c := range x.Out {
		byCol[c.ID] = x.Exprs[i]
	}
	var below, here []plan.Expr
	for _, c := range conds {
		ok := true
		pushed := plan.MapExpr(c, func(e plan.Expr) plan.Expr {
			switch r := e.(type) {
			case *plan.ColRef:
				if sub, found := byCol[r.Col]; found {
					if o.volatile(sub) || hasSubquery(sub) {
						ok = false
					}
					return sub
				}
			case *plan.Subquery:
				for col := range plan.FreeCols(r.Rel) {
					if sub, found := byCol[col]; found {
						if ref, plain := sub.(*plan.ColRef); !plain || ref.Col != col {
							ok = false
						}
					}
				}
			}
			return e
		})
		if ok {
			below = append(below, pushed)
		} else {
			here = append(here, c)
		}
	}
	in, err := o.build(x.In, below)
	if err != nil {
		return nil, err
	}
	es, err := o.exprs(x.Exprs)
	if err != nil {
		return nil, err
	}
	var n plan.Node = &plan.Result{Est: *in.Estimate(), In: in, Exprs: es, Out: x.Out}
	if len(here) > 0 {
		if here, err = o.exprs(here); err != nil {
			return nil, err
		}
		n = &plan.Result{Est: *n.Estimate(), In: n, Filter: here, Out: x.Out}
	}
	return n, nil
}

func hasSubquery(e plan.Expr) bool {
	found := false
	plan.WalkExpr(e, func(e plan.Expr) bool {
		if _, ok := e.(*plan.Subquery); ok {
			found = true
		}
		return !found
	})
	return found
}

func (o *optimizer) join(x *plan.Join, conds []plan.Expr) (plan.Node, error) {
	left, right := colSet(x.L.Cols()), colSet(x.R.Cols())
	on := flatten(x.On)
	var toL, toR, mid, top []plan.Expr
	side := func(e plan.Expr) (l, r bool) {
		set := map[plan.ColID]bool{}
		plan.ExprCols(e, set)
		for c := range set {
			l, r = l || left[c], r || right[c]
		}
		return l, r
	}
	if x.Kind == plan.InnerJoin {
		on, conds = append(on[:len(on):len(on)], conds...), nil
	}
	for _, c := range on {
		l, r := side(c)
		switch {
		case o.volatile(c):
			mid = append(mid, c)
		case !r && x.Kind == plan.InnerJoin:
			toL = append(toL, c)
		case !l && (x.Kind == plan.InnerJoin || x.Kind == plan.LeftJoin || x.Kind == plan.SemiJoin || x.Kind == plan.AntiJoin):
			toR = append(toR, c)
		case !r && (x.Kind == plan.RightJoin || x.Kind == plan.SemiJoin):
			toL = append(toL, c)
		default:
			mid = append(mid, c)
		}
	}
	for _, c := range conds {
		l, r := side(c)
		switch {
		case o.volatile(c):
			top = append(top, c)
		case !r && (x.Kind == plan.LeftJoin || x.Kind == plan.SemiJoin || x.Kind == plan.AntiJoin):
			toL = append(toL, c)
		case !l && x.Kind == plan.RightJoin:
			toR = append(toR, c)
		default:
			top = append(top, c)
		}
	}
	l, err := o.build(x.L, toL)
	if err != nil {
		return nil, err
	}
	r, err := o.build(x.R, toR)
	if err != nil {
		return nil, err
	}
	var ok, ik, rest []plan.Expr
	for _, c := range mid {
		if a, b, eq := o.equiJoin(c, left, right); eq && !x.Lateral {
			ok, ik = append(ok, a), append(ik, b)
			continue
		}
		rest = append(rest, c)
	}
	if rest, err = o.exprs(rest); err != nil {
		return nil, err
	}
	est := plan.Est{Rows: l.Estimate().Rows * r.Estimate().Rows}
	out := x.Cols()
	var n plan.Node
	switch {
	case len(ok) > 0:
		est.Rows = max(l.Estimate().Rows, r.Estimate().Rows)
		n = &plan.HashJoin{Est: est, Kind: x.Kind, Outer: l, Inner: r, OuterKeys: ok, InnerKeys: ik, On: rest, Out: out}
	case x.Kind == plan.RightJoin || x.Kind == plan.FullJoin:
		// A hash join without keys pairs everything and remembers what matched.
		n = &plan.HashJoin{Est: est, Kind: x.Kind, Outer: l, Inner: r, On: rest, Out: out}
	default:
		if !x.Lateral {
			r = &plan.Materialize{Est: *r.Estimate(), In: r}
		}
		n = &plan.NestLoop{Est: est, Kind: x.Kind, Outer: l, Inner: r, On: rest, Out: out}
	}
	if len(top) > 0 {
		if top, err = o.exprs(top); err != nil {
			return nil, err
		}
		n = &plan.Result{Est: est, In: n, Filter: top, Out: out}
	}
	return n, nil
}

// equiJoin recognises left expression = right expression with a hashable operator.
func (o *optimizer) equiJoin(c plan.Expr, left, right map[plan.ColID]bool) (l, r plan.Expr, ok bool) {
	call, isCall := c.(*plan.FuncCall)
	if !isCall || call.Form != plan.CallOp || len(call.Args) != 2 || !hashable(call.Op) || hasSubquery(c) {
		return nil, nil, false
	}
	only := func(e plan.Expr, set, other map[plan.ColID]bool) bool {
		cols := map[plan.ColID]bool{}
		plan.ExprCols(e, cols)
		hit := false
		for c := range cols {
			if other[c] {
				return false
			}
			hit = hit || set[c]
		}
		return hit
	}
	a, b := call.Args[0], call.Args[1]
	// Both sides hash alike only where they have the same type.
	if a.Type().OID != b.Type().OID {
		return nil, nil, false
	}
	switch {
	case only(a, left, right) && only(b, right, left):
		return a, b, true
	case only(b, left, right) && only(a, right, left):
		return b, a, true
	}
	return nil, nil, false
}

func colSet(cols []plan.Col) map[plan.ColID]bool {
	m := make(map[plan.ColID]bool, len(cols))
	for _, c := range cols {
		m[c.ID] = true
	}
	return m
}

func (o *optimizer) aggregate(x *plan.Aggregate) (plan.Node, error) {
	in, err := o.build(x.In, nil)
	if err != nil {
		return nil, err
	}
	aggs := make([]*plan.Aggref, len(x.Aggs))
	for i, a := range x.Aggs {
		e, err := o.expr(a)
		if err != nil {
			return nil, err
		}
		aggs[i] = e.(*plan.Aggref)
	}
	n := &plan.Agg{Est: plan.Est{Rows: max(1, in.Estimate().Rows/10)}, In: in, Strategy: plan.AggHashed, GroupBy: x.GroupBy, GroupIn: x.GroupIn,
		Sets: x.Sets, Aggs: aggs, Groupings: x.Groupings, Out: x.Cols()}
	switch {
	case x.Sets != nil:
		n.Strategy = plan.AggMixed
	case len(x.GroupBy) == 0:
		n.Strategy, n.Rows = plan.AggPlain, 1
	}
	return n, nil
}

func (o *optimizer) window(x *plan.Window) (plan.Node, error) {
	in, err := o.build(x.In, nil)
	if err != nil {
		return nil, err
	}
	var keys []plan.SortKey
	types := map[plan.ColID]plan.Type{}
	for _, c := range x.In.Cols() {
		types[c.ID] = c.T
	}
	for _, p := range x.Partition {
		keys = append(keys, plan.SortKey{Col: p, T: types[p]})
	}
	keys = append(keys, x.Order...)
	if len(keys) > 0 {
		in = &plan.SortNode{Est: *in.Estimate(), In: in, Keys: keys}
	}
	calls := make([]*plan.WindowCall, len(x.Calls))
	for i, c := range x.Calls {
		e, err := o.expr(c)
		if err != nil {
			return nil, err
		}
		calls[i] = e.(*plan.WindowCall)
	}
	f := x.Frame
	if f.StartOff, err = o.expr(f.StartOff); err != nil {
		return nil, err
	}
	if f.EndOff, err = o.expr(f.EndOff); err != nil {
		return nil, err
	}
	return &plan.WindowAgg{Est: *in.Estimate(), In: in, Partition: x.Partition, Order: x.Order, Frame: f, Calls: calls, Out: x.Cols()}, nil
}

func (o *optimizer) limit(x *plan.Limit) (plan.Node, error) {
	in, err := o.build(x.In, nil)
	if err != nil {
		return nil, err
	}
	count, err := o.expr(x.Count)
	if err != nil {
		return nil, err
	}
	offset, err := o.expr(x.Offset)
	if err != nil {
		return nil, err
	}
	if s, ok := in.(*plan.SortNode); ok && count != nil && offset == nil && x.WithTies == nil {
		c := *s
		c.Limit = count
		in = &c
	}
	return &plan.LimitNode{Est: *in.Estimate(), In: in, Count: count, Offset: offset, WithTies: x.WithTies}, nil
}

func (o *optimizer) setOp(x *plan.SetOp) (plan.Node, error) {
	l, err := o.build(x.L, nil)
	if err != nil {
		return nil, err
	}
	r, err := o.build(x.R, nil)
	if err != nil {
		return nil, err
	}
	est := plan.Est{Rows: l.Estimate().Rows + r.Estimate().Rows}
	if x.Kind != plan.Union {
		return &plan.HashSetOp{Est: est, Kind: x.Kind, All: x.All, L: l, R: r, Out: x.Out}, nil
	}
	var n plan.Node = &plan.Append{Est: est, In: []plan.Node{l, r}, Out: x.Out}
	if !x.All {
		on := make([]plan.ColID, len(x.Out))
		for i, c := range x.Out {
			on[i] = c.ID
		}
		n = &plan.HashDistinct{Est: est, In: n, On: on}
	}
	return n, nil
}

func (o *optimizer) with(x *plan.With, conds []plan.Expr) (plan.Node, error) {
	n := &plan.WithNode{CTEs: x.CTEs}
	for _, c := range x.CTEs {
		var p plan.Node
		var err error
		if u, ok := c.Rel.(*plan.RecursiveUnion); ok {
			p, err = o.recursive(c, u)
		} else {
			p, err = o.build(c.Rel, nil)
		}
		if err != nil {
			return nil, err
		}
		n.Plans = append(n.Plans, p)
	}
	in, err := o.build(x.In, conds)
	if err != nil {
		return nil, err
	}
	n.In, n.Est = in, *in.Estimate()
	return n, nil
}

func (o *optimizer) recursive(c *plan.CTE, u *plan.RecursiveUnion) (plan.Node, error) {
	base, err := o.build(u.Base, nil)
	if err != nil {
		return nil, err
	}
	step, err := o.build(u.Step, nil)
	if err != nil {
		return nil, err
	}
	return &plan.RecursiveUnionNode{Est: plan.Est{Rows: base.Estimate().Rows * 10}, CTE: c, All: u.All, Base: base, Step: step, Out: u.Out}, nil
}

func (o *optimizer) virtualScan(x *plan.VirtualScan, conds []plan.Expr) (plan.Node, error) {
	conds, err := o.exprs(conds)
	if err != nil {
		return nil, err
	}
	n := &plan.VirtualTableScan{Est: plan.Est{Rows: 1000}, Table: x.Table, Alias: x.Alias, Filter: conds, Out: x.Out}
	own := colSet(x.Out)
	for _, c := range conds {
		if col, val, ok := columnEquals(c, own); ok {
			for _, out := range x.Out {
				if out.ID == col {
					n.Eq = append(n.Eq, plan.VirtualEq{AttNum: out.AttNum, Expr: val})
				}
			}
		}
	}
	return n, nil
}

func (o *optimizer) volatile(e plan.Expr) bool { return volatileExpr(e) }

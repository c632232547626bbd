package opt

import (
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// project pushes conditions through a projection whose expressions it can put in their place.
func (o *optimizer) project(x *plan.Project, conds []plan.Expr, w want) (built, error) {
	byCol := map[plan.ColID]plan.Expr{}
	for i, c := range x.Out {
		byCol[c.ID] = x.Exprs[i]
	}
	var below, here []plan.Expr
	for _, c := range conds {
		ok := true
		for _, id := range colIDs(exprCols(c)) {
			if sub, found := byCol[id]; found && (volatileExpr(sub) || hasSubquery(sub)) {
				ok = false
			}
		}
		if ok {
			below = append(below, substitute(c, byCol))
		} else {
			here = append(here, c)
		}
	}
	asked := w.need.clone().addExprs(here)
	var es []plan.Expr
	var out []plan.Col
	for i, c := range x.Out {
		// A volatile expression is evaluated whether it is asked for or not.
		if asked.has(c.ID) || volatileExpr(x.Exprs[i]) {
			es, out = append(es, x.Exprs[i]), append(out, c)
		}
	}
	in := want{need: colset(nil).addExprs(es), rows: w.rows, group: w.group}
	for _, k := range w.order {
		if e, ok := byCol[k.Col]; ok {
			r, plain := e.(*plan.ColRef)
			if !plain {
				break
			}
			k.Col = r.Col
		}
		in.order = append(in.order, k)
	}
	b, err := o.build(x.In, below, in)
	if err != nil {
		return built{}, err
	}
	if es, err = o.exprsFor(b.node.Estimate().Rows, es); err != nil {
		return built{}, err
	}
	fixed := b.fixed.clone()
	for i, e := range es {
		if r, ok := e.(*plan.ColRef); ok && r.Col != out[i].ID {
			o.unite(r.Col, out[i].ID)
			if info := o.colInfo(r.Col); info != nil {
				o.know(out[i].ID, info)
			}
			if b.fixed.has(r.Col) {
				fixed = fixed.add(out[i].ID)
			}
		}
	}
	if p, ok := b.node.(*plan.ValuesScan); ok && len(p.Rows) == 1 && len(p.Out) == 0 {
		b.node = &plan.Result{Est: plan.Est{Rows: 1, Total: o.costs.CPUTuple, Width: widthOf(out)}, Exprs: es, Out: out}
	} else {
		est := *b.node.Estimate()
		est.Width = widthOf(out)
		est.Total += est.Rows * o.costs.filter(es)
		b.node = &plan.Result{Est: est, In: b.node, Exprs: es, Out: out}
	}
	b.fixed = fixed
	return o.filtered(b, here)
}

func hasSubquery(e plan.Expr) bool {
	switch x := e.(type) {
	case *plan.ColRef, *plan.Const, *plan.Param, nil:
		return false
	case *plan.FuncCall:
		for _, a := range x.Args {
			if hasSubquery(a) {
				return true
			}
		}
		return false
	}
	found := false
	plan.WalkExpr(e, func(e plan.Expr) bool {
		if _, ok := e.(*plan.Subquery); ok {
			found = true
		}
		return !found
	})
	return found
}

// aggregate pushes conditions on group columns below, and lets the input's order decide how groups are formed.
func (o *optimizer) aggregate(x *plan.Aggregate, conds []plan.Expr, w want) (built, error) {
	groups := colsOf(x.GroupBy)
	var below, here []plan.Expr
	for _, c := range conds {
		s := exprCols(c)
		own := s.meets(colsOf(x.AggOut)) || s.meets(colsOf(x.GroupOut))
		if x.Sets == nil && len(x.GroupBy) > 0 && !own && s.meets(groups) && !volatileExpr(c) {
			below = append(below, c)
		} else {
			here = append(here, c)
		}
	}
	if len(x.GroupBy) == 0 && x.Sets == nil && len(here) == 0 {
		if b, ok, err := o.minMax(x); ok || err != nil {
			return b, err
		}
	}
	need := colset(nil).addIDs(x.GroupIn)
	for _, a := range x.Aggs {
		need = need.addExpr(a)
	}
	in := want{need: need}
	if x.Sets == nil && len(x.GroupBy) > 0 && o.on("sortagg") {
		in.group = true
		for _, c := range x.GroupBy {
			in.order = append(in.order, plan.SortKey{Col: c.ID, T: c.T})
		}
	}
	b, err := o.build(x.In, below, plainWant(in.need))
	if err != nil {
		return built{}, err
	}
	aggs := make([]*plan.Aggref, len(x.Aggs))
	for i, a := range x.Aggs {
		e, err := o.expr(a)
		if err != nil {
			return built{}, err
		}
		aggs[i] = e.(*plan.Aggref)
	}
	if len(x.GroupBy) > 0 && x.Sets == nil && o.off(HashAgg) && !o.grouped(b.order, x.GroupIn, b.fixed) {
		keys := make([]plan.SortKey, len(x.GroupIn))
		for i, id := range x.GroupIn {
			keys[i] = plan.SortKey{Col: id, T: x.GroupBy[i].T}
		}
		b = o.sorted(b, keys, 0)
	}
	c := &o.costs
	ie := b.node.Estimate()
	work := float64(len(x.Aggs)+len(x.GroupBy)) * c.CPUOperator
	n := &plan.Agg{In: b.node, Strategy: plan.AggHashed, GroupBy: x.GroupBy, GroupIn: x.GroupIn, Sets: x.Sets, Aggs: aggs, Groupings: x.Groupings, Out: x.Cols()}
	n.Width = widthOf(n.Out)
	out := built{}
	switch {
	case x.Sets != nil:
		n.Strategy = plan.AggMixed
		n.Rows = max(1, o.distinctOf(x.GroupIn, ie.Rows)*float64(len(x.Sets)))
		n.Startup = ie.Total + ie.Rows*(work+c.CPUTuple)*float64(len(x.Sets))
	case len(x.GroupBy) == 0:
		n.Strategy, n.Rows = plan.AggPlain, 1
		n.Startup = ie.Total + ie.Rows*work
		out.one = true
	default:
		n.Rows = o.distinctOf(x.GroupIn, ie.Rows)
		if o.on("sortagg") && o.grouped(b.order, x.GroupIn, b.fixed) {
			n.Strategy = plan.AggSorted
			out.order, out.fixed = keptOrder(b.order, groups), b.fixed
			n.Startup = ie.Startup
			n.Total = ie.Total + ie.Rows*work + n.Rows*c.CPUTuple
		} else {
			n.Startup = ie.Total + ie.Rows*(work+c.CPUTuple)
		}
	}
	if n.Total == 0 {
		n.Total = n.Startup + n.Rows*c.CPUTuple
	}
	for i, gc := range x.GroupIn {
		if x.GroupBy[i].ID != gc {
			if info := o.colInfo(gc); info != nil {
				o.know(x.GroupBy[i].ID, info)
			}
		}
	}
	out.node = n
	if len(here) > 0 {
		if n.Having, err = o.exprsFor(n.Rows, here); err != nil {
			return built{}, err
		}
		n.Rows = max(1, n.Rows*o.selectivity(here))
	}
	return out, nil
}

// minMax answers min and max from the ends of an index. Rule minmax.
func (o *optimizer) minMax(x *plan.Aggregate) (built, bool, error) {
	if len(x.Aggs) == 0 || !o.on("minmax") {
		return built{}, false, nil
	}
	switch x.In.(type) {
	case *plan.Scan, *plan.Filter, *plan.Project:
	default:
		return built{}, false, nil
	}
	rel := x.In
	var conds []plan.Expr
	for {
		f, ok := rel.(*plan.Filter)
		if ok {
			for _, c := range f.Conds {
				if volatileExpr(c) || hasSubquery(c) {
					return built{}, false, nil
				}
			}
			conds = append(conds, f.Conds...)
			rel = f.In
			continue
		}
		if p, ok := rel.(*plan.Project); ok {
			same := true
			for i, e := range p.Exprs {
				r, isRef := e.(*plan.ColRef)
				same = same && isRef && r.Col == p.Out[i].ID
			}
			if same {
				rel = p.In
				continue
			}
		}
		break
	}
	scan, ok := rel.(*plan.Scan)
	if !ok {
		return built{}, false, nil
	}
	var es []plan.Expr
	est := plan.Est{Rows: 1, Width: widthOf(x.AggOut)}
	for i, a := range x.Aggs {
		if len(a.Args) != 1 || a.Filter != nil || a.Name != "min" && a.Name != "max" {
			return built{}, false, nil
		}
		ref, isRef := a.Args[0].(*plan.ColRef)
		if !isRef || a.T.OID != ref.T.OID || a.InputColl != ref.T.Coll {
			return built{}, false, nil
		}
		all := append(flatten(conds), &plan.NullTest{Arg: ref, Not: true})
		key := plan.SortKey{Col: ref.Col, T: ref.T, Desc: a.Name == "max", NullsFirst: a.Name == "max"}
		b, err := o.scan(scan, all, want{order: []plan.SortKey{key}, rows: 1, need: colset(nil).add(ref.Col)})
		if err != nil {
			return built{}, false, err
		}
		if o.satisfied(b.order, []plan.SortKey{key}, b.fixed) == 0 && !b.one {
			// The other place of NULLs will do: they are filtered.
			key.NullsFirst = !key.NullsFirst
			if b, err = o.scan(scan, all, want{order: []plan.SortKey{key}, rows: 1, need: colset(nil).add(ref.Col)}); err != nil {
				return built{}, false, err
			}
			if o.satisfied(b.order, []plan.SortKey{key}, b.fixed) == 0 && !b.one {
				return built{}, false, nil
			}
		}
		o.orderKept(b.node, []plan.SortKey{key})
		e := *b.node.Estimate()
		lim := &plan.LimitNode{Est: plan.Est{Startup: e.Startup, Total: part(e, 1), Rows: 1, Width: e.Width}, In: b.node, Count: int8Const(1)}
		est.Total += lim.Total
		s := &plan.Subquery{Kind: plan.SubScalar, Rel: &plan.Project{In: scan, Exprs: []plan.Expr{ref}, Out: []plan.Col{{ID: ref.Col, Name: ref.Name, T: ref.T}}}, T: x.AggOut[i].T, Plan: lim}
		for c := range plan.FreeCols(&plan.Filter{In: scan, Conds: conds}) {
			s.Params = append(s.Params, c)
		}
		es = append(es, s)
	}
	return built{node: &plan.Result{Est: est, Exprs: es, Out: x.Cols()}, one: true}, true, nil
}

func int8Const(n int64) *plan.Const {
	return &plan.Const{Val: tuple.Int(n), T: plan.Type{OID: types.Int8, Mod: -1}}
}

func (o *optimizer) window(x *plan.Window, conds []plan.Expr, w want) (built, error) {
	part := colset(nil).addIDs(x.Partition)
	var below, here []plan.Expr
	for _, c := range conds {
		// A condition on partition columns keeps or drops whole partitions. Rule window_pushdown.
		if s := exprCols(c); len(x.Partition) > 0 && s.meets(part) && s.within(part) && !volatileExpr(c) && o.on("window_pushdown") {
			below = append(below, c)
		} else {
			here = append(here, c)
		}
	}
	colTypes := map[plan.ColID]plan.Type{}
	for _, c := range x.In.Cols() {
		colTypes[c.ID] = c.T
	}
	var keys []plan.SortKey
	for _, p := range x.Partition {
		keys = append(keys, plan.SortKey{Col: p, T: colTypes[p]})
	}
	keys = append(keys, x.Order...)
	need := w.need.clone().addExprs(here).addKeys(keys)
	for _, c := range x.Calls {
		need = need.addExpr(c)
	}
	b, err := o.build(x.In, below, want{need: need, order: keys})
	if err != nil {
		return built{}, err
	}
	if len(keys) > 0 {
		if o.satisfied(b.order, keys, b.fixed) < len(keys) && !b.one {
			b.node = narrowed(b.node, need)
		}
		b = o.sorted(b, keys, 0)
	}
	calls := make([]*plan.WindowCall, len(x.Calls))
	for i, c := range x.Calls {
		e, err := o.expr(c)
		if err != nil {
			return built{}, err
		}
		calls[i] = e.(*plan.WindowCall)
	}
	f := x.Frame
	if f.StartOff, err = o.expr(f.StartOff); err != nil {
		return built{}, err
	}
	if f.EndOff, err = o.expr(f.EndOff); err != nil {
		return built{}, err
	}
	ie := *b.node.Estimate()
	ie.Total += ie.Rows * (o.costs.CPUTuple + float64(len(calls))*o.costs.CPUOperator)
	in := b.node.Cols()
	out := append(in[:len(in):len(in)], x.Out...)
	ie.Width = widthOf(out)
	b.node = &plan.WindowAgg{Est: ie, In: b.node, Partition: x.Partition, Order: x.Order, Frame: f, Calls: calls, Out: out}
	b.one = false
	return o.filtered(b, here)
}

// limit tells its input how many rows it will read.
func (o *optimizer) limit(x *plan.Limit, w want) (built, error) {
	in := want{need: w.need.clone().addKeys(x.WithTies), order: w.order}
	take := constInt(x.Count, 10)
	skip := 0.0
	if x.Offset != nil {
		skip = constInt(x.Offset, 0)
	}
	if x.Count != nil {
		in.rows = max(1, take+skip)
	}
	b, err := o.build(x.In, nil, in)
	if err != nil {
		return built{}, err
	}
	count, err := o.expr(x.Count)
	if err != nil {
		return built{}, err
	}
	offset, err := o.expr(x.Offset)
	if err != nil {
		return built{}, err
	}
	if count != nil && x.WithTies == nil {
		top := count
		if offset != nil {
			top = sumOf(count, offset)
		}
		b.node = o.topN(b.node, top, take+skip)
	}
	ie := *b.node.Estimate()
	est := ie
	if x.Count != nil {
		est.Rows = max(1, min(take, ie.Rows-skip))
		est.Total = part(ie, take+skip)
	} else {
		est.Rows = max(1, ie.Rows-skip)
	}
	if skip > 0 {
		est.Startup = part(ie, skip)
	}
	b.node = &plan.LimitNode{Est: est, In: b.node, Count: count, Offset: offset, WithTies: x.WithTies}
	return b, nil
}

func constInt(e plan.Expr, unknown float64) float64 {
	if c, ok := e.(*plan.Const); ok && !c.Val.IsNull() {
		return float64(c.Val.Int())
	}
	return unknown
}

// sumOf is LIMIT + OFFSET.
func sumOf(a, b plan.Expr) plan.Expr {
	x, ok1 := a.(*plan.Const)
	y, ok2 := b.(*plan.Const)
	if ok1 && ok2 && !x.Val.IsNull() && !y.Val.IsNull() && x.Val.Int() >= 0 && y.Val.Int() >= 0 && x.Val.Int()+y.Val.Int() >= 0 {
		return int8Const(x.Val.Int() + y.Val.Int())
	}
	if ok1 && ok2 || hasSubquery(a) || hasSubquery(b) {
		return nil
	}
	const int8Plus, int8PlusOp = 463, 684
	return &plan.FuncCall{Proc: int8Plus, Op: int8PlusOp, Name: "+", Args: []plan.Expr{a, b}, T: plan.Type{OID: types.Int8, Mod: -1}, Form: plan.CallOp}
}

// topN lets a sort below keep that many rows only. Projections in between give one row per row.
func (o *optimizer) topN(n plan.Node, limit plan.Expr, rows float64) plan.Node {
	if limit == nil {
		return n
	}
	switch x := n.(type) {
	case *plan.SortNode:
		c := *x
		c.Limit = limit
		c.In = o.nearest(&c, rows)
		c.Est = o.sortCost(*c.In.Estimate(), rows)
		return &c
	case *plan.Result:
		if x.In == nil || len(x.Filter) > 0 {
			return n
		}
		in := o.topN(x.In, limit, rows)
		if in == x.In {
			return n
		}
		c := *x
		c.In = in
		c.Startup += in.Estimate().Startup - x.In.Estimate().Startup
		c.Total += in.Estimate().Total - x.In.Estimate().Total
		return &c
	}
	return n
}

// exact makes the columns of a node those of the list, in order, for operators that count positions.
func exact(n plan.Node, cols []plan.Col) plan.Node {
	have := n.Cols()
	same := len(have) == len(cols)
	for i := 0; same && i < len(have); i++ {
		same = have[i].ID == cols[i].ID
	}
	if same {
		return n
	}
	return project(n, cols)
}

func (o *optimizer) setOp(x *plan.SetOp, conds []plan.Expr, w want) (built, error) {
	var here []plan.Expr
	push := func(in plan.Rel) []plan.Expr {
		by := map[plan.ColID]plan.Expr{}
		cols := in.Cols()
		for i, c := range x.Out {
			by[c.ID] = &plan.ColRef{Col: cols[i].ID, Name: cols[i].Name, T: cols[i].T}
		}
		var out []plan.Expr
		for _, c := range conds {
			if !volatileExpr(c) {
				out = append(out, substitute(c, by))
			}
		}
		return out
	}
	for _, c := range conds {
		if volatileExpr(c) {
			here = append(here, c)
		}
	}
	lw := plainWant(colsOf(x.L.Cols()))
	rw := plainWant(colsOf(x.R.Cols()))
	if x.Kind == plan.Union && x.All {
		lw.rows, rw.rows = w.rows, w.rows
	}
	l, err := o.build(x.L, push(x.L), lw)
	if err != nil {
		return built{}, err
	}
	r, err := o.build(x.R, push(x.R), rw)
	if err != nil {
		return built{}, err
	}
	ln, rn := exact(l.node, x.L.Cols()), exact(r.node, x.R.Cols())
	le, re := ln.Estimate(), rn.Estimate()
	c := &o.costs
	est := plan.Est{Startup: le.Startup, Total: le.Total + re.Total, Rows: le.Rows + re.Rows, Width: widthOf(x.Out)}
	var b built
	if x.Kind != plan.Union {
		est.Startup = est.Total + est.Rows*2*c.CPUTuple
		est.Rows = max(1, le.Rows/2)
		est.Total = est.Startup + est.Rows*c.CPUTuple
		b.node = &plan.HashSetOp{Est: est, Kind: x.Kind, All: x.All, L: ln, R: rn, Out: x.Out}
		return o.filtered(b, here)
	}
	// UNION ALL of UNION ALL is one list.
	ins := []plan.Node{ln, rn}
	if a, ok := ln.(*plan.Append); ok {
		ins = append(a.In[:len(a.In):len(a.In)], rn)
	}
	b.node = &plan.Append{Est: est, In: ins, Out: x.Out}
	if !x.All {
		on := make([]plan.ColID, len(x.Out))
		for i, c := range x.Out {
			on[i] = c.ID
		}
		est.Startup = est.Total
		est.Total += est.Rows * 2 * c.CPUTuple
		b.node = &plan.HashDistinct{Est: est, In: b.node, On: on}
	}
	return o.filtered(b, here)
}

// with inlines the CTEs that are read once. Rule cte_inline.
func (o *optimizer) with(x *plan.With, conds []plan.Expr, w want) (built, error) {
	n := &plan.WithNode{}
	var cost plan.Est
	for _, c := range x.CTEs {
		if !c.Modifying && !c.Recursive && !c.Materialize && c.Refs <= 1 && o.on("cte_inline") {
			if o.inline == nil {
				o.inline = map[*plan.CTE]bool{}
			}
			o.inline[c] = true
			continue
		}
		var p plan.Node
		if u, ok := c.Rel.(*plan.RecursiveUnion); ok {
			var err error
			if p, err = o.recursive(c, u); err != nil {
				return built{}, err
			}
		} else {
			b, err := o.build(c.Rel, nil, plainWant(colsOf(c.Rel.Cols())))
			if err != nil {
				return built{}, err
			}
			p = exact(b.node, c.Rel.Cols())
			if c.Modifying {
				p = b.node
			}
		}
		if o.cteRows == nil {
			o.cteRows = map[*plan.CTE]float64{}
		}
		o.cteRows[c] = p.Estimate().Rows
		cost.Total += p.Estimate().Total
		n.CTEs, n.Plans = append(n.CTEs, c), append(n.Plans, p)
	}
	b, err := o.build(x.In, conds, w)
	if err != nil || len(n.CTEs) == 0 {
		return b, err
	}
	n.In, n.Est = b.node, *b.node.Estimate()
	n.Startup += cost.Total
	n.Total += cost.Total
	b.node = n
	return b, nil
}

// cteScan reads a CTE, or is the CTE where it was inlined.
func (o *optimizer) cteScan(x *plan.CTEScan, conds []plan.Expr, w want) (built, error) {
	if o.inline[x.CTE] {
		return o.build(inlined(x), conds, w)
	}
	conds, err := o.exprs(conds)
	if err != nil {
		return built{}, err
	}
	rows := o.cteRows[x.CTE]
	if rows == 0 {
		rows = 1000
	}
	est := plan.Est{Rows: max(1, rows*o.selectivity(conds)), Width: widthOf(x.Out)}
	est.Total = rows * (o.costs.CPUTuple + o.costs.filter(conds))
	return built{node: &plan.CTEScanNode{Est: est, CTE: x.CTE, Alias: x.Alias, Filter: conds, Out: x.Out}}, nil
}

func inlined(x *plan.CTEScan) plan.Rel {
	p := &plan.Project{In: x.CTE.Rel, Out: x.Out}
	for _, c := range x.CTE.Rel.Cols()[:len(x.Out)] {
		p.Exprs = append(p.Exprs, &plan.ColRef{Col: c.ID, Name: c.Name, T: c.T})
	}
	return p
}

func (o *optimizer) recursive(c *plan.CTE, u *plan.RecursiveUnion) (plan.Node, error) {
	base, err := o.build(u.Base, nil, plainWant(colsOf(u.Base.Cols())))
	if err != nil {
		return nil, err
	}
	step, err := o.build(u.Step, nil, plainWant(colsOf(u.Step.Cols())))
	if err != nil {
		return nil, err
	}
	be, se := base.node.Estimate(), step.node.Estimate()
	est := plan.Est{Startup: be.Startup, Total: be.Total + 10*se.Total, Rows: be.Rows + 10*se.Rows, Width: widthOf(u.Out)}
	return &plan.RecursiveUnionNode{Est: est, CTE: c, All: u.All, Base: exact(base.node, u.Base.Cols()), Step: exact(step.node, u.Step.Cols()), Out: u.Out}, nil
}

func (o *optimizer) distinctRel(x *plan.Distinct, conds []plan.Expr, w want) (built, error) {
	on := colset(nil).addIDs(x.On)
	var below, here []plan.Expr
	for _, c := range conds {
		if s := exprCols(c); s.meets(on) && s.within(on) && !volatileExpr(c) {
			below = append(below, c)
		} else {
			here = append(here, c)
		}
	}
	in := want{need: w.need.clone().addSet(on).addExprs(here), order: w.order}
	b, err := o.build(x.In, below, in)
	if err != nil {
		return built{}, err
	}
	if len(x.On) > 0 && !x.Ordered && !b.one && o.off(HashAgg) && !o.grouped(b.order, x.On, b.fixed) {
		ts := map[plan.ColID]plan.Type{}
		for _, c := range b.node.Cols() {
			ts[c.ID] = c.T
		}
		keys := make([]plan.SortKey, len(x.On))
		for i, id := range x.On {
			keys[i] = plan.SortKey{Col: id, T: ts[id]}
		}
		b = o.sorted(b, keys, 0)
	}
	est := *b.node.Estimate()
	rows := o.distinctOf(x.On, est.Rows)
	c := &o.costs
	if x.Ordered || len(x.On) > 0 && o.grouped(b.order, x.On, b.fixed) {
		est.Total += est.Rows * c.CPUOperator * float64(len(x.On))
		est.Rows = rows
		b.node = &plan.UniqueNode{Est: est, In: b.node, On: x.On}
	} else if !b.one {
		est.Total += est.Rows * 2 * c.CPUTuple
		est.Rows = rows
		b.node = &plan.HashDistinct{Est: est, In: narrowed(b.node, in.need), On: x.On}
		b.order = nil // rows that wait in files come late
	}
	return o.filtered(b, here)
}

func (o *optimizer) lockRows(x *plan.LockRows, w want) (built, error) {
	need := w.need.clone()
	var locked colset
	for _, it := range x.Items {
		need = need.add(it.Loc)
		if it.Scan == nil {
			return built{}, pgerr.Internal("row lock without a table")
		}
		locked = locked.addCols(it.Scan.Out)
	}
	// A row that has changed is checked again, by the conditions that name its columns.
	var conds []plan.Expr
	rowConds(x.In, locked, &conds)
	need = need.addExprs(conds)
	b, err := o.build(x.In, nil, want{need: need, order: w.order, rows: w.rows})
	if err != nil {
		return built{}, err
	}
	n := &plan.LockRowsNode{Est: *b.node.Estimate(), In: b.node, Items: x.Items}
	if n.Recheck, err = o.exprs(conds); err != nil {
		return built{}, err
	}
	n.Total += n.Rows * o.costs.CPUTuple
	b.node = n
	// The newest version may sort elsewhere: the order is the snapshot's, as in PostgreSQL.
	return b, nil
}

// rowConds collects the conditions on locked columns that hold for the rows of r: those of outer joins' right sides and
// of ON do not.
func rowConds(r plan.Rel, locked colset, out *[]plan.Expr) {
	take := func(es []plan.Expr) {
		for _, e := range flatten(es) {
			if exprCols(e).meets(locked) && !volatileExpr(e) {
				*out = append(*out, e)
			}
		}
	}
	switch x := r.(type) {
	case *plan.Filter:
		rowConds(x.In, locked, out) // what a barrier asks comes before what it keeps from seeing the row
		take(x.Conds)
	case *plan.Barrier:
		rowConds(x.In, locked, out)
		take(x.Conds)
	case *plan.Project:
		rowConds(x.In, locked, out)
	case *plan.Sort:
		rowConds(x.In, locked, out)
	case *plan.Limit:
		rowConds(x.In, locked, out)
	case *plan.Join:
		switch x.Kind {
		case plan.InnerJoin:
			rowConds(x.L, locked, out)
			rowConds(x.R, locked, out)
			take(x.On)
		case plan.LeftJoin:
			rowConds(x.L, locked, out)
		case plan.RightJoin:
			rowConds(x.R, locked, out)
		}
	}
}

package opt

import (
	"fmt"
	"math"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// maxDynamic is the largest number of items whose orders are all compared; beyond it the next best pair is joined.
const maxDynamic = 9

// join plans a tree of joins with conditions above it.
func (o *optimizer) join(r plan.Rel, conds []plan.Expr, w want) (built, error) {
	g := &joinGraph{o: o, pool: append([]plan.Expr(nil), conds...)}
	g.add(r)
	// The pool may have grown while later projections went up.
	for i := range g.pool {
		g.pool[i] = g.rewrite(g.pool[i])
	}
	if len(g.items) > 60 {
		return built{}, pgerr.New(pgerr.ProgramLimitExceeded, "more than 60 relations in one join")
	}
	g.classify()
	g.needs(w)
	if len(g.items) == 1 && g.items[0].kind == plan.InnerJoin {
		return g.single(w)
	}
	best, err := g.search(w)
	if err != nil {
		return built{}, err
	}
	n, err := g.node(best, g.above)
	if err != nil {
		return built{}, err
	}
	return g.finish(built{node: n, order: best.order, fixed: g.fixed}, w)
}

// needs finds which columns the joins must give and which they read themselves.
func (g *joinGraph) needs(w want) {
	above := w.need.clone()
	for _, p := range g.calc {
		for i, c := range p.Out {
			if w.need.has(c.ID) || mentionsAny(g.top, c.ID) {
				above = above.addExpr(g.rewrite(p.Exprs[i]))
			}
		}
	}
	above = above.addExprs(g.top)
	g.above = above
	need := above.clone()
	for _, c := range g.conds {
		need = need.addExpr(c.e)
	}
	for _, ec := range g.ecs {
		for _, c := range ec.cols {
			need = need.add(c.Col)
		}
	}
	for _, it := range g.items {
		for _, c := range it.on {
			need = need.addExpr(c.e)
		}
		if it.lat {
			for c := range plan.FreeCols(it.rel) {
				need = need.add(c)
			}
		}
		if it.kind == plan.InnerJoin {
			g.fixed = g.fixed.addSet(g.o.fixedCols(it.conds, it.cols))
		}
	}
	g.need = need
}

func mentionsAny(es []plan.Expr, c plan.ColID) bool {
	for _, e := range es {
		if exprCols(e).has(c) {
			return true
		}
	}
	return false
}

// single plans a graph of one item.
func (g *joinGraph) single(w want) (built, error) {
	it := g.items[0]
	below := w
	below.need = g.need
	below.order = g.orderBelow(w.order)
	var b built
	var err error
	if it.scan != nil {
		b, err = g.o.scan(it.scan, it.conds, below)
	} else if j, ok := it.rel.(*plan.Join); ok {
		b, err = g.o.plainJoin(j, it.conds, below)
	} else {
		b, err = g.o.leaf(it.rel, it.conds, below)
	}
	if err != nil {
		return built{}, err
	}
	return g.finish(b, w)
}

// orderBelow is an order over pulled projections' columns in terms of what is below.
func (g *joinGraph) orderBelow(keys []plan.SortKey) []plan.SortKey {
	if len(g.subst) == 0 {
		return keys
	}
	out := make([]plan.SortKey, 0, len(keys))
	for _, k := range keys {
		if e, ok := g.subst[k.Col]; ok {
			r, plain := e.(*plan.ColRef)
			if !plain {
				break
			}
			k.Col = r.Col
		}
		out = append(out, k)
	}
	return out
}

// finish puts the remaining conditions and the pulled projections on top.
func (g *joinGraph) finish(b built, w want) (built, error) {
	o := g.o
	for _, c := range g.top {
		if neverTrue(c) {
			b = nothing(c, b.node.Cols())
			g.top = nil
		}
	}
	if len(g.top) > 0 {
		conds, err := o.exprsFor(b.node.Estimate().Rows, g.top)
		if err != nil {
			return built{}, err
		}
		est := *b.node.Estimate()
		est.Rows = max(1, est.Rows*o.selectivity(conds))
		est.Total += est.Rows * o.costs.filter(conds)
		b.node = &plan.Result{Est: est, In: b.node, Filter: conds, Out: b.node.Cols()}
	}
	if len(g.calc) == 0 {
		return b, nil
	}
	// Innermost projection last: all are computed from what the joins give.
	var out []plan.Col
	var es []plan.Expr
	seen := colset(nil)
	order := b.order
	for _, p := range g.calc {
		for i, c := range p.Out {
			if !w.need.has(c.ID) || seen.has(c.ID) {
				continue
			}
			seen = seen.add(c.ID)
			one, err := o.exprsFor(b.node.Estimate().Rows, []plan.Expr{g.rewrite(p.Exprs[i])})
			if err != nil {
				return built{}, err
			}
			e := one[0]
			out, es = append(out, c), append(es, e)
			if r, ok := e.(*plan.ColRef); ok && r.Col != c.ID {
				o.unite(r.Col, c.ID)
				if in := o.colInfo(r.Col); in != nil {
					o.know(c.ID, in)
				}
				if b.fixed.has(r.Col) {
					b.fixed = b.fixed.clone().add(c.ID)
				}
			}
		}
	}
	for _, c := range b.node.Cols() {
		if w.need.has(c.ID) && !seen.has(c.ID) {
			seen = seen.add(c.ID)
			out, es = append(out, c), append(es, &plan.ColRef{Col: c.ID, Name: c.Name, T: c.T})
		}
	}
	est := *b.node.Estimate()
	est.Width = widthOf(out)
	est.Total += est.Rows * o.costs.filter(es)
	b.node = &plan.Result{Est: est, In: b.node, Exprs: es, Out: out}
	b.order = order
	return b, nil
}

// search finds the cheapest path for all items.
func (g *joinGraph) search(w want) (*jpath, error) {
	g.sets = newSets(len(g.items))
	all := relset(1)<<len(g.items) - 1
	for i, it := range g.items {
		if it.kind != plan.InnerJoin {
			g.special |= 1 << i
		}
	}
	for _, ec := range g.ecs {
		ec.rels, ec.distinct = ec.rels[:0], ec.distinct[:0]
		for _, c := range ec.cols {
			ec.rels = append(ec.rels, g.relsOf(exprCols(c)))
			d, _ := g.o.distinct(c.Col)
			ec.distinct = append(ec.distinct, d)
		}
	}
	for _, k := range w.order {
		g.desc = g.desc || k.Desc
	}
	if err := g.leaves(); err != nil {
		return nil, err
	}
	// Leaves know their rows now, and with them what subqueries' columns hold.
	g.weigh()
	g.findKeys()
	g.links()
	var err error
	if len(g.items) <= maxDynamic {
		err = g.dynamic(all)
	} else {
		err = g.greedy(all)
	}
	if err != nil {
		return nil, err
	}
	s := g.sets.get(all)
	if s == nil || len(s.paths) == 0 {
		return nil, pgerr.Internal("no join order for %d relations", len(g.items))
	}
	order := g.orderBelow(w.order)
	var best *jpath
	cost := math.Inf(1)
	for _, p := range s.paths {
		e := plan.Est{Startup: p.startup, Total: p.total, Rows: s.rows, Width: s.width}
		here := w
		here.order = order
		if len(order) > 0 && g.o.wanted(here, p.order, g.fixed) < len(order) {
			e = g.o.sortCost(e, w.rows)
		}
		if c := part(e, w.rows); c < cost {
			best, cost = p, c
		}
	}
	return best, nil
}

// leaves plans each item by itself.
func (g *joinGraph) leaves() error {
	o := g.o
	for i, it := range g.items {
		set := relset(1) << i
		s := &jset{width: widthOf(outOf(it.rel.Cols(), g.need))}
		g.alone = append(g.alone, s)
		if it.lat {
			it.rows = 100
			s.rows = it.rows
			continue
		}
		if it.scan != nil {
			conds, err := o.exprsFor(o.tableRows(it.scan.Table), it.conds)
			if err != nil {
				return err
			}
			// Backward scans pay only where a descending order is wanted in the end.
			o.noReverse = !g.desc
			paths, err := o.accesses(it.scan, conds, g.need)
			o.noReverse = false
			if err != nil {
				return err
			}
			for _, p := range paths {
				it.rows = p.Rows
				s.rows = p.Rows
				s.keep(o, &jpath{method: leafPath, set: set, item: it, access: p, conds: conds, startup: p.Startup, total: p.Total, rows: p.Rows, order: p.order, one: p.unique})
			}
			for _, p := range paths {
				if p.unique {
					s.rows, it.rows = p.Rows, p.Rows
				}
			}
		} else {
			var b built
			var err error
			if j, ok := it.rel.(*plan.Join); ok && it.kind == plan.InnerJoin {
				b, err = o.plainJoin(j, it.conds, plainWant(g.need))
			} else {
				b, err = o.build(it.rel, it.conds, plainWant(g.need))
			}
			if err != nil {
				return err
			}
			e := b.node.Estimate()
			it.rows, s.rows = max(1, e.Rows), max(1, e.Rows)
			s.keep(o, &jpath{method: leafPath, set: set, item: it, b: b, startup: e.Startup, total: e.Total, rows: s.rows, order: b.order, one: b.one})
			if b.node != nil && it.kind == plan.InnerJoin {
				g.fixed = g.fixed.addSet(b.fixed)
			}
		}
		if it.kind == plan.InnerJoin {
			g.sets.put(set, s)
		}
	}
	for i, it := range g.items {
		if it.kind == plan.SemiJoin && !it.lat && o.on("unique_inner") {
			g.makeUnique(i, it)
		}
	}
	return nil
}

// makeUnique lets a semi join's right side lead, one row per key. Rule unique_inner.
func (g *joinGraph) makeUnique(i int, it *joinItem) {
	var on []plan.ColID
	for _, c := range it.on {
		if c.l == nil || g.o.looseEqual(c.e) {
			return
		}
		e := c.l
		if c.rset == 1<<i {
			e = c.r
		} else if c.lset != 1<<i {
			return
		}
		r, ok := e.(*plan.ColRef)
		if !ok {
			return
		}
		on = append(on, r.Col)
	}
	if len(on) == 0 {
		return
	}
	p := g.alone[i].cheapest()
	rows := g.o.distinctOf(on, it.rows)
	c := &g.o.costs
	it.distinct = &jpath{method: leafPath, set: 1 << i, item: it, startup: p.startup, total: p.total + it.rows*2*c.CPUTuple, rows: rows, l: p, memo: on}
	g.sets.put(1<<i, &jset{rows: rows, width: g.alone[i].width, paths: []*jpath{it.distinct}})
}

// links notes which items a condition connects.
func (g *joinGraph) links() {
	g.link = make([]relset, len(g.items))
	tie := func(s relset) {
		for t := s; t != 0; t &= t - 1 {
			g.link[t.first()] |= s
		}
	}
	for _, ec := range g.ecs {
		if ec.value == nil {
			s := relset(0)
			for _, r := range ec.rels {
				s |= r
			}
			tie(s)
		}
	}
	for _, c := range g.conds {
		tie(c.rels)
	}
	for i, it := range g.items {
		for _, c := range it.on {
			tie(c.rels | 1<<i)
		}
		if it.needs != 0 {
			tie(it.needs | 1<<i)
		}
	}
}

func (g *joinGraph) linked(a, b relset) bool {
	for s := a; s != 0; s &= s - 1 {
		if g.link[s.first()]&b != 0 {
			return true
		}
	}
	return false
}

// dynamic compares all orders, bushy ones too. Sets that no condition holds together are made only where the query has
// no other way.
func (g *joinGraph) dynamic(all relset) error {
	for _, crossing := range []bool{false, true} {
		for s := relset(1); s <= all; s++ {
			if s&(s-1) == 0 || g.sets.get(s) != nil {
				continue
			}
			for a := s & -s; a != s; a = (a - s) & s { // of equal costs the first wins: what FROM names first is outer, as in PostgreSQL
				if err := g.combine(s, a, s&^a, crossing); err != nil {
					return err
				}
			}
		}
		if g.sets.get(all) != nil {
			return nil
		}
	}
	return nil
}

// combine joins outer a with inner b, if that is allowed.
func (g *joinGraph) combine(s, a, b relset, crossing bool) error {
	as := g.sets.get(a)
	if as == nil || !crossing && !g.linked(a, b) {
		return nil
	}
	get := func() *jset {
		js := g.sets.get(s)
		if js == nil {
			js = &jset{rows: g.rowsOf(s), width: as.width + 8}
			for t := b; t != 0; t &= t - 1 {
				js.width += g.alone[t.first()].width
			}
			g.sets.put(s, js)
		}
		return js
	}
	drop := func() {
		if js := g.sets.get(s); js != nil && len(js.paths) == 0 {
			g.sets.put(s, nil)
		}
	}
	if b&(b-1) == 0 {
		i := b.first()
		if it := g.items[i]; it.kind != plan.InnerJoin || it.lat {
			if it.needs&^a != 0 {
				return nil
			}
			err := g.tryJoin(get(), a, b, as, g.alone[i], it)
			drop()
			return err
		}
	}
	bs := g.sets.get(b)
	if bs == nil {
		return nil
	}
	err := g.tryJoin(get(), a, b, as, bs, nil)
	drop()
	return err
}

// greedy joins the pair with the smallest result until one set is left.
func (g *joinGraph) greedy(all relset) error {
	var parts []relset
	for i, it := range g.items {
		if it.kind == plan.InnerJoin && !it.lat {
			parts = append(parts, 1<<i)
		}
	}
	left := all
	for _, p := range parts {
		left &^= p
	}
	for len(parts) > 1 || left != 0 {
		bestI, best := -1, relset(0)
		rows := math.Inf(1)
		for _, crossing := range []bool{false, true} {
			for i, a := range parts {
				try := func(b relset) {
					if !crossing && !g.linked(a, b) {
						return
					}
					if r := g.rowsOf(a | b); r < rows {
						bestI, best, rows = i, b, r
					}
				}
				for _, b := range parts[i+1:] {
					try(b)
				}
				for t := left; t != 0; t &= t - 1 {
					if it := g.items[t.first()]; it.needs&^a == 0 {
						try(1 << t.first())
					}
				}
			}
			if bestI >= 0 {
				break
			}
		}
		if bestI < 0 {
			return pgerr.Internal("no join order for %d relations", len(g.items))
		}
		a := parts[bestI]
		s := a | best
		if err := g.combine(s, a, best, true); err != nil {
			return err
		}
		if left&best == 0 {
			if err := g.combine(s, best, a, true); err != nil {
				return err
			}
		}
		left &^= best
		n := 0
		for _, p := range parts {
			if p != a && p != best {
				parts[n] = p
				n++
			}
		}
		parts = append(parts[:n], s)
	}
	return nil
}

// node makes the operators of a path; need are the columns read above it.
func (g *joinGraph) node(p *jpath, need colset) (plan.Node, error) {
	est := plan.Est{Startup: p.startup, Total: p.total, Rows: p.rows}
	if p.method == leafPath {
		if p.l != nil { // made unique
			in, err := g.node(p.l, need.clone().addIDs(p.memo))
			if err != nil {
				return nil, err
			}
			est.Width = in.Estimate().Width
			return &plan.HashDistinct{Est: est, In: in, On: p.memo}, nil
		}
		if p.access != nil {
			return g.o.scanNode(p.item.scan, p.conds, p.access, plainWant(need)).node, nil
		}
		return p.b.node, nil
	}
	if p.method == sortPath {
		in, err := g.node(p.l, need.clone().addKeys(p.order))
		if err != nil {
			return nil, err
		}
		est.Width = in.Estimate().Width
		return &plan.SortNode{Est: est, In: in, Keys: p.order}, nil
	}
	child := need.clone().addExprs(p.post).addExprs(p.on)
	for _, k := range p.keys {
		child = child.addExpr(k.outer).addExpr(k.inner)
	}
	for _, m := range p.merge {
		child = child.add(m[0].Col).add(m[1].Col)
	}
	outer := child
	if p.param {
		outer = outer.clone().addExprs(p.r.conds)
		if p.r.access == nil {
			outer = outer.addSet(g.need)
		}
	}
	l, err := g.node(p.l, outer)
	if err != nil {
		return nil, err
	}
	r, err := g.node(p.r, child)
	if err != nil {
		return nil, err
	}
	on, err := g.o.exprsFor(p.l.rows*p.r.rows, p.on)
	if err != nil {
		return nil, err
	}
	cols := l.Cols()
	if p.kind != plan.SemiJoin && p.kind != plan.AntiJoin {
		cols = append(cols[:len(cols):len(cols)], r.Cols()...)
	}
	out := outOf(cols, need.clone().addExprs(p.post))
	est.Width = widthOf(out)
	var n plan.Node
	switch p.method {
	case hashPath:
		h := &plan.HashJoin{Est: est, Kind: p.kind, Outer: narrowedIf(l, child, p.kind), Inner: narrowed(r, child), On: on, Out: out}
		for _, k := range p.keys {
			h.OuterKeys, h.InnerKeys, h.Colls = append(h.OuterKeys, k.outer), append(h.InnerKeys, k.inner), append(h.Colls, k.coll)
		}
		n = h
	case mergePath:
		m := &plan.MergeJoin{Est: est, Kind: p.kind, Outer: l, Inner: narrowed(r, child), On: on, Out: out}
		for _, k := range p.merge {
			m.OuterKeys, m.InnerKeys = append(m.OuterKeys, k[0]), append(m.InnerKeys, k[1])
		}
		n = m
	default:
		if !p.param {
			r = g.o.materialized(narrowed(r, child))
		}
		n = &plan.NestLoop{Est: est, Kind: p.kind, Outer: l, Inner: r, On: on, Memoize: p.memo, InnerUnique: p.unique && p.kind == plan.InnerJoin, Out: out}
	}
	if len(p.post) == 0 {
		return n, nil
	}
	post, err := g.o.exprsFor(p.rows, p.post)
	if err != nil {
		return nil, err
	}
	return &plan.Result{Est: est, In: n, Filter: post, Out: out}, nil
}

// narrowedIf: outer rows are kept only where the join may spill, which is seldom.
func narrowedIf(n plan.Node, _ colset, _ plan.JoinKind) plan.Node { return n }

func (o *optimizer) materialized(n plan.Node) plan.Node {
	if _, ok := n.(*plan.Materialize); ok {
		return n
	}
	est := *n.Estimate()
	est.Total += est.Rows * o.costs.CPUOperator
	return &plan.Materialize{Est: est, In: n}
}

// plainJoin plans a join that does not commute with others: full joins, and those with volatile conditions.
func (o *optimizer) plainJoin(x *plan.Join, conds []plan.Expr, w want) (built, error) {
	left, right := colsOf(x.L.Cols()), colsOf(x.R.Cols())
	need := w.need.clone().addExprs(x.On).addExprs(conds)
	if x.Lateral {
		for c := range plan.FreeCols(x.R) {
			need = need.add(c)
		}
	}
	l, err := o.build(x.L, nil, plainWant(need))
	if err != nil {
		return built{}, err
	}
	r, err := o.build(x.R, nil, plainWant(need))
	if err != nil {
		return built{}, err
	}
	var ok, ik, rest []plan.Expr
	var colls []types.OID
	for _, c := range flatten(x.On) {
		if a, b, eq := o.equiJoin(c, left, right); eq && !x.Lateral && !volatileExpr(c) {
			ok, ik, colls = append(ok, a), append(ik, b), append(colls, c.(*plan.FuncCall).InputColl)
			continue
		}
		rest = append(rest, c)
	}
	sel := o.selectivity(flatten(x.On))
	if rest, err = o.exprs(rest); err != nil {
		return built{}, err
	}
	le, re := l.node.Estimate(), r.node.Estimate()
	c := &o.costs
	est := plan.Est{Rows: max(1, le.Rows*re.Rows*sel)}
	switch x.Kind {
	case plan.FullJoin:
		est.Rows = max(est.Rows, le.Rows, re.Rows)
	case plan.LeftJoin:
		est.Rows = max(est.Rows, le.Rows)
	case plan.RightJoin:
		est.Rows = max(est.Rows, re.Rows)
	case plan.SemiJoin, plan.AntiJoin:
		est.Rows = max(1, le.Rows/2)
	}
	est.Startup = re.Total + re.Rows*2*c.CPUTuple
	est.Total = est.Startup + le.Total + le.Rows*c.CPUTuple + est.Rows*c.CPUTuple
	cols := l.node.Cols()
	if x.Kind != plan.SemiJoin && x.Kind != plan.AntiJoin {
		cols = append(cols[:len(cols):len(cols)], r.node.Cols()...)
	}
	est.Width = widthOf(cols)
	b := built{}
	switch {
	case len(ok) > 0 || x.Kind == plan.RightJoin || x.Kind == plan.FullJoin:
		// A hash join without keys pairs everything and remembers what matched.
		b.node = &plan.HashJoin{Est: est, Kind: x.Kind, Outer: l.node, Inner: r.node, OuterKeys: ok, InnerKeys: ik, Colls: colls, On: rest, Out: cols}
	default:
		inner := r.node
		if !x.Lateral {
			inner = o.materialized(inner)
		}
		est.Total = le.Total + re.Total + le.Rows*re.Rows*c.CPUOperator
		b.node = &plan.NestLoop{Est: est, Kind: x.Kind, Outer: l.node, Inner: inner, On: rest, Out: cols}
		b.order = l.order
	}
	return o.filtered(b, conds)
}

// filtered checks conditions above a node.
func (o *optimizer) filtered(b built, conds []plan.Expr) (built, error) {
	if len(conds) == 0 {
		return b, nil
	}
	for _, c := range conds {
		if neverTrue(c) {
			return nothing(c, b.node.Cols()), nil
		}
	}
	conds, err := o.exprsFor(b.node.Estimate().Rows, conds)
	if err != nil {
		return built{}, err
	}
	est := *b.node.Estimate()
	est.Total += est.Rows * o.costs.filter(conds)
	est.Rows = max(1, est.Rows*o.selectivity(conds))
	b.node = &plan.Result{Est: est, In: b.node, Filter: conds, Out: b.node.Cols()}
	return b, nil
}

// equiJoin recognises left expression = right expression with a hashable operator.
func (o *optimizer) equiJoin(c plan.Expr, left, right colset) (l, r plan.Expr, ok bool) {
	call, isCall := c.(*plan.FuncCall)
	if !isCall || call.Form != plan.CallOp || len(call.Args) != 2 || !hashable(call.Op) || hasSubquery(c) {
		return nil, nil, false
	}
	a, b := call.Args[0], call.Args[1]
	// Both sides hash alike only where they have the same type.
	if a.Type().OID != b.Type().OID {
		return nil, nil, false
	}
	ac, bc := exprCols(a), exprCols(b)
	switch {
	case ac.meets(left) && !ac.meets(right) && bc.meets(right) && !bc.meets(left):
		return a, b, true
	case bc.meets(left) && !bc.meets(right) && ac.meets(right) && !ac.meets(left):
		return b, a, true
	}
	return nil, nil, false
}

// exprKey identifies an expression object within one planning run.
func exprKey(b []byte, e plan.Expr) []byte {
	if c, ok := e.(*plan.FuncCall); ok {
		b = append(b, byte(c.Op), byte(c.Op>>8), '(')
		for _, a := range c.Args {
			if r, isRef := a.(*plan.ColRef); isRef {
				b = append(b, 'c', byte(r.Col), byte(r.Col>>8), byte(r.Col>>16))
				continue
			}
			b = fmt.Appendf(b, "%p", a)
		}
		return append(b, ')')
	}
	return fmt.Appendf(b, "%p", e)
}

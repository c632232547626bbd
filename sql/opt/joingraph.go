package opt

import (
	"math/bits"

	"github.com/tarndb/tarn/sql/plan"
)

// relset is a set of items of a join graph.
type relset uint64

func (s relset) count() int { return bits.OnesCount64(uint64(s)) }
func (s relset) first() int { return bits.TrailingZeros64(uint64(s)) }

// joinItem is a relation of a join graph. An item that is not inner is the right side of its join: it is joined alone,
// after the items that its condition names.
type joinItem struct {
	rel   plan.Rel
	kind  plan.JoinKind // InnerJoin, LeftJoin, SemiJoin or AntiJoin
	on    []*joinCond   // of an item that is not inner
	needs relset        // items that stand before it
	lat   bool          // it names columns of needs: only a nested loop can run it
	cols  colset
	conds []plan.Expr // on this item alone
	rows  float64
	scan  *plan.Scan // the item is a table
	// virtual: the item is a computed relation.
	virtual *plan.VirtualScan
	params  map[string]*jpath
	tries   int
	inLat   bool // stands on the right side of a lateral join
	// distinct: a semi join's right side, made unique, may lead the join.
	distinct *jpath
}

// joinCond is a condition over several items. A condition of an item's ON is applied at that join and nowhere else.
type joinCond struct {
	e    plan.Expr
	rels relset
	sel  float64
	l, r plan.Expr // e is l = r with a hashable operator, each side on its own items
	lset relset
	rset relset
	// implied are conditions on single items that were made of e and are applied there.
	implied []plan.Expr
}

// eclass are columns that are equal in every row of the join.
type eclass struct {
	op    *plan.FuncCall
	cols  []*plan.ColRef
	value plan.Expr // nil: no constant
	// By position in cols, once items are known.
	rels     []relset
	distinct []float64
}

// joinGraph is a tree of inner joins, and of the outer, semi and anti joins that commute with them, as a set. Why they
// commute: an inner join, or another left join on other columns, neither adds a pair to A ⟕ B nor takes one away but by
// removing the row of A; conditions of WHERE that name B are applied above the join of B.
type joinGraph struct {
	o     *optimizer
	items []*joinItem
	pool  []plan.Expr // conditions of inner joins and WHERE
	conds []*joinCond
	ecs   []*eclass
	top   []plan.Expr // volatile or without columns: above everything
	calc  []*plan.Project
	subst map[plan.ColID]plan.Expr

	need    colset // columns that items must give
	above   colset // of them, those that are read above the joins
	fixed   colset
	desc    bool   // a descending order is wanted
	special relset // items that are not inner
	sets    sets
	keys    []keyJoin
	alone   []*jset  // each item by itself
	link    []relset // items that share a condition with an item
}

// add takes r into the graph. Conditions from above are in the pool already.
func (g *joinGraph) add(r plan.Rel) {
	switch x := r.(type) {
	case *plan.Filter:
		for _, c := range x.Conds {
			if volatileExpr(c) {
				g.item(r, plan.InnerJoin, nil)
				return
			}
		}
		rel, conds := g.o.sublinks(x.In, flatten(x.Conds))
		g.pool = append(g.pool, g.rewriteAll(conds)...)
		g.add(rel)
		return
	case *plan.Project:
		if g.pull(x) {
			return
		}
	case *plan.Join:
		g.join(x)
		return
	}
	g.item(r, plan.InnerJoin, nil)
}

// pull moves a projection above the join. Rule project_pullup.
func (g *joinGraph) pull(x *plan.Project) bool {
	if !g.o.on("project_pullup") {
		return false
	}
	for i, e := range x.Exprs {
		if r, ok := e.(*plan.ColRef); ok && r.Col == x.Out[i].ID {
			continue
		}
		if volatileExpr(e) || hasSubquery(e) {
			return false
		}
	}
	if v, ok := x.In.(*plan.Values); ok && len(v.Out) == 0 {
		return false // a row of constants
	}
	switch x.In.(type) {
	case *plan.Scan, *plan.VirtualScan, *plan.Filter, *plan.Join, *plan.Project:
	default:
		return false
	}
	g.lift(x)
	g.add(x.In)
	return true
}

// lift lets the columns of a projection stand for its expressions in what is above.
func (g *joinGraph) lift(x *plan.Project) {
	plain := true
	for i, e := range x.Exprs {
		e = g.rewrite(e)
		if r, ok := e.(*plan.ColRef); ok && r.Col == x.Out[i].ID {
			continue
		}
		plain = false
		if g.subst == nil {
			g.subst = map[plan.ColID]plan.Expr{}
		}
		g.subst[x.Out[i].ID] = e
	}
	if !plain {
		for id, e := range g.subst { // a projection above this one, lifted before, names its columns
			g.subst[id] = g.rewrite(e)
		}
		g.calc = append(g.calc, x)
		for i := range g.pool {
			g.pool[i] = g.rewrite(g.pool[i])
		}
		for _, it := range g.items {
			for _, c := range it.on {
				c.e = g.rewrite(c.e)
			}
		}
	}
}

// oneRow sees a relation as a projection of nothing, whose columns are expressions of whatever it is joined with: VALUES with one
// row, SELECT without FROM. nil: it is none. Rule one_row.
func (g *joinGraph) oneRow(r plan.Rel) *plan.Project {
	p := &plan.Project{}
	switch x := r.(type) {
	case *plan.Values:
		if len(x.Rows) != 1 {
			return nil
		}
		p.Exprs, p.Out = x.Rows[0], x.Out
	case *plan.Project:
		if v, ok := x.In.(*plan.Values); !ok || len(v.Out) > 0 || len(v.Rows) != 1 {
			return nil
		}
		p.Exprs, p.Out = x.Exprs, x.Out
	default:
		return nil
	}
	for _, e := range p.Exprs {
		if volatileExpr(e) || hasSubquery(e) {
			return nil
		}
	}
	if !g.o.on("one_row") {
		return nil
	}
	return p
}

// rewrite puts the expressions of pulled projections in the place of their columns.
func (g *joinGraph) rewrite(e plan.Expr) plan.Expr {
	if len(g.subst) == 0 {
		return e
	}
	return substitute(e, g.subst)
}

func (g *joinGraph) rewriteAll(es []plan.Expr) []plan.Expr {
	if len(g.subst) == 0 {
		return es
	}
	out := make([]plan.Expr, len(es))
	for i, e := range es {
		out[i] = g.rewrite(e)
	}
	return out
}

func (g *joinGraph) join(x *plan.Join) {
	l, r, kind := x.L, x.R, x.Kind
	if kind == plan.RightJoin && !x.Lateral {
		l, r, kind = x.R, x.L, plan.LeftJoin
	}
	on := g.rewriteAll(flatten(x.On))
	for _, c := range on {
		if volatileExpr(c) {
			g.item(x, plan.InnerJoin, nil)
			return
		}
	}
	// Rule outer_reduction: a condition above that no NULL-extended row satisfies makes the join an inner one.
	if kind == plan.LeftJoin && g.o.on("outer_reduction") {
		right := colsOf(r.Cols())
		for _, c := range g.pool {
			if rejectsNull(c, right) {
				kind = plan.InnerJoin
				break
			}
		}
	}
	if kind == plan.InnerJoin {
		lp, rp := g.oneRow(l), g.oneRow(r)
		switch {
		case rp != nil && lp == nil:
			g.pool = append(g.pool, on...)
			g.add(l)
			g.lift(rp)
			return
		case lp != nil && rp == nil:
			g.pool = append(g.pool, on...)
			g.lift(lp)
			if x.Lateral {
				r = substituteRel(r, g.subst)
			}
			g.add(r)
			return
		}
	}
	switch {
	case kind == plan.InnerJoin && !x.Lateral:
		// A subquery that also names the right side cannot become a join of the left side alone.
		right := colsOf(r.Cols())
		var left []plan.Expr
		for _, c := range on {
			if mentionsSet(c, right) {
				g.pool = append(g.pool, c)
			} else {
				left = append(left, c)
			}
		}
		rel, conds := g.o.sublinks(l, left)
		g.pool = append(g.pool, conds...)
		g.add(rel)
		g.add(r)
	case kind == plan.InnerJoin, kind == plan.LeftJoin, kind == plan.SemiJoin, kind == plan.AntiJoin:
		if kind == plan.InnerJoin {
			g.pool = append(g.pool, on...)
			on = nil
		}
		g.add(l)
		// The left side's projections may have gone up: the right side and the condition are written over what they held.
		if x.Lateral && len(g.subst) > 0 {
			r = substituteRel(r, g.subst)
		}
		g.item(r, kind, g.rewriteAll(on))
		g.items[len(g.items)-1].inLat = x.Lateral
	default:
		g.item(x, plan.InnerJoin, nil)
	}
}

func (g *joinGraph) item(r plan.Rel, kind plan.JoinKind, on []plan.Expr) {
	it := &joinItem{rel: r, kind: kind, cols: colsOf(r.Cols())}
	if s, ok := r.(*plan.Scan); ok {
		if !g.o.expands(s) {
			it.scan = s
		}
		it.rows = g.o.learn(s)
	}
	if v, ok := r.(*plan.VirtualScan); ok {
		it.virtual = v
		it.rows = g.o.learnComputed(v)
	}
	for _, c := range on {
		it.on = append(it.on, &joinCond{e: c})
	}
	g.items = append(g.items, it)
}

// relsOf are the items whose columns e names.
func (g *joinGraph) relsOf(s colset) relset {
	var out relset
	for i, it := range g.items {
		if it.cols.meets(s) {
			out |= 1 << i
		}
	}
	return out
}

// classify gives every condition its place, builds equivalence classes and finds what each item waits for.
func (g *joinGraph) classify() {
	outer := relset(0)
	for i, it := range g.items {
		if it.kind != plan.InnerJoin {
			outer |= 1 << i
		}
	}
	var pairs []*joinCond
	for _, e := range g.pool {
		rels := g.relsOf(exprCols(e))
		switch {
		case rels == 0 || volatileExpr(e):
			g.top = append(g.top, e)
			continue
		case rels&outer == 0 && rels.count() == 1:
			it := g.items[rels.first()]
			it.conds = append(it.conds, e)
			continue
		}
		pairs = append(pairs, &joinCond{e: e, rels: rels})
	}
	for _, c := range pairs {
		g.sides(c)
		if c.rels&outer == 0 && g.o.on("equivalence") && g.equate(c) {
			continue
		}
		g.orParts(c, outer)
		g.conds = append(g.conds, c)
	}
	g.spread(outer)
	for i, it := range g.items {
		free := colset(nil)
		for _, c := range it.on {
			rels := g.relsOf(exprCols(c.e))
			self := relset(1) << i
			c.rels = rels
			if rels&^self == 0 && (it.kind != plan.LeftJoin || rels == self) {
				// On the right side alone: it limits the rows that can match.
				it.conds = append(it.conds, c.e)
				c.e = nil
				continue
			}
			it.needs |= rels &^ self
			g.sides(c)
			c.sel = g.o.condSel(c.e)
		}
		var on []*joinCond
		for _, c := range it.on {
			if c.e != nil {
				on = append(on, c)
			}
		}
		it.on = on
		if it.inLat {
			for c := range plan.FreeCols(it.rel) {
				free = free.add(c)
			}
		}
		if rels := g.relsOf(free) &^ (1 << i); rels != 0 {
			it.needs, it.lat = it.needs|rels, true
		}
	}
	g.weigh()
}

// weigh estimates the conditions between items. Two bounds on a column by the same items make one range, as among the conditions of one.
func (g *joinGraph) weigh() {
	type bound struct {
		col   plan.ColID
		rels  relset
		lower bool
	}
	bounds := map[bound]bool{}
	for _, c := range g.conds {
		c.sel = g.o.condSel(c.e)
		for _, e := range c.implied {
			c.sel = min(1, c.sel/g.o.condSel(e)) // the item's rows have that already
		}
		if c.sel != selIneq {
			continue
		}
		if col, strategy, _, ok := g.o.compare(c.e); ok && strategy != 3 {
			b := bound{col, c.rels, strategy > 3}
			if bounds[bound{b.col, b.rels, !b.lower}] && !bounds[b] {
				c.sel = selRange / selIneq
			}
			bounds[b] = true
		}
	}
}

// sides recognises l = r with a hashable operator and equal types.
func (g *joinGraph) sides(c *joinCond) {
	call, ok := c.e.(*plan.FuncCall)
	if !ok || call.Form != plan.CallOp || len(call.Args) != 2 || !hashable(call.Op) || call.Args[0].Type().OID != call.Args[1].Type().OID || hasSubquery(call) {
		return
	}
	l, r := g.relsOf(exprCols(call.Args[0])), g.relsOf(exprCols(call.Args[1]))
	if l == 0 || r == 0 || l&r != 0 {
		return
	}
	c.l, c.r, c.lset, c.rset = call.Args[0], call.Args[1], l, r
}

// equate puts column = column of one type into a class. Rule equivalence.
func (g *joinGraph) equate(c *joinCond) bool {
	l, ok1 := c.l.(*plan.ColRef)
	r, ok2 := c.r.(*plan.ColRef)
	if !ok1 || !ok2 {
		return false
	}
	call := c.e.(*plan.FuncCall)
	if g.o.loose(call.InputColl) {
		return false
	}
	var found *eclass
	for i := 0; i < len(g.ecs); i++ {
		ec := g.ecs[i]
		if ec.op.Op != call.Op || ec.op.InputColl != call.InputColl || !ec.has(l.Col) && !ec.has(r.Col) {
			continue
		}
		if found == nil {
			found = ec
			continue
		}
		for _, m := range ec.cols {
			found.put(m)
		}
		g.ecs = append(g.ecs[:i], g.ecs[i+1:]...)
		i--
	}
	if found == nil {
		found = &eclass{op: call}
		g.ecs = append(g.ecs, found)
	}
	found.put(l)
	found.put(r)
	if l.T.Coll == r.T.Coll { // else their orders differ
		g.o.unite(l.Col, r.Col)
	}
	return true
}

func (ec *eclass) has(c plan.ColID) bool {
	for _, m := range ec.cols {
		if m.Col == c {
			return true
		}
	}
	return false
}

func (ec *eclass) put(c *plan.ColRef) {
	if !ec.has(c.Col) {
		ec.cols = append(ec.cols, c)
	}
}

// spread gives every member of a class the constant of one: a = b and b = 5 make a = 5, and the join needs no condition.
// Members within one item become a condition of it.
func (g *joinGraph) spread(outer relset) {
	for _, ec := range g.ecs {
		for _, it := range g.items {
			if it.kind != plan.InnerJoin {
				continue
			}
			for _, c := range it.conds {
				if col, strategy, val, ok := comparison(c, it.cols); ok && strategy == 3 && ec.has(col) && c.(*plan.FuncCall).Op == ec.op.Op && !g.o.looseEqual(c) && val.Type().OID == ec.cols[0].T.OID {
					ec.value = val
				}
			}
		}
		var seen [64]*plan.ColRef
		for _, m := range ec.cols {
			rels := g.relsOf(exprCols(m))
			i := rels.first()
			it := g.items[i]
			if ec.value != nil {
				c := ec.equal(m, ec.value)
				have := false
				for _, d := range it.conds {
					have = have || sameExpr(c, d)
				}
				if !have {
					it.conds = append(it.conds, c)
				}
				continue
			}
			if seen[i] != nil {
				it.conds = append(it.conds, ec.equal(seen[i], m))
			} else {
				seen[i] = m
			}
		}
	}
}

// equal makes the condition a = b with the class's operator.
func (ec *eclass) equal(a, b plan.Expr) plan.Expr {
	c := *ec.op
	c.Args = []plan.Expr{a, b}
	return &c
}

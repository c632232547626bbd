package opt

import (
	"math"

	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

type joinMethod uint8

const (
	leafPath joinMethod = iota
	loopPath
	hashPath
	mergePath
	sortPath // l in another order
)

// jpath is one way to compute a set of items. Nodes are made for the cheapest only.
type jpath struct {
	method         joinMethod
	set            relset
	startup, total float64
	rows           float64
	order          []plan.SortKey
	one            bool

	// Leaves: a finished subtree, or a way to read a table.
	item   *joinItem
	b      built
	access *access
	conds  []plan.Expr // of access

	// Joins.
	kind   plan.JoinKind
	l, r   *jpath
	keys   []joinKey
	on     []plan.Expr
	post   []plan.Expr // checked above the join
	merge  [][2]plan.SortKey
	param  bool // r names columns of l
	unique bool
	memo   []plan.ColID
}

type joinKey struct {
	outer, inner plan.Expr
	coll         types.OID // under which they are equal
}

// sets holds what is known of the sets of a graph's items.
type sets struct {
	dense  []*jset // by set, of graphs whose orders are all compared
	sparse map[relset]*jset
}

func newSets(items int) sets {
	if items <= maxDynamic {
		return sets{dense: make([]*jset, 1<<items)}
	}
	return sets{sparse: map[relset]*jset{}}
}

func (s *sets) get(set relset) *jset {
	if s.dense != nil {
		return s.dense[set]
	}
	return s.sparse[set]
}

func (s *sets) put(set relset, js *jset) {
	switch {
	case s.dense != nil:
		s.dense[set] = js
	case js == nil:
		delete(s.sparse, set)
	default:
		s.sparse[set] = js
	}
}

// jset is what is known of a set of items.
type jset struct {
	rows  float64
	width int
	paths []*jpath
}

// beats reports that a path with these costs and order is no better than one that is there.
func (s *jset) beats(o *optimizer, startup, total float64, order []plan.SortKey) bool {
	const fuzz = 1.01
	for _, q := range s.paths {
		if q.total <= total*fuzz && q.startup <= startup*fuzz && o.satisfied(q.order, order, nil) == len(order) {
			return true
		}
	}
	return false
}

// keep adds a path unless another one is as good in every respect.
func (s *jset) keep(o *optimizer, p *jpath) {
	if s.beats(o, p.startup, p.total, p.order) {
		return
	}
	n := 0
	for _, q := range s.paths {
		if p.total <= q.total && p.startup <= q.startup && o.satisfied(p.order, q.order, nil) == len(q.order) {
			continue
		}
		s.paths[n] = q
		n++
	}
	s.paths = append(s.paths[:n], p)
}

func (s *jset) cheapest() *jpath {
	var best *jpath
	for _, p := range s.paths {
		if best == nil || p.total < best.total {
			best = p
		}
	}
	return best
}

// cross are the conditions that a join of two sets applies.
type cross struct {
	keys []joinKey
	cols [][2]*plan.ColRef // keys that are columns on both sides
	on   []plan.Expr
	post []plan.Expr
	all  []plan.Expr // keys and on as written
}

func (c *cross) key(l, r plan.Expr, whole plan.Expr) {
	coll := types.OID(0)
	if call, ok := whole.(*plan.FuncCall); ok {
		coll = call.InputColl
	}
	c.keys = append(c.keys, joinKey{l, r, coll})
	c.all = append(c.all, whole)
	a, ok1 := l.(*plan.ColRef)
	b, ok2 := r.(*plan.ColRef)
	// Sorted sides meet at equal keys of their own order.
	if ok1 && ok2 && a.T.Coll == coll && b.T.Coll == coll {
		c.cols = append(c.cols, [2]*plan.ColRef{a, b})
	}
}

// between collects the conditions for outer set a and inner set b. special: b is an item with a condition of its own.
func (g *joinGraph) between(a, b relset, special *joinItem) cross {
	var x cross
	put := func(c *joinCond) {
		switch {
		case c.l != nil && c.lset&^a == 0 && c.rset&^b == 0:
			x.key(c.l, c.r, c.e)
		case c.l != nil && c.lset&^b == 0 && c.rset&^a == 0:
			x.key(c.r, c.l, c.e)
		default:
			x.on = append(x.on, c.e)
			x.all = append(x.all, c.e)
		}
	}
	if special != nil {
		for _, c := range special.on {
			put(c)
		}
		if special.kind != plan.InnerJoin {
			for _, c := range g.conds {
				if c.rels&^(a|b) == 0 && c.rels&^a != 0 && c.rels&^b != 0 || c.rels&^b == 0 {
					x.post = append(x.post, c.e)
				}
			}
			return x
		}
	}
	for i := range g.ecs {
		ec := g.ecs[i]
		if ec.value != nil {
			continue
		}
		if l, r := ec.in(g.partner(a, b, ec)), ec.in(g.partner(b, a, ec)); l != nil && r != nil {
			x.key(l, r, ec.equal(l, r))
		}
	}
	for _, c := range g.conds {
		if c.rels&^(a|b) == 0 && c.rels&^a != 0 && c.rels&^b != 0 {
			put(c)
		}
	}
	// Conditions of semi joins whose right side leads.
	for s := a | b; s != 0; s &= s - 1 {
		it := g.items[s.first()]
		if it.kind == plan.SemiJoin {
			for _, c := range it.on {
				if c.rels&^(a|b) == 0 && c.rels&^a != 0 && c.rels&^b != 0 {
					put(c)
				}
			}
		}
	}
	return x
}

func (ec *eclass) in(s relset) *plan.ColRef {
	for i, r := range ec.rels {
		if r&s != 0 {
			return ec.cols[i]
		}
	}
	return nil
}

// items are those that have a column of the class.
func (ec *eclass) items() (s relset) {
	for _, r := range ec.rels {
		s |= r
	}
	return s
}

// partner is the item of a, of those that have a column of the class, that shares most classes with b: a join by several columns names one
// item's columns as far as it can. Who plans it anew (DuckDB) then sees no join of two items by half of a key.
func (g *joinGraph) partner(a, b relset, ec *eclass) relset {
	members := ec.items() & a
	if members.count() < 2 {
		return members
	}
	best, most := relset(0), -1
	for s := members; s != 0; s &= s - 1 {
		item, n := s&-s, 0
		for _, other := range g.ecs {
			if other.value == nil && other.in(item) != nil && other.in(b) != nil {
				n++
			}
		}
		if n > most {
			best, most = item, n
		}
	}
	return best
}

// rowsOf estimates the rows of a set, however it is joined.
func (g *joinGraph) rowsOf(s relset) float64 {
	n := 1.0
	for t := s; t != 0; t &= t - 1 {
		if it := g.items[t.first()]; it.kind == plan.InnerJoin {
			n *= max(it.rows, 1)
		}
	}
	for _, ec := range g.ecs {
		if ec.value != nil {
			continue
		}
		// All members but the one with the fewest values divide.
		least, prod, k := math.Inf(1), 1.0, 0
		for i, r := range ec.rels {
			if r&s == 0 {
				continue
			}
			d := ec.distinct[i]
			least, prod, k = min(least, d), prod*d, k+1
		}
		if k > 1 {
			n *= least / prod
		}
	}
	n *= g.keyed(s)
	for _, c := range g.conds {
		if c.rels&^s == 0 && c.rels&g.special == 0 {
			n *= c.sel
		}
	}
	for t := s; t != 0; t &= t - 1 {
		it := g.items[t.first()]
		sel := 1.0
		for _, c := range it.on {
			sel *= c.sel
		}
		switch it.kind {
		case plan.LeftJoin:
			n *= max(1, it.rows*sel)
		case plan.SemiJoin:
			if it.needs&^s == 0 {
				n *= g.semiShare(it, sel)
			} else if it.distinct != nil {
				n *= it.distinct.rows
			}
		case plan.AntiJoin:
			n *= max(0.05, 1-g.semiShare(it, sel))
		}
	}
	for _, c := range g.conds {
		if c.rels&^s == 0 && c.rels&g.special != 0 {
			n *= c.sel
		}
	}
	return max(1, n)
}

// semiShare is the share of left rows that find a partner.
func (g *joinGraph) semiShare(it *joinItem, sel float64) float64 {
	if len(it.on) == 1 && it.on[0].l != nil {
		c := it.on[0]
		l, r := c.l, c.r
		if c.rset&g.bit(it) == 0 {
			l, r = r, l
		}
		return clampSel(min(1, min(g.o.exprDistinct(r), it.rows)/max(1, g.o.exprDistinct(l))))
	}
	return clampSel(min(0.5, it.rows*sel))
}

func (g *joinGraph) bit(it *joinItem) relset {
	for i := range g.items {
		if g.items[i] == it {
			return 1 << i
		}
	}
	return 0
}

// tryJoin adds the ways to join two sets to s: outer a, inner b. special: b is one item with a join kind of its own.
func (g *joinGraph) tryJoin(s *jset, a, b relset, as, bs *jset, special *joinItem) error {
	o, c := g.o, &g.o.costs
	kind := plan.InnerJoin
	if special != nil {
		kind = special.kind
	}
	x := g.between(a, b, special)
	postCost := c.filter(x.post) * s.rows
	// Nested loop with the inner side read by the outer row's values.
	if b.count() == 1 && (o.on("nestloop") || g.items[b.first()].lat) {
		it := g.items[b.first()]
		if special != nil || it.kind == plan.InnerJoin {
			p, err := g.parameterised(it, a, b, x)
			if err != nil {
				return err
			}
			if p != nil {
				for _, l := range as.paths {
					n := &jpath{method: loopPath, set: a | b, kind: kind, l: l, r: p, param: true, post: x.post, rows: s.rows, order: l.order, unique: p.one}
					loops := max(1, as.rows)
					inner := p.total
					if kind == plan.SemiJoin {
						inner = p.startup + (p.total-p.startup)/max(1, p.rows)
					}
					n.startup = l.startup + p.startup
					n.total = l.total + loops*(inner+c.CPUTuple) + s.rows*c.CPUTuple + postCost
					if memo, hits := g.memoize(p, a, as.rows); len(memo) > 0 && !it.lat && o.on("memoize") {
						cached := l.total + loops*(1-hits)*(inner+2*c.CPUTuple) + loops*2*c.CPUTuple + s.rows*c.CPUTuple + postCost
						if cached < n.total*0.9 {
							n.total, n.memo = cached, memo
						}
					}
					s.keep(o, n)
				}
			}
			if it.lat {
				return nil
			}
		}
	}
	if bs == nil || len(bs.paths) == 0 {
		return nil
	}
	inner := bs.cheapest()
	// Nested loop over kept rows.
	for _, l := range as.paths {
		// Turned off, it stays where nothing else is left.
		if !o.on("nestloop") && len(x.keys) > 0 && o.on("hashjoin") {
			break
		}
		pairs := max(1, as.rows) * max(1, bs.rows)
		startup := l.startup + inner.total
		total := l.total + inner.total + bs.rows*c.CPUTuple + pairs*(c.CPUOperator+c.filter(x.all)) + s.rows*c.CPUTuple + postCost
		if !s.beats(o, startup, total, l.order) {
			s.keep(o, &jpath{method: loopPath, set: a | b, kind: kind, l: l, r: inner, on: x.all, post: x.post, startup: startup, total: total, rows: s.rows, order: l.order})
		}
	}
	if len(x.keys) > 0 && o.on("hashjoin") {
		g.hash(s, a, b, as, bs, kind, &x, postCost)
	}
	if len(x.cols) > 0 && o.on("mergejoin") && (kind != plan.InnerJoin || a < b) {
		g.mergeJoins(s, a, b, as, bs, kind, &x, postCost)
	}
	return nil
}

func (g *joinGraph) hash(s *jset, a, b relset, as, bs *jset, kind plan.JoinKind, x *cross, postCost float64) {
	c := &g.o.costs
	add := func(kind plan.JoinKind, l, r *jpath, ls, rs *jset, keys []joinKey) {
		work := float64(len(keys)) * c.CPUOperator
		startup := l.startup + r.total + rs.rows*(work+1.5*c.CPUTuple)
		total := startup + (l.total - l.startup) + ls.rows*(work+0.5*c.CPUTuple) + s.rows*(c.CPUTuple/2+c.filter(x.on)) + postCost
		if bytes := rs.rows * float64(rs.width+64); bytes > c.HashMem {
			total += 2 * c.SeqPage * (bytes + ls.rows*float64(ls.width+32)) / 8192
		}
		if !s.beats(g.o, startup, total, nil) {
			s.keep(g.o, &jpath{method: hashPath, set: a | b, kind: kind, l: l, r: r, keys: keys, on: x.on, post: x.post, startup: startup, total: total, rows: s.rows})
		}
	}
	add(kind, as.cheapest(), bs.cheapest(), as, bs, x.keys)
	if l := as.cheapest(); kind == plan.LeftJoin {
		// The kept side may be the hashed one.
		swapped := make([]joinKey, len(x.keys))
		for i, k := range x.keys {
			swapped[i] = joinKey{k.inner, k.outer, k.coll}
		}
		add(plan.RightJoin, bs.cheapest(), l, bs, as, swapped)
	}
}

// mergeJoins joins inputs that come in the order of the keys.
func (g *joinGraph) mergeJoins(s *jset, a, b relset, as, bs *jset, kind plan.JoinKind, x *cross, postCost float64) {
	c := &g.o.costs
	left, right := as.paths, bs.paths
	if !g.o.on("hashjoin") {
		// Without hash joins inputs are sorted for this one.
		left, right = g.sortedFor(as, x.cols, 0, left), g.sortedFor(bs, x.cols, 1, right)
	}
	for _, l := range left {
		for _, r := range right {
			var keys [][2]plan.SortKey
			taken := make([]bool, len(x.cols))
			for i := 0; i < len(l.order) && i < len(r.order); i++ {
				lk, rk := l.order[i], r.order[i]
				if lk.Desc != rk.Desc || lk.NullsFirst != rk.NullsFirst || lk.T.OID != rk.T.OID {
					break
				}
				hit := false
				for j, p := range x.cols {
					if !taken[j] && p[0].Col == lk.Col && p[1].Col == rk.Col {
						taken[j], hit = true, true
					}
				}
				if !hit {
					break
				}
				keys = append(keys, [2]plan.SortKey{lk, rk})
			}
			if len(keys) == 0 {
				continue
			}
			var on []plan.Expr
			for i, k := range x.keys {
				used := false
				for _, m := range keys {
					lc, ok1 := k.outer.(*plan.ColRef)
					rc, ok2 := k.inner.(*plan.ColRef)
					used = used || ok1 && ok2 && lc.Col == m[0].Col && rc.Col == m[1].Col
				}
				if !used {
					on = append(on, x.keyExprs(i))
				}
			}
			on = append(on, x.on...)
			n := &jpath{method: mergePath, set: a | b, kind: kind, l: l, r: r, merge: keys, on: on, post: x.post, rows: s.rows, order: l.order}
			n.startup = l.startup + r.startup
			n.total = l.total + r.total + (as.rows+bs.rows)*(c.CPUTuple+float64(len(keys))*2*c.CPUOperator) + s.rows*(c.CPUTuple/2+c.filter(on)) + postCost
			s.keep(g.o, n)
		}
	}
}

// sortedFor adds the cheapest path sorted by one side of the join's keys.
func (g *joinGraph) sortedFor(s *jset, cols [][2]*plan.ColRef, side int, paths []*jpath) []*jpath {
	p := s.cheapest()
	var keys []plan.SortKey
	var seen colset
	for _, c := range cols {
		if seen.has(c[0].Col) || seen.has(c[1].Col) {
			continue
		}
		seen = seen.add(c[0].Col).add(c[1].Col)
		keys = append(keys, plan.SortKey{Col: c[side].Col, T: c[side].T})
	}
	e := g.o.sortCost(plan.Est{Startup: p.startup, Total: p.total, Rows: s.rows, Width: s.width}, 0)
	n := &jpath{method: sortPath, set: p.set, l: p, order: keys, startup: e.Startup, total: e.Total, rows: s.rows, one: p.one}
	return append(paths[:len(paths):len(paths)], n)
}

// keyExprs is key i as a condition: keys stand before the others in all, in their order among themselves.
func (x *cross) keyExprs(i int) plan.Expr { return x.keyConds()[i] }

func (x *cross) keyConds() []plan.Expr {
	out := make([]plan.Expr, 0, len(x.keys))
	for _, e := range x.all {
		other := false
		for _, c := range x.on {
			other = other || c == e
		}
		if !other {
			out = append(out, e)
		}
	}
	return out
}

// worthPlanning is what a subtree costs at least that is planned once more with conditions of its join: read whole and once, in a hash
// join or kept, it costs no more than that.
const worthPlanning = 20

// parameterised plans an item with the join's conditions as conditions on it; the outer columns are constants then. nil:
// nothing is gained by it.
func (g *joinGraph) parameterised(it *joinItem, a, b relset, x cross) (*jpath, error) {
	if len(x.all) == 0 && !it.lat {
		return nil, nil
	}
	key := ""
	if it.params == nil {
		it.params = map[string]*jpath{}
	}
	var kb []byte
	for _, e := range x.all {
		kb = exprKey(kb, e)
	}
	key = string(kb)
	if p, ok := it.params[key]; ok {
		return p, nil
	}
	o := g.o
	saved := o.loopCols
	o.loopCols = saved.clone()
	for s := a; s != 0; s &= s - 1 {
		o.loopCols = o.loopCols.addSet(g.items[s.first()].cols)
	}
	defer func() { o.loopCols = saved }()
	conds := append(it.conds[:len(it.conds):len(it.conds)], x.all...)
	p := &jpath{method: leafPath, item: it}
	switch {
	case it.virtual != nil:
		planned, err := o.exprs(conds)
		if err != nil {
			return nil, err
		}
		b, ok := o.computed(it.virtual, planned, len(it.conds))
		if !ok && !it.lat {
			it.params[key] = nil
			return nil, nil
		}
		e := b.node.Estimate()
		p.b, p.conds = b, planned
		p.startup, p.total, p.rows, p.one = e.Startup, e.Total, e.Rows, b.one
	case it.scan != nil:
		planned, err := o.exprs(conds)
		if err != nil {
			return nil, err
		}
		o.noReverse = true
		paths, err := o.accesses(it.scan, planned, g.need)
		o.noReverse = false
		if err != nil {
			return nil, err
		}
		for _, q := range paths {
			used := false
			for i := len(it.conds); i < len(planned); i++ {
				used = used || q.used[i]
			}
			if used && !q.reverse && (p.access == nil || q.Total < p.access.Total) {
				p.access = q
			}
		}
		if p.access == nil {
			it.params[key] = nil
			return nil, nil
		}
		p.conds = planned
		p.startup, p.total, p.rows, p.one = p.access.Startup, p.access.Total, p.access.Rows, p.access.unique
	default:
		if !it.lat && (!o.pushable(it.rel) || it.tries > 4 || g.alone[b.first()].cheapest().total < worthPlanning) {
			return nil, nil
		}
		it.tries++
		built, err := o.build(it.rel, conds, plainWant(g.need))
		if err != nil {
			return nil, err
		}
		e := built.node.Estimate()
		p.b = built
		p.startup, p.total, p.rows, p.one = e.Startup, e.Total, e.Rows, built.one
	}
	it.params[key] = p
	return p, nil
}

// pushable: a condition on the output reaches a table below.
func (o *optimizer) pushable(r plan.Rel) bool {
	switch x := r.(type) {
	case *plan.Aggregate:
		return x.Sets == nil && len(x.GroupBy) > 0 && o.pushable(x.In)
	case *plan.Project:
		return o.pushable(x.In)
	case *plan.Filter:
		return o.pushable(x.In)
	case *plan.Barrier:
		return o.pushable(x.In)
	case *plan.SetOp:
		return x.Kind == plan.Union && o.pushable(x.L) && o.pushable(x.R)
	case *plan.Join, *plan.Scan:
		return true
	}
	return false
}

// memoize finds the outer columns that a parameterised path depends on, and the share of loops that repeat one.
func (g *joinGraph) memoize(p *jpath, a relset, loops float64) ([]plan.ColID, float64) {
	if p.access == nil && p.item.virtual == nil || loops < 20 {
		return nil, 0
	}
	var outer colset
	for s := a; s != 0; s &= s - 1 {
		outer = outer.addSet(g.items[s.first()].cols)
	}
	var ids []plan.ColID
	var seen colset
	for _, c := range p.conds {
		for _, m := range colIDs(exprCols(c)) {
			if outer.has(m) && !seen.has(m) {
				seen = seen.add(m)
				ids = append(ids, m)
			}
		}
	}
	if len(ids) == 0 {
		return nil, 0
	}
	d := 1.0
	for _, c := range ids {
		n, known := g.o.distinct(c)
		if !known {
			return nil, 0
		}
		d *= n
	}
	if d >= loops/2 {
		return nil, 0
	}
	return ids, 1 - d/loops
}

func colIDs(s colset) []plan.ColID {
	var out []plan.ColID
	for w, bits := range s {
		for b := 0; bits != 0; b++ {
			if bits&1 != 0 {
				out = append(out, plan.ColID(w<<6+b))
			}
			bits >>= 1
		}
	}
	return out
}

package opt

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// access is one way to read a table.
type access struct {
	plan.Est
	index   *catalog.Index // nil: the rows in their own order
	eq      []plan.Expr
	eqAny   plan.Expr
	lo, hi  *plan.KeyBound
	used    []bool // conditions that the range stands for
	unique  bool
	only    bool
	reverse bool
	order   []plan.SortKey
	fixed   colset
}

func (p *access) bounded() bool { return len(p.eq) > 0 || p.eqAny != nil || p.lo != nil || p.hi != nil }

// scan plans a table with the conditions on its rows.
func (o *optimizer) scan(x *plan.Scan, conds []plan.Expr, w want) (built, error) {
	conds, err := o.exprsFor(o.tableRows(x.Table), conds)
	if err != nil {
		return built{}, err
	}
	if o.expands(x) {
		return o.inherited(x, conds, w)
	}
	if sample, rest := sampleOf(x, conds); sample != nil {
		p := o.wholeScan(x, rest, w.need)
		p.Rows = max(1, p.Rows*o.sampleShare(sample))
		b := o.scanNode(x, rest, p, w)
		b.node.(*plan.TableScan).Sample = sample
		return b, nil
	}
	paths, err := o.accesses(x, conds, w.need)
	if err != nil {
		return built{}, err
	}
	var best *access
	var bestCost float64
	for _, p := range paths {
		cost := 0.0
		if n := o.wanted(w, p.order, p.fixed); n < len(w.order) && !p.unique {
			cost = part(o.sortCost(p.Est, w.rows), w.rows)
		} else {
			cost = part(p.Est, w.rows)
		}
		if best == nil || cost < bestCost {
			best, bestCost = p, cost
		}
	}
	return o.scanNode(x, conds, best, w), nil
}

// wanted is satisfied for both kinds of order.
func (o *optimizer) wanted(w want, order []plan.SortKey, fixed colset) int {
	if !w.group {
		return o.satisfied(order, w.order, fixed)
	}
	ids := make([]plan.ColID, len(w.order))
	for i, k := range w.order {
		ids[i] = k.Col
	}
	if o.grouped(order, ids, fixed) {
		return len(w.order)
	}
	return 0
}

func (o *optimizer) scanNode(x *plan.Scan, conds []plan.Expr, p *access, w want) built {
	n := &plan.TableScan{Est: p.Est, Table: x.Table, Alias: x.Alias, Index: p.index, Eq: p.eq, EqAny: p.eqAny, Lo: p.lo, Hi: p.hi, Reverse: p.reverse,
		IndexOnly: p.only, Unique: p.unique, All: x.Out, RowAtts: x.RowAtts}
	for i, c := range conds {
		if p.used[i] {
			n.Conds = append(n.Conds, c)
		} else {
			n.Filter = append(n.Filter, c)
		}
	}
	n.Out = outOf(x.Out, w.need.clone().addExprs(n.Filter))
	n.Width = widthOf(outOf(x.Out, w.need))
	return built{node: n, order: p.order, fixed: p.fixed, one: p.unique}
}

// accesses lists the ways to read a table that are worth comparing: the plain scan comes first. A whole primary key in the
// conditions leaves one: a get, whose cost does not depend on how often rows have been updated. A scan passes every version that has
// not been compacted yet, which no estimate knows: over the few rows of a table that all transactions update it becomes the dearest
// way there is, though it looks cheaper than a get.
func (o *optimizer) accesses(x *plan.Scan, conds []plan.Expr, need colset) ([]*access, error) {
	plain := o.wholeScan(x, conds, need)
	if !o.on("seqscan") {
		plain.Startup, plain.Total = plain.Startup+disabledCost, plain.Total+disabledCost
	}
	total, rows, width, fixed := o.learn(x), plain.Rows, plain.Width, plain.fixed
	own := colsOf(x.Out)
	needed := need.clone().addExprs(conds)
	full := RowWidth(x.Table)
	c := &o.costs
	primary := x.Table.PrimaryIndex()
	paths := []*access{plain}
	if len(plain.order) > 0 && !o.noReverse {
		back := *plain
		back.index, back.reverse, back.order = primary, true, o.keyOrder(x, primary, 0, true)
		paths = append(paths, &back)
	}
	if !o.on("indexscan") {
		return paths, nil
	}
	for _, ix := range x.Table.Indexes {
		if ix.Building || !ix.Ordered() {
			continue
		}
		m := matcher{o: o, x: x, ix: ix, conds: conds, own: own}
		if ok, err := m.begin(); err != nil {
			return nil, err
		} else if !ok {
			continue
		}
		m.match()
		p := m.p
		isPrimary := ix == primary && ix.ID == 1
		if !p.bounded() && (isPrimary || m.exprKeys) && ix.Pred == "" {
			continue
		}
		p.fixed, p.Width = fixed, width
		var inRange []plan.Expr
		var rest []plan.Expr
		for i, u := range m.covered {
			if u {
				inRange = append(inRange, conds[i])
			}
			if !p.used[i] {
				rest = append(rest, conds[i])
			}
		}
		read := max(1, total*o.selectivity(inRange)*m.predSel)
		p.Rows = rows
		if p.unique {
			read, p.Rows = 1, min(rows, 1)
		}
		seeks := 1.0
		if p.eqAny != nil {
			seeks = max(1, min(read, o.arrayCount(p.eqAny)))
			if p.unique {
				read, p.Rows = seeks, min(rows, seeks)
			}
		}
		switch {
		case isPrimary && m.whole:
			p.Total = seeks * c.get()
		case isPrimary:
			p.Startup = c.seek()
			p.Total = seeks*c.seek() + read*c.scanRow(full)
		default:
			p.only = o.on("indexonlyscan") && m.covers(needed)
			p.Startup = c.seek()
			p.Total = seeks*c.seek() + read*c.entry(16*len(ix.Keys))
			if !p.only {
				p.Total += read * c.get()
			}
		}
		p.Total += read * c.filter(rest)
		p.order = o.keyOrder(x, ix, len(p.eq), false) // elements of EqAny are read in key order
		if !p.bounded() && len(p.order) == 0 && !p.only && ix.Pred == "" {
			continue
		}
		if isPrimary && p.unique {
			return []*access{p}, nil
		}
		paths = append(paths, p)
		if len(p.order) > 0 && !p.unique && !o.noReverse {
			back := *p
			back.reverse, back.order = true, o.keyOrder(x, ix, len(p.eq), true)
			paths = append(paths, &back)
		}
	}
	return paths, nil
}

// wholeScan reads all rows in their own order.
func (o *optimizer) wholeScan(x *plan.Scan, conds []plan.Expr, need colset) *access {
	total := o.learn(x)
	c := &o.costs
	p := &access{used: make([]bool, len(conds)), fixed: o.fixedCols(conds, colsOf(x.Out))}
	p.Rows = max(1, total*o.selectivity(conds))
	p.Width = widthOf(outOf(x.Out, need.clone().addExprs(conds)))
	p.Startup = c.seek()
	p.Total = c.seek() + total*(c.scanRow(RowWidth(x.Table))+c.filter(conds))
	if primary := x.Table.PrimaryIndex(); primary != nil && primary.ID == 1 {
		p.order = o.keyOrder(x, primary, 0, false)
	}
	return p
}

func (o *optimizer) arrayCount(e plan.Expr) float64 {
	switch a := plan.StripRelabel(e).(type) {
	case *plan.ArrayCtor:
		return float64(len(a.Elems))
	case *plan.Const:
		if !a.Val.IsNull() {
			return float64(tuple.Array(a.Val.Bytes()).Len())
		}
	}
	return 10
}

// UnknownRows is how many rows ten pages of PostgreSQL's hold (estimate_rel_size).
func UnknownRows(t *catalog.Table) float64 { return float64(10 * max(1, 8168/(RowWidth(t)+28))) }

// RowWidth is the width of a table's rows without statistics, in bytes.
func RowWidth(t *catalog.Table) int {
	w := 0
	for i := range t.Columns {
		if c := &t.Columns[i]; !c.Dropped {
			w += typeWidth(plan.Type{OID: c.Type, Mod: c.TypMod})
		}
	}
	return w
}

// keyOrder is the order of an index from key n on, and of the rows behind it. It ends at the first key that the scan does
// not show.
func (o *optimizer) keyOrder(x *plan.Scan, ix *catalog.Index, n int, reverse bool) []plan.SortKey {
	out := make([]plan.SortKey, 0, len(ix.Keys))
	for i := range ix.Keys[min(n, len(ix.Keys)):] {
		k := &ix.Keys[n+i]
		c := scanCol(x, k.Att)
		if k.Att == 0 || c == nil || !o.keyOrdered(k, c.T.Coll) {
			break
		}
		out = append(out, plan.SortKey{Col: c.ID, T: c.T, Desc: k.Desc != reverse, NullsFirst: k.NullsFirst != reverse})
	}
	return out
}

func scanCol(x *plan.Scan, att int16) *plan.Col {
	for i := range x.Out {
		if x.Out[i].AttNum == att {
			return &x.Out[i]
		}
	}
	return nil
}

// fixedCols are the columns that conditions of the form column = value hold still.
func (o *optimizer) fixedCols(conds []plan.Expr, own colset) colset {
	var s colset
	for _, c := range conds {
		if col, strategy, val, ok := comparison(c, own); ok && strategy == 3 && !o.outerVaries(val) && !o.looseEqual(c) {
			s = s.add(col)
		}
	}
	return s
}

// outerVaries: a value from the outer side of a nested loop differs from rescan to rescan.
func (o *optimizer) outerVaries(e plan.Expr) bool {
	return len(o.loopCols) > 0 && mentionsSet(e, o.loopCols)
}

// matcher compares conditions with an index's keys.
type matcher struct {
	o        *optimizer
	x        *plan.Scan
	ix       *catalog.Index
	conds    []plan.Expr
	own      colset
	p        *access
	covered  []bool // conditions that bound the range: used, and those that are checked again
	keyExpr  []plan.Expr
	exprKeys bool
	whole    bool
	predSel  float64
}

// begin checks the predicate of a partial index and binds expression keys; false: the index is of no use.
func (m *matcher) begin() (bool, error) {
	m.p = &access{index: m.ix, used: make([]bool, len(m.conds))}
	m.covered = make([]bool, len(m.conds))
	m.predSel = 1
	for _, k := range m.ix.Keys {
		if k.Att == 0 {
			m.exprKeys = true
		}
	}
	if m.ix.Pred == "" && !m.exprKeys {
		return true, nil
	}
	if len(m.conds) == 0 || m.o.env.StoredExpr == nil {
		return false, nil
	}
	if m.exprKeys {
		m.keyExpr = make([]plan.Expr, len(m.ix.Keys))
		for i, k := range m.ix.Keys {
			if k.Att != 0 {
				continue
			}
			e, err := m.o.storedExpr(m.x, k.Expr)
			if err != nil {
				return false, err
			}
			m.keyExpr[i] = e
		}
	}
	if m.ix.Pred == "" {
		return true, nil
	}
	pred, err := m.o.storedExpr(m.x, m.ix.Pred)
	if err != nil {
		return false, err
	}
	parts := flatten([]plan.Expr{pred})
	for _, p := range parts {
		if !m.o.implied(p, m.conds) {
			return false, nil
		}
		// What the predicate says need not be checked again.
		for i, c := range m.conds {
			if sameExpr(c, p) {
				m.p.used[i], m.covered[i] = true, true
			}
		}
	}
	m.predSel = m.o.selectivity(parts)
	for i, c := range m.covered {
		if c {
			m.predSel = min(1, m.predSel/m.o.condSel(m.conds[i]))
		}
	}
	return true, nil
}

func (o *optimizer) storedExpr(x *plan.Scan, sql string) (plan.Expr, error) {
	type key struct {
		x   *plan.Scan
		sql string
	}
	if o.stored == nil {
		o.stored = map[any]plan.Expr{}
	}
	k := key{x, sql}
	if e, ok := o.stored[k]; ok {
		return e, nil
	}
	e, err := o.env.StoredExpr(x.Table, sql, x.Out)
	if err != nil {
		return nil, err
	}
	o.stored[k] = e
	return e, nil
}

// implied reports whether p is true wherever all of conds are (predicate_implied_by in small).
func (o *optimizer) implied(p plan.Expr, conds []plan.Expr) bool {
	for _, c := range conds {
		if sameExpr(p, c) || o.implies(c, p) {
			return true
		}
	}
	if b, ok := p.(*plan.BoolOp); ok && b.Kind == plan.Or {
		for _, a := range b.Args {
			if o.implied(a, conds) {
				return true
			}
		}
	}
	return false
}

func (o *optimizer) implies(c, p plan.Expr) bool {
	if t, ok := p.(*plan.NullTest); ok && t.Not && !t.Row {
		if r, isRef := t.Arg.(*plan.ColRef); isRef {
			return rejectsNull(c, colset(nil).add(r.Col))
		}
		return false
	}
	pc, ps, pv, ok := o.compare(p)
	if !ok {
		return false
	}
	cc, cs, cv, ok := o.compare(c)
	if !ok || cc != pc {
		return false
	}
	a, ok1 := plan.StripRelabel(cv).(*plan.Const)
	b, ok2 := plan.StripRelabel(pv).(*plan.Const)
	if !ok1 || !ok2 || a.Val.IsNull() || b.Val.IsNull() || !keyAccepts(a.T.OID, b.T.OID) {
		return false
	}
	t := types.Lookup(b.T.OID)
	if t == nil || !o.sameByteOrder(c, p) {
		return false
	}
	d := t.Compare(a.Val, b.Val)
	switch ps {
	case 1: // col < b
		return cs == 3 && d < 0 || cs == 1 && d <= 0 || cs == 2 && d < 0
	case 2:
		return (cs == 3 || cs == 2 || cs == 1) && d <= 0
	case 4:
		return (cs == 3 || cs == 4 || cs == 5) && d >= 0
	case 5:
		return cs == 3 && d > 0 || cs == 5 && d >= 0 || cs == 4 && d > 0
	}
	return false
}

// keyIs reports whether e is key i of the index.
func (m *matcher) keyIs(i int, e plan.Expr) bool {
	k := &m.ix.Keys[i]
	e = plan.StripRelabel(e)
	if k.Att != 0 {
		r, ok := e.(*plan.ColRef)
		if !ok || !m.own.has(r.Col) {
			return false
		}
		c := scanCol(m.x, k.Att)
		return c != nil && c.ID == r.Col
	}
	return m.keyExpr[i] != nil && sameExpr(plan.StripRelabel(m.keyExpr[i]), e)
}

// compare recognises key i op value, either way round.
func (m *matcher) compare(i int, c plan.Expr) (strategy int, val plan.Expr, ok bool) {
	call, isCall := c.(*plan.FuncCall)
	if !isCall || call.Form != plan.CallOp || len(call.Args) != 2 {
		return 0, nil, false
	}
	if strategy = operators().strategy[call.Op]; strategy == 0 {
		return 0, nil, false
	}
	for side := range 2 {
		if !m.keyIs(i, call.Args[side]) {
			continue
		}
		val = call.Args[1-side]
		k := &m.ix.Keys[i]
		if strategy == 3 && !m.o.keyEquals(k, call.InputColl) || strategy != 3 && !m.o.keyOrdered(k, call.InputColl) {
			continue
		}
		if !keyAccepts(k.Type, val.Type().OID) || mentionsSet(val, m.own) || volatileExpr(val) || hasSubplan(val) {
			continue
		}
		if side == 1 {
			strategy = 6 - strategy
		}
		return strategy, val, true
	}
	return 0, nil, false
}

// hasSubplan: a correlated subquery as a key would run once per rescan; one without outer columns is a constant.
func hasSubplan(e plan.Expr) bool {
	found := false
	plan.WalkExpr(e, func(e plan.Expr) bool {
		if s, ok := e.(*plan.Subquery); ok && (s.Kind != plan.SubScalar || len(plan.FreeCols(s.Rel)) > 0) {
			found = true
		}
		return !found
	})
	return found
}

func (m *matcher) match() {
	p := m.p
	for i := range m.ix.Keys {
		found := false
		for j, c := range m.conds {
			if p.used[j] {
				continue
			}
			if strategy, val, ok := m.compare(i, c); ok && strategy == 3 {
				p.eq, p.used[j], m.covered[j], found = append(p.eq, val), true, true, true
				break
			}
			// A boolean column stands for itself.
			if m.ix.Keys[i].Type == types.Bool {
				if v := boolKey(m, i, c); v != nil {
					p.eq, p.used[j], m.covered[j], found = append(p.eq, v), true, true, true
					break
				}
			}
		}
		if found {
			continue
		}
		for j, c := range m.conds {
			if s, ok := c.(*plan.ScalarArrayOp); ok && !p.used[j] && !s.All && s.Call.Form == plan.CallOp && operators().strategy[s.Call.Op] == 3 {
				arr := s.Call.Args[1]
				if m.keyIs(i, s.Call.Args[0]) && m.o.keyEquals(&m.ix.Keys[i], s.Call.InputColl) && elemIs(arr, m.ix.Keys[i].Type) && !mentionsSet(arr, m.own) && !volatileExpr(arr) && !hasSubquery(arr) {
					p.eqAny, p.used[j], m.covered[j] = arr, true, true
					break
				}
			}
		}
		if p.eqAny != nil {
			break
		}
		m.bounds(i)
		break
	}
	n := len(p.eq)
	if p.eqAny != nil {
		n++
	}
	m.whole = n == len(m.ix.Keys)
	p.unique = m.ix.Unique && !m.ix.Deferrable && len(p.eq) == len(m.ix.Keys)
}

func boolKey(m *matcher, i int, c plan.Expr) plan.Expr {
	if m.keyIs(i, c) {
		return boolConst(true)
	}
	if b, ok := c.(*plan.BoolOp); ok && b.Kind == plan.Not && m.keyIs(i, b.Args[0]) {
		return boolConst(false)
	}
	return nil
}

// bounds finds the range on key i.
func (m *matcher) bounds(i int) {
	p := m.p
	for j, c := range m.conds {
		if p.used[j] {
			continue
		}
		if strategy, val, ok := m.compare(i, c); ok {
			b := &plan.KeyBound{Expr: val, Inclusive: strategy == 2 || strategy == 4}
			switch {
			case strategy > 3 && p.lo == nil:
				p.lo, p.used[j], m.covered[j] = b, true, true
			case strategy < 3 && p.hi == nil:
				p.hi, p.used[j], m.covered[j] = b, true, true
			}
		}
	}
	if p.lo != nil || p.hi != nil {
		return
	}
	for j, c := range m.conds {
		if m.likeBounds(i, c) {
			m.covered[j] = true
			return
		}
	}
}

// likeBounds turns key LIKE 'abc%' into 'abc' <= key < 'abd'; the pattern is checked again.
func (m *matcher) likeBounds(i int, c plan.Expr) bool {
	call, ok := c.(*plan.FuncCall)
	if !ok || len(call.Args) != 2 || call.Form != plan.CallOp || call.Op != opTextLike || !m.keyIs(i, call.Args[0]) {
		return false
	}
	if t := m.ix.Keys[i].Type; t != types.Text && t != types.Varchar || m.ix.Keys[i].Order != nil {
		return false
	}
	pat, ok := plan.StripRelabel(call.Args[1]).(*plan.Const)
	if !ok || pat.Val.IsNull() {
		return false
	}
	prefix, _ := likePrefix(string(pat.Val.Bytes()))
	if prefix == "" {
		return false
	}
	m.p.lo = &plan.KeyBound{Expr: textConst(prefix), Inclusive: true}
	if next := nextPrefix(prefix); next != "" {
		m.p.hi = &plan.KeyBound{Expr: textConst(next)}
	}
	return true
}

// covers reports whether an index entry holds all of the columns.
func (m *matcher) covers(need colset) bool {
	if m.exprKeys {
		return false
	}
	for i := range m.x.Out {
		c := &m.x.Out[i]
		if !need.has(c.ID) {
			continue
		}
		found := false
		for _, k := range m.ix.Keys {
			found = found || k.Att == c.AttNum && k.Order == nil && tuple.KeyExact(k.Kind)
		}
		for _, a := range m.ix.Include {
			found = found || a == c.AttNum
		}
		if !found {
			return false
		}
	}
	return true
}

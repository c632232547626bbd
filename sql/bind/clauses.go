package bind

import (
	"slices"

	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
)

// findTarget92 is findTargetlistEntrySQL92: a name of the target list, a position, or an expression.
func (b *binder) findTarget92(s *scope, n ast.Node, targets *[]*target, k exprKind, what string) *target {
	if ref, ok := n.(*ast.ColumnRef); ok && len(ref.Fields) == 1 {
		if str, ok := ref.Fields[0].(*ast.String); ok {
			name, loc := str.Sval, ref.Location
			// GROUP BY prefers a FROM column to an output name.
			if k == kindGroupBy && b.localColumn(s, name) {
				name = ""
			}
			if name != "" {
				var hit *target
				for _, t := range *targets {
					if t.junk || t.name != name {
						continue
					}
					if hit != nil && !equal(hit.e, t.e) {
						b.Fail(pgerr.AmbiguousColumn, loc, "%s \"%s\" is ambiguous", what, name)
					}
					if hit == nil {
						hit = t
					}
				}
				if hit != nil {
					b.checkGroupTarget(s, hit, k, what)
					return hit
				}
			}
		}
	}
	if c, ok := n.(*ast.A_Const); ok {
		i, isInt := c.Val.(*ast.Integer)
		if !isInt || c.Isnull {
			b.Fail(pgerr.SyntaxError, c.Location, "non-integer constant in %s", what)
		}
		pos := int32(0)
		for _, t := range *targets {
			if t.junk {
				continue
			}
			if pos++; pos == i.Ival {
				b.checkGroupTarget(s, t, k, what)
				return t
			}
		}
		b.Fail(pgerr.InvalidColumnReference, c.Location, "%s position %d is not in select list", what, i.Ival)
	}
	return b.findTarget99(s, n, targets, k)
}

// findTarget99 is findTargetlistEntrySQL99: an expression, added as junk where the list has no equal one.
func (b *binder) findTarget99(s *scope, n ast.Node, targets *[]*target, k exprKind) *target {
	e := b.exprKind(s, n, k)
	for _, t := range *targets {
		if equal(stripImplicit(e), stripImplicit(t.e)) {
			return t
		}
		if b.equalVolatileAgg(e, t.e) {
			return t
		}
	}
	t := &target{e: e, junk: true, name: "?column?"}
	*targets = append(*targets, t)
	return t
}

// equalVolatileAgg finds the target list's entry for an aggregate or set-returning call that was written the same.
func (b *binder) equalVolatileAgg(a, c plan.Expr) bool {
	x, ok1 := a.(*plan.ColRef)
	y, ok2 := c.(*plan.ColRef)
	if !ok1 || !ok2 {
		return false
	}
	dx, dy := b.derived[x.Col], b.derived[y.Col]
	if dx == nil || dy == nil || dx.kind != dy.kind || dx.scope != dy.scope {
		return false
	}
	if dx.kind == 's' {
		if equal(dx.def, dy.def) {
			// The later call is not run.
			for i, f := range dx.scope.srfs {
				if f.id == x.Col {
					dx.scope.srfs = append(dx.scope.srfs[:i:i], dx.scope.srfs[i+1:]...)
					break
				}
			}
			return true
		}
		return false
	}
	if dx.kind == 'a' {
		return equalAgg(dx.def.(*plan.Aggref), dy.def.(*plan.Aggref))
	}
	if dx.kind == 'w' {
		p, q := dx.def.(*plan.WindowCall), dy.def.(*plan.WindowCall)
		return p.Proc == q.Proc && equalList(p.Args, q.Args) && equal(p.Filter, q.Filter) && b.windowOf(dx.scope, x.Col) == b.windowOf(dy.scope, y.Col)
	}
	return false
}

func stripImplicit(e plan.Expr) plan.Expr {
	for {
		switch v := e.(type) {
		case *plan.Relabel:
			if v.Form != plan.CallCastImplicit {
				return e
			}
			e = v.Arg
		case *plan.CoerceViaIO:
			if v.Form != plan.CallCastImplicit {
				return e
			}
			e = v.Arg
		case *plan.FuncCall:
			if v.Form != plan.CallCastImplicit || len(v.Args) == 0 {
				return e
			}
			e = v.Args[0]
		default:
			return e
		}
	}
}

func (b *binder) localColumn(s *scope, name string) bool {
	for _, it := range s.ns {
		if it.colVisible {
			if c, many := it.find(name); c != nil || many {
				return true
			}
		}
	}
	return false
}

func (b *binder) checkGroupTarget(s *scope, t *target, k exprKind, what string) {
	if k != kindGroupBy {
		return
	}
	walkExpr(t.e, func(e plan.Expr) bool {
		if c, ok := e.(*plan.ColRef); ok {
			if d := b.derived[c.Col]; d != nil && d.scope == s {
				switch d.kind {
				case 'a':
					b.Fail(pgerr.GroupingError, b.locOf(e), "aggregate functions are not allowed in %s", what)
				case 'w':
					b.Fail(pgerr.WindowingError, b.locOf(e), "window functions are not allowed in %s", what)
				}
			}
		}
		return true
	})
}

// orderBy is transformSortClause.
func (b *binder) orderBy(s *scope, list []ast.Node, targets *[]*target, k exprKind, what string, sql99 bool) []sortItem {
	var out []sortItem
	for _, n := range list {
		sb := n.(*ast.SortBy)
		var t *target
		if sql99 {
			t = b.findTarget99(s, sb.Node, targets, k)
		} else {
			t = b.findTarget92(s, sb.Node, targets, k, what)
		}
		out = b.addSort(out, t, sb)
	}
	return out
}

// addSort is addTargetToSortList.
func (b *binder) addSort(list []sortItem, t *target, sb *ast.SortBy) []sortItem {
	t.e = b.resolveUnknown(t.e)
	it := b.sortItem(t, sb)
	for _, o := range list {
		if o.t == t {
			return list
		}
	}
	return append(list, it)
}

func (b *binder) sortItem(t *target, sb *ast.SortBy) sortItem {
	it := sortItem{t: t}
	typ, loc := t.e.Type().OID, place.OfNode(sb.Node)
	switch sb.SortbyDir {
	case ast.SORTBY_DESC:
		_, eq, gt := b.SortOperators(typ, loc)
		it.lt, it.eq, it.desc = gt, eq, true
	case ast.SORTBY_USING:
		name := lexicon.Names(sb.UseOp)
		o := b.BinaryOperator(name, typ, typ, sb.Location)
		strategy := 0
		var fam lexicon.Family
		for _, f := range b.OpFamilies(o.OID) {
			if f.Strategy == lexicon.Less || f.Strategy == lexicon.Greater {
				strategy, fam = f.Strategy, f
				break
			}
		}
		if strategy == 0 {
			panic(b.Err(pgerr.WrongObjectType, sb.Location, "operator %s is not a valid ordering operator", name[len(name)-1]).
				WithHint("Ordering operators must be \"<\" or \">\" members of btree operator families."))
		}
		it.lt, it.desc = o.OID, strategy == lexicon.Greater
		it.eq = b.FamilyOp(fam.OID, fam.Left, fam.Right, lexicon.Equal)
	default:
		lt, eq, _ := b.SortOperators(typ, loc)
		it.lt, it.eq = lt, eq
	}
	switch sb.SortbyNulls {
	case ast.SORTBY_NULLS_FIRST:
		it.nullsFirst = true
	case ast.SORTBY_NULLS_LAST:
	default:
		it.nullsFirst = it.desc
	}
	return it
}

// distinctClause binds DISTINCT and DISTINCT ON; on tells the latter.
func (b *binder) distinctClause(s *scope, n *ast.SelectStmt, targets *[]*target, order []sortItem) (items []sortItem, on bool) {
	if len(n.DistinctClause) == 0 {
		return nil, false
	}
	if n.DistinctClause[0] == nil {
		return b.distinctAll(*targets, order), false
	}
	var ons []*target
	locs := map[*target]int32{}
	for _, d := range n.DistinctClause {
		t := b.findTarget92(s, d, targets, kindDistinctOn, "DISTINCT ON")
		t.e = b.resolveUnknown(t.e)
		dup := false
		for _, o := range ons {
			dup = dup || o == t
		}
		if !dup {
			ons = append(ons, t)
			locs[t] = place.OfNode(d)
		}
	}
	// The ON columns that lead the ORDER BY take its order; the rest must not come after others.
	skipped := false
	for _, o := range order {
		in := false
		for _, t := range ons {
			in = in || t == o.t
		}
		if !in {
			skipped = true
			continue
		}
		if skipped {
			b.Fail(pgerr.InvalidColumnReference, locs[o.t], "SELECT DISTINCT ON expressions must match initial ORDER BY expressions")
		}
		items = append(items, o)
	}
	for _, t := range ons {
		in := false
		for _, o := range items {
			in = in || o.t == t
		}
		if in {
			continue
		}
		if skipped {
			b.Fail(pgerr.InvalidColumnReference, locs[t], "SELECT DISTINCT ON expressions must match initial ORDER BY expressions")
		}
		lt, eq, _ := b.OrderOperators(t.e.Type().OID)
		if eq == 0 {
			b.EqualOperator(t.e.Type().OID, b.locOf(t.e))
		}
		items = append(items, sortItem{t: t, lt: lt, eq: eq})
	}
	return items, true
}

func (b *binder) distinctAll(targets []*target, order []sortItem) []sortItem {
	items := []sortItem{}
	for _, o := range order {
		if o.t.junk {
			b.Fail(pgerr.InvalidColumnReference, b.locOf(o.t.e), "for SELECT DISTINCT, ORDER BY expressions must appear in select list")
		}
		items = append(items, o)
	}
	for _, t := range targets {
		if t.junk {
			continue
		}
		in := false
		for _, o := range items {
			in = in || o.t == t
		}
		if in {
			continue
		}
		t.e = b.resolveUnknown(t.e)
		lt, _, _ := b.OrderOperators(t.e.Type().OID)
		items = append(items, sortItem{t: t, lt: lt, eq: b.EqualOperator(t.e.Type().OID, b.locOf(t.e))})
	}
	return items
}

// distinctOrder is the order that DISTINCT ON needs: its columns first, then what ORDER BY adds.
func (b *binder) distinctOrder(distinct, order []sortItem) []sortItem {
	out := append([]sortItem(nil), distinct...)
	for _, o := range order {
		in := false
		for _, d := range distinct {
			in = in || d.t == o.t
		}
		if !in {
			out = append(out, o)
		}
	}
	return out
}

// grouping is a bound GROUP BY: distinct expressions, and the sets as indexes into them (nil: one set of all).
type grouping struct {
	exprs []plan.Expr
	// targets[i] is the output column that exprs[i] was taken from; two columns may be the same expression.
	targets []*target
	sets    [][]int
}

// groupClause is transformGroupClause; nil for none.
func (b *binder) groupClause(s *scope, n *ast.SelectStmt, targets *[]*target) *grouping {
	if len(n.GroupClause) == 0 {
		return nil
	}
	g := &grouping{}
	hasSets := false
	product := [][]int{{}}
	for _, item := range n.GroupClause {
		sets, isSet := b.groupItem(s, item, targets, g)
		hasSets = hasSets || isSet
		var next [][]int
		for _, p := range product {
			for _, set := range sets {
				next = append(next, unionInts(p, set))
			}
		}
		product = next
		if len(product) > 4096 {
			b.Fail(pgerr.StatementTooComplex, -1, "too many grouping sets present (maximum 4096)")
		}
	}
	if !hasSets {
		return g.distinct()
	}
	if n.GroupDistinct {
		product = distinctSets(product)
	}
	if len(product) == 1 && len(product[0]) == len(g.exprs) {
		return g.distinct() // one full set is a plain GROUP BY
	}
	g.sets = product
	return g
}

// distinct drops repeated expressions, which matter between grouping sets only.
func (g *grouping) distinct() *grouping {
	out := &grouping{}
next:
	for i, e := range g.exprs {
		for _, have := range out.exprs {
			if equal(have, e) {
				continue next
			}
		}
		out.exprs, out.targets = append(out.exprs, e), append(out.targets, g.targets[i])
	}
	return out
}

func unionInts(a, c []int) []int {
	out := append([]int(nil), a...)
	for _, x := range c {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

func distinctSets(sets [][]int) [][]int {
	var out [][]int
	for _, s := range sets {
		dup := false
		for _, o := range out {
			if len(o) != len(s) {
				continue
			}
			same := true
			for _, x := range s {
				same = same && slices.Contains(o, x)
			}
			dup = dup || same
		}
		if !dup {
			out = append(out, s)
		}
	}
	return out
}

// groupItem gives the sets that one item of GROUP BY stands for.
func (b *binder) groupItem(s *scope, n ast.Node, targets *[]*target, g *grouping) (sets [][]int, isSet bool) {
	if gs, ok := n.(*ast.GroupingSet); ok {
		return b.groupingSet(s, gs, targets, g), true
	}
	return [][]int{b.groupUnit(s, n, targets, g)}, false
}

func (b *binder) groupingSet(s *scope, gs *ast.GroupingSet, targets *[]*target, g *grouping) [][]int {
	var units [][]int
	unit := func() {
		for _, c := range gs.Content {
			units = append(units, b.groupUnit(s, c, targets, g))
		}
	}
	var sets [][]int
	switch gs.Kind {
	case ast.GROUPING_SET_EMPTY:
		return [][]int{{}}
	case ast.GROUPING_SET_ROLLUP:
		unit()
		for i := len(units); i >= 0; i-- {
			set := []int{}
			for _, u := range units[:i] {
				set = unionInts(set, u)
			}
			sets = append(sets, set)
		}
	case ast.GROUPING_SET_CUBE:
		unit()
		if len(units) > 12 {
			b.Fail(pgerr.TooManyColumns, gs.Location, "CUBE is limited to 12 elements")
		}
		for mask := 1<<len(units) - 1; mask >= 0; mask-- {
			set := []int{}
			for i, u := range units {
				if mask&(1<<(len(units)-1-i)) != 0 {
					set = unionInts(set, u)
				}
			}
			sets = append(sets, set)
		}
	case ast.GROUPING_SET_SETS:
		for _, c := range gs.Content {
			sub, _ := b.groupItem(s, c, targets, g)
			sets = append(sets, sub...)
		}
	default:
		unit()
		set := []int{}
		for _, u := range units {
			set = unionInts(set, u)
		}
		sets = append(sets, set)
	}
	return sets
}

// groupUnit is one expression, or a parenthesised list of them.
func (b *binder) groupUnit(s *scope, n ast.Node, targets *[]*target, g *grouping) []int {
	if row, ok := n.(*ast.RowExpr); ok && row.RowFormat == ast.COERCE_IMPLICIT_CAST {
		var out []int
		for _, a := range row.Args {
			out = unionInts(out, b.groupUnit(s, a, targets, g))
		}
		return out
	}
	if gs, ok := n.(*ast.GroupingSet); ok {
		var out []int
		for _, set := range b.groupingSet(s, gs, targets, g) {
			out = unionInts(out, set)
		}
		return out
	}
	before := len(*targets)
	t := b.findTarget92(s, n, targets, kindGroupBy, "GROUP BY")
	t.e = b.resolveUnknown(t.e)
	e := t.e
	// A grouping expression that is no output column is no target.
	if len(*targets) > before {
		*targets = (*targets)[:before]
	}
	b.collate(e)
	if b.shapes != nil {
		b.shapes.groups[n] = e
	}
	b.EqualOperator(e.Type().OID, place.OfNode(n))
	for i, have := range g.targets {
		if have == t || t.junk && equal(g.exprs[i], e) {
			return []int{i}
		}
	}
	g.exprs, g.targets = append(g.exprs, e), append(g.targets, t)
	return []int{len(g.exprs) - 1}
}

// ---- locking ----

func lockName(st ast.LockClauseStrength) string {
	switch st {
	case ast.LCS_FORKEYSHARE:
		return "FOR KEY SHARE"
	case ast.LCS_FORSHARE:
		return "FOR SHARE"
	case ast.LCS_FORNOKEYUPDATE:
		return "FOR NO KEY UPDATE"
	}
	return "FOR UPDATE"
}

// checkLocking is CheckSelectLocking.
func (b *binder) checkLocking(s *scope, n *ast.SelectStmt, group, having bool) {
	what := lockName(n.LockingClause[0].(*ast.LockingClause).Strength)
	bad := func(cond bool, with string) {
		if cond {
			b.Fail(pgerr.FeatureNotSupported, -1, "%s is not allowed with %s", what, with)
		}
	}
	bad(len(n.DistinctClause) > 0, "DISTINCT clause")
	bad(group, "GROUP BY clause")
	bad(having, "HAVING clause")
	bad(len(s.aggs) > 0, "aggregate functions")
	bad(len(s.windows) > 0, "window functions")
	bad(len(s.srfs) > 0, "set-returning functions in the target list")
}

// lockFor finds the locking clause that names alias, or all tables.
func (s *scope) lockFor(alias string) *ast.LockingClause {
	for _, l := range s.locking {
		if len(l.LockedRels) == 0 {
			return l
		}
		for _, r := range l.LockedRels {
			if rv, ok := r.(*ast.RangeVar); ok && rv.Relname == alias {
				return l
			}
		}
	}
	return nil
}

// lockedSelect pushes a lock into a subquery: all of its tables are locked.
func lockedSelect(n *ast.SelectStmt, l *ast.LockingClause) *ast.SelectStmt {
	c := *n
	c.LockingClause = append(append([]ast.Node(nil), n.LockingClause...), &ast.LockingClause{Strength: l.Strength, WaitPolicy: l.WaitPolicy})
	return &c
}

// lockRows adds the row locks of FOR UPDATE and the like.
func (b *binder) lockRows(s *scope, rel plan.Rel, n *ast.SelectStmt) plan.Rel {
	b.locks = true
	lr := &plan.LockRows{}
	find := func(scan *plan.Scan) *plan.LockItem {
		for i := range lr.Items {
			if lr.Items[i].Scan == scan {
				return &lr.Items[i]
			}
		}
		lr.Items = append(lr.Items, plan.LockItem{Scan: scan})
		return &lr.Items[len(lr.Items)-1]
	}
	lock := func(it *nsItem, lc *ast.LockingClause) {
		scan, ok := it.rel.(*plan.Scan)
		if !ok {
			return
		}
		li := find(scan)
		li.Strength = max(li.Strength, lockStrength(lc.Strength))
		li.Policy = max(li.Policy, waitPolicy(lc.WaitPolicy))
		if li.Loc == 0 {
			li.Loc = b.locator(s, it)
		}
		b.use(it.table).RowShare = true
		if it.access != nil {
			it.access.Need |= privilege.Update
		}
	}
	for _, node := range n.LockingClause {
		lc := node.(*ast.LockingClause)
		if len(lc.LockedRels) == 0 {
			for _, it := range s.tables {
				lock(it, lc)
			}
			continue
		}
		for _, r := range lc.LockedRels {
			rv := r.(*ast.RangeVar)
			if rv.Schemaname != "" || rv.Catalogname != "" {
				b.Fail(pgerr.SyntaxError, rv.Location, "%s must specify unqualified relation names", lockName(lc.Strength))
			}
			var hit *nsItem
			for _, it := range s.tables {
				if it.alias == rv.Relname && !it.unnamed {
					hit = it
					break
				}
			}
			if hit == nil {
				b.Fail(pgerr.UndefinedTable, rv.Location, "relation \"%s\" in %s clause not found in FROM clause", rv.Relname, lockName(lc.Strength))
			}
			switch hit.rel.(type) {
			case *plan.Join:
				b.Fail(pgerr.FeatureNotSupported, rv.Location, "%s cannot be applied to a join", lockName(lc.Strength))
			case *plan.FuncScan:
				b.Fail(pgerr.FeatureNotSupported, rv.Location, "%s cannot be applied to a function", lockName(lc.Strength))
			case *plan.Values:
				b.Fail(pgerr.FeatureNotSupported, rv.Location, "%s cannot be applied to VALUES", lockName(lc.Strength))
			case *plan.CTEScan:
				b.Fail(pgerr.FeatureNotSupported, rv.Location, "%s cannot be applied to a WITH query", lockName(lc.Strength))
			}
			lock(hit, lc)
		}
	}
	if len(lr.Items) == 0 {
		return rel
	}
	// Locators must come up through Projects that sit between the scans and here.
	b.carry(rel, lr.Items)
	lr.In = rel
	return lr
}

// locator adds the row locator column to a scan.
func (b *binder) locator(s *scope, it *nsItem) plan.ColID {
	scan := it.rel.(*plan.Scan)
	for _, c := range scan.Out {
		if c.AttNum == plan.RowLocAttNum {
			return c.ID
		}
	}
	c := plan.Col{ID: b.newCol(), Name: "rowloc", T: plan.Type{OID: types.Bytea, Mod: -1}, Table: it.table.OID, AttNum: plan.RowLocAttNum}
	scan.Out = append(scan.Out, c)
	b.owner[c.ID] = s
	return c.ID
}

// carry passes locators through the Projects below a LockRows.
func (b *binder) carry(rel plan.Rel, items []plan.LockItem) {
	switch v := rel.(type) {
	case *plan.Sort:
		b.carry(v.In, items)
	case *plan.Project:
		b.carry(v.In, items)
		for _, it := range items {
			for _, c := range it.Scan.Out {
				if c.ID == it.Loc {
					v.Exprs, v.Out = append(v.Exprs, &plan.ColRef{Col: c.ID, Name: c.Name, T: c.T}), append(v.Out, c)
				}
			}
		}
	}
}

func lockStrength(l ast.LockClauseStrength) plan.LockStrength {
	switch l {
	case ast.LCS_FORKEYSHARE:
		return plan.LockForKeyShare
	case ast.LCS_FORSHARE:
		return plan.LockForShare
	case ast.LCS_FORNOKEYUPDATE:
		return plan.LockForNoKeyUpdate
	}
	return plan.LockForUpdate
}

func waitPolicy(w ast.LockWaitPolicy) plan.WaitPolicy {
	switch w {
	case ast.LockWaitSkip:
		return plan.WaitSkip
	case ast.LockWaitError:
		return plan.WaitError
	}
	return plan.WaitBlock
}

package bind

import (
	"slices"

	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/bind/tree"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/privilege"
)

// distinctClause binds DISTINCT and DISTINCT ON; on tells the latter.
func (b *binder) distinctClause(s *expression.Scope, n *ast.SelectStmt, targets *[]*expression.Target, order []expression.SortItem) (items []expression.SortItem, on bool) {
	if len(n.DistinctClause) == 0 {
		return nil, false
	}
	if n.DistinctClause[0] == nil {
		return b.distinctAll(*targets, order), false
	}
	var ons []*expression.Target
	locs := map[*expression.Target]int32{}
	for _, d := range n.DistinctClause {
		t := b.FindTarget92(s, d, targets, expression.KindDistinctOn, "DISTINCT ON")
		t.Expr = b.ResolveUnknown(t.Expr)
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
			in = in || t == o.Target
		}
		if !in {
			skipped = true
			continue
		}
		if skipped {
			b.Fail(pgerr.InvalidColumnReference, locs[o.Target], "SELECT DISTINCT ON expressions must match initial ORDER BY expressions")
		}
		items = append(items, o)
	}
	for _, t := range ons {
		in := false
		for _, o := range items {
			in = in || o.Target == t
		}
		if in {
			continue
		}
		if skipped {
			b.Fail(pgerr.InvalidColumnReference, locs[t], "SELECT DISTINCT ON expressions must match initial ORDER BY expressions")
		}
		lt, eq, _ := b.OrderOperators(t.Expr.Type().OID)
		if eq == 0 {
			b.EqualOperator(t.Expr.Type().OID, b.LocOf(t.Expr))
		}
		items = append(items, expression.SortItem{Target: t, Less: lt, Equal: eq})
	}
	return items, true
}

func (b *binder) distinctAll(targets []*expression.Target, order []expression.SortItem) []expression.SortItem {
	items := []expression.SortItem{}
	for _, o := range order {
		if o.Target.Junk {
			b.Fail(pgerr.InvalidColumnReference, b.LocOf(o.Target.Expr), "for SELECT DISTINCT, ORDER BY expressions must appear in select list")
		}
		items = append(items, o)
	}
	for _, t := range targets {
		if t.Junk {
			continue
		}
		in := false
		for _, o := range items {
			in = in || o.Target == t
		}
		if in {
			continue
		}
		t.Expr = b.ResolveUnknown(t.Expr)
		lt, _, _ := b.OrderOperators(t.Expr.Type().OID)
		items = append(items, expression.SortItem{Target: t, Less: lt, Equal: b.EqualOperator(t.Expr.Type().OID, b.LocOf(t.Expr))})
	}
	return items
}

// distinctOrder is the order that DISTINCT ON needs: its columns first, then what ORDER BY adds.
func (b *binder) distinctOrder(distinct, order []expression.SortItem) []expression.SortItem {
	out := append([]expression.SortItem(nil), distinct...)
	for _, o := range order {
		in := false
		for _, d := range distinct {
			in = in || d.Target == o.Target
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
	targets []*expression.Target
	sets    [][]int
}

// groupClause is transformGroupClause; nil for none.
func (b *binder) groupClause(s *expression.Scope, n *ast.SelectStmt, targets *[]*expression.Target) *grouping {
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
			if tree.Equal(have, e) {
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
func (b *binder) groupItem(s *expression.Scope, n ast.Node, targets *[]*expression.Target, g *grouping) (sets [][]int, isSet bool) {
	if gs, ok := n.(*ast.GroupingSet); ok {
		return b.groupingSet(s, gs, targets, g), true
	}
	return [][]int{b.groupUnit(s, n, targets, g)}, false
}

func (b *binder) groupingSet(s *expression.Scope, gs *ast.GroupingSet, targets *[]*expression.Target, g *grouping) [][]int {
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
func (b *binder) groupUnit(s *expression.Scope, n ast.Node, targets *[]*expression.Target, g *grouping) []int {
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
	t := b.FindTarget92(s, n, targets, expression.KindGroupBy, "GROUP BY")
	t.Expr = b.ResolveUnknown(t.Expr)
	e := t.Expr
	// A grouping expression that is no output column is no target.
	if len(*targets) > before {
		*targets = (*targets)[:before]
	}
	b.Collate(e)
	if b.shapes != nil {
		b.shapes.groups[n] = e
	}
	b.EqualOperator(e.Type().OID, place.OfNode(n))
	for i, have := range g.targets {
		if have == t || t.Junk && tree.Equal(g.exprs[i], e) {
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
func (b *binder) checkLocking(s *expression.Scope, n *ast.SelectStmt, group, having bool) {
	what := lockName(n.LockingClause[0].(*ast.LockingClause).Strength)
	bad := func(cond bool, with string) {
		if cond {
			b.Fail(pgerr.FeatureNotSupported, -1, "%s is not allowed with %s", what, with)
		}
	}
	bad(len(n.DistinctClause) > 0, "DISTINCT clause")
	bad(group, "GROUP BY clause")
	bad(having, "HAVING clause")
	bad(len(s.Aggs) > 0, "aggregate functions")
	bad(len(s.Windows) > 0, "window functions")
	bad(len(s.SRFs) > 0, "set-returning functions in the target list")
}

// lockedSelect pushes a lock into a subquery: all of its tables are locked.
func lockedSelect(n *ast.SelectStmt, l *ast.LockingClause) *ast.SelectStmt {
	c := *n
	c.LockingClause = append(append([]ast.Node(nil), n.LockingClause...), &ast.LockingClause{Strength: l.Strength, WaitPolicy: l.WaitPolicy})
	return &c
}

// lockRows adds the row locks of FOR UPDATE and the like.
func (b *binder) lockRows(s *expression.Scope, rel plan.Rel, n *ast.SelectStmt) plan.Rel {
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
	lock := func(it *expression.Item, lc *ast.LockingClause) {
		scan, ok := it.Rel.(*plan.Scan)
		if !ok {
			return
		}
		li := find(scan)
		li.Strength = max(li.Strength, lockStrength(lc.Strength))
		li.Policy = max(li.Policy, waitPolicy(lc.WaitPolicy))
		if li.Loc == 0 {
			li.Loc = b.Locator(s, it)
		}
		b.use(it.Table).RowShare = true
		if it.Access != nil && it.Access.Need&privilege.Update == 0 {
			it.Access.Need |= privilege.Update
			if g := b.guards[scan]; g != nil {
				g.rules(b, s, it.Access, catalog.ForUpdate)
			}
		}
	}
	for _, node := range n.LockingClause {
		lc := node.(*ast.LockingClause)
		if len(lc.LockedRels) == 0 {
			for _, it := range s.Tables {
				lock(it, lc)
			}
			continue
		}
		for _, r := range lc.LockedRels {
			rv := r.(*ast.RangeVar)
			if rv.Schemaname != "" || rv.Catalogname != "" {
				b.Fail(pgerr.SyntaxError, rv.Location, "%s must specify unqualified relation names", lockName(lc.Strength))
			}
			var hit *expression.Item
			for _, it := range s.Tables {
				if it.Alias == rv.Relname && !it.Unnamed {
					hit = it
					break
				}
			}
			if hit == nil {
				b.Fail(pgerr.UndefinedTable, rv.Location, "relation \"%s\" in %s clause not found in FROM clause", rv.Relname, lockName(lc.Strength))
			}
			switch hit.Rel.(type) {
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

// keys are the expressions of GROUP BY.
func (g *grouping) keys() []plan.Expr {
	if g == nil {
		return nil
	}
	return g.exprs
}

package bind

import (
	"strconv"

	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/bind/tree"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// query is a bound SELECT with a handle on its output expressions.
type query struct {
	rel  plan.Rel
	cols []plan.Col
	// exprs are the output expressions where they stand (in the last Project, or in VALUES rows of one row); nil for set
	// operations. Literals of unknown type in them may still be converted with retype.
	exprs []plan.Expr
	out   []plan.Col // the Project's own Out, index for index with exprs
}

// retype converts an output column that is an untyped literal or parameter; false where it is none.
func (q *query) retype(b *binder, i int, t types.OID) bool {
	if q.exprs == nil || q.exprs[i].Type().OID != types.Unknown {
		return false
	}
	switch e := q.exprs[i].(type) {
	case *plan.Const, *plan.Param:
	case *plan.Relabel:
		if !tree.IsCollate(e) {
			return false
		}
	default:
		return false
	}
	q.exprs[i] = b.Coerce(q.exprs[i], t, -1, overload.Implicit, plan.CallCastImplicit, -1)
	q.cols[i].T = q.exprs[i].Type()
	q.out[i].T = q.cols[i].T
	return true
}

// statement binds any statement with a result.
func (b *binder) statement(s *expression.Scope, n ast.Node) (plan.Rel, []plan.Col, string) {
	switch v := n.(type) {
	case *ast.SelectStmt:
		rel, cols := b.selectStmt(s, v)
		return rel, b.describe(cols), "SELECT"
	case *ast.InsertStmt:
		rel, cols := b.insert(s, v)
		return rel, b.describe(cols), "INSERT"
	case *ast.UpdateStmt:
		rel, cols := b.update(s, v)
		return rel, b.describe(cols), "UPDATE"
	case *ast.DeleteStmt:
		rel, cols := b.delete(s, v)
		return rel, b.describe(cols), "DELETE"
	case *ast.MergeStmt:
		return b.merge_(s, v), nil, "MERGE"
	}
	panic(pgerr.Unsupported("this statement"))
}

// describe adds the origins that RowDescription names.
func (b *binder) describe(cols []plan.Col) []plan.Col {
	out := append([]plan.Col(nil), cols...)
	for i := range out {
		o := b.origin[out[i].ID]
		out[i].Table, out[i].AttNum = o.table, o.att
	}
	return out
}

// selectStmt binds a query whose unknown literals become text.
func (b *binder) selectStmt(s *expression.Scope, n *ast.SelectStmt) (plan.Rel, []plan.Col) {
	q := b.query(s, n, false)
	return q.rel, q.cols
}

// Subquery binds a query in an expression.
func (b *binder) Subquery(s *expression.Scope, n *ast.SelectStmt) (plan.Rel, []plan.Col) {
	rel, cols := b.selectStmt(s, n)
	if b.shapes != nil {
		b.shapes.queries[rel] = n
	}
	return rel, cols
}

func (b *binder) query(s *expression.Scope, n *ast.SelectStmt, keepUnknown bool) *query {
	ctes := b.withClause(s, n.WithClause)
	var q *query
	switch {
	case n.Op != ast.SETOP_NONE && n.Op != 0:
		q = b.setOperation(s, n)
	case len(n.ValuesLists) > 0:
		q = b.values(s, n, keepUnknown)
	default:
		q = b.simpleSelect(s, n, keepUnknown)
	}
	if len(ctes) > 0 {
		q.rel = &plan.With{CTEs: ctes, In: q.rel}
	}
	return q
}

// simpleSelect is transformSelectStmt, and the tree that comes of it:
//
//	FROM, WHERE → [Project, Aggregate, HAVING] → [Window…] → [Sort, LockRows] → [ProjectSet…] → Project → [Distinct, Sort] → [Limit]
func (b *binder) simpleSelect(s *expression.Scope, n *ast.SelectStmt, keepUnknown bool) *query {
	for _, l := range n.LockingClause {
		s.Locking = append(s.Locking, l.(*ast.LockingClause))
	}
	s.DefineWindows(&b.Binder, n.WindowClause)
	rel := b.fromClause(s, n.FromClause)
	if rel == nil {
		rel = &plan.Values{Rows: [][]plan.Expr{{}}}
	}
	targets := b.targetList(s, n.TargetList, expression.KindSelect)
	var where plan.Expr
	var conds []plan.Expr
	if n.WhereClause != nil {
		where = b.BoolExpr(s, n.WhereClause, expression.KindWhere, "WHERE")
		b.Collate(where)
		conds = conjuncts(where)
	}
	var having plan.Expr
	if n.HavingClause != nil {
		having = b.BoolExpr(s, n.HavingClause, expression.KindHaving, "HAVING")
	}
	order := b.OrderBy(s, n.SortClause, &targets, expression.KindOrderBy, "ORDER BY", false)
	grp := b.groupClause(s, n, &targets)
	distinct, on := b.distinctClause(s, n, &targets, order)
	lim := b.limitClause(s, n)
	b.WindowOrders(s, &targets)
	for _, t := range targets {
		if !keepUnknown || t.Junk {
			t.Expr = b.ResolveUnknown(t.Expr)
		}
		b.Collate(t.Expr)
	}
	b.collatedKeys(order, distinct)
	for _, e := range grp.keys() {
		b.collatedKey(e)
	}
	b.Collate(having)
	if b.shapes != nil {
		b.shapes.selects[n] = &shape{s: s, targets: targets, where: where, having: having, order: order, distinct: distinct, lim: lim}
		q := b.project(s, rel, targets)
		for i, t := range targets {
			if !t.Junk {
				q.cols = append(q.cols, q.out[i])
			}
		}
		return q
	}
	rel = b.wrapped(rel)
	if len(conds) > 0 {
		rel = &plan.Filter{In: rel, Conds: conds}
	}
	if s.SelfRef && len(s.Aggs) > 0 {
		b.Fail(pgerr.InvalidRecursion, s.Aggs[0].Loc, "aggregate functions are not allowed in a recursive query's recursive term")
	}
	if having != nil || len(s.Aggs) > 0 || len(s.Group) > 0 || grp != nil {
		if len(n.LockingClause) > 0 {
			b.checkLocking(s, n, grp != nil, having != nil)
		}
		rel = b.groupStage(s, rel, grp, targets, having)
	} else if len(n.LockingClause) > 0 {
		b.checkLocking(s, n, false, false)
	}
	rel = b.windowStage(s, rel)

	// DISTINCT ON in an order that no set-returning function takes part in comes before them.
	onEarly := on && len(order) > 0 && len(s.SRFs) > 0 && !b.sortsSRF(order) && !b.sortsSRF(distinct)
	if onEarly {
		rel = b.distinctEarly(s, rel, distinct, order)
		distinct, on, order = nil, false, order[:0:0]
	}
	sortEarly := len(order) > 0 && distinct == nil && (len(n.LockingClause) > 0 || len(s.SRFs) > 0 && !b.sortsSRF(order))
	if sortEarly {
		rel = b.sortEarly(s, rel, order)
	}
	if len(n.LockingClause) > 0 {
		rel = b.lockRows(s, rel, n)
	}
	rel = b.srfStage(s, rel)
	q := b.project(s, rel, targets)
	b.finish(q, targets, order, sortEarly, distinct, on, lim)
	return q
}

// targetList is transformTargetList.
func (b *binder) targetList(s *expression.Scope, list []ast.Node, k expression.Kind) []*expression.Target {
	var out []*expression.Target
	old := s.Kind
	s.Kind = k
	for _, n := range list {
		rt := n.(*ast.ResTarget)
		if cols, ok := b.ExpandStar(s, rt.Val); ok {
			for _, c := range cols {
				out = append(out, &expression.Target{Expr: c.Expr, Name: c.Name})
			}
			continue
		}
		e := b.Expr(s, rt.Val)
		name := rt.Name
		if name == "" {
			name = expression.FigureName(rt.Val)
		}
		out = append(out, &expression.Target{Expr: e, Name: name, Node: rt})
	}
	s.Kind = old
	return out
}

// project computes the target list: the last Project of a SELECT.
func (b *binder) project(s *expression.Scope, in plan.Rel, targets []*expression.Target) *query {
	have := map[plan.ColID]bool{}
	for _, c := range in.Cols() {
		have[c.ID] = true
	}
	p := &plan.Project{In: in, Exprs: []plan.Expr{}, Out: []plan.Col{}}
	used := map[plan.ColID]bool{}
	for _, t := range targets {
		c := plan.Col{Name: t.Name, T: t.Expr.Type()}
		if ref, ok := t.Expr.(*plan.ColRef); ok && have[ref.Col] && !used[ref.Col] && b.shapes == nil {
			c.ID = ref.Col
		} else {
			c.ID = b.NewCol()
			if ok {
				if o, found := b.origin[ref.Col]; found {
					b.origin[c.ID] = o
				}
			}
			b.Owner[c.ID] = s
			if c.T.OID == types.Record {
				if f := b.FieldsOf(t.Expr); f != nil {
					b.Fields[c.ID] = f
				}
			}
		}
		used[c.ID] = true
		t.ID = c.ID
		p.Exprs, p.Out = append(p.Exprs, t.Expr), append(p.Out, c)
	}
	q := &query{rel: p, exprs: p.Exprs, out: p.Out}
	return q
}

// limits are LIMIT, OFFSET and WITH TIES.
type limits struct {
	count, offset plan.Expr
	withTies      bool
}

// finish puts DISTINCT, ORDER BY and LIMIT on top of the target list and cuts off the junk.
func (b *binder) finish(q *query, targets []*expression.Target, order []expression.SortItem, sorted bool, distinct []expression.SortItem, on bool, lim *limits) {
	keys := sortKeys(order)
	switch {
	case on:
		lead := b.distinctOrder(distinct, order)
		q.rel = &plan.Sort{In: q.rel, Keys: sortKeys(lead)}
		q.rel = &plan.Distinct{In: q.rel, On: itemCols(distinct), Ordered: true}
	case distinct != nil:
		q.rel = &plan.Distinct{In: q.rel, On: itemCols(distinct)}
		if len(keys) > 0 {
			q.rel = &plan.Sort{In: q.rel, Keys: keys}
		}
	case len(keys) > 0 && !sorted:
		q.rel = &plan.Sort{In: q.rel, Keys: keys}
	}
	if lim != nil {
		l := &plan.Limit{In: q.rel, Count: lim.count, Offset: lim.offset}
		if lim.withTies {
			l.WithTies = keys
		}
		q.rel = l
	}
	junk := false
	for i, t := range targets {
		if t.Junk {
			junk = true
		} else {
			q.cols = append(q.cols, q.out[i])
		}
	}
	if !junk {
		return
	}
	n := len(q.cols)
	q.exprs, q.out = q.exprs[:n:n], q.out[:n:n]
	q.rel = passThrough(q.rel, q.cols)
}

// passThrough keeps only cols.
func passThrough(in plan.Rel, cols []plan.Col) plan.Rel {
	p := &plan.Project{In: in, Out: append([]plan.Col(nil), cols...)}
	for _, c := range cols {
		p.Exprs = append(p.Exprs, &plan.ColRef{Col: c.ID, Name: c.Name, T: c.T})
	}
	return p
}

// withColumns makes every expression a column of rel, adding a Project below where needed, and returns the columns.
func (b *binder) withColumns(s *expression.Scope, rel plan.Rel, es []plan.Expr) (plan.Rel, []plan.Col) {
	in := rel.Cols()
	have := map[plan.ColID]plan.Col{}
	for _, c := range in {
		have[c.ID] = c
	}
	out := make([]plan.Col, len(es))
	var add []plan.Expr
	var addCols []plan.Col
	for i, e := range es {
		if ref, ok := e.(*plan.ColRef); ok {
			if c, ok := have[ref.Col]; ok {
				out[i] = c
				continue
			}
		}
		found := false
		for j, a := range add {
			if tree.Equal(a, e) {
				out[i], found = addCols[j], true
			}
		}
		if found {
			continue
		}
		out[i] = plan.Col{ID: b.NewCol(), Name: "?column?", T: e.Type()}
		b.Owner[out[i].ID] = s
		add, addCols = append(add, e), append(addCols, out[i])
	}
	if len(add) == 0 {
		return rel, out
	}
	p := &plan.Project{In: rel}
	for _, c := range in {
		p.Exprs, p.Out = append(p.Exprs, &plan.ColRef{Col: c.ID, Name: c.Name, T: c.T}), append(p.Out, c)
	}
	p.Exprs, p.Out = append(p.Exprs, add...), append(p.Out, addCols...)
	return p, out
}

// sortEarly sorts before the target list is computed.
func (b *binder) sortEarly(s *expression.Scope, rel plan.Rel, order []expression.SortItem) plan.Rel {
	var es []plan.Expr
	for _, o := range order {
		es = append(es, o.Target.Expr)
	}
	rel, cols := b.withColumns(s, rel, es)
	keys := sortKeys(order)
	for i, o := range order {
		keys[i].Col = cols[i].ID
		// The target may take the sorted column over.
		o.Target.Expr = b.At(&plan.ColRef{Col: cols[i].ID, Name: cols[i].Name, T: cols[i].T}, b.LocOf(o.Target.Expr))
	}
	return &plan.Sort{In: rel, Keys: keys}
}

// distinctEarly is DISTINCT ON before the target list is computed.
func (b *binder) distinctEarly(s *expression.Scope, rel plan.Rel, distinct, order []expression.SortItem) plan.Rel {
	lead := b.distinctOrder(distinct, order)
	rel = b.sortEarly(s, rel, lead)
	sorted := rel.(*plan.Sort)
	d := &plan.Distinct{In: rel, Ordered: true}
	for i := range distinct {
		d.On = append(d.On, sorted.Keys[i].Col)
	}
	return d
}

func (b *binder) sortsSRF(order []expression.SortItem) bool {
	for _, o := range order {
		hit := false
		tree.WalkExpr(o.Target.Expr, func(e plan.Expr) bool {
			if c, ok := e.(*plan.ColRef); ok {
				if d := b.Derived[c.Col]; d != nil && d.Kind == 's' {
					hit = true
				}
			}
			return !hit
		})
		if hit {
			return true
		}
	}
	return false
}

// srfStage runs the set-returning functions of the level, the inner ones of nested calls first.
func (b *binder) srfStage(s *expression.Scope, rel plan.Rel) plan.Rel {
	for level := 0; ; level++ {
		var add []plan.Expr
		var cols []plan.Col
		for _, f := range s.SRFs {
			if f.Level == level {
				b.Collate(f.Call)
				add = append(add, f.Call)
				cols = append(cols, plan.Col{ID: f.ID, Name: f.Call.(*plan.FuncCall).Name, T: f.Call.Type()})
			}
		}
		if len(add) == 0 {
			return rel
		}
		p := &plan.ProjectSet{In: rel}
		for _, c := range rel.Cols() {
			p.Exprs, p.Out = append(p.Exprs, &plan.ColRef{Col: c.ID, Name: c.Name, T: c.T}), append(p.Out, c)
		}
		p.Exprs, p.Out = append(p.Exprs, add...), append(p.Out, cols...)
		rel = p
	}
}

// collatedKeys refuses what is sorted or made distinct and of which no collation can be told (42P21).
func (b *binder) collatedKeys(lists ...[]expression.SortItem) {
	for _, list := range lists {
		for _, o := range list {
			b.collatedKey(o.Target.Expr)
		}
	}
}

func (b *binder) collatedKey(e plan.Expr) {
	if c := b.Collate(e); c.Strength == expression.CollConflict {
		b.CollationConflict(c)
	}
}

func sortKeys(items []expression.SortItem) []plan.SortKey {
	var out []plan.SortKey
	for _, o := range items {
		out = append(out, plan.SortKey{Col: o.Target.ID, T: o.Target.Expr.Type(), Desc: o.Desc, NullsFirst: o.NullsFirst, Op: o.Less})
	}
	return out
}

func itemCols(items []expression.SortItem) []plan.ColID {
	var out []plan.ColID
	for _, o := range items {
		out = append(out, o.Target.ID)
	}
	return out
}

func (b *binder) limitClause(s *expression.Scope, n *ast.SelectStmt) *limits {
	if n.LimitCount == nil && n.LimitOffset == nil {
		return nil
	}
	ties := n.LimitOption == ast.LIMIT_OPTION_WITH_TIES
	l := &limits{withTies: ties}
	if n.LimitOffset != nil {
		l.offset = b.limitExpr(s, n.LimitOffset, expression.KindOffset, "OFFSET")
	}
	if n.LimitCount != nil {
		if c, ok := n.LimitCount.(*ast.A_Const); ok && c.Isnull {
			if ties {
				b.Fail(pgerr.InvalidRowCountInLimitClause, -1, "row count cannot be null in FETCH FIRST ... WITH TIES clause")
			}
		} else {
			l.count = b.limitExpr(s, n.LimitCount, expression.KindLimit, "LIMIT")
		}
	}
	if l.count == nil && l.offset == nil {
		return nil
	}
	return l
}

func (b *binder) limitExpr(s *expression.Scope, n ast.Node, k expression.Kind, what string) plan.Expr {
	e := b.ToSpecific(b.ExprIn(s, n, k), types.Int8, what)
	tree.WalkExpr(e, func(x plan.Expr) bool {
		if c, ok := x.(*plan.ColRef); ok && b.Owner[c.Col] == s {
			b.Fail(pgerr.InvalidColumnReference, b.LocOf(x), "argument of %s must not contain variables", what)
		}
		return true
	})
	b.Collate(e)
	return e
}

// values binds VALUES lists as a query: SELECT * FROM (VALUES …).
func (b *binder) values(s *expression.Scope, n *ast.SelectStmt, keepUnknown bool) *query {
	rows := b.valuesRows(s, n.ValuesLists)
	width := len(rows[0])
	v := &plan.Values{Rows: rows}
	for i := 0; i < width; i++ {
		col := make([]plan.Expr, len(rows))
		for j := range rows {
			col[j] = rows[j][i]
		}
		t := types.OID(types.Unknown)
		if !(keepUnknown && len(rows) == 1) {
			t, _ = b.CommonType(col, "VALUES")
			for j := range rows {
				rows[j][i] = b.ToCommon(col[j], t, "VALUES")
				col[j] = rows[j][i]
			}
		} else {
			t = col[0].Type().OID
		}
		ct := b.PlanType(t, expression.CommonMod(col, t))
		var sum expression.Collation
		for _, e := range col {
			sum = b.MergeCollation(sum, b.Collate(e), e)
		}
		if ct.Coll != 0 && sum.OID != 0 && sum.Strength != expression.CollConflict {
			ct.Coll = sum.OID
		}
		v.Out = append(v.Out, plan.Col{ID: b.NewCol(), Name: "column" + strconv.Itoa(i+1), T: ct})
	}
	if b.shapes != nil {
		b.shapes.selects[n] = &shape{s: s, rows: rows}
	}
	it := b.relItem(s, v, v.Out, "*VALUES*")
	it.RelVisible = false
	s.Names = append(s.Names, it)
	if len(n.SortClause) == 0 && n.LimitCount == nil && n.LimitOffset == nil {
		q := &query{rel: v, cols: append([]plan.Col(nil), v.Out...), out: v.Out}
		if len(rows) == 1 {
			q.exprs = rows[0]
		}
		return q
	}
	if len(n.LockingClause) > 0 {
		lc := n.LockingClause[0].(*ast.LockingClause)
		b.Fail(pgerr.FeatureNotSupported, -1, "%s cannot be applied to VALUES", lockName(lc.Strength))
	}
	var targets []*expression.Target
	for _, c := range it.Cols {
		targets = append(targets, &expression.Target{Expr: c.Ref(), Name: c.Name})
	}
	order := b.OrderBy(s, n.SortClause, &targets, expression.KindOrderBy, "ORDER BY", false)
	lim := b.limitClause(s, n)
	for _, t := range targets {
		b.Collate(t.Expr)
	}
	if b.shapes != nil {
		b.shapes.selects[n] = &shape{s: s, rows: rows, targets: targets, order: order, lim: lim}
	}
	q := b.project(s, v, targets)
	b.finish(q, targets, order, false, nil, false, lim)
	q.exprs = nil
	return q
}

// valuesRows binds the rows of VALUES; all have the same length.
func (b *binder) valuesRows(s *expression.Scope, lists []ast.Node) [][]plan.Expr {
	old := s.Kind
	s.Kind = expression.KindValues
	var rows [][]plan.Expr
	for _, l := range lists {
		items := l.(*ast.List).Items
		row := b.ExprList(s, items)
		if len(rows) > 0 && len(row) != len(rows[0]) {
			loc := int32(-1)
			if len(row) > 0 {
				loc = b.LocOf(row[0])
			}
			b.Fail(pgerr.SyntaxError, loc, "VALUES lists must all be the same length")
		}
		rows = append(rows, row)
	}
	s.Kind = old
	return rows
}

package bind

import (
	"strconv"

	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// target is an entry of a target list; junk entries serve ORDER BY and the like and are cut off at the end.
type target struct {
	e    plan.Expr
	name string
	junk bool
	id   plan.ColID
	node *ast.ResTarget
}

// sortItem is an entry of ORDER BY, DISTINCT or a window's ordering, over a target.
type sortItem struct {
	t          *target
	lt, eq     types.OID // lt is the operator that sorts: "<" or ">"
	desc       bool
	nullsFirst bool
}

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
	switch q.exprs[i].(type) {
	case *plan.Const, *plan.Param:
	default:
		return false
	}
	q.exprs[i] = b.coerce(q.exprs[i], t, -1, overload.Implicit, plan.CallCastImplicit, -1)
	q.cols[i].T = q.exprs[i].Type()
	q.out[i].T = q.cols[i].T
	return true
}

// statement binds any statement with a result.
func (b *binder) statement(s *scope, n ast.Node) (plan.Rel, []plan.Col, string) {
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
func (b *binder) selectStmt(s *scope, n *ast.SelectStmt) (plan.Rel, []plan.Col) {
	q := b.query(s, n, false)
	return q.rel, q.cols
}

// Subquery binds a query in an expression.
func (b *binder) Subquery(s *scope, n *ast.SelectStmt) (plan.Rel, []plan.Col) {
	rel, cols := b.selectStmt(s, n)
	if b.shapes != nil {
		b.shapes.queries[rel] = n
	}
	return rel, cols
}

func (b *binder) query(s *scope, n *ast.SelectStmt, keepUnknown bool) *query {
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
func (b *binder) simpleSelect(s *scope, n *ast.SelectStmt, keepUnknown bool) *query {
	for _, l := range n.LockingClause {
		s.locking = append(s.locking, l.(*ast.LockingClause))
	}
	s.defineWindows(b, n.WindowClause)
	rel := b.fromClause(s, n.FromClause)
	if rel == nil {
		rel = &plan.Values{Rows: [][]plan.Expr{{}}}
	}
	targets := b.targetList(s, n.TargetList, kindSelect)
	var where plan.Expr
	var conds []plan.Expr
	if n.WhereClause != nil {
		where = b.boolExpr(s, n.WhereClause, kindWhere, "WHERE")
		b.collate(where)
		conds = conjuncts(where)
	}
	var having plan.Expr
	if n.HavingClause != nil {
		having = b.boolExpr(s, n.HavingClause, kindHaving, "HAVING")
	}
	order := b.orderBy(s, n.SortClause, &targets, kindOrderBy, "ORDER BY", false)
	grp := b.groupClause(s, n, &targets)
	distinct, on := b.distinctClause(s, n, &targets, order)
	lim := b.limitClause(s, n)
	b.windowOrders(s, &targets)
	for _, t := range targets {
		if !keepUnknown || t.junk {
			t.e = b.resolveUnknown(t.e)
		}
		b.collate(t.e)
	}
	b.collate(having)
	if b.shapes != nil {
		b.shapes.selects[n] = &shape{s: s, targets: targets, where: where, having: having, order: order, distinct: distinct, lim: lim}
		q := b.project(s, rel, targets)
		for i, t := range targets {
			if !t.junk {
				q.cols = append(q.cols, q.out[i])
			}
		}
		return q
	}
	rel = b.wrapped(rel)
	if len(conds) > 0 {
		rel = &plan.Filter{In: rel, Conds: conds}
	}
	if s.selfRef && len(s.aggs) > 0 {
		b.Fail(pgerr.InvalidRecursion, s.aggs[0].loc, "aggregate functions are not allowed in a recursive query's recursive term")
	}
	if having != nil || len(s.aggs) > 0 || len(s.group) > 0 || grp != nil {
		if len(n.LockingClause) > 0 {
			b.checkLocking(s, n, grp != nil, having != nil)
		}
		rel = b.groupStage(s, rel, grp, targets, having)
	} else if len(n.LockingClause) > 0 {
		b.checkLocking(s, n, false, false)
	}
	rel = b.windowStage(s, rel)

	// DISTINCT ON in an order that no set-returning function takes part in comes before them.
	onEarly := on && len(order) > 0 && len(s.srfs) > 0 && !b.sortsSRF(order) && !b.sortsSRF(distinct)
	if onEarly {
		rel = b.distinctEarly(s, rel, distinct, order)
		distinct, on, order = nil, false, order[:0:0]
	}
	sortEarly := len(order) > 0 && distinct == nil && (len(n.LockingClause) > 0 || len(s.srfs) > 0 && !b.sortsSRF(order))
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
func (b *binder) targetList(s *scope, list []ast.Node, k exprKind) []*target {
	var out []*target
	old := s.kind
	s.kind = k
	for _, n := range list {
		rt := n.(*ast.ResTarget)
		if cols, ok := b.expandStar(s, rt.Val); ok {
			for _, c := range cols {
				out = append(out, &target{e: c.e, name: c.name})
			}
			continue
		}
		e := b.expr(s, rt.Val)
		name := rt.Name
		if name == "" {
			name = figureName(rt.Val)
		}
		out = append(out, &target{e: e, name: name, node: rt})
	}
	s.kind = old
	return out
}

// project computes the target list: the last Project of a SELECT.
func (b *binder) project(s *scope, in plan.Rel, targets []*target) *query {
	have := map[plan.ColID]bool{}
	for _, c := range in.Cols() {
		have[c.ID] = true
	}
	p := &plan.Project{In: in, Exprs: []plan.Expr{}, Out: []plan.Col{}}
	used := map[plan.ColID]bool{}
	for _, t := range targets {
		c := plan.Col{Name: t.name, T: t.e.Type()}
		if ref, ok := t.e.(*plan.ColRef); ok && have[ref.Col] && !used[ref.Col] && b.shapes == nil {
			c.ID = ref.Col
		} else {
			c.ID = b.newCol()
			if ok {
				if o, found := b.origin[ref.Col]; found {
					b.origin[c.ID] = o
				}
			}
			b.owner[c.ID] = s
			if c.T.OID == types.Record {
				if f := b.fieldsOf(t.e); f != nil {
					b.fields[c.ID] = f
				}
			}
		}
		used[c.ID] = true
		t.id = c.ID
		p.Exprs, p.Out = append(p.Exprs, t.e), append(p.Out, c)
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
func (b *binder) finish(q *query, targets []*target, order []sortItem, sorted bool, distinct []sortItem, on bool, lim *limits) {
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
		if t.junk {
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
func (b *binder) withColumns(s *scope, rel plan.Rel, es []plan.Expr) (plan.Rel, []plan.Col) {
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
			if equal(a, e) {
				out[i], found = addCols[j], true
			}
		}
		if found {
			continue
		}
		out[i] = plan.Col{ID: b.newCol(), Name: "?column?", T: e.Type()}
		b.owner[out[i].ID] = s
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
func (b *binder) sortEarly(s *scope, rel plan.Rel, order []sortItem) plan.Rel {
	var es []plan.Expr
	for _, o := range order {
		es = append(es, o.t.e)
	}
	rel, cols := b.withColumns(s, rel, es)
	keys := sortKeys(order)
	for i, o := range order {
		keys[i].Col = cols[i].ID
		// The target may take the sorted column over.
		o.t.e = b.at(&plan.ColRef{Col: cols[i].ID, Name: cols[i].Name, T: cols[i].T}, b.locOf(o.t.e))
	}
	return &plan.Sort{In: rel, Keys: keys}
}

// distinctEarly is DISTINCT ON before the target list is computed.
func (b *binder) distinctEarly(s *scope, rel plan.Rel, distinct, order []sortItem) plan.Rel {
	lead := b.distinctOrder(distinct, order)
	rel = b.sortEarly(s, rel, lead)
	sorted := rel.(*plan.Sort)
	d := &plan.Distinct{In: rel, Ordered: true}
	for i := range distinct {
		d.On = append(d.On, sorted.Keys[i].Col)
	}
	return d
}

func (b *binder) sortsSRF(order []sortItem) bool {
	for _, o := range order {
		hit := false
		walkExpr(o.t.e, func(e plan.Expr) bool {
			if c, ok := e.(*plan.ColRef); ok {
				if d := b.derived[c.Col]; d != nil && d.kind == 's' {
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
func (b *binder) srfStage(s *scope, rel plan.Rel) plan.Rel {
	for level := 0; ; level++ {
		var add []plan.Expr
		var cols []plan.Col
		for _, f := range s.srfs {
			if f.level == level {
				b.collate(f.call)
				add = append(add, f.call)
				cols = append(cols, plan.Col{ID: f.id, Name: f.call.(*plan.FuncCall).Name, T: f.call.Type()})
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

func sortKeys(items []sortItem) []plan.SortKey {
	var out []plan.SortKey
	for _, o := range items {
		out = append(out, plan.SortKey{Col: o.t.id, T: o.t.e.Type(), Desc: o.desc, NullsFirst: o.nullsFirst, Op: o.lt})
	}
	return out
}

func itemCols(items []sortItem) []plan.ColID {
	var out []plan.ColID
	for _, o := range items {
		out = append(out, o.t.id)
	}
	return out
}

func (b *binder) limitClause(s *scope, n *ast.SelectStmt) *limits {
	if n.LimitCount == nil && n.LimitOffset == nil {
		return nil
	}
	ties := n.LimitOption == ast.LIMIT_OPTION_WITH_TIES
	l := &limits{withTies: ties}
	if n.LimitOffset != nil {
		l.offset = b.limitExpr(s, n.LimitOffset, kindOffset, "OFFSET")
	}
	if n.LimitCount != nil {
		if c, ok := n.LimitCount.(*ast.A_Const); ok && c.Isnull {
			if ties {
				b.Fail(pgerr.InvalidRowCountInLimitClause, -1, "row count cannot be null in FETCH FIRST ... WITH TIES clause")
			}
		} else {
			l.count = b.limitExpr(s, n.LimitCount, kindLimit, "LIMIT")
		}
	}
	if l.count == nil && l.offset == nil {
		return nil
	}
	return l
}

func (b *binder) limitExpr(s *scope, n ast.Node, k exprKind, what string) plan.Expr {
	e := b.toSpecific(b.exprKind(s, n, k), types.Int8, what)
	walkExpr(e, func(x plan.Expr) bool {
		if c, ok := x.(*plan.ColRef); ok && b.owner[c.Col] == s {
			b.Fail(pgerr.InvalidColumnReference, b.locOf(x), "argument of %s must not contain variables", what)
		}
		return true
	})
	b.collate(e)
	return e
}

// values binds VALUES lists as a query: SELECT * FROM (VALUES …).
func (b *binder) values(s *scope, n *ast.SelectStmt, keepUnknown bool) *query {
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
			t, _ = b.commonType(col, "VALUES")
			for j := range rows {
				rows[j][i] = b.toCommon(col[j], t, "VALUES")
				col[j] = rows[j][i]
			}
		} else {
			t = col[0].Type().OID
		}
		ct := b.PlanType(t, commonMod(col, t))
		var sum collation
		for _, e := range col {
			sum = b.merge(sum, b.collate(e), e)
		}
		if ct.Coll != 0 && sum.oid != 0 && sum.strength != collConflict {
			ct.Coll = sum.oid
		}
		v.Out = append(v.Out, plan.Col{ID: b.newCol(), Name: "column" + strconv.Itoa(i+1), T: ct})
	}
	if b.shapes != nil {
		b.shapes.selects[n] = &shape{s: s, rows: rows}
	}
	it := b.relItem(s, v, v.Out, "*VALUES*")
	it.relVisible = false
	s.ns = append(s.ns, it)
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
	var targets []*target
	for _, c := range it.cols {
		targets = append(targets, &target{e: c.ref(), name: c.name})
	}
	order := b.orderBy(s, n.SortClause, &targets, kindOrderBy, "ORDER BY", false)
	lim := b.limitClause(s, n)
	for _, t := range targets {
		b.collate(t.e)
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
func (b *binder) valuesRows(s *scope, lists []ast.Node) [][]plan.Expr {
	old := s.kind
	s.kind = kindValues
	var rows [][]plan.Expr
	for _, l := range lists {
		items := l.(*ast.List).Items
		row := b.exprList(s, items)
		if len(rows) > 0 && len(row) != len(rows[0]) {
			loc := int32(-1)
			if len(row) > 0 {
				loc = b.locOf(row[0])
			}
			b.Fail(pgerr.SyntaxError, loc, "VALUES lists must all be the same length")
		}
		rows = append(rows, row)
	}
	s.kind = old
	return rows
}

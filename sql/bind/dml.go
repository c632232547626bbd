package bind

import (
	"strconv"

	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/trigger"
	"github.com/tarndb/tarn/sql/types"
)

// modifyTarget opens the relation of a data-modifying statement; verb is for messages.
func (b *binder) modifyTarget(n *ast.RangeVar, verb modVerb) *modTarget {
	t, ix := b.Relation(n)
	if t == nil {
		b.NoRelation(n)
	}
	switch {
	case b.Named != nil && trigger.IsTransition(t):
		b.Fail(pgerr.FeatureNotSupported, -1, "relation \"%s\" cannot be the target of a modifying statement", n.Relname)
	case ix != nil:
		b.Fail(pgerr.WrongObjectType, n.Location, "\"%s\" is an index", n.Relname)
	case t.Kind == catalog.RelSequence:
		b.Fail(pgerr.WrongObjectType, -1, "cannot change sequence \"%s\"", t.Name)
	case t.Kind == catalog.RelView && !t.Virtual:
		b.use(t).Modify = true
		b.modifies = true
		return b.throughViews(t, verb)
	case t.Kind == catalog.RelMatView:
		b.Fail(pgerr.WrongObjectType, -1, "cannot change materialized view \"%s\"", t.Name)
	case t.Kind == catalog.RelForeign:
		b.Fail(pgerr.FeatureNotSupported, -1, "cannot %s foreign table \"%s\"", verb.verb, t.Name)
	case t.Virtual:
		b.Fail(pgerr.InsufficientPrivilege, -1, "permission denied: \"%s\" is a system catalog", t.Name)
	}
	b.use(t).Modify = true
	b.modifies = true
	return &modTarget{t: t, rel: t, access: []*plan.Access{b.needs(t, verb.need)}}
}

func aliasOf(n *ast.RangeVar) string {
	if n.Alias != nil {
		return n.Alias.Aliasname
	}
	return n.Relname
}

// targetColumn is a column of the target by name, with PostgreSQL's error.
func (b *binder) targetColumn(t *catalog.Table, name string, loc int32, update bool) *catalog.Column {
	if c := t.ColumnByName(name); c != nil {
		return c
	}
	if expression.SystemColumn(name) != nil && update {
		b.Fail(pgerr.FeatureNotSupported, loc, "cannot assign to system column \"%s\"", name)
	}
	b.Fail(pgerr.UndefinedColumn, loc, "column \"%s\" of relation \"%s\" does not exist", name, t.Name)
	return nil
}

func overriding(o ast.OverridingKind) byte {
	switch o {
	case ast.OVERRIDING_SYSTEM_VALUE:
		return 's'
	case ast.OVERRIDING_USER_VALUE:
		return 'u'
	}
	return 0
}

// generatedAlways refuses a value for a column that makes its own.
func (b *binder) generatedAlways(c *catalog.Column, over byte, update bool) {
	if c.Generated != 0 {
		msg := "cannot insert a non-DEFAULT value into column \"%s\""
		if update {
			msg = "column \"%s\" can only be updated to DEFAULT"
		}
		panic(b.Err(pgerr.GeneratedAlways, -1, msg, c.Name).WithDetail("Column \"%s\" is a generated column.", c.Name))
	}
	if c.Identity == 'a' {
		if update {
			panic(b.Err(pgerr.GeneratedAlways, -1, "column \"%s\" can only be updated to DEFAULT", c.Name).
				WithDetail("Column \"%s\" is an identity column defined as GENERATED ALWAYS.", c.Name))
		}
		if over == 0 {
			panic(b.Err(pgerr.GeneratedAlways, -1, "cannot insert a non-DEFAULT value into column \"%s\"", c.Name).
				WithDetail("Column \"%s\" is an identity column defined as GENERATED ALWAYS.", c.Name).
				WithHint("Use OVERRIDING SYSTEM VALUE to override."))
		}
	}
}

// insertCols resolves an INSERT's column list; nil list: all columns.
func (b *binder) insertCols(m *modTarget, list []ast.Node, width int) (cols []*catalog.Column, targets []*ast.ResTarget) {
	if len(list) == 0 {
		for i := range m.rel.Columns {
			c := &m.rel.Columns[i]
			if c.Dropped {
				continue
			}
			switch {
			case len(m.layers) > 0 && len(cols) < width:
				c = b.column(m, c.Name, -1, false)
				b.onceAssigned(cols, c)
			case len(m.layers) == 0 && len(cols) < width:
				m.writes(0, c.AttNum, false)
			}
			cols, targets = append(cols, c), append(targets, nil)
		}
		return cols, targets
	}
	whole := map[string]bool{}
	partial := map[string]bool{}
	for _, n := range list {
		rt := n.(*ast.ResTarget)
		c := b.column(m, rt.Name, rt.Location, false)
		if len(m.layers) > 0 && len(rt.Indirection) == 0 {
			b.onceAssigned(cols, c)
		}
		if whole[c.Name] || len(rt.Indirection) == 0 && partial[c.Name] {
			b.Fail(pgerr.DuplicateColumn, rt.Location, "column \"%s\" specified more than once", c.Name)
		}
		if len(rt.Indirection) == 0 {
			whole[c.Name] = true
		} else {
			partial[c.Name] = true
		}
		cols, targets = append(cols, c), append(targets, rt)
	}
	return cols, targets
}

// onceAssigned refuses two columns of a view that are the same column of its table.
func (b *binder) onceAssigned(cols []*catalog.Column, c *catalog.Column) {
	for _, have := range cols {
		if have == c {
			b.Fail(pgerr.SyntaxError, -1, "multiple assignments to same column \"%s\"", c.Name)
		}
	}
}

// insert is transformInsertStmt.
func (b *binder) insert(s *expression.Scope, n *ast.InsertStmt) (plan.Rel, []plan.Col) {
	ctes := b.withClause(s, n.WithClause)
	m := b.modifyTarget(n.Relation, verbInsert)
	t, alias := m.t, aliasOf(n.Relation)
	ins := &plan.Insert{Table: t, Alias: alias, Overriding: overriding(n.Override), Defaults: map[int16]plan.Expr{}}
	b.rowItem(s, m.rel, alias, func(c *catalog.Column) plan.Col { return plan.Col{Name: c.Name} }) // for hints only
	views := b.viewDefaults(m)
	sel, _ := n.SelectStmt.(*ast.SelectStmt)
	cols, targets := b.insertCols(m, n.Cols, insertWidth(sel))
	explicit := len(n.Cols) > 0

	switch {
	case sel == nil:
		ins.Source = &plan.Values{Rows: [][]plan.Expr{{}}}
		cols = nil
	case len(sel.ValuesLists) > 0 && len(sel.SortClause) == 0 && sel.LimitCount == nil && sel.LimitOffset == nil && sel.WithClause == nil:
		cols = b.insertValues(s, m, views, ins, sel, cols, targets, explicit)
	default:
		cols = b.insertSelect(s, t, ins, sel, cols, targets, explicit)
	}
	seen := map[int16]bool{}
	for _, c := range cols {
		ins.Targets = append(ins.Targets, c.AttNum)
		seen[c.AttNum] = true
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		if !c.Dropped && !seen[c.AttNum] && c.Generated == 0 {
			ins.Defaults[c.AttNum] = b.defaultOf(m, views, c)
		}
	}
	if p := b.mod(n); p != nil {
		p.s, p.target, p.insert = s, t, ins
	}
	row := b.newRow(t)
	ins.Row = row.cols
	ins.Checks, ins.Generated = append(b.viewChecks(m, row), b.checks(t, row)...), b.generated(t, row)
	var existing *newRow
	if n.OnConflictClause != nil {
		ins.Conflict, existing = b.onConflict(s, m, alias, n.Relation.Alias == nil, n.OnConflictClause)
	}
	if len(n.ReturningList) > 0 {
		ret := b.NewScope(s.Parent)
		ret.CTEs = s.CTEs
		ret.Names = []*expression.Item{b.returningItem(ret, m, alias, row, n.Relation.Alias == nil)}
		ins.Returning, ins.Out = b.returningOf(n, ret, n.ReturningList)
		b.use(t).Select = true
	}
	b.policeInsert(m, ins, row, existing)
	var rel plan.Rel = ins
	if len(ctes) > 0 {
		rel = &plan.With{CTEs: ctes, In: ins}
	}
	return rel, ins.Out
}

// insertWidth is about how many columns a source has: enough to know which columns of a view are written.
func insertWidth(sel *ast.SelectStmt) int {
	switch {
	case sel == nil:
		return 0
	case len(sel.ValuesLists) > 0:
		return len(sel.ValuesLists[0].(*ast.List).Items)
	case sel.Larg != nil:
		return insertWidth(sel.Larg)
	}
	for _, t := range sel.TargetList {
		if ref, ok := t.(*ast.ResTarget).Val.(*ast.ColumnRef); ok {
			if _, star := ref.Fields[len(ref.Fields)-1].(*ast.A_Star); star {
				return 1 << 16
			}
		}
	}
	return len(sel.TargetList)
}

func (b *binder) returningItem(s *expression.Scope, m *modTarget, alias string, row *newRow, named bool) *expression.Item {
	base := b.rowItem(s, m.t, alias, row.col)
	if b.shapes != nil {
		for _, c := range row.cols {
			b.items[c.ID] = base
		}
	}
	reading(base, m.t, m.tableAccess())
	it, _ := b.layered(s, m, base, alias)
	if named {
		it.Schema = m.rel.Schema
	}
	return it
}

// returning binds a RETURNING list.
func (b *binder) returning(s *expression.Scope, list []ast.Node) ([]plan.Expr, []plan.Col) {
	return b.returningTargets(b.targetList(s, list, expression.KindReturning))
}

func (b *binder) returningTargets(targets []*expression.Target) ([]plan.Expr, []plan.Col) {
	var es []plan.Expr
	var cols []plan.Col
	for _, t := range targets {
		e := b.ResolveUnknown(t.Expr)
		b.Collate(e)
		c := plan.Col{ID: b.NewCol(), Name: t.Name, T: e.Type()}
		if o, ok := b.viewCols[t.Expr]; ok {
			b.origin[c.ID] = o
		} else if ref, ok := e.(*plan.ColRef); ok {
			if o, ok := b.origin[ref.Col]; ok {
				b.origin[c.ID] = o
			}
		}
		es, cols = append(es, e), append(cols, c)
	}
	return es, cols
}

// checkWidth compares the number of values with the number of columns.
func (b *binder) checkWidth(values []plan.Expr, cols []*catalog.Column, targets []*ast.ResTarget, explicit bool) {
	if len(values) > len(cols) {
		loc := int32(-1)
		if e := values[len(cols)]; e != nil {
			loc = b.LocOf(e)
		}
		e := b.Err(pgerr.SyntaxError, loc, "INSERT has more expressions than target columns")
		if len(values) == 1 {
			if row, ok := values[0].(*plan.RowCtor); ok && len(row.Fields) == len(cols) {
				e = e.WithHint("The insertion source is a row expression containing the same number of columns expected by the INSERT. Did you accidentally use extra parentheses?")
			}
		}
		panic(e)
	}
	if explicit && len(values) < len(cols) {
		b.Fail(pgerr.SyntaxError, targets[len(values)].Location, "INSERT has more target columns than expressions")
	}
}

// insertValues binds VALUES rows straight to the columns' types.
func (b *binder) insertValues(s *expression.Scope, m *modTarget, views map[int16]string, ins *plan.Insert, sel *ast.SelectStmt, cols []*catalog.Column, targets []*ast.ResTarget, explicit bool) []*catalog.Column {
	v := &plan.Values{}
	old := s.Kind
	s.Kind = expression.KindValues
	if len(sel.ValuesLists) == 1 {
		s.Kind = expression.KindValuesSingle
	}
	width := -1
	for _, l := range sel.ValuesLists {
		var row []plan.Expr
		for _, it := range l.(*ast.List).Items {
			if _, ok := it.(*ast.SetToDefault); ok {
				row = append(row, nil)
				continue
			}
			row = append(row, b.ExprList(s, []ast.Node{it})...)
		}
		if width >= 0 && len(row) != width {
			loc := int32(-1)
			if len(row) > 0 && row[0] != nil {
				loc = b.LocOf(row[0])
			}
			b.Fail(pgerr.SyntaxError, loc, "VALUES lists must all be the same length")
		}
		width = len(row)
		v.Rows = append(v.Rows, row)
	}
	s.Kind = old
	b.checkWidth(v.Rows[0], cols, targets, explicit)
	cols = cols[:width]
	groups := groupTargets(cols, targets)
	// A column that all rows leave to its default is no source column.
	keep := make([]bool, len(groups))
	for g, grp := range groups {
		for _, row := range v.Rows {
			for _, i := range grp.at {
				if row[i] != nil && !(ins.Overriding == 'u' && grp.col.Identity != 0) {
					keep[g] = true
				}
			}
		}
	}
	var out []*catalog.Column
	for g, grp := range groups {
		if keep[g] {
			out = append(out, grp.col)
		}
	}
	for r, row := range v.Rows {
		var stored []plan.Expr
		for g, grp := range groups {
			if !keep[g] {
				continue
			}
			stored = append(stored, b.insertValue(s, m, views, ins, grp, row))
		}
		v.Rows[r] = stored
	}
	for i, c := range out {
		col := plan.Col{ID: b.NewCol(), Name: "column" + strconv.Itoa(i+1), T: lexicon.ColumnType(c)}
		v.Out = append(v.Out, col)
		ins.SourceCols = append(ins.SourceCols, col.ID)
	}
	ins.Source = v
	if len(s.SRFs) > 0 {
		// A single row with set-returning functions is a SELECT.
		in := b.srfStage(s, &plan.Values{Rows: [][]plan.Expr{{}}})
		ins.Source = &plan.Project{In: in, Exprs: v.Rows[0], Out: v.Out}
		s.SRFs = nil
	}
	return out
}

// targetGroup are the positions of an INSERT's list that go to one column (several with subscripts or fields).
type targetGroup struct {
	col     *catalog.Column
	at      []int
	targets []*ast.ResTarget
}

func groupTargets(cols []*catalog.Column, targets []*ast.ResTarget) []targetGroup {
	var out []targetGroup
	by := map[int16]int{}
	for i, c := range cols {
		g, ok := by[c.AttNum]
		if !ok {
			g = len(out)
			by[c.AttNum] = g
			out = append(out, targetGroup{col: c})
		}
		out[g].at, out[g].targets = append(out[g].at, i), append(out[g].targets, targets[i])
	}
	return out
}

// insertValue is the value of one column in one VALUES row.
func (b *binder) insertValue(s *expression.Scope, m *modTarget, views map[int16]string, ins *plan.Insert, g targetGroup, row []plan.Expr) plan.Expr {
	c := g.col
	if len(g.at) == 1 && (g.targets[0] == nil || len(g.targets[0].Indirection) == 0) {
		e := row[g.at[0]]
		if e == nil {
			return b.orNull(b.defaultOf(m, views, c), c)
		}
		b.generatedAlways(c, ins.Overriding, false)
		if ins.Overriding == 'u' && c.Identity != 0 {
			return b.orNull(b.defaultOf(m, views, c), c)
		}
		e = b.assign(e, lexicon.ColumnType(c), c.Name, b.LocOf(e), assignExpr)
		b.Collate(e)
		return e
	}
	b.generatedAlways(c, ins.Overriding, false)
	var e plan.Expr = &plan.Const{Val: types.Null, T: lexicon.ColumnType(c)}
	for k, i := range g.at {
		if row[i] == nil {
			b.Fail(pgerr.FeatureNotSupported, g.targets[k].Location, "cannot set an array element to DEFAULT")
		}
		e = b.assignInto(s, e, g.targets[k].Indirection, row[i], c.Name, g.targets[k].Location)
	}
	b.Collate(e)
	return e
}

// insertSelect binds INSERT … SELECT.
func (b *binder) insertSelect(s *expression.Scope, t *catalog.Table, ins *plan.Insert, sel *ast.SelectStmt, cols []*catalog.Column, targets []*ast.ResTarget, explicit bool) []*catalog.Column {
	sub := b.NewScope(s)
	q := b.query(sub, sel, true)
	vals := make([]plan.Expr, len(q.cols))
	for i := range q.cols {
		vals[i] = b.outExpr(q, i)
	}
	b.checkWidth(vals, cols, targets, explicit)
	cols = cols[:len(vals)]
	for i, c := range cols {
		if targets[i] == nil || len(targets[i].Indirection) == 0 {
			base, _ := b.BaseTypeMod(c.Type, -1)
			q.retype(b, i, base)
		}
	}
	groups := groupTargets(cols, targets)
	p := &plan.Project{In: q.rel}
	var out []*catalog.Column
	for _, g := range groups {
		c := g.col
		if ins.Overriding == 'u' && c.Identity != 0 {
			continue
		}
		b.generatedAlways(c, ins.Overriding, false)
		ref := func(i int) plan.Expr {
			return b.At(&plan.ColRef{Col: q.cols[i].ID, Name: q.cols[i].Name, T: q.cols[i].T}, b.LocOf(vals[i]))
		}
		var e plan.Expr
		if len(g.at) == 1 && (g.targets[0] == nil || len(g.targets[0].Indirection) == 0) {
			e = b.assign(ref(g.at[0]), lexicon.ColumnType(c), c.Name, b.LocOf(vals[g.at[0]]), assignExpr)
		} else {
			e = &plan.Const{Val: types.Null, T: lexicon.ColumnType(c)}
			for k, i := range g.at {
				e = b.assignInto(s, e, g.targets[k].Indirection, ref(i), c.Name, g.targets[k].Location)
			}
		}
		b.Collate(e)
		col := plan.Col{ID: b.NewCol(), Name: c.Name, T: lexicon.ColumnType(c)}
		if r, ok := e.(*plan.ColRef); ok && !containsCol(p.Out, r.Col) {
			col.ID = r.Col
		}
		p.Exprs, p.Out = append(p.Exprs, e), append(p.Out, col)
		ins.SourceCols = append(ins.SourceCols, col.ID)
		out = append(out, c)
	}
	ins.Source = p
	return out
}

func containsCol(cols []plan.Col, id plan.ColID) bool {
	for _, c := range cols {
		if c.ID == id {
			return true
		}
	}
	return false
}

// assignInto is transformAssignmentIndirection: base with the element or field at path replaced by val.
func (b *binder) assignInto(s *expression.Scope, base plan.Expr, path []ast.Node, val plan.Expr, column string, loc int32) plan.Expr {
	if len(path) == 0 {
		return b.assign(val, base.Type(), column, b.LocOf(val), assignExpr)
	}
	t := base.Type()
	oid, mod := b.BaseTypeMod(t.OID, t.Mod)
	if oid != t.OID {
		// The domain is checked once, after the last assignment to a part of the column.
		if d, ok := base.(*plan.CoerceToDomain); ok {
			base = d.Arg
		}
		x := b.assignInto(s, b.Relabel(base, b.PlanType(oid, mod), plan.CallCastImplicit), path, val, column, loc)
		return &plan.CoerceToDomain{Arg: x, T: t, Form: plan.CallCastImplicit}
	}
	if f, ok := path[0].(*ast.String); ok {
		ty := b.Type(oid)
		if ty == nil || ty.TypType != types.TypeComposite {
			b.Fail(pgerr.DatatypeMismatch, loc, "cannot assign to field \"%s\" of column \"%s\" because its type %s is not a composite type", f.Sval, column, b.TypeText(t.OID))
		}
		for i, a := range ty.Attrs {
			if a.Name != f.Sval {
				continue
			}
			ft := plan.Type{OID: a.Type, Mod: a.Mod, Coll: b.CollationOf(a.Type)}
			inner := b.assignInto(s, &plan.FieldSelect{Arg: base, Field: i, Name: a.Name, T: ft}, path[1:], val, a.Name, loc)
			return &plan.FieldAssign{Arg: base, Field: i, Name: a.Name, Val: inner, T: t}
		}
		b.Fail(pgerr.UndefinedColumn, loc, "cannot assign to field \"%s\" of column \"%s\" because there is no such column in data type %s", f.Sval, column, b.TypeText(t.OID))
	}
	var subs []*ast.A_Indices
	rest := path
	for len(rest) > 0 {
		ix, ok := rest[0].(*ast.A_Indices)
		if !ok {
			break
		}
		subs, rest = append(subs, ix), rest[1:]
	}
	if len(subs) == 0 {
		b.Fail(pgerr.FeatureNotSupported, loc, "row expansion via \"*\" is not supported here")
	}
	get := b.Subscripts(s, base, subs, loc).(*plan.Subscript)
	get.T.Mod = mod
	var inner plan.Expr
	if len(rest) > 0 {
		inner = b.assignInto(s, get, rest, val, column, loc)
	} else {
		have := val.Type().OID
		inner = b.CoerceToTarget(val, get.T.OID, mod, overload.Assignment, plan.CallCastImplicit, -1)
		if inner == nil {
			panic(b.Err(pgerr.DatatypeMismatch, loc, "subscripted assignment to \"%s\" requires type %s but expression is of type %s", column, b.TypeText(get.T.OID), b.TypeText(have)).
				WithHint("You will need to rewrite or cast the expression."))
		}
	}
	return &plan.SubscriptAssign{Arg: base, Lower: get.Lower, Upper: get.Upper, Slice: get.Slice, Val: inner, T: t}
}

// setList binds the SET clause of UPDATE, ON CONFLICT and MERGE. old gives a column's value before.
func (b *binder) setList(s *expression.Scope, m *modTarget, list []ast.Node, old func(*catalog.Column) plan.Expr) []plan.SetItem {
	t := m.t
	var out []plan.SetItem
	at := map[int16]int{}
	partial := map[int16]bool{}
	prev := s.Kind
	s.Kind = expression.KindUpdateSource
	defer func() { s.Kind = prev }()
	// Values come first, then their targets: that is the order in which PostgreSQL finds errors.
	vals := make([]plan.Expr, len(list))
	for i, n := range list {
		if rt := n.(*ast.ResTarget); !isDefault(rt.Val) {
			vals[i] = b.Expr(s, rt.Val)
		}
	}
	for k, n := range list {
		rt := n.(*ast.ResTarget)
		c := b.column(m, rt.Name, rt.Location, true)
		i, dup := at[c.AttNum]
		if dup && (!partial[c.AttNum] || len(rt.Indirection) == 0) {
			b.Fail(pgerr.SyntaxError, -1, "multiple assignments to same column \"%s\"", c.Name)
		}
		var e plan.Expr
		if vals[k] == nil {
			if len(rt.Indirection) > 0 {
				b.Fail(pgerr.FeatureNotSupported, rt.Location, "cannot set an array element to DEFAULT")
			}
			if c.Generated != 0 {
				continue
			}
			e = b.defaultOrNull(t, c)
		} else {
			b.generatedAlways(c, 0, true)
			v := vals[k]
			if len(rt.Indirection) > 0 {
				base := b.At(old(c), rt.Location)
				if dup {
					base = out[i].Expr
				}
				partial[c.AttNum] = true
				e = b.assignInto(s, base, rt.Indirection, v, c.Name, rt.Location)
			} else {
				e = b.assign(v, lexicon.ColumnType(c), c.Name, b.LocOf(v), assignExpr)
			}
		}
		b.Collate(e)
		if dup {
			out[i].Expr = e
			continue
		}
		at[c.AttNum] = len(out)
		out = append(out, plan.SetItem{AttNum: c.AttNum, Expr: e})
	}
	return out
}

func isDefault(n ast.Node) bool {
	if m, ok := n.(*ast.MultiAssignRef); ok {
		if row, ok := m.Source.(*ast.RowExpr); ok && int(m.Colno) <= len(row.Args) {
			n = row.Args[m.Colno-1]
		}
	}
	_, ok := n.(*ast.SetToDefault)
	return ok
}

// oldRow makes the target's scan produce its locator and all of its columns. A view with INSTEAD OF triggers has no locator.
func (b *binder) oldRow(s *expression.Scope, it *expression.Item) (loc plan.ColID, old []plan.Col) {
	if it.Table.Kind == catalog.RelView {
		for i := range it.Table.Columns {
			if c := &it.Table.Columns[i]; !c.Dropped {
				ref := it.ColByAtt(it.Table, c.AttNum).(*plan.ColRef)
				old = append(old, plan.Col{ID: ref.Col, Name: c.Name, T: lexicon.ColumnType(c), AttNum: c.AttNum})
			}
		}
		return 0, old
	}
	loc = b.Locator(s, it)
	scan := it.Rel.(*plan.Scan)
	for i := range it.Table.Columns {
		c := &it.Table.Columns[i]
		if c.Dropped {
			continue
		}
		it.ColByAtt(it.Table, c.AttNum)
		for _, col := range scan.Out {
			if col.AttNum == c.AttNum {
				old = append(old, col)
			}
		}
	}
	return loc, old
}

// joinTarget combines the target with USING or FROM items and the condition.
func (b *binder) joinTarget(s *expression.Scope, it *expression.Item, more []ast.Node) plan.Rel {
	s.Names = []*expression.Item{it}
	rel := b.guarded(it.Rel)
	if len(more) == 0 {
		return rel
	}
	// The target is not visible laterally to FROM items.
	setLateral(s.Names, true, false)
	hits := b.LateralHits
	r := b.fromClauseAfter(s, more)
	j := &plan.Join{Kind: plan.InnerJoin, L: rel, R: r}
	j.Lateral = b.LateralHits > hits && b.refersTo(r, rel)
	setLateral(s.Names, false, true)
	return j
}

// fromClauseAfter is fromClause with items in scope already.
func (b *binder) fromClauseAfter(s *expression.Scope, list []ast.Node) plan.Rel {
	first := s.Names
	s.Names = append([]*expression.Item(nil), first...)
	rel := b.fromClause(s, list)
	return rel
}

// targetScan reads the table of UPDATE, DELETE or MERGE. base is its scan; it offers the columns to names.
func (b *binder) targetScan(s *expression.Scope, m *modTarget, n *ast.RangeVar) (base, it *expression.Item, conds []plan.Expr) {
	if m.instead {
		b.asOwner(m.t, func() { base = b.viewItem(s, m.t, &ast.RangeVar{Location: n.Location}, aliasOf(n)) })
		base.Row = func() plan.Expr {
			row := &plan.RowCtor{T: plan.Type{OID: m.t.RowType, Mod: -1}}
			for _, c := range base.Cols {
				row.Fields, row.Names = append(row.Fields, c.Ref()), append(row.Names, c.Name)
			}
			return row
		}
		if barrierView(m.t) {
			b.guard(base.Rel)
		}
	} else {
		base = b.scanItem(s, m.t, aliasOf(n), n.Inh)
		if b.protects(m.t, m.tableAccess()) {
			m.guard = b.guard(base.Rel)
		}
	}
	unread := append([]expression.ItemCol(nil), base.Cols...)
	reading(base, m.t, m.tableAccess())
	base.Unread = unread
	it, scopes := b.layered(s, m, base, aliasOf(n))
	if n.Alias == nil {
		it.Schema = m.rel.Schema
	} else {
		b.aliasColumns(it, n.Alias)
	}
	return base, it, b.viewConds(m, base.Rel, scopes)
}

// update is transformUpdateStmt.
func (b *binder) update(s *expression.Scope, n *ast.UpdateStmt) (plan.Rel, []plan.Col) {
	ctes := b.withClause(s, n.WithClause)
	m := b.modifyTarget(n.Relation, verbUpdate)
	t := m.t
	base, it, conds := b.targetScan(s, m, n.Relation)
	rel := b.joinTarget(s, it, n.FromClause)
	up := &plan.Update{Table: t, Alias: it.Alias}
	up.Loc, up.Old = b.oldRow(s, base)
	src := rel
	rel, up.Recheck = b.modifyWhere(s, rel, conds, n.WhereClause)
	up.Source = rel
	b.use(t).Select = true
	row := b.newRow(t)
	up.Row = row.cols
	up.Checks, up.Generated = append(b.viewChecks(m, row), b.checks(t, row)...), b.generated(t, row)
	if len(n.ReturningList) > 0 {
		ret := b.returnScope(s, it, b.returningItem(s, m, it.Alias, row, n.Relation.Alias == nil))
		b.sameNames(ret.Names[0], it)
		up.Returning, up.Out = b.returningOf(n, ret, n.ReturningList)
	}
	up.Set = b.setList(s, m, n.TargetList, func(c *catalog.Column) plan.Expr { return base.ColByAtt(t, c.AttNum) })
	if p := b.mod(n); p != nil {
		p.s, p.it, p.target, p.set, p.where = s, it, t, up.Set, b.shapes.wheres[n.WhereClause]
	}
	up.Recheck = append(b.policeTarget(s, m, base.Rel, catalog.ForUpdate), up.Recheck...)
	up.Checks = append(b.policeNew(m, row.col, catalog.ForUpdate, m.reads()), up.Checks...)
	b.rewrap(up.Source, src)
	var out plan.Rel = up
	if len(ctes) > 0 {
		out = &plan.With{CTEs: ctes, In: up}
	}
	return out, up.Out
}

// sameNames gives dst the column names of src.
func (b *binder) sameNames(dst, src *expression.Item) {
	for i := range dst.Cols {
		dst.Cols[i].Name = src.Cols[i].Name
	}
}

// returnScope is s with the target replaced by the new row.
func (b *binder) returnScope(s *expression.Scope, it, row *expression.Item) *expression.Scope {
	ret := b.NewScope(s.Parent)
	ret.CTEs, ret.Tables = s.CTEs, s.Tables
	ret.Depth = s.Depth
	ret.Names = append(ret.Names, row)
	for _, x := range s.Names {
		if x != it {
			ret.Names = append(ret.Names, x)
		}
	}
	return ret
}

// modifyWhere filters the rows of an UPDATE or DELETE.
func (b *binder) modifyWhere(s *expression.Scope, rel plan.Rel, conds []plan.Expr, where ast.Node) (plan.Rel, []plan.Expr) {
	if where != nil {
		e := b.BoolExpr(s, where, expression.KindWhere, "WHERE")
		b.Collate(e)
		if b.shapes != nil {
			b.shapes.wheres[where] = e
		}
		conds = append(conds, conjuncts(e)...)
	}
	if len(conds) == 0 {
		return rel, joinConds(rel)
	}
	return &plan.Filter{In: rel, Conds: conds}, append(joinConds(rel), conds...)
}

// rewrap applies wrapped to the FROM tree of an UPDATE or DELETE; its target is no subquery, so that the tree's root stays.
func (b *binder) rewrap(source, from plan.Rel) {
	if b.wrapped(from) != from {
		panic(pgerr.Internal("bind: the target of a modifying statement was wrapped"))
	}
}

// joinConds are the ON conditions of the joins directly above the scans.
func joinConds(rel plan.Rel) []plan.Expr {
	j, ok := rel.(*plan.Join)
	if !ok {
		return nil
	}
	return append([]plan.Expr(nil), j.On...)
}

// delete is transformDeleteStmt.
func (b *binder) delete(s *expression.Scope, n *ast.DeleteStmt) (plan.Rel, []plan.Col) {
	ctes := b.withClause(s, n.WithClause)
	m := b.modifyTarget(n.Relation, verbDelete)
	t := m.t
	base, it, conds := b.targetScan(s, m, n.Relation)
	rel := b.joinTarget(s, it, n.UsingClause)
	del := &plan.Delete{Table: t, Alias: it.Alias}
	del.Loc, del.Old = b.oldRow(s, base)
	src := rel
	rel, del.Recheck = b.modifyWhere(s, rel, conds, n.WhereClause)
	del.Source = rel
	if n.WhereClause != nil || len(n.ReturningList) > 0 {
		b.use(t).Select = true
	}
	if p := b.mod(n); p != nil {
		p.s, p.it, p.target, p.where = s, it, t, b.shapes.wheres[n.WhereClause]
	}
	if len(n.ReturningList) > 0 {
		del.Returning, del.Out = b.returningOf(n, s, n.ReturningList)
	}
	del.Recheck = append(b.policeTarget(s, m, base.Rel, catalog.ForDelete), del.Recheck...)
	b.rewrap(del.Source, src)
	var out plan.Rel = del
	if len(ctes) > 0 {
		out = &plan.With{CTEs: ctes, In: del}
	}
	return out, del.Out
}

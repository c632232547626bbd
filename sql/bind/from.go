package bind

import (
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/bind/tree"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/trigger"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// fromClause binds the FROM list into s.ns and returns its relation; nil for none.
func (b *binder) fromClause(s *expression.Scope, list []ast.Node) plan.Rel {
	var rel plan.Rel
	for _, n := range list {
		hits := b.LateralHits
		r, items := b.fromItem(s, n)
		b.checkConflicts(s.Names, items)
		setLateral(items, true, true)
		s.Names = append(s.Names, items...)
		if rel == nil {
			rel = r
			continue
		}
		j := &plan.Join{Kind: plan.InnerJoin, L: rel, R: r}
		j.Lateral = b.LateralHits > hits && b.refersTo(r, rel)
		rel = j
	}
	setLateral(s.Names, false, true)
	return rel
}

func setLateral(items []*expression.Item, only, ok bool) {
	for _, it := range items {
		it.LateralOnly, it.LateralOK = only, ok
	}
}

// refersTo reports whether r names columns of l.
func (b *binder) refersTo(r, l plan.Rel) bool {
	ids := map[plan.ColID]bool{}
	for _, c := range l.Cols() {
		ids[c.ID] = true
	}
	for _, p := range b.wraps { // whole rows that join l's columns later
		ids[p.Out[len(p.Out)-1].ID] = true
	}
	hit := false
	tree.WalkRel(r, func(e plan.Expr) bool {
		if c, ok := e.(*plan.ColRef); ok && ids[c.Col] {
			hit = true
		}
		return !hit
	})
	return hit
}

// checkConflicts is checkNameSpaceConflicts.
func (b *binder) checkConflicts(have, add []*expression.Item) {
	for _, x := range add {
		if !x.RelVisible {
			continue
		}
		for _, y := range have {
			if !y.RelVisible || x.Alias != y.Alias || x.Implied && y.Implied {
				continue
			}
			// The same alias is fine for two tables of different schemas named without alias.
			if x.Schema != 0 && y.Schema != 0 && x.Schema != y.Schema {
				continue
			}
			b.Fail(pgerr.DuplicateAlias, -1, "table name \"%s\" specified more than once", x.Alias)
		}
	}
}

// fromItem is transformFromClauseItem.
func (b *binder) fromItem(s *expression.Scope, n ast.Node) (plan.Rel, []*expression.Item) {
	switch v := n.(type) {
	case *ruleSource:
		return b.ruleItems(s, v)
	case *ast.RangeVar:
		it := b.rangeVar(s, v)
		b.shapes.item(v, it)
		return b.guarded(it.Rel), []*expression.Item{it}
	case *ast.RangeSubselect:
		it := b.rangeSubselect(s, v)
		b.shapes.item(v, it)
		return it.Rel, []*expression.Item{it}
	case *ast.RangeFunction:
		if items, ok := b.tableFunction(s, v); ok {
			return items[0].Rel, items
		}
		it := b.rangeFunction(s, v)
		b.shapes.item(v, it)
		return it.Rel, []*expression.Item{it}
	case *ast.JoinExpr:
		return b.joinExpr(s, v)
	case *ast.RangeTableSample:
		return b.tableSample(s, v)
	case *ast.RangeTableFunc:
		b.Unsupported(v.Location, "XMLTABLE")
	}
	panic(pgerr.Unsupported("this FROM item"))
}

func (b *binder) rangeVar(s *expression.Scope, n *ast.RangeVar) *expression.Item {
	if n.Schemaname == "" && n.Catalogname == "" {
		if it := b.cteItem(s, n); it != nil {
			if b.shapes != nil {
				b.shapes.ctes[n] = true
			}
			return it
		}
	}
	t := b.openTable(s, n)
	b.use(t).Select = true
	alias := n.Relname
	if n.Alias != nil {
		alias = n.Alias.Aliasname
	}
	var it *expression.Item
	access := b.needs(t, privilege.Select)
	if t.Kind == catalog.RelView {
		b.asOwner(t, func() { it = b.viewItem(s, t, n, alias) })
		if barrierView(t) {
			b.guard(it.Rel)
		}
	} else {
		it = b.scanItem(s, t, alias, n.Inh)
		if b.protects(t, access) {
			b.guard(it.Rel).rules(b, s, access, catalog.ForSelect)
		}
	}
	it.Access = access
	reading(it, t, access)
	if n.Alias == nil {
		it.Schema = t.Schema
	}
	b.aliasColumns(it, n.Alias)
	return it
}

// openTable finds a relation that can be read.
func (b *binder) openTable(s *expression.Scope, n *ast.RangeVar) *catalog.Table {
	t, ix := b.Relation(n)
	if t == nil {
		if n.Schemaname == "" {
			for sc := s; sc != nil; sc = sc.Parent {
				for _, c := range sc.CTEs {
					if c.Name == n.Relname && !c.Ready {
						panic(b.Err(pgerr.UndefinedTable, n.Location, "relation \"%s\" does not exist", n.Relname).
							WithDetail("There is a WITH item named \"%s\", but it cannot be referenced from this part of the query.", n.Relname).
							WithHint("Use WITH RECURSIVE, or re-order the WITH items to remove forward references."))
					}
				}
			}
		}
		b.NoRelation(n)
	}
	if ix != nil {
		b.Fail(pgerr.WrongObjectType, n.Location, "\"%s\" is an index", n.Relname)
	}
	if t.Kind == catalog.RelComposite {
		b.Fail(pgerr.WrongObjectType, n.Location, "\"%s\" is a composite type", n.Relname)
	}
	return t
}

// use returns the statement's entry for a relation.
func (b *binder) use(t *catalog.Table) *plan.TableUse {
	for i := range b.uses {
		if b.uses[i].Table.OID == t.OID {
			return &b.uses[i]
		}
	}
	b.uses = append(b.uses, plan.TableUse{Table: t})
	return &b.uses[len(b.uses)-1]
}

// scanItem reads a table; its columns are added to the scan as they are named.
func (b *binder) scanItem(s *expression.Scope, t *catalog.Table, alias string, inherit bool) *expression.Item {
	it := &expression.Item{Alias: alias, Table: t, RelVisible: true, ColVisible: true}
	var out *[]plan.Col
	if t.Virtual || t.Kind == catalog.RelSequence || t.Kind == catalog.RelForeign {
		scan := &plan.VirtualScan{Table: t, Alias: alias}
		out, it.Rel = &scan.Out, scan
	} else {
		scan := &plan.Scan{Table: t, Alias: alias, Inherit: inherit}
		out, it.Rel = &scan.Out, scan
	}
	b.offer(s, it, out)
	return s.Register(it)
}

// offer lets an item name the columns of a scan, which are added to out as they are named.
func (b *binder) offer(s *expression.Scope, it *expression.Item, out *[]plan.Col) {
	t := it.Table
	column := func(att int16, name string, typ plan.Type) plan.Expr {
		for _, c := range *out {
			if c.AttNum == att {
				return b.ColRef(s, c)
			}
		}
		c := plan.Col{ID: b.NewCol(), Name: name, T: typ, Table: t.OID, AttNum: att}
		*out = append(*out, c)
		b.items[c.ID] = it
		b.origin[c.ID] = origin{t.OID, att}
		if att == 0 {
			b.Rows[c.ID] = it
			b.rowScans[c.ID] = out
		}
		return b.ColRef(s, c)
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Dropped {
			continue
		}
		it.Cols = append(it.Cols, expression.ItemCol{Name: c.Name, T: lexicon.ColumnType(c), Ref: func() plan.Expr { return column(c.AttNum, c.Name, lexicon.ColumnType(c)) }})
	}
	it.System = func(att int16) plan.Expr {
		if sys := expression.SystemColumnAt(att); sys != nil {
			return column(att, sys.Name, b.PlanType(sys.Typ, -1))
		}
		return column(att, "", plan.Type{OID: types.Bytea, Mod: -1})
	}
	it.Row = func() plan.Expr { return column(0, it.Alias, plan.Type{OID: t.RowType, Mod: -1}) }
	if b.Named != nil && trigger.IsTransition(t) {
		// Nothing but columns; the whole row is made of all of them.
		for i := range it.Cols {
			it.Cols[i].Ref()
		}
		it.System, it.Row = nil, func() plan.Expr { return b.rowColumn(s, it) }
	}
}

// rowItem offers the columns of one row of t that col provides.
func (b *binder) rowItem(s *expression.Scope, t *catalog.Table, alias string, col func(*catalog.Column) plan.Col) *expression.Item {
	it := &expression.Item{Alias: alias, Table: t, RelVisible: true, ColVisible: true}
	for i := range t.Columns {
		c := &t.Columns[i]
		if !c.Dropped {
			it.Cols = append(it.Cols, expression.ItemCol{Name: c.Name, T: lexicon.ColumnType(c), Ref: func() plan.Expr { return b.ColRef(s, col(c)) }})
		}
	}
	it.Row = func() plan.Expr {
		row := &plan.RowCtor{T: plan.Type{OID: t.RowType, Mod: -1}}
		for _, c := range it.Cols {
			row.Fields, row.Names = append(row.Fields, c.Ref()), append(row.Names, c.Name)
		}
		return row
	}
	it.System = func(att int16) plan.Expr {
		if att == expression.TableOIDAttNum {
			// The row may go to a partition or stand in a child table.
			if t.Partitioned() || b.Catalog.HasChildren(t.OID) {
				if c := col(&catalog.Column{AttNum: att, Name: "tableoid", Type: types.Oid, TypMod: -1}); c.ID != 0 {
					return b.ColRef(s, c)
				}
			}
			return &plan.Const{Val: tuple.Uint(uint64(t.OID)), T: plan.Type{OID: types.Oid, Mod: -1}}
		}
		panic(pgerr.Unsupported("this system column of a new row"))
	}
	return s.Register(it)
}

// relItem offers the result columns of a relation.
func (b *binder) relItem(s *expression.Scope, rel plan.Rel, cols []plan.Col, alias string) *expression.Item {
	it := &expression.Item{Alias: alias, Rel: rel, RelVisible: true, ColVisible: true}
	for _, c := range cols {
		b.Owner[c.ID] = s
		b.items[c.ID] = it
		delete(b.Derived, c.ID)
		delete(b.Rows, c.ID)
		it.Cols = append(it.Cols, expression.ItemCol{Name: c.Name, T: c.T, Ref: func() plan.Expr { return b.ColRef(s, c) }})
	}
	it.Row = func() plan.Expr { return b.rowColumn(s, it) }
	return s.Register(it)
}

// rowColumn is the whole row of a subquery, function or VALUES as one column, made below the joins: on the nullable side of
// an outer join it is NULL, which a row made of NULL columns is not.
func (b *binder) rowColumn(s *expression.Scope, it *expression.Item) plan.Expr {
	if it.RowID == 0 {
		row := &plan.RowCtor{T: plan.Type{OID: types.Record, Mod: -1}}
		p := &plan.Project{In: it.Rel}
		for _, c := range it.Rel.Cols() {
			p.Exprs, p.Out = append(p.Exprs, &plan.ColRef{Col: c.ID, Name: c.Name, T: c.T}), append(p.Out, c)
		}
		var attrs []types.Attr
		for _, c := range it.Cols {
			row.Fields, row.Names = append(row.Fields, c.Ref()), append(row.Names, c.Name)
			attrs = append(attrs, types.Attr{Name: c.Name, Type: c.T.OID, Mod: c.T.Mod})
		}
		it.RowID = b.NewCol()
		p.Exprs, p.Out = append(p.Exprs, row), append(p.Out, plan.Col{ID: it.RowID, Name: it.Alias, T: row.T})
		b.Rows[it.RowID], b.Fields[it.RowID], b.items[it.RowID] = it, attrs, it
		b.wraps[it.Rel] = p
	}
	return b.ColRef(s, plan.Col{ID: it.RowID, Name: it.Alias, T: plan.Type{OID: types.Record, Mod: -1}})
}

// wrapped puts the Projects of rowColumn over their relations in a FROM tree.
func (b *binder) wrapped(rel plan.Rel) plan.Rel {
	if len(b.wraps) == 0 || rel == nil {
		return rel
	}
	switch v := rel.(type) {
	case *plan.Join:
		v.L, v.R = b.wrapped(v.L), b.wrapped(v.R)
	case *plan.Barrier:
		v.In = b.wrapped(v.In)
	case *plan.Filter: // TABLESAMPLE
		v.In = b.wrapped(v.In)
	}
	if p := b.wraps[rel]; p != nil {
		delete(b.wraps, rel)
		return p
	}
	return rel
}

// aliasColumns renames columns by an alias's column list.
func (b *binder) aliasColumns(it *expression.Item, a *ast.Alias) {
	if a == nil || len(a.Colnames) == 0 {
		return
	}
	list := lexicon.Names(a.Colnames)
	if len(list) > len(it.Cols) {
		what := "table"
		if _, ok := it.Rel.(*plan.Join); ok {
			what = "join expression"
		}
		b.Fail(pgerr.InvalidColumnReference, -1, what+" \"%s\" has %d columns available but %d columns specified", it.Alias, len(it.Cols), len(list))
	}
	for i, name := range list {
		it.Cols[i].Name = name
	}
}

const maxViewDepth = 100

// viewItem expands a view in place. Its SQL names objects with their schemas.
func (b *binder) viewItem(s *expression.Scope, t *catalog.Table, n *ast.RangeVar, alias string) *expression.Item {
	tree, err := b.Cache.Parse(t.View)
	b.Check(err, n.Location)
	if b.viewNest >= maxViewDepth {
		b.Fail(pgerr.InvalidObjectDefinition, n.Location, "infinite recursion detected in rules for relation \"%s\"", t.Name)
	}
	sel, ok := tree.(*ast.SelectStmt)
	if !ok {
		panic(pgerr.Internal("view %s is not a query", t.Name))
	}
	if lc := s.LockFor(alias); lc != nil {
		sel = lockedSelect(sel, lc)
	}
	path, needs, stored := b.ViewPath, b.Needs, b.Stored
	b.Needs, b.Stored = nil, true // what a view names is the view's need
	b.ViewPath = storedPath(b.SearchPath)
	b.viewNest++
	b.Quiet++
	sub := b.NewScope(nil)
	rel, cols := b.selectStmt(sub, sel)
	b.Quiet--
	b.viewNest--
	b.ViewPath, b.Needs, b.Stored = path, needs, stored
	it := b.relItem(s, rel, cols, alias)
	it.Table = t
	live := 0
	for i := range t.Columns {
		if c := &t.Columns[i]; !c.Dropped && live < len(it.Cols) {
			it.Cols[live].Name = c.Name
			b.origin[cols[live].ID] = origin{t.OID, c.AttNum}
			live++
		}
	}
	return it
}

func (b *binder) rangeSubselect(s *expression.Scope, n *ast.RangeSubselect) *expression.Item {
	alias := ""
	if n.Alias != nil {
		alias = n.Alias.Aliasname
	} else {
		// PostgreSQL 15 wants an alias, its 16 grammar does not; Tarn follows the grammar.
		alias = "unnamed_subquery"
	}
	sel, ok := n.Subquery.(*ast.SelectStmt)
	if !ok {
		panic(pgerr.Internal("subquery in FROM is not a query"))
	}
	if lc := s.LockFor(alias); lc != nil {
		sel = lockedSelect(sel, lc)
	}
	oldKind, oldLateral := s.Kind, s.Lateral
	s.Kind, s.Lateral = expression.KindFromSubselect, n.Lateral
	sub := b.NewScope(s)
	rel, cols := b.selectStmt(sub, sel)
	s.Kind, s.Lateral = oldKind, oldLateral
	it := b.relItem(s, rel, cols, alias)
	if n.Alias == nil {
		it.RelVisible = false
	}
	b.aliasColumns(it, n.Alias)
	return it
}

// rangeFunction binds functions in FROM: one, ROWS FROM, or unnest of several arrays.
func (b *binder) rangeFunction(s *expression.Scope, n *ast.RangeFunction) *expression.Item {
	scan := &plan.FuncScan{Ordinality: n.Ordinality}
	type fn struct {
		node ast.Node
		defs []ast.Node
	}
	var fns []fn
	for _, f := range n.Functions {
		l, ok := f.(*ast.List)
		if !ok {
			panic(pgerr.Internal("bind: malformed function in FROM"))
		}
		var defs []ast.Node
		if len(l.Items) > 1 {
			if d, ok := l.Items[1].(*ast.List); ok {
				defs = d.Items
			}
		}
		if call, ok := l.Items[0].(*ast.FuncCall); ok && isMultiUnnest(call) && len(defs) == 0 {
			for _, a := range call.Args {
				one := *call
				one.Args = []ast.Node{a}
				fns = append(fns, fn{node: &one})
			}
			continue
		}
		fns = append(fns, fn{l.Items[0], defs})
	}
	if len(n.Coldeflist) > 0 {
		if len(fns) != 1 {
			b.Fail(pgerr.SyntaxError, -1, "ROWS FROM() with multiple functions cannot have a column definition list")
		}
		if n.Ordinality {
			b.Fail(pgerr.SyntaxError, -1, "WITH ORDINALITY cannot be used with a column definition list")
		}
		fns[0].defs = n.Coldeflist
	}
	alias := expression.FigureName(fns[0].node)
	if n.Alias != nil {
		alias = n.Alias.Aliasname
	}
	oldKind, oldLateral := s.Kind, s.Lateral
	s.Kind, s.Lateral = expression.KindFromFunction, true
	scalar := false
	for _, f := range fns {
		before := len(s.SRFs)
		e := b.Expr(s, f.node)
		for _, slot := range s.SRFs[before:] {
			if slot.Call != e {
				b.Fail(pgerr.FeatureNotSupported, b.LocOf(slot.Call), "set-returning functions must appear at top level of FROM")
			}
		}
		s.SRFs = s.SRFs[:before]
		e = b.ResolveUnknown(e)
		b.Collate(e)
		aliasName := ""
		if n.Alias != nil && len(fns) == 1 {
			aliasName = n.Alias.Aliasname
		}
		cols, composite := b.functionColumns(e, f.node, f.defs, aliasName)
		scan.Funcs = append(scan.Funcs, plan.FuncItem{Call: e, Cols: len(cols), Composite: composite})
		scan.Out = append(scan.Out, cols...)
		scalar = !composite && len(fns) == 1
	}
	s.Kind, s.Lateral = oldKind, oldLateral
	if n.Ordinality {
		scan.Out = append(scan.Out, plan.Col{ID: b.NewCol(), Name: "ordinality", T: b.PlanType(types.Int8, -1)})
	}
	scan.Alias = alias
	it := b.relItem(s, scan, scan.Out, alias)
	if scalar && !n.Ordinality {
		it.Row = it.Cols[0].Ref
	}
	b.aliasColumns(it, n.Alias)
	return it
}

func isMultiUnnest(c *ast.FuncCall) bool {
	n := lexicon.Names(c.Funcname)
	return len(c.Args) > 1 && n[len(n)-1] == "unnest" && (len(n) == 1 || n[0] == "pg_catalog") &&
		len(c.AggOrder) == 0 && c.AggFilter == nil && c.Over == nil && !c.AggStar && !c.AggDistinct && !c.FuncVariadic
}

// functionColumns are the columns that a function in FROM gives.
func (b *binder) functionColumns(e plan.Expr, node ast.Node, defs []ast.Node, alias string) (cols []plan.Col, composite bool) {
	t := e.Type()
	add := func(name string, t plan.Type) {
		cols = append(cols, plan.Col{ID: b.NewCol(), Name: name, T: t})
	}
	if b.IsComposite(t.OID) {
		if len(defs) > 0 {
			b.Fail(pgerr.SyntaxError, place.OfNode(defs[0]), "a column definition list is redundant for a function returning a named composite type")
		}
		for _, a := range b.Type(b.BaseType(t.OID)).Attrs {
			add(a.Name, plan.Type{OID: a.Type, Mod: a.Mod, Coll: b.CollationOf(a.Type)})
		}
		return cols, true
	}
	if t.OID == types.Record {
		outs := b.FieldsOf(e)
		if len(defs) > 0 {
			if len(outs) > 0 {
				b.Fail(pgerr.SyntaxError, place.OfNode(defs[0]), "a column definition list is redundant for a function with OUT parameters")
			}
			for _, d := range defs {
				c := d.(*ast.ColumnDef)
				ct := b.TypeName(c.TypeName)
				if c.CollClause != nil {
					ct.Coll = b.CollationByName(c.CollClause.Collname, c.CollClause.Location)
				}
				add(c.Colname, ct)
			}
			if f, ok := e.(*plan.FuncCall); ok {
				for _, c := range cols {
					f.Fields = append(f.Fields, types.Attr{Name: c.Name, Type: c.T.OID, Mod: c.T.Mod})
				}
			}
			return cols, true
		}
		if len(outs) == 0 {
			b.Fail(pgerr.SyntaxError, b.LocOf(e), "a column definition list is required for functions returning \"record\"")
		}
		for _, o := range outs {
			add(o.Name, b.PlanType(o.Type, o.Mod))
		}
		return cols, true
	}
	if len(defs) > 0 {
		b.Fail(pgerr.SyntaxError, place.OfNode(defs[0]), "a column definition list is only allowed for functions returning \"record\"")
	}
	name := ""
	if f, ok := e.(*plan.FuncCall); ok {
		if p := b.Proc(f.Proc); p != nil && p.ArgModes != nil {
			outs := 0
			for i, m := range p.ArgModes {
				if m == "o" || m == "b" || m == "t" {
					outs++
					name = expression.ArgName(p, i)
				}
			}
			if outs != 1 {
				name = ""
			}
		}
	}
	if name == "" {
		name = alias
	}
	if name == "" {
		name = expression.FigureName(node)
	}
	add(name, t)
	return cols, false
}

// joinExpr binds a JOIN.
func (b *binder) joinExpr(s *expression.Scope, n *ast.JoinExpr) (plan.Rel, []*expression.Item) {
	kind := plan.InnerJoin
	switch n.Jointype {
	case ast.JOIN_LEFT:
		kind = plan.LeftJoin
	case ast.JOIN_RIGHT:
		kind = plan.RightJoin
	case ast.JOIN_FULL:
		kind = plan.FullJoin
	}
	l, lns := b.fromItem(s, n.Larg)
	setLateral(lns, true, kind == plan.InnerJoin || kind == plan.LeftJoin)
	saved := len(s.Names)
	s.Names = append(s.Names, lns...)
	hits := b.LateralHits
	r, rns := b.fromItem(s, n.Rarg)
	s.Names = s.Names[:saved:saved]
	b.checkConflicts(lns, rns)
	join := &plan.Join{Kind: kind, L: l, R: r}
	join.Lateral = b.LateralHits > hits && b.refersTo(r, l)
	mine := append(append([]*expression.Item(nil), lns...), rns...)
	lcols, rcols := visibleCols(lns), visibleCols(rns)

	using := lexicon.Names(n.UsingClause)
	if n.IsNatural {
		for _, c := range lcols {
			for _, d := range rcols {
				if c.Name == d.Name {
					using = append(using, c.Name)
					break
				}
			}
		}
	}
	var merged []expression.ItemCol
	usedL, usedR := map[int]bool{}, map[int]bool{}
	var pairs [][2]expression.ItemCol
	for i, name := range using {
		for _, prev := range using[:i] {
			if prev == name && !n.IsNatural {
				b.Fail(pgerr.DuplicateColumn, -1, "column name \"%s\" appears more than once in USING clause", name)
			}
		}
		li, ri := b.usingColumn(lcols, name, "left"), b.usingColumn(rcols, name, "right")
		usedL[li], usedR[ri] = true, true
		pairs = append(pairs, [2]expression.ItemCol{lcols[li], rcols[ri]})
		merged = append(merged, b.mergedColumn(kind, lcols[li], rcols[ri]))
	}
	for _, p := range pairs {
		cond := b.ToBool(b.Op([]string{"="}, p[0].Ref(), p[1].Ref(), -1), "JOIN/USING")
		b.Collate(cond)
		join.On = append(join.On, cond)
	}
	if n.Quals != nil {
		setLateral(mine, false, true)
		old := s.Names
		s.Names = mine
		cond := b.BoolExpr(s, n.Quals, expression.KindJoinOn, "JOIN/ON")
		b.Collate(cond)
		join.On = append(join.On, conjuncts(cond)...)
		s.Names = old
		if b.shapes != nil {
			b.shapes.quals[n] = cond
		}
	}
	if b.shapes != nil {
		b.shapes.using[n] = using
	}
	// The join's own columns: merged ones, then the rest of both sides.
	it := &expression.Item{Alias: "unnamed_join", Unnamed: true, Rel: join, ColVisible: true}
	it.Cols = append(it.Cols, merged...)
	for i, c := range lcols {
		if !usedL[i] {
			it.Cols = append(it.Cols, c)
		}
	}
	for i, c := range rcols {
		if !usedR[i] {
			it.Cols = append(it.Cols, c)
		}
	}
	it.Row = func() plan.Expr {
		row := &plan.RowCtor{T: plan.Type{OID: types.Record, Mod: -1}}
		for _, c := range it.Cols {
			row.Fields, row.Names = append(row.Fields, c.Ref()), append(row.Names, c.Name)
		}
		return row
	}
	s.Register(it)
	if kind == plan.FullJoin && n.Alias == nil {
		all := it.Cols
		it.Cols = all[:len(merged)]
		b.printedCols(s, it)
		it.Cols = all
	}
	if n.Alias != nil {
		it.Alias, it.RelVisible, it.Unnamed = n.Alias.Aliasname, true, false
		b.aliasColumns(it, n.Alias)
		b.printedCols(s, it)
		return join, []*expression.Item{it}
	}
	for _, m := range mine {
		m.ColVisible = false
	}
	mine = append(mine, it)
	if n.JoinUsingAlias != nil {
		ua := &expression.Item{Alias: n.JoinUsingAlias.Aliasname, Cols: append([]expression.ItemCol(nil), it.Cols[:len(merged)]...), Rel: join, RelVisible: true}
		ua.Row = func() plan.Expr {
			row := &plan.RowCtor{T: plan.Type{OID: types.Record, Mod: -1}}
			for _, c := range merged {
				row.Fields, row.Names = append(row.Fields, c.Ref()), append(row.Names, c.Name)
			}
			return row
		}
		b.checkConflicts(mine, []*expression.Item{ua})
		mine = append(mine, s.Register(ua))
	}
	return join, mine
}

// printedCols gives an item's columns names of their own where the query is bound to be printed: they stand for columns
// below the join, but are written with the join's alias, or as the merged columns of a full join are, without any.
func (b *binder) printedCols(s *expression.Scope, it *expression.Item) {
	if b.shapes == nil {
		return
	}
	for i := range it.Cols {
		c := plan.Col{ID: b.NewCol(), Name: it.Cols[i].Name, T: it.Cols[i].T}
		b.items[c.ID] = it
		it.Cols[i].Ref = func() plan.Expr { return b.ColRef(s, c) }
	}
}

func visibleCols(items []*expression.Item) []expression.ItemCol {
	var out []expression.ItemCol
	for _, it := range items {
		if it.ColVisible {
			out = append(out, it.Cols...)
		}
	}
	return out
}

func (b *binder) usingColumn(cols []expression.ItemCol, name, side string) int {
	at := -1
	for i := range cols {
		if cols[i].Name != name {
			continue
		}
		if at >= 0 {
			b.Fail(pgerr.AmbiguousColumn, -1, "common column name \"%s\" appears more than once in %s table", name, side)
		}
		at = i
	}
	if at < 0 {
		b.Fail(pgerr.UndefinedColumn, -1, "column \"%s\" specified in USING clause does not exist in %s table", name, side)
	}
	return at
}

// mergedColumn is buildMergedJoinVar: what the merged column of USING stands for.
func (b *binder) mergedColumn(kind plan.JoinKind, l, r expression.ItemCol) expression.ItemCol {
	t, _ := b.CommonType([]plan.Expr{l.Ref(), r.Ref()}, "JOIN/USING")
	mod := int32(-1)
	if l.T.OID == t && r.T.OID == t && l.T.Mod == r.T.Mod {
		mod = l.T.Mod
	}
	side := func(c expression.ItemCol) plan.Expr {
		e := c.Ref()
		if e.Type().OID != t {
			return b.Coerce(e, t, mod, overload.Implicit, plan.CallCastImplicit, -1)
		}
		if e.Type().Mod != mod {
			return b.RelabelMod(e, mod)
		}
		return e
	}
	out := expression.ItemCol{Name: l.Name, T: b.PlanType(t, mod)}
	plain := func(c expression.ItemCol) bool { return c.T.OID == t && c.T.Mod == mod }
	switch kind {
	case plan.InnerJoin:
		out.Ref = func() plan.Expr {
			if !plain(l) && plain(r) {
				return side(r)
			}
			return side(l)
		}
	case plan.LeftJoin:
		out.Ref = func() plan.Expr { return side(l) }
	case plan.RightJoin:
		out.Ref = func() plan.Expr { return side(r) }
	default:
		out.Ref = func() plan.Expr {
			return &plan.Coalesce{Args: []plan.Expr{side(l), side(r)}, T: b.PlanType(t, mod)}
		}
	}
	return out
}

// conjuncts splits a condition at its top-level ANDs.
func conjuncts(e plan.Expr) []plan.Expr {
	if op, ok := e.(*plan.BoolOp); ok && op.Kind == plan.And {
		var out []plan.Expr
		for _, a := range op.Args {
			out = append(out, conjuncts(a)...)
		}
		return out
	}
	return []plan.Expr{e}
}

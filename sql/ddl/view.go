package ddl

import (
	"strings"

	"github.com/tarndb/tarn/sql/ddl/triggers"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/content"
	"github.com/tarndb/tarn/sql/ddl/extension"
	"github.com/tarndb/tarn/sql/ddl/operator"
	"github.com/tarndb/tarn/sql/ddl/policy"
	"github.com/tarndb/tarn/sql/ddl/routine"
	"github.com/tarndb/tarn/sql/ddl/rule"
	"github.com/tarndb/tarn/sql/ddl/schemaobj"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/ddl/usertype"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/rowstore"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

func (x *exec) createView(n *ast.ViewStmt) error {
	sel, ok := n.Query.(*ast.SelectStmt)
	if !ok {
		return pgerr.Internal("view query of form %T", n.Query)
	}
	if sel.IntoClause != nil {
		return pgerr.New(pgerr.FeatureNotSupported, "views must not contain SELECT INTO")
	}
	if dataModifyingWith(sel) {
		return pgerr.New(pgerr.FeatureNotSupported, "views must not contain data-modifying statements in WITH")
	}
	env := *x.Bind()
	env.ViewDefinition = true
	bound, err := bind.Statement(&env, n.Query, nil)
	if err != nil {
		return err
	}
	rv := n.View
	if rv.Relpersistence == "u" {
		return pgerr.New(pgerr.SyntaxError, "views cannot be unlogged because they do not have storage")
	}
	if (rv.Relpersistence == "p" || rv.Relpersistence == "") && x.readsTemp(n.Query) {
		c := *rv
		c.Relpersistence = "t"
		rv = &c
		x.Note("", "view \"%s\" will be a temporary view", rv.Relname)
	}
	defs, err := x.resultColumns(bound.Out, stmt.Strs(n.Aliases), "CREATE VIEW specifies more column names than columns", false)
	if err != nil {
		return err
	}
	sql, needs, err := x.viewSQL(n.Query, defs)
	if err != nil {
		return err
	}
	schema, pers, err := x.Target(rv)
	if err != nil {
		return err
	}
	name := types.TruncateName(rv.Relname)
	taken, err := x.Claim(schema.OID, name)
	if err != nil {
		return err
	}
	v := &catalog.Table{Schema: schema.OID, Name: name, Kind: catalog.RelView, Persistence: pers, Owner: x.User,
		ACL: x.NewACL(privilege.Relation, 'r', schema.OID)}
	if taken {
		old, ix := x.Catalog().Relation(schema.OID, name)
		if !n.Replace {
			return stmt.RelationExists(name)
		}
		if ix != nil || old.Kind != catalog.RelView {
			return pgerr.New(pgerr.WrongObjectType, "\"%s\" is not a view", name)
		}
		if err := x.MustOwn(old, nil); err != nil {
			return err
		}
		if old, err = x.Reopen(old.OID, lock.AccessExclusive); err != nil {
			return err
		}
		if err := replaceable(old, defs, x.Env); err != nil {
			return err
		}
		v = stmt.Edit(old)
		for i := range old.Columns {
			defs[i].Default = old.Columns[i].Default
		}
	} else {
		v.OID = x.Editor.OID()
		v.RowType = x.Editor.OIDs(2)
		if pers == catalog.Temporary {
			v.TempOwner = x.Session
		}
	}
	for _, d := range v.Deps {
		if d.From.Kind != 0 { // of its rules and triggers
			needs = append(needs, d)
		}
	}
	v.Columns, v.View, v.Deps = defs, sql, needs
	if v.Options, err = relOptions(n.Options); err != nil {
		return err
	}
	v.CheckOption = 0
	switch n.WithCheckOption {
	case ast.LOCAL_CHECK_OPTION:
		v.CheckOption = 'l'
	case ast.CASCADED_CHECK_OPTION:
		v.CheckOption = 'c'
	}
	if v.CheckOption != 0 {
		level := map[byte]string{'l': "local", 'c': "cascaded"}[v.CheckOption]
		v.Options = v.Options.With(catalog.RelOption{Name: "check_option", Value: level})
	}
	x.Put(v)
	return nil
}

// viewSQL prints a query as it is stored: the names in it mean the same whatever search_path is. needs are the types and functions of
// users that it names.
func (x *exec) viewSQL(query ast.Node, cols []catalog.Column) (sql string, needs []catalog.Dep, err error) {
	env := *x.Bind()
	env.Types, env.Source, env.Needs = x.StoredEnv(), "", &lexicon.Needs{}
	o := bind.DefOptions{}
	for i := range cols {
		o.Columns = append(o.Columns, cols[i].Name)
	}
	sql, err = bind.QuerySQL(&env, query, o)
	for _, on := range env.Needs.List {
		needs = append(needs, catalog.Dep{On: on, Type: catalog.DepNormal})
	}
	return sql, needs, err
}

func dataModifyingWith(sel *ast.SelectStmt) (found bool) {
	if sel.WithClause == nil {
		return false
	}
	for _, c := range sel.WithClause.Ctes {
		if cte, ok := c.(*ast.CommonTableExpr); ok {
			if _, ok := cte.Ctequery.(*ast.SelectStmt); !ok {
				found = true
			}
		}
	}
	return found
}

// readsTemp reports whether a query names a temporary relation.
func (x *exec) readsTemp(query ast.Node) (found bool) {
	ast.Walk(query, func(n ast.Node) bool {
		if rv, ok := n.(*ast.RangeVar); ok {
			if t, _, err := x.Lookup(rv); err == nil && t != nil && t.Persistence == catalog.Temporary {
				found = true
			}
		}
		return !found
	})
	return found
}

// resultColumns makes columns of a query's result, named by the list as far as it goes.
func (x *exec) resultColumns(cols []plan.Col, names []string, tooMany string, table bool) ([]catalog.Column, error) {
	if len(names) > len(cols) {
		return nil, pgerr.New(pgerr.SyntaxError, "%s", tooMany)
	}
	out := make([]catalog.Column, len(cols))
	for i, c := range cols {
		if i < len(names) {
			c.Name = names[i]
		}
		typ := c.T
		if typ.OID == types.Unknown {
			typ = plan.Type{OID: types.Text, Mod: -1, Coll: types.Lookup(types.Text).Collation}
		}
		ty := x.Env.Type(typ.OID)
		if ty == nil {
			return nil, pgerr.Unsupported("a column of type " + types.FormatType(typ.OID, -1, x.Env))
		}
		if ty.TypType == types.TypePseudo {
			return nil, pgerr.New(pgerr.InvalidTableDefinition, "column \"%s\" has pseudo-type %s", c.Name, types.FormatType(typ.OID, -1, x.Env))
		}
		if ty.Collatable() && typ.Coll == 0 {
			e := pgerr.New(pgerr.IndeterminateCollation, "could not determine which collation to use for view column \"%s\"", c.Name)
			if table {
				e = pgerr.New(pgerr.IndeterminateCollation, "no collation was derived for column \"%s\" with collatable type %s", c.Name, types.FormatType(typ.OID, -1, x.Env))
			}
			return nil, e.WithHint("Use the COLLATE clause to set the collation explicitly.")
		}
		if table && systemColumn(c.Name) {
			return nil, pgerr.New(pgerr.DuplicateColumn, "column name \"%s\" conflicts with a system column name", c.Name)
		}
		for _, o := range out[:i] {
			if o.Name == c.Name {
				return nil, pgerr.New(pgerr.DuplicateColumn, "column \"%s\" specified more than once", c.Name)
			}
		}
		out[i] = catalog.Column{AttNum: int16(i + 1), Name: types.TruncateName(c.Name), Type: typ.OID, TypMod: typ.Mod, Collation: typ.Coll, Kind: ty.Kind}
		if ty.Elem != 0 && ty.IsArray() {
			out[i].NDims = 1
		}
	}
	return out, nil
}

// replaceable checks that CREATE OR REPLACE VIEW only adds columns.
func replaceable(old *catalog.Table, defs []catalog.Column, env *types.Env) error {
	if len(defs) < len(old.Columns) {
		return pgerr.New(pgerr.InvalidTableDefinition, "cannot drop columns from view")
	}
	for i := range old.Columns {
		o, n := &old.Columns[i], &defs[i]
		if o.Name != n.Name {
			return pgerr.New(pgerr.InvalidTableDefinition, "cannot change name of view column \"%s\" to \"%s\"", o.Name, n.Name).
				WithHint("Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.")
		}
		if o.Type != n.Type || o.TypMod != n.TypMod {
			return pgerr.New(pgerr.InvalidTableDefinition, "cannot change data type of view column \"%s\" from %s to %s", o.Name,
				types.FormatType(o.Type, o.TypMod, env), types.FormatType(n.Type, n.TypMod, env))
		}
	}
	return nil
}

// createTableAs is CREATE TABLE AS and CREATE MATERIALIZED VIEW; the tag counts the rows.
func (x *exec) createTableAs(query ast.Node, into *ast.IntoClause, objtype ast.ObjectType, ifNotExists bool) (string, error) {
	mat, tag := objtype == ast.OBJECT_MATVIEW, "CREATE TABLE AS"
	if mat {
		tag = "CREATE MATERIALIZED VIEW"
		if err := x.checkMatView(query, into); err != nil {
			return "", err
		}
	}
	schema, pers, err := x.Target(into.Rel)
	if err != nil {
		return "", err
	}
	name := types.TruncateName(into.Rel.Relname)
	exists, err := x.ClaimUnless(schema.OID, name, ifNotExists)
	if err != nil {
		return "", err
	}
	if exists {
		return tag, nil
	}
	cols, run, err := x.Hooks.Query(query)
	if err != nil {
		return "", err
	}
	t := x.emptyTable(schema.OID, name, pers)
	if !mat || into.AccessMethod != "" {
		if err := x.useMethod(t, into.AccessMethod); err != nil {
			return "", err
		}
	}
	if t.Columns, err = x.resultColumns(cols, stmt.Strs(into.ColNames), "too many column names were specified", true); err != nil {
		return "", err
	}
	for i := range t.Columns {
		if !t.Columns[i].Kind.Valid() {
			return "", pgerr.Unsupported("a column of type " + types.FormatType(t.Columns[i].Type, -1, x.Env))
		}
	}
	if mat {
		t.Kind, t.Unpopulated = catalog.RelMatView, into.SkipData
		if t.View, t.Deps, err = x.viewSQL(query, t.Columns); err != nil {
			return "", err
		}
	}
	if t.Options, err = relOptions(into.Options); err != nil {
		return "", err
	}
	if err := x.useLocation(t); err != nil {
		return "", err
	}
	x.unmirrored(t)
	if err := onCommit(t, into.OnCommit); err != nil {
		return "", err
	}
	if err := x.LockTable(t.OID, lock.AccessExclusive); err != nil {
		return "", err
	}
	if into.SkipData {
		x.Put(t)
		return tag, nil
	}
	w, err := content.NewWriter(x.Ctx, t)
	if err != nil {
		return "", err
	}
	if l, ok := x.Hooks.(rowstore.Loads); ok && !mat {
		w.LoadRows(l)
	}
	// The table is not in the catalog while its query runs: the query cannot mean it.
	var n int64
	fill := func() (err error) {
		n, err = run(func(row []types.Datum) error { return w.Write(row, nil, nil) })
		return err
	}
	if mat {
		err = x.Hooks.AsOwner(t.Owner, fill)
	} else {
		err = fill()
	}
	if err := w.Finish(err); err != nil {
		return "", err
	}
	x.Put(t)
	return "SELECT " + itoa(n), nil
}

// selectInto is SELECT … INTO: the query without the clause, which may stand in the leftmost branch of a set operation.
func (x *exec) selectInto(n *ast.SelectStmt) (string, error) {
	query, into := withoutInto(n)
	if into == nil {
		return "", unsupported(n)
	}
	return x.createTableAs(query, into, ast.OBJECT_TABLE, false)
}

func withoutInto(n *ast.SelectStmt) (*ast.SelectStmt, *ast.IntoClause) {
	c := *n
	if n.IntoClause != nil {
		c.IntoClause = nil
		return &c, n.IntoClause
	}
	if n.Larg != nil {
		l, into := withoutInto(n.Larg)
		c.Larg = l
		return &c, into
	}
	return n, nil
}

// comment is COMMENT ON.
func (x *exec) comment(n *ast.CommentStmt) error {
	switch n.Objtype {
	case ast.OBJECT_TABLE, ast.OBJECT_VIEW, ast.OBJECT_INDEX, ast.OBJECT_SEQUENCE, ast.OBJECT_MATVIEW, ast.OBJECT_FOREIGN_TABLE:
		rv, err := stmt.RangeVar(n.Object)
		if err != nil {
			return err
		}
		return x.commentRelation(rv, n)
	case ast.OBJECT_TYPE, ast.OBJECT_DOMAIN:
		tn, ok := n.Object.(*ast.TypeName)
		if !ok {
			return pgerr.Internal("type name of form %T", n.Object)
		}
		return usertype.Comment(x.Ctx, tn, n.Comment)
	case ast.OBJECT_FUNCTION, ast.OBJECT_PROCEDURE, ast.OBJECT_ROUTINE, ast.OBJECT_AGGREGATE:
		_, err := routine.Change(x.Ctx, n.Objtype, n.Object, func(f *catalog.Function) error {
			f.Comment = n.Comment
			return nil
		})
		return err
	case ast.OBJECT_OPERATOR:
		return operator.Change(x.Ctx, n.Object, func(o *catalog.Operator) error {
			o.Comment = n.Comment
			return nil
		})
	case ast.OBJECT_CAST:
		return operator.CommentCast(x.Ctx, n.Object, n.Comment)
	case ast.OBJECT_COLUMN:
		l, ok := n.Object.(*ast.List)
		if !ok {
			return pgerr.Internal("column name of form %T", n.Object)
		}
		t, name, err := x.openColumn(l, lock.ShareUpdateExclusive)
		if err != nil {
			return err
		}
		c, err := columnOf(t, name)
		if err != nil {
			return err
		}
		next := stmt.Edit(t)
		if next.ColComments == nil {
			next.ColComments = map[int16]string{}
		}
		next.ColComments[c.AttNum] = n.Comment
		if n.Comment == "" {
			delete(next.ColComments, c.AttNum)
		}
		x.Put(next)
		return nil
	case ast.OBJECT_SCHEMA:
		name := n.Object.(*ast.String).Sval
		sc := x.Catalog().Schema(name)
		if sc == nil {
			return stmt.NoSchema(name)
		}
		if err := x.MustOwnSchema(sc); err != nil {
			return err
		}
		next := *sc
		next.Comment = n.Comment
		x.Editor.PutSchema(&next)
		return nil
	case ast.OBJECT_EXTENSION:
		return extension.Comment(x.Ctx, n.Object, n.Comment)
	case ast.OBJECT_EVENT_TRIGGER:
		return triggers.CommentEvent(x.Ctx, n.Object, n.Comment)
	case ast.OBJECT_TRIGGER:
		return triggers.Comment(x.Ctx, n)
	case ast.OBJECT_POLICY:
		rv, name, err := partOf(n.Object)
		if err != nil {
			return err
		}
		return policy.Comment(x.Ctx, rv, name, n.Comment)
	case ast.OBJECT_RULE:
		rv, name, err := partOf(n.Object)
		if err != nil {
			return err
		}
		return rule.Comment(x.Ctx, rv, name, n.Comment)
	case ast.OBJECT_DOMCONSTRAINT:
		return usertype.CommentConstraint(x.Ctx, n)
	case ast.OBJECT_TABCONSTRAINT:
		l, ok := n.Object.(*ast.List)
		if !ok {
			return pgerr.Internal("constraint name of form %T", n.Object)
		}
		t, name, err := x.openColumn(l, lock.ShareUpdateExclusive)
		if err != nil {
			return err
		}
		c := t.ConstraintByName(name)
		if c == nil {
			return pgerr.New(pgerr.UndefinedObject, "constraint \"%s\" for table \"%s\" does not exist", name, t.Name)
		}
		nc := *c
		nc.Comment = n.Comment
		x.replaceConstraint(t, c, &nc)
		return nil
	}
	if schemaobj.Handles(n.Objtype) {
		return schemaobj.Comment(x.Ctx, n)
	}
	return pgerr.Unsupported("COMMENT ON this kind of object")
}

// openColumn opens the relation of a column's or constraint's qualified name.
func (x *exec) openColumn(l *ast.List, mode lock.Mode) (*catalog.Table, string, error) {
	p := stmt.Strs(l.Items)
	if len(p) < 2 {
		return nil, "", pgerr.New(pgerr.SyntaxError, "column name must be qualified")
	}
	rv := &ast.RangeVar{Relname: p[len(p)-2]}
	if len(p) > 2 {
		rv.Schemaname = p[len(p)-3]
	}
	t, ix, err := x.OpenRelation(rv, mode)
	if err != nil {
		return nil, "", err
	}
	if ix != nil {
		return nil, "", pgerr.New(pgerr.WrongObjectType, "cannot set comment on relation \"%s\"", rv.Relname)
	}
	if err := x.MustOwn(t, nil); err != nil {
		return nil, "", err
	}
	return t, p[len(p)-1], nil
}

func (x *exec) commentRelation(rv *ast.RangeVar, n *ast.CommentStmt) error {
	t, ix, err := x.OpenRelation(rv, lock.ShareUpdateExclusive)
	if err != nil {
		return err
	}
	kind := dropKinds[n.Objtype]
	if !kind.fits(t, ix) {
		article := "a "
		if strings.ContainsAny(kind.word[:1], "aeiou") {
			article = "an "
		}
		return pgerr.New(pgerr.WrongObjectType, "\"%s\" is not %s%s", rv.Relname, article, kind.word)
	}
	if err := x.MustOwn(t, ix); err != nil {
		return err
	}
	next := stmt.Edit(t)
	if ix == nil {
		next.Comment = n.Comment
	} else {
		nix := *ix
		nix.Comment = n.Comment
		for i := range next.Indexes {
			if next.Indexes[i] == ix {
				next.Indexes[i] = &nix
			}
		}
	}
	x.Put(next)
	return nil
}

// reindex is REINDEX: the index is built anew in its place.
func (x *exec) reindex(n *ast.ReindexStmt) error {
	for _, p := range n.Params {
		if d, ok := p.(*ast.DefElem); ok && d.Defname == "concurrently" && x.InBlock {
			return pgerr.New(pgerr.ActiveSQLTransaction, "REINDEX CONCURRENTLY cannot run inside a transaction block")
		}
	}
	switch n.Kind {
	case ast.REINDEX_OBJECT_INDEX, ast.REINDEX_OBJECT_TABLE:
		t, ix, err := x.Open(n.Relation, lock.ShareTable)
		if err != nil {
			return err
		}
		switch {
		case t == nil:
			return stmt.NoRelation(n.Relation)
		case n.Kind == ast.REINDEX_OBJECT_INDEX && ix == nil:
			return pgerr.New(pgerr.WrongObjectType, "\"%s\" is not an index", n.Relation.Relname)
		case n.Kind == ast.REINDEX_OBJECT_TABLE && (ix != nil || !t.LikeTable() && t.Kind != catalog.RelMatView):
			return pgerr.New(pgerr.WrongObjectType, "\"%s\" is not a table or materialized view", n.Relation.Relname)
		}
		if err := x.MustOwn(t, ix); err != nil {
			return err
		}
		return x.reindexTable(t, ix)
	}
	var tables []catalog.OID
	var schema *catalog.Schema
	if n.Kind == ast.REINDEX_OBJECT_SCHEMA {
		if schema = x.Catalog().Schema(n.Name); schema == nil {
			return stmt.NoSchema(n.Name)
		}
	}
	x.Catalog().Tables(func(t *catalog.Table) bool {
		if (t.Kind == catalog.RelTable || t.Kind == catalog.RelMatView) && !t.Virtual && (schema == nil || t.Schema == schema.OID) {
			tables = append(tables, t.OID)
		}
		return true
	})
	for _, oid := range tables {
		t, err := x.Reopen(oid, lock.ShareTable)
		if err != nil {
			return err
		}
		if t != nil {
			if err := x.reindexTable(t, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// reindexTable gives secondary indexes new numbers and fills them; the primary one is the rows' own order.
func (x *exec) reindexTable(t *catalog.Table, only *catalog.Index) error {
	next := stmt.Edit(t)
	var built []*catalog.Index
	for i, ix := range next.Indexes {
		if ix.ID == content.PrimaryIndex || only != nil && ix != only {
			continue
		}
		nix := *ix
		nix.ID, nix.Building = next.NextIndexID, false
		next.NextIndexID++
		next.Indexes[i] = &nix
		built = append(built, &nix)
		if err := content.RemoveIndex(x.Ctx, t.StorageID, ix.ID); err != nil {
			return err
		}
	}
	if len(built) == 0 {
		return nil
	}
	for _, ix := range built {
		if err := content.BuildIndex(x.Ctx, next, ix); err != nil {
			return err
		}
	}
	x.Put(next)
	return nil
}

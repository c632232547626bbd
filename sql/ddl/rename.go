package ddl

import (
	"sort"
	"strings"

	"github.com/tarndb/tarn/sql/ddl/triggers"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/ddl/extension"
	"github.com/tarndb/tarn/sql/ddl/operator"
	"github.com/tarndb/tarn/sql/ddl/policy"
	"github.com/tarndb/tarn/sql/ddl/routine"
	"github.com/tarndb/tarn/sql/ddl/rule"
	"github.com/tarndb/tarn/sql/ddl/schemaobj"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/ddl/usertype"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

func (x *exec) rename(n *ast.RenameStmt) (string, error) {
	newName := types.TruncateName(n.Newname)
	switch n.RenameType {
	case ast.OBJECT_TABLE, ast.OBJECT_VIEW, ast.OBJECT_SEQUENCE, ast.OBJECT_INDEX, ast.OBJECT_MATVIEW, ast.OBJECT_FOREIGN_TABLE:
		return alterTag(n.RenameType), x.renameRelation(n, newName)
	case ast.OBJECT_COLUMN:
		return alterTag(n.RelationType), x.renameColumn(n, newName)
	case ast.OBJECT_TABCONSTRAINT:
		return "ALTER TABLE", x.renameConstraint(n, newName)
	case ast.OBJECT_SCHEMA:
		return "ALTER SCHEMA", x.renameSchema(n.Subname, newName)
	case ast.OBJECT_TYPE, ast.OBJECT_DOMAIN:
		tag, rel, err := usertype.Rename(x.Ctx, n, newName)
		if err == nil && rel != nil {
			err = x.moveRelation(rel, rel.Schema, newName)
		}
		return tag, err
	case ast.OBJECT_FUNCTION, ast.OBJECT_PROCEDURE, ast.OBJECT_ROUTINE, ast.OBJECT_AGGREGATE:
		return routine.Change(x.Ctx, n.RenameType, n.Object, func(f *catalog.Function) error {
			f.Name = newName
			return nil
		})
	case ast.OBJECT_EVENT_TRIGGER:
		return "ALTER EVENT TRIGGER", triggers.RenameEvent(x.Ctx, n.Object, newName)
	case ast.OBJECT_TRIGGER:
		return "ALTER TRIGGER", triggers.Rename(x.Ctx, n, newName)
	case ast.OBJECT_DOMCONSTRAINT:
		return usertype.RenameDomainConstraint(x.Ctx, n, newName)
	case ast.OBJECT_POLICY:
		return "ALTER POLICY", policy.Rename(x.Ctx, n, newName)
	case ast.OBJECT_RULE:
		return "ALTER RULE", rule.Rename(x.Ctx, n, newName)
	case ast.OBJECT_ATTRIBUTE:
		return x.renameAttribute(n, newName)
	}
	if schemaobj.Handles(n.RenameType) {
		return schemaobj.Rename(x.Ctx, n)
	}
	return "", pgerr.Unsupported("renaming this kind of object")
}

// openRenamed finds the relation of a statement; nil with MissingOk.
func (x *exec) openRenamed(rv *ast.RangeVar, missingOK bool) (*catalog.Table, *catalog.Index, error) {
	t, ix, err := x.Open(rv, lock.AccessExclusive)
	if err != nil || t != nil {
		return t, ix, err
	}
	if missingOK {
		x.Note("", "relation \"%s\" does not exist, skipping", rv.Relname)
		return nil, nil, nil
	}
	return nil, nil, stmt.NoRelation(rv)
}

func (x *exec) renameRelation(n *ast.RenameStmt, name string) error {
	t, ix, err := x.openRenamed(n.Relation, n.MissingOk)
	if err != nil || t == nil {
		return err
	}
	if n.RenameType != ast.OBJECT_TABLE && n.RenameType != ast.OBJECT_INDEX {
		if err := alterKind(n.RenameType, t, ix, n.Relation.Relname); err != nil {
			return err
		}
	}
	if err := x.MustOwn(t, ix); err != nil {
		return err
	}
	if sc := x.Catalog().SchemaByOID(t.Schema); sc != nil {
		if err := x.MayCreateIn(sc); err != nil {
			return err
		}
	}
	if err := x.ClaimNew(t.Schema, name); err != nil {
		return err
	}
	if ix != nil {
		return x.renameIndex(t, ix, name)
	}
	return x.moveRelation(t, t.Schema, name)
}

// renameIndex renames an index, and the constraint that it is for.
func (x *exec) renameIndex(t *catalog.Table, ix *catalog.Index, name string) error {
	next := stmt.Edit(t)
	for i := range next.Indexes {
		if next.Indexes[i] == ix {
			n := *ix
			n.Name = name
			next.Indexes[i] = &n
		}
	}
	for i, c := range next.Constraints {
		if c.Index == ix.OID && c.Type != catalog.ConForeign {
			n := *c
			n.Name = name
			next.Constraints[i] = &n
		}
	}
	x.Put(next)
	return nil
}

// moveRelation gives a relation another schema or name. Whoever names it in stored SQL gets the new one.
func (x *exec) moveRelation(t *catalog.Table, schema catalog.OID, name string) error {
	cat := x.Catalog()
	if t.Kind == catalog.RelComposite { // only as a type is it named
		store, err := depend.Reprint(x.Ctx, t.Name)
		if err != nil {
			return err
		}
		next := stmt.Edit(t)
		next.Schema, next.Name = schema, name
		x.Put(next)
		return store()
	}
	if err := rule.MayRename(x.Ctx, catalog.Address{Kind: catalog.KindRelation, OID: t.OID}); err != nil {
		return err
	}
	patches, err := x.relationPatches(t, cat.SchemaByOID(schema).Name, name)
	if err != nil {
		return err
	}
	policies, err := x.policyPatches(t, cat.SchemaByOID(schema).Name, name)
	if err != nil {
		return err
	}
	next := stmt.Edit(t)
	next.Schema, next.Name = schema, name
	x.Put(next)
	if err := x.applyPatches(patches); err != nil {
		return err
	}
	return policies()
}

// policyPatches does for policies what relationPatches does for views; the result stores them. Conditions that name their own table
// in queries name it by the new name.
func (x *exec) policyPatches(t *catalog.Table, schema, name string) (store func() error, err error) {
	type text struct {
		p   catalog.Address
		sql map[string]string // by the old
	}
	var list []text
	for _, p := range policy.Using(x.Ctx, catalog.Address{Kind: catalog.KindRelation, OID: t.OID}) {
		n := text{p, map[string]string{}}
		if err := policy.Each(x.Ctx, p, func(r *catalog.Table, old string) error {
			sql := old
			if r.OID == t.OID && name != t.Name {
				var err error
				if sql, err = policy.Print(x.Ctx, r, old, name); err != nil {
					return err
				}
			}
			sql = exprPrefix + sql
			patches := append(x.rangePatches(sql, t, schema, name), x.regclassPatches(sql, t, schema, name)...)
			n.sql[old] = strings.TrimPrefix(applyText(sql, patches), exprPrefix)
			return nil
		}); err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return func() error {
		for _, n := range list {
			if err := policy.Rewrite(x.Ctx, n.p, func(_ *catalog.Table, old string) (string, error) { return n.sql[old], nil }); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// repairPolicy is repairView for a condition of a policy of t.
func (x *exec) repairPolicy(t *catalog.Table, sql, old, new string) (string, error) {
	const tries = 1000
	for range tries {
		text := exprPrefix + sql
		err := policy.Bind(x.Ctx, t, text)
		if err == nil {
			return sql, nil
		}
		e := pgerr.From(err)
		stmts, parseErr := parser.Parse(text)
		if parseErr != nil {
			return "", parseErr
		}
		p, ok := columnPatch(stmts[0].Node, text, byteOffset(text, e.Position), old, new)
		if e.Code != pgerr.UndefinedColumn || e.Position == 0 || !ok {
			return "", pgerr.Unsupported("renaming a column that a policy of table \"" + t.Name + "\" uses in this way")
		}
		sql = strings.TrimPrefix(applyText(text, []patch{p}), exprPrefix)
	}
	return "", pgerr.Internal("a policy of %s does not come right", t.Name)
}

func (x *exec) renameConstraint(n *ast.RenameStmt, name string) error {
	t, _, err := x.openRenamed(n.Relation, n.MissingOk)
	if err != nil || t == nil {
		return err
	}
	if err := x.MustOwn(t, nil); err != nil {
		return err
	}
	c := t.ConstraintByName(n.Subname)
	if c == nil {
		return pgerr.New(pgerr.UndefinedObject, "constraint \"%s\" for table \"%s\" does not exist", n.Subname, t.Name)
	}
	if t.ConstraintByName(name) != nil {
		return constraintExists(name, t.Name)
	}
	if ix := t.IndexByOID(c.Index); ix != nil && c.Type != catalog.ConForeign {
		if err := x.ClaimNew(t.Schema, name); err != nil {
			return err
		}
		return x.renameIndex(t, ix, name)
	}
	if c.Type == catalog.ConCheck && !c.NoInherit {
		return x.renameCheckTree(t, c, name, n.Relation.Inh, false)
	}
	nc := *c
	nc.Name = name
	x.replaceConstraint(t, c, &nc)
	return nil
}

// renameCheckTree renames a check here and where it is inherited.
func (x *exec) renameCheckTree(t *catalog.Table, c *catalog.Constraint, name string, recurse, down bool) error {
	kids := x.children(t)
	if c.InhCount > 0 && !down {
		return pgerr.New(pgerr.InvalidTableDefinition, "cannot rename inherited constraint \"%s\"", c.Name)
	}
	if len(kids) > 0 && !recurse {
		return pgerr.New(pgerr.InvalidTableDefinition, "inherited constraint \"%s\" must be renamed in child tables too", c.Name)
	}
	for _, k := range kids {
		if kc := k.ConstraintByName(c.Name); kc != nil && kc.InhCount > 0 {
			if err := x.renameCheckTree(k, kc, name, true, true); err != nil {
				return err
			}
		}
	}
	nc := *c
	nc.Name = name
	x.replaceConstraint(t, c, &nc)
	return nil
}

func (x *exec) renameColumn(n *ast.RenameStmt, name string) error {
	return x.renameColumnOf(n, name, false)
}

// renameColumnOf goes down to the tables that inherit the column; down: it comes from a parent.
func (x *exec) renameColumnOf(n *ast.RenameStmt, name string, down bool) error {
	t, ix, err := x.openRenamed(n.Relation, n.MissingOk)
	if err != nil || t == nil {
		return err
	}
	if ix != nil || t.Kind == catalog.RelSequence {
		return pgerr.New(pgerr.WrongObjectType, "cannot rename columns of relation \"%s\"", n.Relation.Relname)
	}
	if t.Kind == catalog.RelForeign {
		return pgerr.Unsupported("renaming a column of a foreign table")
	}
	if err := x.MustOwn(t, nil); err != nil {
		return err
	}
	c := t.ColumnByName(n.Subname)
	if c == nil {
		if systemColumn(n.Subname) {
			return pgerr.New(pgerr.FeatureNotSupported, "cannot rename system column \"%s\"", n.Subname)
		}
		return pgerr.New(pgerr.UndefinedColumn, "column \"%s\" does not exist", n.Subname)
	}
	if systemColumn(name) {
		return pgerr.New(pgerr.DuplicateColumn, "column name \"%s\" conflicts with a system column name", name)
	}
	if t.ColumnByName(name) != nil {
		return pgerr.New(pgerr.DuplicateColumn, "column \"%s\" of relation \"%s\" already exists", name, t.Name)
	}
	kids := x.children(t)
	if c.InhCount > 0 && !down {
		return pgerr.New(pgerr.InvalidTableDefinition, "cannot rename inherited column \"%s\"", c.Name)
	}
	if len(kids) > 0 && !n.Relation.Inh {
		return pgerr.New(pgerr.InvalidTableDefinition, "inherited column \"%s\" must be renamed in child tables too", c.Name)
	}
	for _, k := range kids {
		kc := k.ColumnByName(n.Subname)
		if kc != nil && kc.InhCount > 1 {
			return pgerr.New(pgerr.InvalidTableDefinition, "cannot rename inherited column \"%s\"", c.Name)
		}
	}
	if err := rule.MayRename(x.Ctx, catalog.Address{Kind: catalog.KindColumn, OID: t.OID, Sub: c.AttNum}); err != nil {
		return err
	}
	next := stmt.Edit(t)
	next.Column(c.AttNum).Name = name
	renameClustering(next, c.Name, name)
	if t.LikeTable() {
		x.renameInExprs(next, c.Name, name)
	}
	var views []*catalog.Table
	x.Catalog().Tables(func(v *catalog.Table) bool {
		if v.HasQuery() && depend.ViewUsesColumn(x.Ctx, v, t, c.AttNum) {
			views = append(views, v)
		}
		return true
	})
	policies := policy.Using(x.Ctx, catalog.Address{Kind: catalog.KindColumn, OID: t.OID, Sub: c.AttNum})
	x.Put(next)
	for _, p := range policies {
		if err := policy.Rewrite(x.Ctx, p, func(r *catalog.Table, sql string) (string, error) {
			return x.repairPolicy(r, sql, c.Name, name)
		}); err != nil {
			return err
		}
	}
	for _, v := range views {
		if err := x.repairView(v, c.Name, name); err != nil {
			return err
		}
	}
	for _, k := range kids {
		sub := *n
		sub.Relation = &ast.RangeVar{Schemaname: x.Catalog().SchemaByOID(k.Schema).Name, Relname: k.Name, Inh: true}
		if err := x.renameColumnOf(&sub, name, true); err != nil {
			return err
		}
	}
	return nil
}

// renameInExprs changes a column's name in its own table's expressions, where every column is the table's.
func (x *exec) renameInExprs(t *catalog.Table, old, new string) {
	ren := func(sql string) string { return patchExpr(sql, old, new) }
	for i := range t.Columns {
		if t.Columns[i].Generated != 0 {
			t.Columns[i].Default = ren(t.Columns[i].Default)
		}
	}
	for i, c := range t.Constraints {
		if c.Type == catalog.ConCheck {
			n := *c
			n.Expr = ren(c.Expr)
			t.Constraints[i] = &n
		}
	}
	for i, g := range t.Triggers {
		if g.When != "" {
			n := *g
			n.When = ren(g.When)
			t.Triggers[i] = &n
		}
	}
	if t.PartKey != nil {
		k := *t.PartKey
		k.Keys = append([]catalog.IndexKey(nil), k.Keys...)
		for i := range k.Keys {
			k.Keys[i].Expr = ren(k.Keys[i].Expr)
		}
		t.PartKey = &k
	}
	for i, ix := range t.Indexes {
		n := *ix
		n.Pred = ren(ix.Pred)
		n.Keys = append([]catalog.IndexKey(nil), ix.Keys...)
		for k := range n.Keys {
			n.Keys[k].Expr, n.Keys[k].Shown = ren(n.Keys[k].Expr), ren(n.Keys[k].Shown)
		}
		t.Indexes[i] = &n
	}
}

// Stored SQL is changed in place, at the locations that its parse tree gives: the text stays what it was otherwise.

type patch struct {
	off, end int
	text     string
}

func applyText(sql string, list []patch) string {
	sort.Slice(list, func(i, j int) bool { return list[i].off > list[j].off })
	for _, p := range list {
		sql = sql[:p.off] + p.text + sql[p.end:]
	}
	return sql
}

const exprPrefix = "SELECT "

// patchExpr renames a column in an expression.
func patchExpr(sql, old, new string) string {
	var list []patch
	for _, n := range depend.ParseExpr(sql) {
		ast.Walk(n, func(n ast.Node) bool {
			if c, ok := n.(*ast.ColumnRef); ok {
				last := len(c.Fields) - 1
				if s, ok := c.Fields[last].(*ast.String); ok && s.Sval == old {
					if off, end, ok := identAt(exprPrefix+sql, int(c.Location), last); ok {
						list = append(list, patch{off - len(exprPrefix), end - len(exprPrefix), ruleutils.QuoteIdent(new)})
					}
				}
			}
			return true
		})
	}
	return applyText(sql, list)
}

// identAt finds the n-th identifier of a dotted name that starts at off.
func identAt(sql string, off, n int) (start, end int, ok bool) {
	for i := off; i < len(sql); n-- {
		start = i
		if sql[i] == '"' {
			for i++; i < len(sql) && (sql[i] != '"' || i+1 < len(sql) && sql[i+1] == '"'); i++ {
				if sql[i] == '"' {
					i++
				}
			}
			i++
		} else {
			for i < len(sql) && (sql[i] == '_' || sql[i] == '$' || sql[i] >= 0x80 || sql[i] >= '0' && sql[i] <= '9' || sql[i]|0x20 >= 'a' && sql[i]|0x20 <= 'z') {
				i++
			}
		}
		end = min(i, len(sql))
		if n == 0 {
			return start, end, end > start
		}
		for i < len(sql) && sql[i] == ' ' {
			i++
		}
		if i >= len(sql) || sql[i] != '.' {
			return 0, 0, false
		}
		for i++; i < len(sql) && sql[i] == ' '; i++ {
		}
	}
	return 0, 0, false
}

// storedPatch is new text for a view or a column's default.
type storedPatch struct {
	table catalog.OID
	att   int16 // 0: the view's query
	sql   string
}

// relationPatches finds the stored SQL that names a relation, with the new name in it. It is asked before the catalog changes.
func (x *exec) relationPatches(t *catalog.Table, schema, name string) (out []storedPatch, err error) {
	x.Catalog().Tables(func(r *catalog.Table) bool {
		if stmt.SystemSchema(r.Schema) {
			return true
		}
		for i := range r.Columns {
			c := &r.Columns[i]
			if t.Kind == catalog.RelSequence && depend.UsesSequence(x.Ctx, c.Default, t) {
				list := x.regclassPatches(exprPrefix+c.Default, t, schema, name)
				out = append(out, storedPatch{r.OID, c.AttNum, strings.TrimPrefix(applyText(exprPrefix+c.Default, list), exprPrefix)})
			}
		}
		if r.HasQuery() && depend.ViewUses(x.Ctx, r, t) {
			list := append(x.rangePatches(r.View, t, schema, name), x.regclassPatches(r.View, t, schema, name)...)
			out = append(out, storedPatch{r.OID, 0, applyText(r.View, list)})
		}
		return true
	})
	return out, nil
}

func (x *exec) applyPatches(list []storedPatch) error {
	for _, p := range list {
		t := x.Catalog().Table(p.table)
		if t == nil {
			continue
		}
		next := stmt.Edit(t)
		if p.att == 0 {
			next.View = p.sql
		} else {
			next.Column(p.att).Default = p.sql
		}
		x.Put(next)
	}
	return nil
}

// regclassPatches are the constants 'name'::regclass that mean a relation.
func (x *exec) regclassPatches(sql string, t *catalog.Table, schema, name string) (out []patch) {
	stmts, err := parser.Parse(sql)
	if err != nil {
		return nil
	}
	for _, s := range stmts {
		ast.Walk(s.Node, func(n ast.Node) bool {
			if r := depend.Regclass(x.Ctx, n); r != nil && r.OID == t.OID {
				c := n.(*ast.TypeCast).Arg.(*ast.A_Const)
				if off := int(c.Location); off < len(sql) && sql[off] == '\'' {
					end := off + 1
					for end < len(sql) && (sql[end] != '\'' || end+1 < len(sql) && sql[end+1] == '\'') {
						if sql[end] == '\'' {
							end++
						}
						end++
					}
					out = append(out, patch{off, end + 1, quoteLiteral(ruleutils.QuoteIdent(schema) + "." + ruleutils.QuoteIdent(name))})
				}
			}
			return true
		})
	}
	return out
}

// rangePatches are the places of FROM that name a relation; where no alias does it, the old name stays what columns are
// qualified with.
func (x *exec) rangePatches(sql string, t *catalog.Table, schema, name string) (out []patch) {
	stmts, err := parser.Parse(sql)
	if err != nil {
		return nil
	}
	for _, s := range stmts {
		ast.Walk(s.Node, func(n ast.Node) bool {
			rv, ok := n.(*ast.RangeVar)
			if !ok || rv.Schemaname == "" {
				return true
			}
			if r, _, err := x.Lookup(rv); err != nil || r == nil || r.OID != t.OID {
				return true
			}
			parts := 1
			if rv.Catalogname != "" {
				parts = 2
			}
			start, _, ok1 := identAt(sql, int(rv.Location), 0)
			_, end, ok2 := identAt(sql, int(rv.Location), parts)
			if ok1 && ok2 {
				text := ruleutils.QuoteIdent(schema) + "." + ruleutils.QuoteIdent(name)
				if rv.Alias == nil && name != rv.Relname {
					text += " " + ruleutils.QuoteIdent(rv.Relname)
				}
				out = append(out, patch{start, end, text})
			}
			return true
		})
	}
	return out
}

// repairView renames a column in a view's query: where the binder finds a name no more, the new one stands in its place.
func (x *exec) repairView(v *catalog.Table, old, new string) error {
	sql := v.View
	const tries = 1000
	for range tries {
		stmts, err := parser.Parse(sql)
		if err != nil {
			return err
		}
		env := *x.Bind()
		env.Source = sql
		env.Viewer = nil
		_, err = bind.Statement(&env, stmts[0].Node, nil)
		if err == nil {
			if sql != v.View {
				next := stmt.Edit(v)
				next.View = sql
				x.Put(next)
			}
			return nil
		}
		e := pgerr.From(err)
		if e.Code != pgerr.UndefinedColumn || e.Position == 0 {
			return pgerr.Unsupported("renaming a column that view \"" + v.Name + "\" uses in this way")
		}
		off := byteOffset(sql, e.Position)
		p, ok := columnPatch(stmts[0].Node, sql, off, old, new)
		if !ok {
			return pgerr.Unsupported("renaming a column that view \"" + v.Name + "\" uses in this way")
		}
		sql = applyText(sql, []patch{p})
	}
	return pgerr.Internal("view %s does not come right", v.Name)
}

// byteOffset is where the pos-th character (from 1) starts.
func byteOffset(s string, pos int) int {
	for i := range s {
		if pos--; pos == 0 {
			return i
		}
	}
	return len(s)
}

func columnPatch(root ast.Node, sql string, off int, old, new string) (p patch, found bool) {
	ast.Walk(root, func(n ast.Node) bool {
		if c, ok := n.(*ast.ColumnRef); ok && int(c.Location) == off && !found {
			last := len(c.Fields) - 1
			if s, ok := c.Fields[last].(*ast.String); ok && s.Sval == old {
				if start, end, ok := identAt(sql, off, last); ok {
					p, found = patch{start, end, ruleutils.QuoteIdent(new)}, true
				}
			}
		}
		return !found
	})
	return p, found
}

func (x *exec) renameSchema(old, name string) error {
	s := x.Catalog().Schema(old)
	if s == nil {
		return stmt.NoSchema(old)
	}
	if stmt.SystemSchema(s.OID) {
		return pgerr.New(pgerr.InsufficientPrivilege, "permission denied for schema %s", old)
	}
	if err := x.MustOwnSchema(s); err != nil {
		return err
	}
	if err := x.MayCreateSchema(x.User); err != nil {
		return err
	}
	if strings.HasPrefix(name, "pg_") {
		return pgerr.New(pgerr.ReservedName, "unacceptable schema name \"%s\"", name).WithDetail("The prefix \"pg_\" is reserved for system schemas.")
	}
	if _, err := x.Claim(0, name); err != nil {
		return err
	}
	if x.Catalog().Schema(name) != nil {
		return pgerr.New(pgerr.DuplicateSchema, "schema \"%s\" already exists", name)
	}
	store, err := depend.Reprint(x.Ctx, old)
	if err != nil {
		return err
	}
	next := *s
	next.Name = name
	x.Editor.PutSchema(&next)
	return store()
}

// setSchema is ALTER … SET SCHEMA; what belongs to a table goes with it.
func (x *exec) setSchema(n *ast.AlterObjectSchemaStmt) (string, error) {
	switch n.ObjectType {
	case ast.OBJECT_TYPE, ast.OBJECT_DOMAIN:
		tag, rel, err := usertype.SetSchema(x.Ctx, n)
		if err == nil && rel != nil {
			err = x.moveRelation(rel, x.Catalog().Schema(n.Newschema).OID, rel.Name)
		}
		return tag, err
	case ast.OBJECT_FUNCTION, ast.OBJECT_PROCEDURE, ast.OBJECT_ROUTINE, ast.OBJECT_AGGREGATE:
		return routine.Change(x.Ctx, n.ObjectType, n.Object, func(f *catalog.Function) error {
			s := x.Catalog().Schema(n.Newschema)
			if s == nil {
				return stmt.NoSchema(n.Newschema)
			}
			f.Schema = s.OID
			return x.MayCreateIn(s)
		})
	case ast.OBJECT_OPERATOR:
		return "ALTER OPERATOR", operator.Change(x.Ctx, n.Object, func(o *catalog.Operator) error {
			s := x.Catalog().Schema(n.Newschema)
			if s == nil {
				return stmt.NoSchema(n.Newschema)
			}
			o.Schema = s.OID
			return x.MayCreateIn(s)
		})
	case ast.OBJECT_EXTENSION:
		return "ALTER EXTENSION", extension.SetSchema(x.Ctx, n)
	case ast.OBJECT_TABLE, ast.OBJECT_VIEW, ast.OBJECT_SEQUENCE, ast.OBJECT_MATVIEW, ast.OBJECT_FOREIGN_TABLE:
	default:
		if schemaobj.Handles(n.ObjectType) {
			return schemaobj.SetSchema(x.Ctx, n)
		}
		return "", pgerr.Unsupported("SET SCHEMA of this kind of object")
	}
	tag := alterTag(n.ObjectType)
	t, ix, err := x.openRenamed(n.Relation, n.MissingOk)
	if err != nil || t == nil {
		return tag, err
	}
	if ix != nil {
		return "", pgerr.New(pgerr.WrongObjectType, "\"%s\" is an index", n.Relation.Relname)
	}
	if n.ObjectType != ast.OBJECT_TABLE {
		if err := alterKind(n.ObjectType, t, ix, n.Relation.Relname); err != nil {
			return "", err
		}
	}
	if err := x.MustOwn(t, nil); err != nil {
		return "", err
	}
	if t.Sequence != nil && t.Sequence.OwnerTable != 0 {
		return "", pgerr.New(pgerr.FeatureNotSupported, "cannot move an owned sequence into another schema").
			WithDetail("Sequence \"%s\" is linked to table \"%s\".", t.Name, x.Catalog().Table(t.Sequence.OwnerTable).Name)
	}
	s := x.Catalog().Schema(n.Newschema)
	if s == nil {
		return "", stmt.NoSchema(n.Newschema)
	}
	if err := x.MayCreateIn(s); err != nil {
		return "", err
	}
	switch {
	case stmt.IsTempSchema(s) || t.Persistence == catalog.Temporary:
		return "", pgerr.New(pgerr.FeatureNotSupported, "cannot move objects into or out of temporary schemas")
	case stmt.SystemSchema(s.OID):
		return "", pgerr.New(pgerr.InsufficientPrivilege, "permission denied for schema %s", s.Name)
	case s.OID == t.Schema:
		return tag, nil
	}
	taken, err := x.Claim(s.OID, t.Name)
	if err != nil {
		return "", err
	}
	if taken {
		return "", pgerr.New(pgerr.DuplicateTable, "relation \"%s\" already exists in schema \"%s\"", t.Name, s.Name)
	}
	for _, ix := range t.Indexes {
		if err := x.ClaimNew(s.OID, ix.Name); err != nil {
			return "", err
		}
	}
	if err := x.moveRelation(t, s.OID, t.Name); err != nil {
		return "", err
	}
	for _, q := range depend.OwnedSequences(x.Ctx, t.OID, 0) {
		if err := x.ClaimNew(s.OID, q.Name); err != nil {
			return "", err
		}
		if err := x.moveRelation(q, s.OID, q.Name); err != nil {
			return "", err
		}
	}
	return tag, nil
}

// alterOwner is ALTER … OWNER TO of objects that are not relations.
func (x *exec) alterOwner(n *ast.AlterOwnerStmt) (string, error) {
	if n.ObjectType == ast.OBJECT_TYPE || n.ObjectType == ast.OBJECT_DOMAIN {
		return usertype.SetOwner(x.Ctx, n)
	}
	if _, _, ok := routine.Kind(n.ObjectType); ok {
		owner, _, err := x.RoleOf(n.Newowner)
		if err != nil {
			return "", err
		}
		return routine.Change(x.Ctx, n.ObjectType, n.Object, func(f *catalog.Function) error {
			f.Owner = owner
			return x.MayGiveTo(owner, x.Catalog().SchemaByOID(f.Schema))
		})
	}
	if n.ObjectType == ast.OBJECT_OPERATOR {
		owner, _, err := x.RoleOf(n.Newowner)
		if err != nil {
			return "", err
		}
		return "ALTER OPERATOR", operator.Change(x.Ctx, n.Object, func(o *catalog.Operator) error {
			o.Owner = owner
			return x.MayGiveTo(owner, x.Catalog().SchemaByOID(o.Schema))
		})
	}
	if schemaobj.Handles(n.ObjectType) {
		return schemaobj.SetOwner(x.Ctx, n)
	}
	if n.ObjectType == ast.OBJECT_EVENT_TRIGGER {
		return "ALTER EVENT TRIGGER", triggers.OwnEvent(x.Ctx, n.Object, n.Newowner)
	}
	if n.ObjectType == ast.OBJECT_FDW || n.ObjectType == ast.OBJECT_FOREIGN_SERVER {
		return x.ownServer(n)
	}
	if n.ObjectType != ast.OBJECT_SCHEMA {
		return "", pgerr.Unsupported("OWNER TO of this kind of object")
	}
	name, ok := n.Object.(*ast.String)
	if !ok {
		return "", pgerr.Internal("schema name of form %T", n.Object)
	}
	s := x.Catalog().Schema(name.Sval)
	if s == nil {
		return "", stmt.NoSchema(name.Sval)
	}
	owner, _, err := x.RoleOf(n.Newowner)
	if err != nil {
		return "", err
	}
	if err := x.MustOwnSchema(s); err != nil {
		return "", err
	}
	if err := x.MayCreateSchema(owner); err != nil {
		return "", err
	}
	next := *s
	next.ACL, next.Owner = s.ACL.NewOwner(s.Owner, owner), owner
	x.Editor.PutSchema(&next)
	return "ALTER SCHEMA", nil
}

package ddl

import (
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/ddl/usertype"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// createComposite is CREATE TYPE … AS (…): a relation without rows, as in PostgreSQL.
func (x *exec) createComposite(n *ast.CompositeTypeStmt) error {
	schema, pers, err := x.Target(n.Typevar)
	if err != nil {
		return err
	}
	name := types.TruncateName(n.Typevar.Relname)
	if err := x.ClaimNew(schema.OID, name); err != nil {
		if pgerr.Is(err, pgerr.DuplicateTable) && x.Catalog().TypeNamed(schema.OID, name) != 0 {
			return usertype.Free(x.Ctx, schema.OID, name)
		}
		return err
	}
	if err := usertype.Free(x.Ctx, schema.OID, name); err != nil {
		return err
	}
	t := x.emptyTable(schema.OID, name, pers)
	t.Kind, t.StorageID, t.NextIndexID = catalog.RelComposite, 0, 0
	for _, e := range n.Coldeflist {
		d, ok := e.(*ast.ColumnDef)
		if !ok {
			return pgerr.Internal("attribute of form %T", e)
		}
		if err := x.addAttribute(t, d); err != nil {
			return err
		}
	}
	x.Put(t)
	return nil
}

func (x *exec) addAttribute(t *catalog.Table, d *ast.ColumnDef) error {
	name := types.TruncateName(d.Colname)
	if t.ColumnByName(name) != nil {
		if x.Catalog().Table(t.OID) != nil {
			return pgerr.New(pgerr.DuplicateColumn, "column \"%s\" of relation \"%s\" already exists", name, t.Name)
		}
		return pgerr.New(pgerr.DuplicateColumn, "column \"%s\" specified more than once", name)
	}
	c, serial, err := x.column(d, int16(len(t.Columns)+1))
	if err != nil {
		return err
	}
	if serial != 0 {
		return pgerr.New(pgerr.UndefinedObject, "type \"%s\" does not exist", strings.Join(stmt.Strs(d.TypeName.Names), "."))
	}
	if direct, inside := usertype.Holds(x.Ctx, c.Type, t.RowType, 0); direct || inside {
		return pgerr.New(pgerr.InvalidTableDefinition, "composite type %s cannot be made a member of itself", t.Name)
	}
	t.Columns = append(t.Columns, c)
	return nil
}

// alterComposite is ALTER TYPE … ADD, DROP and ALTER ATTRIBUTE.
func (x *exec) alterComposite(n *ast.AlterTableStmt) (string, error) {
	names := []ast.Node{&ast.String{Sval: n.Relation.Relname}}
	if n.Relation.Schemaname != "" {
		names = append([]ast.Node{&ast.String{Sval: n.Relation.Schemaname}}, names...)
	}
	_, t, err := usertype.Open(x.Ctx, names)
	if err != nil {
		if pgerr.Is(err, pgerr.UndefinedObject) {
			return "", stmt.NoRelation(n.Relation)
		}
		return "", err
	}
	if t == nil || t.Kind != catalog.RelComposite {
		return "", pgerr.New(pgerr.WrongObjectType, "\"%s\" is not a composite type", n.Relation.Relname)
	}
	next := stmt.Edit(t)
	for _, e := range n.Cmds {
		cmd, ok := e.(*ast.AlterTableCmd)
		if !ok {
			return "", pgerr.Internal("ALTER TYPE action of form %T", e)
		}
		if err := x.alterAttribute(next, cmd); err != nil {
			return "", err
		}
	}
	x.Put(next)
	return "ALTER TYPE", nil
}

func (x *exec) alterAttribute(t *catalog.Table, cmd *ast.AlterTableCmd) error {
	// Stored values have no field for a new attribute, which is NULL then; others would not fit any more.
	if cmd.Subtype != ast.AT_AddColumn {
		if err := x.noColumnOf(t, "type"); err != nil {
			return err
		}
	}
	switch cmd.Subtype {
	case ast.AT_AddColumn:
		return x.addAttribute(t, cmd.Def.(*ast.ColumnDef))
	case ast.AT_DropColumn, ast.AT_AlterColumnType:
		c := t.ColumnByName(cmd.Name)
		if c == nil {
			if cmd.Subtype == ast.AT_DropColumn && cmd.MissingOk {
				x.Note("", "column \"%s\" of relation \"%s\" does not exist, skipping", cmd.Name, t.Name)
				return nil
			}
			return noColumn(t, cmd.Name)
		}
		if cmd.Subtype == ast.AT_DropColumn {
			c.Name, c.Dropped = depend.DroppedName(c.AttNum), true
			return nil
		}
		d := cmd.Def.(*ast.ColumnDef)
		nc, serial, err := x.column(&ast.ColumnDef{Colname: c.Name, TypeName: d.TypeName, CollClause: d.CollClause}, c.AttNum)
		if err != nil {
			return err
		}
		if serial != 0 {
			return pgerr.New(pgerr.UndefinedObject, "type \"%s\" does not exist", strings.Join(stmt.Strs(d.TypeName.Names), "."))
		}
		*c = nc
		return nil
	}
	return pgerr.Unsupported("this form of ALTER TYPE")
}

// noColumnOf refuses to change a composite type, or a table, of whose rows tables hold values: these are not rewritten.
func (x *exec) noColumnOf(t *catalog.Table, word string) (err error) {
	if t.RowType == 0 {
		return nil
	}
	x.Catalog().Tables(func(r *catalog.Table) bool {
		if catalog.BuiltIn(r.OID) || r.Kind != catalog.RelTable && r.Kind != catalog.RelMatView {
			return true
		}
		for i := range r.Columns {
			c := &r.Columns[i]
			if c.Dropped || catalog.BuiltIn(c.Type) {
				continue
			}
			if direct, inside := usertype.Holds(x.Ctx, c.Type, t.RowType, 0); direct || inside {
				uses := map[string]string{"type": "it", "table": "its row type"}[word]
				err = pgerr.New(pgerr.FeatureNotSupported, "cannot alter %s \"%s\" because column \"%s.%s\" uses %s", word, t.Name, r.Name, c.Name, uses)
			}
		}
		return err == nil
	})
	return err
}

// renameAttribute is ALTER TYPE … RENAME ATTRIBUTE.
func (x *exec) renameAttribute(n *ast.RenameStmt, name string) (string, error) {
	t, _, err := x.openRenamed(n.Relation, n.MissingOk)
	if err != nil || t == nil {
		return "ALTER TYPE", err
	}
	if t.Kind != catalog.RelComposite {
		return "", pgerr.New(pgerr.WrongObjectType, "\"%s\" is not a composite type", t.Name)
	}
	c := t.ColumnByName(n.Subname)
	if c == nil {
		return "", pgerr.New(pgerr.UndefinedColumn, "column \"%s\" does not exist", n.Subname)
	}
	if t.ColumnByName(name) != nil {
		return "", pgerr.New(pgerr.DuplicateColumn, "column \"%s\" of relation \"%s\" already exists", name, t.Name)
	}
	if depend.StoredUsers(x.Ctx, depend.RowTypeAddresses(x.Ctx, t.OID)...) {
		return "", pgerr.Unsupported("renaming an attribute of a type that stored expressions name")
	}
	next := stmt.Edit(t)
	next.Column(c.AttNum).Name = name
	x.Put(next)
	return "ALTER TYPE", nil
}

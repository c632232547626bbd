package ddl

import (
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/grants"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
)

func (x *exec) createSchema(n *ast.CreateSchemaStmt) error {
	owner, roleName, err := x.RoleOf(n.Authrole)
	if err != nil {
		return err
	}
	name := types.TruncateName(n.Schemaname)
	if name == "" {
		name = roleName
	}
	if err := x.MayCreateSchema(owner); err != nil {
		return err
	}
	if strings.HasPrefix(name, "pg_") {
		return pgerr.New(pgerr.ReservedName, "unacceptable schema name \"%s\"", name).
			WithDetail("The prefix \"pg_\" is reserved for system schemas.")
	}
	if _, err := x.Claim(0, name); err != nil {
		return err
	}
	if x.Catalog().Schema(name) != nil {
		if n.IfNotExists {
			x.Note(pgerr.DuplicateSchema, "schema \"%s\" already exists, skipping", name)
			return nil
		}
		return pgerr.New(pgerr.DuplicateSchema, "schema \"%s\" already exists", name)
	}
	x.Editor.PutSchema(&catalog.Schema{OID: x.Editor.OID(), Name: name, Owner: owner, ACL: x.NewACL(privilege.Schema, 'n', 0)})
	for _, e := range n.SchemaElts {
		if err := x.schemaElement(name, e); err != nil {
			return err
		}
	}
	return nil
}

// schemaElement runs a statement inside CREATE SCHEMA: its relation goes into the schema.
func (x *exec) schemaElement(schema string, n ast.Node) error {
	in := func(rv *ast.RangeVar) *ast.RangeVar {
		c := *rv
		if c.Schemaname == "" {
			c.Schemaname = schema
		}
		return &c
	}
	switch s := n.(type) {
	case *ast.CreateStmt:
		c := *s
		c.Relation = in(s.Relation)
		return x.createTable(&c)
	case *ast.CreateSeqStmt:
		c := *s
		c.Sequence = in(s.Sequence)
		return x.createSequence(&c)
	case *ast.ViewStmt:
		c := *s
		c.View = in(s.View)
		return x.createView(&c)
	case *ast.GrantStmt:
		_, err := grants.Grant(x.Ctx, s)
		return err
	case *ast.IndexStmt:
		c := *s
		c.Relation = in(s.Relation)
		return x.createIndex(&c)
	}
	return unsupported(n)
}

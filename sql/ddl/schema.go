package ddl

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/stmt"
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
	mark := x.Editor.Mark()
	schema := &catalog.Schema{OID: x.Editor.OID(), Name: name, Owner: owner, ACL: x.NewACL(privilege.Schema, 'n', 0)}
	x.Editor.PutSchema(schema)
	if len(n.SchemaElts) == 0 {
		return nil
	}
	elements, err := schemaElements(name, n.SchemaElts)
	if err != nil {
		return err
	}
	return x.Hooks.InSchema(schema, func(c *stmt.Ctx) error {
		c.Dropping = x.Dropping
		ran := func(tag string) {
			if x.Ran != nil {
				x.Ran(mark, tag)
				mark = x.Editor.Mark()
			}
		}
		ran("CREATE SCHEMA")
		for _, e := range elements {
			inner := &exec{Ctx: c}
			if _, err := inner.run(e); err != nil {
				return err
			}
			ran(Tag(e))
		}
		return nil
	})
}

// schemaElements are the statements inside CREATE SCHEMA in the order in which they run, each with its schema
// (transformCreateSchemaStmtElements): sequences, tables, views, indexes, triggers, grants, and those of a kind as they are written.
func schemaElements(schema string, list []ast.Node) ([]ast.Node, error) {
	kinds := make([][]ast.Node, 6)
	for _, n := range list {
		kind, err := 0, error(nil)
		in := func(rv *ast.RangeVar) *ast.RangeVar {
			c := *rv
			if c.Schemaname == "" {
				c.Schemaname = schema
			} else if c.Schemaname != schema && err == nil {
				err = pgerr.New(pgerr.InvalidSchemaDefinition, "CREATE specifies a schema (%s) different from the one being created (%s)", c.Schemaname, schema)
			}
			return &c
		}
		switch s := n.(type) {
		case *ast.CreateSeqStmt:
			c := *s
			c.Sequence = in(s.Sequence)
			n = &c
		case *ast.CreateStmt:
			c := *s
			c.Relation = in(s.Relation)
			kind, n = 1, &c
		case *ast.ViewStmt:
			c := *s
			c.View = in(s.View)
			kind, n = 2, &c
		case *ast.IndexStmt:
			c := *s
			c.Relation = in(s.Relation)
			kind, n = 3, &c
		case *ast.CreateTrigStmt:
			c := *s
			c.Relation = in(s.Relation)
			kind, n = 4, &c
		case *ast.GrantStmt:
			kind = 5
		default:
			return nil, unsupported(n)
		}
		if err != nil {
			return nil, err
		}
		kinds[kind] = append(kinds[kind], n)
	}
	return slices.Concat(kinds...), nil
}

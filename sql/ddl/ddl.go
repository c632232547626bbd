package ddl

import (
	"github.com/tarndb/tarn/sql/parser/ast"
)

// Exec runs a statement and returns its command tag. Errors: PostgreSQL's; 0A000 for what is not built.
func Exec(c *Ctx, stmt ast.Node) (tag string, err error) {
	x := &exec{Ctx: c}
	switch n := stmt.(type) {
	case *ast.CreateStmt:
		return "CREATE TABLE", x.createTable(n)
	case *ast.IndexStmt:
		x.Last = true
		return "CREATE INDEX", x.createIndex(n)
	case *ast.CreateSeqStmt:
		return "CREATE SEQUENCE", x.createSequence(n)
	case *ast.AlterSeqStmt:
		return "ALTER SEQUENCE", x.alterSequence(n)
	case *ast.CreateSchemaStmt:
		return "CREATE SCHEMA", x.createSchema(n)
	case *ast.DropStmt:
		return x.drop(n)
	case *ast.TruncateStmt:
		return "TRUNCATE TABLE", x.truncate(n)
	case *ast.AlterTableStmt:
		return x.alterTable(n)
	case *ast.ViewStmt:
		return "CREATE VIEW", x.createView(n)
	case *ast.CreateTableAsStmt:
		return x.createTableAs(n.Query, n.Into, n.Objtype, n.IfNotExists)
	case *ast.RefreshMatViewStmt:
		return "REFRESH MATERIALIZED VIEW", x.refreshMatView(n)
	case *ast.SelectStmt:
		return x.selectInto(n)
	case *ast.RenameStmt:
		return x.rename(n)
	case *ast.AlterObjectSchemaStmt:
		return x.setSchema(n)
	case *ast.AlterOwnerStmt:
		return x.alterOwner(n)
	case *ast.CommentStmt:
		return "COMMENT", x.comment(n)
	case *ast.GrantStmt:
		return x.grant(n)
	case *ast.AlterDefaultPrivilegesStmt:
		return "ALTER DEFAULT PRIVILEGES", x.defaultPrivileges(n)
	case *ast.ReassignOwnedStmt:
		return "REASSIGN OWNED", x.reassignOwned(n)
	case *ast.DropOwnedStmt:
		return "DROP OWNED", x.dropOwned(n)
	case *ast.CreateFunctionStmt:
		if n.IsProcedure {
			return "CREATE PROCEDURE", x.createFunction(n)
		}
		return "CREATE FUNCTION", x.createFunction(n)
	case *ast.AlterFunctionStmt:
		return x.alterFunction(n)
	case *ast.CreateEnumStmt:
		return "CREATE TYPE", x.createEnum(n)
	case *ast.AlterEnumStmt:
		return "ALTER TYPE", x.alterEnum(n)
	case *ast.CreateDomainStmt:
		return "CREATE DOMAIN", x.createDomain(n)
	case *ast.AlterDomainStmt:
		return "ALTER DOMAIN", x.alterDomain(n)
	case *ast.CompositeTypeStmt:
		return "CREATE TYPE", x.createComposite(n)
	case *ast.ReindexStmt:
		return "REINDEX", x.reindex(n)
	}
	return "", unsupported(stmt)
}

// exec is one statement under way.
type exec struct{ *Ctx }

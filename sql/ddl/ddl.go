package ddl

import (
	"reflect"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/extension"
	"github.com/tarndb/tarn/sql/ddl/grants"
	"github.com/tarndb/tarn/sql/ddl/operator"
	"github.com/tarndb/tarn/sql/ddl/policy"
	"github.com/tarndb/tarn/sql/ddl/routine"
	"github.com/tarndb/tarn/sql/ddl/rule"
	"github.com/tarndb/tarn/sql/ddl/schemaobj"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/ddl/triggers"
	"github.com/tarndb/tarn/sql/ddl/usertype"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
)

// exec is one statement under way.
type exec struct {
	*stmt.Ctx
	// Tables that ALTER TABLE has rewritten, in this order, and why.
	rewritten []catalog.OID
	reasons   map[catalog.OID]int32
}

// Exec runs a statement and returns its command tag. Errors: PostgreSQL's; 0A000 for what is not built.
func Exec(c *stmt.Ctx, node ast.Node) (tag string, err error) {
	own := *c // Last is this statement's
	x := &exec{Ctx: &own}
	defer func() { c.Then = own.Then }()
	if n, ok := node.(*ast.IndexStmt); ok {
		x.Last = true
		err = x.createIndex(n)
		tag = "CREATE INDEX"
	} else {
		tag, err = x.run(node)
	}
	if err == nil {
		err = x.checkLakes()
	}
	if err == nil {
		err = x.checkFiles()
	}
	return tag, err
}

func (x *exec) run(node ast.Node) (tag string, err error) {
	switch n := node.(type) {
	case *ast.CreateStmt:
		if method, ok := external(n); ok {
			return "CREATE TABLE", x.createExternal(n, method)
		}
		return "CREATE TABLE", x.createTable(n)
	case *ast.CreateForeignTableStmt:
		return "CREATE FOREIGN TABLE", x.createForeign(n)
	case *ast.CreateFdwStmt, *ast.CreateForeignServerStmt:
		return x.createServer(n)
	case *ast.IndexStmt:
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
		return grants.Grant(x.Ctx, n)
	case *ast.AlterDefaultPrivilegesStmt:
		return "ALTER DEFAULT PRIVILEGES", grants.DefaultPrivileges(x.Ctx, n)
	case *ast.ReassignOwnedStmt:
		return "REASSIGN OWNED", grants.ReassignOwned(x.Ctx, n)
	case *ast.DropOwnedStmt:
		return "DROP OWNED", grants.DropOwned(x.Ctx, n)
	case *ast.CreateFunctionStmt:
		if n.IsProcedure {
			return "CREATE PROCEDURE", routine.Create(x.Ctx, n)
		}
		return "CREATE FUNCTION", routine.Create(x.Ctx, n)
	case *ast.DefineStmt:
		return x.define(n)
	case *ast.AlterOperatorStmt:
		return "ALTER OPERATOR", operator.Alter(x.Ctx, n)
	case *ast.CreateCastStmt:
		return "CREATE CAST", operator.CreateCast(x.Ctx, n)
	case *ast.AlterFunctionStmt:
		return routine.Alter(x.Ctx, n)
	case *ast.CreateEnumStmt:
		return "CREATE TYPE", usertype.CreateEnum(x.Ctx, n)
	case *ast.AlterEnumStmt:
		return "ALTER TYPE", usertype.AlterEnum(x.Ctx, n)
	case *ast.CreateRangeStmt:
		return "CREATE TYPE", usertype.CreateRange(x.Ctx, n)
	case *ast.CreateDomainStmt:
		return "CREATE DOMAIN", usertype.CreateDomain(x.Ctx, n)
	case *ast.AlterDomainStmt:
		return "ALTER DOMAIN", usertype.AlterDomain(x.Ctx, n)
	case *ast.CompositeTypeStmt:
		return "CREATE TYPE", x.createComposite(n)
	case *ast.CreateTrigStmt:
		return "CREATE TRIGGER", triggers.Create(x.Ctx, n)
	case *ast.CreateEventTrigStmt:
		return "CREATE EVENT TRIGGER", triggers.CreateEvent(x.Ctx, n)
	case *ast.AlterEventTrigStmt:
		return "ALTER EVENT TRIGGER", triggers.AlterEvent(x.Ctx, n)
	case *ast.AlterObjectDependsStmt:
		return triggers.DependsOn(x.Ctx, n)
	case *ast.CreatePolicyStmt:
		return "CREATE POLICY", policy.Create(x.Ctx, n)
	case *ast.AlterPolicyStmt:
		return "ALTER POLICY", policy.Alter(x.Ctx, n)
	case *ast.AlterTSDictionaryStmt:
		return "ALTER TEXT SEARCH DICTIONARY", schemaobj.AlterDictionary(x.Ctx, n)
	case *ast.AlterTSConfigurationStmt:
		return "ALTER TEXT SEARCH CONFIGURATION", schemaobj.AlterConfig(x.Ctx, n)
	case *ast.AlterCollationStmt:
		return "ALTER COLLATION", schemaobj.RefreshCollation(x.Ctx, n)
	case *ast.CreateVolumeStmt:
		return "CREATE VOLUME", schemaobj.CreateVolume(x.Ctx, n)
	case *ast.CreateExtensionStmt:
		return "CREATE EXTENSION", extension.Create(x.Ctx, n)
	case *ast.AlterExtensionStmt:
		return "ALTER EXTENSION", extension.Update(x.Ctx, n)
	case *ast.AlterExtensionContentsStmt:
		return "ALTER EXTENSION", extension.Contents(x.Ctx, n)
	case *ast.RuleStmt:
		return "CREATE RULE", rule.Create(x.Ctx, n)
	case *ast.ClusterStmt:
		return "CLUSTER", x.cluster(n)
	case *ast.ReindexStmt:
		return "REINDEX", x.reindex(n)
	}
	return "", unsupported(node)
}

// define is CREATE AGGREGATE, OPERATOR, TYPE … and the like, which share a form.
func (x *exec) define(n *ast.DefineStmt) (string, error) {
	tag := "CREATE " + objectWords[n.Kind]
	switch n.Kind {
	case ast.OBJECT_AGGREGATE:
		return tag, routine.CreateAggregate(x.Ctx, n)
	case ast.OBJECT_OPERATOR:
		return tag, operator.Create(x.Ctx, n)
	case ast.OBJECT_COLLATION:
		return tag, schemaobj.CreateCollation(x.Ctx, n)
	case ast.OBJECT_TSDICTIONARY:
		return tag, schemaobj.CreateDictionary(x.Ctx, n)
	case ast.OBJECT_TSCONFIGURATION:
		return tag, schemaobj.CreateConfig(x.Ctx, n)
	}
	return "", pgerr.Unsupported(tag)
}

func unsupported(n ast.Node) error {
	name := strings.TrimSuffix(reflect.TypeOf(n).Elem().Name(), "Stmt")
	var words []string
	start := 0
	for i := 1; i <= len(name); i++ {
		if i == len(name) || name[i] >= 'A' && name[i] <= 'Z' {
			words = append(words, strings.ToUpper(name[start:i]))
			start = i
		}
	}
	return pgerr.Unsupported(strings.Join(words, " "))
}

package ddl

import (
	"github.com/tarndb/tarn/sql/parser/ast"
)

// Tag is the command tag of a statement, known before it runs: event triggers ask for it. "" for statements that Exec does not run.
func Tag(n ast.Node) string {
	switch v := n.(type) {
	case *ast.DropStmt:
		return "DROP " + objectWords[v.RemoveType]
	case *ast.AlterTableStmt:
		if v.Objtype == ast.OBJECT_TYPE {
			return "ALTER TYPE"
		}
		return alterTag(v.Objtype)
	case *ast.RenameStmt:
		switch v.RenameType {
		case ast.OBJECT_COLUMN, ast.OBJECT_ATTRIBUTE:
			return "ALTER " + objectWords[v.RelationType]
		case ast.OBJECT_TABCONSTRAINT:
			return "ALTER TABLE"
		case ast.OBJECT_DOMCONSTRAINT:
			return "ALTER DOMAIN"
		}
		return "ALTER " + objectWords[v.RenameType]
	case *ast.AlterObjectSchemaStmt:
		return "ALTER " + objectWords[v.ObjectType]
	case *ast.AlterOwnerStmt:
		return "ALTER " + objectWords[v.ObjectType]
	case *ast.AlterFunctionStmt:
		return "ALTER " + objectWords[v.Objtype]
	case *ast.AlterObjectDependsStmt:
		return "ALTER " + objectWords[v.ObjectType]
	case *ast.CreateTableAsStmt:
		if v.Objtype == ast.OBJECT_MATVIEW {
			return "CREATE MATERIALIZED VIEW"
		}
		return "CREATE TABLE AS"
	case *ast.CreateFunctionStmt:
		if v.IsProcedure {
			return "CREATE PROCEDURE"
		}
		return "CREATE FUNCTION"
	case *ast.AlterOperatorStmt:
		return "ALTER OPERATOR"
	case *ast.CreateCastStmt:
		return "CREATE CAST"
	case *ast.DefineStmt:
		return "CREATE " + objectWords[v.Kind]
	case *ast.GrantStmt:
		if global(v.Objtype) {
			return ""
		}
		if v.IsGrant {
			return "GRANT"
		}
		return "REVOKE"
	case *ast.CreateStmt:
		return "CREATE TABLE"
	case *ast.CreateForeignTableStmt:
		return "CREATE FOREIGN TABLE"
	case *ast.CreateFdwStmt:
		return "CREATE FOREIGN DATA WRAPPER"
	case *ast.CreateForeignServerStmt:
		return "CREATE SERVER"
	case *ast.IndexStmt:
		return "CREATE INDEX"
	case *ast.CreateSeqStmt:
		return "CREATE SEQUENCE"
	case *ast.AlterSeqStmt:
		return "ALTER SEQUENCE"
	case *ast.CreateSchemaStmt:
		return "CREATE SCHEMA"
	case *ast.ViewStmt:
		return "CREATE VIEW"
	case *ast.RefreshMatViewStmt:
		return "REFRESH MATERIALIZED VIEW"
	case *ast.SelectStmt:
		return "SELECT INTO"
	case *ast.CommentStmt:
		if global(v.Objtype) {
			return ""
		}
		return "COMMENT"
	case *ast.AlterDefaultPrivilegesStmt:
		return "ALTER DEFAULT PRIVILEGES"
	case *ast.DropOwnedStmt:
		return "DROP OWNED"
	case *ast.CreateVolumeStmt:
		return "CREATE VOLUME"
	case *ast.CreateEnumStmt, *ast.CompositeTypeStmt, *ast.CreateRangeStmt:
		return "CREATE TYPE"
	case *ast.AlterEnumStmt:
		return "ALTER TYPE"
	case *ast.CreateDomainStmt:
		return "CREATE DOMAIN"
	case *ast.AlterDomainStmt:
		return "ALTER DOMAIN"
	case *ast.CreateTrigStmt:
		return "CREATE TRIGGER"
	case *ast.AlterCollationStmt:
		return "ALTER COLLATION"
	case *ast.AlterTSDictionaryStmt:
		return "ALTER TEXT SEARCH DICTIONARY"
	case *ast.AlterTSConfigurationStmt:
		return "ALTER TEXT SEARCH CONFIGURATION"
	case *ast.CreateExtensionStmt:
		return "CREATE EXTENSION"
	case *ast.AlterExtensionStmt, *ast.AlterExtensionContentsStmt:
		return "ALTER EXTENSION"
	}
	return ""
}

// global reports objects that do not belong to a database, and event triggers.
func global(o ast.ObjectType) bool {
	return o == ast.OBJECT_DATABASE || o == ast.OBJECT_ROLE || o == ast.OBJECT_TABLESPACE || o == ast.OBJECT_EVENT_TRIGGER
}

var objectWords = map[ast.ObjectType]string{ast.OBJECT_TABLE: "TABLE", ast.OBJECT_VIEW: "VIEW", ast.OBJECT_MATVIEW: "MATERIALIZED VIEW", ast.OBJECT_SEQUENCE: "SEQUENCE",
	ast.OBJECT_INDEX: "INDEX", ast.OBJECT_SCHEMA: "SCHEMA", ast.OBJECT_TYPE: "TYPE", ast.OBJECT_DOMAIN: "DOMAIN", ast.OBJECT_FUNCTION: "FUNCTION",
	ast.OBJECT_PROCEDURE: "PROCEDURE", ast.OBJECT_ROUTINE: "ROUTINE", ast.OBJECT_AGGREGATE: "AGGREGATE", ast.OBJECT_TRIGGER: "TRIGGER",
	ast.OBJECT_EVENT_TRIGGER: "EVENT TRIGGER", ast.OBJECT_OPERATOR: "OPERATOR", ast.OBJECT_COLLATION: "COLLATION",
	ast.OBJECT_TSPARSER: "TEXT SEARCH PARSER", ast.OBJECT_TSDICTIONARY: "TEXT SEARCH DICTIONARY", ast.OBJECT_TSTEMPLATE: "TEXT SEARCH TEMPLATE",
	ast.OBJECT_TSCONFIGURATION: "TEXT SEARCH CONFIGURATION", ast.OBJECT_CAST: "CAST", ast.OBJECT_OPCLASS: "OPERATOR CLASS",
	ast.OBJECT_OPFAMILY: "OPERATOR FAMILY", ast.OBJECT_EXTENSION: "EXTENSION", ast.OBJECT_FOREIGN_TABLE: "FOREIGN TABLE",
	ast.OBJECT_VOLUME: "VOLUME", ast.OBJECT_FDW: "FOREIGN DATA WRAPPER", ast.OBJECT_FOREIGN_SERVER: "SERVER"}

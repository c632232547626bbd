package ddl

import (
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/ddl/usertype"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

const (
	optExternal = "external"
	optLocation = "location"
)

// external reports whether a CREATE TABLE … USING method is for an external table: one that other programs write.
func external(n *ast.CreateStmt) (method string, ok bool) {
	for _, o := range n.Options {
		if d, is := o.(*ast.DefElem); is && d.Defnamespace == "" && d.Defname == optExternal {
			on, valid := types.ParseBool(stmt.DefString(d))
			return n.AccessMethod, on || !valid || d.Arg == nil
		}
	}
	return "", false
}

// createExternal is CREATE TABLE … USING delta WITH (location = …, external = true).
func (x *exec) createExternal(n *ast.CreateStmt, method string) error {
	if method == "" {
		method = x.TableMethod
	}
	if method != methodDelta {
		return pgerr.New(pgerr.InvalidParameterValue, "an external table needs the access method delta").WithHint("Write CREATE TABLE ... USING delta.")
	}
	o, err := relOptions(n.Options)
	if err != nil {
		return err
	}
	location, _ := o.Get(optLocation)
	v, _ := o.Get(optExternal)
	if _, valid := types.ParseBool(v); !valid && v != "" {
		return pgerr.New(pgerr.InvalidParameterValue, "invalid value for boolean option \"%s\": %s", optExternal, v)
	}
	if rest := o.Without(optExternal, optLocation); len(rest) > 0 {
		return pgerr.Unsupported("option " + rest[0].Name + " of an external table")
	}
	return x.foreignTable(n, location)
}

// createForeign is CREATE FOREIGN TABLE … SERVER delta OPTIONS (location '…'): the same, as pg_dump writes it.
func (x *exec) createForeign(n *ast.CreateForeignTableStmt) error {
	if n.Servername != methodDelta {
		return pgerr.New(pgerr.UndefinedObject, "server \"%s\" does not exist", n.Servername)
	}
	location := ""
	for _, o := range n.Options {
		d, ok := o.(*ast.DefElem)
		if !ok || d.Defname != optLocation {
			return pgerr.New(pgerr.FDWInvalidOptionName, "invalid option \"%s\"", d.Defname).WithHint("Valid options in this context are: location")
		}
		location = stmt.DefString(d)
	}
	return x.foreignTable(n.BaseStmt, location)
}

// createServer is CREATE FOREIGN DATA WRAPPER and CREATE SERVER, of which delta is always there.
func (x *exec) createServer(n ast.Node) (string, error) {
	tag, name, plain := "CREATE FOREIGN DATA WRAPPER", "", false
	what := "foreign-data wrapper"
	switch n := n.(type) {
	case *ast.CreateFdwStmt:
		name, plain = n.Fdwname, len(n.FuncOptions) == 0 && len(n.Options) == 0
	case *ast.CreateForeignServerStmt:
		tag, what = "CREATE SERVER", "server"
		name, plain = n.Servername, n.Fdwname == methodDelta && len(n.Options) == 0
	}
	if name != methodDelta || !plain {
		return "", pgerr.Unsupported(tag)
	}
	x.Note(pgerr.DuplicateObject, "%s \"%s\" already exists, skipping", what, name)
	return tag, nil
}

// ownServer is ALTER FOREIGN DATA WRAPPER | SERVER … OWNER TO: the server delta is the superuser's.
func (x *exec) ownServer(n *ast.AlterOwnerStmt) (string, error) {
	owner, _, err := x.RoleOf(n.Newowner)
	if err != nil {
		return "", err
	}
	if name, ok := n.Object.(*ast.String); !ok || name.Sval != methodDelta || owner != catalog.SuperuserOID {
		return "", pgerr.Unsupported("OWNER TO of this kind of object")
	}
	return Tag(n), nil
}

// foreignTable makes an external table. Its columns are those that the statement lists, of which each must be in the Delta table, or
// else all that the Delta table has.
func (x *exec) foreignTable(n *ast.CreateStmt, location string) error {
	if location == "" {
		return pgerr.New(pgerr.FDWOptionNameNotFound, "an external table needs the option \"%s\"", optLocation)
	}
	switch {
	case x.External == nil:
		return pgerr.Unsupported("an external table")
	case n.Partspec != nil || n.Partbound != nil:
		return pgerr.Unsupported("an external table that is partitioned or a partition")
	case len(n.InhRelations) > 0 || n.OfTypename != nil:
		return pgerr.Unsupported("an external table of a type or with parents")
	case n.Relation.Relpersistence == "t" || n.Relation.Relpersistence == "u":
		return pgerr.Unsupported("a temporary or unlogged external table")
	}
	schema, pers, err := x.Target(n.Relation)
	if err != nil {
		return x.at(pgerr.From(err), n.Relation.Location)
	}
	if pers != catalog.Permanent {
		return pgerr.Unsupported("a temporary or unlogged external table")
	}
	name := types.TruncateName(n.Relation.Relname)
	if exists, err := x.ClaimUnless(schema.OID, name, n.IfNotExists); err != nil || exists {
		return err
	}
	if err := usertype.RowFree(x.Ctx, schema.OID, name); err != nil {
		return err
	}
	has, err := x.External(location)
	if err != nil {
		return err
	}
	nt := &newTable{schema: schema, t: x.emptyTable(schema.OID, name, pers)}
	nt.t.Kind, nt.t.StorageID = catalog.RelForeign, 0
	nt.t.Options = catalog.RelOptions{{Name: optLocation, Value: location}}
	if err := x.foreignColumns(nt, n, has); err != nil {
		return err
	}
	return x.finishTable(nt)
}

func (x *exec) foreignColumns(nt *newTable, n *ast.CreateStmt, has []types.Attr) error {
	for _, e := range n.TableElts {
		d, ok := e.(*ast.ColumnDef)
		if !ok || len(d.Constraints) > 0 || d.RawDefault != nil || d.Identity != "" || d.Generated != "" {
			return pgerr.Unsupported("a constraint or default of an external table")
		}
		if err := x.addColumn(nt, d); err != nil {
			return err
		}
		if !hasColumn(has, d.Colname) {
			return pgerr.New(pgerr.FDWColumnNameNotFound, "the Delta table has no column \"%s\"", d.Colname)
		}
	}
	if len(n.Constraints) > 0 || len(nt.seqs) > 0 {
		return pgerr.Unsupported("a constraint of an external table")
	}
	if n.TableElts != nil {
		return nil
	}
	for i, a := range has {
		if nt.t.ColumnByName(a.Name) != nil {
			return pgerr.New(pgerr.DuplicateColumn, "column \"%s\" specified more than once", a.Name)
		}
		if systemColumn(a.Name) {
			return pgerr.New(pgerr.DuplicateColumn, "column name \"%s\" conflicts with a system column name", a.Name)
		}
		typ := x.Env.Type(a.Type)
		nt.t.Columns = append(nt.t.Columns, catalog.Column{AttNum: int16(i + 1), Name: a.Name, Type: a.Type, TypMod: a.Mod, Collation: typ.Collation, Kind: typ.Kind})
	}
	return nil
}

func hasColumn(cols []types.Attr, name string) bool {
	for _, c := range cols {
		if strings.EqualFold(c.Name, name) {
			return true
		}
	}
	return false
}

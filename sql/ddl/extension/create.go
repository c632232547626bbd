package extension

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/ruleutils"
)

// options of CREATE EXTENSION.
type options struct{ schema, version string }

// redundant is the error for an option that stands twice.
func redundant(x *stmt.Ctx, d *ast.DefElem) error {
	return pgerr.New(pgerr.SyntaxError, "conflicting or redundant options").WithPosition(x.Position(d.Location))
}

func createOptions(x *stmt.Ctx, list []ast.Node) (o options, err error) {
	seen := map[string]bool{}
	for _, n := range list {
		d, ok := n.(*ast.DefElem)
		if !ok {
			return o, pgerr.Internal("option of form %T", n)
		}
		if seen[d.Defname] {
			return o, redundant(x, d)
		}
		seen[d.Defname] = true
		s, _ := d.Arg.(*ast.String)
		switch {
		case d.Defname == "schema" && s != nil:
			o.schema = s.Sval
		case d.Defname == "new_version" && s != nil:
			o.version = s.Sval
			if err := validVersion(s.Sval); err != nil {
				return o, err
			}
		case d.Defname == "cascade": // no extension needs another one
		default:
			return o, pgerr.Internal("unrecognized option: %s", d.Defname)
		}
	}
	return o, nil
}

// Create is CREATE EXTENSION.
func Create(x *stmt.Ctx, n *ast.CreateExtensionStmt) error {
	if err := validName(n.Extname); err != nil {
		return err
	}
	if _, err := x.Claim(0, "extension "+n.Extname); err != nil {
		return err
	}
	if x.Catalog().Extension(n.Extname) != nil {
		if n.IfNotExists {
			x.Note(pgerr.DuplicateObject, "extension \"%s\" already exists, skipping", n.Extname)
			return nil
		}
		return pgerr.New(pgerr.DuplicateObject, "extension \"%s\" already exists", n.Extname)
	}
	o, err := createOptions(x, n.Options)
	if err != nil {
		return err
	}
	control := pgdata.ExtensionNamed(n.Extname)
	if control == nil {
		return unavailable(n.Extname)
	}
	if o.version != "" && o.version != control.Version {
		return pgerr.New(pgerr.InvalidParameterValue, "extension \"%s\" has no installation script nor update path for version \"%s\"", control.Name, o.version)
	}
	if err := mayCreate(x, control); err != nil {
		return err
	}
	schema, err := schemaFor(x, control, o.schema)
	if err != nil {
		return err
	}
	e := &catalog.Extension{Version: control.Version, Header: catalog.Header{OID: x.Editor.OID(), Schema: schema.OID, Name: control.Name, Owner: x.User,
		Comment: control.Comment}}
	return put(x, e)
}

// put puts an extension into its schema, where the names of its objects must be free.
func put(x *stmt.Ctx, e *catalog.Extension) error {
	relations := e.Relations(ruleutils.QuoteIdent(x.Catalog().SchemaByOID(e.Schema).Name))
	if err := free(x, e, relations); err != nil {
		return err
	}
	x.Editor.Put(e)
	for _, t := range relations {
		x.Put(t)
	}
	return nil
}

// free refuses names that are taken by what does not belong to the extension.
func free(x *stmt.Ctx, e *catalog.Extension, relations []*catalog.Table) (err error) {
	cat := x.Catalog()
	own := func(a catalog.Address) bool {
		o := cat.ExtensionOf(a)
		return o != nil && o.OID == e.OID
	}
	e.EachMember(func(o catalog.Object) {
		if err != nil {
			return
		}
		switch m := o.(type) {
		case *catalog.Function:
			for _, f := range cat.FunctionsNamed(e.Schema, m.Name) {
				if slices.Equal(f.Proc.ArgTypes, m.Proc.ArgTypes) && !own(catalog.AddressOf(f)) {
					err = pgerr.New(pgerr.DuplicateFunction, "function \"%s\" already exists with same argument types", m.Name)
				}
			}
		case *catalog.Type:
			if oid := cat.TypeNamed(e.Schema, m.Name); oid != 0 && !own(catalog.AddressOf(m)) {
				err = pgerr.New(pgerr.DuplicateObject, "type \"%s\" already exists", m.Name)
			}
		}
	})
	if err != nil {
		return err
	}
	for _, t := range relations {
		if have, _ := cat.Relation(e.Schema, t.Name); have != nil && have.OID != t.OID {
			return stmt.RelationExists(t.Name)
		}
	}
	return nil
}

// schemaFor is the schema that is named, the only one that the extension can be in, or the one that is created in.
func schemaFor(x *stmt.Ctx, control *pgdata.Extension, named string) (*catalog.Schema, error) {
	switch {
	case control.Schema != "" && named != "" && named != control.Schema:
		return nil, pgerr.New(pgerr.FeatureNotSupported, "extension \"%s\" must be installed in schema \"%s\"", control.Name, control.Schema)
	case control.Schema != "":
		return x.Catalog().Schema(control.Schema), nil
	case named == "pg_temp":
		return nil, pgerr.Unsupported("an extension in a temporary schema")
	case named != "":
		s := x.Catalog().Schema(named)
		if s == nil {
			return nil, stmt.NoSchema(named)
		}
		if stmt.IsTempSchema(s) {
			return nil, pgerr.Unsupported("an extension in a temporary schema")
		}
		return s, nil
	}
	for _, oid := range x.SearchPath() {
		if s := x.Catalog().SchemaByOID(oid); s != nil {
			return s, nil
		}
	}
	return nil, pgerr.New(pgerr.UndefinedSchema, "no schema has been selected to create in")
}

// mayCreate: extensions are superusers', trusted ones whoever may create in the database.
func mayCreate(x *stmt.Ctx, control *pgdata.Extension) error {
	if x.Super() || !control.Superuser {
		return nil
	}
	if control.Trusted && (x.DatabasePrivileges == nil || x.DatabasePrivileges(x.User, privilege.Create) != 0) {
		return nil
	}
	e := stmt.Denied("permission denied to create extension \"%s\"", control.Name).(*pgerr.Error)
	if control.Trusted {
		return e.WithHint("Must have CREATE privilege on current database to create this extension.")
	}
	return e.WithHint("Must be superuser to create this extension.")
}

// unavailable is the answer to a name that is no extension's: it lists those that there are.
func unavailable(name string) error {
	var names []string
	for _, x := range pgdata.Extensions() {
		names = append(names, x.Name)
	}
	return pgerr.New(pgerr.FeatureNotSupported, "extension \"%s\" is not available", name).
		WithDetail("Extensions are part of the server. These can be created: %s.", strings.Join(names, ", ")).
		WithHint("Leave out what the extension does, or use one of those that are available.")
}

// validName is check_valid_extension_name.
func validName(name string) error {
	bad := func(detail string) error {
		return pgerr.New(pgerr.InvalidParameterValue, "invalid extension name: \"%s\"", name).WithDetail("%s", detail)
	}
	switch {
	case name == "":
		return bad("Extension names must not be empty.")
	case strings.Contains(name, "--"):
		return bad("Extension names must not contain \"--\".")
	case name[0] == '-' || name[len(name)-1] == '-':
		return bad("Extension names must not begin or end with \"-\".")
	case strings.ContainsAny(name, "/\\"):
		return bad("Extension names must not contain directory separator characters.")
	}
	return nil
}

// validVersion is check_valid_version_name.
func validVersion(v string) error {
	bad := func(detail string) error {
		return pgerr.New(pgerr.InvalidParameterValue, "invalid extension version name: \"%s\"", v).WithDetail("%s", detail)
	}
	switch {
	case v == "":
		return bad("Version names must not be empty.")
	case strings.Contains(v, "--"):
		return bad("Version names must not contain \"--\".")
	case v[0] == '-' || v[len(v)-1] == '-':
		return bad("Version names must not begin or end with \"-\".")
	case strings.ContainsAny(v, "/\\"):
		return bad("Version names must not contain directory separator characters.")
	}
	return nil
}

package extension

import (
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
)

// owned finds an extension that a statement changes, and keeps others from changing it. Errors: 42704, 42501.
func owned(x *stmt.Ctx, name string) (*catalog.Extension, error) {
	if _, err := x.Claim(0, "extension "+name); err != nil {
		return nil, err
	}
	e := x.Catalog().Extension(name)
	switch {
	case e == nil:
		return nil, missing(name)
	case !x.Super() && !x.Roles.HasPrivsOf(x.User, e.Owner):
		return nil, stmt.Denied("must be owner of extension %s", name)
	}
	return e, nil
}

func missing(name string) error {
	return pgerr.New(pgerr.UndefinedObject, "extension \"%s\" does not exist", name)
}

// Update is ALTER EXTENSION … UPDATE. There is one version of each extension: a database that was left by another program has an
// older one.
func Update(x *stmt.Ctx, n *ast.AlterExtensionStmt) error {
	e, err := owned(x, n.Extname)
	if err != nil {
		return err
	}
	control := e.Control()
	if control == nil {
		return unavailable(e.Name)
	}
	to := control.Version
	for i, o := range n.Options {
		d, ok := o.(*ast.DefElem)
		if !ok || d.Defname != "new_version" {
			return pgerr.Internal("option of form %T", o)
		}
		if i > 0 {
			return redundant(x, d)
		}
		to = d.Arg.(*ast.String).Sval
		if err := validVersion(to); err != nil {
			return err
		}
	}
	switch to {
	case e.Version:
		x.Note("", "version \"%s\" of extension \"%s\" is already installed", to, e.Name)
		return nil
	case control.Version:
		next := *e
		next.Version = to
		return put(x, &next)
	}
	return pgerr.New(pgerr.InvalidParameterValue, "extension \"%s\" has no update path from version \"%s\" to version \"%s\"", e.Name, e.Version, to)
}

// Contents is ALTER EXTENSION … ADD and DROP: what belongs to an extension is part of the server.
func Contents(x *stmt.Ctx, n *ast.AlterExtensionContentsStmt) error {
	if _, err := owned(x, n.Extname); err != nil {
		return err
	}
	if n.Action < 0 {
		return pgerr.Unsupported("ALTER EXTENSION … DROP")
	}
	return pgerr.Unsupported("ALTER EXTENSION … ADD")
}

// SetSchema is ALTER EXTENSION … SET SCHEMA.
func SetSchema(x *stmt.Ctx, n *ast.AlterObjectSchemaStmt) error {
	name := stmt.Name(n.Object)
	e, err := owned(x, name)
	if err != nil {
		return err
	}
	schema := x.Catalog().Schema(n.Newschema)
	if schema == nil {
		return stmt.NoSchema(n.Newschema)
	}
	if err := x.MayCreateIn(schema); err != nil {
		return err
	}
	if control := e.Control(); control == nil || !control.Relocatable {
		return pgerr.New(pgerr.FeatureNotSupported, "extension \"%s\" does not support SET SCHEMA", name)
	}
	if stmt.IsTempSchema(schema) {
		return pgerr.New(pgerr.FeatureNotSupported, "cannot move objects into or out of temporary schemas")
	}
	if schema.OID == e.Schema {
		return nil
	}
	if named(x, e) {
		return pgerr.Unsupported("moving an extension whose types, functions or operators stored expressions name")
	}
	next := *e
	next.Schema = schema.OID
	if err := put(x, &next); err != nil {
		return err
	}
	next.EachMember(func(o catalog.Object) {
		if own := x.Catalog().Object(o.Kind(), o.Head().OID); own != nil && !catalog.Derived(own) {
			x.Editor.Put(moved(own, schema.OID))
		}
	})
	return nil
}

// moved is a descriptor of its own, in another schema.
func moved(o catalog.Object, schema catalog.OID) catalog.Object {
	switch v := o.(type) {
	case *catalog.Function:
		next := *v
		next.Schema, next.Proc.Namespace = schema, schema
		return &next
	case *catalog.Type:
		next := *v
		next.Schema = schema
		return &next
	case *catalog.Operator:
		next := *v
		next.Schema, next.Op.Namespace = schema, schema
		return &next
	case *catalog.TSDictionary:
		next := *v
		next.Schema = schema
		return &next
	}
	return o
}

// named reports whether stored SQL outside of the extension names its types, functions, operators or relations.
func named(x *stmt.Ctx, e *catalog.Extension) (found bool) {
	e.EachMember(func(o catalog.Object) {
		if k := o.Kind(); k == catalog.KindType || k == catalog.KindFunction || k == catalog.KindOperator {
			found = found || depend.StoredUsers(x, depend.Addresses(x, catalog.AddressOf(o))...)
		}
	})
	var own []catalog.OID
	for _, t := range e.Relations("") {
		own = append(own, t.OID)
	}
	x.Catalog().Tables(func(r *catalog.Table) bool {
		if slices.Contains(own, r.OID) || catalog.BuiltIn(r.OID) {
			return !found
		}
		for _, oid := range own {
			if t := x.Catalog().Table(oid); t != nil && r.HasQuery() && depend.ViewUses(x, r, t) {
				found = true
			}
		}
		return !found
	})
	return found
}

// Comment is COMMENT ON EXTENSION.
func Comment(x *stmt.Ctx, object ast.Node, text string) error {
	e, err := owned(x, stmt.Name(object))
	if err != nil {
		return err
	}
	next := *e
	next.Comment = text
	x.Editor.Put(&next)
	return nil
}

// Drop is DROP EXTENSION.
func Drop(x *stmt.Ctx, n *ast.DropStmt) error {
	var list []catalog.Address
	for _, o := range n.Objects {
		name := stmt.Name(o)
		if n.MissingOk && x.Catalog().Extension(name) == nil {
			x.Note("", "extension \"%s\" does not exist, skipping", name)
			continue
		}
		e, err := owned(x, name)
		if err != nil {
			return err
		}
		if catalog.BuiltIn(e.OID) {
			return pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop extension %s because it is required by the database system", name)
		}
		if a := catalog.AddressOf(e); !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	return depend.Drop(x, list, n.Behavior == ast.DROP_CASCADE)
}

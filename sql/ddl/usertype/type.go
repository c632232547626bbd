package usertype

import (
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

// newType places a type and makes sure that its name is free.
func newType(x *stmt.Ctx, names []ast.Node) (*catalog.Schema, string, error) {
	schema, name, err := x.Place(names)
	if err != nil {
		return nil, "", err
	}
	if _, err := x.Claim(schema.OID, name); err != nil {
		return nil, "", err
	}
	return schema, name, Free(x, schema.OID, name)
}

// RowFree is typeFree for a new relation, whose row type has its name.
func RowFree(x *stmt.Ctx, schema catalog.OID, name string) error {
	if x.Catalog().TypeNamed(schema, name) != 0 {
		return pgerr.New(pgerr.DuplicateObject, "type \"%s\" already exists", name).
			WithHint("A relation has an associated type of the same name, so you must use a name that doesn't conflict with any existing type.")
	}
	return nil
}

// Free refuses a name that a type of the schema has (42710).
func Free(x *stmt.Ctx, schema catalog.OID, name string) error {
	if x.Catalog().TypeNamed(schema, name) != 0 {
		return pgerr.New(pgerr.DuplicateObject, "type \"%s\" already exists", name)
	}
	return nil
}

// Open finds and locks the type of users that a statement names. Exactly one of t and rel is given: rel for row types.
func Open(x *stmt.Ctx, names []ast.Node) (t *catalog.Type, rel *catalog.Table, err error) {
	return openTypeName(x, &ast.TypeName{Names: names, Location: -1})
}

func openTypeName(x *stmt.Ctx, n *ast.TypeName) (t *catalog.Type, rel *catalog.Table, err error) {
	if t, rel, err = findType(x, n); err != nil {
		return nil, nil, err
	}
	return t, rel, mustOwn(x, t, rel)
}

func mustOwn(x *stmt.Ctx, t *catalog.Type, rel *catalog.Table) error {
	if t != nil {
		return x.MustOwnObject(&t.Header, "type "+x.TypeText(t.OID))
	}
	return mustOwnRow(x, rel)
}

func mustOwnRow(x *stmt.Ctx, rel *catalog.Table) error {
	if x.MustOwn(rel, nil) != nil {
		return stmt.Denied("must be owner of type %s", x.TypeText(rel.RowType))
	}
	return nil
}

// findType finds and locks a type.
func findType(x *stmt.Ctx, n *ast.TypeName) (t *catalog.Type, rel *catalog.Table, err error) {
	c := *n
	c.Location = -1
	found, err := bind.TypeName(x.Bind(), &c)
	if err != nil {
		return nil, nil, err
	}
	if t = x.Catalog().Type(found.OID); t != nil {
		if err := x.LockTable(t.OID, lock.AccessExclusive); err != nil {
			return nil, nil, err
		}
		if t = x.Catalog().Type(found.OID); t != nil && t.OID == found.OID {
			return t, nil, nil
		}
		if t != nil {
			return nil, nil, pgerr.New(pgerr.WrongObjectType, "%s is not a base type", x.TypeText(found.OID))
		}
		return nil, nil, pgerr.New(pgerr.UndefinedObject, "type \"%s\" does not exist", strings.Join(stmt.Strs(n.Names), "."))
	}
	if rel = x.Catalog().RowTypeOf(found.OID); rel != nil && rel.RowType == found.OID && !catalog.BuiltIn(rel.OID) {
		rel, err = x.Reopen(rel.OID, lock.AccessExclusive)
		return nil, rel, err
	}
	return nil, nil, pgerr.New(pgerr.InsufficientPrivilege, "must be owner of type %s", x.TypeText(found.OID))
}

// Drop is DROP TYPE and DROP DOMAIN.
func Drop(x *stmt.Ctx, n *ast.DropStmt) (string, error) {
	tag := "DROP TYPE"
	if n.RemoveType == ast.OBJECT_DOMAIN {
		tag = "DROP DOMAIN"
	}
	var list []catalog.Address
	for _, o := range n.Objects {
		tn, ok := o.(*ast.TypeName)
		if !ok {
			return "", pgerr.Internal("type name of form %T", o)
		}
		found, err := bind.TypeName(x.Bind(), &ast.TypeName{Names: tn.Names, ArrayBounds: tn.ArrayBounds, Location: -1})
		if err != nil {
			if n.MissingOk && pgerr.Is(err, pgerr.InvalidSchemaName) {
				x.Note("", "schema \"%s\" does not exist, skipping", stmt.Strs(tn.Names)[0])
				continue
			}
			if n.MissingOk && pgerr.Is(err, pgerr.UndefinedObject) {
				x.Note("", "type \"%s\" does not exist, skipping", strings.Join(stmt.Strs(tn.Names), "."))
				continue
			}
			return "", err
		}
		y := x.Env.Type(found.OID)
		if n.RemoveType == ast.OBJECT_DOMAIN && (y == nil || y.TypType != types.TypeDomain) {
			return "", pgerr.New(pgerr.WrongObjectType, "%s is not a domain", quoted(x.TypeText(found.OID)))
		}
		if y != nil && y.IsArray() && !catalog.BuiltIn(found.OID) {
			elem := x.TypeText(y.Elem)
			return "", pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop type %s[] because type %s requires it", elem, elem).
				WithHint("You can drop type %s instead.", elem)
		}
		t, rel, err := findType(x, tn)
		switch {
		case err != nil:
			return "", err
		case rel != nil && rel.Kind == catalog.RelComposite:
			if x.MayDrop(rel, nil) != nil {
				return "", mustOwnRow(x, rel)
			}
			list = append(list, catalog.Address{Kind: catalog.KindRelation, OID: rel.OID})
		case rel != nil:
			what := stmt.KindWord(rel.Kind) + " " + x.RelationText(rel)
			return "", pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop type %s because %s requires it", x.TypeText(rel.RowType), what).
				WithHint("You can drop %s instead.", what)
		default:
			if err := x.MayDropObject(&t.Header, "type "+x.TypeText(t.OID)); err != nil {
				return "", err
			}
			if err := depend.NotPart(x, t); err != nil {
				return "", err
			}
			list = append(list, catalog.AddressOf(t))
		}
	}
	return tag, depend.Drop(x, list, n.Behavior == ast.DROP_CASCADE)
}

func quoted(s string) string { return `"` + strings.Trim(s, `"`) + `"` }

// changeType is RENAME TO, SET SCHEMA and OWNER TO of a type of the general store.
func changeType(x *stmt.Ctx, t *catalog.Type, schema catalog.OID, name string, owner catalog.OID) error {
	store := func() error { return nil }
	if schema != t.Schema || name != t.Name {
		var err error
		if store, err = depend.Reprint(x, t.Name); err != nil {
			return err
		}
		if _, err := x.Claim(schema, name); err != nil {
			return err
		}
		if err := Free(x, schema, name); err != nil {
			if schema != t.Schema {
				return pgerr.New(pgerr.DuplicateObject, "type \"%s\" already exists in schema \"%s\"", name, x.Catalog().SchemaByOID(schema).Name)
			}
			return err
		}
	}
	next := *t
	next.Schema, next.Name, next.Owner = schema, name, owner
	x.Editor.Put(&next)
	return store()
}

// Rename is ALTER TYPE or DOMAIN … RENAME TO. A composite type is a relation: rel is what the caller has to rename then.
func Rename(x *stmt.Ctx, n *ast.RenameStmt, name string) (tag string, rel *catalog.Table, err error) {
	l, ok := n.Object.(*ast.List)
	if !ok {
		return "", nil, pgerr.Internal("type name of form %T", n.Object)
	}
	t, rel, err := Open(x, l.Items)
	if err != nil {
		return "", nil, err
	}
	tag = "ALTER TYPE"
	if n.RenameType == ast.OBJECT_DOMAIN {
		tag = "ALTER DOMAIN"
		if t == nil || t.Form != types.TypeDomain {
			return "", nil, pgerr.New(pgerr.WrongObjectType, "%s is not a domain", quoted(strings.Join(stmt.Strs(l.Items), ".")))
		}
	}
	if rel != nil {
		if rel.Kind != catalog.RelComposite {
			return "", nil, pgerr.New(pgerr.WrongObjectType, "%s is a table's row type", x.TypeText(rel.RowType)).WithHint("Use ALTER TABLE instead.")
		}
		if err := Free(x, rel.Schema, name); err != nil {
			return "", nil, err
		}
		if err := x.ClaimNew(rel.Schema, name); err != nil {
			return "", nil, err
		}
		return tag, rel, nil
	}
	return tag, nil, changeType(x, t, t.Schema, name, t.Owner)
}

// SetSchema is ALTER TYPE or DOMAIN … SET SCHEMA. A composite type is a relation: rel is what the caller has to move then.
func SetSchema(x *stmt.Ctx, n *ast.AlterObjectSchemaStmt) (tag string, rel *catalog.Table, err error) {
	l, ok := n.Object.(*ast.List)
	if !ok {
		return "", nil, pgerr.Internal("type name of form %T", n.Object)
	}
	tag = "ALTER TYPE"
	if n.ObjectType == ast.OBJECT_DOMAIN {
		tag = "ALTER DOMAIN"
	}
	t, rel, err := findType(x, &ast.TypeName{Names: l.Items, Location: -1})
	if err != nil {
		return "", nil, err
	}
	s := x.Catalog().Schema(n.Newschema)
	if s == nil {
		return "", nil, stmt.NoSchema(n.Newschema)
	}
	if err := x.MayCreateIn(s); err != nil {
		return "", nil, err
	}
	if err := mustOwn(x, t, rel); err != nil {
		return "", nil, err
	}
	if rel != nil {
		if rel.Kind != catalog.RelComposite {
			return "", nil, pgerr.New(pgerr.WrongObjectType, "%s is a table's row type", x.TypeText(rel.RowType)).WithHint("Use ALTER TABLE instead.")
		}
		if err := x.ClaimNew(s.OID, rel.Name); err != nil {
			return "", nil, err
		}
		return tag, rel, nil
	}
	if s.OID == t.Schema {
		return tag, nil, nil
	}
	return tag, nil, changeType(x, t, s.OID, t.Name, t.Owner)
}

// SetOwner is ALTER TYPE or DOMAIN … OWNER TO.
func SetOwner(x *stmt.Ctx, n *ast.AlterOwnerStmt) (string, error) {
	l, ok := n.Object.(*ast.List)
	if !ok {
		return "", pgerr.Internal("type name of form %T", n.Object)
	}
	tag := "ALTER TYPE"
	if n.ObjectType == ast.OBJECT_DOMAIN {
		tag = "ALTER DOMAIN"
	}
	owner, _, err := x.RoleOf(n.Newowner)
	if err != nil {
		return "", err
	}
	t, rel, err := Open(x, l.Items)
	if err != nil {
		return "", err
	}
	schema := catalog.OID(0)
	if rel != nil {
		schema = rel.Schema
	} else {
		schema = t.Schema
	}
	if err := x.MayGiveTo(owner, x.Catalog().SchemaByOID(schema)); err != nil {
		return "", err
	}
	if rel != nil {
		next := stmt.Edit(rel)
		next.Owner = owner
		x.Put(next)
		return tag, nil
	}
	return tag, changeType(x, t, t.Schema, t.Name, owner)
}

// Comment is COMMENT ON TYPE and DOMAIN.
func Comment(x *stmt.Ctx, tn *ast.TypeName, text string) error {
	t, rel, err := openTypeName(x, tn)
	if err != nil {
		return err
	}
	if rel != nil {
		next := stmt.Edit(rel)
		next.Comment = text
		x.Put(next)
		return nil
	}
	next := *t
	next.Comment = text
	x.Editor.Put(&next)
	return nil
}

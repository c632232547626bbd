package ddl

import (
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

// typeAddresses are a type's own address and those of its array and multirange: columns of these types depend on it.
func (x *exec) typeAddresses(o catalog.Address) []catalog.Address {
	out := []catalog.Address{o}
	if t := x.Catalog().Type(o.OID); t != nil && t.OID == o.OID {
		for _, oid := range t.TypeOIDs() {
			out = append(out, catalog.Address{Kind: catalog.KindType, OID: oid})
		}
	}
	return out
}

// rowTypeAddresses are those of a relation's row type and its array.
func (x *exec) rowTypeAddresses(rel catalog.OID) []catalog.Address {
	t := x.Catalog().Table(rel)
	if t == nil || t.RowType == 0 || t.Kind == catalog.RelSequence {
		return nil
	}
	return []catalog.Address{{Kind: catalog.KindType, OID: t.RowType}, {Kind: catalog.KindType, OID: t.RowType + 1}}
}

func (x *exec) describeType(o catalog.Address) string { return "type " + x.typeText(o.OID) }

func (x *exec) typeText(oid catalog.OID) string { return types.FormatType(oid, -1, x.Env) }

func (x *exec) removeType(o catalog.Address) error {
	if err := x.lockTable(o.OID, lock.AccessExclusive); err != nil {
		return err
	}
	x.Editor.Drop(o)
	return nil
}

// typeDep is a dependency on a type; nothing for built-in ones.
func typeDep(list []catalog.Dep, oid catalog.OID) []catalog.Dep {
	if oid < catalog.FirstNormalOID {
		return list
	}
	return append(list, catalog.Dep{On: catalog.Address{Kind: catalog.KindType, OID: oid}, Type: catalog.DepNormal})
}

// place is where a new object of the general store goes: its qualified name's schema, or the first of search_path.
func (x *exec) place(names []ast.Node) (*catalog.Schema, string, error) {
	rv, err := rangeVar(&ast.List{Items: names})
	if err != nil {
		return nil, "", err
	}
	name := types.TruncateName(rv.Relname)
	var schema *catalog.Schema
	switch {
	case rv.Schemaname == "pg_temp":
		schema = x.Catalog().SchemaByOID(x.TempSchema())
	case rv.Schemaname != "":
		if schema = x.Catalog().Schema(rv.Schemaname); schema == nil {
			return nil, "", noSchema(rv.Schemaname)
		}
	default:
		if path := x.SearchPath(); len(path) > 0 {
			schema = x.Catalog().SchemaByOID(path[0])
		}
	}
	if schema == nil {
		return nil, "", pgerr.New(pgerr.UndefinedSchema, "no schema has been selected to create in")
	}
	if systemSchema(schema.OID) {
		return nil, "", pgerr.New(pgerr.InsufficientPrivilege, "permission denied for schema %s", schema.Name)
	}
	return schema, name, nil
}

// newType places a type and makes sure that its name is free.
func (x *exec) newType(names []ast.Node) (*catalog.Schema, string, error) {
	schema, name, err := x.place(names)
	if err != nil {
		return nil, "", err
	}
	if _, err := x.claim(schema.OID, name); err != nil {
		return nil, "", err
	}
	return schema, name, x.typeFree(schema.OID, name)
}

// rowTypeFree is typeFree for a new relation, whose row type has its name.
func (x *exec) rowTypeFree(schema catalog.OID, name string) error {
	if x.Catalog().TypeNamed(schema, name) != 0 {
		return pgerr.New(pgerr.DuplicateObject, "type \"%s\" already exists", name).
			WithHint("A relation has an associated type of the same name, so you must use a name that doesn't conflict with any existing type.")
	}
	return nil
}

func (x *exec) typeFree(schema catalog.OID, name string) error {
	if x.Catalog().TypeNamed(schema, name) != 0 {
		return pgerr.New(pgerr.DuplicateObject, "type \"%s\" already exists", name)
	}
	return nil
}

// openType finds and locks the type of users that a statement names. Exactly one of t and rel is given: rel for row types.
func (x *exec) openType(names []ast.Node) (t *catalog.Type, rel *catalog.Table, err error) {
	return x.openTypeName(&ast.TypeName{Names: names, Location: -1})
}

func (x *exec) openTypeName(n *ast.TypeName) (t *catalog.Type, rel *catalog.Table, err error) {
	c := *n
	c.Location = -1
	found, err := bind.TypeName(x.Bind(), &c)
	if err != nil {
		return nil, nil, err
	}
	if t = x.Catalog().Type(found.OID); t != nil {
		if err := x.lockTable(t.OID, lock.AccessExclusive); err != nil {
			return nil, nil, err
		}
		if t = x.Catalog().Type(found.OID); t != nil && t.OID == found.OID {
			return t, nil, nil
		}
		if t != nil {
			return nil, nil, pgerr.New(pgerr.WrongObjectType, "%s is not a base type", x.typeText(found.OID))
		}
		return nil, nil, pgerr.New(pgerr.UndefinedObject, "type \"%s\" does not exist", strings.Join(strs(n.Names), "."))
	}
	if rel = x.Catalog().RowTypeOf(found.OID); rel != nil && rel.RowType == found.OID && rel.OID >= catalog.FirstNormalOID {
		rel, err = x.reopen(rel.OID, lock.AccessExclusive)
		return nil, rel, err
	}
	return nil, nil, pgerr.New(pgerr.InsufficientPrivilege, "must be owner of type %s", x.typeText(found.OID))
}

// dropTypes is DROP TYPE and DROP DOMAIN.
func (x *exec) dropTypes(n *ast.DropStmt) (string, error) {
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
				x.notice("", "schema \"%s\" does not exist, skipping", strs(tn.Names)[0])
				continue
			}
			if n.MissingOk && pgerr.Is(err, pgerr.UndefinedObject) {
				x.notice("", "type \"%s\" does not exist, skipping", strings.Join(strs(tn.Names), "."))
				continue
			}
			return "", err
		}
		y := x.Env.Type(found.OID)
		if n.RemoveType == ast.OBJECT_DOMAIN && (y == nil || y.TypType != types.TypeDomain) {
			return "", pgerr.New(pgerr.WrongObjectType, "%s is not a domain", quoted(x.typeText(found.OID)))
		}
		if y != nil && y.IsArray() && found.OID >= catalog.FirstNormalOID {
			elem := x.typeText(y.Elem)
			return "", pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop type %s[] because type %s requires it", elem, elem).
				WithHint("You can drop type %s instead.", elem)
		}
		t, rel, err := x.openTypeName(tn)
		switch {
		case err != nil:
			return "", err
		case rel != nil && rel.Kind == catalog.RelComposite:
			list = append(list, catalog.Address{Kind: catalog.KindRelation, OID: rel.OID})
		case rel != nil:
			what := kindWord(rel.Kind) + " " + x.relationText(rel)
			return "", pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop type %s because %s requires it", x.typeText(rel.RowType), what).
				WithHint("You can drop %s instead.", what)
		default:
			list = append(list, catalog.AddressOf(t))
		}
	}
	return tag, x.dropObjects(list, n.Behavior == ast.DROP_CASCADE)
}

func quoted(s string) string { return `"` + strings.Trim(s, `"`) + `"` }

// storedUsers reports whether stored SQL names an object: a rename would have to change it.
func (x *exec) storedUsers(on ...catalog.Address) (found bool) {
	for _, o := range on {
		x.Catalog().Users(o, func(from catalog.Address, _ catalog.DepType) {
			found = found || from.Kind != catalog.KindColumn && from.Kind != catalog.KindFunction && from.Kind != catalog.KindType && from.Kind != catalog.KindTrigger
		})
	}
	return found
}

// changeType is RENAME TO, SET SCHEMA and OWNER TO of a type of the general store.
func (x *exec) changeType(t *catalog.Type, schema catalog.OID, name string, owner catalog.OID) error {
	if schema != t.Schema || name != t.Name {
		if x.storedUsers(x.typeAddresses(catalog.AddressOf(t))...) {
			return pgerr.Unsupported("renaming a type that stored expressions name")
		}
		if _, err := x.claim(schema, name); err != nil {
			return err
		}
		if err := x.typeFree(schema, name); err != nil {
			if schema != t.Schema {
				return pgerr.New(pgerr.DuplicateObject, "type \"%s\" already exists in schema \"%s\"", name, x.Catalog().SchemaByOID(schema).Name)
			}
			return err
		}
	}
	next := *t
	next.Schema, next.Name, next.Owner = schema, name, owner
	x.Editor.Put(&next)
	return nil
}

// renameType is ALTER TYPE or DOMAIN … RENAME TO. A composite type is a relation: rel is what the caller has to rename then.
func (x *exec) renameType(n *ast.RenameStmt, name string) (tag string, rel *catalog.Table, err error) {
	l, ok := n.Object.(*ast.List)
	if !ok {
		return "", nil, pgerr.Internal("type name of form %T", n.Object)
	}
	t, rel, err := x.openType(l.Items)
	if err != nil {
		return "", nil, err
	}
	tag = "ALTER TYPE"
	if n.RenameType == ast.OBJECT_DOMAIN {
		tag = "ALTER DOMAIN"
		if t == nil || t.Form != types.TypeDomain {
			return "", nil, pgerr.New(pgerr.WrongObjectType, "%s is not a domain", quoted(strings.Join(strs(l.Items), ".")))
		}
	}
	if rel != nil {
		if rel.Kind != catalog.RelComposite {
			return "", nil, pgerr.New(pgerr.WrongObjectType, "%s is a table's row type", x.typeText(rel.RowType)).WithHint("Use ALTER TABLE instead.")
		}
		if err := x.typeFree(rel.Schema, name); err != nil {
			return "", nil, err
		}
		if err := x.claimNew(rel.Schema, name); err != nil {
			return "", nil, err
		}
		return tag, rel, nil
	}
	return tag, nil, x.changeType(t, t.Schema, name, t.Owner)
}

// typeSchema is ALTER TYPE or DOMAIN … SET SCHEMA. A composite type is a relation: rel is what the caller has to move then.
func (x *exec) typeSchema(n *ast.AlterObjectSchemaStmt) (tag string, rel *catalog.Table, err error) {
	l, ok := n.Object.(*ast.List)
	if !ok {
		return "", nil, pgerr.Internal("type name of form %T", n.Object)
	}
	tag = "ALTER TYPE"
	if n.ObjectType == ast.OBJECT_DOMAIN {
		tag = "ALTER DOMAIN"
	}
	t, rel, err := x.openType(l.Items)
	if err != nil {
		return "", nil, err
	}
	s := x.Catalog().Schema(n.Newschema)
	if s == nil {
		return "", nil, noSchema(n.Newschema)
	}
	if rel != nil {
		if rel.Kind != catalog.RelComposite {
			return "", nil, pgerr.New(pgerr.WrongObjectType, "%s is a table's row type", x.typeText(rel.RowType)).WithHint("Use ALTER TABLE instead.")
		}
		if err := x.claimNew(s.OID, rel.Name); err != nil {
			return "", nil, err
		}
		return tag, rel, nil
	}
	if s.OID == t.Schema {
		return tag, nil, nil
	}
	return tag, nil, x.changeType(t, s.OID, t.Name, t.Owner)
}

// typeOwner is ALTER TYPE or DOMAIN … OWNER TO.
func (x *exec) typeOwner(n *ast.AlterOwnerStmt) (string, error) {
	l, ok := n.Object.(*ast.List)
	if !ok {
		return "", pgerr.Internal("type name of form %T", n.Object)
	}
	tag := "ALTER TYPE"
	if n.ObjectType == ast.OBJECT_DOMAIN {
		tag = "ALTER DOMAIN"
	}
	owner, _, err := x.role(n.Newowner)
	if err != nil {
		return "", err
	}
	t, rel, err := x.openType(l.Items)
	if err != nil {
		return "", err
	}
	if rel != nil {
		next := edit(rel)
		next.Owner = owner
		x.put(next)
		return tag, nil
	}
	return tag, x.changeType(t, t.Schema, t.Name, owner)
}

// commentType is COMMENT ON TYPE and DOMAIN.
func (x *exec) commentType(tn *ast.TypeName, text string) error {
	t, rel, err := x.openTypeName(tn)
	if err != nil {
		return err
	}
	if rel != nil {
		next := edit(rel)
		next.Comment = text
		x.put(next)
		return nil
	}
	next := *t
	next.Comment = text
	x.Editor.Put(&next)
	return nil
}

// qualifiedType is a type's name with its schema.
func (x *exec) qualifiedType(oid types.OID) (string, bool) {
	cat := x.Catalog()
	name, schema := "", catalog.OID(0)
	if t := cat.Type(oid); t != nil && t.OID == oid {
		name, schema = t.Name, t.Schema
	} else if r := cat.RowTypeOf(oid); r != nil && r.RowType == oid {
		name, schema = r.Name, r.Schema
	}
	s := cat.SchemaByOID(schema)
	if s == nil {
		return "", false
	}
	return ruleutils.QuoteIdent(s.Name) + "." + ruleutils.QuoteIdent(name), true
}

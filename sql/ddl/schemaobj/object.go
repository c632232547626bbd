package schemaobj

import (
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

// kind is a kind of objects here.
type kind struct {
	catalog.Kind
	shown string // between the kind's word and a name in messages of existence: `for encoding "UTF8" `
	named func(c *catalog.Catalog, schema catalog.OID, name string) catalog.Object
	with  func(o catalog.Object, change func(*catalog.Header)) catalog.Object
}

var kinds = map[ast.ObjectType]kind{
	ast.OBJECT_COLLATION: {catalog.KindCollation, ` for encoding "UTF8"`,
		func(c *catalog.Catalog, schema catalog.OID, name string) catalog.Object {
			if o := c.CollationNamed(schema, name); o != nil {
				return o
			}
			return nil
		},
		func(o catalog.Object, change func(*catalog.Header)) catalog.Object {
			n := *o.(*catalog.Collation)
			change(&n.Header)
			return &n
		}},
	ast.OBJECT_VOLUME: {catalog.KindVolume, "",
		func(c *catalog.Catalog, schema catalog.OID, name string) catalog.Object {
			if o := c.VolumeNamed(schema, name); o != nil {
				return o
			}
			return nil
		},
		func(o catalog.Object, change func(*catalog.Header)) catalog.Object {
			n := *o.(*catalog.Volume)
			change(&n.Header)
			return &n
		}},
	ast.OBJECT_TSDICTIONARY: {catalog.KindTSDictionary, "",
		func(c *catalog.Catalog, schema catalog.OID, name string) catalog.Object {
			if o := c.TSDictionaryNamed(schema, name); o != nil {
				return o
			}
			return nil
		},
		func(o catalog.Object, change func(*catalog.Header)) catalog.Object {
			n := *o.(*catalog.TSDictionary)
			change(&n.Header)
			return &n
		}},
	ast.OBJECT_TSCONFIGURATION: {catalog.KindTSConfig, "",
		func(c *catalog.Catalog, schema catalog.OID, name string) catalog.Object {
			if o := c.TSConfigNamed(schema, name); o != nil {
				return o
			}
			return nil
		},
		func(o catalog.Object, change func(*catalog.Header)) catalog.Object {
			n := *o.(*catalog.TSConfig)
			change(&n.Header)
			return &n
		}},
}

// Handles reports whether an object type is one of those here.
func Handles(o ast.ObjectType) bool {
	_, ok := kinds[o]
	return ok
}

func (k kind) tag(verb string) string { return verb + " " + strings.ToUpper(k.String()) }

// names are a qualified name's parts.
func names(n ast.Node) ([]ast.Node, error) {
	l, ok := n.(*ast.List)
	if !ok || len(l.Items) == 0 {
		return nil, pgerr.Internal("object name of form %T", n)
	}
	return l.Items, nil
}

// find looks an object up; nil: there is none. Errors: 3F000.
func (k kind) find(x *stmt.Ctx, list []ast.Node) (catalog.Object, error) {
	p := stmt.Strs(list)
	path := x.Path()
	if len(p) > 1 {
		s := x.Catalog().Schema(p[len(p)-2])
		if p[len(p)-2] == "pg_temp" {
			s = x.Catalog().SchemaByOID(x.TempSchema())
		}
		if s == nil {
			return nil, stmt.NoSchema(p[len(p)-2])
		}
		if may := x.Bind().MayUse; may != nil && !may(s) {
			return nil, stmt.Denied("permission denied for schema %s", s.Name)
		}
		path = []catalog.OID{s.OID}
	}
	for _, schema := range path {
		if o := k.named(x.Catalog(), schema, p[len(p)-1]); o != nil {
			return o, nil
		}
	}
	return nil, nil
}

func (k kind) missing(list []ast.Node) error {
	return pgerr.New(pgerr.UndefinedObject, "%s \"%s\"%s does not exist", k, strings.Join(stmt.Strs(list), "."), k.shown)
}

// open is find for a statement that changes the object. Errors: 42704, 42501.
func (k kind) open(x *stmt.Ctx, list []ast.Node) (catalog.Object, error) {
	o, err := k.find(x, list)
	if err != nil {
		return nil, err
	}
	if o == nil {
		return nil, k.missing(list)
	}
	h := o.Head()
	if catalog.BuiltIn(h.OID) {
		if x.Super() {
			return nil, pgerr.Unsupported("changing a " + k.String() + " of the system")
		}
		return nil, k.notOwner(h.Name)
	}
	if err := x.LockTable(h.OID, lock.AccessExclusive); err != nil {
		return nil, err
	}
	if o = x.Catalog().Object(k.Kind, h.OID); o == nil {
		return nil, k.missing(list)
	}
	if !x.Owns(o.Head().Owner) {
		return nil, k.notOwner(h.Name)
	}
	return o, nil
}

func (k kind) notOwner(name string) error {
	return stmt.Denied("must be owner of %s %s", k, name)
}

// place is where a new object goes; exists: one of that name is there.
func (k kind) place(x *stmt.Ctx, list []ast.Node) (s *catalog.Schema, name string, exists bool, err error) {
	may := privilege.Create
	if k.Kind == catalog.KindVolume {
		may |= privilege.CreateVolume
	}
	if s, name, err = x.PlaceWith(list, may); err != nil {
		return nil, "", false, err
	}
	exists, err = k.taken(x, s.OID, name)
	return s, name, exists, err
}

// taken claims a name of the kind and reports whether it has been given.
func (k kind) taken(x *stmt.Ctx, schema catalog.OID, name string) (bool, error) {
	if _, err := x.Claim(schema, string([]byte{0, byte(k.Kind)})+name); err != nil {
		return false, err
	}
	return k.named(x.Catalog(), schema, name) != nil, nil
}

// Drop is DROP of these objects.
func Drop(x *stmt.Ctx, n *ast.DropStmt) (string, error) {
	k := kinds[n.RemoveType]
	var list []catalog.Address
	for _, item := range n.Objects {
		name, err := names(item)
		if err != nil {
			return "", err
		}
		o, err := k.find(x, name)
		if err != nil {
			if !n.MissingOk {
				return "", err
			}
			if !pgerr.Is(err, pgerr.UndefinedSchema) {
				return "", err
			}
			x.Note("", "schema \"%s\" does not exist, skipping", stmt.Strs(name)[0])
			continue
		}
		if o == nil {
			if !n.MissingOk {
				return "", k.missing(name)
			}
			x.Note("", "%s \"%s\" does not exist, skipping", k, strings.Join(stmt.Strs(name), "."))
			continue
		}
		h := o.Head()
		if catalog.BuiltIn(h.OID) {
			return "", pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop %s %s because it is required by the database system", k, x.ObjectText(h.Schema, h.Name))
		}
		if err := x.LockTable(h.OID, lock.AccessExclusive); err != nil {
			return "", err
		}
		if sc := x.Catalog().SchemaByOID(h.Schema); !x.Owns(h.Owner) && (sc == nil || !x.Owns(sc.Owner)) {
			return "", k.notOwner(strings.Join(stmt.Strs(name), "."))
		}
		list = append(list, catalog.AddressOf(o))
	}
	return k.tag("DROP"), depend.Drop(x, list, n.Behavior == ast.DROP_CASCADE)
}

// Rename is ALTER … RENAME TO.
func Rename(x *stmt.Ctx, n *ast.RenameStmt) (string, error) {
	return change(x, n.RenameType, n.Object, func(h *catalog.Header) error {
		h.Name = types.TruncateName(n.Newname)
		return x.MayCreateIn(x.Catalog().SchemaByOID(h.Schema))
	})
}

// SetSchema is ALTER … SET SCHEMA.
func SetSchema(x *stmt.Ctx, n *ast.AlterObjectSchemaStmt) (string, error) {
	return change(x, n.ObjectType, n.Object, func(h *catalog.Header) error {
		s := x.Catalog().Schema(n.Newschema)
		if s == nil {
			return stmt.NoSchema(n.Newschema)
		}
		h.Schema = s.OID
		return x.MayCreateIn(s)
	})
}

// SetOwner is ALTER … OWNER TO.
func SetOwner(x *stmt.Ctx, n *ast.AlterOwnerStmt) (string, error) {
	return change(x, n.ObjectType, n.Object, func(h *catalog.Header) error {
		owner, _, err := x.RoleOf(n.Newowner)
		if err != nil {
			return err
		}
		if h.ACL != nil {
			h.ACL = h.ACL.NewOwner(h.Owner, owner)
		}
		h.Owner = owner
		return x.MayGiveTo(owner, x.Catalog().SchemaByOID(h.Schema))
	})
}

// Comment is COMMENT ON.
func Comment(x *stmt.Ctx, n *ast.CommentStmt) error {
	_, err := change(x, n.Objtype, n.Object, func(h *catalog.Header) error {
		h.Comment = n.Comment
		return nil
	})
	return err
}

// change puts an object with another header.
func change(x *stmt.Ctx, t ast.ObjectType, object ast.Node, f func(*catalog.Header) error) (string, error) {
	k := kinds[t]
	list, err := names(object)
	if err != nil {
		return "", err
	}
	o, err := k.open(x, list)
	if err != nil {
		return "", err
	}
	h := *o.Head()
	if err := f(&h); err != nil {
		return "", err
	}
	store := func() error { return nil }
	if was := o.Head(); h.Name != was.Name || h.Schema != was.Schema {
		if store, err = depend.Reprint(x, was.Name); err != nil {
			return "", err
		}
		taken, err := k.taken(x, h.Schema, h.Name)
		if err != nil {
			return "", err
		}
		if taken {
			shown := ""
			if c, ok := k.named(x.Catalog(), h.Schema, h.Name).(*catalog.Collation); ok && c.Encoded {
				shown = k.shown
			}
			return "", pgerr.New(pgerr.DuplicateObject, "%s \"%s\"%s already exists in schema \"%s\"", k, h.Name, shown, x.Catalog().SchemaByOID(h.Schema).Name)
		}
	}
	x.Editor.Put(k.with(o, func(to *catalog.Header) { *to = h }))
	return k.tag("ALTER"), store()
}

package catalog

import (
	"slices"
	"strings"
	"sync"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
)

// BuiltIn reports an object that every database has and that cannot be dropped. Objects of extensions have fixed OIDs, too, but
// they are there only where the extension is.
func BuiltIn(oid OID) bool { return oid < pgdata.FirstExtensionOID }

// OfUser reports an object that has been made by a statement of its own, with an OID of its own.
func OfUser(oid OID) bool { return oid >= FirstNormalOID }

// PlpgsqlOID is the extension plpgsql, which every database starts with.
const PlpgsqlOID OID = 13559

// Extension is a created extension (pg_extension). What belongs to it is not stored: while the extension is in a catalog, so are
// descriptors of its functions, types, operators, casts and dictionaries, and a Member for each other object, all in its schema, and each with a DepExtension on it.
// One whose descriptor has been changed (GRANT) is stored as its own and takes the place of the derived one.
type Extension struct {
	Header
	Version string
}

var _ Object = (*Extension)(nil)

func (*Extension) Kind() Kind     { return KindExtension }
func (e *Extension) LastOID() OID { return e.OID }

// Control is what is known of the extension besides; nil for one that this program does not have.
func (e *Extension) Control() *pgdata.Extension { return pgdata.ExtensionNamed(e.Name) }

// Member is an object of an extension that is of no kind that users can make. It is not stored.
type Member struct {
	Header
	kind Kind
}

var _ Object = (*Member)(nil)

func (m *Member) Kind() Kind   { return m.kind }
func (m *Member) LastOID() OID { return m.OID }

// memberKinds are the catalogs whose rows become Members, with their OIDs and the column of the name.
var memberKinds = []struct {
	kind           Kind
	class          OID
	catalog, named string
}{
	{KindOpClass, 2616, "pg_opclass", "opcname"}, {KindOpFamily, 2753, "pg_opfamily", "opfname"},
	{KindAccessMethod, 2601, "pg_am", "amname"},
	{KindTemplate, 3764, "pg_ts_template", "tmplname"},
}

// ExtensionClassOID is pg_extension.
const ExtensionClassOID OID = 3079

// ClassOf is the OID of the catalog that has the objects of a kind: of extensions and their members; 0 for other kinds.
func ClassOf(k Kind) OID {
	if k == KindExtension {
		return ExtensionClassOID
	}
	for _, m := range memberKinds {
		if m.kind == k {
			return m.class
		}
	}
	return 0
}

// extensionRows are the rows behind the members of one extension.
type extensionRows struct {
	procs []*pgdata.Proc
	types []*pgdata.Type // arrays and row types left out
	ops   []*pgdata.Operator
	casts []*pgdata.Cast
	dicts []TSDictionary // OID, name and what they are of
	other []Member       // OID and name
}

var allExtensionRows = sync.OnceValue(func() map[string]*extensionRows {
	out := map[string]*extensionRows{}
	of := func(oid OID) *extensionRows {
		x := pgdata.ExtensionOf(oid)
		if x == nil {
			return nil
		}
		if out[x.Name] == nil {
			out[x.Name] = &extensionRows{}
		}
		return out[x.Name]
	}
	for i, list := 0, pgdata.Procs(); i < len(list); i++ {
		if r := of(list[i].OID); r != nil {
			r.procs = append(r.procs, &list[i])
		}
	}
	for i, list := 0, pgdata.Types(); i < len(list); i++ {
		y := &list[i]
		if r := of(y.OID); r != nil && y.Type != types.TypeComposite && y.Subscript != types.ArraySubscriptHandler {
			r.types = append(r.types, y)
		}
	}
	for i, list := 0, pgdata.Operators(); i < len(list); i++ {
		if r := of(list[i].OID); r != nil {
			r.ops = append(r.ops, &list[i])
		}
	}
	for i, list := 0, pgdata.Casts(); i < len(list); i++ {
		if r := of(list[i].OID); r != nil {
			r.casts = append(r.casts, &list[i])
		}
	}
	for _, d := range systemSearch().members {
		if r := of(d.OID); r != nil {
			r.dicts = append(r.dicts, *d)
		}
	}
	for _, k := range memberKinds {
		t := pgdata.Load(k.catalog)
		for _, row := range t.Rows {
			oid := num[OID](*row[0])
			r := of(oid)
			if r == nil {
				continue
			}
			r.other = append(r.other, Member{Header: Header{OID: oid, Name: *row[t.Col(k.named)]}, kind: k.kind})
		}
	}
	return out
})

// languageNames are those of pg_language.
var languageNames = map[OID]string{12: "internal", 13: "c", 14: "sql"}

// EachMember calls f for a descriptor of each object that the extension brings, its relations left out. They are those of a freshly
// created one.
func (e *Extension) EachMember(f func(Object)) {
	rows := allExtensionRows()[e.Name]
	if rows == nil {
		return
	}
	head := func(oid OID, name string) Header {
		return Header{OID: oid, Schema: e.Schema, Name: name, Owner: SuperuserOID, Deps: []Dep{{On: AddressOf(e), Type: DepExtension}}}
	}
	private := e.private()
	for _, p := range rows.procs {
		fn := &Function{Header: head(p.OID, p.Name), Proc: *p, Language: languageNames[p.Lang], derived: true}
		fn.Proc.Namespace = e.Schema
		if slices.Contains(private, p.OID) {
			fn.ACL = privilege.ACL{{Grantee: SuperuserOID, Grantor: SuperuserOID, Privs: privilege.Execute}}
		}
		f(fn)
	}
	for _, y := range rows.types {
		f(&Type{Header: head(y.OID, y.Name), Form: y.Type, Array: y.Array, derived: true})
	}
	for _, p := range rows.ops {
		op := &Operator{Header: head(p.OID, p.Name), Op: *p, derived: true}
		op.Op.Namespace = e.Schema
		f(op)
	}
	for _, p := range rows.casts {
		c := &Cast{Header: head(p.OID, CastName(p.Source, p.Target)), Row: *p, derived: true}
		c.Schema = 0
		f(c)
	}
	for i := range rows.dicts {
		d := rows.dicts[i]
		d.Header, d.derived = head(d.OID, d.Name), true
		f(&d)
	}
	for i := range rows.other {
		m := &Member{Header: head(rows.other[i].OID, rows.other[i].Name), kind: rows.other[i].kind}
		if m.kind == KindAccessMethod {
			m.Schema = 0
		}
		f(m)
	}
}

// private are the functions that only the owner may call (revoked.tsv).
func (e *Extension) private() (out []OID) {
	control := e.Control()
	if control == nil {
		return nil
	}
	if t := control.Table("revoked"); t != nil {
		for _, r := range t.Rows {
			out = append(out, num[OID](*r[0]))
		}
	}
	return out
}

// Derived reports a descriptor that is there because its extension is, and that is not stored.
func Derived(o Object) bool {
	switch v := o.(type) {
	case *Function:
		return v.derived
	case *Type:
		return v.derived
	case *Operator:
		return v.derived
	case *Cast:
		return v.derived
	case *TSDictionary:
		return v.derived
	}
	_, ok := o.(*Member)
	return ok
}

// ownDescriptor makes a changed copy of a derived descriptor one that is stored.
func ownDescriptor(o Object) {
	switch v := o.(type) {
	case *Function:
		v.derived = false
	case *Type:
		v.derived = false
	case *Operator:
		v.derived = false
	case *Cast:
		v.derived = false
	case *TSDictionary:
		v.derived = false
	}
}

// putMembers puts what an extension brings. A stored descriptor stays.
func (s *objects) putMembers(e *Extension) {
	e.EachMember(func(o Object) {
		a := AddressOf(o)
		if have, ok := s.byKey.Get(objectKey(a.Kind, a.OID)); !ok || Derived(have) {
			s.put(o)
		}
	})
}

func (s *objects) dropMembers(e *Extension) {
	e.EachMember(func(o Object) {
		a := AddressOf(o)
		if have, ok := s.byKey.Get(objectKey(a.Kind, a.OID)); ok && Derived(have) {
			s.drop(a)
		}
	})
}

// Extension returns the created extension of that name, or nil.
func (c *Catalog) Extension(name string) (found *Extension) {
	c.Named(KindExtension, 0, name, func(o Object) bool {
		found = o.(*Extension)
		return false
	})
	return found
}

// ExtensionOf is the created extension that an object belongs to, or nil.
func (c *Catalog) ExtensionOf(a Address) *Extension {
	var deps []Dep
	switch a.Kind {
	case KindRelation:
		if t := c.Table(a.OID); t != nil {
			deps = t.Deps
		}
	default:
		if o := c.Object(a.Kind, a.OID); o != nil {
			deps = o.Head().Deps
		}
	}
	for _, d := range deps {
		if d.Type == DepExtension {
			e, _ := c.Object(KindExtension, d.On.OID).(*Extension)
			return e
		}
	}
	return nil
}

// HasExtensionObject reports whether the database has the object with an OID of pgdata: those of an extension are there if it is.
func (c *Catalog) HasExtensionObject(oid OID) bool {
	x := pgdata.ExtensionOf(oid)
	return x == nil || c.Extension(x.Name) != nil
}

// extensionType makes a base type of an extension.
func (c *Catalog) extensionType(d *Type) *types.Type {
	for _, y := range allExtensionRows()[c.ExtensionOf(AddressOf(d)).Name].types {
		if y.OID != d.OID {
			continue
		}
		return types.NewBaseType(types.Type{OID: y.OID, Name: d.Name, Schema: c.typeSchema(d.Schema), Len: y.Len, ByVal: y.ByVal, TypType: y.Type, Category: y.Category,
			Preferred: y.Preferred, Delim: y.Delim, Elem: y.Elem, Array: y.Array, Collation: y.Collation, Align: y.Align, Storage: y.Storage, Subscript: y.Subscript,
			InputFunc: y.Input, OutputFunc: y.Output, ReceiveFunc: y.Receive, SendFunc: y.Send, TypmodIn: y.ModIn, BaseMod: -1})
	}
	return nil
}

// plpgsql is the extension that a new database has. Its functions and its language are PostgreSQL's own rows, which stay.
func plpgsql() *Extension {
	x := pgdata.ExtensionNamed("plpgsql")
	return &Extension{Header: Header{OID: PlpgsqlOID, Schema: PgCatalogOID, Name: x.Name, Owner: SuperuserOID, Comment: x.Comment}, Version: x.Version}
}

// Relations makes the extension's views and row types; schema is its schema as SQL. A row of relations.tsv is a column: oid, relname,
// relkind, reltype, definition (of views, on the first column), attname, atttypid.
func (e *Extension) Relations(schema string) (out []*Table) {
	control := e.Control()
	if control == nil {
		return nil
	}
	rows := control.Table("relations")
	if rows == nil {
		return nil
	}
	for _, r := range rows.Rows {
		oid := num[OID](*r[0])
		if len(out) == 0 || out[len(out)-1].OID != oid {
			t := &Table{OID: oid, Schema: e.Schema, Name: *r[1], Kind: RelKind((*r[2])[0]), RowType: num[OID](*r[3]), Persistence: Permanent, Owner: SuperuserOID,
				Deps: []Dep{{On: AddressOf(e), Type: DepExtension}}}
			if r[4] != nil {
				t.View = strings.ReplaceAll(*r[4], "@extschema@", schema)
				t.ACL = privilege.ACL{{Grantee: SuperuserOID, Grantor: SuperuserOID, Privs: privilege.Relation.All()},
					{Grantee: privilege.Public, Grantor: SuperuserOID, Privs: privilege.Select}}
			}
			out = append(out, t)
		}
		t := out[len(out)-1]
		c := Column{AttNum: int16(len(t.Columns) + 1), Name: *r[5], Type: num[OID](*r[6]), TypMod: -1}
		if y := types.Lookup(c.Type); y != nil {
			c.Kind, c.Collation = y.Kind, y.Collation
		}
		t.Columns = append(t.Columns, c)
	}
	return out
}

package catalog

import (
	"sync"

	"github.com/tarndb/tarn/sql/types"
)

// Type is a type of users: an enum, a domain, a range or the multirange of one. Composite types are relations (RelComposite).
type Type struct {
	Header
	Form   byte    // types.TypeEnum, TypeDomain, TypeRange, TypeMultirange; TypeBase of extensions
	Array  OID     // its array type
	Labels []Label `json:",omitempty"` // enum: in sort order
	Domain *Domain `json:",omitempty"`
	Range  *Range  `json:",omitempty"`
	Of     OID     `json:",omitempty"` // multirange: its range type
	// derived: see Derived.
	derived bool
}

// Label is a row of pg_enum.
type Label struct {
	OID  OID
	Sort float32
	Name string
}

// Domain is what a domain adds to its base type.
type Domain struct {
	Base        OID
	Mod         int32
	NDims       int                 `json:",omitempty"`
	Collation   OID                 `json:",omitempty"`
	NotNull     bool                `json:",omitempty"`
	Default     string              `json:",omitempty"` // SQL
	Constraints []*DomainConstraint `json:",omitempty"`
}

// DomainConstraint is a CHECK of a domain. Expr names the value VALUE.
type DomainConstraint struct {
	OID       OID
	Name      string
	Expr      string
	Validated bool
	Comment   string `json:",omitempty"`
}

// Range is what makes a range type (pg_range). Its multirange type is a Type of its own.
type Range struct {
	Subtype, Collation, OpClass, Multirange OID
	Canonical, Diff                         OID `json:",omitempty"`
}

func (t *Type) Kind() Kind { return KindType }

func (t *Type) LastOID() OID {
	last := t.OID
	for _, oid := range t.TypeOIDs() {
		last = max(last, oid)
	}
	for i := range t.Labels {
		last = max(last, t.Labels[i].OID)
	}
	if t.Domain != nil {
		for _, c := range t.Domain.Constraints {
			last = max(last, c.OID)
		}
	}
	return last
}

// TypeOIDs are the pg_type rows that the type has besides its own.
func (t *Type) TypeOIDs() []OID {
	var out []OID
	if t.Array != 0 {
		out = append(out, t.Array)
	}
	return out
}

// Type returns the type of the general store that has that OID or whose array (or multirange) does; nil if there is none.
func (c *Catalog) Type(oid OID) *Type {
	if owner, ok := c.objects.parts.Get(oid); ok {
		oid = owner
	}
	t, _ := c.Object(KindType, oid).(*Type)
	return t
}

// RowTypeOf returns the relation whose row type, or the array of it, has that OID; nil if there is none.
func (c *Catalog) RowTypeOf(oid OID) *Table {
	if rel, ok := c.rowTypes.Get(oid); ok {
		return c.Table(rel)
	}
	if rel, ok := c.rowTypes.Get(oid - 1); ok && !BuiltIn(oid-1) {
		return c.Table(rel)
	}
	return nil
}

// TypeNamed returns the OID of the type of that name in a schema, arrays and row types included; 0 if there is none.
func (c *Catalog) TypeNamed(schema OID, name string) OID {
	var oid OID
	find := func(name string) (t *Type) {
		c.Named(KindType, schema, name, func(o Object) bool {
			t = o.(*Type)
			return false
		})
		return t
	}
	if t := find(name); t != nil {
		return t.OID
	}
	if t, _ := c.Relation(schema, name); t != nil && t.RowType != 0 && t.Kind != RelSequence && t.Name == name {
		return t.RowType
	}
	if len(name) > 1 && name[0] == '_' {
		if t := find(name[1:]); t != nil {
			return t.Array
		}
		if t, _ := c.Relation(schema, name[1:]); t != nil && !BuiltIn(t.RowType) && t.Kind != RelSequence && t.Name == name[1:] {
			return t.RowType + 1
		}
	}
	return oid
}

// typeCache keeps the types that UserType has made for one version of a catalog.
type typeCache struct{ byOID sync.Map }

// UserType returns a type that is not built in, as values know it; nil if there is none. It is made when it is first asked for.
func (c *Catalog) UserType(oid OID) *types.Type {
	if t, ok := c.types.byOID.Load(oid); ok {
		return t.(*types.Type)
	}
	t := c.makeType(oid)
	if t != nil {
		c.types.byOID.Store(oid, t)
	}
	return t
}

func (c *Catalog) makeType(oid OID) *types.Type {
	if d := c.Type(oid); d != nil {
		return c.makeUserType(d, oid)
	}
	if t := c.RowTypeOf(oid); t != nil {
		return c.makeRowType(t, oid)
	}
	return nil
}

func (c *Catalog) typeSchema(oid OID) string {
	if s := c.SchemaByOID(oid); s != nil && oid != PgCatalogOID {
		return s.Name
	}
	return ""
}

// anyType is UserType that knows the built-in ones, too.
func (c *Catalog) anyType(oid OID) *types.Type {
	if t := types.Lookup(oid); t != nil {
		return t
	}
	return c.UserType(oid)
}

func arrayType(elem *types.Type, oid OID) *types.Type {
	align := byte('i')
	if elem.Align == 'd' {
		align = 'd'
	}
	return types.NewUserType(types.Type{OID: oid, Name: types.TruncateName("_" + elem.Name), Schema: elem.Schema, Len: -1, TypType: types.TypeBase,
		Category: types.CategoryArray, Elem: elem.OID, Subscript: types.ArraySubscriptHandler, Delim: elem.Delim, Align: align, Storage: 'x',
		Collation: elem.Collation, BaseMod: -1}, nil)
}

func (c *Catalog) makeUserType(d *Type, oid OID) *types.Type {
	if oid == d.Array {
		return arrayType(c.UserType(d.OID), oid)
	}
	t := types.Type{OID: d.OID, Name: d.Name, Schema: c.typeSchema(d.Schema), TypType: d.Form, Array: d.Array, Delim: ',', BaseMod: -1}
	switch d.Form {
	case types.TypeBase:
		return c.extensionType(d)
	case types.TypeEnum:
		t.Len, t.ByVal, t.Category, t.Align, t.Storage = 4, true, types.CategoryEnum, 'i', 'p'
		t.InputFunc, t.OutputFunc, t.ReceiveFunc, t.SendFunc = 3506, 3507, 3532, 3533
		for _, l := range d.Labels {
			t.Labels = append(t.Labels, types.Label(l))
		}
		return types.NewUserType(t, nil)
	case types.TypeDomain:
		base := c.anyType(d.Domain.Base)
		if base == nil {
			return nil
		}
		t.Len, t.ByVal, t.Category, t.Align, t.Storage, t.Delim = base.Len, base.ByVal, base.Category, base.Align, base.Storage, base.Delim
		t.InputFunc, t.OutputFunc, t.ReceiveFunc, t.SendFunc = 2597, base.OutputFunc, 2598, base.SendFunc
		t.Base, t.BaseMod, t.Collation = d.Domain.Base, d.Domain.Mod, d.Domain.Collation
		return types.NewUserType(t, base)
	case types.TypeRange, types.TypeMultirange:
		t.Len, t.Category, t.Align, t.Storage = -1, types.CategoryRange, 'i', 'x'
		r := d
		if d.Form == types.TypeMultirange {
			if r = c.Type(d.Of); r == nil {
				return nil
			}
			t.Range = d.Of
			t.InputFunc, t.OutputFunc, t.ReceiveFunc, t.SendFunc = 4231, 4232, 4233, 4234
		} else {
			t.Subtype, t.Multirange, t.Canonical = r.Range.Subtype, r.Range.Multirange, r.Range.Canonical
			t.InputFunc, t.OutputFunc, t.ReceiveFunc, t.SendFunc = 3834, 3835, 3836, 3837
		}
		if sub := c.anyType(r.Range.Subtype); sub != nil && sub.Align == 'd' {
			t.Align = 'd'
		}
		return types.NewUserType(t, nil)
	}
	return nil
}

func (c *Catalog) makeRowType(t *Table, oid OID) *types.Type {
	row := types.Type{OID: t.RowType, Name: t.Name, Schema: c.typeSchema(t.Schema), Len: -1, TypType: types.TypeComposite,
		Category: types.CategoryComposite, Delim: ',', Align: 'd', Storage: 'x', BaseMod: -1}
	row.InputFunc, row.OutputFunc, row.ReceiveFunc, row.SendFunc = 2290, 2291, 2402, 2403
	if !t.Virtual && !BuiltIn(t.OID) {
		row.Array = t.RowType + 1
	}
	if oid != t.RowType {
		return arrayType(&row, oid)
	}
	for i := range t.Columns {
		if c := &t.Columns[i]; !c.Dropped {
			row.Attrs = append(row.Attrs, types.Attr{Name: c.Name, Type: c.Type, Mod: c.TypMod})
		}
	}
	return types.NewUserType(row, nil)
}

// DomainConstraintByOID finds a domain's constraint; nil for none.
func (c *Catalog) DomainConstraintByOID(con OID) (d *Domain, check *DomainConstraint) {
	c.Objects(KindType, func(o Object) bool {
		if t := o.(*Type); t.Domain != nil {
			for _, k := range t.Domain.Constraints {
				if k.OID == con {
					d, check = t.Domain, k
				}
			}
		}
		return check == nil
	})
	return d, check
}

package lexicon

import (
	"slices"

	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
)

// Lexicon is a session's view on names. The exported fields are set once; ViewPath and Quiet change while views are bound.
type Lexicon struct {
	place.Text
	Catalog *catalog.Catalog
	// SearchPath is the resolved search_path: schemas that exist, in order. pg_catalog, where it is not listed, and
	// TempSchema come first.
	SearchPath []types.OID
	TempSchema types.OID // the session's temporary schema; 0 none
	Database   string    // current database, for db.schema.table
	// Types is the environment of input functions for literals; may be nil.
	Types *types.Env
	// MayUse reports whether names in a schema may be looked up; nil: everywhere.
	MayUse func(*catalog.Schema) bool
	// Named finds relations that only this statement knows, by a name without schema: transition tables. It may be nil, and is not
	// asked inside of views.
	Named func(name string) *catalog.Table
	// ViewPath is the search path inside a view; nil outside.
	ViewPath []types.OID
	// Stored: what is bound is the catalog's own SQL, printed from what was bound before, as inside a view.
	Stored bool
	// Needs collects the types, functions and operators of users and extensions that are named, outside of views; nil: nobody asks.
	Needs *Needs

	seen map[types.OID]*types.Type // types that are not built in, by OID; nil for none of that OID
}

// Needs is a set of objects, in the order of their first mention.
type Needs struct{ List []catalog.Address }

func (n *Needs) add(kind catalog.Kind, oid types.OID) {
	a := catalog.Address{Kind: kind, OID: oid}
	if n != nil && !catalog.BuiltIn(oid) && !slices.Contains(n.List, a) {
		n.List = append(n.List, a)
	}
}

// NeedFunction notes that a function is called, NeedOperator that an operator is used.
func (x *Lexicon) NeedFunction(oid types.OID) { x.Needs.add(catalog.KindFunction, oid) }
func (x *Lexicon) NeedOperator(oid types.OID) { x.Needs.add(catalog.KindOperator, oid) }

// IsDomain: the type is a domain.
func (x *Lexicon) IsDomain(t types.OID) bool { return x.BaseType(t) != t }

// Type finds a type; nil if there is none.
func (x *Lexicon) Type(oid types.OID) *types.Type {
	if t := x.Types.Type(oid); t != nil {
		return t
	}
	if t, ok := x.seen[oid]; ok {
		return t
	}
	t := x.Catalog.UserType(oid)
	if t == nil {
		t = x.systemDomain(oid)
	}
	if t == nil {
		t = x.rowType(oid)
	}
	if x.seen == nil {
		x.seen = map[types.OID]*types.Type{}
	}
	x.seen[oid] = t
	return t
}

// systemDomain finds the domains of information_schema.
func (x *Lexicon) systemDomain(oid types.OID) *types.Type {
	for _, r := range pgdata.Load("information_schema_type").Rows {
		if oidOf(r[0]) != oid && oidOf(r[7]) != oid {
			continue
		}
		t := types.Type{OID: oid, Schema: "information_schema", Len: -1, Delim: ',', BaseMod: -1}
		if oidOf(r[0]) == oid {
			base := types.Lookup(oidOf(r[3]))
			t.Name, t.TypType, t.Category, t.Base, t.Array = *r[1], types.TypeDomain, base.Category, base.OID, oidOf(r[7])
			t.Len, t.ByVal, t.Align, t.Storage = base.Len, base.ByVal, base.Align, base.Storage
			t.InputFunc, t.OutputFunc, t.ReceiveFunc, t.SendFunc = 2597, base.OutputFunc, 2598, base.SendFunc
			t.Collation = oidOf(r[5])
			return types.NewUserType(t, base)
		}
		t.Name, t.TypType, t.Category, t.Elem, t.Subscript = "_"+*r[1], types.TypeBase, types.CategoryArray, oidOf(r[0]), types.ArraySubscriptHandler
		return types.NewUserType(t, nil)
	}
	return nil
}

// rowType finds the row type of a system table, or the array of it.
func (x *Lexicon) rowType(oid types.OID) *types.Type {
	sys, ok := loadRegistry().rowTypes[oid]
	if !ok {
		return nil
	}
	t := x.Catalog.Table(sys.table)
	if t == nil {
		return nil
	}
	ty := types.Type{OID: oid, Name: t.Name, Schema: x.SchemaName(t.Schema), Len: -1, TypType: types.TypeComposite,
		Category: types.CategoryComposite, Delim: ',', Array: sys.array, Align: 'd', Storage: 'x'}
	if t.Schema == catalog.PgCatalogOID {
		ty.Schema = ""
	}
	if sys.array == 0 {
		ty.Name, ty.TypType, ty.Category, ty.Elem, ty.Array, ty.Subscript = "_"+t.Name, types.TypeBase, types.CategoryArray, t.RowType, 0, types.ArraySubscriptHandler
	} else {
		for i := range t.Columns {
			if c := &t.Columns[i]; !c.Dropped {
				ty.Attrs = append(ty.Attrs, types.Attr{Name: c.Name, Type: c.Type, Mod: c.TypMod})
			}
		}
	}
	return types.NewUserType(ty, nil)
}

// SchemaName is the name of a schema; "" if there is none.
func (x *Lexicon) SchemaName(oid types.OID) string {
	if s := x.Catalog.SchemaByOID(oid); s != nil {
		return s.Name
	}
	return ""
}

// TypeText prints a type for a message.
func (x *Lexicon) TypeText(oid types.OID) string { return x.TypeModText(oid, -1) }

// TypeModText prints a type with its modifier; users' types with their schema where search_path does not find it.
func (x *Lexicon) TypeModText(oid types.OID, mod int32) string {
	if types.Lookup(oid) == nil {
		if t := x.Type(oid); t != nil {
			name := ruleutils.QuoteIdent(t.Name)
			if t.IsArray() {
				if el := x.Type(t.Elem); el != nil {
					name = ruleutils.QuoteIdent(el.Name) + "[]"
				}
			}
			name += types.FormatTypmod(oid, mod)
			if t.Schema != "" && !x.SchemaVisible(t.Schema) {
				name = ruleutils.QuoteIdent(t.Schema) + "." + name
			}
			return name
		}
	}
	return types.FormatType(oid, mod, x.Types)
}

// SchemaVisible: search_path holds the schema.
func (x *Lexicon) SchemaVisible(name string) bool {
	for _, oid := range x.path() {
		if x.SchemaName(oid) == name {
			return true
		}
	}
	return false
}

// path is the search path with its implicit parts.
func (x *Lexicon) path() []types.OID {
	if x.ViewPath != nil {
		return catalog.SearchPath(x.ViewPath, x.TempSchema)
	}
	return catalog.SearchPath(x.SearchPath, x.TempSchema)
}

// codePath is path for functions and operators, which are never found in the session's temporary schema.
func (x *Lexicon) codePath() []types.OID {
	path := x.path()
	if x.TempSchema == 0 {
		return path
	}
	return slices.DeleteFunc(slices.Clone(path), func(s types.OID) bool { return s == x.TempSchema })
}

// BaseType looks through domains.
func (x *Lexicon) BaseType(oid types.OID) types.OID {
	base, _ := x.BaseTypeMod(oid, -1)
	return base
}

// BaseTypeMod looks through domains for the type and, where mod is -1, the modifier.
func (x *Lexicon) BaseTypeMod(oid types.OID, mod int32) (types.OID, int32) {
	for {
		if catalog.BuiltIn(oid) && types.Lookup(oid) != nil {
			return oid, mod
		}
		t := x.Type(oid)
		if t == nil || t.TypType != types.TypeDomain {
			return oid, mod
		}
		if mod < 0 {
			mod = t.BaseMod
		}
		oid = t.Base
	}
}

// Category is pg_type.typcategory.
func (x *Lexicon) Category(oid types.OID) byte {
	if t := x.Type(oid); t != nil {
		return t.Category
	}
	return types.CategoryInternal
}

// Preferred is pg_type.typispreferred.
func (x *Lexicon) Preferred(oid types.OID) bool {
	t := x.Type(oid)
	return t != nil && t.Preferred
}

// ElemType is the element type of a true array; 0 otherwise.
func (x *Lexicon) ElemType(oid types.OID) types.OID {
	if t := x.Type(oid); t != nil && (t.IsArray() || t.OID == types.OidVector || t.OID == types.Int2Vector) {
		return t.Elem
	}
	return 0
}

// BaseElemType is ElemType through domains.
func (x *Lexicon) BaseElemType(oid types.OID) types.OID { return x.ElemType(x.BaseType(oid)) }

// ArrayOf is the array type of a type; 0 if there is none.
func (x *Lexicon) ArrayOf(oid types.OID) types.OID {
	if t := x.Type(oid); t != nil {
		return t.Array
	}
	return 0
}

// PromotedArray is ArrayOf, but an array gives itself: arrays have one type for all dimensions.
func (x *Lexicon) PromotedArray(oid types.OID) types.OID {
	if a := x.ArrayOf(oid); a != 0 {
		return a
	}
	if x.ElemType(oid) != 0 {
		return oid
	}
	return 0
}

// IsComposite: a row type, or a domain over one.
func (x *Lexicon) IsComposite(oid types.OID) bool {
	t := x.Type(x.BaseType(oid))
	return t != nil && t.TypType == types.TypeComposite
}

// IsRowType: composite, or the anonymous record.
func (x *Lexicon) IsRowType(oid types.OID) bool { return oid == types.Record || x.IsComposite(oid) }

// IsEnum: the type is an enum.
func (x *Lexicon) IsEnum(oid types.OID) bool {
	t := x.Type(oid)
	return t != nil && t.TypType == types.TypeEnum
}

// IsRange: the type is a range.
func (x *Lexicon) IsRange(oid types.OID) bool {
	t := x.Type(oid)
	return t != nil && t.TypType == types.TypeRange
}

// IsMultirange: the type is a multirange.
func (x *Lexicon) IsMultirange(oid types.OID) bool {
	t := x.Type(oid)
	return t != nil && t.TypType == types.TypeMultirange
}

// CollationOf is the collation of a type; 0 where it has none.
func (x *Lexicon) CollationOf(oid types.OID) types.OID {
	if t := x.Type(oid); t != nil {
		return t.Collation
	}
	return 0
}

// PlanType makes a plan.Type with the type's own collation.
func (x *Lexicon) PlanType(oid types.OID, mod int32) plan.Type {
	return plan.Type{OID: oid, Mod: mod, Coll: x.CollationOf(oid)}
}

// ColumnType is the type of a column.
func ColumnType(c *catalog.Column) plan.Type {
	return plan.Type{OID: c.Type, Mod: c.TypMod, Coll: c.Collation}
}

// TypeByName finds a type by its pg_type name; nil if there is none.
func (x *Lexicon) TypeByName(schema, name string) *types.Type {
	if schema == "" || schema == "pg_catalog" {
		if t := types.LookupName(name); t != nil {
			return t
		}
	}
	if schema == "" || schema == "information_schema" {
		if schema != "" || x.SchemaVisible("information_schema") {
			for _, r := range pgdata.Load("information_schema_type").Rows {
				if *r[1] == name {
					return x.Type(oidOf(r[0]))
				}
			}
		}
	}
	lookup := func(s types.OID) *types.Type {
		if oid := x.Catalog.TypeNamed(s, name); oid != 0 {
			return x.Type(oid)
		}
		return nil
	}
	if schema != "" {
		if s := x.schemaNamed(schema); s != nil {
			return lookup(s.OID)
		}
		return nil
	}
	for _, s := range x.path() {
		if t := lookup(s); t != nil {
			return t
		}
	}
	return nil
}

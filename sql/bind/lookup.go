package bind

import (
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
)

// typ finds a type; nil if there is none.
func (b *binder) typ(oid types.OID) *types.Type {
	if t := b.env.Types.Type(oid); t != nil {
		return t
	}
	if t, ok := b.domains[oid]; ok {
		return t
	}
	t := b.env.Catalog.UserType(oid)
	if t == nil {
		t = b.systemDomain(oid)
	}
	if t == nil {
		t = b.rowType(oid)
	}
	if b.domains == nil {
		b.domains = map[types.OID]*types.Type{}
	}
	b.domains[oid] = t
	return t
}

// systemDomain finds the domains of information_schema.
func (b *binder) systemDomain(oid types.OID) *types.Type {
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
func (b *binder) rowType(oid types.OID) *types.Type {
	sys, ok := b.reg.rowTypes[oid]
	if !ok {
		return nil
	}
	t := b.env.Catalog.Table(sys.table)
	if t == nil {
		return nil
	}
	ty := types.Type{OID: oid, Name: t.Name, Schema: b.schemaName(t.Schema), Len: -1, TypType: types.TypeComposite,
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

func (b *binder) schemaName(oid types.OID) string {
	if s := b.env.Catalog.SchemaByOID(oid); s != nil {
		return s.Name
	}
	return ""
}

// typeStr prints a type for a message.
func (b *binder) typeStr(oid types.OID) string { return b.typeStrMod(oid, -1) }

func (b *binder) typeStrMod(oid types.OID, mod int32) string {
	if types.Lookup(oid) == nil {
		if t := b.typ(oid); t != nil {
			name := ruleutils.QuoteIdent(t.Name)
			if t.IsArray() {
				if el := b.typ(t.Elem); el != nil {
					name = ruleutils.QuoteIdent(el.Name) + "[]"
				}
			}
			if t.Schema != "" && !b.schemaVisible(t.Schema) {
				name = ruleutils.QuoteIdent(t.Schema) + "." + name
			}
			return name
		}
	}
	return types.FormatType(oid, mod, b.env.Types)
}

func (b *binder) schemaVisible(name string) bool {
	for _, oid := range b.path() {
		if b.schemaName(oid) == name {
			return true
		}
	}
	return false
}

// path is the search path with its implicit parts.
func (b *binder) path() []types.OID {
	given := b.env.SearchPath
	if b.viewPath != nil {
		given = b.viewPath
	}
	var out []types.OID
	has := func(oid types.OID) bool {
		for _, s := range given {
			if s == oid {
				return true
			}
		}
		return false
	}
	if t := b.env.TempSchema; t != 0 && !has(t) {
		out = append(out, t)
	}
	if !has(catalog.PgCatalogOID) {
		out = append(out, catalog.PgCatalogOID)
	}
	return append(out, given...)
}

// baseType looks through domains.
func (b *binder) baseType(oid types.OID) types.OID {
	base, _ := b.baseTypeMod(oid, -1)
	return base
}

func (b *binder) baseTypeMod(oid types.OID, mod int32) (types.OID, int32) {
	for {
		if oid < catalog.FirstNormalOID && types.Lookup(oid) != nil {
			return oid, mod
		}
		t := b.typ(oid)
		if t == nil || t.TypType != types.TypeDomain {
			return oid, mod
		}
		if mod < 0 {
			mod = t.BaseMod
		}
		oid = t.Base
	}
}

func (b *binder) category(oid types.OID) byte {
	if t := b.typ(oid); t != nil {
		return t.Category
	}
	return types.CategoryInternal
}

func (b *binder) preferred(oid types.OID) bool {
	t := b.typ(oid)
	return t != nil && t.Preferred
}

// elemType is the element type of a true array; 0 otherwise.
func (b *binder) elemType(oid types.OID) types.OID {
	if t := b.typ(oid); t != nil && (t.IsArray() || t.OID == types.OidVector || t.OID == types.Int2Vector) {
		return t.Elem
	}
	return 0
}

// baseElemType is elemType through domains.
func (b *binder) baseElemType(oid types.OID) types.OID { return b.elemType(b.baseType(oid)) }

func (b *binder) arrayOf(oid types.OID) types.OID {
	if t := b.typ(oid); t != nil {
		return t.Array
	}
	return 0
}

// promotedArray is arrayOf, but an array gives itself: arrays have one type for all dimensions.
func (b *binder) promotedArray(oid types.OID) types.OID {
	if a := b.arrayOf(oid); a != 0 {
		return a
	}
	if b.elemType(oid) != 0 {
		return oid
	}
	return 0
}

func (b *binder) isComposite(oid types.OID) bool {
	t := b.typ(b.baseType(oid))
	return t != nil && t.TypType == types.TypeComposite
}

// isRowType: composite, or the anonymous record.
func (b *binder) isRowType(oid types.OID) bool { return oid == types.Record || b.isComposite(oid) }

func (b *binder) isEnum(oid types.OID) bool {
	t := b.typ(oid)
	return t != nil && t.TypType == types.TypeEnum
}

func (b *binder) isRange(oid types.OID) bool {
	t := b.typ(oid)
	return t != nil && t.TypType == types.TypeRange
}

func (b *binder) isMultirange(oid types.OID) bool {
	t := b.typ(oid)
	return t != nil && t.TypType == types.TypeMultirange
}

func (b *binder) typeColl(oid types.OID) types.OID {
	if t := b.typ(oid); t != nil {
		return t.Collation
	}
	return 0
}

// mk makes a plan.Type with the type's own collation.
func (b *binder) mk(oid types.OID, mod int32) plan.Type {
	return plan.Type{OID: oid, Mod: mod, Coll: b.typeColl(oid)}
}

func colType(c *catalog.Column) plan.Type {
	return plan.Type{OID: c.Type, Mod: c.TypMod, Coll: c.Collation}
}

// relation finds a table, view or index; nil if there is none. Unknown schemas and databases are errors.
func (b *binder) relation(r *ast.RangeVar) (*catalog.Table, *catalog.Index) {
	c := b.env.Catalog
	if r.Catalogname != "" && b.env.Database != "" && r.Catalogname != b.env.Database {
		b.fail(pgerr.FeatureNotSupported, r.Location, "cross-database references are not implemented: \"%s.%s.%s\"", r.Catalogname, r.Schemaname, r.Relname)
	}
	if r.Schemaname != "" {
		s := c.Schema(r.Schemaname)
		if r.Schemaname == "pg_temp" && b.env.TempSchema != 0 {
			s = c.SchemaByOID(b.env.TempSchema)
		}
		if s == nil {
			return nil, nil
		}
		if b.quiet == 0 && b.env.MayUse != nil && !b.env.MayUse(s) {
			b.fail(pgerr.InsufficientPrivilege, r.Location, "permission denied for schema %s", s.Name)
		}
		return c.Relation(s.OID, r.Relname)
	}
	for _, oid := range b.path() {
		if t, ix := c.Relation(oid, r.Relname); t != nil {
			return t, ix
		}
	}
	return nil, nil
}

func (b *binder) noRelation(r *ast.RangeVar) {
	if r.Schemaname != "" {
		b.fail(pgerr.UndefinedTable, r.Location, "relation \"%s.%s\" does not exist", r.Schemaname, r.Relname)
	}
	b.fail(pgerr.UndefinedTable, r.Location, "relation \"%s\" does not exist", r.Relname)
}

// typeByName finds a type by its pg_type name; nil if there is none.
func (b *binder) typeByName(schema, name string) *types.Type {
	if schema == "" || schema == "pg_catalog" {
		if t := types.LookupName(name); t != nil {
			return t
		}
	}
	if schema == "" || schema == "information_schema" {
		if schema != "" || b.schemaVisible("information_schema") {
			for _, r := range pgdata.Load("information_schema_type").Rows {
				if *r[1] == name {
					return b.typ(oidOf(r[0]))
				}
			}
		}
	}
	lookup := func(s types.OID) *types.Type {
		if oid := b.env.Catalog.TypeNamed(s, name); oid != 0 {
			return b.typ(oid)
		}
		return nil
	}
	if schema != "" {
		if s := b.env.Catalog.Schema(schema); s != nil {
			return lookup(s.OID)
		}
		return nil
	}
	for _, s := range b.path() {
		if t := lookup(s); t != nil {
			return t
		}
	}
	return nil
}

// operatorsNamed lists the operators that a name may mean.
func (b *binder) operatorsNamed(name []string) []*pgdata.Operator {
	if len(name) > 1 && name[0] != "pg_catalog" {
		return nil
	}
	return b.reg.opsByName[name[len(name)-1]]
}

func (b *binder) collationByName(list []ast.Node, loc int32) types.OID {
	n := names(list)
	if len(n) == 1 || len(n) == 2 && n[0] == "pg_catalog" {
		if oid, ok := b.reg.collations[n[len(n)-1]]; ok {
			return oid
		}
	}
	b.fail(pgerr.UndefinedObject, loc, "collation \"%s\" for encoding \"UTF8\" does not exist", strings.Join(n, "."))
	return 0
}

// defaultClass finds the default operator class for a type: its own, or one whose type it is binary-coercible to.
func (b *binder) defaultClass(am, typ types.OID) (opClass, bool) {
	typ = b.baseType(typ)
	var found opClass
	ok := false
	cat := b.category(typ)
	for _, c := range b.defaultClasses(am) {
		if c.in == typ {
			return c, true
		}
		if !b.binaryCoercible(typ, c.in) {
			continue
		}
		// A preferred type of the category wins.
		if !ok || b.preferred(c.in) && b.category(c.in) == cat && !(b.preferred(found.in) && b.category(found.in) == cat) {
			found, ok = c, true
		}
	}
	return found, ok
}

// orderOps are the operators of a type's default btree order; 0 where there is none.
func (b *binder) orderOps(typ types.OID) (lt, eq, gt types.OID) {
	if el := b.baseElemType(typ); el != 0 {
		l, e, _ := b.orderOps(el)
		if e == 0 {
			return 0, 0, 0
		}
		lt, eq, gt = b.rawOrderOps(typ)
		if l == 0 {
			lt, gt = 0, 0
		}
		return lt, eq, gt
	}
	return b.rawOrderOps(typ)
}

func (b *binder) rawOrderOps(typ types.OID) (lt, eq, gt types.OID) {
	if c, ok := b.defaultClass(btreeAM, typ); ok {
		at := func(s int) types.OID { return b.familyOp(c.family, c.in, c.in, s) }
		return at(stratLess), at(stratEqual), at(stratGreater)
	}
	if c, ok := b.defaultClass(hashAM, typ); ok {
		return 0, b.familyOp(c.family, c.in, c.in, 1), 0
	}
	return 0, 0, 0
}

func (b *binder) sortOps(typ types.OID, loc int32) (lt, eq, gt types.OID) {
	lt, eq, gt = b.orderOps(typ)
	if lt == 0 || gt == 0 {
		panic(b.err(pgerr.UndefinedFunction, loc, "could not identify an ordering operator for type %s", b.typeStr(typ)).
			WithHint("Use an explicit ordering operator or modify the query."))
	}
	return lt, eq, gt
}

func (b *binder) eqOp(typ types.OID, loc int32) types.OID {
	_, eq, _ := b.orderOps(typ)
	if eq == 0 {
		b.fail(pgerr.UndefinedFunction, loc, "could not identify an equality operator for type %s", b.typeStr(typ))
	}
	return eq
}

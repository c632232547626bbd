package threeway

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
)

// object is a descriptor of a catalog: a *catalog.Schema, a *catalog.Table or a catalog.Object.
type object struct {
	kind  catalog.Kind
	oid   catalog.OID
	ident catalog.Ident
	desc  any
}

func (o object) addr() catalog.Address { return catalog.Address{Kind: o.kind, OID: o.oid} }

// identity is what tells objects apart across catalogs.
type identity struct {
	kind  catalog.Kind
	ident catalog.Ident
	oid   catalog.OID
}

func (o object) identity() identity {
	if o.ident != 0 {
		return identity{kind: o.kind, ident: o.ident}
	}
	return identity{kind: o.kind, oid: o.oid}
}

func tableObject(t *catalog.Table) object {
	return object{catalog.KindRelation, t.OID, t.Ident, t}
}

// objects lists what a catalog stores, but for what is temporary.
func objects(c *catalog.Catalog) (out []object) {
	c.Schemas(func(s *catalog.Schema) bool {
		if s.OID == catalog.PublicOID || catalog.OfUser(s.OID) && !strings.HasPrefix(s.Name, "pg_temp") {
			out = append(out, object{catalog.KindSchema, s.OID, s.Ident, s})
		}
		return true
	})
	c.Tables(func(t *catalog.Table) bool {
		if catalog.OfUser(t.OID) && !t.Virtual && t.Persistence != catalog.Temporary {
			out = append(out, tableObject(t))
		}
		return true
	})
	for _, k := range catalog.Kinds() {
		c.Objects(k, func(o catalog.Object) bool {
			if !catalog.Derived(o) {
				out = append(out, object{k, o.Head().OID, o.Head().Ident, o})
			}
			return true
		})
	}
	return out
}

// part is an OID that a descriptor takes.
type part struct {
	what  byte
	ident catalog.Ident
	name  string
	oid   catalog.OID
}

// parts are the OIDs that a descriptor takes, its own first.
func parts(desc any) (out []part) {
	add := func(what byte, ident catalog.Ident, name string, oid catalog.OID) {
		if oid != 0 {
			out = append(out, part{what, ident, name, oid})
		}
	}
	switch d := desc.(type) {
	case *catalog.Schema:
		add('o', d.Ident, "", d.OID)
	case *catalog.Table:
		add('o', d.Ident, "", d.OID)
		if d.RowType != 0 {
			add('y', 0, "", d.RowType)
			add('a', 0, "", d.RowType+1)
		}
		for _, x := range d.Indexes {
			add('i', x.Ident, x.Name, x.OID)
		}
		for _, x := range d.Constraints {
			add('k', x.Ident, x.Name, x.OID)
		}
		for _, x := range d.Triggers {
			add('g', x.Ident, x.Name, x.OID)
		}
		for _, x := range d.Policies {
			add('l', x.Ident, x.Name, x.OID)
		}
		for _, x := range d.Rules {
			add('r', x.Ident, x.Name, x.OID)
		}
	case *catalog.Type:
		add('o', d.Ident, "", d.OID)
		add('a', 0, "", d.Array)
		for _, l := range d.Labels { // rows hold a label's place, which stays
			add('e', 0, strconv.FormatFloat(float64(l.Sort), 'g', -1, 32), l.OID)
		}
		if d.Domain != nil {
			for _, c := range d.Domain.Constraints {
				add('c', 0, c.Name, c.OID)
			}
		}
	case catalog.Object:
		add('o', d.Head().Ident, "", d.Head().OID)
	}
	return out
}

// counterpart finds the part of other that p is; nil for none.
func (p part) counterpart(other []part) *part {
	for i := range other {
		if o := &other[i]; o.what == p.what && p.ident != 0 && o.ident == p.ident {
			return o
		}
	}
	for i := range other {
		if o := &other[i]; o.what == p.what && o.name == p.name && (p.ident == 0 || o.ident == 0 || p.what == 'o') {
			return o
		}
	}
	return nil
}

// named is counterpart for what both sides have made: parts of the same name are the same.
func (p part) named(other []part) *part {
	if o := p.counterpart(other); o != nil {
		return o
	}
	for i := range other {
		if o := &other[i]; o.what == p.what && o.name == p.name {
			return o
		}
	}
	return nil
}

// triple is an object on the sides; nil where it is not there.
type triple struct{ base, source, target *object }

func (t *triple) any() *object { return cmp.Or(t.source, t.base, t.target) }

// match pairs the objects of the catalogs, those of the source and the base first, each in the order of its catalog.
func match(base, source, target *catalog.Catalog) []*triple {
	var out []*triple
	by := map[identity]*triple{}
	for _, o := range objects(base) {
		t := &triple{base: &o}
		by[o.identity()] = t
		out = append(out, t)
	}
	place := func(list []object, at func(*triple) **object) {
		for _, o := range list {
			t := by[o.identity()]
			if t == nil || o.ident == 0 && t.base == nil {
				t = &triple{}
				if o.ident != 0 {
					by[o.identity()] = t
				}
				out = append(out, t)
			}
			*at(t) = &o
		}
	}
	place(objects(source), func(t *triple) **object { return &t.source })
	place(objects(target), func(t *triple) **object { return &t.target })
	return matchNames(source, target, out)
}

// matchNames joins what source and target have made under the same name since the base.
func matchNames(source, target *catalog.Catalog, list []*triple) []*triple {
	made := map[string]*triple{}
	for _, t := range list {
		if t.base == nil && t.source == nil {
			made[nameOf(target, *t.target)] = t
		}
	}
	joined := map[*triple]bool{}
	for _, t := range list {
		if t.base != nil || t.target != nil {
			continue
		}
		if other := made[nameOf(source, *t.source)]; other != nil && !joined[other] {
			t.target = other.target
			joined[other] = true
		}
	}
	return slices.DeleteFunc(list, func(t *triple) bool { return joined[t] })
}

// nameOf is what no two objects of a kind share in a catalog.
func nameOf(c *catalog.Catalog, o object) string {
	text := string(rune(o.kind)) + " "
	switch d := o.desc.(type) {
	case *catalog.Schema:
		return text + d.Name
	case *catalog.Table:
		return text + inSchema(c, d.Schema, d.Name)
	case *catalog.Function:
		text += inSchema(c, d.Schema, d.Name)
		for _, a := range d.Proc.ArgTypes {
			text += "\x00" + typeName(c, a)
		}
		return text
	case *catalog.Operator:
		return text + inSchema(c, d.Schema, d.Name) + "\x00" + typeName(c, d.Op.Left) + "\x00" + typeName(c, d.Op.Right)
	case *catalog.Cast:
		return text + typeName(c, d.Row.Source) + "\x00" + typeName(c, d.Row.Target)
	case *catalog.DefaultACL:
		return text + inSchema(c, d.Schema, strconv.Itoa(int(d.Owner))) + "\x00" + string(rune(d.For))
	case *catalog.Extension:
		return text + d.Name
	case catalog.Object:
		return text + inSchema(c, d.Head().Schema, d.Head().Name)
	}
	return text
}

func inSchema(c *catalog.Catalog, schema catalog.OID, name string) string {
	if s := c.SchemaByOID(schema); s != nil {
		return s.Name + "\x00" + name
	}
	return "\x00" + name
}

// typeName names a type by what does not depend on the catalog.
func typeName(c *catalog.Catalog, oid types.OID) string {
	if !catalog.OfUser(oid) {
		return strconv.Itoa(int(oid))
	}
	if t := c.Type(oid); t != nil {
		if t.OID != oid {
			return inSchema(c, t.Schema, t.Name) + "[]"
		}
		return inSchema(c, t.Schema, t.Name)
	}
	if t := c.RowTypeOf(oid); t != nil {
		if t.RowType != oid {
			return inSchema(c, t.Schema, t.Name) + "[]"
		}
		return inSchema(c, t.Schema, t.Name)
	}
	return "?" + strconv.Itoa(int(oid))
}

// Tables is a relation on the sides; nil where it is not there.
type Tables struct{ Base, Source, Target *catalog.Table }

// Relations matches the relations of three catalogs.
func Relations(base, source, target *catalog.Catalog) (out []Tables) {
	for _, t := range match(base, source, target) {
		if t.any().kind != catalog.KindRelation {
			continue
		}
		var x Tables
		x.Base, _ = desc[*catalog.Table](t.base)
		x.Source, _ = desc[*catalog.Table](t.source)
		x.Target, _ = desc[*catalog.Table](t.target)
		out = append(out, x)
	}
	return out
}

// SameType reports whether types of two catalogs are the same one.
func SameType(a *catalog.Catalog, x types.OID, b *catalog.Catalog, y types.OID) bool {
	if !catalog.OfUser(x) || !catalog.OfUser(y) {
		return x == y
	}
	if t, u := a.Type(x), b.Type(y); t != nil && u != nil {
		if (t.OID == x) != (u.OID == y) {
			return false
		}
		if t.Ident == u.Ident {
			return t.Ident != 0 || x == y
		}
		return typeName(a, x) == typeName(b, y) && t.Form == u.Form && slices.EqualFunc(t.Labels, u.Labels, func(l, m catalog.Label) bool {
			return l.Sort == m.Sort && l.Name == m.Name
		})
	}
	t, u := a.RowTypeOf(x), b.RowTypeOf(y)
	if t == nil || u == nil || (t.RowType == x) != (u.RowType == y) {
		return false
	}
	if t.Ident == u.Ident {
		return t.Ident != 0 || x == y
	}
	return false
}

// Ties reports whether values of a type hold OIDs: of objects, or of the types that they are made of.
func Ties(c *catalog.Catalog, oid types.OID) bool {
	t := types.Lookup(oid)
	if t == nil {
		t = c.UserType(oid)
	}
	if t == nil {
		return true
	}
	switch {
	case t.TypType == types.TypeDomain:
		return Ties(c, t.Base)
	case t.TypType == types.TypeComposite, t.TypType == types.TypePseudo:
		return true
	case t.Elem != 0 && t.Subscript == types.ArraySubscriptHandler:
		return catalog.OfUser(t.Elem) || Ties(c, t.Elem)
	case t.TypType == types.TypeRange, t.TypType == types.TypeMultirange:
		return catalog.OfUser(oid)
	}
	switch oid {
	case types.RegClass, types.RegProc, types.RegProcedure, types.RegOper, types.RegOperator, types.RegType, types.RegConfig, types.RegDictionary, types.RegCollation, types.RegNamespace:
		return true
	}
	return false
}

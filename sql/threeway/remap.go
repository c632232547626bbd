package threeway

import (
	"reflect"
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
)

// numbers bring descriptors of one side into the target's OIDs and attribute numbers.
type numbers struct {
	oids map[catalog.OID]catalog.OID
	// atts has the columns of tables, by the side's OID, that are not at the same place in the target.
	atts map[catalog.OID][]int16
}

func newNumbers() *numbers {
	return &numbers{oids: map[catalog.OID]catalog.OID{}, atts: map[catalog.OID][]int16{}}
}

func (n *numbers) oid(of catalog.OID) catalog.OID {
	if to, ok := n.oids[of]; ok {
		return to
	}
	return of
}

func (n *numbers) att(table catalog.OID, att int16) int16 {
	if list := n.atts[table]; att > 0 && int(att) <= len(list) {
		return list[att-1]
	}
	return att
}

func (n *numbers) list(table catalog.OID, atts []int16) []int16 {
	out := slices.Clone(atts)
	for i := range out {
		out[i] = n.att(table, out[i])
	}
	return out
}

func (n *numbers) address(a catalog.Address) catalog.Address {
	return catalog.Address{Kind: a.Kind, OID: n.oid(a.OID), Sub: n.att(a.OID, a.Sub)}
}

func (n *numbers) deps(list []catalog.Dep) []catalog.Dep {
	out := slices.Clone(list)
	for i := range out {
		out[i].From, out[i].On = n.address(out[i].From), n.address(out[i].On)
	}
	return out
}

// descriptor is a copy of a side's descriptor in the target's numbers.
func (n *numbers) descriptor(desc any) any {
	switch d := desc.(type) {
	case *catalog.Schema:
		c := *d
		c.OID = n.oid(c.OID)
		return &c
	case *catalog.Table:
		return n.table(d)
	}
	v := n.copy(reflect.ValueOf(desc), "")
	o := v.Interface().(catalog.Object)
	o.Head().Deps = n.deps(desc.(catalog.Object).Head().Deps)
	if c, ok := o.(*catalog.Cast); ok {
		c.Name = catalog.CastName(c.Row.Source, c.Row.Target)
	}
	return o
}

// notOIDs are the uint32 fields of objects that number something else: roles.
var notOIDs = map[string]bool{"Owner": true, "ACL": true, "Deps": true, "Privs": true}

// copy copies a value of the general store; all of its uint32 that are not roles are OIDs.
func (n *numbers) copy(v reflect.Value, field string) reflect.Value {
	if notOIDs[field] {
		return v
	}
	switch v.Kind() {
	case reflect.Uint32:
		out := reflect.New(v.Type()).Elem()
		out.SetUint(uint64(n.oid(catalog.OID(v.Uint()))))
		return out
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(n.copy(v.Elem(), ""))
		return out
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(n.copy(v.Index(i), ""))
		}
		return out
	case reflect.Struct:
		out := reflect.New(v.Type()).Elem()
		out.Set(v)
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				out.Field(i).Set(n.copy(v.Field(i), f.Name))
			}
		}
		return out
	}
	return v
}

func (n *numbers) table(t *catalog.Table) *catalog.Table {
	c := *t
	c.OID, c.Schema, c.RowType, c.ReplIndex, c.Detaching = n.oid(t.OID), n.oid(t.Schema), n.oid(t.RowType), n.oid(t.ReplIndex), n.oid(t.Detaching)
	c.Columns = slices.Clone(t.Columns)
	for i := range c.Columns {
		k := &c.Columns[i]
		k.AttNum = n.att(t.OID, k.AttNum)
		k.Type, k.Collation, k.IdentSeq = n.oid(k.Type), n.oid(k.Collation), n.oid(k.IdentSeq)
	}
	c.Indexes = each(t.Indexes, func(x *catalog.Index) { n.index(t, x) })
	c.Constraints = each(t.Constraints, func(x *catalog.Constraint) {
		x.Cols, x.RefCols, x.DeleteCols = n.list(t.OID, x.Cols), n.list(x.RefTable, x.RefCols), n.list(t.OID, x.DeleteCols)
		x.OID, x.Index, x.RefTable, x.Parent = n.oid(x.OID), n.oid(x.Index), n.oid(x.RefTable), n.oid(x.Parent)
	})
	c.Triggers = each(t.Triggers, func(x *catalog.Trigger) {
		x.Cols = n.list(t.OID, x.Cols)
		x.OID, x.Func, x.Constraint, x.RefTable, x.Parent = n.oid(x.OID), n.oid(x.Func), n.oid(x.Constraint), n.oid(x.RefTable), n.oid(x.Parent)
	})
	c.Policies = each(t.Policies, func(x *catalog.Policy) { x.OID = n.oid(x.OID) })
	c.Rules = each(t.Rules, func(x *catalog.Rule) { x.OID = n.oid(x.OID) })
	c.Deps = n.deps(t.Deps)
	c.Parents = slices.Clone(t.Parents)
	for i := range c.Parents {
		c.Parents[i] = n.oid(c.Parents[i])
	}
	if t.Sequence != nil {
		q := *t.Sequence
		q.Type, q.OwnerTable, q.OwnerCol = n.oid(q.Type), n.oid(q.OwnerTable), n.att(q.OwnerTable, q.OwnerCol)
		c.Sequence = &q
	}
	if t.PartKey != nil {
		k := *t.PartKey
		k.Keys = n.keys(t, k.Keys)
		c.PartKey = &k
	}
	if t.ColComments != nil {
		c.ColComments = map[int16]string{}
		for att, text := range t.ColComments {
			c.ColComments[n.att(t.OID, att)] = text
		}
	}
	return &c
}

// each copies a list of parts, changed by f.
func each[T any](list []*T, f func(*T)) []*T {
	if list == nil {
		return nil
	}
	out := make([]*T, len(list))
	for i, x := range list {
		c := *x
		f(&c)
		out[i] = &c
	}
	return out
}

func (n *numbers) index(t *catalog.Table, x *catalog.Index) {
	x.OID, x.Constraint, x.Parent = n.oid(x.OID), n.oid(x.Constraint), n.oid(x.Parent)
	x.Keys, x.Include = n.keys(t, x.Keys), n.list(t.OID, x.Include)
	x.Excludes = slices.Clone(x.Excludes)
	for i := range x.Excludes {
		x.Excludes[i].Op, x.Excludes[i].Proc = n.oid(x.Excludes[i].Op), n.oid(x.Excludes[i].Proc)
	}
}

func (n *numbers) keys(t *catalog.Table, list []catalog.IndexKey) []catalog.IndexKey {
	out := slices.Clone(list)
	for i := range out {
		k := &out[i]
		k.Att, k.Type, k.OpClass, k.Collation = n.att(t.OID, k.Att), n.oid(k.Type), n.oid(k.OpClass), n.oid(k.Collation)
		if k.Order != nil {
			o := *k.Order
			o.Of = n.oid(o.Of)
			k.Order = &o
		}
	}
	return out
}

package threeway

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/privilege"
)

// kept are the fields that are the target's own, whatever the source says.
var kept = map[string]bool{"OID": true, "RowType": true, "AttNum": true, "StorageID": true, "Version": true, "NextIndexID": true, "Array": true}

// merger merges the fields of one descriptor, all three in the target's numbers.
type merger struct {
	useSource bool
	conflicts []string // paths of fields that both sides have changed
	hard      []string // those of them that nothing decides
}

func (m *merger) conflict(path string, s, t reflect.Value) reflect.Value {
	m.conflicts = append(m.conflicts, path)
	if m.useSource {
		return s
	}
	return t
}

// value merges a value; an invalid b is one that the base does not have.
func (m *merger) value(path string, b, s, t reflect.Value) reflect.Value {
	switch t.Kind() {
	case reflect.Pointer:
		if !s.IsNil() && !t.IsNil() {
			if b.IsValid() && b.IsNil() {
				b = reflect.Value{}
			}
			out := reflect.New(t.Type().Elem())
			out.Elem().Set(m.value(path, elem(b), s.Elem(), t.Elem()))
			return out
		}
	case reflect.Struct:
		return m.structs(path, b, s, t)
	case reflect.Slice:
		if key := keyOf[t.Type().Elem()]; key != nil {
			return m.list(path, b, s, t, key)
		}
	case reflect.Map:
		return m.maps(path, b, s, t)
	}
	switch {
	case same(s, t), b.IsValid() && same(b, s):
		return t
	case b.IsValid() && same(b, t), !b.IsValid() && t.IsZero():
		return s
	case !b.IsValid() && s.IsZero():
		return t
	}
	return m.conflict(path, s, t)
}

func elem(v reflect.Value) reflect.Value {
	if !v.IsValid() {
		return v
	}
	return v.Elem()
}

func (m *merger) structs(path string, b, s, t reflect.Value) reflect.Value {
	if c, ok := s.Interface().(catalog.Column); ok && c.Dropped != t.Interface().(catalog.Column).Dropped {
		if !c.Dropped && b.IsValid() && !same(b, s) {
			m.conflicts = append(m.conflicts, path)
			if m.useSource {
				m.hard = append(m.hard, path)
			}
		}
		return t // a column is dropped as such, not field by field
	}
	out := reflect.New(t.Type()).Elem()
	out.Set(t)
	for i := range t.NumField() {
		f := t.Type().Field(i)
		if !f.IsExported() || kept[f.Name] || f.Name == "ID" && t.Type() == reflect.TypeFor[catalog.Index]() {
			continue
		}
		var was reflect.Value
		if b.IsValid() {
			was = b.Field(i)
		}
		if f.Name == "Ident" {
			if !was.IsValid() {
				out.Field(i).Set(s.Field(i))
			}
			continue
		}
		out.Field(i).Set(m.value(join(path, f.Name), was, s.Field(i), t.Field(i)))
	}
	return out
}

func join(path, name string) string {
	if path == "" || name == "Header" {
		return name
	}
	return path + "." + name
}

// keyOf tells the elements of lists apart; lists of other elements are merged as a whole.
var keyOf = map[reflect.Type]func(reflect.Value) any{
	reflect.TypeFor[catalog.Column]():            field("AttNum"),
	reflect.TypeFor[*catalog.Index]():            field("OID"),
	reflect.TypeFor[*catalog.Constraint]():       field("OID"),
	reflect.TypeFor[*catalog.Trigger]():          field("OID"),
	reflect.TypeFor[*catalog.Policy]():           field("OID"),
	reflect.TypeFor[*catalog.Rule]():             field("OID"),
	reflect.TypeFor[catalog.Label]():             field("Sort"),
	reflect.TypeFor[*catalog.DomainConstraint](): field("OID"),
	reflect.TypeFor[catalog.RelOption]():         field("Name"),
	reflect.TypeFor[catalog.TSMapping]():         field("Token"),
	reflect.TypeFor[catalog.Dep]():               func(v reflect.Value) any { return v.Interface() },
	reflect.TypeFor[privilege.Grant](): func(v reflect.Value) any {
		g := v.Interface().(privilege.Grant)
		return [2]catalog.OID{g.Grantee, g.Grantor}
	},
}

func field(name string) func(reflect.Value) any {
	return func(v reflect.Value) any { return reflect.Indirect(v).FieldByName(name).Interface() }
}

func byKey(list reflect.Value, key func(reflect.Value) any) map[any]reflect.Value {
	out := map[any]reflect.Value{}
	if list.IsValid() {
		for i := range list.Len() {
			out[key(list.Index(i))] = list.Index(i)
		}
	}
	return out
}

// list merges lists of elements that have keys, in the target's order and then the source's.
func (m *merger) list(path string, b, s, t reflect.Value, key func(reflect.Value) any) reflect.Value {
	if b.IsValid() && same(b, s) {
		return t
	}
	// Access lists that are not there stand for the kind's default.
	if t.Type() == reflect.TypeFor[privilege.ACL]() && (s.IsNil() || t.IsNil() || !b.IsValid() || b.IsNil()) {
		switch {
		case b.IsValid() && same(b, t):
			return s
		case same(s, t):
			return t
		}
		return m.conflict(path, s, t)
	}
	was, from, at := byKey(b, key), byKey(s, key), byKey(t, key)
	out := reflect.MakeSlice(t.Type(), 0, t.Len())
	for i := range t.Len() {
		e := t.Index(i)
		k := key(e)
		in, there := from[k]
		old, before := was[k]
		switch {
		case there:
			e = m.value(pathOf(path, e), old, in, e)
		case e.Type() == reflect.TypeFor[catalog.Column]():
			// Columns stay; one that came and went on one side is not on the other.
		case before && same(old, e):
			continue // the source has removed it
		case before:
			m.conflicts = append(m.conflicts, pathOf(path, e))
			if m.useSource {
				continue
			}
		}
		out = reflect.Append(out, e)
	}
	for i := range s.Len() {
		e := s.Index(i)
		k := key(e)
		if _, there := at[k]; there {
			continue
		}
		old, before := was[k]
		switch {
		case before && same(old, e):
			continue // the target has removed it
		case before:
			m.conflicts = append(m.conflicts, pathOf(path, e))
			if m.useSource {
				m.hard = append(m.hard, pathOf(path, e))
			}
			continue
		}
		out = reflect.Append(out, e)
	}
	if out.Len() == 0 && t.IsNil() {
		return t
	}
	return sorted(out)
}

// sorted puts lists whose order means something in order.
func sorted(list reflect.Value) reflect.Value {
	switch l := list.Interface().(type) {
	case []catalog.Label:
		slices.SortFunc(l, func(a, b catalog.Label) int { return cmp.Compare(a.Sort, b.Sort) })
	case []*catalog.Trigger:
		slices.SortStableFunc(l, func(a, b *catalog.Trigger) int { return cmp.Compare(a.Name, b.Name) })
	}
	return list
}

func pathOf(path string, e reflect.Value) string {
	if n := reflect.Indirect(e).FieldByName("Name"); n.IsValid() && n.Kind() == reflect.String {
		return fmt.Sprintf("%s %q", path, n.String())
	}
	return path
}

func (m *merger) maps(path string, b, s, t reflect.Value) reflect.Value {
	out := reflect.MakeMap(t.Type())
	at := func(v, k reflect.Value) reflect.Value {
		if v.IsValid() {
			if x := v.MapIndex(k); x.IsValid() {
				return x
			}
		}
		return reflect.Zero(t.Type().Elem())
	}
	for _, side := range []reflect.Value{t, s} {
		for _, k := range side.MapKeys() {
			if v := m.value(path, at(b, k), at(s, k), at(t, k)); !v.IsZero() {
				out.SetMapIndex(k, v)
			}
		}
	}
	if out.Len() == 0 {
		return reflect.Zero(t.Type())
	}
	return out
}

// same reports whether two values say the same: what is a side's own (kept, idents) is not looked at, and an empty list is none.
func same(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return same(a.Elem(), b.Elem())
	case reflect.Interface:
		return same(a.Elem(), b.Elem())
	case reflect.Struct:
		for i := range a.NumField() {
			f := a.Type().Field(i)
			if !f.IsExported() || f.Name == "Ident" || kept[f.Name] && f.Name != "OID" && f.Name != "AttNum" ||
				f.Name == "ID" && a.Type() == reflect.TypeFor[catalog.Index]() {
				continue
			}
			if !same(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice:
		if a.Type() == reflect.TypeFor[privilege.ACL]() && a.IsNil() != b.IsNil() {
			return false // none is the kind's default
		}
		if key := keyOf[a.Type().Elem()]; key != nil && !ordered[a.Type().Elem()] {
			if a.Len() != b.Len() {
				return false
			}
			other := byKey(b, key)
			for i := range a.Len() {
				o, ok := other[key(a.Index(i))]
				if !ok || !same(a.Index(i), o) {
					return false
				}
			}
			return true
		}
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Map:
		if a.Len() != b.Len() {
			return false
		}
		for _, k := range a.MapKeys() {
			if v := b.MapIndex(k); !v.IsValid() || !same(a.MapIndex(k), v) {
				return false
			}
		}
		return true
	}
	return a.Interface() == b.Interface()
}

// ordered are elements whose order is part of what a list says.
var ordered = map[reflect.Type]bool{reflect.TypeFor[catalog.RelOption](): true}

func sameDescriptor(a, b any) bool {
	return reflect.TypeOf(a) == reflect.TypeOf(b) && same(reflect.ValueOf(a), reflect.ValueOf(b))
}

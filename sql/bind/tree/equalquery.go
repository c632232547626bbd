package tree

import (
	"reflect"
	"strings"

	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// equalQuery is equal on subqueries: the same trees over the same tables, where the columns that one makes stand for those
// that the other makes, and the columns that they take from outside are the same.
func equalQuery(x, y *plan.Subquery) bool {
	p := &pairing{outer: plan.FreeCols(x.Rel), of: map[plan.ColID]plan.ColID{}, back: map[plan.ColID]plan.ColID{}, met: map[[2]uintptr]bool{}}
	for c := range plan.FreeCols(y.Rel) {
		p.outer[c] = true
	}
	return p.same(reflect.ValueOf(x), reflect.ValueOf(y))
}

// pairing compares two trees of package plan.
type pairing struct {
	outer    map[plan.ColID]bool
	of, back map[plan.ColID]plan.ColID // one to one
	met      map[[2]uintptr]bool       // pointers that are being compared or were: scans of a CTE lead back to it
}

func (p *pairing) col(a, b plan.ColID) bool {
	if p.outer[a] || p.outer[b] {
		return a == b
	}
	c, ok := p.of[a]
	d, back := p.back[b]
	if !ok && !back {
		p.of[a], p.back[b] = b, a
		return true
	}
	return ok && back && c == b && d == a
}

var (
	colIDType = reflect.TypeFor[plan.ColID]()
	datumType = reflect.TypeFor[types.Datum]()
	planPath  = strings.TrimSuffix(colIDType.PkgPath(), "/")
)

func (p *pairing) same(v, w reflect.Value) bool {
	switch v.Type() {
	case colIDType:
		return p.col(plan.ColID(v.Int()), plan.ColID(w.Int()))
	case datumType:
		return sameDatum(v.Interface().(types.Datum), w.Interface().(types.Datum))
	}
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() || w.IsNil() {
			return v.IsNil() && w.IsNil()
		}
		return v.Elem().Type() == w.Elem().Type() && p.same(v.Elem(), w.Elem())
	case reflect.Pointer:
		at := [2]uintptr{v.Pointer(), w.Pointer()}
		if at[0] == at[1] || p.met[at] {
			return true
		}
		// Descriptors are what they are.
		if v.IsNil() || w.IsNil() || v.Type().Elem().PkgPath() != planPath {
			return false
		}
		p.met[at] = true
		return p.same(v.Elem(), w.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if !p.same(v.Field(i), w.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice, reflect.Array:
		if v.Len() != w.Len() {
			return false
		}
		for i := range v.Len() {
			if !p.same(v.Index(i), w.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Map:
		if v.Len() != w.Len() {
			return false
		}
		for it := v.MapRange(); it.Next(); {
			if other := w.MapIndex(it.Key()); !other.IsValid() || !p.same(it.Value(), other) {
				return false
			}
		}
		return true
	case reflect.Func:
		return v.IsNil() && w.IsNil()
	}
	return v.Equal(w)
}

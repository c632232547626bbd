package types

import (
	"testing"
)

// Every type of the catalog is there, and arrays and elements point at each other.
func TestTable(t *testing.T) {
	n := 0
	Builtin(func(ty *Type) {
		n++
		if ty.IsArray() {
			e := Lookup(ty.Elem)
			if e == nil || e.Array != ty.OID && ty.Name != "_record" && ty.Name != "_cstring" {
				t.Errorf("%s: element %d does not point back", ty.Name, ty.Elem)
			}
		}
		if ty.io == nil || ty.io.in == nil || ty.io.out == nil || ty.io.send == nil || ty.io.recv == nil {
			t.Errorf("%s has no input or output", ty.Name)
		}
	})
	if n < 180 || Lookup(Int4).Name != "int4" || Lookup(1) != nil || LookupName("_text").OID != TextArray {
		t.Errorf("%d types", n)
	}
}

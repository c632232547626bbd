package types

import (
	"testing"
	"time"
)

// The calendar agrees with Go's over all Julian days that both know, and is its own inverse.
func TestCalendar(t *testing.T) {
	for jd := 0; jd < 6_000_000; jd += 97 {
		y, m, d := fromJulian(jd)
		if back := julianDay(y, m, d); back != jd {
			t.Fatalf("%d: %d-%d-%d is %d", jd, y, m, d, back)
		}
		g := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
		if g.Day() != d || int(g.Month()) != m || g.Unix() != int64(jd-unixEpochJulian)*86400 {
			t.Fatalf("%d: %d-%d-%d, Go says %v", jd, y, m, d, g)
		}
		if int(g.Weekday()) != weekday(jd) {
			t.Fatalf("%v: weekday %d", g, weekday(jd))
		}
	}
}

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

package types

import (
	"testing"

	"github.com/tarndb/tarn/sql/types/temporal"
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

// In the SQL standard's style a sign in front is meant for every field, unless another has one of its own. The answers are
// PostgreSQL 15's.
func TestIntervalLeadingSign(t *testing.T) {
	env := &Env{Settings: temporal.Settings{IntervalStyle: temporal.IntervalSQLStandard}}
	for in, want := range map[string]string{
		"-23 hours 45 min 12.34 sec": "-23:45:12.34", "-1 year 2 months 1 day 23:45:12.34": "-1-2 -1 -23:45:12.34",
		"-1.5 days 2 hours": "-1 14:00:00", "-1 +2:00": "+0-0 -1 +2:00:00", "-1 day ago": "1 0:00:00", "P10.5e4Y": "105000-0",
	} {
		d, err := Lookup(Interval).ParseText(in, -1, env)
		if err != nil {
			t.Errorf("%s: %v", in, err)
		} else if got := Lookup(Interval).Text(d, env); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

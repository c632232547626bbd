package pgdata

import "testing"

// The dump is complete: the counts are PostgreSQL 15's own.
func TestCounts(t *testing.T) {
	if n := len(Procs()); n < 3200 {
		t.Errorf("pg_proc: %d rows", n)
	}
	ops, casts, aggs := 0, 0, 0
	for _, o := range Operators() {
		if ExtensionOf(o.OID) == nil {
			ops++
		}
	}
	for _, c := range Casts() {
		if ExtensionOf(c.OID) == nil {
			casts++
		}
	}
	for _, a := range Aggregates() {
		if ExtensionOf(a.Fn) == nil {
			aggs++
		}
	}
	if n := ops; n != 799 {
		t.Errorf("pg_operator: %d rows", n)
	}
	if n := casts; n != 229 {
		t.Errorf("pg_cast: %d rows", n)
	}
	if n := aggs; n != 148 {
		t.Errorf("pg_aggregate: %d rows", n)
	}
	for _, p := range Procs() {
		if p.Name == "int4pl" && (p.OID != 177 || len(p.ArgTypes) != 2 || p.RetType != 23 || !p.Strict || p.Src != "int4pl") {
			t.Errorf("int4pl: %+v", p)
		}
	}
	for _, y := range Types() {
		if y.Name == "int4" && (y.OID != 23 || y.Len != 4 || !y.ByVal || y.Array != 1007 || y.Category != 'N') {
			t.Errorf("int4: %+v", y)
		}
	}
	for _, f := range []string{"pg_opclass", "system_columns", "system_views", "keywords", "pg_settings"} {
		if len(Load(f).Rows) == 0 {
			t.Errorf("%s is empty", f)
		}
	}
}

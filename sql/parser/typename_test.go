package parser

import "testing"

func TestTypeName(t *testing.T) {
	for text, want := range map[string]bool{
		"int": true, "double precision": true, "numeric(10,2)[]": true, "public.mood": true, "interval day to second(3)": true,
		"int + 1": false, "int AS x": false, "int FROM t": false, "int WHERE true": false, "int, 2": false, "int::text": false, "int; select 1": false, "int x": false,
	} {
		if n, err := TypeName(text); err != nil || (n != nil) != want {
			t.Errorf("%s: %v, %v", text, n, err)
		}
	}
	for _, text := range []string{"", "(", "int int int"} {
		if n, err := TypeName(text); n != nil || err == nil {
			t.Errorf("%q: %v, %v", text, n, err)
		}
	}
}

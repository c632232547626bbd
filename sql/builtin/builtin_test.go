package builtin

import (
	"sort"
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
)

// Every symbol in the tables is one that pg_proc names: a misspelt one would be dead code.
func TestSymbolsExist(t *testing.T) {
	src := map[string]bool{}
	for _, p := range pgdata.Procs() {
		if x := pgdata.ExtensionOf(p.OID); p.Lang == langInternal || x != nil {
			src[p.Src] = true
		}
	}
	var bad []string
	for s := range bySymbol {
		if !src[s] {
			bad = append(bad, s)
		}
	}
	for s := range setBySymbol {
		if !src[s] {
			bad = append(bad, s)
		}
	}
	sort.Strings(bad)
	if len(bad) > 0 {
		t.Errorf("not in pg_proc: %s", strings.Join(bad, " "))
	}
}

// What an extension's package implements are functions of that extension.
func TestExtensionSymbolsExist(t *testing.T) {
	src := map[string]bool{}
	for _, p := range pgdata.Procs() {
		if x := pgdata.ExtensionOf(p.OID); x != nil {
			src[x.Name+" "+p.Src], src[x.Name+" aggregate "+p.Name] = true, true
		}
	}
	for name, f := range extensions {
		if pgdata.ExtensionNamed(name) == nil {
			t.Errorf("there is no extension %s", name)
		}
		for s := range f.Fns {
			if !src[name+" "+s] {
				t.Errorf("%s: no function has the symbol %s", name, s)
			}
		}
		for s := range f.Sets {
			if !src[name+" "+s] {
				t.Errorf("%s: no function has the symbol %s", name, s)
			}
		}
		for s := range f.Aggs {
			if !src[name+" aggregate "+s] {
				t.Errorf("%s: no aggregate is named %s", name, s)
			}
		}
	}
}

// A symbol or OID stands in one family only.
func TestFamiliesAreDisjoint(t *testing.T) {
	fns, sets, oids, aggs := 0, 0, 0, map[string]bool{}
	for _, f := range families() {
		fns, sets, oids = fns+len(f.Fns), sets+len(f.Sets), oids+len(f.ByOID)
		for name := range f.Aggs {
			if aggs[name] {
				t.Errorf("aggregate %s stands twice", name)
			}
			aggs[name] = true
		}
	}
	if fns != len(bySymbol) || sets != len(setBySymbol) || oids != len(byOID) {
		t.Errorf("%d functions in a table of %d, %d sets in %d, %d OIDs in %d", fns, len(bySymbol), sets, len(setBySymbol), oids, len(byOID))
	}
}

func TestImplemented(t *testing.T) {
	n, total := Implemented()
	t.Logf("%d of %d rows of pg_proc are implemented", n, total)
	if n == 0 || n > total {
		t.Errorf("implemented %d of %d", n, total)
	}
}

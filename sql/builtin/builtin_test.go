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
		if p.Lang == langInternal {
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

func TestImplemented(t *testing.T) {
	n, total := Implemented()
	t.Logf("%d of %d rows of pg_proc are implemented", n, total)
	if n == 0 || n > total {
		t.Errorf("implemented %d of %d", n, total)
	}
}

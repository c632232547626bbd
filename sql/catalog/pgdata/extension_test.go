package pgdata

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// numbered are the catalogs whose rows have OIDs, with the column of the name; those that start with pg_am… and have no name share
// their family's.
var numbered = map[string]string{"pg_type": "typname", "pg_proc": "proname", "pg_operator": "oprname", "pg_opfamily": "opfname", "pg_opclass": "opcname",
	"pg_cast": "", "pg_am": "amname", "pg_ts_template": "tmplname", "pg_ts_dict": "dictname", "pg_amop": "", "pg_amproc": ""}

// OIDs of extensions' objects are on disk: columns and stored dependencies refer to them. oids.txt lists every one that was ever given,
// with what it means: a row must have the number that the list gives it, and nothing else may have that number.
func TestExtensionOIDs(t *testing.T) {
	raw, err := os.ReadFile("extension/oids.txt")
	if err != nil {
		t.Fatal(err)
	}
	type key struct{ catalog, oid string }
	listed := map[key]string{}
	for _, line := range strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n") {
		f := strings.Split(line, "\t")
		k := key{f[1], f[2]}
		if have, ok := listed[k]; ok {
			t.Errorf("%s %s is %s and %s", f[1], f[2], have, f[3])
		}
		listed[k] = f[3]
		n, err := strconv.Atoi(f[2])
		if x := ExtensionNamed(f[0]); err != nil || x == nil || uint32(n) < x.First || uint32(n) > x.Last {
			t.Errorf("%s: outside of the extension's block", line)
		}
	}
	for _, x := range Extensions() {
		for catalog, column := range numbered {
			own := x.Table(catalog)
			if own == nil {
				continue
			}
			for _, r := range own.Rows {
				name, ok := listed[key{catalog, *r[0]}]
				switch {
				case !ok:
					t.Errorf("%s: %s %s is not in oids.txt", x.Name, catalog, *r[0])
				case column != "" && name != *r[own.Col(column)] && !strings.HasPrefix(name, *r[own.Col(column)]+"(") && !strings.HasPrefix(name, *r[own.Col(column)]+" "):
					t.Errorf("%s: %s %s is %q, in oids.txt %q", x.Name, catalog, *r[0], *r[own.Col(column)], name)
				case catalog == "pg_proc" && strings.Count(name, ",") != max(len(strings.Fields(*r[own.Col("proargtypes")]))-1, 0):
					t.Errorf("%s: function %s takes %s", x.Name, name, *r[own.Col("proargtypes")])
				}
			}
		}
	}
}

// The blocks of extensions do not overlap.
func TestExtensionBlocks(t *testing.T) {
	for i, x := range Extensions() {
		if x.First == 0 {
			continue // plpgsql
		}
		if x.First < FirstExtensionOID || x.Last >= EndExtensionOID || x.First > x.Last {
			t.Errorf("%s: %d to %d", x.Name, x.First, x.Last)
		}
		for _, y := range Extensions()[i+1:] {
			if y.First != 0 && x.First <= y.Last && y.First <= x.Last {
				t.Errorf("%s and %s overlap", x.Name, y.Name)
			}
		}
	}
}

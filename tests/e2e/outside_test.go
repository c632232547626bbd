package e2e

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestOutsideOverColumns compares what external tables and delta_scan answer over rows and in the columnar engine (I4), for each column of
// the fixture tables that other programs wrote: partitions, column mapping, deletion vectors, widened types, old encodings. Of the tables it
// takes a fifth, all with TARN_OUTSIDE=all.
func TestOutsideOverColumns(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"golden.tar.gz", "kernel.tar.gz"} {
		archive, err := filepath.Abs("../../storage/delta/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("tar", "-xzf", archive, "-C", dir).CombinedOutput(); err != nil {
			t.Fatalf("unpack %s: %v %s", name, err, out)
		}
	}
	var tables []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == "_delta_log" {
			tables = append(tables, filepath.Dir(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(tables)
	if os.Getenv("TARN_OUTSIDE") != "all" {
		fifth := tables[:0]
		for i := 0; i < len(tables); i += 5 {
			fifth = append(fifth, tables[i])
		}
		tables = fifth
	}
	server, stop := startServer(t, t.TempDir(), "--log-level=warn")
	defer stop()
	ask := func(sql string) string {
		rows, err := query(server.c, sql)
		if err != nil {
			return err.Error()
		}
		return strings.Join(rows, "|")
	}
	asked, read := 0, 0
	for i, path := range tables {
		name := fmt.Sprintf("g%d", i)
		if _, err := query(server.c, fmt.Sprintf("create table %s using delta with (location = '%s', external = true)", name, path)); err != nil {
			continue // a feature that is refused
		}
		read++
		columns, err := query(server.c, "select attname, format_type(atttypid, null) from pg_attribute where attnum > 0 and attrelid = '"+name+"'::regclass order by attnum")
		if err != nil {
			t.Fatal(err)
		}
		for form, from := range []string{name, fmt.Sprintf("delta_scan('%s')", path)} {
			list := []string{"select count(*) from " + from}
			for k := 0; k < min(len(columns), 2*(12-10*form)); k += 2 {
				c := `"` + strings.ReplaceAll(columns[k], `"`, `""`) + `"`
				list = append(list, fmt.Sprintf("select count(%s), count(*) from %s where %[1]s is not null", c, from))
				switch columns[k+1] {
				case "jsonb", "bytea", "real", "double precision":
					continue
				}
				list = append(list, fmt.Sprintf("select %s, count(*) from %s group by %[1]s order by %[1]s", c, from),
					fmt.Sprintf("select count(*), min(%s) from %s where %[1]s <= (select min(%[1]s) from %[2]s)", c, from))
				if some, err := query(server.c, fmt.Sprintf("select quote_literal(%s) from %s where %[1]s is not null limit 1", c, from)); err == nil && len(some) == 1 {
					list = append(list, fmt.Sprintf("select count(*) from %s where %s = %s", from, c, some[0]), fmt.Sprintf("select count(*) from %s where %s > %s", from, c, some[0]))
				}
			}
			for _, sql := range list {
				ask("set tarn.columnar = off")
				want := ask(sql)
				ask("set tarn.columnar = on")
				if got := ask(sql); got != want && !strings.HasPrefix(want, "ERROR") { // rows read all columns of delta_scan
					t.Errorf("%s\n%s over columns: %s\nover rows: %s", path, sql, got, want)
				}
				asked++
			}
		}
	}
	counts, err := query(server.c, "select ran, unavailable, failed from tarn.columnar_stats")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d tables, %d queries, fragments ran, unavailable, failed: %v", read, asked, counts)
	if ran, _ := strconv.Atoi(counts[0]); read < len(tables)/2 || ran < asked/2 || counts[2] != "0" {
		t.Errorf("%d of %d tables; of %d queries %v", read, len(tables), asked, counts)
	}
}

package e2e

import (
	"cmp"
	"context"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/tests/lake"
)

// TestMirrorTypes compares the Delta tables of a column of every kind of type, with NULL, empty, extreme and odd values, with what a
// client reads, before and after a restart. tests/interop lets foreign readers do the same over the same tables.
func TestMirrorTypes(t *testing.T) {
	script, err := os.ReadFile("../interop/mirror_types.sql")
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	db, stop := startServer(t, data, "--mirror=true")
	for _, statement := range strings.Split(string(script), ";\n") {
		db.run(statement)
	}
	compareMirrors(db)
	// Every type that a column can have is mirrored.
	db.run(`create table mt.every (id int); do $$ declare t record; begin
		for t in select oid from pg_type where typtype in ('b', 'c', 'd', 'e', 'r', 'm') loop
			begin
				execute format('alter table mt.every add column c%s %s', t.oid, format_type(t.oid, null));
			exception when feature_not_supported or syntax_error or wrong_object_type or invalid_table_definition then null;
			end;
		end loop; end $$; insert into mt.every values (1)`)
	if n, _ := strconv.Atoi(strings.TrimSpace(db.run(`select count(*) from pg_attribute where attrelid = 'mt.every'::regclass and attnum > 0`))); n < 150 {
		t.Errorf("a table of every type has %d columns", n)
	}
	db.run(`select tarn.mirror_sync()`)
	if bad := db.run(`select format('%s: %s %s', table_name, state, last_error) from tarn.mirrors where state <> 'active'`); bad != "" {
		t.Errorf("not mirrored:\n%s", bad)
	}
	if got, want := db.run(`select text_columns from tarn.mirrors where table_name = 'mt.fallen'`), "{a,b,c,d,e}\n"; got != want {
		t.Errorf("columns that fell back to string: %s, want %s", got, want)
	}
	stop()
	db, stop = startServer(t, data, "--mirror=true")
	defer stop()
	db.run(`alter type mt.mood rename value 'sad' to 'blue'; update mt.changed set bb = 'x' where id = 3`)
	compareMirrors(db)
}

func compareMirrors(db *client) {
	db.t.Helper()
	db.run(`set timezone = 'UTC'; set intervalstyle = iso_8601; set datestyle = iso; set extra_float_digits = 1; set bytea_output = hex;
		select tarn.mirror_sync()`)
	list := strings.Split(strings.TrimSpace(db.run(`select oid::regclass from pg_class where relnamespace = 'mt'::regnamespace and relkind = 'r'`)), "\n")
	if len(list) < 15 {
		db.t.Fatalf("tables: %s", list)
	}
	for _, table := range list {
		results, err := db.c.Exec(context.Background(), "select * from "+table+" order by 1").ReadAll()
		if err != nil {
			db.t.Fatal(err)
		}
		dir := strings.TrimSpace(db.run("select tarn.delta_path('" + strings.ReplaceAll(table, "'", "''") + "')"))
		compareMirror(db.t, table, dir, results[0])
	}
}

func compareMirror(t *testing.T, table, dir string, want *pgconn.Result) {
	t.Helper()
	got, err := lake.Read(dir)
	if err != nil {
		t.Error(err)
		return
	}
	if len(got.Rows) != len(want.Rows) || len(got.Fields) != len(want.FieldDescriptions) {
		t.Errorf("%s: Delta has %d rows of %d columns, the table %d of %d", table, len(got.Rows), len(got.Fields), len(want.Rows), len(want.FieldDescriptions))
		return
	}
	key := func(row []tuple.Value) int64 {
		if row[0].IsNull() {
			return math.MaxInt64
		}
		return row[0].Int()
	}
	slices.SortStableFunc(got.Rows, func(a, b []tuple.Value) int { return cmp.Compare(key(a), key(b)) })
	for i, row := range want.Rows {
		for k, cell := range row {
			typ := got.Fields[k].Type
			if v := got.Rows[i][k]; v.IsNull() != (cell == nil) || cell != nil && !same(typ, v, string(cell)) {
				t.Errorf("%s, row %d, column %s (%s): Delta has %.200q, the table %.200q", table, i, want.FieldDescriptions[k].Name, typ, lake.Text(typ, v), cell)
			}
		}
	}
}

// same reports whether a value of a Delta column is what a client reads as text.
func same(typ parquet.Type, v tuple.Value, text string) bool {
	if typ.ID == parquet.Float || typ.ID == parquet.Double {
		f, err := strconv.ParseFloat(text, map[bool]int{true: 32, false: 64}[typ.ID == parquet.Float])
		return err == nil && (math.Float64bits(f) == math.Float64bits(v.Float()) || f != f && v.Float() != v.Float())
	}
	got := lake.Text(typ, v)
	// A vector is an array of floats to other readers.
	return got == text || typ.ID == parquet.Array && text != "" && text[0] == '[' && got == "{"+text[1:len(text)-1]+"}"
}

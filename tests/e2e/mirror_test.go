package e2e

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// TestMirrorTypes compares the Delta tables of a column of every kind of type, with NULL, empty, extreme and odd values, with what a
// client reads, before and after a restart. tests/interop lets foreign readers do the same over the same tables.
func TestMirrorTypes(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "tarn")
	if out, err := exec.Command("go", "build", "-o", bin, "../../cmd/tarn").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	script, err := os.ReadFile("../interop/mirror_types.sql")
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	db, stop := startServer(t, bin, data, "--mirror=true")
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
	db, stop = startServer(t, bin, data, "--mirror=true")
	defer stop()
	db.run(`alter type mt.mood rename value 'sad' to 'blue'; update mt.changed set bb = 'x' where id = 3`)
	compareMirrors(db)
}

func compareMirrors(db *vectorConn) {
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
	got, types := readDelta(t, dir)
	if len(got) != len(want.Rows) {
		t.Errorf("%s: Delta has %d rows, the table %d", table, len(got), len(want.Rows))
		return
	}
	for i, row := range want.Rows {
		for k, cell := range row {
			if v := got[i][k]; v.IsNull() != (cell == nil) || cell != nil && !same(types[k], v, string(cell)) {
				t.Errorf("%s, row %d, column %s (%s): Delta has %.200q, the table %.200q", table, i, want.FieldDescriptions[k].Name, types[k], show(types[k], v), cell)
			}
		}
	}
}

// readDelta reads the rows of a Delta table in the order of its first column, an integer.
func readDelta(t *testing.T, dir string) (rows [][]tuple.Value, types []parquet.Type) {
	t.Helper()
	ctx := context.Background()
	store, err := object.OpenLocal(dir, object.Options{})
	if err != nil {
		t.Fatal(err)
	}
	snap, err := delta.Load(ctx, store, -1)
	if err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	schema, err := snap.Schema()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range schema.Fields {
		types = append(types, f.Type)
	}
	for _, add := range snap.SortedFiles() {
		dead := roaring.New()
		if add.DeletionVector != nil {
			if dead, err = delta.ReadDV(ctx, store, add.DeletionVector); err != nil {
				t.Fatal(err)
			}
		}
		o, err := store.Open(ctx, add.Path)
		if err != nil {
			t.Fatal(err)
		}
		r, err := parquet.NewReader(o, o.Size())
		if err != nil {
			t.Fatal(err)
		}
		at := uint32(0)
		for g := range r.RowGroups() {
			cols := make([][]tuple.Value, len(types))
			for k, f := range schema.Fields {
				if cols[k], err = r.Column(nil, g, f.Name, f.Type); err != nil {
					t.Fatalf("%s %s: %v", add.Path, f.Name, err)
				}
			}
			for i := range r.GroupRows(g) {
				if !dead.Contains(at + uint32(i)) {
					row := make([]tuple.Value, len(types))
					for k := range row {
						row[k] = cols[k][i].Clone()
					}
					rows = append(rows, row)
				}
			}
			at += uint32(r.GroupRows(g))
		}
		o.Close()
	}
	key := func(row []tuple.Value) int64 {
		if row[0].IsNull() {
			return math.MaxInt64
		}
		return row[0].Int()
	}
	slices.SortStableFunc(rows, func(a, b []tuple.Value) int { return cmp.Compare(key(a), key(b)) })
	return rows, types
}

// same reports whether a value of a Delta column is what a client reads as text.
func same(typ parquet.Type, v tuple.Value, text string) bool {
	if typ.ID == parquet.Float || typ.ID == parquet.Double {
		f, err := strconv.ParseFloat(text, map[bool]int{true: 32, false: 64}[typ.ID == parquet.Float])
		return err == nil && (math.Float64bits(f) == math.Float64bits(v.Float()) || f != f && v.Float() != v.Float())
	}
	return show(typ, v) == text || typ.ID == parquet.Array && text != "" && text[0] == '[' && show(typ, v) == "{"+text[1:len(text)-1]+"}"
}

func show(typ parquet.Type, v tuple.Value) string {
	if v.IsNull() {
		return "NULL"
	}
	switch typ.ID {
	case parquet.Boolean:
		return map[bool]string{true: "t", false: "f"}[v.Bool()]
	case parquet.Float:
		return strconv.FormatFloat(v.Float(), 'g', -1, 32)
	case parquet.Double:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case parquet.Decimal:
		digits := strconv.FormatInt(v.Int(), 10)
		if typ.Precision > 18 {
			digits = parquet.Int128(v.Bytes()).String()
		}
		digits, negative := strings.CutPrefix(digits, "-")
		if s := int(typ.Scale); s > 0 {
			digits = fmt.Sprintf("%0*s", s+1, digits)
			digits = digits[:len(digits)-s] + "." + digits[len(digits)-s:]
		}
		if negative {
			digits = "-" + digits
		}
		return digits
	case parquet.String:
		return string(v.Bytes())
	case parquet.Binary:
		return `\x` + hex.EncodeToString(v.Bytes())
	case parquet.Date:
		return time.Unix(v.Int()*86400, 0).UTC().Format(time.DateOnly)
	case parquet.Timestamp:
		return time.UnixMicro(v.Int()).UTC().Format("2006-01-02 15:04:05.999999+00")
	case parquet.TimestampNTZ:
		return time.UnixMicro(v.Int()).UTC().Format("2006-01-02 15:04:05.999999")
	case parquet.Array:
		elems, err := parquet.DecodeList(nil, v.Bytes())
		if err != nil {
			return err.Error()
		}
		parts := make([]string, len(elems))
		for i, e := range elems {
			parts[i] = show(*typ.Elem, e)
			if !e.IsNull() && (parts[i] == "" || strings.EqualFold(parts[i], "null") || strings.ContainsAny(parts[i], "{},\"\\ \t\n")) {
				parts[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(parts[i]) + `"`
			}
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	return strconv.FormatInt(v.Int(), 10)
}

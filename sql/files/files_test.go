package files

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/hamba/avro/v2/ocf"
	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

var update = flag.Bool("update", false, "rewrite expected output")

// memory is a Store of files in memory. Those named *.gz and *.zst are compressed as they are stored.
type memory map[string][]byte

type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error { return nil }

var modified = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

func (m memory) Stat(_ context.Context, p string) (Info, error) {
	if b, ok := m[p]; ok {
		return Info{Path: p, Name: path.Base(p), Size: int64(len(b)), ModTime: modified}, nil
	}
	for name := range m {
		if strings.HasPrefix(name, strings.TrimSuffix(p, "/")+"/") {
			return Info{Path: p, Name: path.Base(p), Dir: true}, nil
		}
	}
	return Info{}, fs.ErrNotExist
}

func (m memory) List(ctx context.Context, dir string) ([]Info, error) {
	names := map[string]bool{}
	for name := range m {
		if rest, ok := strings.CutPrefix(name, strings.TrimSuffix(dir, "/")+"/"); ok {
			first, _, _ := strings.Cut(rest, "/")
			names[first] = true
		}
	}
	var list []string
	for n := range names {
		list = append(list, n)
	}
	sort.Strings(list)
	var out []Info
	for _, n := range list {
		in, err := m.Stat(ctx, path.Join(dir, n))
		if err != nil {
			return nil, err
		}
		out = append(out, in)
	}
	return out, nil
}

func (m memory) Open(_ context.Context, p string) (File, error) {
	b, ok := m[p]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return memoryFile{bytes.NewReader(b)}, nil
}

func (m memory) add(t *testing.T, name string, data []byte) {
	t.Helper()
	var b bytes.Buffer
	switch path.Ext(name) {
	case ".gz":
		w := gzip.NewWriter(&b)
		w.Write(data)
		w.Close()
	case ".zst":
		w, err := zstd.NewWriter(&b)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(data)
		w.Close()
	default:
		b.Write(data)
	}
	m["/"+name] = b.Bytes()
}

// types of schemas in tests.
func typeNamed(name string) (types.OID, int32, error) {
	known := map[string]types.OID{"int": types.Int4, "bigint": types.Int8, "text": types.Text, "date": types.Date, "timestamp": types.Timestamp,
		"timestamptz": types.TimestampTZ, "double precision": types.Float8, "boolean": types.Bool, "jsonb": types.JSONB, "numeric": types.Numeric,
		"bytea": types.Bytea, "smallint": types.Int2}
	if oid, ok := known[strings.ToLower(name)]; ok {
		return oid, -1, nil
	}
	return 0, 0, pgerr.New(pgerr.UndefinedObject, "type \"%s\" does not exist", name)
}

// read prints columns and rows as a table.
func read(st Store, args []Arg, p string) string {
	var out strings.Builder
	fail := func(err error) string {
		e := pgerr.From(err)
		fmt.Fprintf(&out, "ERROR %s %s\n", e.Code, e.Message)
		for _, more := range []string{e.Hint, e.Where} {
			if more != "" {
				fmt.Fprintf(&out, "  %s\n", more)
			}
		}
		return out.String()
	}
	o, err := ParseOptions(p, args)
	if err != nil {
		return fail(err)
	}
	ctx := context.Background()
	cols, err := Describe(ctx, st, o, typeNamed)
	if err != nil {
		return fail(err)
	}
	env := &types.Env{}
	for i, c := range cols {
		if i > 0 {
			out.WriteString(" | ")
		}
		fmt.Fprintf(&out, "%s %s", c.Name, types.TypeName(c.Type, env))
	}
	out.WriteString("\n")
	rows, err := Open(ctx, st, o, cols, env)
	if err != nil {
		return fail(err)
	}
	defer rows.Close()
	for {
		row, ok, err := rows.Next()
		if err != nil {
			return fail(err)
		}
		if !ok {
			break
		}
		for i := range cols {
			if i > 0 {
				out.WriteString(" | ")
			}
			if row[i].IsNull() {
				out.WriteString("∅")
			} else {
				out.WriteString(env.Type(cols[i].Type).Text(row[i], env))
			}
		}
		out.WriteString("\n")
	}
	for _, s := range rows.Skipped() {
		fmt.Fprintf(&out, "skipped %s\n", s)
	}
	return out.String()
}

// Each script holds files and reads: a section named "read PATH name=value …" is followed by what the read gives.
func TestRead(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, name := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			st := memory{}
			for _, f := range a.Files {
				if !strings.HasPrefix(f.Name, "read ") {
					st.add(t, f.Name, f.Data)
				}
			}
			for i, f := range a.Files {
				if !strings.HasPrefix(f.Name, "read ") {
					continue
				}
				words := splitWords(strings.TrimPrefix(f.Name, "read "))
				var args []Arg
				for _, w := range words[1:] {
					k, v, _ := strings.Cut(w, "=")
					args = append(args, Arg{k, v})
				}
				got := read(st, args, words[0])
				if *update {
					a.Files[i].Data = []byte(got)
				} else if got != string(f.Data) {
					t.Errorf("%s:\n%s\nwant:\n%s", f.Name, got, f.Data)
				}
			}
			if *update {
				if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// splitWords cuts at spaces that stand in no quotes.
func splitWords(s string) []string {
	var out []string
	var cur strings.Builder
	quoted := false
	for _, c := range s {
		switch {
		case c == '\'':
			quoted = !quoted
		case c == ' ' && !quoted:
			out = append(out, cur.String())
			cur.Reset()
		default:
			cur.WriteRune(c)
		}
	}
	return append(out, cur.String())
}

// A Parquet file's own types become columns, nested ones jsonb, and a schema may ask for others.
func TestParquet(t *testing.T) {
	str, long := parquet.Type{ID: parquet.String}, parquet.Type{ID: parquet.Long}
	cols := []parquet.Column{{Name: "id", Type: long}, {Name: "price", Type: parquet.Type{ID: parquet.Decimal, Precision: 8, Scale: 2}},
		{Name: "day", Type: parquet.Type{ID: parquet.Date}}, {Name: "at", Type: parquet.Type{ID: parquet.TimestampNTZ}},
		{Name: "tags", Type: parquet.Type{ID: parquet.Array, Elem: &str}},
		{Name: "who", Type: parquet.Type{ID: parquet.Struct, Fields: []parquet.Field{{Name: "name", Type: str, Nullable: true}, {Name: "age", Type: long, Nullable: true}}}},
		{Name: "by", Type: parquet.Type{ID: parquet.Map, Key: &str, Elem: &long}}, {Name: "small", Type: parquet.Type{ID: parquet.Float}}}
	list := func(vals ...tuple.Value) tuple.Value { return tuple.Bytes(parquet.AppendList(nil, vals)) }
	var b bytes.Buffer
	w := parquet.NewWriter(&b, cols, parquet.WriterOptions{})
	if err := w.Write([][]tuple.Value{
		{tuple.Int(1), tuple.Int(2)}, {tuple.Int(-5), tuple.Null}, {tuple.Int(19000), tuple.Int(-1)}, {tuple.Int(1700000000123456), tuple.Null},
		{list(tuple.String("a\"b"), tuple.Null), list()}, {list(tuple.String("ada"), tuple.Int(36)), tuple.Null},
		{list(tuple.String("x"), tuple.Int(7)), list()}, {tuple.Float(0.5), tuple.Null},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	st := memory{"/d/a.parquet": b.Bytes(), "/d/cut.parquet": b.Bytes()[:b.Len()-9]}
	want := `id bigint | price numeric | day date | at timestamp without time zone | tags jsonb | who jsonb | by jsonb | small real | _rescued_data text
1 | -0.05 | 2022-01-08 | 2023-11-14 22:13:20.123456 | ["a\"b", null] | {"age": 36, "name": "ada"} | {"x": 7} | 0.5 | ∅
2 | ∅ | 1969-12-31 | ∅ | [] | ∅ | {} | ∅ | ∅
`
	if got := read(st, nil, "/d/a.parquet"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	want = `id smallint | price double precision | day timestamp without time zone | at date | tags text | _rescued_data text
1 | -0.05 | 2022-01-08 00:00:00 | 2023-11-14 | ["a\"b",null] | {"who":{"name":"ada","age":36},"by":{"x":7},"small":0.5,"_file_path":"/d/a.parquet"}
2 | ∅ | 1969-12-31 00:00:00 | ∅ | [] | {"by":{},"_file_path":"/d/a.parquet"}
`
	args := []Arg{{"schema", "id short, price double, day timestamp, at date, tags string"}, {"rescuedDataColumn", "_rescued_data"}}
	if got := read(st, args, "/d/a.parquet"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := read(st, nil, "/d"); !strings.Contains(got, "22P04") || !strings.Contains(got, "cut.parquet") {
		t.Errorf("a damaged file gives %s", got)
	}
	if got := read(st, []Arg{{"ignoreCorruptFiles", "true"}}, "/d"); !strings.Contains(got, "skipped /d/cut.parquet") {
		t.Errorf("a damaged file that is passed over gives %s", got)
	}
}

const avroSchema = `{"type":"record","name":"r","fields":[
 {"name":"id","type":"int"},
 {"name":"name","type":["null","string"]},
 {"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":6,"scale":2}},
 {"name":"day","type":{"type":"int","logicalType":"date"}},
 {"name":"at","type":["null",{"type":"long","logicalType":"timestamp-micros"}]},
 {"name":"kind","type":{"type":"enum","name":"k","symbols":["A","B"]}},
 {"name":"many","type":{"type":"array","items":"long"}},
 {"name":"sub","type":["null",{"type":"record","name":"s","fields":[{"name":"z","type":"double"},{"name":"y","type":["null","string"]}]}]},
 {"name":"either","type":["null","long","string"]}]}`

func avroFile(t testing.TB, codec ocf.CodecName) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := ocf.NewEncoder(avroSchema, &b, ocf.WithCodec(codec))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2024, 1, 2, 3, 4, 5, 678000, time.UTC)
	for _, r := range []map[string]any{
		{"id": 1, "name": "ada", "price": ratOf("12.34"), "day": at, "at": at, "kind": "B", "many": []any{int64(1), int64(2)},
			"sub": map[string]any{"s": map[string]any{"z": 0.5, "y": "q"}}, "either": map[string]any{"long": int64(9)}},
		{"id": -2, "name": nil, "price": ratOf("-0.05"), "day": at, "at": nil, "kind": "A", "many": []any{}, "sub": nil, "either": map[string]any{"string": "w"}},
	} {
		if err := w.Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAvro(t *testing.T) {
	want := `id integer | name text | price numeric | day date | at timestamp with time zone | kind text | many jsonb | sub jsonb | either text | _rescued_data text
1 | ada | 12.34 | 2024-01-02 | 2024-01-02 03:04:05.000678+00 | B | [1, 2] | {"y": "q", "z": 0.5} | 9 | ∅
-2 | ∅ | -0.05 | 2024-01-02 | ∅ | A | [] | ∅ | w | ∅
`
	for _, codec := range []ocf.CodecName{ocf.Null, ocf.Deflate, ocf.Snappy, ocf.ZStandard} {
		st := memory{"/a.avro": avroFile(t, codec)}
		if got := read(st, nil, "/a.avro"); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", codec, got, want)
		}
	}
}

// What braces stand for, and which files patterns and directories mean.
func TestFind(t *testing.T) {
	st := memory{}
	for _, n := range []string{"d/a.csv", "d/b.csv", "d/.hidden.csv", "d/_tmp/x.csv", "d/k=1/c.csv", "d/k=2/sub/d.csv", "e/a.json"} {
		st.add(t, n, []byte("1\n"))
	}
	for _, c := range []struct{ path, args, want string }{
		{"/d", "", "a.csv b.csv c.csv d.csv"},
		{"/d", "recursiveFileLookup=false", "a.csv b.csv"},
		{"/d/*.csv", "", "a.csv b.csv"},
		{"/d/{a,b}.csv", "", "a.csv b.csv"},
		{"/d/[!a].csv", "", "b.csv"},
		{"/d/?.csv", "fileNamePattern=b*", "b.csv"},
		{"/d/k=*", "", "c.csv d.csv"},
		{"/{d,e}/{a.{csv,json},b.csv}", "", "a.csv b.csv a.json"},
		{"/d/_tmp", "", "x.csv"},
		{"/d/*.nothing", "", ""},
		{"/d", "modifiedAfter=2030-01-01", ""},
		{"/nowhere/*", "", ""},
		{"/nowhere", "", "ErrNotExist"},
	} {
		var args []Arg
		if k, v, ok := strings.Cut(c.args, "="); ok {
			args = append(args, Arg{k, v})
		}
		o, err := ParseOptions(c.path, args)
		if err != nil {
			t.Fatal(err)
		}
		list, err := find(context.Background(), st, o)
		var names []string
		for _, f := range list {
			names = append(names, f.Name)
		}
		got := strings.Join(names, " ")
		if errors.Is(err, fs.ErrNotExist) && pgerr.Is(err, pgerr.UndefinedFile) {
			got = "ErrNotExist"
		} else if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("find(%s, %s) = %q, want %q", c.path, c.args, got, c.want)
		}
	}
}

func ratOf(s string) *big.Rat {
	r, _ := new(big.Rat).SetString(s)
	return r
}

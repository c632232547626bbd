package delta

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

var ctx = context.Background()

// The deletion vector of delta-kernel-rs's fixture table-with-dv-small: rows 0 and 9, 45 bytes with its file header.
const dvSmall = "01000000" + "24d1d33964010000000000000000000000" + "3a3000000100000000000100100000000000" + "09002a671846"

func TestDeletionVectorFileOfAnotherWriter(t *testing.T) {
	raw, err := hex.DecodeString(dvSmall)
	if err != nil || len(raw) != 45 {
		t.Fatal(len(raw), err)
	}
	store, _ := object.OpenLocal(t.TempDir(), object.Options{NoSync: true})
	off := int32(1)
	d := &DVDescriptor{"u", "vBn[lx{q8@P<9BNH/isA", &off, 36, 2}
	key, err := d.Key()
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Put(ctx, key, raw); err != nil {
		t.Fatal(err)
	}
	rows, err := ReadDV(ctx, store, d)
	if err != nil || !slices.Equal(rows.ToArray(), []uint32{0, 9}) {
		t.Fatalf("%v %v", rows, err)
	}
	// Ours is the same file, byte for byte.
	f := NewDVFile()
	if _, err := f.Add(roaring.BitmapOf(0, 9)); err != nil || !bytes.Equal(f.buf, raw) {
		t.Errorf("wrote %x\nwant  %x, %v", f.buf, raw, err)
	}
	// A flip of any byte of the record is found.
	for i := 1; i < len(raw); i++ {
		bad := bytes.Clone(raw)
		bad[i] ^= 4
		store.Put(ctx, key, bad)
		if _, err := ReadDV(ctx, store, d); !errors.Is(err, ErrCorrupt) {
			t.Errorf("byte %d flipped: %v", i, err)
		}
	}
}

func TestUUIDOfDeletionVectorName(t *testing.T) {
	key, err := (&DVDescriptor{StorageType: "u", PathOrInlineDV: "ab^-aqEH.-t@S}K{vb[*k^"}).Key()
	if want := "ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin"; key != want || err != nil {
		t.Fatalf("%s %v", key, err)
	}
}

func FuzzDecodeDV(f *testing.F) {
	b, _ := AppendDV(nil, roaring.BitmapOf(1, 2, 70000))
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := DecodeDV(b); err == nil {
			if _, err := AppendDV(nil, m); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func FuzzDecodeActions(f *testing.F) {
	f.Add([]byte(`{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}` + "\n" + `{"add":{"path":"a","partitionValues":{},"size":1,"modificationTime":1,"dataChange":true}}`))
	f.Add([]byte(`{"commitInfo":{"timestamp":"x"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		actions, err := DecodeActions(b)
		if err == nil {
			newSnapshot().apply(0, actions)
		}
	})
}

func testColumns() []parquet.Column {
	long := parquet.Type{ID: parquet.Long}
	return []parquet.Column{
		{Name: "id", Type: long}, {Name: "b", Type: parquet.Type{ID: parquet.Boolean}}, {Name: "s", Type: parquet.Type{ID: parquet.Short}},
		{Name: "i", Type: parquet.Type{ID: parquet.Integer}}, {Name: "f", Type: parquet.Type{ID: parquet.Float}},
		{Name: "d", Type: parquet.Type{ID: parquet.Double}}, {Name: "n9", Type: parquet.Type{ID: parquet.Decimal, Precision: 9, Scale: 2}},
		{Name: "n18", Type: parquet.Type{ID: parquet.Decimal, Precision: 18, Scale: 3}},
		{Name: "n38", Type: parquet.Type{ID: parquet.Decimal, Precision: 38, Scale: 4}}, {Name: "t", Type: parquet.Type{ID: parquet.String}},
		{Name: "x", Type: parquet.Type{ID: parquet.Binary}}, {Name: "da", Type: parquet.Type{ID: parquet.Date}},
		{Name: "tz", Type: parquet.Type{ID: parquet.Timestamp}}, {Name: "ntz", Type: parquet.Type{ID: parquet.TimestampNTZ}},
		{Name: "al", Type: parquet.Type{ID: parquet.Array, Elem: &long}},
	}
}

func testRow(id int64) []tuple.Value {
	if id%10 == 7 {
		row := []tuple.Value{tuple.Int(id)}
		for range testColumns()[1:] {
			row = append(row, tuple.Null)
		}
		return row
	}
	return []tuple.Value{tuple.Int(id), tuple.Bool(id%2 == 0), tuple.Int(id % 100), tuple.Int(-id), tuple.Float(float64(id) / 2),
		tuple.Float(float64(id) / 8), tuple.Int(id*101 - 5000), tuple.Int(-id * 12345678901),
		tuple.Bytes(parquet.AppendInt128(nil, new(big.Int).Mul(big.NewInt(id-50), new(big.Int).Exp(big.NewInt(10), big.NewInt(25), nil)))),
		tuple.String(fmt.Sprintf("row %d %s", id, strings.Repeat("ä", int(id%40)))), tuple.Bytes([]byte{byte(id), 0}), tuple.Int(id - 50),
		tuple.Int(1700000000123456 + id*1e6), tuple.Int(-1700000000123456 - id), tuple.Bytes(parquet.AppendList(nil, []tuple.Value{tuple.Int(id), tuple.Null}))}
}

type testTable struct {
	t     *testing.T
	dir   string
	store *object.Local
	log   *Log
	seq   int
}

func newTestTable(t *testing.T, dir string) *testTable {
	t.Helper()
	store, err := object.OpenLocal(dir, object.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	log, err := Open(ctx, store)
	if err != nil {
		t.Fatal(err)
	}
	return &testTable{t: t, dir: dir, store: store, log: log}
}

func (tt *testTable) file(lo, hi int64) *Add {
	tt.t.Helper()
	tt.seq++
	key := fmt.Sprintf("part-%05d.parquet", tt.seq)
	u, err := tt.store.Create(ctx, key)
	if err != nil {
		tt.t.Fatal(err)
	}
	cols := testColumns()
	w := parquet.NewWriter(u, cols, parquet.WriterOptions{})
	batch := make([][]tuple.Value, len(cols))
	for id := lo; id < hi; id++ {
		for c, v := range testRow(id) {
			batch[c] = append(batch[c], v)
		}
	}
	if err := w.Write(batch); err != nil {
		tt.t.Fatal(err)
	}
	fs, err := w.Close()
	if err != nil {
		tt.t.Fatal(err)
	}
	if err := u.Commit(); err != nil {
		tt.t.Fatal(err)
	}
	return &Add{Path: key, PartitionValues: map[string]*string{}, Size: fs.Bytes, ModificationTime: time.Now().UnixMilli(),
		DataChange: true, Stats: FileStats(cols, fs, true), Tags: map[string]string{"tarn.firstRowId": fmt.Sprint(lo), TagCRC: FormatCRC(fs.CRC)}}
}

func (tt *testTable) commit(actions ...Action) {
	tt.t.Helper()
	if _, err := tt.log.Commit(ctx, actions); err != nil {
		tt.t.Fatal(err)
	}
}

func (tt *testTable) create() {
	tt.t.Helper()
	var sch Schema
	for _, c := range testColumns() {
		sch.Fields = append(sch.Fields, Field{Name: c.Name, Type: c.Type, Nullable: true})
	}
	p := BaseProtocol().With(FeatureTimestampNTZ)
	now := time.Now().UnixMilli()
	tt.commit(Action{CommitInfo: &CommitInfo{Timestamp: now, Operation: "CREATE TABLE", OperationParameters: map[string]string{}}},
		Action{Protocol: &p}, Action{Metadata: &Metadata{ID: "5fba94ed-9794-4965-ba6e-6ee3c0d22af9", Format: Format{"parquet", map[string]string{}},
			SchemaString: sch.String(), PartitionColumns: []string{}, Configuration: map[string]string{"tarn.x": "y"}, CreatedTime: &now}})
}

func (tt *testTable) deleteRows(a *Add, rows ...uint32) *Add {
	tt.t.Helper()
	bm := roaring.New()
	if a.DeletionVector != nil {
		old, err := ReadDV(ctx, tt.store, a.DeletionVector)
		if err != nil {
			tt.t.Fatal(err)
		}
		bm.Or(old)
	}
	bm.AddMany(rows)
	f := NewDVFile()
	d, err := f.Add(bm)
	if err != nil {
		tt.t.Fatal(err)
	}
	if err := f.Write(ctx, tt.store); err != nil {
		tt.t.Fatal(err)
	}
	var actions []Action
	if p := tt.log.Snapshot().Protocol; !p.Has(FeatureDeletionVectors) {
		q, m := p.With(FeatureDeletionVectors), tt.log.Snapshot().Metadata
		m.Configuration = maps.Clone(m.Configuration)
		m.Configuration[PropDeletionVectors] = "true"
		actions = append(actions, Action{Protocol: &q}, Action{Metadata: &m})
	}
	now := time.Now().UnixMilli()
	b := *a
	b.DeletionVector = d
	if b.Stats, err = Loosen(a.Stats); err != nil {
		tt.t.Fatal(err)
	}
	tt.commit(append(actions, Action{Remove: &Remove{Path: a.Path, DeletionTimestamp: &now, DataChange: true, DeletionVector: a.DeletionVector}},
		Action{Add: &b})...)
	return &b
}

// fill makes a table with appends, two generations of deletion vectors, a removed file, positions and a checkpoint in
// the middle.
func (tt *testTable) fill() {
	tt.t.Helper()
	tt.create()
	a1, a2, a3 := tt.file(0, 100), tt.file(100, 150), tt.file(150, 160)
	tt.commit(Action{Add: a1}, Action{Txn: &Txn{AppID: "tarn/s/1", Version: 10}})
	tt.commit(Action{Add: a2}, Action{Add: a3}, Action{Txn: &Txn{AppID: "tarn/s/1", Version: 20}})
	a1 = tt.deleteRows(a1, 0, 9, 99)
	if err := tt.log.Checkpoint(ctx, time.Now(), time.Hour); err != nil {
		tt.t.Fatal(err)
	}
	tt.deleteRows(a1, 1, 2, 3)
	now := time.Now().UnixMilli()
	tt.commit(Action{Remove: &Remove{Path: a3.Path, DeletionTimestamp: &now, DataChange: true}}, Action{Txn: &Txn{AppID: "tarn/s/1", Version: 30}})
}

func TestTable(t *testing.T) {
	tt := newTestTable(t, t.TempDir())
	tt.fill()
	rep, err := Validate(tt.dir)
	if err != nil {
		t.Fatal(err)
	}
	if rep.Version != 5 || rep.Rows != 144 || rep.Files != 2 || rep.Deleted != 6 || rep.Txns["tarn/s/1"].Version != 30 {
		t.Fatalf("%+v", rep)
	}
	for v, rows := range []int64{0, 100, 160, 157, 154, 144} {
		snap, err := Load(ctx, tt.store, int64(v))
		if err != nil {
			t.Fatalf("version %d: %v", v, err)
		}
		n := int64(0)
		for _, a := range snap.Files {
			st, _ := ParseStats(a.Stats)
			n += st.NumRecords
			if a.DeletionVector != nil {
				n -= a.DeletionVector.Cardinality
			}
		}
		if n != rows {
			t.Errorf("version %d has %d rows, want %d", v, n, rows)
		}
	}

	// A second writer of the same version loses and changes nothing.
	other := newTestTable(t, tt.dir)
	tt.commit(Action{Txn: &Txn{AppID: "a", Version: 1}})
	if _, err := other.log.Commit(ctx, []Action{{Txn: &Txn{AppID: "a", Version: 2}}}); !errors.Is(err, ErrConflict) {
		t.Fatalf("second writer: %v", err)
	}

	// The log before the checkpoint expires; the table stays whole, with a damaged or absent hint too.
	old := time.Now().Add(-2 * time.Hour)
	for v := range int64(5) {
		os.Chtimes(filepath.Join(tt.dir, commitKey(v)), old, old)
	}
	if n, err := tt.log.Expire(ctx, time.Now(), time.Hour, math.MaxInt64); n != 3 || err != nil {
		t.Fatalf("expired %d files, %v", n, err)
	}
	for _, hint := range []string{"", "{", `{"version":4,"size":1}`, `{"version":99,"size":1}`} {
		tt.store.Put(ctx, lastCheckpointKey, []byte(hint))
		if snap, err := Load(ctx, tt.store, -1); err != nil || snap.Version != 6 || snap.Txns["a"].Version != 1 {
			t.Fatalf("hint %q: %v %v", hint, snap, err)
		}
	}
	if _, err := Validate(tt.dir); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(ctx, tt.store, 2); !errors.Is(err, ErrNoTable) || errors.Is(err, ErrCorrupt) {
		t.Fatalf("an expired version: %v", err)
	}
	if _, err := NewTable(tt.store, TableOptions{}).Changes(ctx, 2, 5, ChangeOptions{Inferred: true}); !errors.Is(err, ErrNoTable) {
		t.Fatalf("changes from an expired version: %v", err)
	}
}

// Each kind of damage is reported (I8).
func TestValidateFindsDamage(t *testing.T) {
	src := newTestTable(t, t.TempDir())
	src.fill()
	glob := func(dir, pattern string) string {
		m, _ := filepath.Glob(filepath.Join(dir, pattern))
		slices.Sort(m)
		return m[0]
	}
	edit := func(file, from, to string) {
		b, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(b, []byte(from)) {
			t.Fatalf("%s has no %s: %v", file, from, err)
		}
		os.WriteFile(file, bytes.Replace(b, []byte(from), []byte(to), 1), 0o644)
	}
	for name, damage := range map[string]func(dir string){
		"gap":        func(d string) { os.Remove(filepath.Join(d, commitKey(2))) },
		"no file":    func(d string) { os.Remove(glob(d, "part-00001*")) },
		"short file": func(d string) { os.Truncate(glob(d, "part-00002*"), 100) },
		"row count":  func(d string) { edit(filepath.Join(d, commitKey(2)), `\"numRecords\":50`, `\"numRecords\":51`) },
		"range":      func(d string) { edit(filepath.Join(d, commitKey(2)), `\"id\":100`, `\"id\":101`) },
		"nulls":      func(d string) { edit(filepath.Join(d, commitKey(2)), `\"t\":5`, `\"t\":6`) },
		"json":       func(d string) { edit(filepath.Join(d, commitKey(2)), `{"add"`, `{add"`) },
		"vector": func(d string) {
			m, _ := filepath.Glob(filepath.Join(d, "deletion_vector*"))
			for _, f := range m {
				os.Truncate(f, 20)
			}
		},
		"position":    func(d string) { edit(filepath.Join(d, commitKey(5)), `"version":30`, `"version":3`) },
		"unknown":     func(d string) { edit(filepath.Join(d, commitKey(5)), `{"remove":`, `{"rimuovi":`) },
		"double add":  func(d string) { edit(filepath.Join(d, commitKey(2)), "part-00003", "part-00001") },
		"protocol":    func(d string) { edit(filepath.Join(d, commitKey(0)), `"timestampNtz"`, `"timestampntz"`) },
		"checkpoint":  func(d string) { edit(filepath.Join(d, commitKey(3)), `"cardinality":3`, `"cardinality":4`) },
		"cardinality": func(d string) { edit(filepath.Join(d, commitKey(4)), `"cardinality":6`, `"cardinality":5`) },
	} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(src.dir)); err != nil {
			t.Fatal(err)
		}
		damage(dir)
		if _, err := Validate(dir); err == nil {
			t.Errorf("%s: damage was not found", name)
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
}

func TestStatistics(t *testing.T) {
	str := parquet.Type{ID: parquet.String}
	long := strings.Repeat("é", 40)
	for _, c := range []struct {
		typ    parquet.Type
		v      tuple.Value
		lo, hi string
	}{
		{str, tuple.String("abc"), `"abc"`, `"abc"`},
		{str, tuple.String(long), `"` + strings.Repeat("é", 32) + `"`, `"` + strings.Repeat("é", 32) + "\U0010FFFF\""},
		{str, tuple.String(strings.Repeat("\U0010FFFF", 33)), `"` + strings.Repeat("\U0010FFFF", 32) + `"`, ""},
		{str, tuple.String("\xff"), "", ""},
		{parquet.Type{ID: parquet.Date}, tuple.Int(19753), `"2024-01-31"`, `"2024-01-31"`},
		{parquet.Type{ID: parquet.Date}, tuple.Int(-1), `"1969-12-31"`, `"1969-12-31"`},
		{parquet.Type{ID: parquet.Date}, tuple.Int(5000000), "", ""},
		{parquet.Type{ID: parquet.Timestamp}, tuple.Int(1704067200123456), `"2024-01-01T00:00:00.123Z"`, `"2024-01-01T00:00:00.123Z"`},
		{parquet.Type{ID: parquet.TimestampNTZ}, tuple.Int(-1), `"1969-12-31T23:59:59.999"`, `"1969-12-31T23:59:59.999"`},
		{parquet.Type{ID: parquet.Decimal, Precision: 9, Scale: 2}, tuple.Int(-5), "-0.05", "-0.05"},
		{parquet.Type{ID: parquet.Decimal, Precision: 38, Scale: 3}, tuple.Bytes(parquet.AppendInt128(nil, big.NewInt(-1234567))), "-1234.567", "-1234.567"},
		{parquet.Type{ID: parquet.Float}, tuple.Float(float64(float32(1) / 7)), "0.14285715", "0.14285715"},
		{parquet.Type{ID: parquet.Double}, tuple.Float(1e300), "1e+300", "1e+300"},
	} {
		lo, _ := statJSON(c.typ, c.v, false)
		hi, _ := statJSON(c.typ, c.v, true)
		if string(lo) != c.lo || string(hi) != c.hi {
			t.Errorf("%s: %s, %s; want %s, %s", c.typ, lo, hi, c.lo, c.hi)
		}
		if c.hi == "" {
			continue
		}
		bl, ok1 := parseBound(c.typ, lo, false)
		bh, ok2 := parseBound(c.typ, hi, true)
		if !ok1 || !ok2 || compare(c.typ, bl, c.v) > 0 || compare(c.typ, c.v, bh) > 0 {
			t.Errorf("%s: bounds %s, %s do not hold the value when read back", c.typ, lo, hi)
		}
	}
}

// deltalake and DuckDB read the table row for row. TARN_PYTHON names an interpreter that has both.
func TestForeignReaders(t *testing.T) {
	py := os.Getenv("TARN_PYTHON")
	if py == "" {
		t.Skip("TARN_PYTHON is not set")
	}
	tt := newTestTable(t, t.TempDir())
	tt.fill()
	out, err := exec.Command(py, "testdata/read.py", tt.dir).Output()
	if err != nil {
		var ee *exec.ExitError
		if errors.As(err, &ee) {
			t.Fatalf("%s", ee.Stderr)
		}
		t.Fatal(err)
	}
	var got struct {
		Deltalake, Checkpoint, Duckdb [][]any
		Pruned                        int
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	if len(got.Deltalake) != 144 || len(got.Checkpoint) != 157 || len(got.Duckdb) != 150 || got.Pruned != 1 {
		t.Fatalf("deltalake %d rows, at the checkpoint %d, duckdb %d, pruned %d", len(got.Deltalake), len(got.Checkpoint), len(got.Duckdb), got.Pruned)
	}
	t.Log(got.Deltalake[0])
	want := "[4 true 4 -4 2 0.5 -45.96 -49382715.604 -46000000000000000000000.0000 row 4 ääää 0400 1969-11-16 1700000004123456 -1700000000123460 [4 <nil>]]"
	if s := fmt.Sprint(got.Deltalake[0]); s != want {
		t.Errorf("first row\n%s\n%s", s, want)
	}
	if s := fmt.Sprint(got.Duckdb[4]); s != want {
		t.Errorf("first row in duckdb\n%s\n%s", s, want)
	}
}

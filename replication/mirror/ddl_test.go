package mirror

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tarndb/tarn/replication/mirror/pgtext"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/tuple"
)

// alter commits a new version of a table's schema.
func (r *rig) alter(id uint32, edit func(s *change.Schema)) {
	r.t.Helper()
	r.commit(func(g *change.Group) { r.alterIn(g, id, edit) })
}

func (r *rig) alterIn(g *change.Group, id uint32, edit func(s *change.Schema)) {
	s := *r.tabs[id].schema
	s.Columns = slices.Clone(s.Columns)
	s.Options = slices.Clone(s.Options)
	s.Version++
	edit(&s)
	r.define(g, &s)
}

func (r *rig) columns(id uint32) string {
	r.t.Helper()
	dir, _ := r.m.DeltaPath(id)
	r.m.mu.Lock()
	store := r.m.tables[id].store
	r.m.mu.Unlock()
	snap, err := delta.Load(bg, store, -1)
	if err != nil {
		r.t.Fatal(dir, err)
	}
	sch, err := snap.Schema()
	if err != nil {
		r.t.Fatal(err)
	}
	var out []string
	for _, f := range sch.Fields {
		out = append(out, f.Name+" "+f.Type.String())
	}
	return strings.Join(out, ", ")
}

func (r *rig) fill(id uint32, lo, hi int64) {
	r.commit(func(g *change.Group) {
		for k := lo; k < hi; k++ {
			r.put(g, id, k, text(fmt.Sprint("row ", k)), tuple.Int(k))
		}
	})
}

// reopen restarts mirror and store.
func (r *rig) reopen() {
	r.t.Helper()
	r.close()
	r.open()
}

// check compares view, rows and Delta table, now and after a restart.
func (r *rig) check(id uint32, columns string) {
	r.t.Helper()
	r.compareNow(id)
	r.sync()
	r.compareNow(id)
	if got := r.columns(id); got != columns {
		r.t.Errorf("columns are %s\nwant %s", got, columns)
	}
	r.validate(id)
	r.reopen()
	r.sync()
	r.compareNow(id)
	r.validate(id)
	if got := r.columns(id); got != columns {
		r.t.Errorf("after restart columns are %s\nwant %s", got, columns)
	}
}

const basic = "id long, v string, n integer"

func ddlRig(t *testing.T) *rig {
	r := newRig(t, Options{MaxLag: time.Hour})
	r.commit(func(g *change.Group) { r.define(g, twoColumns(r, 200)) })
	r.fill(200, 0, 20)
	r.sync()
	r.fill(200, 10, 30)
	return r
}

func TestAddAndDropColumn(t *testing.T) {
	r := ddlRig(t)
	r.alter(200, func(s *change.Schema) {
		s.Columns = append(s.Columns, col("d", 4, pgtext.OIDDate, tuple.KindInt32))
		s.Columns[1].Dropped = true
	})
	r.commit(func(g *change.Group) {
		r.put(g, 200, 5, tuple.Null, tuple.Int(-5), tuple.Int(8000))
		r.put(g, 200, 50, tuple.Null, tuple.Int(-50), tuple.Int(9000))
	})
	r.check(200, "id long, n integer, d date")
	// The dropped name comes back with another meaning: old files must not show through.
	r.alter(200, func(s *change.Schema) { s.Columns = append(s.Columns, col("v", 5, pgtext.OIDInt8, tuple.KindInt64)) })
	r.check(200, "id long, n integer, d date, v long")
}

func TestRenameChangesEveryFile(t *testing.T) {
	r := ddlRig(t)
	r.alter(200, func(s *change.Schema) { s.Columns[1].Name = "Text of, it" })
	r.check(200, "id long, Text_of__it string, n integer")
}

func TestRenameTableKeepsItsPlace(t *testing.T) {
	r := ddlRig(t)
	before, _ := r.m.DeltaPath(200)
	r.alter(200, func(s *change.Schema) { s.TableName = "other" })
	r.check(200, basic)
	if after, _ := r.m.DeltaPath(200); after != before || r.m.Status()[0].TableName != "other" {
		t.Errorf("moved from %s to %s, %+v", before, after, r.m.Status())
	}
}

func TestFastDefault(t *testing.T) {
	r := ddlRig(t)
	r.alter(200, func(s *change.Schema) {
		s.Columns = append(s.Columns, col("k", 4, pgtext.OIDInt4, tuple.KindInt32))
		s.Options = append(s.Options, change.Option{Name: "missing.4", Value: EncodeMissing(tuple.KindInt32, tuple.Int(42))})
	})
	r.commit(func(g *change.Group) { r.put(g, 200, 5, text("x"), tuple.Int(1), tuple.Int(7)) })
	r.sync()
	s := r.eng.Snapshot()
	defer s.Release()
	v, err := r.m.View(bg, []uint32{200}, s.LSN())
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	n := 0
	for _, row := range viewRows(t, v.Tables[0]) {
		if strings.HasSuffix(row, "|42|") {
			n++
		}
	}
	if n != 29 {
		t.Errorf("%d rows have the default, want 29", n)
	}
	r.validate(200)
}

func TestTruncateIsANewStorage(t *testing.T) {
	for _, sync := range []bool{false, true} {
		r := ddlRig(t)
		if sync {
			r.sync()
		}
		r.commit(func(g *change.Group) {
			old := r.tabs[200].schema.StorageID
			r.alterIn(g, 200, func(s *change.Schema) { s.StorageID = 300 })
			g.DeleteRange(change.AppendKeyPrefix(nil, old, 0), change.AppendKeyPrefix(nil, old+1, 0))
			r.put(g, 200, 1, text("after"), tuple.Int(1))
		})
		r.compareNow(200)
		r.fill(200, 100, 103)
		r.check(200, basic)
		if rep := r.validate(200); rep.Rows != 4 {
			t.Errorf("%d rows", rep.Rows)
		}
	}
}

func TestDeleteRangeEmptiesTheTable(t *testing.T) {
	r := ddlRig(t)
	r.commit(func(g *change.Group) {
		g.DeleteRange(change.AppendKeyPrefix(nil, 200, 0), change.AppendKeyPrefix(nil, 201, 0))
	})
	r.compareNow(200)
	r.fill(200, 7, 9)
	r.check(200, basic)
}

// ALTER TYPE: a new storage id with other columns and all rows, in one transaction.
func TestRewriteWithAnotherType(t *testing.T) {
	r := ddlRig(t)
	r.commit(func(g *change.Group) {
		r.alterIn(g, 200, func(s *change.Schema) {
			s.StorageID = 301
			s.Columns[2] = col("n", 3, pgtext.OIDInt8, tuple.KindInt64)
		})
		for k := range int64(12) {
			r.put(g, 200, k, text("re"), tuple.Int(k<<40))
		}
	})
	r.check(200, "id long, v string, n long")
}

// A bulk load's rows are not in the log: the table is copied from a snapshot.
func TestIngestIsCopied(t *testing.T) {
	r := newRig(t, Options{MaxLag: time.Hour, FileRows: 300})
	r.commit(func(g *change.Group) { r.define(g, twoColumns(r, 200)) })
	r.commit(func(g *change.Group) { r.alterIn(g, 200, func(s *change.Schema) { s.StorageID = 400 }) })
	first := r.eng.ReserveRowIDs(1000)
	w, err := r.eng.NewBulkWriter(400, change.PrimaryIndex, first)
	if err != nil {
		t.Fatal(err)
	}
	for k := range int64(1000) {
		// In key order the ids go up and down.
		row := r.tabs[200].layout.Append(nil, first+uint64(k^1), []tuple.Value{tuple.Int(k), text("bulk"), tuple.Int(k)})
		if err := w.Add(r.key(200, k), row); err != nil {
			t.Fatal(err)
		}
	}
	r.commit(func(g *change.Group) {
		in, err := w.Finish(bg)
		if err != nil {
			t.Fatal(err)
		}
		g.Ingest(in)
	})
	r.commit(func(g *change.Group) {
		r.del(g, 200, 5)
		r.put(g, 200, 6, text("changed"), tuple.Int(6))
	})
	r.check(200, basic)
	if rep := r.validate(200); rep.Rows != 999 {
		t.Errorf("%+v", rep)
	}
}

func TestDropTableRemovesItsFiles(t *testing.T) {
	r := ddlRig(t)
	r.sync()
	dir, _ := r.m.DeltaPath(200)
	s := r.eng.Snapshot()
	v, err := r.m.View(bg, []uint32{200}, s.LSN())
	if err != nil {
		t.Fatal(err)
	}
	want := r.rowsOf(s, v.Tables[0])
	r.alter(200, func(s *change.Schema) { s.Dropped = true })
	r.sync()
	// A View that is open keeps its files (I7).
	if got := viewRows(t, v.Tables[0]); !slices.Equal(got, want) {
		t.Error("an open view changed")
	}
	v.Close()
	s.Release()
	for deadline := time.Now().Add(10 * time.Second); ; {
		if _, err := os.Stat(filepath.Join(dir, "_delta_log")); errors.Is(err, os.ErrNotExist) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("files are still there")
		}
		time.Sleep(time.Millisecond)
	}
	if st := r.m.Status(); len(st) != 0 {
		t.Errorf("%+v", st)
	}
	r.reopen()
	r.sync()
	if st := r.m.Status(); len(st) != 0 {
		t.Errorf("after restart: %+v", st)
	}
}

func TestMirrorOffAndOn(t *testing.T) {
	r := ddlRig(t)
	r.alter(200, func(s *change.Schema) { s.Options = []change.Option{{Name: "mirror", Value: "off"}} })
	r.sync()
	if _, err := r.m.View(bg, []uint32{200}, 0); !errors.Is(err, ErrNotMirrored) {
		t.Fatal(err)
	}
	r.fill(200, 40, 50)
	r.reopen()
	r.sync()
	r.alter(200, func(s *change.Schema) { s.Options = nil })
	r.check(200, basic)
}

// Values that a decimal, a date or a list cannot hold turn the column into strings; nothing becomes NULL.
func TestFallbackToString(t *testing.T) {
	r := newRig(t, Options{MaxLag: time.Hour})
	num := col("d", 2, pgtext.OIDNumeric, tuple.KindNumeric)
	num.TypMod = 10<<16 | 2 + 4
	arr := col("a", 4, 1016, tuple.KindArray)
	arr.ElemOID, arr.ElemKind = pgtext.OIDInt8, tuple.KindInt64
	sch := r.schemaOf(200, col("id", 1, pgtext.OIDInt8, tuple.KindInt64), num, col("da", 3, pgtext.OIDDate, tuple.KindInt32), arr)
	r.commit(func(g *change.Group) { r.define(g, sch) })
	dec := func(s string) tuple.Value {
		b, err := tuple.AppendNumericText(nil, s)
		if err != nil {
			t.Fatal(err)
		}
		return tuple.Bytes(b)
	}
	list := func(dims []tuple.ArrayDim, v ...tuple.Value) tuple.Value {
		return tuple.Bytes(tuple.AppendArray(nil, tuple.KindInt64, pgtext.OIDInt8, dims, v))
	}
	one := list([]tuple.ArrayDim{{Len: 2, Lower: 1}}, tuple.Int(1), tuple.Null)
	r.commit(func(g *change.Group) { r.put(g, 200, 1, dec("1.50"), tuple.Int(0), one) })
	r.check(200, "id long, d decimal(10,2), da date, a array<long>")
	r.commit(func(g *change.Group) { r.put(g, 200, 2, tuple.NumericNaN, tuple.Int(0), one) })
	r.sync()
	r.check(200, "id long, d string, da date, a array<long>")
	r.commit(func(g *change.Group) {
		r.put(g, 200, 3, dec("-3.25"), tuple.Int(pgtext.DateInfinity), list([]tuple.ArrayDim{{Len: 1, Lower: 1}, {Len: 1, Lower: 1}}, tuple.Int(7)))
	})
	r.sync()
	r.check(200, "id long, d string, da string, a string")
	s := r.eng.Snapshot()
	defer s.Release()
	v, err := r.m.View(bg, []uint32{200}, s.LSN())
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	got := strings.Join(viewRows(t, v.Tables[0]), "\n")
	want := `1|"1.50"|"2000-01-01"|"{1,NULL}"|` + "\n" + `2|"NaN"|"2000-01-01"|"{1,NULL}"|` + "\n" + `3|"-3.25"|"infinity"|"{{7}}"|`
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestTypeWithoutMappingIsAnErrorState(t *testing.T) {
	r := newRig(t, Options{MaxLag: time.Hour})
	r.commit(func(g *change.Group) {
		r.define(g, r.schemaOf(200, col("id", 1, pgtext.OIDInt8, tuple.KindInt64), col("e", 2, 50000, tuple.KindFloat32)))
		r.put(g, 200, 1, tuple.Float(1))
	})
	r.sync()
	st := r.m.Status()
	if len(st) != 1 || st[0].State != StateError || !strings.Contains(st[0].LastError, "column e of public.t200") {
		t.Fatalf("%+v", st)
	}
	if _, err := r.m.View(bg, []uint32{200}, 0); !errors.Is(err, ErrNotMirrored) {
		t.Fatal(err)
	}
	r.alter(200, func(s *change.Schema) { s.Columns[1].Dropped = true })
	r.check(200, "id long")
}

// Without a position the schemas come from the caller, the rows from a snapshot: a mirror of a store that has had none,
// and of a branch, whose slot belongs to another store.
func TestBootstrap(t *testing.T) {
	r := ddlRig(t)
	r.fill(200, 100, 400)
	r.close()
	os.RemoveAll(filepath.Join(r.dir, "slots"))
	os.RemoveAll(filepath.Join(r.dir, "lake"))
	r.opt.FileRows = 100
	r.opt.Bootstrap = bootstrapOf(r)
	r.open()
	r.fill(200, 390, 410)
	r.check(200, basic)
}

// Another writer's version on top of ours: the copy that follows makes the table right again.
func TestForeignCommitIsOverwritten(t *testing.T) {
	r := ddlRig(t)
	r.sync()
	r.quiesce()
	r.m.mu.Lock()
	store := r.m.tables[200].store
	r.m.mu.Unlock()
	other, err := delta.Open(bg, store)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UnixMilli()
	a := other.Snapshot().SortedFiles()[0]
	if _, err := other.Commit(bg, []delta.Action{{Remove: &delta.Remove{Path: a.Path, DeletionTimestamp: &now, DataChange: true, DeletionVector: a.DeletionVector}}}); err != nil {
		t.Fatal(err)
	}
	r.fill(200, 60, 70)
	for range 100 {
		ctx := bg
		if _, err := r.m.Sync(ctx, r.eng.VisibleLSN(), 200); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.check(200, basic)
}

// A table of which more is in memory than may be holds the log back and is published at once.
func TestMemoryIsBounded(t *testing.T) {
	r := newRig(t, Options{MaxLag: time.Hour, MemoryBytes: 64 << 10, TailBytes: 16 << 10})
	r.commit(func(g *change.Group) { r.define(g, twoColumns(r, 200)) })
	for i := range int64(40) {
		r.fill(200, i*100, i*100+100)
		r.m.mu.Lock()
		if n := r.m.bytes; n > 256<<10 {
			t.Errorf("%d bytes in memory", n)
		}
		r.m.mu.Unlock()
	}
	r.check(200, basic)
}

func bootstrapOf(r *rig) func(context.Context, *engine.Snapshot) ([]*change.Schema, error) {
	return func(context.Context, *engine.Snapshot) ([]*change.Schema, error) {
		var out []*change.Schema
		for _, t := range r.tabs {
			out = append(out, t.schema)
		}
		return out, nil
	}
}

// mirror_deletes = rewrite: no deletion vector, ever; a reader of version 1 is enough.
func TestRewriteInsteadOfVectors(t *testing.T) {
	r := newRig(t, Options{MaxLag: time.Hour, MergeFiles: 4})
	s := twoColumns(r, 200)
	s.Options = []change.Option{{Name: "mirror_deletes", Value: "rewrite"}, {Name: "mirror_max_lag", Value: "20 ms"}}
	r.commit(func(g *change.Group) { r.define(g, s) })
	for i := range int64(12) {
		r.fill(200, i*7, i*7+10)
		r.commit(func(g *change.Group) { r.del(g, 200, i*3); r.put(g, 200, i, text("new"), tuple.Null) })
		r.sync()
		r.compareNow(200)
	}
	r.quiesce()
	rep := r.validate(200)
	if rep.Vectors != 0 || rep.Protocol.MinReaderVersion != 1 {
		t.Errorf("%+v", rep)
	}
	r.noOrphans(200)
	if got := r.m.maxLag(s); got != 20*time.Millisecond {
		t.Error(got)
	}
}

// A branch's tables start from links of the parent's files and go their own way.
func TestBranchStartsFromTheParentsFiles(t *testing.T) {
	r := ddlRig(t)
	r.sync()
	r.fill(200, 25, 35) // in the parent's tail only
	child := r.copyTo("app@dev", Options{MaxLag: time.Hour})
	r.fill(200, 50, 60) // after the branch point
	r.sync()
	r.fill(200, 0, 5)
	r.sync()
	child.open()
	child.compareNow(200)
	child.fill(200, 100, 110)
	child.commit(func(g *change.Group) { child.del(g, 200, 1) })
	child.sync()
	child.compareNow(200)
	rep := child.validate(200)
	h, err := child.m.History(bg, 200)
	if err != nil || h[len(h)-1].Info.Operation != "CLONE" || rep.Rows != 44 {
		t.Fatalf("%d rows, %+v %v", rep.Rows, h, err)
	}
	r.sync()
	r.compareNow(200)
	if rep := r.validate(200); rep.Rows != 45 {
		t.Errorf("parent has %d rows", rep.Rows)
	}
	// The parent's table goes; the branch's stays.
	r.alter(200, func(s *change.Schema) { s.Dropped = true })
	r.sync()
	r.quiesce()
	child.m.Close()
	child.openMirror()
	child.compareNow(200)
	child.validate(200)
}

// A damaged slot file is reported and made again; nothing of the tables is lost.
func TestDamagedSlot(t *testing.T) {
	r := ddlRig(t)
	r.sync()
	r.close()
	if err := os.WriteFile(filepath.Join(r.dir, "slots", "mirror.slot"), []byte("not a slot file, but as long as one has to be"), 0o644); err != nil {
		t.Fatal(err)
	}
	r.opt.Bootstrap = bootstrapOf(r)
	r.open()
	r.check(200, basic)
	if c := r.m.Metrics(); c.Tables != 1 || c.Applied == 0 {
		t.Errorf("%+v", c)
	}
}

// A data file that has changed on disk is found when the mirror reads it, and the table is copied anew (I8).
func TestDamagedFileIsCopiedAnew(t *testing.T) {
	r := ddlRig(t)
	r.sync()
	r.quiesce()
	dir, _ := r.m.DeltaPath(200)
	r.close()
	files, _ := filepath.Glob(filepath.Join(dir, "*.parquet"))
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 8
		if err := os.WriteFile(f, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r.opt.DeadRatio = 0.01 // the next delete makes the mirror read the file
	r.open()
	r.commit(func(g *change.Group) { r.del(g, 200, 1); r.del(g, 200, 21) })
	r.sync()
	r.quiesce()
	r.compareNow(200)
	r.validate(200)
}

// An enum's values are numbers in rows and labels in Delta. A new label needs a commit, another name of an old one a new copy.
func TestEnumLabels(t *testing.T) {
	r := newRig(t, Options{MaxLag: time.Hour})
	const mood, alias, elem = 20000, 20001, 20002
	note := func(s *change.Schema, labels ...string) {
		n := change.TypeNote{}
		for i, l := range labels {
			n.Labels = append(n.Labels, change.EnumLabel{Sort: float32(i + 1), Name: l})
		}
		s.Options = []change.Option{n.Option(mood), change.TypeNote{Base: mood}.Option(alias)}
	}
	list := func(sort ...float64) tuple.Value {
		elems := make([]tuple.Value, len(sort))
		for i, f := range sort {
			elems[i] = tuple.Float(f)
		}
		return tuple.Bytes(tuple.AppendArray(nil, tuple.KindFloat32, alias, []tuple.ArrayDim{{Len: len(sort), Lower: 1}}, elems))
	}
	r.commit(func(g *change.Group) {
		s := r.schemaOf(200, col("id", 1, pgtext.OIDInt8, tuple.KindInt64), col("m", 2, mood, tuple.KindFloat32), col("l", 3, elem, tuple.KindArray))
		s.Columns[2].ElemOID, s.Columns[2].ElemKind = alias, tuple.KindFloat32
		note(s, "sad", "o k")
		r.define(g, s)
		r.put(g, 200, 1, tuple.Float(1), list(1, 2))
	})
	want := func(rows ...string) {
		t.Helper()
		r.check(200, "id long, m string, l string")
		v, err := r.m.View(bg, []uint32{200}, r.eng.VisibleLSN())
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		if got := viewRows(t, v.Tables[0]); !slices.Equal(got, rows) {
			t.Errorf("rows %q, want %q", got, rows)
		}
	}
	want(`1|"sad"|"{sad,\"o k\"}"|`)
	r.alter(200, func(s *change.Schema) { note(s, "sad", "o k", "happy") })
	r.commit(func(g *change.Group) { r.put(g, 200, 2, tuple.Float(3), list(3)) })
	want(`1|"sad"|"{sad,\"o k\"}"|`, `2|"happy"|"{happy}"|`)
	r.alter(200, func(s *change.Schema) { note(s, "blue", "o k", "happy") })
	r.commit(func(g *change.Group) { r.put(g, 200, 3, tuple.Float(1), list()) })
	want(`1|"blue"|"{blue,\"o k\"}"|`, `2|"happy"|"{happy}"|`, `3|"blue"|"{}"|`)
}

// A column whose type the log does not explain is not guessed at.
func TestUnknownTypeIsRefused(t *testing.T) {
	r := newRig(t, Options{})
	r.commit(func(g *change.Group) {
		r.define(g, r.schemaOf(200, col("id", 1, pgtext.OIDInt8, tuple.KindInt64), col("m", 2, 20000, tuple.KindFloat32)))
	})
	if _, err := r.m.Sync(bg, 0, 200); !errors.Is(err, ErrNotMirrored) {
		t.Errorf("sync: %v", err)
	}
	r.alter(200, func(s *change.Schema) {
		s.Options = []change.Option{change.TypeNote{Labels: []change.EnumLabel{{Sort: 1, Name: "a"}}}.Option(20000)}
	})
	r.commit(func(g *change.Group) { r.put(g, 200, 1, tuple.Float(1)) })
	r.check(200, "id long, m string")
}

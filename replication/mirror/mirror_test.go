package mirror

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tarndb/tarn/replication/mirror/pgtext"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/wal"
)

var bg = context.Background()

// rig is a store with a mirror.
type rig struct {
	t       *testing.T
	dir     string
	eng     *engine.Engine
	wh      *object.Local
	m       *Mirror
	opt     Options
	wrap    func(object.Store) object.Store // of the warehouse; nil: none
	name    string                          // of the database
	lake    string                          // directory of the warehouse
	ahead   bool                            // some transactions are written ahead of their commit
	commits int
	mu      sync.Mutex // of writers: row ids are read and replaced under it
	tabs    map[uint32]*rigTable
}

type rigTable struct {
	schema *change.Schema
	layout *tuple.Layout
}

func newRig(t *testing.T, opt Options) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir(), opt: opt, name: "app", tabs: map[uint32]*rigTable{}}
	r.open()
	t.Cleanup(func() { r.close() })
	return r
}

func (r *rig) open() {
	r.t.Helper()
	var err error
	if r.eng, err = engine.Open(bg, engine.Options{Dir: filepath.Join(r.dir, "store"), SegmentBytes: 1 << 20, KeepLogBytes: 1 << 30}); err != nil {
		r.t.Fatal(err)
	}
	if r.lake == "" {
		r.lake = filepath.Join(r.dir, "lake")
	}
	if r.wh, err = object.OpenLocal(r.lake, object.Options{NoSync: true}); err != nil {
		r.t.Fatal(err)
	}
	r.openMirror()
}

func (r *rig) openMirror() {
	r.t.Helper()
	o := r.opt
	o.Engine, o.Warehouse, o.Database, o.SlotDir = r.eng, r.wh, r.name, filepath.Join(r.dir, "slots")
	if r.wrap != nil {
		o.Warehouse = r.wrap(r.wh)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(testLog{r.t}, nil))
	}
	var err error
	if r.m, err = Open(o); err != nil {
		r.t.Fatal(err)
	}
	r.eng.SetCold(r.m)
}

// copyTo makes a copy of the store, which is to be opened.
func (r *rig) copyTo(name string, opt Options) *rig {
	r.t.Helper()
	c := &rig{t: r.t, dir: r.t.TempDir(), opt: opt, name: name, lake: r.lake, tabs: map[uint32]*rigTable{}}
	for id, t := range r.tabs {
		own := *t
		c.tabs[id] = &own
	}
	if _, err := r.m.Copy(bg, r.target(c)); err != nil {
		r.t.Fatal(err)
	}
	c.opt.Bootstrap = bootstrapOf(c)
	r.t.Cleanup(c.close)
	return c
}

func (r *rig) target(c *rig) CopyTarget {
	return CopyTarget{Database: c.name, SlotDir: filepath.Join(c.dir, "slots"),
		Store: func(ctx context.Context, follow wal.LSN) (wal.StoreID, wal.LSN, error) {
			at, err := r.eng.Checkpoint(ctx, filepath.Join(c.dir, "store"), follow)
			if err != nil {
				return wal.StoreID{}, 0, err
			}
			man, err := engine.ReadManifest(nil, filepath.Join(c.dir, "store"))
			return man.StoreID(), at, err
		}}
}

type testLog struct{ t *testing.T }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Logf("%s", strings.TrimSpace(string(b)))
	return len(b), nil
}

func (r *rig) close() {
	if r.m != nil {
		r.m.Close()
		r.m = nil
	}
	if r.eng != nil {
		if err := r.eng.Close(); err != nil {
			r.t.Error(err)
		}
		r.eng = nil
	}
}

func col(name string, att int16, oid uint32, kind tuple.Kind) change.Column {
	return change.Column{Name: name, AttNum: att, TypeOID: oid, TypMod: -1, Kind: kind}
}

func (r *rig) schemaOf(id uint32, cols ...change.Column) *change.Schema {
	return &change.Schema{TableID: id, StorageID: id, Version: 1, SchemaName: "public", TableName: fmt.Sprintf("t%d", id), Columns: cols, PrimaryKey: []int{0}}
}

func (r *rig) define(g *change.Group, s *change.Schema) {
	g.Schema(s)
	kinds := []tuple.Kind{}
	for _, c := range s.Columns {
		kinds = append(kinds, c.Kind)
	}
	r.tabs[s.TableID] = &rigTable{s, tuple.NewLayout(kinds, nil)}
}

func (r *rig) commit(build func(g *change.Group)) wal.LSN {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	g := new(change.Group)
	build(g)
	if r.commits++; r.ahead && r.commits%4 == 0 && g.Ops() > 0 {
		g = r.aheadOfCommit(g)
	}
	lsn, err := r.eng.Commit(bg, g, engine.Sync)
	if err != nil {
		r.t.Fatal(err)
	}
	return lsn
}

// aheadOfCommit is the group with its puts and deletes in an attachment of two parts, and larger row ids given out before it commits.
func (r *rig) aheadOfCommit(g *change.Group) *change.Group {
	r.t.Helper()
	check := func(err error) {
		if err != nil {
			r.t.Fatal(err)
		}
	}
	whole := new(change.Group)
	l, err := r.eng.NewLarge(whole, r.eng.NextXID())
	check(err)
	d, err := change.Decode(g.Seal(1, 0, 1))
	check(err)
	n, keys := 0, map[string]bool{}
	for op := new(change.Op); d.Next(op); {
		switch op.Kind {
		case change.KindPut:
			keys[string(op.Key)] = true
			l.Part().Put(op.Key, op.Value, op.OldRowID)
		case change.KindDelete:
			keys[string(op.Key)] = true
			l.Part().Delete(op.Key, op.OldRowID)
		case change.KindDeleteRange:
			whole.DeleteRange(op.Key, op.Value)
		case change.KindSchema:
			s, err := op.Schema()
			check(err)
			whole.Schema(s)
		case change.KindIngest:
			whole.Ingest(op.Ingest())
		default:
			r.t.Fatalf("%s in a test transaction", op.Kind)
		}
		if n++; n == g.Ops()/2 {
			check(l.NextPart())
		}
	}
	check(d.Err())
	check(l.Finish())
	r.touch(keys)
	return whole
}

// touch updates the first row of each table to what it is, except for some keys.
func (r *rig) touch(not map[string]bool) {
	r.t.Helper()
	s := r.eng.Snapshot()
	defer s.Release()
	var g change.Group
	for _, t := range r.tabs {
		id := t.schema.StorageID
		if change.IsLake(id) || t.schema.Dropped {
			continue
		}
		it := s.NewIter(change.AppendKeyPrefix(nil, id, change.PrimaryIndex), change.AppendKeyPrefix(nil, id, change.PrimaryIndex+1))
		for ok := it.First(); ok; ok = it.Next() {
			if !not[string(it.Key())] {
				g.Put(it.Key(), it.Value(), tuple.RowID(it.Value()))
				break
			}
		}
		if err := it.Close(); err != nil {
			r.t.Fatal(err)
		}
	}
	if _, err := r.eng.Commit(bg, &g, engine.Async); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) key(table uint32, k int64) []byte {
	return binary.BigEndian.AppendUint64(change.AppendKeyPrefix(nil, r.tabs[table].schema.StorageID, change.PrimaryIndex), uint64(k))
}

func (r *rig) old(key []byte) uint64 {
	v, c, ok, err := r.eng.GetLatest(key)
	if err != nil {
		r.t.Fatal(err)
	}
	if !ok {
		return 0
	}
	defer c.Close()
	return tuple.RowID(v)
}

func (r *rig) put(g *change.Group, table uint32, k int64, vals ...tuple.Value) {
	key := r.key(table, k)
	g.Put(key, r.tabs[table].layout.Append(nil, 0, append([]tuple.Value{tuple.Int(k)}, vals...)), r.old(key))
}

func (r *rig) del(g *change.Group, table uint32, k int64) {
	key := r.key(table, k)
	if id := r.old(key); id != 0 {
		g.Delete(key, id)
	}
}

func show(v tuple.Value) string {
	switch {
	case v.IsNull():
		return "∅"
	case v.IsScalar():
		return fmt.Sprint(v.Int())
	}
	return fmt.Sprintf("%q", v.Bytes())
}

// rowsOf scans a snapshot, in physical form.
func (r *rig) rowsOf(s *engine.Snapshot, tv *TableView) []string {
	r.t.Helper()
	kinds := make([]tuple.Kind, len(tv.Schema.Columns))
	for i, c := range tv.Schema.Columns {
		kinds[i] = c.Kind
	}
	l := tuple.NewLayout(kinds, nil)
	it := s.NewIter(change.AppendKeyPrefix(nil, tv.Schema.StorageID, 1), change.AppendKeyPrefix(nil, tv.Schema.StorageID, 2))
	defer it.Close()
	var out []string
	for ok := it.First(); ok; ok = it.Next() {
		var b strings.Builder
		for _, c := range tv.Columns {
			pos := slices.IndexFunc(tv.Schema.Columns, func(x change.Column) bool { return x.AttNum == c.AttNum })
			_, v, ok := c.Physical(nil, l.Get(it.Value(), pos))
			if !ok {
				v = tuple.String("unfit") // the executor takes rows
			}
			b.WriteString(show(v) + "|")
		}
		out = append(out, b.String())
	}
	slices.Sort(out)
	return out
}

func viewRows(t *testing.T, tv *TableView) []string {
	t.Helper()
	var out []string
	for _, f := range tv.Files {
		o, err := os.Open(f.Path)
		if err != nil {
			t.Error(err)
			return nil
		}
		st, _ := o.Stat()
		rd, err := parquet.NewReader(o, st.Size())
		if err != nil {
			t.Error(err)
			return nil
		}
		if rd.Rows() != f.Rows || st.Size() != f.Bytes {
			t.Errorf("%s: %d rows, %d bytes; view says %d, %d", f.Path, rd.Rows(), st.Size(), f.Rows, f.Bytes)
		}
		cols := make([][]tuple.Value, len(tv.Columns))
		for g := range rd.RowGroups() {
			for i, c := range tv.Columns {
				if cols[i], err = rd.Column(cols[i], g, c.Name, c.Type); err != nil {
					t.Error(err)
					return nil
				}
			}
		}
		for row := range int(f.Rows) {
			if f.Deleted != nil && f.Deleted.Contains(uint32(row)) {
				continue
			}
			var b strings.Builder
			for i := range cols {
				b.WriteString(show(cols[i][row]) + "|")
			}
			out = append(out, b.String())
		}
		o.Close()
	}
	for _, p := range tv.Tail {
		for row := range p.Rows {
			if p.Deleted != nil && p.Deleted.Contains(uint32(row)) {
				continue
			}
			var b strings.Builder
			for i := range tv.Columns {
				_, v, ok := tv.Columns[i].Physical(nil, p.Columns[i][row])
				if !ok {
					v = tuple.String("unfit")
				}
				b.WriteString(show(v) + "|")
			}
			out = append(out, b.String())
		}
	}
	slices.Sort(out)
	return out
}

// compareAt checks I4 for tables at a snapshot. It reports whether a View could be had.
func (r *rig) compareAt(s *engine.Snapshot, tables ...uint32) bool {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(bg, 20*time.Second)
	defer cancel()
	v, err := r.m.View(ctx, tables, s.LSN())
	if errors.Is(err, ErrNotReady) || errors.Is(err, ErrTooOld) {
		return false
	}
	if err != nil {
		r.t.Errorf("view at %s: %v", s.LSN(), err)
		return false
	}
	defer v.Close()
	for _, tv := range v.Tables {
		got, want := viewRows(r.t, tv), r.rowsOf(s, tv)
		if !slices.Equal(got, want) {
			r.t.Errorf("table %d at %s (published %s, %d files, %d tails): view has %d rows, rows have %d%s", tv.Table, s.LSN(),
				tv.Published, len(tv.Files), len(tv.Tail), len(got), len(want), firstDiff(got, want))
			return false
		}
	}
	return true
}

func firstDiff(a, b []string) string {
	for i := 0; i < len(a) || i < len(b); i++ {
		x, y := "(end)", "(end)"
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			return fmt.Sprintf("\n  view %s\n  rows %s", x, y)
		}
	}
	return ""
}

// compareNow waits until the mirror can answer for the newest state.
func (r *rig) compareNow(tables ...uint32) {
	r.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		s := r.eng.Snapshot()
		ok := r.compareAt(s, tables...)
		s.Release()
		if ok || r.t.Failed() {
			return
		}
		r.sync()
	}
	r.t.Fatalf("mirror does not become ready: %+v", r.m.Status())
}

func (r *rig) sync() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(bg, 30*time.Second)
	defer cancel()
	if _, err := r.m.Sync(ctx, r.eng.VisibleLSN(), 0); err != nil {
		r.t.Fatalf("sync: %v; %+v", err, r.m.Status())
	}
}

// validate checks the Delta table and that it holds what the View holds.
func (r *rig) validate(table uint32) *delta.Report {
	r.t.Helper()
	path, ok := r.m.DeltaPath(table)
	if !ok {
		r.t.Fatalf("table %d has no Delta path", table)
	}
	r.quiesce() // a validator that meets an expiry finds versions gone
	rep, err := delta.Validate(path)
	if err != nil {
		r.t.Fatal(err)
	}
	s := r.eng.Snapshot()
	defer s.Release()
	v, err := r.m.View(bg, []uint32{table}, s.LSN())
	if err != nil {
		r.t.Fatal(err)
	}
	defer v.Close()
	if n := len(viewRows(r.t, v.Tables[0])); int64(n) != rep.Rows {
		r.t.Errorf("table %d: Delta has %d rows, the view %d", table, rep.Rows, n)
	}
	return rep
}

func twoColumns(r *rig, id uint32) *change.Schema {
	return r.schemaOf(id, col("id", 1, pgtext.OIDInt8, tuple.KindInt64), col("v", 2, 25, tuple.KindText), col("n", 3, pgtext.OIDInt4, tuple.KindInt32))
}

func text(s string) tuple.Value { return tuple.String(s) }

func TestInsertUpdateDelete(t *testing.T) {
	r := newRig(t, Options{MaxLag: time.Hour})
	r.commit(func(g *change.Group) { r.define(g, twoColumns(r, 200)) })
	r.commit(func(g *change.Group) {
		for k := range int64(10) {
			r.put(g, 200, k, text(fmt.Sprint("row ", k)), tuple.Int(k))
		}
	})
	r.compareNow(200) // from the tail
	r.sync()
	r.compareNow(200) // from a file
	r.commit(func(g *change.Group) {
		r.put(g, 200, 3, text("new"), tuple.Null)
		r.del(g, 200, 4)
		r.put(g, 200, 20, text("twenty"), tuple.Int(20))
	})
	r.compareNow(200) // file, deletions, tail
	r.sync()
	r.compareNow(200)
	rep := r.validate(200)
	if rep.Rows != 10 || rep.Vectors != 1 || rep.Deleted != 2 {
		t.Fatalf("%+v", rep)
	}
	st := r.m.Status()
	if len(st) != 1 || st[0].State != StateActive || st[0].DeletedRows != 2 || st[0].Files != 2 || st[0].TailRows != 0 {
		t.Fatalf("%+v", st)
	}
	h, err := r.m.History(bg, 200)
	if err != nil || len(h) != 2 || h[0].Info.Operation != "UPDATE" {
		t.Fatalf("%+v %v", h, err)
	}
	if _, err := r.m.View(bg, []uint32{999}, 0); !errors.Is(err, ErrNotMirrored) {
		t.Fatalf("unknown table: %v", err)
	}
}

// Random writers on several tables, publications, compactions and checkpoints at tiny bounds; readers compare Views with
// row scans at the same LSN all the time (I2, I4).
func TestViewEqualsRowsUnderLoad(t *testing.T) {
	opt := Options{MaxLag: 5 * time.Millisecond, TailRows: 60, MergeFiles: 4, CheckpointLog: 5, FileRetention: 50 * time.Millisecond,
		LogRetention: 100 * time.Millisecond, FileRows: 50, KeepVersions: 20 * time.Millisecond}
	r := newRig(t, opt)
	tables := []uint32{200, 201, 202}
	r.commit(func(g *change.Group) {
		for _, id := range tables {
			r.define(g, twoColumns(r, id))
		}
	})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var compared, refused int
	var cmu sync.Mutex
	for reader := range 2 {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(9, uint64(reader)))
			for {
				select {
				case <-stop:
					return
				default:
				}
				s := r.eng.Snapshot()
				if rnd.IntN(3) == 0 {
					time.Sleep(time.Duration(rnd.IntN(5)) * time.Millisecond) // an older snapshot
				}
				ok := r.compareAt(s, tables[:1+rnd.IntN(3)]...)
				s.Release()
				cmu.Lock()
				if ok {
					compared++
				} else {
					refused++
				}
				cmu.Unlock()
				if t.Failed() {
					return
				}
			}
		})
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	rounds := 800
	if testing.Short() {
		rounds = 400
	}
	const enough, patience = 20, 20 // on a fast file system the rounds are over before the readers have seen much
	more := func(i int) bool {
		cmu.Lock()
		defer cmu.Unlock()
		return i < rounds || compared < enough && i < patience*rounds
	}
	for i := 0; more(i); i++ {
		r.commit(func(g *change.Group) {
			seen := map[string]bool{}
			for range 1 + rnd.IntN(8) {
				id, k := tables[rnd.IntN(len(tables))], rnd.Int64N(80)
				if name := fmt.Sprint(id, k); seen[name] {
					continue
				} else {
					seen[name] = true
				}
				if rnd.IntN(3) == 0 {
					r.del(g, id, k)
				} else {
					r.put(g, id, k, text(strings.Repeat("x", rnd.IntN(30))), tuple.Int(rnd.Int64N(1000)))
				}
			}
			if g.Empty() {
				r.put(g, 200, 0, tuple.Null, tuple.Null)
			}
		})
		if t.Failed() {
			break
		}
	}
	close(stop)
	wg.Wait()
	if t.Failed() {
		return
	}
	r.sync()
	r.compareNow(tables...)
	for _, id := range tables {
		rep := r.validate(id)
		t.Logf("table %d: %+v", id, rep)
	}
	t.Logf("%d comparisons, %d refused", compared, refused)
	if compared < enough {
		t.Errorf("only %d comparisons", compared)
	}
}

// The first query after a start waits for the slot's tables to be known, and has columns.
func TestViewRightAfterStart(t *testing.T) {
	r := newRig(t, Options{ViewWait: time.Minute})
	r.commit(func(g *change.Group) { r.define(g, twoColumns(r, 200)) })
	r.fill(200, 1, 50)
	r.sync()
	for range 20 {
		r.close()
		r.open()
		s := r.eng.Snapshot()
		if !r.compareAt(s, 200) {
			t.Error("no view")
		}
		s.Release()
	}
}

package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/kv"
	"github.com/tarndb/tarn/storage/wal"
)

// TestCheckpointUnderLoad branches while sessions commit, and compares each branch with what the commit hook saw up to
// its position (I6).
func TestCheckpointUnderLoad(t *testing.T) {
	for _, fs := range map[string]vfs.FS{"mem": vfs.NewMem(), "disk": nil} {
		dir := "parent"
		base := ""
		if fs == nil {
			base = t.TempDir() + "/"
		}
		var mu sync.Mutex
		type step struct {
			end wal.LSN
			key string
			val string
		}
		var history []step
		o := Options{FS: fs, Dir: base + dir, MemTableBytes: 256 << 10, SegmentBytes: 1 << 20,
			CommitHook: func(_, end wal.LSN, payload []byte) {
				d, err := change.Decode(payload)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				for op := new(change.Op); d.Next(op); {
					if op.Kind == change.KindPut {
						history = append(history, step{end, string(op.Key), string(op.Value[change.RowIDSize:])})
					}
				}
			}}
		e := mustOpen(t, o)
		var wg sync.WaitGroup
		stop := make(chan struct{})
		for n := range uint64(3) {
			wg.Go(func() {
				var g change.Group
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					g.Reset()
					g.Put(rowKey(n*1000+uint64(i%100)), rowValue(fmt.Sprintf("%d %*d", i, 300+i%2000, i)), 0)
					if _, err := e.Commit(context.Background(), &g, Durability(i%2)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		type branch struct {
			dir string
			at  wal.LSN
		}
		var branches []branch
		for i := range 8 {
			before := e.VisibleLSN()
			b := branch{dir: fmt.Sprintf("%sbranch%d", base, i)}
			var err error
			if b.at, err = e.Checkpoint(context.Background(), b.dir, 0); err != nil {
				t.Fatal(err)
			}
			if b.at < before {
				t.Fatalf("branch at %s misses what was visible at %s", b.at, before)
			}
			branches = append(branches, b)
			// Let the parent go on before the next one.
			if err := e.WaitVisible(context.Background(), b.at+wal.LSN(i)*40_000); err != nil {
				t.Fatal(err)
			}
		}
		close(stop)
		wg.Wait()
		mustClose(t, e)
		for _, b := range branches {
			want := map[string]string{}
			for _, s := range history {
				if s.end <= b.at {
					want[s.key] = s.val
				}
			}
			o := o
			o.Dir, o.CommitHook = b.dir, nil
			child := mustOpen(t, o)
			if m := child.Manifest(); m.BranchLSN != b.at.String() || m.ParentStore != e.Manifest().Store || m.Store == m.ParentStore {
				t.Fatalf("manifest %+v", m)
			}
			s := child.Snapshot()
			it := s.NewIter(rowKey(0), rowKey(1<<63))
			n := 0
			for ok := it.First(); ok; ok = it.Next() {
				if want[string(it.Key())] != string(it.Value()[change.RowIDSize:]) {
					t.Fatalf("branch at %s differs at %x", b.at, it.Key())
				}
				n++
			}
			it.Close()
			s.Release()
			if n != len(want) {
				t.Fatalf("branch at %s has %d rows, its parent had %d", b.at, n, len(want))
			}
			// A branch of the branch, and writes that the others do not see.
			mustCommit(t, child, Sync, func(g *change.Group) { g.Put(rowKey(5), rowValue("child"), 0) })
			if _, err := child.Checkpoint(context.Background(), b.dir+"x", 0); err != nil {
				t.Fatal(err)
			}
			mustClose(t, child)
			o.Dir = b.dir + "x"
			grandchild := mustOpen(t, o)
			s = grandchild.Snapshot()
			if _, text := get(t, s, rowKey(5)); text != "child" {
				t.Fatalf("branch of a branch has %q", text)
			}
			s.Release()
			mustClose(t, grandchild)
		}
		o.CommitHook = nil
		e = mustOpen(t, o)
		s := e.Snapshot()
		if _, text := get(t, s, rowKey(5)); text == "child" {
			t.Fatal("parent sees a write of its branch")
		}
		s.Release()
		mustClose(t, e)
	}
}

// TestCheckpointWithinLargeGroup branches while a group that Pebble takes in several batches is applied: the branch has
// all of it or nothing (I2).
func TestCheckpointWithinLargeGroup(t *testing.T) {
	fs := vfs.NewMem()
	o := Options{FS: fs, Dir: "db", MemTableBytes: 256 << 10}
	e := mustOpen(t, o)
	const n = 40_000
	var g change.Group
	for i := range uint64(n) {
		g.Put(rowKey(i), rowValue(fmt.Sprintf("%900d", i)), 0)
	}
	var done atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		defer done.Store(true)
		if _, err := e.Commit(context.Background(), &g, Async); err != nil {
			t.Error(err)
		}
	})
	branches := 0
	for ; !done.Load() || branches == 0; branches++ {
		if _, err := e.Checkpoint(context.Background(), fmt.Sprintf("b%d", branches), 0); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	mustClose(t, e)
	for i := range branches {
		o.Dir = fmt.Sprintf("b%d", i)
		c := mustOpen(t, o)
		s := c.Snapshot()
		it := s.NewIter(rowKey(0), rowKey(1<<60))
		got := 0
		for ok := it.First(); ok; ok = it.Next() {
			got++
		}
		if err := it.Close(); err != nil {
			t.Fatal(err)
		}
		s.Release()
		mustClose(t, c)
		if got != 0 && got != n {
			t.Fatalf("branch has %d of %d rows of one transaction", got, n)
		}
	}
	t.Logf("%d branches", branches)
}

// TestCheckpointOfIdleStore branches where log and files end at the same place.
func TestCheckpointOfIdleStore(t *testing.T) {
	for _, roll := range []bool{false, true} {
		fs := vfs.NewMem()
		e := mustOpen(t, Options{FS: fs, Dir: "db"})
		mustCommit(t, e, Sync, func(g *change.Group) { g.Put(rowKey(1), rowValue("one"), 0) })
		if err := e.kv.Flush(); err != nil {
			t.Fatal(err)
		}
		if roll {
			if err := e.log.Roll(); err != nil {
				t.Fatal(err)
			}
			if err := e.TrimLog(); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{"a", "b"} {
			at, err := e.Checkpoint(context.Background(), name, 0)
			if err != nil || at != e.VisibleLSN() {
				t.Fatal(at, err)
			}
			c := mustOpen(t, Options{FS: fs, Dir: name})
			if c.VisibleLSN() <= at {
				t.Fatalf("branch made at %s goes on at %s", at, c.VisibleLSN())
			}
			s := c.Snapshot()
			if id, text := get(t, s, rowKey(1)); id != 1 || text != "one" {
				t.Fatal(id, text)
			}
			s.Release()
			mustClose(t, c)
			if err := Check(context.Background(), os.Stderr, fs, name, nil); err != nil {
				t.Fatal(err)
			}
		}
		mustClose(t, e)
	}
}

// TestMissingLog: a store without its log is refused.
func TestMissingLog(t *testing.T) {
	fs := vfs.NewMem()
	mustClose(t, mustOpen(t, Options{FS: fs, Dir: "db"}))
	if err := fs.RemoveAll("db/wal"); err != nil {
		t.Fatal(err)
	}
	var damage *wal.DamageError
	if _, err := Open(context.Background(), Options{FS: fs, Dir: "db"}); !errors.As(err, &damage) {
		t.Fatal(err)
	}
}

func TestBulkWriter(t *testing.T) {
	fs := vfs.NewMem()
	open := func() *Engine { return mustOpen(t, Options{FS: fs, Dir: "db"}) }
	write := func(e *Engine, table uint32, n uint64) change.Ingest {
		first := e.ReserveRowIDs(n)
		w, err := e.NewBulkWriter(table, change.PrimaryIndex, first)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			key := append(change.AppendKeyPrefix(nil, table, change.PrimaryIndex), byte(i>>8), byte(i))
			if err := w.Add(key, rowValue("bulk")); err != nil {
				t.Fatal(err)
			}
			if i == 1 {
				if err := w.Add(key, nil); !errors.Is(err, kv.ErrKeyOrder) {
					t.Fatal(err)
				}
			}
		}
		if err := w.Add(rowKey(1), nil); !errors.Is(err, kv.ErrKeyRange) {
			t.Fatal(err)
		}
		in, err := w.Finish(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	count := func(e *Engine, table uint32) (n int) {
		s := e.Snapshot()
		defer s.Release()
		it := s.NewIter(change.AppendKeyPrefix(nil, table, 1), change.AppendKeyPrefix(nil, table, 2))
		defer it.Close()
		for ok := it.First(); ok; ok = it.Next() {
			n++
		}
		return n
	}
	e := open()
	in := write(e, 201, 1000)
	mustCommit(t, e, Sync, func(g *change.Group) { g.Ingest(in) })
	write(e, 202, 1000) // never committed
	dropped := write(e, 203, 1000)
	if err := e.DropIngest(context.Background(), dropped); err != nil {
		t.Fatal(err)
	}
	again := write(e, 203, 500)
	mustCommit(t, e, Sync, func(g *change.Group) { g.Ingest(again) })
	next := e.ReserveRowIDs(0)
	for range 2 {
		mustClose(t, e)
		e = open()
		if a, b, c := count(e, 201), count(e, 202), count(e, 203); a != 1000 || b != 0 || c != 500 {
			t.Fatalf("%d committed rows, %d of an unfinished ingest, %d of a repeated one", a, b, c)
		}
		if id := e.ReserveRowIDs(0); id < next {
			t.Fatalf("row id %d after %d", id, next)
		}
	}
	mustClose(t, e)
}

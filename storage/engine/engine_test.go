package engine

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/wal"
)

const testTable = 100

func rowKey(n uint64) []byte {
	return binary.BigEndian.AppendUint64(change.AppendKeyPrefix(nil, testTable, change.PrimaryIndex), n)
}

func rowValue(s string) []byte { return append(make([]byte, change.RowIDSize), s...) }

func mustOpen(t testing.TB, o Options) *Engine {
	t.Helper()
	e, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func mustClose(t testing.TB, e *Engine) {
	t.Helper()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

func mustCommit(t testing.TB, e *Engine, d Durability, build func(g *change.Group)) wal.LSN {
	t.Helper()
	var g change.Group
	build(&g)
	lsn, err := e.Commit(context.Background(), &g, d)
	if err != nil {
		t.Fatal(err)
	}
	return lsn
}

// get returns row id and text of a row, or "" when there is none.
func get(t testing.TB, s *Snapshot, key []byte) (uint64, string) {
	t.Helper()
	v, ok, err := s.AppendGet(nil, key)
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return 0, ""
	}
	return binary.LittleEndian.Uint64(v), string(v[change.RowIDSize:])
}

func TestCommitReadReopen(t *testing.T) {
	fs := vfs.NewMem()
	e := mustOpen(t, Options{FS: fs, Dir: "db"})
	before := e.Snapshot()
	lsn := mustCommit(t, e, Sync, func(g *change.Group) {
		g.Put(rowKey(1), rowValue("one"), 0)
		g.Put(rowKey(2), rowValue("two"), 0)
	})
	if e.DurableLSN() < lsn || e.VisibleLSN() < lsn {
		t.Fatalf("committed %s, durable %s, visible %s", lsn, e.DurableLSN(), e.VisibleLSN())
	}
	if _, s := get(t, before, rowKey(1)); s != "" {
		t.Fatal("old snapshot sees a later commit")
	}
	before.Release()
	s := e.Snapshot()
	if s.LSN() != lsn {
		t.Fatalf("snapshot at %s, commit at %s", s.LSN(), lsn)
	}
	id1, _ := get(t, s, rowKey(1))
	id2, two := get(t, s, rowKey(2))
	if id1 != 1 || id2 != 2 || two != "two" {
		t.Fatal(id1, id2, two)
	}
	s.Release()
	mustCommit(t, e, Async, func(g *change.Group) {
		g.Put(rowKey(2), rowValue("TWO"), id2)
		g.Delete(rowKey(1), id1)
	})
	epoch := e.Epoch()
	mustClose(t, e)

	e = mustOpen(t, Options{FS: fs, Dir: "db"})
	defer mustClose(t, e)
	s = e.Snapshot()
	defer s.Release()
	if _, one := get(t, s, rowKey(1)); one != "" {
		t.Fatal("deleted row is back")
	}
	if id, two := get(t, s, rowKey(2)); id != 3 || two != "TWO" {
		t.Fatal(id, two)
	}
	if e.Epoch() != epoch+1 {
		t.Fatalf("epoch %d after %d", e.Epoch(), epoch)
	}
	if id := e.ReserveRowIDs(1); id < 4 {
		t.Fatalf("row id %d given out again", id)
	}
}

func TestIterator(t *testing.T) {
	e := mustOpen(t, Options{FS: vfs.NewMem(), Dir: "db"})
	defer mustClose(t, e)
	mustCommit(t, e, Sync, func(g *change.Group) {
		for i := range uint64(10) {
			g.Put(rowKey(i), rowValue(fmt.Sprint(i)), 0)
		}
	})
	s := e.Snapshot()
	defer s.Release()
	it := s.NewIter(rowKey(2), rowKey(6))
	var got bytes.Buffer
	for ok := it.First(); ok; ok = it.Next() {
		fmt.Fprintf(&got, "%s ", it.Value()[change.RowIDSize:])
	}
	for ok := it.Last(); ok; ok = it.Prev() {
		fmt.Fprintf(&got, "%s ", it.Value()[change.RowIDSize:])
	}
	it.SeekLT(rowKey(4))
	fmt.Fprintf(&got, "%s ", it.Value()[change.RowIDSize:])
	it.SeekGE(rowKey(4))
	fmt.Fprintf(&got, "%s", it.Value()[change.RowIDSize:])
	if err := it.Close(); err != nil {
		t.Fatal(err)
	}
	if want := "2 3 4 5 5 4 3 2 3 4"; got.String() != want {
		t.Fatalf("got %s, want %s", got.String(), want)
	}
}

// TestConcurrentCommits lets many sessions increment private counters and checks that row ids and log order agree.
func TestConcurrentCommits(t *testing.T) {
	fs := vfs.NewMem()
	type entry struct{ start, end wal.LSN }
	var order []entry
	e := mustOpen(t, Options{FS: fs, Dir: "db", CommitHook: func(start, end wal.LSN, _ []byte) {
		order = append(order, entry{start, end})
	}})
	const sessions, each = 8, 50
	var wg sync.WaitGroup
	for n := range uint64(sessions) {
		wg.Go(func() {
			var g change.Group
			var old uint64
			for i := range each {
				g.Reset()
				g.Put(rowKey(n), rowValue(fmt.Sprint(i)), old)
				d := Sync
				if i%5 == 0 {
					d = Async
				}
				lsn, err := e.Commit(context.Background(), &g, d)
				if err != nil {
					t.Error(err)
					return
				}
				s := e.Snapshot()
				id, text := get(t, s, rowKey(n))
				if s.LSN() < lsn || text != fmt.Sprint(i) || id <= old || id != g.FirstRowID() {
					t.Errorf("session %d, step %d: snapshot %s, commit %s, row %d %q", n, i, s.LSN(), lsn, id, text)
				}
				old = id
				s.Release()
			}
		})
	}
	wg.Wait()
	mustClose(t, e)
	if len(order) != sessions*each+1 {
		t.Fatalf("hook called %d times", len(order))
	}
	for i := 1; i < len(order); i++ {
		if order[i].start != order[i-1].end {
			t.Fatalf("hook out of order at %d: %v", i, order[i-1:i+1])
		}
	}
	e = mustOpen(t, Options{FS: fs, Dir: "db"})
	defer mustClose(t, e)
	s := e.Snapshot()
	defer s.Release()
	for n := range uint64(sessions) {
		if _, text := get(t, s, rowKey(n)); text != fmt.Sprint(each-1) {
			t.Fatalf("session %d ends at %q", n, text)
		}
	}
}

func TestIllFormedGroupChangesNothing(t *testing.T) {
	e := mustOpen(t, Options{FS: vfs.NewMem(), Dir: "db"})
	defer mustClose(t, e)
	var g change.Group
	g.Put(rowKey(1), []byte("short"), 0)
	if _, err := e.Commit(context.Background(), &g, Sync); !errors.Is(err, change.ErrShortRow) {
		t.Fatal(err)
	}
	s := e.Snapshot()
	defer s.Release()
	if _, text := get(t, s, rowKey(1)); text != "" {
		t.Fatal("row is there")
	}
}

func TestLockedStoreDoesNotOpenTwice(t *testing.T) {
	dir := t.TempDir()
	e := mustOpen(t, Options{Dir: dir})
	defer mustClose(t, e)
	if _, err := Open(context.Background(), Options{Dir: dir}); err == nil {
		t.Fatal("opened twice")
	}
}

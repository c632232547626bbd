package engine

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/wal"
)

// Touch names what stands in the log between two positions, large transactions' operations too: whether a row was there before, and
// the tables of which ranges went.
func TestTouchNamesWhatTheLogNames(t *testing.T) {
	e := mustOpen(t, Options{Dir: "store", FS: vfs.NewMem()})
	defer mustClose(t, e)
	ctx := context.Background()
	all := func([]byte) bool { return true }
	from := mustCommit(t, e, Sync, func(g *change.Group) { g.Put(rowKey(1), rowValue("a"), 0); g.Put(rowKey(2), rowValue("b"), 0) })
	mustCommit(t, e, Sync, func(g *change.Group) { g.Put(rowKey(2), rowValue("c"), 7); g.Put(rowKey(3), rowValue("d"), 0) })
	mustCommit(t, e, Sync, func(g *change.Group) { g.Put(rowKey(3), rowValue("e"), 8); g.Delete(rowKey(1), 9) })
	var g change.Group
	l, err := e.NewLarge(&g, e.NextXID())
	if err != nil {
		t.Fatal(err)
	}
	l.Part().Put(rowKey(50), rowValue("large"), 0)
	if err := errors.Join(l.NextPart(), l.Finish()); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Commit(ctx, &g, Sync); err != nil {
		t.Fatal(err)
	}
	index := change.AppendKeyPrefix(nil, 300, 2)
	at := mustCommit(t, e, Sync, func(g *change.Group) {
		g.DeleteRange(change.AppendKeyPrefix(nil, 200, 0), change.AppendKeyPrefix(nil, 201, 0))
		g.DeleteRange(index, prefixEnd(300, 2))
	})
	mustCommit(t, e, Async, func(g *change.Group) { g.Put(rowKey(99), rowValue("later"), 0) })
	got := NewTouched()
	if err := e.Touch(ctx, got, from, at, all); err != nil {
		t.Fatal(err)
	}
	for n, there := range map[uint64]bool{1: true, 2: true, 3: false, 50: false} {
		if was, ok := got.Keys[string(rowKey(n))]; !ok || was != there {
			t.Errorf("row %d: named %t, there before %t, want %t", n, ok, was, there)
		}
	}
	if got.Names(rowKey(99)) || len(got.Keys) != 4 {
		t.Errorf("%d keys", len(got.Keys))
	}
	want := []string{string(rowKey(1)), string(rowKey(2)), string(rowKey(3)), string(rowKey(50))}
	if keys := got.Of(testTable); !slices.Equal(keys, want) || len(got.Of(200)) != 0 {
		t.Errorf("keys of the table: %x", keys)
	}
	if !got.Whole[200] || got.Whole[300] || len(got.Whole) != 1 {
		t.Errorf("whole tables %v", got.Whole)
	}
	if found, err := e.FindPut(ctx, rowKey(50), from); err != nil || found <= from || found >= at {
		t.Errorf("put of row 50: %s, %v", found, err)
	}
	if err := e.log.Roll(); err != nil {
		t.Fatal(err)
	}
	if err := e.log.TruncateBefore(e.log.WrittenLSN()); err != nil {
		t.Fatal(err)
	}
	if err := e.Touch(ctx, NewTouched(), from, at, all); !errors.Is(err, wal.ErrTruncated) {
		t.Errorf("of a log that is gone: %v", err)
	}
}

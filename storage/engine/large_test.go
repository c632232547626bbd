package engine

import (
	"context"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tarndb/tarn/storage/change"
)

// What a large transaction has brought counts for what Close leaves to the next Open, though its record is short.
func TestLargeIsNotReplayedAfterClose(t *testing.T) {
	o := Options{FS: vfs.NewMem(), Dir: "db"}
	e := mustOpen(t, o)
	if err := e.kv.Flush(); err != nil { // there is a durable state to begin from
		t.Fatal(err)
	}
	var g change.Group
	l, err := e.NewLarge(&g, e.NextXID())
	if err != nil {
		t.Fatal(err)
	}
	big := string(make([]byte, 1<<20))
	for i := range uint64(closeFlushBytes>>20 + 1) {
		l.Part().Put(rowKey(i), rowValue(big), 0)
		if err := l.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Finish(); err != nil {
		t.Fatal(err)
	}
	lsn, err := e.Commit(context.Background(), &g, Sync)
	if err != nil {
		t.Fatal(err)
	}
	mustClose(t, e)
	state, err := openReadOnly(o.FS, o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if at := state.State().LSN; at < lsn {
		t.Errorf("recovery begins at %s, the transaction ended at %s", at, lsn)
	}
	if err := state.Close(); err != nil {
		t.Fatal(err)
	}
	e = mustOpen(t, o)
	defer mustClose(t, e)
	s := e.Snapshot()
	defer s.Release()
	if id, text := get(t, s, rowKey(3)); id == 0 || text != big {
		t.Errorf("row id %d, %d bytes", id, len(text))
	}
}

// A commit that does not come about leaves no file.
func TestLargeWithoutCommit(t *testing.T) {
	fs := vfs.NewMem()
	e := mustOpen(t, Options{FS: fs, Dir: "db"})
	defer mustClose(t, e)
	for what, end := range map[string]func(l *Large, g *change.Group){
		"aborted": func(l *Large, _ *change.Group) {
			if err := l.Abort(); err != nil {
				t.Error(err)
			}
		},
		"cancelled": func(l *Large, g *change.Group) {
			if err := l.Finish(); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			if _, err := e.Commit(ctx, g, Sync); err == nil {
				t.Error("a cancelled commit succeeds")
			}
		},
	} {
		var g change.Group
		l, err := e.NewLarge(&g, e.NextXID())
		if err != nil {
			t.Fatal(err)
		}
		l.Part().Put(rowKey(1), rowValue(what), 0)
		end(l, &g)
		names, err := fs.List("db/" + walDir)
		if err != nil {
			t.Fatal(err)
		}
		if len(names) != 1 {
			t.Errorf("%s: %v", what, names)
		}
	}
	s := e.Snapshot()
	defer s.Release()
	if _, text := get(t, s, rowKey(1)); text != "" {
		t.Errorf("row of a transaction that did not commit: %q", text)
	}
}

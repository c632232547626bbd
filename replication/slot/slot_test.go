package slot

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/wal"
)

func open(t *testing.T) *engine.Engine {
	t.Helper()
	e, err := engine.Open(context.Background(), engine.Options{Dir: filepath.Join(t.TempDir(), "s"), SegmentBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func write(t *testing.T, e *engine.Engine, n int) wal.LSN {
	t.Helper()
	var lsn wal.LSN
	for range n {
		var g change.Group
		g.Message("test", make([]byte, 4096))
		var err error
		if lsn, err = e.Commit(context.Background(), &g, engine.Async); err != nil {
			t.Fatal(err)
		}
	}
	return lsn
}

func TestSlotHoldsTheLogAndRemembers(t *testing.T) {
	e, dir := open(t), t.TempDir()
	s, err := Open(dir, "x", e.StoreID(), e.Log())
	if err != nil || !s.Fresh() {
		t.Fatal(s, err)
	}
	first := write(t, e, 1)
	if err := s.Save(first, []byte("one")); err != nil {
		t.Fatal(err)
	}
	last := write(t, e, 100)
	if err := e.Log().TruncateBefore(last); err != nil {
		t.Fatal(err)
	}
	if old := e.Log().OldestLSN(); old > first {
		t.Fatalf("log is kept from %s, the slot is at %s", old, first)
	}
	s.Close()
	if s, err = Open(dir, "x", e.StoreID(), e.Log()); err != nil || s.Fresh() || s.Position() != first || string(s.State()) != "one" {
		t.Fatalf("%+v %v", s, err)
	}
	if lsn, ok := Peek(dir, "x", e.StoreID()); !ok || lsn != first {
		t.Fatal(lsn, ok)
	}
	if err := s.Save(last, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(first, nil); err == nil {
		t.Fatal("a position went back")
	}
	if err := e.Log().TruncateBefore(last); err != nil {
		t.Fatal(err)
	}
	if old := e.Log().OldestLSN(); old <= first {
		t.Fatalf("log is still kept from %s", old)
	}
	s.Close()

	// A branch's copy of the directory is not this store's slot.
	other := open(t)
	if s, err = Open(dir, "x", other.StoreID(), other.Log()); err != nil || !s.Fresh() || s.Lost() {
		t.Fatalf("%+v %v", s, err)
	}
	s.Close()
}

func TestDamageAndLostLog(t *testing.T) {
	e, dir := open(t), t.TempDir()
	s, _ := Open(dir, "x", e.StoreID(), e.Log())
	first := write(t, e, 1)
	if err := s.Save(first, []byte("state")); err != nil {
		t.Fatal(err)
	}
	s.Close()
	path := filepath.Join(dir, "x.slot")
	good, _ := os.ReadFile(path)
	for i := range good {
		bad := append([]byte(nil), good...)
		bad[i] ^= 1
		os.WriteFile(path, bad, 0o644)
		if _, err := Open(dir, "x", e.StoreID(), e.Log()); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
	os.WriteFile(path, good, 0o644)
	if err := e.Log().TruncateBefore(write(t, e, 100)); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(dir, "x", e.StoreID(), e.Log()); err != nil || !s.Fresh() || !s.Lost() {
		t.Fatalf("%+v %v", s, err)
	}
}

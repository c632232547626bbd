package kv

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/wal"
)

func key(index uint16, n int) []byte {
	return fmt.Appendf(change.AppendKeyPrefix(nil, 100, index), "%06d", n)
}

func open(t *testing.T, o Options) *Store {
	t.Helper()
	s, err := Open("kv", o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func value(t *testing.T, s *Store, k []byte) string {
	t.Helper()
	v, c, ok, err := s.Get(k)
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return "none"
	}
	defer c.Close()
	return string(v)
}

// TestDurableStateIsAPrefix: what a crash would leave is the state of the last flush, with everything up to there and
// nothing after.
func TestDurableStateIsAPrefix(t *testing.T) {
	fs := vfs.NewCrashableMem()
	barriers := 0
	s := open(t, Options{FS: fs, Barrier: func() error { barriers++; return nil }})
	var g change.Group
	apply := func(xid uint64, end wal.LSN, text string) {
		t.Helper()
		g.Reset()
		g.Put(key(2, 1), []byte(text), 0)
		if err := s.Apply([][]byte{g.Seal(xid, 0, 0)}, []wal.LSN{end}); err != nil {
			t.Fatal(err)
		}
	}
	apply(7, 100, "one")
	before := barriers
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	if barriers == before {
		t.Error("manifest was written without the barrier")
	}
	apply(8, 200, "two")
	if st, ok, err := s.DurableState(); !ok || err != nil || st.LSN != 100 || st.NextXID != 8 {
		t.Fatal(st, ok, err)
	}
	if st := s.State(); st.LSN != 200 || st.NextXID != 9 || value(t, s, key(2, 1)) != "two" {
		t.Fatal(st)
	}
	g.Reset()
	if err := s.Apply([][]byte{g.Seal(9, 0, 0)}, []wal.LSN{200}); err == nil {
		t.Fatal("the same position is applied twice")
	}
	crashed := fs.CrashClone(vfs.CrashCloneCfg{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, Options{FS: crashed})
	if st := s.State(); st.LSN != 100 || value(t, s, key(2, 1)) != "one" {
		t.Fatal(st)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSortedFiles(t *testing.T) {
	s := open(t, Options{FS: vfs.NewMem()})
	f, err := s.NewFiles(100, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		if err := f.Add(key(2, i), []byte("v")); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Add(key(2, 999), nil); !errors.Is(err, ErrKeyOrder) {
		t.Error(err)
	}
	if err := f.Add(key(3, 0), nil); !errors.Is(err, ErrKeyRange) {
		t.Error(err)
	}
	if err := f.Finish(); err != nil {
		t.Fatal(err)
	}
	if value(t, s, key(2, 5)) != "none" {
		t.Error("seen before it is ingested")
	}
	names, err := f.Ingest(context.Background())
	if err != nil || len(names) != 1 || f.Rows() != 1000 {
		t.Fatal(names, f.Rows(), err)
	}
	if value(t, s, key(2, 5)) != "v" {
		t.Error("not seen after it is ingested")
	}
	left, err := s.fs.List(s.fs.PathJoin("kv", bulkDir))
	if err != nil || len(left) != 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
	unfinished, err := s.NewFiles(100, 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(unfinished.Add(key(3, 1), nil), unfinished.Finish(), s.Close()); err != nil {
		t.Fatal(err)
	}
	s = open(t, Options{FS: s.fs})
	if left, err := s.fs.List("kv/bulk"); err == nil {
		t.Errorf("left over from an earlier process: %v", left)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

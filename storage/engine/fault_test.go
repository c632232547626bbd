package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/tarndb/tarn/storage/change"
)

func isLog(path string) bool { return strings.Contains(path, ".wal") }

// TestFailedSyncStopsTheStore: everybody who waits for the sync gets the error, it is not tried again, nothing commits
// afterwards, and the next Open shows a prefix that has all that was acknowledged.
func TestFailedSyncStopsTheStore(t *testing.T) {
	var failing atomic.Bool
	var syncs, fatal atomic.Int32
	mem := vfs.NewCrashableMem()
	fs := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileSyncData && isLog(op.Path) && failing.Load() {
			syncs.Add(1)
			return errors.New("injected")
		}
		return nil
	}))
	e := mustOpen(t, Options{FS: fs, Dir: "db", OnFatal: func(err error) {
		if !errors.Is(err, ErrStopped) {
			t.Error(err)
		}
		fatal.Add(1)
	}})
	var acked [4]atomic.Int64
	var wg sync.WaitGroup
	for n := range acked {
		wg.Go(func() {
			var g change.Group
			for i := int64(1); ; i++ {
				g.Reset()
				g.Put(rowKey(uint64(n)), rowValue(fmt.Sprint(i)), 0)
				if _, err := e.Commit(context.Background(), &g, Sync); err != nil {
					if !errors.Is(err, ErrStopped) {
						t.Error(err)
					}
					return
				}
				acked[n].Store(i)
				if n == 0 && i == 20 {
					failing.Store(true)
				}
			}
		})
	}
	wg.Wait()
	failing.Store(false)
	var g change.Group
	for _, d := range []Durability{Sync, Async} {
		if _, err := e.Commit(context.Background(), &g, d); !errors.Is(err, ErrStopped) {
			t.Fatal(err)
		}
	}
	if err := e.WaitVisible(context.Background(), e.Log().WrittenLSN()+1); !errors.Is(err, ErrStopped) {
		t.Fatal(err)
	}
	if syncs.Load() != 1 || fatal.Load() != 1 {
		t.Fatalf("%d failed syncs, %d calls of OnFatal", syncs.Load(), fatal.Load())
	}
	crashed := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rand.New(rand.NewPCG(1, 2))})
	mustClose(t, e)
	e = mustOpen(t, Options{FS: crashed, Dir: "db"})
	defer mustClose(t, e)
	s := e.Snapshot()
	defer s.Release()
	for n := range acked {
		var i int64
		_, text := get(t, s, rowKey(uint64(n)))
		fmt.Sscan(text, &i)
		if i < acked[n].Load() || i > acked[n].Load()+1 {
			t.Errorf("session %d is at %d, acknowledged %d", n, i, acked[n].Load())
		}
	}
}

// TestDiskFull fills the disk under load, for the log, for Pebble's files or both, and makes space again. Commits fail
// with ErrDiskFull and nothing of them appears, also after a restart; the others are all there.
func TestDiskFull(t *testing.T) {
	for _, c := range []struct {
		name string
		hits func(path string) bool
	}{
		{"log", isLog},
		{"tables", func(path string) bool { return strings.HasSuffix(path, ".sst") }},
		{"manifest", func(path string) bool { return strings.Contains(path, "MANIFEST-") }},
		{"all", func(string) bool { return true }},
	} {
		t.Run(c.name, func(t *testing.T) {
			var full atomic.Bool
			mem := vfs.NewCrashableMem()
			fs := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
				switch op.Kind {
				case errorfs.OpFileWrite, errorfs.OpFileWriteAt, errorfs.OpCreate:
					if full.Load() && c.hits(op.Path) {
						return syscall.ENOSPC
					}
				}
				return nil
			}))
			o := Options{FS: fs, Dir: "db", MemTableBytes: 32 << 10, SegmentBytes: 64 << 10,
				OnFatal: func(err error) { t.Error(err) }}
			e := mustOpen(t, o)
			want := map[uint64]string{}
			refused := 0
			for i := range uint64(400) {
				if i%100 == 50 {
					full.Store(true)
				}
				if i%100 == 80 || refused > 0 && i%100 == 65 {
					full.Store(false)
				}
				if full.Load() && e.kv.DiskFull() {
					refused++
				}
				text := fmt.Sprintf("%d%400d", i, i)
				var g change.Group
				g.Put(rowKey(i%70), rowValue(text), 0)
				_, err := e.Commit(context.Background(), &g, Durability(i%2))
				switch {
				case err == nil:
					want[i%70] = text
				case errors.Is(err, ErrDiskFull):
					refused++
				default:
					t.Fatal(err)
				}
			}
			full.Store(false)
			// Pebble writes its tables when it sees fit: whether that falls into the time without space is chance.
			if (c.name == "log" || c.name == "all") && refused == 0 {
				t.Error("nothing was refused")
			}
			for deadline := time.Now().Add(10 * time.Second); ; runtime.Gosched() {
				var g change.Group
				g.Put(rowKey(0), rowValue("again"), 0)
				_, err := e.Commit(context.Background(), &g, Sync)
				if want[0] = "again"; err == nil {
					break
				}
				if !errors.Is(err, ErrDiskFull) || time.Now().After(deadline) {
					t.Fatal(err)
				}
			}
			check := func(e *Engine) {
				t.Helper()
				s := e.Snapshot()
				defer s.Release()
				for k := range uint64(70) {
					if _, text := get(t, s, rowKey(k)); text != want[k] {
						t.Fatalf("key %d is %.10q, want %.10q", k, text, want[k])
					}
				}
			}
			check(e)
			if err := e.log.SyncTo(e.log.WrittenLSN()); err != nil {
				t.Fatal(err)
			}
			crashed := mem.CrashClone(vfs.CrashCloneCfg{})
			mustClose(t, e)
			for _, fs := range []vfs.FS{mem, crashed} {
				o.FS = fs
				e := mustOpen(t, o)
				check(e)
				mustClose(t, e)
			}
			t.Logf("%d refused", refused)
		})
	}
}

// TestStoreAheadOfLog: a store whose log has lost its end is refused, not opened with a hole (I3, I8).
func TestStoreAheadOfLog(t *testing.T) {
	fs := vfs.NewMem()
	e := mustOpen(t, Options{FS: fs, Dir: "db"})
	for i := range uint64(10) {
		mustCommit(t, e, Sync, func(g *change.Group) { g.Put(rowKey(i), rowValue("x"), 0) })
	}
	if err := e.kv.Flush(); err != nil {
		t.Fatal(err)
	}
	mustClose(t, e)
	segments, _ := fs.List("db/wal")
	b, err := fs.UnsafeGetFileDataBuffer("db/wal/" + segments[len(segments)-1])
	if err != nil {
		t.Fatal(err)
	}
	clear(b[len(b)/2:])
	clear(b[200:])
	if _, err := Open(context.Background(), Options{FS: fs, Dir: "db"}); !errors.Is(err, ErrCorrupt) {
		t.Fatal(err)
	}
}

func TestManifestDamage(t *testing.T) {
	fs := vfs.NewMem()
	mustClose(t, mustOpen(t, Options{FS: fs, Dir: "db"}))
	b, err := fs.UnsafeGetFileDataBuffer("db/STORE")
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		b[i] ^= 0x10
		if _, err := Open(context.Background(), Options{FS: fs, Dir: "db"}); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("byte %d: %v", i, err)
		}
		b[i] ^= 0x10
	}
	mustClose(t, mustOpen(t, Options{FS: fs, Dir: "db"}))
}

// TestLargeGroup: a group that Pebble takes in several batches is seen whole.
func TestLargeGroup(t *testing.T) {
	fs := vfs.NewMem()
	o := Options{FS: fs, Dir: "db", MemTableBytes: 1 << 20}
	e := mustOpen(t, o)
	const n = 40_000 // about 20 MB: more than one batch, more than the memory tables
	mustCommit(t, e, Sync, func(g *change.Group) {
		for i := range uint64(n) {
			g.Put(rowKey(i), rowValue(fmt.Sprintf("%500d", i)), 0)
		}
	})
	count := func(e *Engine) (n int) {
		s := e.Snapshot()
		defer s.Release()
		it := s.NewIter(rowKey(0), rowKey(1<<60))
		defer it.Close()
		for ok := it.First(); ok; ok = it.Next() {
			n++
		}
		return n
	}
	if got := count(e); got != n {
		t.Fatal(got)
	}
	mustClose(t, e)
	e = mustOpen(t, o)
	defer mustClose(t, e)
	if got := count(e); got != n {
		t.Fatal(got)
	}
}

package engine

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/wal"
)

// The crash test runs sessions on a file system that can say what a machine crash would leave of it, takes such a
// picture at moments around syncs, opens each picture and compares it with what the sessions had been told.
//
// Session n makes transactions 1, 2, 3, … Transaction i sets keys (n, 0) and (n, 1) to i, inserts row (n, 1000+i),
// deletes row (n, 1000+i-3) and leaves the message "n i" in the log.
// TARN_CRASH_SECONDS makes the test longer.

const crashSessions = 4

type ledger struct {
	tried [crashSessions]atomic.Uint64 // last transaction begun
	acked [crashSessions]atomic.Uint64 // last transaction acknowledged as durable
}

type picture struct {
	fs           *vfs.MemFS
	dir          string // of the store to check: the one that crashed, or a branch made just before
	acked, tried [crashSessions]uint64
	unsynced     int
}

func crashKey(session, n uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(
		change.AppendKeyPrefix(nil, testTable, change.PrimaryIndex), session), n)
}

func runCrashSession(e *Engine, led *ledger, n uint64, upTo uint64, rng *rand.Rand) error {
	var g change.Group
	for i := led.tried[n].Load() + 1; i <= upTo; i++ {
		g.Reset()
		text := strconv.FormatUint(i, 10)
		g.Message("crash", fmt.Appendf(nil, "%d %d", n, i))
		rows := &g
		var l *Large
		if rng.IntN(8) == 0 {
			var err error
			if l, err = e.NewLarge(&g, e.NextXID()); err != nil {
				return err
			}
			rows = l.Part()
		}
		rows.Put(crashKey(n, 0), rowValue(text), 1)
		rows.Put(crashKey(n, 1), rowValue(text), 1)
		if l != nil {
			if err := l.NextPart(); err != nil {
				return err
			}
		}
		rows.Put(crashKey(n, 1000+i), rowValue(text+string(make([]byte, rng.IntN(3000)))), 0)
		if i > 3 {
			rows.Delete(crashKey(n, 1000+i-3), 1)
		}
		if l != nil {
			if err := l.Finish(); err != nil {
				return err
			}
		}
		d := Sync
		if rng.IntN(4) == 0 {
			d = Async
		}
		led.tried[n].Store(i)
		if _, err := e.Commit(context.Background(), &g, d); err != nil {
			return err
		}
		if d == Sync {
			led.acked[n].Store(i)
		}
	}
	return nil
}

// check opens the picture and returns the last transaction of each session that is there.
func (p *picture) check(t *testing.T) (last [crashSessions]uint64) {
	t.Helper()
	o := crashOptions(p.fs, nil)
	o.Dir = p.dir
	e, err := Open(context.Background(), o)
	if err != nil {
		t.Fatalf("open after crash (%d%% of unsynced data): %v", p.unsynced, err)
	}
	defer mustClose(t, e)
	// In the log every transaction is there once, in order (I1). The log may have been trimmed at its start.
	var logged, logFirst [crashSessions]uint64
	hold, err := e.Log().Hold("test", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Release()
	r, err := e.Log().NewReader(hold.From())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		rec, ok, err := r.TryNext(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		d, err := change.Decode(rec.Payload)
		if err != nil {
			t.Fatal(err)
		}
		for op := new(change.Op); d.Next(op); {
			if op.Kind != change.KindMessage {
				continue
			}
			var n, i uint64
			if _, err := fmt.Sscanf(string(op.Value), "%d %d", &n, &i); err != nil {
				t.Fatal(err)
			}
			if logFirst[n] == 0 {
				logFirst[n] = i
			} else if i != logged[n]+1 {
				t.Fatalf("log: session %d goes from %d to %d", n, logged[n], i)
			}
			logged[n] = i
		}
		if d.Err() != nil {
			t.Fatal(d.Err())
		}
	}
	last = e.checkSessions(t)
	for n, i := range last {
		if i < p.acked[n] || i > p.tried[n] {
			t.Fatalf("session %d: at %d, acknowledged %d, begun %d (%d%% of unsynced data)", n, i, p.acked[n], p.tried[n], p.unsynced)
		}
		if logged[n] != 0 && logged[n] != i {
			t.Fatalf("session %d: store at %d, log at %d", n, i, logged[n])
		}
	}
	p.checkPast(t, e, last)
	return last
}

// checkSessions returns the last transaction of each session: all of it is there, and of older ones what they leave.
func (e *Engine) checkSessions(t *testing.T) (last [crashSessions]uint64) {
	t.Helper()
	s := e.Snapshot()
	defer s.Release()
	for n := range uint64(crashSessions) {
		_, a := get(t, s, crashKey(n, 0))
		_, b := get(t, s, crashKey(n, 1))
		if a != b {
			t.Fatalf("session %d: half a transaction: %q and %q", n, a, b)
		}
		i, _ := strconv.ParseUint(a, 10, 64)
		// The rows of the last three transactions and no others.
		it := s.NewIter(crashKey(n, 1000), crashKey(n+1, 0))
		want := uint64(1)
		if i > 3 {
			want = i - 2
		}
		for ok := it.First(); ok; ok = it.Next() {
			if got := binary.BigEndian.Uint64(it.Key()[14:]) - 1000; got != want {
				t.Fatalf("session %d at %d: row %d instead of %d", n, i, got, want)
			}
			want++
		}
		if err := it.Close(); err != nil {
			t.Fatal(err)
		}
		if want != i+1 {
			t.Fatalf("session %d at %d: rows end before %d", n, i, want)
		}
		last[n] = i
	}
	return last
}

// checkPast restores stores at both ends of the window: what a crash has left of it can be used.
func (p *picture) checkPast(t *testing.T, e *Engine, last [crashSessions]uint64) {
	t.Helper()
	w, ok, err := e.Window()
	if !ok || err != nil {
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	for k, at := range []wal.LSN{w.From, w.To} {
		o := crashOptions(p.fs, nil)
		o.Dir, o.Window = fmt.Sprintf("past%d", rand.Uint64()), 0
		if _, err := e.Restore(context.Background(), o.Dir, Point{LSN: at}, nil); err != nil {
			t.Fatal(err)
		}
		r, err := Open(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		then := r.checkSessions(t)
		for n := range then {
			if then[n] > last[n] || k == 1 && then[n] != last[n] {
				t.Fatalf("session %d: at %d in the past, %d after it", n, then[n], last[n])
			}
		}
		mustClose(t, r)
		if err := p.fs.RemoveAll(o.Dir); err != nil {
			t.Fatal(err)
		}
	}
}

func crashOptions(fs vfs.FS, onFatal func(error)) Options {
	return Options{FS: fs, Dir: "db", MemTableBytes: 64 << 10, SegmentBytes: 48 << 10, CacheBytes: 1 << 20,
		OnFatal: onFatal, AsyncDelay: time.Millisecond, Window: time.Hour, WindowBytes: 256 << 10}
}

func TestCrash(t *testing.T) {
	limit := 2 * time.Second
	if s, err := strconv.Atoi(os.Getenv("TARN_CRASH_SECONDS")); err == nil {
		limit = time.Duration(s) * time.Second
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	base := vfs.NewCrashableMem()
	var at [crashSessions]uint64
	pictures, lives := 0, 0
	for start := time.Now(); time.Since(start) < limit; lives++ {
		taken := crashOneLife(t, base, at, rng)
		for i := range taken {
			last := taken[i].check(t)
			pictures++
			if taken[i].dir == "db" {
				base, at = taken[i].fs, last // after check: a crash, a recovery, and on
			}
		}
	}
	t.Logf("%d lives, %d pictures", lives, pictures)
}

// crashOneLife opens the store, runs sessions and returns pictures taken meanwhile.
func crashOneLife(t *testing.T, base *vfs.MemFS, at [crashSessions]uint64, rng *rand.Rand) []picture {
	const wanted = 6
	var (
		l     ledger
		mu    sync.Mutex // protects the following and, once the store is open, rng
		taken []picture
		gap   = rng.IntN(12)
		steps = uint64(20 + rng.IntN(60))
		fork  = rng.Uint64N(steps)
		name  = fmt.Sprintf("branch%d", rng.Uint64())
		seeds = rng.Perm(1000)[:crashSessions]
	)
	for n := range at {
		l.tried[n].Store(at[n])
		l.acked[n].Store(at[n])
	}
	links := linkFS{}
	links.FS = errorfs.Wrap(base, errorfs.InjectorFunc(func(op errorfs.Op) error {
		switch op.Kind {
		case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo, errorfs.OpRename, errorfs.OpRemove:
		default:
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		if gap--; gap >= 0 || len(taken) >= wanted {
			return nil
		}
		gap = rng.IntN(40)
		p := picture{dir: "db", unsynced: []int{0, 20, 50, 90, 100}[rng.IntN(5)]}
		l.read(&p.acked, &l.acked)
		p.fs = links.clone(base, vfs.CrashCloneCfg{UnsyncedDataPercent: p.unsynced, RNG: rng})
		l.read(&p.tried, &l.tried)
		taken = append(taken, p)
		return nil
	}))
	e, err := Open(context.Background(), crashOptions(&links, func(err error) { t.Error(err) }))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for n := range uint64(crashSessions) {
		own := rand.New(rand.NewPCG(uint64(seeds[n]), n))
		wg.Go(func() {
			if err := runCrashSession(e, &l, n, at[n]+steps, own); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Go(func() {
		// A branch is durable when Checkpoint returns, and has what was acknowledged before (I6).
		for l.tried[0].Load() < at[0]+fork {
			runtime.Gosched()
		}
		p := picture{dir: name}
		l.read(&p.acked, &l.acked)
		if _, err := e.Checkpoint(context.Background(), p.dir, 0); err != nil {
			t.Error(err)
			return
		}
		l.read(&p.tried, &l.tried)
		p.fs = links.clone(base, vfs.CrashCloneCfg{})
		mu.Lock()
		taken = append(taken, p)
		mu.Unlock()
	})
	wg.Wait()
	mustClose(t, e)
	mu.Lock()
	defer mu.Unlock()
	return taken
}

func (l *ledger) read(to *[crashSessions]uint64, from *[crashSessions]atomic.Uint64) {
	for n := range to {
		to[n] = from[n].Load()
	}
}

// linkFS keeps pictures and hard links apart: MemFS locks up when they meet.
type linkFS struct {
	vfs.FS
	mu sync.RWMutex
}

func (fs *linkFS) Link(oldname, newname string) error {
	fs.mu.RLock()
	defer fs.mu.RUnlock()
	return fs.FS.Link(oldname, newname)
}

func (fs *linkFS) clone(mem *vfs.MemFS, cfg vfs.CrashCloneCfg) *vfs.MemFS {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return mem.CrashClone(cfg)
}

package archive

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/wal"
)

// rig is a store with an archive, and a model of what the store had after each commit.
type rig struct {
	t     *testing.T
	dir   string
	eopt  engine.Options
	opt   Options
	eng   *engine.Engine
	arc   *Archiver
	local *object.Local
	house *faulty
	rng   *rand.Rand
	table uint32 // of the next sorted files
	n     int    // stores restored

	mu      sync.Mutex
	commits []commit
}

// commit is what a transaction has done.
type commit struct {
	end    wal.LSN
	micros int64
	put    map[string]string // "" deletes
	tables []uint32          // that came in as sorted files
}

func newRig(t *testing.T, eopt engine.Options, opt Options) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir(), rng: rand.New(rand.NewPCG(3, 4)), table: 1000}
	local, err := object.OpenLocal(filepath.Join(r.dir, "archive"), object.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	r.local, r.house = local, &faulty{Store: local}
	eopt.Dir, eopt.CommitHook = filepath.Join(r.dir, "store"), r.hook
	if eopt.Window == 0 {
		eopt.Window = time.Hour
	}
	r.eopt, r.opt = eopt, opt
	r.open()
	t.Cleanup(func() { r.stop(); r.close() })
	return r
}

func (r *rig) open() {
	r.t.Helper()
	e, err := engine.Open(r.t.Context(), r.eopt)
	if err != nil {
		r.t.Fatal(err)
	}
	r.eng = e
}

func (r *rig) start() {
	o := r.opt
	o.Engine, o.Objects, o.Files = r.eng, object.Sub(r.house, "branch"), r.house
	if o.minRetry == 0 {
		o.minRetry, o.maxRetry = time.Millisecond, 5*time.Millisecond
	}
	if o.Timeout == 0 {
		o.Timeout = time.Millisecond
	}
	r.arc = Start(o)
}

func (r *rig) stop() {
	if r.arc != nil {
		r.arc.Close()
		r.arc = nil
	}
}

func (r *rig) close() {
	r.t.Helper()
	if r.eng == nil {
		return
	}
	if err := r.eng.Close(); err != nil {
		r.t.Error(err)
	}
	r.eng = nil
}

func (r *rig) source() Source { return Source{object.Sub(r.local, "branch"), r.local} }

func (r *rig) hook(start, end wal.LSN, payload []byte) {
	d, err := change.DecodeWhole(payload, func() (io.ReadCloser, int64, error) { return r.eng.Log().Record(start, end, payload).Open() })
	if err != nil {
		r.t.Error(err)
		return
	}
	c := commit{end: end, micros: d.CommitMicros, put: map[string]string{}}
	for op := new(change.Op); d.Next(op); {
		switch op.Kind {
		case change.KindPut:
			c.put[string(op.Key)] = string(op.Value[change.RowIDSize:])
		case change.KindDelete:
			c.put[string(op.Key)] = ""
		case change.KindIngest:
			c.tables = append(c.tables, op.Table)
		}
	}
	if err := errors.Join(d.Err(), d.Close()); err != nil {
		r.t.Error(err)
	}
	r.mu.Lock()
	r.commits = append(r.commits, c)
	r.mu.Unlock()
}

const bulkRows = 100

func key(table uint32, n uint64) []byte {
	return binary.BigEndian.AppendUint64(change.AppendKeyPrefix(nil, table, change.PrimaryIndex), n)
}

func value(s string) []byte { return append(make([]byte, change.RowIDSize), s...) }

func (r *rig) commit(f func(g *change.Group)) {
	r.t.Helper()
	var g change.Group
	f(&g)
	if _, err := r.eng.Commit(r.t.Context(), &g, engine.Sync); err != nil {
		r.t.Fatal(err)
	}
}

// write makes n transactions: rows, deletions, some with an attachment, some with sorted files.
func (r *rig) write(n int) {
	r.t.Helper()
	for i := range n {
		switch k := r.rng.Uint64N(300); {
		case i%23 == 11:
			r.large(k)
		case i%31 == 17:
			r.bulk()
		case i%7 == 3:
			r.commit(func(g *change.Group) { g.Delete(key(100, k), 0) })
		default:
			r.commit(func(g *change.Group) { g.Put(key(100, k), value(fmt.Sprintf("%d %*d", i, 10+r.rng.IntN(3000), k)), 0) })
		}
	}
}

func (r *rig) large(k uint64) {
	r.t.Helper()
	r.commit(func(g *change.Group) {
		l, err := r.eng.NewLarge(g, r.eng.NextXID())
		for i := range uint64(20) {
			if err == nil {
				l.Part().Put(key(100, 500+i), value(fmt.Sprint("large ", k, i)), 0)
				err = l.NextPart()
			}
		}
		if err == nil {
			err = l.Finish()
		}
		if err != nil {
			r.t.Fatal(err)
		}
	})
}

func (r *rig) bulk() {
	r.t.Helper()
	r.table++
	first := r.eng.ReserveRowIDs(bulkRows)
	w, err := r.eng.NewBulkWriter(r.table, change.PrimaryIndex, first)
	for i := range uint64(bulkRows) {
		if err == nil {
			err = w.Add(key(r.table, i), append(binary.LittleEndian.AppendUint64(nil, first+i), "bulk"...))
		}
	}
	var in change.Ingest
	if err == nil {
		in, err = w.Finish(r.t.Context())
	}
	if err != nil {
		r.t.Fatal(err)
	}
	r.commit(func(g *change.Group) {
		g.Ingest(in)
		g.Put(key(r.table, 0), value("changed"), 0)
	})
}

// drain waits until everything is in the archive.
func (r *rig) drain() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	defer cancel()
	if err := r.arc.Drain(ctx); err != nil {
		r.t.Fatalf("drain: %v, %+v", err, r.arc.Status())
	}
}

// model is the state after the commits that in accepts, and the position of the last.
func (r *rig) model(in func(c *commit) bool) (map[string]string, wal.LSN) {
	r.mu.Lock()
	defer r.mu.Unlock()
	want, last := map[string]string{}, wal.LSN(0)
	for i := range r.commits {
		c := &r.commits[i]
		if !in(c) {
			break
		}
		last = c.end
		for _, table := range c.tables {
			for i := range uint64(bulkRows) {
				want[string(key(table, i))] = "bulk"
			}
		}
		for k, v := range c.put {
			if want[k] = v; v == "" {
				delete(want, k)
			}
		}
	}
	return want, last
}

// restore makes a store of the archive and compares it with the model. It returns the position.
func (r *rig) restore(p engine.Point) (wal.LSN, error) {
	r.t.Helper()
	r.n++
	dir := filepath.Join(r.dir, fmt.Sprint("restored", r.n))
	at, err := r.source().Restore(r.t.Context(), dir, p, nil)
	if err != nil {
		if _, serr := os.Stat(dir); !os.IsNotExist(serr) {
			r.t.Errorf("%v leaves a directory: %v", err, serr)
		}
		return 0, err
	}
	defer os.RemoveAll(dir)
	want, last := r.model(func(c *commit) bool {
		switch {
		case !p.Time.IsZero():
			return c.micros <= p.Time.UnixMicro()
		case p.LSN != 0:
			return c.end <= p.LSN
		}
		return c.end <= at.LSN
	})
	if at.LSN != last {
		r.t.Errorf("restored at %s: position %s, want %s", p, at.LSN, last)
	}
	if err := engine.Check(r.t.Context(), io.Discard, nil, dir, nil); err != nil {
		r.t.Errorf("restored at %s: %v", p, err)
	}
	e, err := engine.Open(r.t.Context(), engine.Options{Dir: dir})
	if err != nil {
		r.t.Fatal(err)
	}
	defer e.Close()
	if r.eng != nil && e.StoreID() == r.eng.StoreID() {
		r.t.Error("the restored store has the id of the other")
	}
	s := e.Snapshot()
	defer s.Release()
	it := s.NewIter(key(100, 0), nil)
	defer it.Close()
	n := 0
	for ok := it.First(); ok; ok = it.Next() {
		if got := string(it.Value()[change.RowIDSize:]); want[string(it.Key())] != got {
			r.t.Fatalf("restored at %s: %x is %.20q, want %.20q", p, it.Key(), got, want[string(it.Key())])
		}
		n++
	}
	if n != len(want) {
		r.t.Fatalf("restored at %s: %d rows, want %d", p, n, len(want))
	}
	return at.LSN, nil
}

func (r *rig) mustRestore(p engine.Point) wal.LSN {
	r.t.Helper()
	at, err := r.restore(p)
	if err != nil {
		r.t.Fatalf("restore at %s: %v", p, err)
	}
	return at
}

func (r *rig) until(what string, f func() bool) {
	r.t.Helper()
	for end := time.Now().Add(20 * time.Second); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("%s: not reached, %+v", what, r.arc.Status())
		}
	}
}

// faulty is an object store that fails as fail says: before the call, or, with late, after it, when its answer is lost.
type faulty struct {
	object.Store
	fail atomic.Pointer[func(op, key string) (before, late error)]
}

func (f *faulty) set(g func(op, key string) (before, late error)) {
	if g == nil {
		f.fail.Store(nil)
		return
	}
	f.fail.Store(&g)
}

func (f *faulty) do(op, key string, call func() error) error {
	var before, late error
	if g := f.fail.Load(); g != nil {
		before, late = (*g)(op, key)
	}
	if before != nil {
		return before
	}
	if err := call(); err != nil {
		return err
	}
	return late
}

func (f *faulty) PutIfAbsent(ctx context.Context, key string, data []byte) error {
	return f.do("put", key, func() error { return f.Store.PutIfAbsent(ctx, key, data) })
}

func (f *faulty) Create(ctx context.Context, key string) (up object.Upload, err error) {
	err = f.do("create", key, func() (err error) {
		up, err = f.Store.Create(ctx, key)
		return err
	})
	if err != nil {
		if up != nil {
			up.Abort()
		}
		return nil, err
	}
	return &faultyUpload{up, f, key}, nil
}

type faultyUpload struct {
	object.Upload
	f   *faulty
	key string
}

func (u *faultyUpload) Commit() error { return u.f.do("commit", u.key, u.Upload.Commit) }

func (f *faulty) Get(ctx context.Context, key string) (b []byte, err error) {
	err = f.do("get", key, func() (err error) {
		b, err = f.Store.Get(ctx, key)
		return err
	})
	return b, err
}

func (f *faulty) List(ctx context.Context, prefix, after string) (l []object.Info, err error) {
	err = f.do("list", prefix, func() (err error) {
		l, err = f.Store.List(ctx, prefix, after)
		return err
	})
	return l, err
}

// What the archive has can be restored at each position and moment, while the store goes on and when it is gone; the result equals
// what was committed up to there (I6), with sorted files and attachments.
func TestRestoreEqualsTheStore(t *testing.T) {
	r := newRig(t, engine.Options{MemTableBytes: 64 << 10, SegmentBytes: 128 << 10, WindowBytes: 64 << 20},
		Options{BaseBytes: 200 << 10, runBytes: 16 << 10})
	r.write(50)
	r.start()
	r.write(150)
	r.drain()
	r.mustRestore(engine.Point{})
	r.stop()
	r.close()
	r.open()
	r.start()
	r.until("bases", func() bool {
		r.write(50)
		r.drain()
		x, err := Load(t.Context(), r.source().Objects)
		return err == nil && len(x.Bases) >= 3
	})
	end := r.eng.VisibleLSN()
	status := r.arc.Status()
	r.stop()
	x, err := Load(t.Context(), r.source().Objects)
	if err != nil {
		t.Fatal(err)
	}
	if len(x.Unknown) > 0 || len(x.Lost) > 0 || len(x.More) < 5 || len(x.Ingested) < 5 {
		t.Errorf("archive has unknown objects %v, lost %v, %d attachments, %d sorted files", x.Unknown, x.Lost, len(x.More), len(x.Ingested))
	}
	if s := status; s.State != StateStreaming || s.Archived != end || s.Lag != 0 || s.LastBase <= x.Bases[0].Valid || s.LastBaseTime.IsZero() ||
		s.Bytes == 0 || s.Bytes > x.Bytes || s.LastError != "" {
		t.Errorf("status %+v, the store is at %s", s, end)
	}
	r.close()
	if err := os.RemoveAll(r.eopt.Dir); err != nil {
		t.Fatal(err)
	}
	if at := r.mustRestore(engine.Point{}); at != end {
		t.Errorf("newest position is %s, want %s", at, end)
	}
	first := x.Bases[0]
	for _, b := range x.Bases {
		r.mustRestore(engine.Point{LSN: b.Valid})
	}
	for range 15 {
		r.mustRestore(engine.Point{LSN: first.Valid + wal.LSN(r.rng.Uint64N(uint64(end-first.Valid)+1))})
		last := r.commits[len(r.commits)-1].micros
		r.mustRestore(engine.Point{Time: first.Taken.Add(time.Duration(r.rng.Int64N(last-first.Taken.UnixMicro())) * time.Microsecond)})
	}
	for _, p := range []engine.Point{{LSN: first.Valid - 1}, {LSN: end + 1}, {Time: first.Taken.Add(-time.Second)}, {Time: time.Now().Add(time.Hour)}} {
		var outside *OutsideError
		if _, err := r.restore(p); !errors.As(err, &outside) || len(outside.Spans) != 1 || outside.Spans[0].To != end {
			t.Errorf("restored at %s: %v", p, err)
		}
	}
}

// Writes that fail, and writes whose answers are lost, cost time alone; commits do not wait for them.
func TestObjectStoreThatFails(t *testing.T) {
	r := newRig(t, engine.Options{MemTableBytes: 64 << 10, SegmentBytes: 128 << 10}, Options{BaseBytes: 150 << 10, runBytes: 8 << 10})
	var calls, failed atomic.Int32
	r.house.set(func(op, key string) (before, late error) {
		n := calls.Add(1)
		switch {
		case n%5 == 2:
			failed.Add(1)
			return fmt.Errorf("bucket: %w", object.ErrUnavailable), nil
		case n%7 == 3:
			failed.Add(1)
			return nil, fmt.Errorf("bucket: %w: %w", object.ErrUnavailable, object.ErrInDoubt)
		}
		return nil, nil
	})
	r.start()
	r.write(200)
	r.until("errors", func() bool { return failed.Load() > 20 })
	if s := r.arc.Status(); s.LastError == "" || s.LastErrorTime.IsZero() {
		t.Errorf("status %+v", s)
	}
	r.house.set(nil)
	r.drain()
	if at := r.mustRestore(engine.Point{}); at != r.eng.VisibleLSN() {
		t.Errorf("restored %s of %s", at, r.eng.VisibleLSN())
	}
	if s := r.arc.Status(); s.State != StateStreaming {
		t.Errorf("status %+v", s)
	}
}

// An object store that never answers holds up neither commits nor Close.
func TestObjectStoreThatHangs(t *testing.T) {
	r := newRig(t, engine.Options{}, Options{})
	r.start()
	r.write(10)
	r.drain()
	hung, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r.house.set(func(op, key string) (error, error) {
		once.Do(func() { close(hung) })
		<-release
		return object.ErrUnavailable, nil
	})
	r.write(1)
	<-hung
	r.write(50)
	if s := r.arc.Status(); s.Lag == 0 || s.Archived == 0 {
		t.Errorf("status %+v", s)
	}
	close(release)
	r.house.set(nil)
	r.drain()
	r.mustRestore(engine.Point{})
}

// A stop between any two steps leaves an archive that has what it had, and goes on from there.
func TestKillAtEachStep(t *testing.T) {
	for _, step := range []string{"attachments", "run", "base linked", "base files", "base"} {
		for _, n := range []int32{1, 2, 5} {
			t.Run(fmt.Sprint(step, n), func(t *testing.T) {
				var left atomic.Int32
				left.Store(n)
				killed := make(chan struct{})
				dead := errors.New("killed")
				o := Options{BaseBytes: 60 << 10, runBytes: 8 << 10, minRetry: time.Hour, maxRetry: time.Hour}
				o.Step = func(where string) error {
					select {
					case <-killed:
						return dead // nothing is done after it
					default:
					}
					if where == step && left.Add(-1) == 0 {
						close(killed)
						return dead
					}
					return nil
				}
				r := newRig(t, engine.Options{MemTableBytes: 32 << 10, SegmentBytes: 64 << 10}, o)
				r.house.set(func(op, key string) (error, error) {
					select {
					case <-killed:
						return dead, nil
					default:
						return nil, nil
					}
				})
				r.start()
				for done := false; !done; {
					r.write(40)
					select {
					case <-killed:
						done = true
					default:
					}
				}
				r.until("error", func() bool { return r.arc.Status().LastError != "" })
				promised := r.arc.Position().Load()
				r.stop()
				r.house.set(nil)
				at, err := r.restore(engine.Point{})
				var outside *OutsideError
				if err != nil && (promised != 0 || !errors.As(err, &outside)) || err == nil && at < promised {
					t.Errorf("restored at %s, %v; promised %s", at, err, promised)
				}
				r.opt = Options{BaseBytes: 60 << 10, runBytes: 8 << 10}
				r.close()
				r.open()
				r.start()
				r.write(40)
				r.drain()
				if at := r.mustRestore(engine.Point{}); at != r.eng.VisibleLSN() {
					t.Errorf("restored %s of %s", at, r.eng.VisibleLSN())
				}
				if promised != 0 {
					r.mustRestore(engine.Point{LSN: promised})
				}
			})
		}
	}
}

// When too much log waits it is not held any more, and what is missing then is a gap: points before it and behind it can be
// restored, those in it are refused.
func TestOverrun(t *testing.T) {
	r := newRig(t, engine.Options{MemTableBytes: 32 << 10, SegmentBytes: 16 << 10, WindowBytes: 64 << 10},
		Options{MaxLog: 100 << 10, runBytes: 8 << 10})
	r.start()
	r.write(40)
	r.drain()
	before := r.arc.Position().Load()
	r.house.set(func(op, key string) (error, error) { return object.ErrUnavailable, nil })
	var middle wal.LSN
	r.until("gap", func() bool {
		r.write(40)
		if middle == 0 {
			middle = r.eng.VisibleLSN()
		}
		return r.arc.Status().State == StateOverrun && r.eng.Log().OldestLSN() > middle
	})
	r.house.set(nil)
	r.drain()
	after := r.eng.VisibleLSN()
	if s := r.arc.Status(); s.State != StateStreaming || s.Archived != after {
		t.Errorf("status %+v", s)
	}
	if at := r.mustRestore(engine.Point{LSN: before}); at != before {
		t.Errorf("restored %s, want %s", at, before)
	}
	if at := r.mustRestore(engine.Point{}); at != after {
		t.Errorf("restored %s, want %s", at, after)
	}
	var outside *OutsideError
	if _, err := r.restore(engine.Point{LSN: middle}); !errors.As(err, &outside) || len(outside.Spans) != 2 {
		t.Errorf("restored in the gap: %v", err)
	}
	// A moment in the gap: the base before it leads to the gap only.
	for _, c := range r.commits {
		if c.end == middle {
			if _, err := r.restore(engine.Point{Time: time.UnixMicro(c.micros)}); !errors.As(err, &outside) || !outside.Unsure {
				t.Errorf("restored at a moment in the gap: %v", err)
			}
		}
	}
}

// A sorted file that went before it was archived ends what older bases lead to, and a new base is taken.
func TestLostSortedFile(t *testing.T) {
	r := newRig(t, engine.Options{}, Options{})
	r.start()
	r.write(5)
	r.drain()
	r.stop()
	before := r.eng.VisibleLSN()
	r.bulk()
	r.write(5)
	middle := r.eng.VisibleLSN()
	if err := os.RemoveAll(filepath.Join(r.eopt.Dir, "ingested")); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.drain()
	r.mustRestore(engine.Point{})
	r.mustRestore(engine.Point{LSN: before})
	if s := r.arc.Status(); s.LastBase < middle {
		t.Errorf("the newest base is of %s, the lost file came before %s", s.LastBase, middle)
	}
	x, err := Load(t.Context(), r.source().Objects)
	if err != nil || len(x.Lost) != 1 || x.Lost[0] < before {
		t.Fatalf("lost %v, %v", x.Lost, err)
	}
	var outside *OutsideError
	if _, err := r.restore(engine.Point{LSN: x.Lost[0] + 8}); !errors.As(err, &outside) {
		t.Errorf("restored where a file is missing: %v", err)
	}
}

// A store that was put back to an older state writes nothing into the archive of what came after that.
func TestDivergedStore(t *testing.T) {
	for _, ahead := range []bool{false, true} {
		t.Run(fmt.Sprint("ahead ", ahead), func(t *testing.T) {
			r := newRig(t, engine.Options{}, Options{})
			r.write(10)
			r.close()
			old := filepath.Join(r.dir, "old")
			if err := os.CopyFS(old, os.DirFS(r.eopt.Dir)); err != nil {
				t.Fatal(err)
			}
			// The same records by their sizes on both sides.
			fill := func(n int, text string) {
				for i := range n {
					r.commit(func(g *change.Group) { g.Put(key(100, uint64(i)), value(text), 0) })
				}
			}
			r.open()
			r.start()
			fill(10, "one")
			r.drain()
			r.stop()
			r.close()
			want, _ := Load(t.Context(), r.source().Objects)
			if err := errors.Join(os.RemoveAll(r.eopt.Dir), os.Rename(old, r.eopt.Dir)); err != nil {
				t.Fatal(err)
			}
			r.mu.Lock()
			history := r.commits
			r.commits = nil
			r.mu.Unlock()
			r.open()
			if ahead {
				fill(20, "two")
			}
			r.start()
			r.until("diverged", func() bool { return r.arc.Status().State == StateDiverged })
			r.stop()
			if got, err := Load(t.Context(), r.source().Objects); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("archive %+v, was %+v, %v", got, want, err)
			}
			r.mu.Lock()
			r.commits = history
			r.mu.Unlock()
			r.mustRestore(engine.Point{})
		})
	}
}

// Each object that a restore needs is verified: a changed byte, a cut, and an object that is missing are reported, and leave nothing.
func TestDamage(t *testing.T) {
	r := newRig(t, engine.Options{MemTableBytes: 64 << 10, SegmentBytes: 64 << 10}, Options{runBytes: 16 << 10})
	r.start()
	r.until("base", func() bool { return r.arc.Status().LastBase != 0 })
	r.write(70)
	r.drain()
	r.stop()
	r.mustRestore(engine.Point{})
	kinds := map[string]int{}
	infos, err := r.local.List(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range infos {
		kind := strings.Split(strings.TrimPrefix(i.Key, "branch/"), "/")[0]
		kinds[kind]++
		whole, err := r.local.Get(t.Context(), i.Key)
		if err != nil {
			t.Fatal(err)
		}
		flipped := append([]byte(nil), whole...)
		if len(flipped) > 0 {
			flipped[r.rng.IntN(len(flipped))] ^= 1 << r.rng.IntN(8)
		} else {
			flipped = []byte{0}
		}
		for what, with := range map[string][]byte{"a changed bit": flipped, "a cut": whole[:len(whole)*2/3], "nothing": nil} {
			if len(whole) == 0 && what != "a changed bit" {
				continue
			}
			if err := r.local.Delete(t.Context(), i.Key); err != nil {
				t.Fatal(err)
			}
			if with != nil {
				if err := r.local.Put(t.Context(), i.Key, with); err != nil {
					t.Fatal(err)
				}
			}
			at, err := r.restore(engine.Point{LSN: r.eng.VisibleLSN()})
			var outside *OutsideError
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, engine.ErrCorrupt) && !(with == nil && (errors.As(err, &outside) || hasNoFile(err))) {
				t.Errorf("%s in place of %s: %s, %v", what, i.Key, at, err)
			}
		}
		if err := r.local.Put(t.Context(), i.Key, whole); err != nil {
			t.Fatal(err)
		}
	}
	for _, kind := range []string{"wal", "more", "ingested", "base", "file"} {
		if kinds[kind] == 0 {
			t.Errorf("the archive has no %s: %v", kind, kinds)
		}
	}
	r.mustRestore(engine.Point{})
}

// hasNoFile: the attachment of a record is not among the log's files.
func hasNoFile(err error) bool { return errors.Is(err, os.ErrNotExist) }

// Stores whose files are the same share them: a branch's first base is put in little more than its list.
func TestBranchesShareFiles(t *testing.T) {
	r := newRig(t, engine.Options{MemTableBytes: 64 << 10}, Options{})
	r.write(300)
	r.start()
	r.drain()
	branch := filepath.Join(r.dir, "branch")
	if _, err := r.eng.Checkpoint(t.Context(), branch, 0); err != nil {
		t.Fatal(err)
	}
	e, err := engine.Open(t.Context(), engine.Options{Dir: branch, Window: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var sorted, others int
	r.house.set(func(op, key string) (error, error) {
		if op == "commit" && strings.HasPrefix(key, filePrefix) {
			others++
			if n, _ := os.Stat(filepath.Join(r.dir, "archive", key)); n != nil {
				sorted++
			}
		}
		return nil, nil
	})
	a := Start(Options{Engine: e, Objects: object.Sub(r.house, "branch2"), Files: r.house, Timeout: time.Millisecond})
	defer a.Close()
	if err := a.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	m, err := a.source.manifest(t.Context(), engine.Base{Valid: a.Status().LastBase, Keep: a.mu.base.Keep, Taken: a.Status().LastBaseTime})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range m.Files {
		if strings.HasSuffix(f.Name, engine.SortedSuffix) {
			n++
		}
	}
	if n == 0 || sorted > 0 || others >= len(m.Files) {
		t.Errorf("%d files put, %d of them again; the base has %d, %d sorted", others, sorted, len(m.Files), n)
	}
}

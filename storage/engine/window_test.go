package engine

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/wal"
)

// past is what a commit hook has seen: each commit's effect, in order.
type past struct {
	log     atomic.Pointer[wal.Log]
	mu      sync.Mutex
	commits []pastCommit
}

type pastCommit struct {
	end    wal.LSN
	micros int64
	put    map[string]string // "" deletes
	tables []uint32          // brought in as sorted files
}

func (p *past) hook(t *testing.T) func(start, end wal.LSN, payload []byte) {
	return func(start, end wal.LSN, payload []byte) {
		d, err := change.DecodeWhole(payload, func() (io.ReadCloser, int64, error) { return p.log.Load().Record(start, end, payload).Open() })
		if err != nil {
			t.Error(err)
		}
		c := pastCommit{end: end, micros: d.CommitMicros, put: map[string]string{}}
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
		p.mu.Lock()
		p.commits = append(p.commits, c)
		p.mu.Unlock()
	}
}

// state is what the store had after the commits that in accepts.
func (p *past) state(in func(c *pastCommit) bool) (map[string]string, wal.LSN) {
	p.mu.Lock()
	defer p.mu.Unlock()
	want, last := map[string]string{}, wal.LSN(0)
	for i := range p.commits {
		c := &p.commits[i]
		if !in(c) {
			break
		}
		last = c.end
		for _, table := range c.tables {
			for i := range uint64(bulkRows) {
				want[string(tableKey(table, i))] = "bulk"
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

const bulkRows = 200

func tableKey(table uint32, n uint64) []byte {
	return append(change.AppendKeyPrefix(nil, table, change.PrimaryIndex), byte(n>>8), byte(n))
}

// sameState compares the rows of all tables of a store, which it opens and closes.
func sameState(t *testing.T, o Options, want map[string]string, what string) {
	t.Helper()
	o.CommitHook, o.Window = nil, 0
	e := mustOpen(t, o)
	defer mustClose(t, e)
	s := e.Snapshot()
	defer s.Release()
	it := s.NewIter(tableKey(100, 0), nil)
	defer it.Close()
	n := 0
	for ok := it.First(); ok; ok = it.Next() {
		if got := string(it.Value()[change.RowIDSize:]); want[string(it.Key())] != got {
			t.Fatalf("%s: %x is %.20q, want %.20q", what, it.Key(), got, want[string(it.Key())])
		}
		n++
	}
	if n != len(want) {
		t.Fatalf("%s: %d rows, want %d", what, n, len(want))
	}
}

func bulkTable(t testing.TB, e *Engine, table uint32, between func()) error {
	first := e.ReserveRowIDs(bulkRows)
	w, err := e.NewBulkWriter(table, change.PrimaryIndex, first)
	if err != nil {
		return err
	}
	for i := range uint64(bulkRows) {
		if err := w.Add(tableKey(table, i), append(binary.LittleEndian.AppendUint64(nil, first+i), "bulk"...)); err != nil {
			return err
		}
	}
	in, err := w.Finish(context.Background())
	if err != nil {
		return err
	}
	between()
	var g change.Group
	g.Ingest(in)
	g.Put(tableKey(table, 0), rowValue("changed"), 0)
	_, err = e.Commit(context.Background(), &g, Sync)
	return err
}

// TestRestoreUnderLoad writes rows and whole sorted files while stores are restored at positions and moments of the past: each equals
// what the commit hook saw up to there (I6).
func TestRestoreUnderLoad(t *testing.T) {
	for name, fs := range map[string]vfs.FS{"mem": vfs.NewMem(), "disk": nil} {
		t.Run(name, func(t *testing.T) {
			root := "db"
			if fs == nil {
				root = t.TempDir()
			}
			var seen past
			o := Options{FS: fs, Dir: root + "/parent", MemTableBytes: 256 << 10, SegmentBytes: 1 << 20, CommitHook: seen.hook(t),
				Window: time.Hour, WindowBytes: 4 << 20}
			e := mustOpen(t, o)
			seen.log.Store(e.Log())
			stop := make(chan struct{})
			var wg sync.WaitGroup
			for n := range uint64(2) {
				wg.Go(func() {
					var g change.Group
					for i := uint64(0); ; i++ {
						select {
						case <-stop:
							return
						default:
						}
						g.Reset()
						if i%7 == 3 {
							g.Delete(tableKey(100+uint32(n), i/2%500), 0)
						} else if i%64 == 1 {
							l, err := e.NewLarge(&g, e.NextXID())
							for k := range uint64(10) {
								if err == nil {
									l.Part().Put(tableKey(100+uint32(n), 500+k), rowValue(fmt.Sprint(i, k)), 0)
									l.Part().Delete(tableKey(100+uint32(n), (i+k)%500), 0)
									err = l.NextPart()
								}
							}
							if err == nil {
								err = l.Finish()
							}
							if err != nil {
								t.Error(err)
								return
							}
						} else {
							g.Put(tableKey(100+uint32(n), i%500), rowValue(fmt.Sprintf("%d %*d", i, 300+i%3000, i)), 0)
						}
						durability := Async
						if i%16 == 0 {
							durability = Sync
						}
						if _, err := e.Commit(context.Background(), &g, durability); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			wg.Go(func() {
				for table := uint32(200); ; table++ {
					select {
					case <-stop:
						return
					case <-time.After(5 * time.Millisecond):
					}
					if err := bulkTable(t, e, table, func() { time.Sleep(time.Millisecond) }); err != nil {
						t.Error(err)
						return
					}
				}
			})
			type restored struct {
				p   Point
				dir string
				at  wal.LSN
			}
			var all []restored
			rng := rand.New(rand.NewPCG(1, 2))
			began := time.Now()
			for i := range 12 {
				if err := e.WaitVisible(context.Background(), wal.FirstLSN+wal.LSN(i)*400_000); err != nil {
					t.Fatal(err)
				}
				w, ok, err := e.Window()
				for until := time.Now().Add(10 * time.Second); !ok && err == nil && time.Now().Before(until); { // the first base is being named
					time.Sleep(time.Millisecond)
					w, ok, err = e.Window()
				}
				if err != nil || !ok {
					t.Fatal(ok, err)
				}
				p := Point{LSN: w.From + wal.LSN(rng.Uint64N(uint64(w.To-w.From)+1))}
				if i%3 == 2 {
					since := began
					if w.Since.After(since) {
						since = w.Since
					}
					p = Point{Time: since.Add(time.Duration(rng.Int64N(int64(time.Since(since)))))}
				}
				r := restored{p: p, dir: fmt.Sprintf("%s/past%d", root, i)}
				var outside *OutsideError
				at, err := e.Restore(context.Background(), r.dir, p, nil)
				r.at = at.LSN
				if errors.As(err, &outside) && outside.Window.From > w.From {
					continue // the window has moved on meanwhile
				}
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, r)
			}
			close(stop)
			wg.Wait()
			mustClose(t, e)
			bases := e.window.bases
			if len(all) < 6 {
				t.Errorf("%d stores restored", len(all))
			}
			for _, r := range all {
				want, last := seen.state(func(c *pastCommit) bool {
					if r.p.Time.IsZero() {
						return c.end <= r.p.LSN
					}
					return c.micros <= r.p.Time.UnixMicro()
				})
				if last = max(last, wal.FirstLSN); r.at != last {
					t.Errorf("restored at %s: position %s, want %s", r.p, r.at, last)
				}
				o := o
				o.Dir = r.dir
				if err := Check(context.Background(), io.Discard, o.FS, r.dir, nil); err != nil {
					t.Error(err)
				}
				sameState(t, o, want, "restored at "+r.p.String())
			}
			// What was there before the restart still is, and what the window has passed is not.
			o.WindowBytes = 1 << 30
			e = mustOpen(t, o)
			if !slices.EqualFunc(bases, e.window.bases, func(a, b base) bool { return a.name() == b.name() }) {
				t.Errorf("bases %v after a restart, were %v", e.window.bases, bases)
			}
			for i, b := range bases {
				dir := fmt.Sprintf("%s/base%d", root, i)
				if _, err := e.Restore(context.Background(), dir, Point{LSN: b.valid}, nil); err != nil {
					t.Fatal(err)
				}
				want, _ := seen.state(func(c *pastCommit) bool { return c.end <= b.valid })
				o := o
				o.Dir = dir
				sameState(t, o, want, fmt.Sprintf("restored at base %d", i))
			}
			var outside *OutsideError
			for _, p := range []Point{{LSN: bases[0].valid - 1}, {LSN: e.VisibleLSN() + 1}, {Time: time.Now().Add(time.Hour)}, {Time: time.UnixMicro(bases[0].micros - 1)}} {
				if _, err := e.Restore(context.Background(), root+"/none", p, nil); !errors.As(err, &outside) || outside.None || outside.Window.From != bases[0].valid {
					t.Errorf("restored at %s: %v", p, err)
				}
			}
			mustClose(t, e)
			o.Window, o.CommitHook = 0, nil
			e = mustOpen(t, o)
			if _, err := e.Restore(context.Background(), root+"/none", Point{LSN: e.VisibleLSN()}, nil); !errors.As(err, &outside) || !outside.None {
				t.Errorf("restored without a window: %v", err)
			}
			mustClose(t, e)
			for _, sub := range []string{baseDir, ingestedDir} {
				if names, _ := e.opts.FS.List(e.opts.FS.PathJoin(o.Dir, sub)); len(names) > 0 {
					t.Errorf("%s of a store without a window has %v", sub, names)
				}
			}
		})
	}
}

// TestWindowSize: what is kept for the window stays within its size, however much is written.
func TestWindowSize(t *testing.T) {
	o := Options{FS: vfs.NewMem(), Dir: "db", Window: time.Hour, WindowBytes: 4 << 20, SegmentBytes: 64 << 10}
	e := mustOpen(t, o)
	for i := range 400 {
		mustCommit(t, e, Async, func(g *change.Group) {
			for k := range uint64(20) {
				g.Put(tableKey(100, uint64(i)%7*20+k), rowValue(fmt.Sprintf("%2000d", i)), 0)
			}
		})
		if i%5 == 0 {
			if err := e.kv.Flush(); err != nil {
				t.Fatal(err)
			}
			e.tend()
			w, ok, err := e.Window()
			if !ok || err != nil || w.Bytes > o.WindowBytes {
				t.Fatalf("window %+v, %v, %v", w, ok, err)
			}
		}
	}
	if w, _, _ := e.Window(); w.From == wal.FirstLSN || w.Since.IsZero() || len(e.window.bases) < 2 {
		t.Errorf("window %+v, bases %v", w, e.window.bases)
	}
	mustClose(t, e)
}

// TestWindowAge: bases go when they are too old, one stays, and the log goes with them.
func TestWindowAge(t *testing.T) {
	o := Options{FS: vfs.NewMem(), Dir: "db", Window: 200 * time.Millisecond, WindowBytes: 1 << 30, SegmentBytes: 4 << 10}
	e := mustOpen(t, o)
	for i := range 60 {
		mustCommit(t, e, Sync, func(g *change.Group) { g.Put(tableKey(100, uint64(i)), rowValue(fmt.Sprintf("%1000d", i)), 0) })
		if err := e.kv.Flush(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	e.tend()
	w, ok, err := e.Window()
	if !ok || err != nil || time.Since(w.Since) > time.Second || w.From <= wal.FirstLSN {
		t.Errorf("window %+v, %v, %v", w, ok, err)
	}
	if oldest := e.log.OldestLSN(); oldest == wal.FirstLSN || oldest > w.From {
		t.Errorf("log starts at %s, the window at %s", oldest, w.From)
	}
	if n := len(e.window.bases); n < 2 || n > 2*baseTicks {
		t.Errorf("%d bases", n)
	}
	mustClose(t, e)
}

// TestWindowThatCameLater: a restore window that begins after a store's first commits does not answer for moments before it began, and
// does not count as reaching back to the store's beginning; that of a new store, or of a copy that has no commit of its own, does.
func TestWindowThatCameLater(t *testing.T) {
	fs := vfs.NewMem()
	want := map[string]string{string(rowKey(1)): "one"}
	later := func(what string, o Options) {
		t.Helper()
		before := time.Now()
		time.Sleep(2 * time.Millisecond)
		e := mustOpen(t, o)
		defer mustClose(t, e)
		e.tend()
		opened := time.Now()
		mustCommit(t, e, Sync, func(g *change.Group) { g.Put(rowKey(9), rowValue("later"), 0) })
		if from, since := e.PastFrom(); from == 0 || since.Before(before) {
			t.Errorf("%s: the past reaches from %s, %s", what, from, since)
		}
		if w, ok, err := e.Window(); !ok || err != nil || w.Since.Before(before) {
			t.Errorf("%s: window %+v, %v, %v", what, w, ok, err)
		}
		var outside *OutsideError
		if at, err := e.Restore(context.Background(), "x", Point{Time: before}, nil); !errors.As(err, &outside) || outside.Window.Since.Before(before) {
			t.Errorf("%s: restored at a moment before the window: %v, %v", what, at, err)
		}
		if _, err := e.Restore(context.Background(), what, Point{Time: opened}, nil); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		sameState(t, Options{FS: fs, Dir: what}, want, what)
	}
	without, with := Options{FS: fs, Dir: "db"}, Options{FS: fs, Dir: "db", Window: time.Hour, WindowBytes: 1 << 30}
	began := time.Now().Truncate(time.Microsecond)
	e := mustOpen(t, without)
	mustCommit(t, e, Sync, func(g *change.Group) { g.Put(rowKey(1), rowValue("one"), 0) })
	if _, err := e.Checkpoint(context.Background(), "copy", 0); err != nil {
		t.Fatal(err)
	}
	mustClose(t, e)
	later("r1", with)
	mustClose(t, mustOpen(t, without)) // the window is given up
	e = mustOpen(t, without)
	mustCommit(t, e, Sync, func(g *change.Group) { g.Delete(rowKey(9), 0) })
	mustClose(t, e)
	later("r2", with)
	// Of a copy all is known, however late it is opened.
	after := time.Now()
	time.Sleep(2 * time.Millisecond)
	c := mustOpen(t, Options{FS: fs, Dir: "copy", Window: time.Hour, WindowBytes: 1 << 30})
	c.tend()
	mustCommit(t, c, Sync, func(g *change.Group) { g.Put(rowKey(2), rowValue("two"), 0) })
	if from, since := c.PastFrom(); from != 0 || !since.IsZero() {
		t.Errorf("a copy's past reaches from %s, %s", from, since)
	}
	if at, err := c.Restore(context.Background(), "r3", Point{Time: after}, nil); err != nil || at.Time.Before(began) || at.Time.After(after) {
		t.Errorf("a copy at its beginning, of whose last commit it knows the time: %+v, %v", at, err)
	}
	mustClose(t, c)
	sameState(t, Options{FS: fs, Dir: "r3"}, map[string]string{string(rowKey(1)): "one"}, "r3")
	n := mustOpen(t, Options{FS: fs, Dir: "new", Window: time.Hour, WindowBytes: 1 << 30})
	n.tend()
	if from, since := n.PastFrom(); from != 0 || !since.IsZero() {
		t.Errorf("a new store's past reaches from %s, %s", from, since)
	}
	if at, err := n.Restore(context.Background(), "r4", Point{Time: began}, nil); err != nil || at != (Restored{LSN: wal.FirstLSN}) {
		t.Errorf("a new store at its beginning: %+v, %v", at, err)
	}
	mustClose(t, n)
}

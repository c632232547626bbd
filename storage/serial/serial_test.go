package serial

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// world is a store with snapshots in which transactions run step by step: what the tracker is told, and what it must keep true.
type world struct {
	tracker  *Tracker // nil: nobody watches
	lsn      uint64
	versions map[string][]version // by key, oldest first
	owner    map[string]*tx       // uncommitted writers
	txs      []*tx
}

type version struct {
	lsn uint64
	by  int
}

type tx struct {
	w        *world
	id       int
	x        *Xact
	snapshot uint64
	lsn      uint64 // of its commit
	readOnly bool
	reads    [][2]string // ranges
	writes   []string
	state    state
	fails    error
}

func newWorld(tracker *Tracker) *world {
	return &world{tracker: tracker, versions: map[string][]version{}, owner: map[string]*tx{}}
}

func (w *world) begin(readOnly bool) *tx {
	t := &tx{w: w, id: len(w.txs), readOnly: readOnly}
	w.txs = append(w.txs, t)
	take := func() uint64 { t.snapshot = w.lsn; return w.lsn }
	if w.tracker == nil {
		take()
		return t
	}
	t.x = w.tracker.Begin(Options{ReadOnly: readOnly, PID: uint32(t.id)}, take)
	return t
}

func key(s string) string { return "table1" + s }

func (t *tx) abort(err error) {
	for k, o := range t.w.owner {
		if o == t {
			delete(t.w.owner, k)
		}
	}
	if t.x != nil {
		t.x.Abort()
	}
	t.state, t.fails = aborted, err
}

func (t *tx) do(f func(x *Xact) error) bool {
	if t.x == nil {
		return true
	}
	if err := f(t.x); err != nil {
		t.abort(err)
		return false
	}
	return true
}

func (t *tx) read(k string) bool {
	t.reads = append(t.reads, [2]string{k, k + "\x00"})
	return t.do(func(x *Xact) error { return x.ReadKey([]byte(k)) })
}

func (t *tx) scan(lo, hi string) bool {
	t.reads = append(t.reads, [2]string{lo, hi})
	return t.do(func(x *Xact) error { return x.ReadRange([]byte(lo), []byte(hi)) })
}

func (t *tx) write(k string) bool {
	if o := t.w.owner[k]; o != nil && o != t {
		t.abort(nil) // it would wait
		return false
	}
	if v := t.w.versions[k]; len(v) > 0 && v[len(v)-1].lsn > t.snapshot {
		t.abort(nil) // first updater wins
		return false
	}
	t.w.owner[k] = t
	t.writes = append(t.writes, k)
	return t.do(func(x *Xact) error { return x.Write([]byte(k)) })
}

func (t *tx) prepare() bool {
	if !t.do(func(x *Xact) error { return x.Prepare() }) {
		return false
	}
	t.state = prepared
	return true
}

func (t *tx) publish() {
	if len(t.writes) > 0 {
		t.w.lsn++
	}
	t.lsn = t.w.lsn
	for _, k := range t.writes {
		if v := t.w.versions[k]; len(v) == 0 || v[len(v)-1].by != t.id {
			t.w.versions[k] = append(v, version{t.lsn, t.id})
		}
		delete(t.w.owner, k)
	}
	t.state = committed
}

func (t *tx) finish() {
	if t.x != nil {
		t.x.Committed(t.lsn)
	}
}

func (t *tx) commit() bool {
	if !t.prepare() {
		return false
	}
	t.publish()
	t.finish()
	return true
}

// circle returns a circle of dependencies among the committed transactions, nil if they have a serial order.
func (w *world) circle() []int {
	after := make([]map[int]bool, len(w.txs))
	edge := func(a, b int) {
		if a == b {
			return
		}
		if after[a] == nil {
			after[a] = map[int]bool{}
		}
		after[a][b] = true
	}
	for k, vs := range w.versions {
		for i, v := range vs {
			if i > 0 {
				edge(vs[i-1].by, v.by)
			}
			for _, r := range w.txs {
				if r.state != committed || !slices.ContainsFunc(r.reads, func(s [2]string) bool { return s[0] <= k && k < s[1] }) {
					continue
				}
				if v.lsn > r.snapshot {
					edge(r.id, v.by)
				} else {
					edge(v.by, r.id)
				}
			}
		}
	}
	var path []int
	seen := map[int]int{} // 1: on the path, 2: done
	var visit func(n int) bool
	visit = func(n int) bool {
		path = append(path, n)
		seen[n] = 1
		for m := range after[n] {
			if seen[m] == 1 || seen[m] == 0 && visit(m) {
				return true
			}
		}
		seen[n] = 2
		path = path[:len(path)-1]
		return false
	}
	for i := range w.txs {
		if seen[i] == 0 && visit(i) {
			return path
		}
	}
	return nil
}

// random runs a random schedule and returns it in words.
func (w *world) random(rnd *rand.Rand) string {
	var log strings.Builder
	keys := []string{key("a"), key("b"), key("c")}
	var open, published []*tx
	begun, most := 0, 3+rnd.IntN(4)
	for begun < most || len(open) > 0 || len(published) > 0 {
		if begun < most && (len(open) == 0 || rnd.IntN(4) == 0) {
			t := w.begin(rnd.IntN(4) == 0)
			begun++
			open = append(open, t)
			fmt.Fprintf(&log, "begin %d ro=%v\n", t.id, t.readOnly)
			continue
		}
		if len(published) > 0 && (len(open) == 0 || rnd.IntN(3) == 0) {
			t := published[0] // the engine wakes committers in any order
			published = published[1:]
			fmt.Fprintf(&log, "finish %d\n", t.id)
			t.finish()
			continue
		}
		if len(open) == 0 {
			continue
		}
		i := rnd.IntN(len(open))
		t := open[i]
		k := keys[rnd.IntN(len(keys))]
		switch n := rnd.IntN(10); {
		case t.state == prepared:
			t.publish()
			published = append(published, t)
			fmt.Fprintf(&log, "publish %d at %d\n", t.id, t.lsn)
		case n < 4:
			fmt.Fprintf(&log, "read %d %s %v\n", t.id, k, t.read(k))
		case n == 4:
			hi := keys[rnd.IntN(len(keys))] + "z"
			if k < hi {
				fmt.Fprintf(&log, "scan %d %s %s %v\n", t.id, k, hi, t.scan(k, hi))
			}
		case n == 5 && rnd.IntN(8) == 0:
			fmt.Fprintf(&log, "scan %d everything %v\n", t.id, t.scan("t", "u"))
		case n == 5:
			fmt.Fprintf(&log, "scan %d all %v\n", t.id, t.scan("table1", "table2"))
		case n < 8 && !t.readOnly:
			fmt.Fprintf(&log, "write %d %s %v\n", t.id, k, t.write(k))
		case n == 8 && rnd.IntN(4) == 0:
			t.abort(nil)
			fmt.Fprintf(&log, "abort %d\n", t.id)
		default:
			fmt.Fprintf(&log, "prepare %d %v\n", t.id, t.prepare())
		}
		if t.state == aborted || t.state == committed {
			open = slices.Delete(open, i, i+1)
		}
	}
	return log.String()
}

// TestRandomHistories: whatever commits has a serial order, with every way to save memory too; nothing is left when all have ended.
func TestRandomHistories(t *testing.T) {
	rounds := 60000
	if testing.Short() {
		rounds = 15000
	}
	for name, cfg := range map[string]Config{"usual": {}, "whole indexes": {Keys: 1, Writes: 1}, "merged": {Finished: 1}, "smallest": {Keys: 1, Finished: 1, Locks: 1}} {
		t.Run(name, func(t *testing.T) {
			commits, failures := 0, 0
			for seed := range rounds {
				w := newWorld(NewTracker(cfg))
				log := w.random(rand.New(rand.NewPCG(uint64(seed), 1)))
				if c := w.circle(); c != nil {
					t.Fatalf("seed %d: circle %v in\n%s", seed, c, log)
				}
				if s := w.tracker.Stats(); s != (Stats{}) {
					t.Fatalf("seed %d leaves %+v\n%s", seed, s, log)
				}
				for _, x := range w.txs {
					if x.state == committed {
						commits++
					} else if x.fails != nil {
						failures++
					}
				}
			}
			t.Logf("%d committed, %d failed", commits, failures)
			if name == "usual" && failures*3 > commits {
				t.Errorf("too many failures")
			}
		})
	}
}

// TestHistoriesCanGoWrong: without a tracker the same schedules show circles; the check above is one that can fail.
func TestHistoriesCanGoWrong(t *testing.T) {
	wrong := 0
	for seed := range 2000 {
		w := newWorld(nil)
		w.random(rand.New(rand.NewPCG(uint64(seed), 1)))
		if w.circle() != nil {
			wrong++
		}
	}
	if wrong == 0 {
		t.Error("no circle in 2000 schedules")
	}
}

func TestWriteSkew(t *testing.T) {
	w := newWorld(NewTracker(Config{}))
	a, b := w.begin(false), w.begin(false)
	a.scan(key("a"), key("c"))
	b.scan(key("a"), key("c"))
	a.write(key("a"))
	b.write(key("b"))
	if !a.commit() || b.state != aborted && b.commit() {
		t.Errorf("a: %v, b: %v", a.fails, b.fails)
	}
	if again := w.begin(false); !again.scan(key("a"), key("c")) || !again.write(key("b")) || !again.commit() {
		t.Errorf("tried again: %v", again.fails)
	}
}

// The anomaly of Fekete, O'Neil, O'Neil: without the reader the two writers have an order.
func TestReadOnlyAnomaly(t *testing.T) {
	for _, withReader := range []bool{false, true} {
		w := newWorld(NewTracker(Config{}))
		pay, deposit := w.begin(false), w.begin(false)
		pay.read(key("x"))
		pay.read(key("y"))
		deposit.read(key("y"))
		deposit.write(key("y"))
		deposit.commit()
		if withReader {
			r := w.begin(true)
			if !r.read(key("x")) || !r.read(key("y")) || !r.commit() {
				t.Errorf("reader: %v", r.fails)
			}
		}
		ok := pay.write(key("x")) && pay.commit()
		if ok == withReader {
			t.Errorf("with reader %v: %v", withReader, pay.fails)
		}
	}
}

func TestSafeSnapshots(t *testing.T) {
	w := newWorld(NewTracker(Config{}))
	if r := w.begin(true); r.x != nil {
		t.Error("a reader alone is tracked")
	}
	a := w.begin(false)
	r := w.begin(true)
	r.read(key("a"))
	go a.commit()
	safe, err := r.x.WaitSafe(context.Background())
	if !safe || err != nil {
		t.Errorf("%v %v", safe, err)
	}
	r.commit()

	// pay → deposit, which the reader sees: its snapshot is unsafe once pay has committed.
	pay, deposit := w.begin(false), w.begin(false)
	pay.read(key("y"))
	deposit.write(key("y"))
	deposit.commit()
	r = w.begin(true)
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := r.x.WaitSafe(ctx); err == nil {
		t.Error("it did not wait")
	}
	pay.write(key("x"))
	pay.commit()
	if safe, err := r.x.WaitSafe(context.Background()); safe || err != nil {
		t.Errorf("%v %v", safe, err)
	}
	r.abort(nil)
	if s := w.tracker.Stats(); s != (Stats{}) {
		t.Errorf("left %+v", s)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	w := newWorld(NewTracker(Config{Finished: 10, Keys: 8, Writes: 8}))
	long := w.begin(false)
	long.read(key("other"))
	for i := range 1000 {
		x := w.begin(false)
		for j := range 20 {
			x.read(key(fmt.Sprint(i, "r", j)))
			x.write(key(fmt.Sprint(i, "w", j)))
		}
		x.commit()
	}
	if s := w.tracker.Stats(); s.Finished > 10 || s.Locks > 300 {
		t.Errorf("%+v", s)
	}
}

package hnsw

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/tarndb/tarn/storage/tuple"
)

// Name is the prefix of an index's keys.
type Name [tuple.KeyPrefixLen]byte

// Store is what the indexes of a store are built from.
type Store interface {
	// Entries calls f with label and vector of each entry of an index in the newest state, whose log position it returns. It ends early
	// with f's error, or when ctx is done. The bytes are valid during the call.
	Entries(ctx context.Context, n Name, f func(label, vector []byte) error) (lsn uint64, err error)
}

// Indexes keeps the graphs of one store. A graph is built, by a goroutine of its own, when its index is first asked for; from then on it
// takes each entry that a commit brings (txn.Follower), before the commit can be seen. So a graph holds, from its first log position on,
// all that any snapshot sees. Deleted entries stay in it until it is built anew.
//
// The graphs of a store share a bound on memory: an index that would pass it has none, and its searches read the table.
//
// Lock order: Indexes.mu, then Index.mu, then Graph.mu.
type Indexes struct {
	store  Store
	decode func(vector []byte, buf []float32) []float32
	limit  int64 // bytes of all graphs
	log    *slog.Logger

	commits commits      // those under way
	used    atomic.Int64 // bytes of all graphs, about
	open    atomic.Pointer[map[Name]*Index]
	mu      sync.Mutex // protects changes of open

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// Config of Indexes.
type Config struct {
	Store Store
	// Decode appends the numbers of a vector as an entry holds it.
	Decode func(vector []byte, buf []float32) []float32
	// Limit is how many bytes the graphs may take; an index whose graph does not fit is not used. 0: 1 GB.
	Limit int64
	Log   *slog.Logger
}

// NewIndexes prepares; nothing is built before it is asked for.
func NewIndexes(c Config) *Indexes {
	x := &Indexes{store: c.Store, decode: c.Decode, limit: c.Limit, log: c.Log}
	if x.limit == 0 {
		x.limit = 1 << 30
	}
	if x.log == nil {
		x.log = slog.New(slog.DiscardHandler)
	}
	x.commits.active, x.commits.gone.L = map[uint64]int{}, &x.commits.mu
	x.ctx, x.cancel = context.WithCancel(context.Background())
	return x
}

// Close stops what is being built and waits for it.
func (x *Indexes) Close() {
	x.cancel()
	x.wg.Wait()
}

// Index is one index's graph, or its way to one.
type Index struct {
	all    *Indexes
	name   Name
	params Params

	ready atomic.Pointer[built] // nil: not yet, or never
	stale atomic.Int64          // labels that were found and that nobody could see, since the graph was built

	mu       sync.Mutex // protects what follows
	building bool
	closed   bool
	tooLarge bool
	counted  int64   // its part of Indexes.used
	pending  []entry // brought by commits while the graph is being built
	held     int64   // bytes of pending
}

// built is a graph with the position from which on it holds all that a snapshot sees.
type built struct {
	graph *Graph
	since uint64
	size  int // labels when it was built
}

type entry struct {
	label  string
	vector []float32
}

// Get is the index of a name; its graph is built now if it is new.
func (x *Indexes) Get(n Name, p Params) *Index {
	find := func() *Index {
		if m := x.open.Load(); m != nil {
			if ix := (*m)[n]; ix != nil && ix.params == p {
				return ix
			}
		}
		return nil
	}
	if ix := find(); ix != nil {
		return ix
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if ix := find(); ix != nil {
		return ix
	}
	next := map[Name]*Index{}
	if m := x.open.Load(); m != nil {
		for k, v := range *m {
			next[k] = v
		}
	}
	if old := next[n]; old != nil { // of an index that has been dropped and made anew
		old.close()
	}
	ix := &Index{all: x, name: n, params: p}
	next[n] = ix
	x.open.Store(&next)
	ix.rebuild()
	return ix
}

// Forget drops the graphs of a table's storage.
func (x *Indexes) Forget(gone func(Name) bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	m := x.open.Load()
	if m == nil {
		return
	}
	next := map[Name]*Index{}
	for k, v := range *m {
		if gone(k) {
			v.close()
		} else {
			next[k] = v
		}
	}
	x.open.Store(&next)
}

// Begin, End, Put and Ingested are txn.Follower.
func (x *Indexes) Begin() uint64  { return x.commits.begin() }
func (x *Indexes) End(gen uint64) { x.commits.end(gen) }

func (x *Indexes) Put(key, value []byte) {
	m := x.open.Load()
	if m == nil || len(key) < tuple.KeyPrefixLen {
		return
	}
	if ix := (*m)[Name(key[:tuple.KeyPrefixLen])]; ix != nil {
		ix.add(entry{string(key[tuple.KeyPrefixLen:]), x.decode(value, nil)})
	}
}

func (x *Indexes) Ingested(table uint32, index uint16) {
	m := x.open.Load()
	if m == nil {
		return
	}
	var n Name
	tuple.AppendPrefix(n[:0], table, index)
	if (*m)[n] != nil { // what the files hold is not in the graph: the index begins again when it is next asked for
		x.Forget(func(k Name) bool { return k == n })
	}
}

// add takes an entry of a commit.
func (ix *Index) add(e entry) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if ix.building {
		ix.pending = append(ix.pending, e)
		if ix.held += int64(len(e.label) + 4*len(e.vector) + 64); ix.held > ix.all.limit {
			ix.giveUp()
		}
	}
	b := ix.ready.Load()
	if b == nil {
		return
	}
	b.graph.Insert(e.label, e.vector)
	switch n := b.graph.Len(); {
	case n%1024 == 0 && !ix.fits(b.graph):
		ix.giveUp()
	case n > 2*b.size+1000: // twice what it was: much of it may be gone
		ix.rebuildLocked()
	}
}

// fits counts the graph's bytes and reports whether there is room for them.
func (ix *Index) fits(g *Graph) bool {
	n := g.Bytes()
	used := ix.all.used.Add(n - ix.counted)
	ix.counted = n
	return used <= ix.all.limit
}

// close gives up the graph of an index that is no more.
func (ix *Index) close() {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.closed = true
	ix.drop()
}

func (ix *Index) drop() {
	ix.pending, ix.held = nil, 0
	ix.all.used.Add(-ix.counted)
	ix.counted = 0
	ix.ready.Store(nil)
}

// giveUp leaves the index without a graph.
func (ix *Index) giveUp() {
	if !ix.tooLarge {
		ix.all.log.Warn("no room for the graph of a vector index, its searches read the table", "limit", ix.all.limit)
	}
	ix.tooLarge = true
	ix.drop()
}

func (ix *Index) rebuild() {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.rebuildLocked()
}

// rebuildLocked starts building a new graph; the old one serves until it is there.
func (ix *Index) rebuildLocked() {
	if ix.building || ix.closed || ix.tooLarge || ix.all.ctx.Err() != nil {
		return
	}
	ix.building = true
	ix.all.wg.Go(ix.build)
}

var errTooLarge = errors.New("graph too large")

func (ix *Index) build() {
	x := ix.all
	// What a commit brings that begins from here on is in pending; the others are seen.
	x.commits.wait()
	g, n := New(ix.params), 0
	lsn, err := x.store.Entries(x.ctx, ix.name, func(label, vector []byte) error {
		g.Insert(string(label), x.decode(vector, nil))
		if n++; n%1024 == 0 {
			ix.mu.Lock()
			defer ix.mu.Unlock()
			if ix.closed {
				return context.Canceled
			}
			if x.used.Load()+g.Bytes() > x.limit {
				return errTooLarge
			}
		}
		return nil
	})
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.building = false
	if ix.closed {
		return
	}
	if err != nil {
		ix.pending, ix.held = nil, 0
		if errors.Is(err, errTooLarge) {
			ix.giveUp()
		} else if x.ctx.Err() == nil {
			x.log.Error("build graph of a vector index", "err", err)
		}
		return
	}
	if ix.tooLarge {
		return
	}
	for _, e := range ix.pending {
		g.Insert(e.label, e.vector)
	}
	ix.pending, ix.held = nil, 0
	ix.stale.Store(0)
	if !ix.fits(g) {
		ix.giveUp()
		return
	}
	ix.ready.Store(&built{graph: g, since: lsn, size: g.Len()})
}

// Search gives the hits of about ef vectors near v, nearest first, for a snapshot at a log position. all: the graph has no others. ok is
// false where the graph cannot tell: it is being built, is too large, or began after the snapshot.
func (ix *Index) Search(v []float32, ef int, at uint64) (hits []Hit, all, ok bool) {
	b := ix.ready.Load()
	if b == nil || at < b.since {
		return nil, false, false
	}
	hits, all = b.graph.Search(v, ef)
	return hits, all, true
}

// Stale tells that hits were found that the snapshot does not have. Where they are many the graph is built anew.
func (ix *Index) Stale(n int) {
	if n == 0 {
		return
	}
	if b := ix.ready.Load(); b != nil && ix.stale.Add(int64(n)) > int64(b.graph.Len())+1000 {
		ix.stale.Store(0)
		ix.rebuild()
	}
}

// Ready reports whether searches use the graph.
func (ix *Index) Ready() bool { return ix.ready.Load() != nil }

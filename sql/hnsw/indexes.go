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
// Lock order: commits, then Indexes.mu, then Index.mu, then Graph.mu.
type Indexes struct {
	store  Store
	decode func(vector []byte, buf []float32) []float32
	limit  int64 // bytes of one graph
	log    *slog.Logger

	// commits is held for reading while a commit is under way: who takes it for writing knows that every commit either is visible or will
	// find the index that has been opened since.
	commits sync.RWMutex
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
	// Limit is how many bytes a graph may take; beyond it the index is not used. 0: 1 GB.
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
	tooLarge bool
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
	if m := x.open.Load(); m != nil {
		if ix := (*m)[n]; ix != nil {
			return ix
		}
	}
	x.commits.Lock()
	defer x.commits.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	next := map[Name]*Index{}
	if m := x.open.Load(); m != nil {
		for k, v := range *m {
			next[k] = v
		}
	}
	ix := next[n]
	if ix == nil {
		ix = &Index{all: x, name: n, params: p}
		next[n] = ix
		x.open.Store(&next)
		ix.rebuild()
	}
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
		if !gone(k) {
			next[k] = v
		}
	}
	x.open.Store(&next)
}

// Begin, End, Put and Ingested are txn.Follower.
func (x *Indexes) Begin() { x.commits.RLock() }
func (x *Indexes) End()   { x.commits.RUnlock() }

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
	case n%1024 == 0 && b.graph.Bytes() > ix.all.limit:
		ix.giveUp()
	case n > 2*b.size+1000: // twice what it was: much of it may be gone
		ix.rebuildLocked()
	}
}

// giveUp leaves the index without a graph.
func (ix *Index) giveUp() {
	if !ix.tooLarge {
		ix.all.log.Warn("graph of a vector index is too large, searches are exact", "limit", ix.all.limit)
	}
	ix.tooLarge, ix.pending, ix.held = true, nil, 0
	ix.ready.Store(nil)
}

func (ix *Index) rebuild() {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.rebuildLocked()
}

// rebuildLocked starts building a new graph; the old one serves until it is there.
func (ix *Index) rebuildLocked() {
	if ix.building || ix.tooLarge || ix.all.ctx.Err() != nil {
		return
	}
	ix.building = true
	ix.all.wg.Go(ix.build)
}

var errTooLarge = errors.New("graph too large")

func (ix *Index) build() {
	x := ix.all
	// A commit that began before building was set is visible now, or it is in pending.
	x.commits.Lock()
	//lint:ignore SA2001 nothing is done but waiting
	x.commits.Unlock()
	g, n := New(ix.params), 0
	lsn, err := x.store.Entries(x.ctx, ix.name, func(label, vector []byte) error {
		g.Insert(string(label), x.decode(vector, nil))
		if n++; n%1024 == 0 && g.Bytes() > x.limit {
			return errTooLarge
		}
		return nil
	})
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.building = false
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
	ix.ready.Store(&built{graph: g, since: lsn, size: g.Len()})
}

// Search gives the labels of about ef vectors near v, nearest first, for a snapshot at a log position. all: the graph has no others. ok is
// false where the graph cannot tell: it is being built, is too large, or began after the snapshot.
func (ix *Index) Search(v []float32, ef int, at uint64) (labels []string, all, ok bool) {
	b := ix.ready.Load()
	if b == nil || at < b.since {
		return nil, false, false
	}
	labels, all = b.graph.Search(v, ef)
	return labels, all, true
}

// Stale tells that labels were found whose rows nobody sees. Where they are many the graph is built anew.
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

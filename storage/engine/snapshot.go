package engine

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/kv"
	"github.com/tarndb/tarn/storage/wal"
)

// Snapshot is an unchanging view of the store: all commits up to its LSN and nothing else (I2). It is shared by all that
// ask while nothing new becomes visible, and counts its references.
type Snapshot struct {
	lsn   wal.LSN
	kv    kv.Snapshot
	refs  atomic.Int64
	grave *graveyard
	eng   *Engine
}

// graveyard collects snapshots that nobody uses any more, for the maintenance goroutine to close. When Pebble's oldest
// snapshot is closed it looks for compactions that have become possible, which costs as much as a commit's own work, and
// waits for a manifest that is being written: neither belongs into a commit. Closing many at a time, the newest first,
// makes it look once.
type graveyard struct {
	mu   sync.Mutex
	dead []*Snapshot // protected by mu
	wake func()
}

const graveyardSize = 16

func (g *graveyard) add(s *Snapshot) {
	g.mu.Lock()
	g.dead = append(g.dead, s)
	full := len(g.dead)%graveyardSize == 0
	g.mu.Unlock()
	if full {
		g.wake()
	}
}

// clear closes what has been collected. For one goroutine at a time.
func (g *graveyard) clear() {
	g.mu.Lock()
	dead := g.dead
	g.dead = nil
	g.mu.Unlock()
	slices.SortFunc(dead, func(a, b *Snapshot) int { return cmp.Compare(b.lsn, a.lsn) })
	for _, s := range dead {
		// It can only fail when it is closed twice.
		_ = s.kv.Close()
	}
}

// publish makes the state of the store, which is that after the log up to lsn, the one that new snapshots see.
// Called with applyTurn: nothing is applied meanwhile.
func (e *Engine) publish(lsn wal.LSN) {
	s := &Snapshot{lsn: lsn, kv: e.kv.NewSnapshot(), grave: &e.grave, eng: e}
	s.refs.Store(1)
	e.living.add(s)
	if old := e.current.Swap(s); old != nil {
		old.Release()
	}
}

// living are the snapshots that may be in use, oldest first.
type living struct {
	mu   sync.Mutex
	list []*Snapshot // protected by mu
	grow int         // length at which the dead are looked for
}

func (l *living) add(s *Snapshot) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trim()
	if l.list = append(l.list, s); len(l.list) >= l.grow {
		l.list = slices.DeleteFunc(l.list, func(s *Snapshot) bool { return s.refs.Load() == 0 })
		l.grow = 2*len(l.list) + 64
	}
}

// trim drops the dead in front: a snapshot without references gets none any more.
func (l *living) trim() {
	n := 0
	for n < len(l.list) && l.list[n].refs.Load() == 0 {
		n++
	}
	l.list = slices.Delete(l.list, 0, n)
}

// OldestSnapshot is the position of the oldest snapshot in use, that of the newest visible state if there is no other.
func (e *Engine) OldestSnapshot() wal.LSN {
	e.living.mu.Lock()
	defer e.living.mu.Unlock()
	e.living.trim()
	return e.living.list[0].lsn
}

// Snapshot returns the newest visible state. The caller releases it.
func (e *Engine) Snapshot() *Snapshot {
	for {
		s := e.current.Load()
		if s.tryRetain() {
			return s
		}
	}
}

func (s *Snapshot) tryRetain() bool {
	for {
		n := s.refs.Load()
		if n == 0 {
			return false // just replaced
		}
		if s.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// LSN is the position of the last commit that the snapshot sees.
func (s *Snapshot) LSN() wal.LSN { return s.lsn }

// Retain adds a reference; the caller must hold one.
func (s *Snapshot) Retain() { s.refs.Add(1) }

// Release gives a reference back. Iterators of the snapshot must be closed before the last one goes.
func (s *Snapshot) Release() {
	if s.refs.Add(-1) == 0 {
		s.grave.add(s)
	}
}

// Get returns the value of a key. It is valid until c, nil when ok is false, is closed.
func (s *Snapshot) Get(key []byte) (value []byte, c io.Closer, ok bool, err error) {
	value, c, ok, err = s.kv.Get(key)
	if !ok && err == nil && change.IsLakeRow(key) {
		if value, ok, err = s.coldGet(nil, key, nil); ok {
			c = nothing
		}
	}
	return value, c, ok, err
}

// AppendGet appends the value of a key to dst, which owns it then.
func (s *Snapshot) AppendGet(dst, key []byte) (value []byte, ok bool, err error) {
	return s.AppendGetLoaded(dst, key, nil)
}

// AppendGetLoaded is AppendGet with loads of the caller's besides those of the snapshot.
func (s *Snapshot) AppendGetLoaded(dst, key []byte, loads [][]byte) (value []byte, ok bool, err error) {
	v, c, ok, err := s.kv.Get(key)
	if !ok {
		if err == nil && change.IsLakeRow(key) {
			return s.coldGet(dst, key, loads)
		}
		return dst, false, err
	}
	dst = append(dst, v...)
	return dst, true, c.Close()
}

// GetLatest returns the newest committed value of a key, newer than any snapshot perhaps. It is valid until c, nil when
// ok is false, is closed.
func (e *Engine) GetLatest(key []byte) (value []byte, c io.Closer, ok bool, err error) {
	if change.IsLakeRow(key) {
		s := e.Snapshot()
		defer s.Release()
		value, ok, err := s.AppendGet(nil, key)
		if !ok {
			return nil, nil, false, err
		}
		return value, nothing, true, nil
	}
	return e.kv.Get(key)
}

// Iter walks the keys of a snapshot from lo (included) to hi (excluded) in byte order. After NewIter it stands nowhere.
// It is for one goroutine. Key and Value are valid until the next move.
type Iter struct {
	it   *pebble.Iterator
	opts pebble.IterOptions
	err  error
	cold *coldIter // of a lake table's rows
}

var iters = sync.Pool{New: func() any { return new(Iter) }}

// NewIter returns an iterator over the snapshot; nil bounds are open. The bounds are copied. An error in making it is
// reported by Error. The caller closes it before releasing the snapshot.
func (s *Snapshot) NewIter(lo, hi []byte) *Iter { return s.NewIterLoaded(lo, hi, nil) }

// NewIterLoaded is NewIter with loads of a lake table that are the caller's besides those of the snapshot.
func (s *Snapshot) NewIterLoaded(lo, hi []byte, loads [][]byte) *Iter {
	i := iters.Get().(*Iter)
	i.opts.LowerBound, i.opts.UpperBound = lo, hi
	i.it, i.err = s.kv.NewIter(&i.opts)
	if len(lo) >= change.KeyPrefix && change.IsLake(change.TableOf(lo)) && change.IndexOf(lo) == change.PrimaryIndex && i.err == nil {
		if i.cold, i.err = s.newColdIter(i.it, lo, hi, loads); i.err != nil {
			_ = i.it.Close() // shows nothing then
			i.it = nil
		}
	}
	return i
}

// Narrow, before the first move, says what of a lake table's rows is wanted.
func (i *Iter) Narrow(w *Want) {
	if i.cold != nil {
		i.cold.rows.Narrow(w)
	}
}

// SetBounds changes the range; the iterator stands nowhere afterwards.
func (i *Iter) SetBounds(lo, hi []byte) {
	if i.it != nil {
		i.it.SetBounds(lo, hi)
		i.cold.setBounds(lo, hi)
	}
}

// Find moves to a key within the bounds; false: it is not there, and the iterator stands nowhere. Not for rows of lake tables.
func (i *Iter) Find(key []byte) bool {
	return i.it != nil && i.it.SeekPrefixGE(key) && bytes.Equal(i.it.Key(), key)
}

func (i *Iter) First() bool {
	if i.cold != nil {
		return i.cold.first()
	}
	return i.it != nil && i.it.First()
}

func (i *Iter) Last() bool {
	if i.cold != nil {
		return i.cold.last()
	}
	return i.it != nil && i.it.Last()
}

func (i *Iter) SeekGE(key []byte) bool {
	if i.cold != nil {
		return i.cold.seekGE(key)
	}
	return i.it != nil && i.it.SeekGE(key)
}

// SeekLT moves to the last key before key.
func (i *Iter) SeekLT(key []byte) bool {
	if i.cold != nil {
		return i.cold.seekLT(key)
	}
	return i.it != nil && i.it.SeekLT(key)
}

func (i *Iter) Next() bool {
	if i.cold != nil {
		return i.cold.next()
	}
	return i.it != nil && i.it.Next()
}

func (i *Iter) Prev() bool {
	if i.cold != nil {
		return i.cold.prev()
	}
	return i.it != nil && i.it.Prev()
}

func (i *Iter) Valid() bool {
	if i.cold != nil {
		return i.cold.valid()
	}
	return i.it != nil && i.it.Valid()
}

func (i *Iter) Key() []byte {
	if i.cold != nil {
		return i.cold.Key()
	}
	return i.it.Key()
}

// Value returns the value where the iterator stands; a read error makes it nil and is reported by Error.
func (i *Iter) Value() []byte {
	if i.cold != nil && i.cold.inCold {
		return i.cold.rows.Row()
	}
	v, err := i.it.ValueAndErr()
	if err != nil {
		i.err = err
		return nil
	}
	return v
}

// Error is the reason why a move ended early, nil at the end of the range. To be asked when a loop has ended.
func (i *Iter) Error() error {
	if i.err != nil || i.it == nil {
		return i.err
	}
	if i.cold != nil {
		if err := i.cold.error(); err != nil {
			return err
		}
	}
	return i.it.Error()
}

// Close ends the iterator, which must not be used afterwards, and returns its Error.
func (i *Iter) Close() error {
	err := i.err
	if i.cold != nil {
		if cerr := i.cold.close(); err == nil {
			err = cerr
		}
	}
	if i.it != nil {
		if cerr := i.it.Close(); err == nil {
			err = cerr
		}
	}
	*i = Iter{}
	iters.Put(i)
	return err
}

package lock

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

var (
	// ErrNotAvailable: the lock is taken and the policy is NoWait or Skip.
	ErrNotAvailable = errors.New("lock is not available")
	// ErrTimeout: Options.Timeout has passed.
	ErrTimeout = errors.New("lock was not granted in time")
)

// Policy says what to do when a lock is taken.
type Policy uint8

const (
	Block  Policy = iota
	NoWait        // fail with ErrNotAvailable
	Skip          // the same; SELECT … SKIP LOCKED leaves the row out
)

// Options of a request; the zero value waits without limit.
type Options struct {
	Policy  Policy
	Timeout time.Duration // lock_timeout; 0 = none
	// DeadlockAfter delays the search for deadlocks, so that another waiter of the circle may be the one to fail
	// (deadlock_timeout); 0 = search when the wait begins.
	DeadlockAfter time.Duration
}

const (
	shardBits  = 6
	shardCount = 1 << shardBits
)

// Manager holds all locks of a store. Its methods may be called by any number of goroutines.
type Manager struct {
	seed    maphash.Seed
	owners  atomic.Uint64 // ids given out
	waits   sync.Mutex    // held while a wait begins or the wait graph is searched
	visits  uint64        // number of the last search; under waits
	shards  [shardCount]shard
	tickets tickets
	// stamps remembers per hash of a row key the highest stamp with which locks on it were released; see Stamp.
	stamps [stampCount]atomic.Uint64
	// keyStamps are stamps of Update and Write alone.
	keyStamps [stampCount]atomic.Uint64
}

const stampCount = 1 << 13

type shard struct {
	sync.Mutex // protects the entries, their holders and queues, and the slots
	entries    map[uint64]*entry
	soles      soles
	free       *entry // chained by next
	freeCount  int
	peak       int // most hashes since the map was made
	_          [32]byte
}

// entry is one object that somebody holds or waits for.
type entry struct {
	hash  uint64
	next  *entry // same hash, or free list
	class Class
	key   []byte
	// holders, of which the first is kept inline; order has no meaning.
	holders []holder
	one     [1]holder
	queue   []*waiter
	// watch are the waiters of AwaitTable: they stand in nobody's way.
	watch []*waiter
}

type holder struct {
	owner   *Owner
	txn     modeSet // given back at the end of the transaction
	session modeSet // advisory: until released by name
}

func (h *holder) modes() modeSet { return h.txn | h.session }

// waiter stands in a queue. It lives in its Owner.
type waiter struct {
	owner   *Owner
	hash    uint64 // of the entry, which may be reused once the waiter has left its queue
	entry   *entry
	mode    Mode
	session bool
	granted bool // under the shard's lock
	since   time.Time
	// watches: AwaitTable waits, for the holders others. It gets no lock.
	watches bool
	others  []*Owner
}

// NewManager returns an empty lock manager.
func NewManager() *Manager {
	m := &Manager{seed: maphash.MakeSeed()}
	for i := range m.shards {
		m.shards[i].entries = make(map[uint64]*entry)
	}
	return m
}

func (m *Manager) hash(c Class, key []byte) uint64 {
	h := maphash.Bytes(m.seed, key) + uint64(c)*0x9e3779b97f4a7c15
	if c == Row {
		h &^= rowHashMode
	}
	return h
}

func (m *Manager) shard(hash uint64) *shard { return &m.shards[hash>>(64-shardBits)] }

func stampOf(hash uint64) uint64 { return (hash >> 16) % stampCount }

// find returns the entry of the object, nil if there is none.
func (s *shard) find(hash uint64, c Class, key []byte) *entry {
	if c == Row {
		return s.findRow(hash)
	}
	e := s.entries[hash]
	for e != nil && (e.class != c || !bytes.Equal(e.key, key)) {
		e = e.next
	}
	return e
}

// maxFree bounds the entries that a shard keeps for reuse.
const maxFree = 1024

func (s *shard) add(hash uint64, c Class, key []byte) *entry {
	e := s.free
	if e != nil {
		s.free = e.next
		s.freeCount--
	} else {
		e = &entry{}
		e.holders = e.one[:0]
	}
	e.hash, e.class = hash, c
	e.key = append(e.key[:0], key...)
	e.next = s.entries[hash]
	s.entries[hash] = e
	s.peak = max(s.peak, len(s.entries))
	return e
}

// drop removes the entry if nobody holds it or waits for it.
func (s *shard) drop(e *entry) {
	if len(e.holders) != 0 || len(e.queue) != 0 || len(e.watch) != 0 {
		return
	}
	if head := s.entries[e.hash]; head == e {
		if e.next == nil {
			delete(s.entries, e.hash)
			if len(s.entries) == 0 && s.peak > maxFree {
				s.entries, s.peak = make(map[uint64]*entry), 0 // maps do not shrink
			}
		} else {
			s.entries[e.hash] = e.next
		}
	} else {
		for head.next != e {
			head = head.next
		}
		head.next = e.next
	}
	e.next = nil
	if s.freeCount < maxFree && cap(e.key) <= 256 {
		e.next = s.free
		s.free = e
		s.freeCount++
	}
}

func (e *entry) holder(o *Owner) *holder {
	for i := range e.holders {
		if e.holders[i].owner == o {
			return &e.holders[i]
		}
	}
	return nil
}

// heldByOthers is the union of what everybody but o holds.
func (e *entry) heldByOthers(o *Owner) (s modeSet) {
	for i := range e.holders {
		if e.holders[i].owner != o {
			s |= e.holders[i].modes()
		}
	}
	return s
}

// place says where in the queue a request of o belongs: before the first waiter that waits for something that o
// holds, else at the end.
func (e *entry) place(o *Owner) int {
	h := e.holder(o)
	if h == nil {
		return len(e.queue)
	}
	for i, w := range e.queue {
		if conflicts[e.class][w.mode]&h.modes() != 0 {
			return i
		}
	}
	return len(e.queue)
}

// free reports whether a request at place at of the queue need not wait. Rows are locked past the queue where the holders do
// not mind, as PostgreSQL does: who shares a row may come as long as somebody shares it.
func (e *entry) free(o *Owner, mode Mode, at int) bool {
	bad := conflicts[e.class][mode]
	if bad&e.heldByOthers(o) != 0 {
		return false
	}
	if e.class == Row {
		return true
	}
	for _, w := range e.queue[:at] {
		if bad.has(w.mode) {
			return false
		}
	}
	return true
}

func (e *entry) grant(o *Owner, mode Mode, session bool) {
	h := e.holder(o)
	if h == nil {
		e.holders = append(e.holders, holder{owner: o})
		h = &e.holders[len(e.holders)-1]
	}
	if session {
		h.session |= 1 << mode
	} else {
		h.txn |= 1 << mode
	}
}

// ungrant takes modes from o and wakes whoever may go on.
func (e *entry) ungrant(o *Owner, txn, session modeSet) {
	for i := range e.holders {
		h := &e.holders[i]
		if h.owner != o {
			continue
		}
		h.txn &^= txn
		h.session &^= session
		if h.modes() == 0 {
			last := len(e.holders) - 1
			e.holders[i] = e.holders[last]
			e.holders[last] = holder{}
			e.holders = e.holders[:last]
		}
		break
	}
	e.serve()
}

// serve grants, in queue order, what has become free, and tells those who watch that others have given back what they wait for.
func (e *entry) serve() {
	for i := 0; i < len(e.watch); {
		w := e.watch[i]
		w.others = e.still(w.others, w.mode)
		if len(w.others) > 0 {
			i++
			continue
		}
		e.watch = slices.Delete(e.watch, i, i+1)
		w.granted = true
		w.owner.wake <- struct{}{}
	}
	for i := 0; i < len(e.queue); {
		w := e.queue[i]
		if !e.free(w.owner, w.mode, i) {
			i++
			continue
		}
		e.grant(w.owner, w.mode, w.session)
		e.unqueue(i)
		w.granted = true
		w.owner.wake <- struct{}{}
	}
}

func (e *entry) unqueue(i int) {
	copy(e.queue[i:], e.queue[i+1:])
	e.queue[len(e.queue)-1] = nil
	e.queue = e.queue[:len(e.queue)-1]
}

func (e *entry) enqueue(w *waiter, at int) {
	e.queue = append(e.queue, nil)
	copy(e.queue[at+1:], e.queue[at:])
	e.queue[at] = w
}

func (e *entry) index(w *waiter) int {
	for i := range e.queue {
		if e.queue[i] == w {
			return i
		}
	}
	return -1
}

// acquire gets the lock on the key with that hash for o. held reports that o had an equal or stronger one already, so that nothing was added.
func (m *Manager) acquire(ctx context.Context, o *Owner, c Class, hash uint64, key []byte, mode Mode, session bool, opt Options) (e *entry, held, waited bool, err error) {
	s := m.shard(hash)
	s.Lock()
	if c == Row {
		if done, held := m.lockSole(o, s, hash, key, mode); done {
			s.Unlock()
			return nil, held, false, nil
		}
	}
	e = s.find(hash, c, key)
	if e == nil {
		e = s.add(hash, c, key)
		e.grant(o, mode, session)
		s.Unlock()
		return e, false, false, nil
	}
	if h := e.holder(o); h != nil && pointless(h, c, mode, session) {
		s.Unlock()
		return e, true, false, nil
	}
	if e.free(o, mode, e.place(o)) {
		e.grant(o, mode, session)
		s.Unlock()
		return e, false, false, nil
	}
	s.Unlock()
	if opt.Policy != Block {
		return nil, false, false, ErrNotAvailable
	}
	e, waited, err = m.wait(ctx, o, hash, c, key, mode, session, opt)
	return e, false, waited, err
}

// pointless reports whether h makes the request pointless. Session locks are counted by name, so only the same mode held
// for the session counts for them.
func pointless(h *holder, c Class, mode Mode, session bool) bool {
	if session {
		return h.session.has(mode)
	}
	return h.txn&covers[c][mode] != 0
}

// wait queues the request and waits for its turn. Between acquire's look and this one the lock may have become free.
func (m *Manager) wait(ctx context.Context, o *Owner, hash uint64, c Class, key []byte, mode Mode, session bool, opt Options) (*entry, bool, error) {
	s := m.shard(hash)
	m.waits.Lock()
	s.Lock()
	if c == Row {
		if x := s.soles.find(hash); x != nil {
			m.inflate(s, x, key)
		}
	}
	e := s.find(hash, c, key)
	if e == nil {
		e = s.add(hash, c, key)
	}
	at := e.place(o)
	if e.free(o, mode, at) {
		e.grant(o, mode, session)
		s.Unlock()
		m.waits.Unlock()
		return e, false, nil
	}
	w := &o.waiter
	*w = waiter{owner: o, hash: hash, entry: e, mode: mode, session: session, since: time.Now()}
	e.enqueue(w, at)
	s.Unlock()
	if err := m.turn(ctx, s, o, w, opt); err != nil {
		return nil, false, err
	}
	return e, true, nil
}

// turn waits until w, which its entry has, gets what it waits for, or leaves. It is entered with waits locked and unlocks it.
func (m *Manager) turn(ctx context.Context, s *shard, o *Owner, w *waiter, opt Options) error {
	o.waiting.Store(w)
	var dead *DeadlockError
	if opt.DeadlockAfter == 0 {
		if dead = m.resolve(o); dead != nil {
			o.waiting.Store(nil)
		}
	}
	m.waits.Unlock()
	if dead != nil {
		return m.leave(s, o, dead)
	}
	return m.sleep(ctx, s, o, opt)
}

func (m *Manager) sleep(ctx context.Context, s *shard, o *Owner, opt Options) error {
	var timeout, search <-chan time.Time
	if opt.Timeout > 0 {
		t := time.NewTimer(opt.Timeout)
		defer t.Stop()
		timeout = t.C
	}
	if opt.DeadlockAfter > 0 {
		t := time.NewTimer(opt.DeadlockAfter)
		defer t.Stop()
		search = t.C
	}
	for {
		select {
		case <-o.wake:
			o.waiting.Store(nil)
			return nil
		case <-ctx.Done():
			return m.leave(s, o, context.Cause(ctx))
		case <-timeout:
			return m.leave(s, o, ErrTimeout)
		case <-search:
			m.waits.Lock()
			dead := m.resolve(o)
			m.waits.Unlock()
			if dead != nil {
				return m.leave(s, o, dead)
			}
		}
	}
}

// await waits for the present holders of a table lock.
func (m *Manager) await(ctx context.Context, o *Owner, key []byte, mode Mode, opt Options) (waited bool, err error) {
	hash := m.hash(Table, key)
	s := m.shard(hash)
	m.waits.Lock()
	s.Lock()
	e := s.find(hash, Table, key)
	var others []*Owner
	if e != nil {
		for i := range e.holders {
			if e.holders[i].owner != o {
				others = append(others, e.holders[i].owner)
			}
		}
		others = e.still(others, mode)
	}
	if len(others) == 0 {
		s.Unlock()
		m.waits.Unlock()
		return false, nil
	}
	w := &o.waiter
	*w = waiter{owner: o, hash: hash, entry: e, mode: mode, since: time.Now(), watches: true, others: others}
	e.watch = append(e.watch, w)
	s.Unlock()
	if err := m.turn(ctx, s, o, w, opt); err != nil {
		return false, err
	}
	return true, nil
}

// still leaves of owners those that hold modes with which mode conflicts.
func (e *entry) still(owners []*Owner, mode Mode) []*Owner {
	return slices.DeleteFunc(owners, func(o *Owner) bool {
		h := e.holder(o)
		return h == nil || conflicts[e.class][mode]&h.modes() == 0
	})
}

// leave gives up a wait for the reason err; a lock that was granted at the last moment is given back.
func (m *Manager) leave(s *shard, o *Owner, err error) error {
	w := &o.waiter
	s.Lock()
	defer s.Unlock()
	e := w.entry
	o.waiting.Store(nil)
	if !w.granted {
		if i := slices.Index(e.watch, w); i >= 0 {
			e.watch = slices.Delete(e.watch, i, i+1)
		} else {
			e.unqueue(e.index(w))
			e.serve() // those who stood behind
		}
		s.drop(e)
		return err
	}
	<-o.wake
	if w.watches {
		return err
	}
	if w.session {
		e.ungrant(o, 0, 1<<w.mode)
	} else {
		e.ungrant(o, 1<<w.mode, 0)
	}
	s.drop(e)
	return err
}

// Stamp is at least the highest stamp with which a lock on the row key was given back by Owner.End. 0 if none was.
// Transactions end with the log position of their commit, so a snapshot that is not older than Stamp holds the newest
// version of a row that the caller has locked.
func (m *Manager) Stamp(key []byte) uint64 {
	return m.stamps[stampOf(m.hash(Row, key))].Load()
}

// KeyStamp is Stamp of those locks alone under which the row's key may have changed.
func (m *Manager) KeyStamp(key []byte) uint64 {
	return m.keyStamps[stampOf(m.hash(Row, key))].Load()
}

func raise(at *atomic.Uint64, stamp uint64) {
	for {
		old := at.Load()
		if old >= stamp || at.CompareAndSwap(old, stamp) {
			return
		}
	}
}

func appendTableKey(dst []byte, id uint64) []byte { return binary.BigEndian.AppendUint64(dst, id) }

package serial

import (
	"context"
	"sync"
)

// Error says that a transaction cannot be part of a serial order with others. It may succeed when it is tried again.
type Error struct{ Reason string }

func (e *Error) Error() string {
	return "could not serialize access due to read/write dependencies among transactions: " + e.Reason
}

// Why a transaction fails, in PostgreSQL's words.
var (
	errDoomedRead   = &Error{"Canceled on identification as a pivot, during conflict out checking."}
	errDoomedWrite  = &Error{"Canceled on identification as a pivot, during conflict in checking."}
	errPivotWrite   = &Error{"Canceled on identification as a pivot, during write."}
	errPivotRead    = &Error{"Canceled on conflict out to pivot, during read."}
	errDoomedCommit = &Error{"Canceled on identification as a pivot, during commit attempt."}
	errPrepared     = &Error{"Canceled on commit attempt with conflict in from prepared pivot."}
	errOldPivot     = &Error{"Canceled on conflict out to old pivot."}
)

// Config bounds memory. The zero value of a field means its default.
type Config struct {
	Finished int // committed transactions that are kept one by one; default 1024
	Keys     int // read keys and ranges of one index in one transaction before they become the whole index; default 256
	Writes   int // the same for written keys; default 1024
	Locks    int // keys and ranges of all; beyond it each new one becomes the whole index; default 262144
}

// Tracker watches the serializable transactions of a store. It is safe for concurrent use.
type Tracker struct {
	mu     sync.Mutex // protects everything here and in the Xacts
	cfg    Config
	seq    uint64 // of the last Prepare or Committed
	active map[*Xact]struct{}
	// finished have committed and are concurrent with one that is active; in the order of commitSeq.
	finished []*Xact
	spaces   map[string]*space
	all      space // ranges over more than one index
	locks    int
}

// NewTracker returns one that knows of no transactions.
func NewTracker(cfg Config) *Tracker {
	for _, d := range []struct {
		v *int
		n int
	}{{&cfg.Finished, 1024}, {&cfg.Keys, 256}, {&cfg.Writes, 1024}, {&cfg.Locks, 1 << 18}} {
		if *d.v == 0 {
			*d.v = d.n
		}
	}
	return &Tracker{cfg: cfg, active: map[*Xact]struct{}{}, spaces: map[string]*space{}}
}

type state uint8

const (
	running state = iota
	prepared
	committed
	aborted
)

// Options of a transaction.
type Options struct {
	PID      uint32 // of the session, for SnapshotBlockers
	ReadOnly bool
}

// Xact is a serializable transaction as the tracker knows it. For one goroutine.
type Xact struct {
	t        *Tracker
	pid      uint32
	readOnly bool

	state    state
	doomed   bool
	wrote    bool
	snapshot uint64 // position: commits up to it are seen
	snapSeq  uint64 // Tracker.seq when the snapshot was taken
	// prepareSeq orders commits; commitSeq, of when the commit had become visible, tells who began after it.
	prepareSeq, commitSeq uint64
	lsn                   uint64 // of the commit
	in, out               map[*Xact]struct{}
	// earliestOut is the smallest prepareSeq of those that it has a conflict out to and that committed before it; 0: none.
	earliestOut uint64
	// oldIn, oldOut: it has a conflict with a transaction that has been merged away.
	oldIn, oldOut bool

	// Of a READ ONLY transaction: the writers that may still make its snapshot unsafe. Of a writer: who watches it.
	watch   map[*Xact]struct{}
	safe    bool
	unsafe  bool
	wake    chan struct{} // closed when safe or unsafe is known
	waiting bool          // in WaitSafe
	spaces  map[*space]*footprint
	held    []heldKey
}

// Begin starts a transaction; take takes its snapshot and returns the snapshot's position. It returns nil where nothing needs to be tracked:
// a READ ONLY transaction that no writer is concurrent with.
func (t *Tracker) Begin(o Options, take func() uint64) *Xact {
	t.mu.Lock()
	defer t.mu.Unlock()
	x := &Xact{t: t, pid: o.PID, readOnly: o.ReadOnly, snapshot: take(), snapSeq: t.seq}
	if o.ReadOnly {
		for w := range t.active {
			if w.readOnly {
				continue
			}
			add(&x.watch, w)
			add(&w.watch, x)
		}
		if len(x.watch) == 0 {
			return nil
		}
		x.wake = make(chan struct{})
	}
	t.active[x] = struct{}{}
	return x
}

func add(set *map[*Xact]struct{}, x *Xact) {
	if *set == nil {
		*set = map[*Xact]struct{}{}
	}
	(*set)[x] = struct{}{}
}

// WaitSafe waits until it is known whether the snapshot of a READ ONLY transaction is safe: no matter what others do, it
// sees a state of a serial order. Then the transaction is not tracked any more. Errors: the cause of ctx.
func (x *Xact) WaitSafe(ctx context.Context) (safe bool, err error) {
	t := x.t
	t.mu.Lock()
	x.waiting = true
	t.mu.Unlock()
	select {
	case <-x.wake:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	x.waiting = false
	return x.safe, err
}

// SnapshotBlockers are the sessions that the session's WaitSafe waits for.
func (t *Tracker) SnapshotBlockers(pid uint32) (pids []uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for x := range t.active {
		if x.pid == pid && x.waiting {
			for w := range x.watch {
				pids = append(pids, w.pid)
			}
		}
	}
	return pids
}

// Stats counts what is kept.
type Stats struct{ Active, Finished, Locks int }

func (t *Tracker) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Stats{len(t.active), len(t.finished), t.locks}
}

// Prepare is the last moment at which the commit can be refused.
func (x *Xact) Prepare() error {
	t := x.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if x.safe {
		return nil
	}
	if x.doomed {
		return errDoomedCommit
	}
	// Of far → near → x, x would be the first to commit: near must not commit any more.
	for near := range x.in {
		if near.state == committed || near.doomed {
			continue
		}
		for far := range near.in {
			if far != x && (far.state == committed || far.readOnly || far.doomed) {
				continue
			}
			if near.state == prepared {
				return errPrepared
			}
			near.doomed = true
			break
		}
	}
	t.seq++
	x.prepareSeq, x.state = t.seq, prepared
	return nil
}

// Committed ends a transaction that was prepared, after its changes, committed at lsn, have become visible.
func (x *Xact) Committed(lsn uint64) {
	t := x.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if x.safe {
		t.forget(x)
		return
	}
	t.seq++
	x.state, x.lsn, x.commitSeq = committed, lsn, t.seq
	writer := !x.readOnly
	x.readOnly = !x.wrote
	if x.wrote {
		for w := range x.out {
			if w.state == committed && (x.earliestOut == 0 || w.prepareSeq < x.earliestOut) {
				x.earliestOut = w.prepareSeq
			}
		}
		if x.oldOut {
			x.earliestOut = 1
		}
	}
	if writer {
		x.unwatched(true)
	} else {
		x.unwatch()
	}
	delete(t.active, x)
	t.finished = append(t.finished, x)
	t.clean()
}

// Abort ends a transaction of which nothing remains.
func (x *Xact) Abort() {
	t := x.t
	t.mu.Lock()
	defer t.mu.Unlock()
	x.state, x.doomed = aborted, true
	if x.readOnly {
		x.unwatch()
	} else {
		x.unwatched(false)
	}
	t.forget(x)
	t.clean()
}

// unwatched tells the READ ONLY transactions that began beside x how it has ended.
func (x *Xact) unwatched(commit bool) {
	for r := range x.watch {
		delete(r.watch, x)
		switch {
		case commit && x.wrote && x.earliestOut != 0 && x.earliestOut <= r.snapSeq:
			// r → x → something that r sees: r must stay tracked.
			r.unsafe = true
			r.unwatch()
			close(r.wake)
		case len(r.watch) == 0:
			r.safe = true
			x.t.forget(r)
			close(r.wake)
		}
	}
	x.watch = nil
}

func (x *Xact) unwatch() {
	for w := range x.watch {
		delete(w.watch, x)
	}
	x.watch = nil
}

// forget removes every trace of x.
func (t *Tracker) forget(x *Xact) {
	delete(t.active, x)
	t.release(x)
}

// release gives back what x has read and written, and its conflicts.
func (t *Tracker) release(x *Xact) {
	t.dropKeys(x)
	for o := range x.in {
		delete(o.out, x)
	}
	for o := range x.out {
		delete(o.in, x)
	}
	x.in, x.out = nil, nil
}

// clean drops committed transactions that nobody active is concurrent with, and merges the oldest of too many.
func (t *Tracker) clean() {
	oldest := t.seq + 1
	for x := range t.active {
		oldest = min(oldest, x.snapSeq)
	}
	n := 0
	for n < len(t.finished) && (t.finished[n].commitSeq <= oldest || len(t.active) == 0) {
		t.release(t.finished[n])
		n++
	}
	for len(t.finished)-n > t.cfg.Finished {
		t.merge(t.finished[n])
		n++
	}
	if n > 0 {
		rest := copy(t.finished, t.finished[n:])
		clear(t.finished[rest:])
		t.finished = t.finished[:rest]
	}
	if len(t.active) == 0 {
		clear(t.spaces)
		t.all = space{}
	}
}

// merge makes x part of what all old transactions together have read and written.
func (t *Tracker) merge(x *Xact) {
	for s, f := range x.spaces {
		if f.reads > 0 || f.wholeRead {
			s.oldRead = max(s.oldRead, x.commitSeq)
		}
		if f.writes > 0 || f.wholeWrite {
			s.oldWrite = max(s.oldWrite, x.lsn)
			s.oldPivot = s.oldPivot || x.earliestOut != 0
		}
	}
	for o := range x.in {
		o.oldOut = true
	}
	for o := range x.out {
		o.oldIn = true
	}
	t.release(x)
}

// conflict notes r → w; me is the one of them whose call it is. It fails me, or dooms w, where that completes a dangerous structure.
func (t *Tracker) conflict(me, r, w *Xact) error {
	if _, known := r.out[w]; known || r == w {
		return nil
	}
	failed := w.state == committed && w.earliestOut != 0 || w.oldOut
	// r → w → last, last committed first.
	if !failed {
		for last := range w.out {
			if last.state >= prepared && last.state != aborted &&
				(r.state != committed || last.prepareSeq <= r.commitSeq) &&
				(w.state != committed || last.prepareSeq <= w.commitSeq) &&
				(!r.readOnly || last.prepareSeq <= r.snapSeq) {
				failed = true
				break
			}
		}
	}
	// first → r → w, w committed first.
	if !failed && (w.state == prepared || w.state == committed) && !r.readOnly {
		failed = r.oldIn
		for first := range r.in {
			if !first.doomed && (first.state != committed || first.commitSeq >= w.prepareSeq) &&
				(!first.readOnly || first.snapSeq >= w.prepareSeq) {
				failed = true
				break
			}
		}
	}
	if failed {
		switch {
		case me == w:
			return errPivotWrite
		case w.state == prepared || w.state == committed:
			return errPivotRead
		default:
			w.doomed = true
		}
	}
	add(&r.out, w)
	add(&w.in, r)
	return nil
}

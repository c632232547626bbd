package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/kv"
	"github.com/tarndb/tarn/storage/wal"
)

// Options configures an Engine. The zero value of a field means its default.
type Options struct {
	FS            vfs.FS // default: the operating system's
	Dir           string // made when it does not exist
	CacheBytes    int64  // block cache; default 256 MB
	MemTableBytes int64  // default 64 MB; bounds what a restart replays
	SegmentBytes  int64  // log segment size; default 64 MB
	Logger        *slog.Logger
	// OnFatal is called once, when the store cannot go on (a failed sync, damage). The process should end: nothing
	// commits any more, and goroutines that are inside Pebble may never return.
	OnFatal func(error)
	// CommitHook is called with each group after it has become visible, in log order, between other work of the commit
	// path: it must be quick, and payload is only valid during the call. Recovery does not call it.
	CommitHook func(start, end wal.LSN, payload []byte)
	// AsyncDelay bounds how long an Async commit stays without a sync; default 10 ms.
	AsyncDelay time.Duration
	// KeepLogBytes keeps log that recovery does not need any more, for followers that start later. Default 0.
	KeepLogBytes int64
	// Window is the age of the past that Restore can bring back; 0: none. WindowBytes bounds what is kept for it: the log, and
	// files that the store itself has no more; default 1 GB.
	Window      time.Duration
	WindowBytes int64
	// Step is called between the steps of what must survive a kill, with the name of the place; an error ends the work. For
	// tests. The places: base linked (it has no name yet), base named, base unnamed (its files are there), restored (the
	// state is there, the log is not), restored log (all but the manifest).
	Step func(where string) error
}

func (o Options) withDefaults() Options {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.AsyncDelay == 0 {
		o.AsyncDelay = 10 * time.Millisecond
	}
	if o.WindowBytes == 0 {
		o.WindowBytes = 1 << 30
	}
	if o.Step == nil {
		o.Step = func(string) error { return nil }
	}
	return o
}

// Engine is an open store. Its methods may be called by any number of goroutines.
type Engine struct {
	opts     Options
	manifest Manifest
	epoch    uint64
	lock     io.Closer
	log      *wal.Log
	kv       *kv.Store

	visible   wal.Position
	current   atomic.Pointer[Snapshot] // the newest; the engine holds a reference to it
	grave     graveyard
	living    living
	cold      atomic.Pointer[Cold]
	window    window
	opened    time.Time
	nextRowID atomic.Uint64
	nextXID   atomic.Uint64
	failure   atomic.Pointer[stopError]
	syncArmed atomic.Bool // a background sync is due
	idleArmed atomic.Bool // a timer watches for the end of a busy time
	flushed   atomic.Bool // Pebble has written files since the log was last trimmed
	stats     stats

	queue struct { // protects what committers share
		sync.Mutex
		waiting []*request // in commit order; the first one is whose turn it is to lead
		leading bool       // somebody leads or has been told to
		closed  bool
	}
	logTurn struct { // held by the leader while it numbers, logs and syncs
		sync.Mutex
		lastMicros int64 // commit times do not go back
		lastSize   int   // of the last batch
	}
	// closing is held for writing by Close while it takes the store away from timers.
	closing   sync.RWMutex
	closed    bool       // protected by closing
	applyTurn sync.Mutex // taken before logTurn is given up, so that groups are applied in log order

	ahead    ahead
	openedAt wal.LSN // the end of the log when the store was opened

	maintain chan struct{} // wakes the maintenance goroutine
	done     chan struct{}
	workers  sync.WaitGroup
}

type stopError struct{ cause error }

func (e *stopError) Error() string   { return ErrStopped.Error() + ": " + e.cause.Error() }
func (e *stopError) Unwrap() []error { return []error{ErrStopped, e.cause} }

// Open opens the store in o.Dir, made when the directory holds none, and brings it to the state of the end of its log.
func Open(ctx context.Context, o Options) (*Engine, error) {
	o = o.withDefaults()
	e := &Engine{opts: o, opened: time.Now(), maintain: make(chan struct{}, 1), done: make(chan struct{})}
	e.grave.wake = e.wakeMaintenance
	if err := e.open(ctx); err != nil {
		e.release()
		return nil, fmt.Errorf("open store %s: %w", o.Dir, err)
	}
	e.workers.Add(1)
	go e.maintenance()
	return e, nil
}

func (e *Engine) open(ctx context.Context) error {
	fs, dir := e.opts.FS, e.opts.Dir
	if err := makeDir(fs, dir); err != nil {
		return err
	}
	var err error
	if e.lock, err = fs.Lock(fs.PathJoin(dir, lockFile)); err != nil {
		return fmt.Errorf("lock (is it open already?): %w", err)
	}
	exists := false
	if e.manifest, exists, err = readManifest(fs, dir); err != nil {
		return err
	}
	if !exists {
		// Without a manifest there is no store: what is here comes from a creation that was cut short.
		err = errors.Join(fs.RemoveAll(fs.PathJoin(dir, walDir)), fs.RemoveAll(fs.PathJoin(dir, kvDir)))
		if err != nil {
			return err
		}
		if e.manifest, err = newManifest(); err != nil {
			return err
		}
	}
	// Side by side, for both wait for the disk. What Pebble's manifest names while it is opened was named before; only flushes, of what
	// is written into it afterwards, need the log to be durable first.
	var opened atomic.Bool
	var logErr error
	var wg sync.WaitGroup
	wg.Go(func() {
		e.log, logErr = wal.Open(fs.PathJoin(dir, walDir), wal.Options{
			FS: fs, Store: e.manifest.id, SegmentBytes: e.opts.SegmentBytes, OnFatal: e.stop,
			MustExist: exists,
		})
	})
	e.kv, err = kv.Open(fs.PathJoin(dir, kvDir), kv.Options{
		FS: fs, CacheBytes: e.opts.CacheBytes, MemTableBytes: e.opts.MemTableBytes, Logger: e.opts.Logger,
		Barrier: func() error {
			if !opened.Load() {
				return nil
			}
			return e.log.SyncTo(e.log.WrittenLSN())
		},
		Flushed: func() { e.flushed.Store(true); e.wakeMaintenance() }, OnFatal: e.stop,
	})
	wg.Wait()
	if err := errors.Join(logErr, err); err != nil {
		return err
	}
	opened.Store(true)
	if !exists {
		// Last, when everything that it stands for is there. From here on a damaged or missing part is reported.
		if err := errors.Join(e.manifest.write(fs, dir), syncDir(fs, fs.PathDir(dir))); err != nil {
			return err
		}
	}
	if err := e.recover(ctx); err != nil {
		return err
	}
	if err := e.openWindow(); err != nil {
		return fmt.Errorf("restore window: %w", err)
	}
	return e.begin()
}

// recover replays the log from the applied state on (I1, I3).
func (e *Engine) recover(ctx context.Context) error {
	start, from := time.Now(), e.kv.State().LSN
	if end := e.log.WrittenLSN(); from > end {
		return fmt.Errorf("%w: the key-value state is that of log position %s, the log ends at %s", ErrCorrupt, from, end)
	}
	if oldest := e.log.OldestLSN(); from == 0 && oldest != wal.FirstLSN || from != 0 && from < oldest {
		return fmt.Errorf("%w: the log is needed from %s on and starts at %s", ErrCorrupt, from, oldest)
	}
	r, err := e.log.NewReader(from)
	if err != nil {
		return err
	}
	defer r.Close()
	records, err := replay(ctx, e.kv, r, nil)
	if err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	if records > 0 {
		e.opts.Logger.Info("log replayed", "from", from.String(), "to", r.Pos().String(), "records", records,
			"duration", time.Since(start))
	}
	return nil
}

// begin makes the recovered state visible and logs the new epoch. It needs no sync of its own: whatever is made with
// the epoch stands behind it in the log.
func (e *Engine) begin() error {
	st := e.kv.State()
	e.epoch = st.Epoch + 1
	e.nextRowID.Store(max(st.NextRowID, 1))
	e.nextXID.Store(max(st.NextXID, firstXID))
	var g change.Group
	g.Open(e.epoch)
	if err := e.dropUnfinishedIngests(&g); err != nil {
		return err
	}
	e.visible.Advance(max(st.LSN, e.log.WrittenLSN()))
	e.openedAt = e.visible.Load()
	e.publish(e.openedAt)
	_, err := e.Commit(context.Background(), &g, Async)
	return err
}

// firstXID is PostgreSQL's first normal transaction number.
const firstXID = 3

// StoreID names this store among all.
func (e *Engine) StoreID() wal.StoreID { return e.manifest.id }

// Manifest says what the store is and where it was branched from.
func (e *Engine) Manifest() Manifest { return e.manifest }

// Epoch counts how often the store has been opened, this time included. It never goes back.
func (e *Engine) Epoch() uint64 { return e.epoch }

// Log is the log, for those who follow it (mirror, slots, archive). They do not append.
func (e *Engine) Log() *wal.Log { return e.log }

// DurableLSN is the position up to which commits survive a crash.
func (e *Engine) DurableLSN() wal.LSN { return e.log.DurableLSN() }

// VisibleLSN is the position up to which commits are seen by new snapshots.
func (e *Engine) VisibleLSN() wal.LSN { return e.visible.Load() }

// WaitVisible returns when commits up to lsn are visible.
func (e *Engine) WaitVisible(ctx context.Context, lsn wal.LSN) error {
	_, err := e.visible.Wait(ctx, lsn)
	return err
}

// NextXID gives out a transaction number; it is unique in this store's history unless its transaction does not commit.
func (e *Engine) NextXID() uint64 { return e.nextXID.Add(1) - 1 }

// PeekXID is the number that NextXID would give out next.
func (e *Engine) PeekXID() uint64 { return e.nextXID.Load() }

// ReserveRowIDs returns the first of n row ids that the engine gives to nobody else. They count when a group with an
// Ingest that names them commits.
func (e *Engine) ReserveRowIDs(n uint64) uint64 { return e.nextRowID.Add(n) - n }

// stop ends the store for good. It may be called with locks of the log or of Pebble held.
func (e *Engine) stop(cause error) {
	err := &stopError{cause}
	if !e.failure.CompareAndSwap(nil, err) {
		return
	}
	e.opts.Logger.Error("store stopped", "dir", e.opts.Dir, "error", cause)
	e.visible.Fail(err)
	if e.opts.OnFatal != nil {
		e.opts.OnFatal(err)
	}
}

func (e *Engine) stopped() error {
	if err := e.failure.Load(); err != nil {
		return err
	}
	return nil
}

// Close waits for the commits that are under way, makes everything durable and closes the store. All snapshots and
// iterators must have been released. A store that has stopped is only let go of.
func (e *Engine) Close() error {
	e.queue.Lock()
	if e.queue.closed {
		e.queue.Unlock()
		return nil
	}
	e.queue.closed = true
	e.queue.Unlock()
	close(e.done)
	if e.stopped() != nil {
		// Pebble may hang with its locks held.
		e.lock.Close()
		return nil
	}
	e.drain()
	e.closing.Lock()
	e.closed = true
	e.closing.Unlock()
	e.visible.Fail(ErrClosed)
	e.workers.Wait()
	if s := e.current.Swap(nil); s != nil {
		s.Release()
	}
	e.grave.clear()
	var err error
	if e.unapplied(e.kv.State().LSN) > closeFlushBytes {
		err = e.kv.Flush()
	}
	return errors.Join(err, e.release())
}

// closeFlushBytes of log are left to be replayed by the next Open without a flush at Close.
const closeFlushBytes = 4 << 20

// drain returns when no commit is under way; the queue is closed.
func (e *Engine) drain() {
	for {
		e.logTurn.Lock()
		e.applyTurn.Lock()
		e.queue.Lock()
		idle := !e.queue.leading
		e.queue.Unlock()
		e.applyTurn.Unlock()
		e.logTurn.Unlock()
		if idle {
			return
		}
	}
}

// release closes what open has opened.
func (e *Engine) release() error {
	var err error
	if e.kv != nil {
		err = errors.Join(err, e.kv.Close())
	}
	if e.log != nil {
		err = errors.Join(err, e.log.Close())
	}
	if e.lock != nil {
		err = errors.Join(err, e.lock.Close())
	}
	return err
}

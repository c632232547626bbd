package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/wal"
)

// Options of an Archiver. Engine, Objects and Files are required; the zero value of another field means its default.
type Options struct {
	Engine  *engine.Engine
	Objects object.Store // of this store alone
	Files   object.Store // of all stores of the archive
	// Timeout is how long a commit stays out of the archive when little is written; default a minute.
	Timeout time.Duration
	// MaxLog is how much log is held for the archive, bytes; default 4 GB.
	MaxLog int64
	// BaseBytes of log, or BaseAge, after a base there is another one; default 1 GB and six hours.
	BaseBytes int64
	BaseAge   time.Duration
	Logger    *slog.Logger
	// Keep is how far back the archive reaches; nil: for ever. What lies before the base that leads there is removed.
	Keep func() time.Duration
	// Step is called between the steps of what must survive a kill, with the name of the place; an error ends the work until the next
	// try. For tests. The places: attachments (put, their run is not), run, base linked, base files (put, the base is not), base.
	Step func(where string) error

	gate               *sync.RWMutex // held shared while a base is put; nil: nobody removes files of bases
	runBytes           int           // of a run of the log, about
	minRetry, maxRetry time.Duration // after an error
	tick               time.Duration // how often a base's age is looked at
}

func (o Options) withDefaults() Options {
	o.Timeout = cmp.Or(o.Timeout, time.Minute)
	o.MaxLog = cmp.Or(o.MaxLog, 4<<30)
	o.BaseBytes = cmp.Or(o.BaseBytes, 1<<30)
	o.BaseAge = cmp.Or(o.BaseAge, 6*time.Hour)
	o.runBytes = cmp.Or(o.runBytes, 8<<20)
	o.minRetry, o.maxRetry = cmp.Or(o.minRetry, time.Second), cmp.Or(o.maxRetry, time.Minute)
	o.tick = cmp.Or(o.tick, time.Minute)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Step == nil {
		o.Step = func(string) error { return nil }
	}
	return o
}

// State is what an Archiver does.
type State string

const (
	StateStarting  State = "starting"  // looks at what the archive has
	StateStreaming State = "streaming" // the log goes there
	StateRetrying  State = "retrying"  // after an error
	StateOverrun   State = "overrun"   // more than MaxLog is not archived: the log is not held
	StateDiverged  State = "diverged"  // the archive is of another history of the store; nothing is written
)

// ErrDiverged says that the archive has a log that this store does not have: it was copied, or put back to an older state.
var ErrDiverged = errors.New("the archive is of another history of this store")

// Status of an Archiver.
type Status struct {
	State         State
	Archived      wal.LSN // what is up to here can be restored; 0: nothing yet, or not known
	Lag           int64   // bytes of log behind that, or, without a base, behind what is in the archive
	LastBase      wal.LSN // 0: there is none
	LastBaseTime  time.Time
	Bytes         int64 // of objects of this store alone
	LastError     string
	LastErrorTime time.Time
}

// Archiver follows a store's log and archives it. Its goroutines end with Close.
type Archiver struct {
	opt    Options
	source Source
	pos    wal.Position // what is up to here can be restored
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu struct {
		sync.Mutex
		hold     *wal.Hold // nil: none
		at       wal.LSN   // the log is in the archive up to here, with a base or without
		overrun  bool
		rebase   bool // the newest base does not lead on
		state    State
		base     engine.Base // the newest
		files    map[string]File
		bytes    int64
		err      error
		errTime  time.Time
		progress bool               // since the last error
		drain    wal.LSN            // the log up to here does not wait for Timeout
		wake     context.CancelFunc // ends a wait for more log
	}
	due chan struct{} // a base may be due
}

// Start begins to archive a store, which must keep a restore window.
func Start(o Options) *Archiver {
	o = o.withDefaults()
	a := &Archiver{opt: o, source: Source{o.Objects, o.Files}, due: make(chan struct{}, 1)}
	a.mu.state = StateStarting
	ctx, cancel := context.WithCancel(context.Background())
	a.cancel = cancel
	a.rehold()
	a.wg.Go(func() { a.run(ctx) })
	a.wg.Go(func() { a.watch(ctx) })
	return a
}

// Close ends the work where it is, and lets go of the log.
func (a *Archiver) Close() {
	a.cancel()
	a.wg.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.mu.hold != nil {
		a.mu.hold.Release()
		a.mu.hold = nil
	}
}

// Position is up to where the store can be restored from the archive.
func (a *Archiver) Position() *wal.Position { return &a.pos }

// Drain archives the log up to the present without waiting for more, and returns when that is done, or with the cause of ctx.
func (a *Archiver) Drain(ctx context.Context) error {
	to := a.opt.Engine.VisibleLSN()
	if err := a.opt.Engine.Log().SyncTo(to); err != nil {
		return err
	}
	a.mu.Lock()
	a.mu.drain = max(a.mu.drain, to)
	if a.mu.wake != nil {
		a.mu.wake()
	}
	a.mu.Unlock()
	_, err := a.pos.Wait(ctx, to)
	return err
}

// Status tells how far the archive is.
func (a *Archiver) Status() Status {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := Status{State: a.mu.state, Archived: a.pos.Load(), LastBase: a.mu.base.Valid, LastBaseTime: a.mu.base.Taken, Bytes: a.mu.bytes,
		LastErrorTime: a.mu.errTime}
	if from := cmp.Or(s.Archived, a.mu.at); from != 0 {
		s.Lag = max(0, int64(a.opt.Engine.VisibleLSN()-from))
	}
	if a.mu.overrun && s.State != StateDiverged {
		s.State = StateOverrun
	}
	if a.mu.err != nil {
		s.LastError = a.mu.err.Error()
	}
	return s
}

func (a *Archiver) run(ctx context.Context) {
	wait := a.opt.minRetry
	for {
		err := a.session(ctx)
		if ctx.Err() != nil {
			return
		}
		a.mu.Lock()
		if a.mu.progress {
			wait = a.opt.minRetry
		}
		a.mu.progress, a.mu.err, a.mu.errTime, a.mu.state = false, err, time.Now(), StateRetrying
		if errors.Is(err, ErrDiverged) {
			a.mu.state = StateDiverged
		}
		a.mu.Unlock()
		a.opt.Logger.Warn("archive", "error", err)
		if errors.Is(err, ErrDiverged) {
			return // until somebody has looked at it and the store is opened again
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		wait = min(2*wait, a.opt.maxRetry)
	}
}

// rehold holds the log from its oldest position on.
func (a *Archiver) rehold() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.mu.hold != nil {
		a.mu.hold.Release()
	}
	hold, err := a.opt.Engine.Log().Hold(engine.ArchiveHold, 0)
	if err != nil {
		panic(err) // the oldest position is always kept
	}
	a.mu.hold, a.mu.overrun = hold, false
}

func (a *Archiver) holdFrom() wal.LSN {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.mu.hold.From()
}

// reached notes that the log is archived up to a position.
func (a *Archiver) reached(to wal.LSN) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.mu.at, a.mu.progress = to, true
	if h := a.mu.hold; h != nil {
		a.mu.overrun = a.mu.overrun && to < h.From()
		h.Advance(to)
	}
	a.advanceLocked()
}

// advanceLocked moves the position on when the log leads there from the newest base.
func (a *Archiver) advanceLocked() {
	if at := a.mu.at; a.mu.base.Valid != 0 && at >= a.mu.base.Valid && at >= a.mu.base.Keep && at > a.pos.Load() {
		a.pos.Advance(at)
	}
}

// watch lets go of the log when too much of it waits.
func (a *Archiver) watch(ctx context.Context) {
	log := a.opt.Engine.Log()
	for ctx.Err() == nil {
		end, err := log.Durable().Wait(ctx, a.holdFrom()+wal.LSN(a.opt.MaxLog)+1)
		if err != nil {
			return
		}
		a.mu.Lock()
		h := a.mu.hold
		over := h != nil && int64(end-h.From()) > a.opt.MaxLog
		if over {
			h.Advance(end)
			a.mu.overrun = true
		}
		a.mu.Unlock()
		if over {
			a.opt.Logger.Warn("archive is behind by more than its bound: the log is not held for it", "to", end.String())
		}
	}
}

// session archives until an error.
func (a *Archiver) session(ctx context.Context) error {
	a.mu.Lock()
	a.mu.state = StateStarting
	a.mu.Unlock()
	x, err := a.load(ctx)
	if err != nil {
		return err
	}
	pos, floor, linked, err := a.resume(ctx, x)
	if err != nil {
		return err
	}
	a.reached(pos)
	a.mu.Lock()
	a.mu.state = StateStreaming
	a.mu.Unlock()

	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	wg.Go(func() { stop(a.follow(ctx, pos, floor)) })
	wg.Go(func() { stop(a.tendBases(ctx, linked)) })
	wg.Wait()
	return context.Cause(ctx)
}

// load lists the archive, and notes its size.
func (a *Archiver) load(ctx context.Context) (*Index, error) {
	x, err := Load(ctx, a.opt.Objects)
	if err == nil {
		a.mu.Lock()
		a.mu.bytes = x.Bytes
		a.mu.Unlock()
	}
	return x, err
}

// resume finds from where on the log is to be archived. linked is a base that is to be put, nil: the newest one that is there leads to
// the position. Sorted files of commits up to floor are in that base.
func (a *Archiver) resume(ctx context.Context, x *Index) (pos, floor wal.LSN, linked *engine.LinkedBase, err error) {
	log := a.opt.Engine.Log()
	for _, r := range x.Runs {
		if r.To > log.DurableLSN() {
			return 0, 0, nil, fmt.Errorf("%w: it ends at %s, the store at %s", ErrDiverged, r.To, log.DurableLSN())
		}
	}
	a.mu.Lock()
	rebase := a.mu.rebase
	a.mu.Unlock()
	if n := len(x.Bases); n > 0 {
		newest := x.Bases[n-1]
		if newest.Valid > log.DurableLSN() {
			return 0, 0, nil, fmt.Errorf("%w: it has a base of %s, the store ends at %s", ErrDiverged, newest.Valid, log.DurableLSN())
		}
		m, err := a.source.manifest(ctx, newest)
		if err != nil {
			return 0, 0, nil, err
		}
		if m.Store != a.opt.Engine.StoreID().String() {
			return 0, 0, nil, fmt.Errorf("%w: it is of store %s", ErrDiverged, m.Store)
		}
		if pos = x.covered(newest.Keep); a.holds(pos) {
			same, err := a.compare(ctx, x, pos)
			if err != nil {
				return 0, 0, nil, err
			}
			if !same {
				m.Files = nil // of another history they may have the names of other files
			}
			if !rebase {
				a.noteBase(newest, m.Files)
				return pos, newest.Valid, nil, nil
			}
		} else {
			a.opt.Logger.Warn("archive has a gap: the log is not kept that follows it", "from", pos.String(), "to", log.OldestLSN().String())
		}
	}
	a.rehold()
	a.mu.Lock()
	a.mu.files = nil
	a.mu.Unlock()
	if linked, err = a.opt.Engine.LinkBase(); err != nil {
		return 0, 0, nil, err
	}
	pos = x.covered(linked.Keep)
	if _, err := a.compare(ctx, x, pos); err != nil {
		return 0, 0, nil, errors.Join(err, linked.Close())
	}
	return pos, linked.Valid, linked, nil
}

// holds moves the hold to a position, and reports whether the log is kept from there.
func (a *Archiver) holds(at wal.LSN) bool {
	hold, err := a.opt.Engine.Log().Hold(engine.ArchiveHold, at)
	if err != nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.mu.hold != nil {
		a.mu.hold.Release()
	}
	a.mu.hold = hold
	return true
}

// compare verifies that the run of the archive's log that ends at a position is the store's; false: the store has it no more.
func (a *Archiver) compare(ctx context.Context, x *Index, end wal.LSN) (bool, error) {
	for _, run := range x.Runs {
		if run.To != end || run.From < a.opt.Engine.Log().OldestLSN() {
			continue
		}
		raw, err := a.source.run(ctx, run)
		if err != nil {
			return false, err
		}
		r, err := a.opt.Engine.Log().NewReader(run.From)
		if err != nil {
			return false, err
		}
		defer r.Close()
		for at := run.From; at < run.To; {
			rec, err := r.Next(ctx)
			var damage *wal.DamageError
			if err != nil && !errors.As(err, &damage) {
				return false, err
			}
			if err != nil || rec.LSN != at || rec.End > run.To || string(rec.Raw) != string(raw.Bytes[at-run.From:rec.End-run.From]) {
				return false, fmt.Errorf("%w: they differ at %s", ErrDiverged, at)
			}
			at = rec.End
		}
		return true, nil
	}
	return false, nil
}

func (a *Archiver) noteBase(b engine.Base, files []File) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.mu.base, a.mu.files, a.mu.rebase = b, map[string]File{}, false
	for _, f := range files {
		a.mu.files[f.Name] = f
	}
	a.mu.progress = true
	a.advanceLocked()
}

package engine

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/wal"
)

// Durability says when a commit is acknowledged.
type Durability uint8

const (
	// Sync: when it survives a crash.
	Sync Durability = iota
	// Async: when it is in the log and visible. It survives the end of the process, and after Options.AsyncDelay a
	// crash of the machine too (synchronous_commit = off).
	Async
)

// request is a committer in the queue.
type request struct {
	group *change.Group
	sync  bool
	end   wal.LSN
	err   error
	// wake receives true when the request is done and false when its owner must lead.
	wake chan bool
}

var requests = sync.Pool{New: func() any { return &request{wake: make(chan bool, 1)} }}

// Commit makes the group part of the store and returns the position of the commit. The group belongs to the engine
// until then. Once begun, a commit cannot be cancelled: ctx is only asked beforehand.
//
// Errors: those of an ill-formed group, ErrDiskFull and ErrTooLarge leave the store as it was; ErrStopped and ErrClosed
// as they are documented. After ErrStopped the fate of the group is not known before the store is opened again.
func (e *Engine) Commit(ctx context.Context, g *change.Group, d Durability) (lsn wal.LSN, err error) {
	if l := largeOf(g); l != nil {
		defer func() {
			if err := l.end(lsn); err != nil {
				e.opts.Logger.Warn("files of a commit stay until the next start", "path", l.path, "error", err)
			}
		}()
	}
	if err := ctx.Err(); err != nil {
		return 0, context.Cause(ctx)
	}
	if err := g.Err(); err != nil {
		return 0, err
	}
	if g.Size() > wal.MaxPayload {
		return 0, ErrTooLarge
	}
	r := requests.Get().(*request)
	r.group, r.sync, r.err = g, d == Sync, nil
	lead, err := e.enqueue(r)
	if err == nil {
		if !lead {
			lead = !<-r.wake
		}
		if lead {
			e.lead(r)
		}
		err = r.err
	}
	end := r.end
	r.group = nil
	requests.Put(r)
	if err != nil {
		return 0, err
	}
	return end, nil
}

// enqueue returns true when the request's owner must lead.
func (e *Engine) enqueue(r *request) (lead bool, err error) {
	e.queue.Lock()
	defer e.queue.Unlock()
	if e.queue.closed {
		return false, ErrClosed
	}
	e.queue.waiting = append(e.queue.waiting, r)
	lead = !e.queue.leading
	e.queue.leading = true
	return lead, nil
}

// batch is what one leader takes through the commit path.
type batch struct {
	requests    []*request
	payloads    [][]byte
	attachments []string // by payload; shorter if there is none
	ends        []wal.LSN
	start       wal.LSN
}

var batches = sync.Pool{New: func() any { return new(batch) }}

func (b *batch) recycle() {
	clear(b.requests)
	clear(b.payloads)
	clear(b.attachments)
	b.requests, b.payloads, b.attachments, b.ends = b.requests[:0], b.payloads[:0], b.attachments[:0], b.ends[:0]
	batches.Put(b)
}

// lead commits what waits, own among it, and passes the lead on as soon as the log is free.
func (e *Engine) lead(own *request) {
	b := batches.Get().(*batch)
	e.logTurn.Lock()
	e.gather()
	e.take(b)
	e.logTurn.lastSize = len(b.requests)
	err := e.logBatch(b)
	e.applyTurn.Lock()
	e.logTurn.Unlock()
	e.passLead()
	if err == nil {
		err = e.applyBatch(b)
	}
	e.applyTurn.Unlock()
	for i, r := range b.requests {
		if r.err = err; err == nil {
			r.end = b.ends[i]
		}
		if r != own {
			r.wake <- true
		}
	}
	b.recycle()
}

// groupBytes bounds how much one leader takes.
const groupBytes = 8 << 20

// gather gives others the processor once when there were more committers lately than there are now. Those who were woken
// together and come back together share a sync then, rather than one of them syncing alone while the rest wait. When
// nobody else can run it returns at once. Called with logTurn.
func (e *Engine) gather() {
	e.queue.Lock()
	n := len(e.queue.waiting)
	e.queue.Unlock()
	if n < e.logTurn.lastSize {
		runtime.Gosched()
	}
}

// take moves requests from the front of the queue, the leader's own first, into b.
func (e *Engine) take(b *batch) {
	e.queue.Lock()
	defer e.queue.Unlock()
	n, size := 0, 0
	for n < len(e.queue.waiting) && (n == 0 || size < groupBytes) {
		size += e.queue.waiting[n].group.Size()
		n++
	}
	b.requests = append(b.requests, e.queue.waiting[:n]...)
	rest := copy(e.queue.waiting, e.queue.waiting[n:])
	clear(e.queue.waiting[rest:])
	e.queue.waiting = e.queue.waiting[:rest]
}

// passLead tells the next in the queue to lead. It holds no lock while the log works for its successor.
func (e *Engine) passLead() {
	e.queue.Lock()
	defer e.queue.Unlock()
	if len(e.queue.waiting) == 0 {
		e.queue.leading = false
		return
	}
	e.queue.waiting[0].wake <- false
}

// logBatch numbers the groups in queue order and brings them into the log, durably if one of them asks for it.
// Called with logTurn.
func (e *Engine) logBatch(b *batch) error {
	if err := e.stopped(); err != nil {
		return err
	}
	if e.kv.DiskFull() {
		return ErrDiskFull
	}
	now := max(time.Now().UnixMicro(), e.logTurn.lastMicros)
	e.logTurn.lastMicros = now
	needSync := false
	for _, r := range b.requests {
		xid := r.group.XID
		if xid == 0 {
			xid = e.NextXID()
		}
		b.payloads = append(b.payloads, r.group.Seal(xid, now, e.ReserveRowIDs(uint64(r.group.Rows()))))
		b.ends = append(b.ends, 0)
		if l := largeOf(r.group); l != nil {
			b.attachments = append(b.attachments, make([]string, len(b.payloads)-len(b.attachments))...)
			b.attachments[len(b.payloads)-1] = l.path
		}
		needSync = needSync || r.sync
	}
	b.start = e.log.WrittenLSN()
	err := e.log.AppendAttached(b.payloads, b.attachments, b.ends)
	switch {
	case err == nil && needSync:
		err = e.log.SyncTo(b.ends[len(b.ends)-1])
	case err == nil:
		e.armSync()
	}
	if err != nil {
		var failed *wal.FailedError
		if errors.As(err, &failed) {
			e.stop(err)
			return e.stopped()
		}
	}
	return err
}

// armSync sees to it that what has been logged without a sync gets one.
func (e *Engine) armSync() {
	if e.syncArmed.Swap(true) {
		return
	}
	time.AfterFunc(e.opts.AsyncDelay, func() {
		e.syncArmed.Store(false)
		if err := e.log.SyncTo(e.log.WrittenLSN()); err != nil && !errors.Is(err, wal.ErrClosed) {
			e.stop(err)
		}
	})
}

// applyBatch brings a logged batch into the key-value state and makes it visible. Called with applyTurn, in log order.
// A failure here ends the store: the log is ahead of what can be seen and the next Open repeats the work.
func (e *Engine) applyBatch(b *batch) error {
	if err := e.stopped(); err != nil {
		return err
	}
	if err := e.applyRecords(b); err != nil {
		e.stop(err)
		return e.stopped()
	}
	end := b.ends[len(b.ends)-1]
	e.publish(end)
	e.visible.Advance(end)
	e.armIdle()
	e.stats.groups.Add(1)
	e.stats.commits.Add(uint64(len(b.requests)))
	if hook := e.opts.CommitHook; hook != nil {
		start := b.start
		for i, payload := range b.payloads {
			hook(start, b.ends[i], payload)
			start = b.ends[i]
		}
	}
	return nil
}

// applyRecords applies the records of a batch: runs of those without attachment at once, the others one by one.
func (e *Engine) applyRecords(b *batch) error {
	at := 0
	for i, path := range b.attachments {
		if path == "" {
			continue
		}
		if i > at {
			if err := e.kv.Apply(b.payloads[at:i], b.ends[at:i]); err != nil {
				return err
			}
		}
		if err := e.kv.ApplySorted(b.payloads[i], largeOf(b.requests[i].group).sorted, b.ends[i]); err != nil {
			return err
		}
		at = i + 1
	}
	if at == len(b.payloads) {
		return nil
	}
	return e.kv.Apply(b.payloads[at:], b.ends[at:])
}

package engine

import (
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/wal"
)

func (e *Engine) wakeMaintenance() {
	select {
	case e.maintain <- struct{}{}:
	default:
	}
}

// maintenance closes unused snapshots, and removes log that nobody needs any more when Pebble has written what it led to.
func (e *Engine) maintenance() {
	defer e.workers.Done()
	tick := time.NewTicker(windowTick)
	defer tick.Stop()
	e.tend()
	for {
		select {
		case <-e.done:
			return
		case <-tick.C:
			e.tend()
		case <-e.maintain:
			e.grave.clear()
			if e.flushed.Swap(false) {
				e.tend()
			}
		}
	}
}

// tend moves the restore window on and removes the log that it leaves.
func (e *Engine) tend() {
	err := e.tendWindow()
	if err == nil {
		err = e.TrimLog()
	}
	if err != nil && e.stopped() == nil {
		e.opts.Logger.Warn("log and restore window not trimmed", "dir", e.opts.Dir, "error", err)
	}
}

const (
	// idleDelay without commits makes Pebble write what is in memory, if that stands for idleBytes of log: the next
	// start, and branches, have less to replay.
	idleDelay = time.Second
	idleBytes = 1 << 20
)

// armIdle starts watching for the end of a busy time.
func (e *Engine) armIdle() {
	if e.idleArmed.Load() || e.idleArmed.Swap(true) {
		return
	}
	e.watchIdle(e.visible.Load())
}

func (e *Engine) watchIdle(last wal.LSN) {
	time.AfterFunc(idleDelay, func() {
		select {
		case <-e.done:
			return
		default:
		}
		if now := e.visible.Load(); now != last {
			e.watchIdle(now)
			return
		}
		// A commit from here on arms again.
		e.idleArmed.Store(false)
		e.closing.RLock()
		defer e.closing.RUnlock()
		if e.closed || e.stopped() != nil || e.unapplied(last) < idleBytes {
			return
		}
		if err := e.kv.AsyncFlush(); err != nil {
			e.opts.Logger.Warn("idle flush", "error", err)
		}
	})
}

// TrimLog removes log segments that neither recovery, nor the restore window, nor a hold needs.
func (e *Engine) TrimLog() error {
	limit := e.durableApplied()
	if limit == 0 {
		return nil
	}
	if keep := wal.LSN(e.opts.KeepLogBytes); keep > 0 {
		end := e.log.WrittenLSN()
		limit = min(limit, end-min(keep, end))
	}
	if keep, ok := e.windowKeep(); ok {
		limit = min(limit, keep)
	}
	return e.log.TruncateBefore(limit)
}

// durableApplied is the position from which on recovery needs the log if the store stopped now; 0: all of it.
func (e *Engine) durableApplied() wal.LSN {
	st, ok, err := e.kv.DurableState()
	if err != nil || !ok {
		return 0
	}
	return st.LSN
}

// unapplied is how many bytes of log up to a position recovery would replay if the store stopped now.
func (e *Engine) unapplied(to wal.LSN) int64 { return e.logged(e.durableApplied(), to) }

// logged is how many bytes the log has from a position to its newest one, to, attachments included.
func (e *Engine) logged(from, to wal.LSN) int64 {
	attached, err := e.log.AttachedBytes(from)
	if err != nil {
		e.opts.Logger.Warn("attachments of the log not counted", "error", err)
	}
	return int64(to-from) + attached
}

// dropUnfinishedIngests adds to g the removal of what bulk writers of an earlier process left without committing it.
func (e *Engine) dropUnfinishedIngests(g *change.Group) error {
	return e.kv.PendingIngests(func(marker []byte, table uint32, index uint16) {
		g.DeleteRange(change.AppendKeyPrefix(nil, table, index), prefixEnd(table, index))
		g.Delete(marker, 0)
	})
}

// prefixEnd is the first key after all keys of an index.
func prefixEnd(table uint32, index uint16) []byte {
	if index == 1<<16-1 {
		return change.AppendKeyPrefix(nil, table+1, 0)
	}
	return change.AppendKeyPrefix(nil, table, index+1)
}

type stats struct {
	commits, groups atomic.Uint64
}

// Metrics are counters since Open.
type Metrics struct {
	Commits, Groups uint64 // groups: leaders' batches; commits/groups is how well commits share a sync
	Log             wal.Metrics
	Visible         wal.LSN
	KV              *pebble.Metrics
}

// Metrics returns the counters.
func (e *Engine) Metrics() Metrics {
	return Metrics{
		Commits: e.stats.commits.Load(), Groups: e.stats.groups.Load(),
		Log: e.log.Metrics(), Visible: e.visible.Load(), KV: e.kv.Metrics(),
	}
}

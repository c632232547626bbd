package engine

import (
	"sync"

	"github.com/tarndb/tarn/storage/wal"
)

// Row ids grow from commit to commit, except those that are given out before their commit: of loads (package change) and of a Large.
// Who concludes from an id that its commit is behind a position asks RowsAhead.

// ahead are row ids of lake tables that were given out before their commit.
type ahead struct {
	mu     sync.Mutex // protects what follows, and the giving out of such ids
	open   map[*Ahead]bool
	closed map[uint32]wal.LSN // by storage id: the last commit of such rows
}

// anyTable stands for all storage ids.
const anyTable = 0

// Ahead is a run of row ids that were given out before their commit. It ends with Done.
type Ahead struct {
	e     *Engine
	table uint32
	first uint64
}

// ReserveAhead is ReserveRowIDs for rows of a lake table, by storage id.
func (e *Engine) ReserveAhead(table uint32, n uint64) (first uint64, a *Ahead) {
	e.ahead.mu.Lock()
	defer e.ahead.mu.Unlock()
	a = &Ahead{e: e, table: table, first: e.ReserveRowIDs(n)}
	if e.ahead.open == nil {
		e.ahead.open = map[*Ahead]bool{}
	}
	e.ahead.open[a] = true
	return a.first, a
}

// Done tells of the commit of the rows; 0: there is none. Calls after the first do nothing.
func (a *Ahead) Done(lsn wal.LSN) {
	if a == nil {
		return
	}
	h := &a.e.ahead
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.open[a] {
		return
	}
	delete(h.open, a)
	if lsn == 0 {
		return
	}
	if h.closed == nil {
		h.closed = map[uint32]wal.LSN{}
	}
	h.closed[a.table] = max(h.closed[a.table], lsn)
}

// RowsAhead reports whether there are, or may come, rows of a lake table with ids up to last whose commit is behind at.
func (e *Engine) RowsAhead(table uint32, last uint64, at wal.LSN) bool {
	h := &e.ahead
	h.mu.Lock()
	defer h.mu.Unlock()
	// Those of before the start are not known one by one.
	if at < max(e.openedAt, h.closed[anyTable], h.closed[table]) {
		return true
	}
	for a := range h.open {
		if (a.table == table || a.table == anyTable) && a.first <= last {
			return true
		}
	}
	return false
}

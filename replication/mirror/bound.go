package mirror

import (
	"context"
	"errors"
	"fmt"

	"github.com/tarndb/tarn/replication/tail"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/wal"
)

// The log after what is published is kept for the mirror. Options.MaxLog bounds it: what would hold more is given up and copied
// anew, so that a warehouse that takes nothing, or a mirror that is too slow, never fills the disk with log.

// errOverrun is the last_error of a table whose changes were given up.
var errOverrun = errors.New("the log that was kept for the mirror exceeded tarn.mirror_max_wal_size; the table is copied anew")

// boundLog gives up the changes of tables that hold more log than they may.
func (m *Mirror) boundLog() {
	if m.opt.MaxLog <= 0 {
		return
	}
	end := m.eng.DurableLSN()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range m.tables {
		if s := t.unpublishedLocked(); s != nil && end > s.start+wal.LSN(m.opt.MaxLog) {
			m.log.Warn("mirror gives up changes that hold too much log", "table", t.name(), "from", s.start)
			m.overrunLocked(t)
		}
	}
}

func (m *Mirror) overrunLocked(t *table) {
	m.startCopyLocked(t, nil)
	t.overrun, t.err = true, errOverrun
}

// tooFar reports that the transaction at start is so far behind that what is between it and the end of the log is left out.
func (m *Mirror) tooFar(start wal.LSN) bool {
	return m.opt.MaxLog > 0 && m.opt.Bootstrap != nil && m.eng.DurableLSN() > start+wal.LSN(m.opt.MaxLog)
}

// leap takes the tail to the present: all tables become copies, of a snapshot that is taken later.
func (m *Mirror) leap(ctx context.Context) error {
	snap := m.eng.Snapshot()
	defer snap.Release()
	schemas, err := m.opt.Bootstrap(ctx, snap)
	if err != nil {
		return fmt.Errorf("leap to %s: %w", snap.LSN(), err)
	}
	if _, err := m.eng.Log().Durable().Wait(ctx, snap.LSN()); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.log.Warn("mirror leaves out log that it is too far behind of", "from", m.applied, "to", snap.LSN())
	m.applied, m.changed = snap.LSN(), true
	alive := map[uint32]bool{}
	for _, s := range schemas {
		if s.Dropped {
			continue
		}
		alive[s.TableID] = true
		m.leapTableLocked(s, snap.LSN())
	}
	for id, t := range m.tables {
		if !alive[id] && !t.dropped {
			gone := *t.schema
			gone.Dropped = true
			m.dropTableLocked(t, &gone, snap.LSN())
		}
	}
	return &tail.Skip{To: snap.LSN()}
}

// leapTableLocked makes a table what it is at the place that leap goes to.
func (m *Mirror) leapTableLocked(s *change.Schema, to wal.LSN) {
	t := m.tables[s.TableID]
	off := option(s, "mirror") == "off"
	switch {
	case t == nil:
		t = m.newTable(s)
		m.tables[t.id] = t
		t.off = off
	case off && !t.off:
		m.dropTableLocked(t, s, to)
	}
	if off {
		return
	}
	if s.StorageID != t.schema.StorageID {
		m.retireLakeLocked(t, to)
	}
	delete(m.byStorage, t.schema.StorageID)
	m.byStorage[s.StorageID] = t
	t.schema, t.fatal, t.off, t.dropped, t.skip = s, nil, false, false, 0
	m.overrunLocked(t)
}

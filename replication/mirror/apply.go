package mirror

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tarndb/tarn/replication/tail"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/wal"
)

var _ tail.Sink = (*Mirror)(nil)

// firstTable is the first storage id that is not the engine's or the catalog's.
const firstTable = 100

// Apply takes a transaction into the tail (tail.Sink).
func (m *Mirror) Apply(ctx context.Context, txn *tail.Txn) error {
	if err := m.waitRoom(ctx); err != nil {
		return err
	}
	if m.tooFar(txn.Start) {
		return m.leap(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.touched, m.uncounted = m.touched[:0], 0
	m.large = txn.Large()
	m.readyCopiesLocked(txn.Start)
	var op change.Op
	for txn.Next(&op) {
		switch op.Kind {
		case change.KindPut, change.KindDelete:
			if op.Kind == change.KindPut && change.IsLoad(op.Key) {
				if t := m.byStorage[change.TableOf(op.Key)]; t != nil && t.follows(txn.End) {
					m.applyLoadLocked(t, &op)
				}
				continue
			}
			if change.IndexOf(op.Key) != change.PrimaryIndex || change.TableOf(op.Key) < firstTable {
				continue
			}
			if t := m.byStorage[change.TableOf(op.Key)]; t != nil && t.follows(txn.End) {
				m.applyRowLocked(t, &op)
			}
		case change.KindDeleteRange:
			m.applyRangeLocked(&op, txn.End)
		case change.KindSchema:
			s, err := op.Schema()
			if err != nil {
				return err
			}
			m.applySchemaLocked(ctx, s, txn.End)
		case change.KindIngest:
			t := m.byStorage[op.Table]
			if t != nil && op.Index == change.PrimaryIndex && (t.follows(txn.End) || t.copying != nil && txn.End > t.skip) {
				m.startCopyLocked(t, nil)
				if c := t.copying; c != nil {
					c.notBefore = time.Now().Add(m.maxLag(t.schema))
				}
			}
		}
	}
	if err := txn.Err(); err != nil {
		return err
	}
	urgent := false
	for _, t := range m.touched {
		t.pending = false
		if len(t.segs) == 0 {
			continue // became a copy
		}
		seg := t.open()
		seg.commit(txn.End)
		if seg.since.IsZero() {
			seg.since = time.Now()
			urgent = true
		}
		m.bytes += seg.bytes - seg.counted
		seg.counted = seg.bytes
		if len(seg.ids) >= m.opt.TailRows || seg.bytes >= m.opt.TailBytes || len(seg.files) > 0 {
			t.asked, urgent = true, true
		}
	}
	m.applied = txn.End
	m.readyCopiesLocked(txn.End)
	if urgent {
		m.poke()
	}
	return nil
}

// waitRoom blocks while the tails hold more than they may.
func (m *Mirror) waitRoom(ctx context.Context) error {
	for {
		m.mu.Lock()
		if m.bytes <= m.opt.MemoryBytes {
			m.mu.Unlock()
			return nil
		}
		for _, t := range m.tables {
			t.asked = true
			m.pruneLocked(t)
		}
		if m.room == nil {
			m.room = make(chan struct{})
		}
		room := m.room
		m.mu.Unlock()
		m.poke()
		select {
		case <-room:
		case <-time.After(saveEvery):
			m.boundLog()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// forgetLocked takes a segment out of the books.
func (m *Mirror) forgetLocked(s *segment) {
	m.bytes -= s.counted
	s.counted = 0
	if m.room != nil && m.bytes <= m.opt.MemoryBytes {
		close(m.room)
		m.room = nil
	}
}

// follows reports whether the row changes of the transaction that ends at lsn are news to the table's segments.
func (t *table) follows(lsn wal.LSN) bool {
	return lsn > t.skip && t.fatal == nil && !t.dropped && !t.off && (t.copying == nil || t.copying.ready)
}

func (m *Mirror) touchLocked(t *table) *segment {
	if !t.pending {
		t.pending = true
		m.touched = append(m.touched, t)
		if m.large {
			m.nextSegmentLocked(t, t.open().m)
		}
	}
	return t.open()
}

func (m *Mirror) applyRowLocked(t *table, op *change.Op) {
	seg := m.touchLocked(t)
	if op.Kind == change.KindPut && m.uncounted+int64(len(op.Value)) > m.opt.MemoryBytes/2 {
		// One transaction fills the memory: the rows are read from a snapshot instead.
		m.uncounted -= seg.bytes - seg.counted
		m.startCopyLocked(t, nil)
		return
	}
	before := seg.bytes
	// An update of a lake table's row has a delete of its own.
	if op.OldRowID != 0 && (op.Kind == change.KindDelete || !change.IsLakeRow(op.Key)) {
		seg.appendDelete(op.OldRowID)
	}
	if op.Kind == change.KindDelete {
		return
	}
	var err error
	if m.scratch, err = seg.appendRow(t.layout, op.RowID(), op.Value, m.scratch); err != nil {
		m.log.Error("mirror cannot read a row", "table", t.name(), "err", err)
		m.setFatalLocked(t, err)
		return
	}
	if op.OldRowID != 0 && t.m.feed() {
		seg.replaces(op.OldRowID)
	}
	m.uncounted += seg.bytes - before
}

func (m *Mirror) applyRangeLocked(op *change.Op, end wal.LSN) {
	for storage, t := range m.byStorage {
		lo := change.AppendKeyPrefix(nil, storage, change.PrimaryIndex)
		hi := change.AppendKeyPrefix(nil, storage, change.PrimaryIndex+1)
		if string(op.Value) <= string(lo) || string(op.Key) >= string(hi) || !t.follows(end) || lakeOnly(storage, op.Key, op.Value) {
			continue
		}
		if string(op.Key) > string(lo) || string(op.Value) < string(hi) {
			m.startCopyLocked(t, nil) // which rows went is not said
			continue
		}
		m.resetLocked(t, t.m)
	}
}

// resetLocked starts a segment before which nothing counts.
func (m *Mirror) resetLocked(t *table, mp *mapping) {
	structural := mp != t.open().m
	seg := m.nextSegmentLocked(t, mp)
	seg.reset = true
	seg.structural = seg.structural || structural
	m.touchLocked(t)
}

// nextSegmentLocked seals the open segment at what is applied and opens another for the rest of the transaction. What
// the transaction itself has put into the old one goes. A segment in which nothing is committed is replaced.
func (m *Mirror) nextSegmentLocked(t *table, mp *mapping) *segment {
	open, seg := t.open(), newSegment(max(m.applied, t.skip), mp)
	if open.empty() {
		m.forgetLocked(open)
		t.segs = t.segs[:len(t.segs)-1]
		seg.reset, seg.structural = open.reset, open.structural
	} else {
		open.truncate(open.committed())
		open.end = m.applied
	}
	t.segs = append(t.segs, seg)
	return seg
}

func (m *Mirror) setFatalLocked(t *table, err error) {
	t.fatal, t.err = err, err
	m.dropStateLocked(t)
	m.changed = true
	t.wakeLocked()
}

// dropStateLocked lets go of versions and segments.
func (m *Mirror) dropStateLocked(t *table) {
	for _, s := range t.segs {
		m.forgetLocked(s)
	}
	t.vers, t.segs, t.pending = nil, nil, false
	t.gen++
	if t.copying != nil {
		t.copying.release()
		t.copying = nil
	}
}

// startCopyLocked gives up the table's state for a copy of the whole table. text names columns that become strings.
func (m *Mirror) startCopyLocked(t *table, text map[int16]bool) {
	all := map[int16]bool{}
	if t.copying != nil {
		for a := range t.copying.text {
			all[a] = true
		}
	} else if t.m != nil {
		for a := range t.m.text() {
			all[a] = all[a] || t.m.text()[a]
		}
	}
	for a, on := range text {
		all[a] = all[a] || on
	}
	m.dropStateLocked(t)
	if t.fatal == nil {
		t.copying = &tableCopy{text: all, work: newWork(WorkCopy, phaseWaiting)}
		t.copying.work.background = true
	}
	m.changed = true
	t.wakeLocked()
	m.poke()
}

// applySchemaLocked takes news about a table.
func (m *Mirror) applySchemaLocked(ctx context.Context, s *change.Schema, end wal.LSN) {
	t := m.tables[s.TableID]
	off := option(s, "mirror") == "off"
	switch {
	case t == nil && (s.Dropped || off):
		if off && !s.Dropped {
			t = m.newTable(s)
			t.off = true
			m.tables[t.id], m.changed = t, true
		}
		return
	case t == nil:
		// This looks into the table's directory with the mutex held: nothing else may move in mid-transaction.
		t = m.createTable(ctx, s, end)
		m.tables[t.id], m.byStorage[t.schema.StorageID] = t, t
		m.changed = true
		if t.follows(end) {
			m.touchLocked(t)
		}
		return
	case s.Dropped || off:
		if end > t.skip || t.copying != nil {
			m.dropTableLocked(t, s, end)
		}
		return
	}
	if end <= t.skip && t.copying == nil {
		return // the version that was loaded has it
	}
	m.changed = true
	moved := s.StorageID != t.schema.StorageID
	if moved {
		delete(m.byStorage, t.schema.StorageID)
		m.byStorage[s.StorageID] = t
		m.retireLakeLocked(t, end)
	}
	if t.fatal != nil || t.off || t.dropped {
		t.fatal, t.err, t.off, t.dropped, t.m = nil, nil, false, false, nil
		t.schema = s
		m.byStorage[s.StorageID] = t
		m.startCopyLocked(t, nil)
		return
	}
	if t.copying != nil && !t.copying.ready {
		t.schema = s
		return
	}
	prev := t.m
	if moved {
		prev = nil
	}
	mp, compatible, err := newMapping(s, prev, t.m.text())
	if err == nil {
		old := t.m
		err = t.setSchemaLocked(s, mp)
		if err == nil {
			m.changeSegmentLocked(t, old, mp, moved, compatible)
		}
	}
	if err != nil {
		t.schema = s
		m.log.Warn("table cannot be mirrored", "table", t.name(), "err", err)
		m.setFatalLocked(t, err)
	}
}

// changeSegmentLocked makes the open segment one of the new mapping.
func (m *Mirror) changeSegmentLocked(t *table, old, mp *mapping, moved, compatible bool) {
	open := t.open()
	switch {
	case moved:
		m.resetLocked(t, mp)
	case !compatible, open.uncommitted():
		m.startCopyLocked(t, nil)
	case len(old.schema.Columns) == len(mp.schema.Columns) && len(old.columns) == len(mp.columns) && mp.print.Equal(old.print) &&
		old.clusteringTag() == mp.clusteringTag() && old.feed() == mp.feed():
		open.m = mp // a rename of the table, a NOT NULL: nothing that Delta shows
	default:
		m.nextSegmentLocked(t, mp).structural = true
		m.touchLocked(t)
	}
}

// dropTableLocked is for a table that snapshots from lsn on do not have.
func (m *Mirror) dropTableLocked(t *table, s *change.Schema, lsn wal.LSN) {
	m.dropStateLocked(t)
	delete(m.byStorage, t.schema.StorageID)
	t.dropped, t.off, t.remove, m.changed = s.Dropped, !s.Dropped, true, true
	// What was to be skipped was in a copy that is given up: the record that turns the mirror on again counts.
	m.retireLakeLocked(t, lsn)
	t.schema, t.fatal, t.skip, t.goneAt = s, nil, 0, lsn
	t.wakeLocked()
	m.poke()
}

// createTable makes a table that the log tells of first. After a restart its Delta table may be there already, with
// this transaction and later ones in it.
func (m *Mirror) createTable(ctx context.Context, s *change.Schema, end wal.LSN) *table {
	t := m.newTable(s)
	if located(t.dir) && end <= m.branchLSN() {
		m.intoWarehouse(t)
	}
	t.pub.Lock()
	defer t.pub.Unlock()
	stale := false
	if err := t.openLog(ctx); err != nil {
		if change.IsLake(s.StorageID) {
			t.fatal, t.err = err, err // its files may be all that there is of its rows
			return t
		}
		stale = true
		m.log.Warn("mirror removes a damaged delta table", "table", t.name(), "err", err)
		if err := removeAll(ctx, t.store); err != nil {
			t.fatal, t.err = err, err
			return t
		}
		t.log, _ = delta.Open(ctx, t.store)
	}
	if t.log != nil && t.log.Version() >= 0 {
		v, err := m.loadVersion(ctx, t)
		if err == nil && v.lsn >= end && t.setSchemaLocked(v.m.schema, v.m) == nil {
			t.skip = v.lsn
			t.vers = []*version{v}
			t.segs = []*segment{newSegment(v.lsn, v.m)}
			return t
		}
		if err != nil && !errors.Is(err, errNotOurs) && change.IsLake(s.StorageID) {
			t.fatal, t.err = err, err
			return t
		}
		if located(t.dir) && errors.Is(err, errNotOurs) {
			t.fatal = fmt.Errorf("%s: %w", t.store.URL(""), err) // the location was free when the statement looked
			t.err = t.fatal
			return t
		}
		stale = true
	}
	if err := m.mark(ctx, t); err != nil {
		t.fatal, t.err = err, err
		return t
	}
	mp, _, err := newMapping(s, nil, nil)
	if err == nil {
		err = t.setSchemaLocked(s, mp)
	}
	if err != nil {
		m.log.Warn("table cannot be mirrored", "table", t.name(), "err", err)
		t.fatal, t.err = err, err
		return t
	}
	// Only the tail, which is calling, changes m.applied.
	t.vers = []*version{newVersion(m.applied, -1, mp, nil)}
	seg := newSegment(m.applied, mp)
	seg.structural, seg.reset = true, stale
	t.segs = []*segment{seg}
	return t
}

func removeAll(ctx context.Context, s object.Store) error {
	infos, err := s.List(ctx, "", "")
	if err != nil {
		return err
	}
	for _, i := range infos {
		if err := s.Delete(ctx, i.Key); err != nil {
			return fmt.Errorf("remove delta table: %w", err)
		}
	}
	return nil
}

// readyCopiesLocked lets copies go on whose snapshot the tail has reached; before is the start of what comes next.
func (m *Mirror) readyCopiesLocked(before wal.LSN) {
	if m.awaited == 0 {
		return
	}
	m.awaited = 0
	for _, t := range m.tables {
		c := t.copying
		if c == nil || c.snap == nil || c.ready {
			continue
		}
		if m.applied < c.at && before < c.at {
			m.awaited++
			continue
		}
		m.startScanLocked(t, c)
	}
}

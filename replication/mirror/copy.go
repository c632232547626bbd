package mirror

import (
	"context"
	"errors"
	"fmt"
	"sort"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/tuple"
)

func (c *tableCopy) release() {
	if c.snap != nil {
		c.snap.Release()
		c.snap = nil
	}
}

// snapshotCopy takes the snapshot that becomes the table's content. It is not older than the tail, so that the tail
// will come to it; what the tail brings until then is in it.
func (m *Mirror) snapshotCopy(ctx context.Context, t *table) error {
	for {
		m.mu.Lock()
		c := t.copying
		if c == nil || c.snap != nil || t.dropped {
			m.mu.Unlock()
			return nil
		}
		snap := m.eng.Snapshot()
		applied := m.applied
		if snap.LSN() >= applied {
			c.snap, c.at = snap, snap.LSN()
			t.skip = c.at
			m.awaited++
			m.readyCopiesLocked(applied)
			m.mu.Unlock()
			return nil
		}
		m.mu.Unlock()
		snap.Release()
		// The tail reads what is durable, which may be a moment ahead of what is visible.
		if err := m.eng.WaitVisible(ctx, applied); err != nil {
			return err
		}
	}
}

// startScanLocked lets the scan begin: the tail stands at the snapshot, so the table's schema is the snapshot's. What
// comes after it goes into a segment.
func (m *Mirror) startScanLocked(t *table, c *tableCopy) {
	mp, _, err := newMapping(t.schema, nil, c.text)
	if err == nil {
		err = t.setSchemaLocked(t.schema, mp)
	}
	if err != nil {
		m.log.Warn("table cannot be mirrored", "table", t.name(), "err", err)
		m.setFatalLocked(t, err)
		return
	}
	c.ready, c.schema, c.m, c.layout = true, t.schema, mp, t.layout
	t.segs = []*segment{newSegment(c.at, mp)}
	m.poke()
}

// errRestart says that what was copied is void.
var errRestart = errors.New("table changed while it was copied")

// copyTable scans the snapshot into files and makes them the table's content in one Delta commit.
func (m *Mirror) copyTable(ctx context.Context, t *table) error {
	m.mu.Lock()
	c := t.copying
	if c == nil || !c.ready || c.snap == nil || t.dropped {
		m.mu.Unlock()
		return nil
	}
	snap := c.snap
	snap.Retain()
	m.mu.Unlock()
	defer snap.Release()

	c.work.restart(phaseCopying)
	files, err := m.scan(ctx, t, c, snap)
	defer func() {
		for _, f := range files {
			m.landed(t, f.f.key)
		}
	}()
	var fb *fallbackError
	if errors.As(err, &fb) {
		m.log.Info("mirror column becomes a string column", "table", t.name(), "column", fb.column, "err", fb)
		m.mu.Lock()
		defer m.mu.Unlock()
		if t.copying == c {
			m.startCopyLocked(t, map[int16]bool{fb.attnum: true})
		}
		return nil
	}
	if errors.Is(err, errRestart) {
		return nil // whoever voided it has asked for another
	}
	if err != nil {
		return fmt.Errorf("copy table: %w", err)
	}
	c.work.enter(phaseSyncing)
	// I5: the snapshot may show what is not durable yet.
	if _, err := m.eng.Log().Durable().Wait(ctx, c.at); err != nil {
		return err
	}
	c.work.enter(phaseCommitting)
	t.pub.Lock()
	defer t.pub.Unlock()
	if err := t.openLog(ctx); !change.IsLake(c.schema.StorageID) && (errors.Is(err, delta.ErrCorrupt) || errors.Is(err, delta.ErrFeature)) {
		m.log.Warn("mirror removes a delta log that it cannot read", "table", t.name(), "err", err)
		err = removeLog(ctx, t.store)
		if err == nil {
			err = t.openLog(ctx)
		}
		if err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	m.mu.Lock()
	void := t.copying != c || t.dropped
	m.mu.Unlock()
	if void {
		return nil
	}
	if err := m.opt.Step("files"); err != nil {
		return err
	}
	cm := m.newCommit(t, c.m, c.at)
	cm.structural = true
	cm.removeAll()
	cm.add(files)
	number, err := cm.commit(ctx, "COPY")
	if err != nil {
		return err
	}
	if err := m.opt.Step("committed"); err != nil {
		return err
	}
	m.mu.Lock()
	m.countLocked(&m.stats.Copies, files...)
	if t.copying == c {
		t.copying.release()
		t.copying, t.overrun = nil, false
		m.installLocked(t, newVersion(c.at, number, c.m, files))
		m.changed = true
		if s := t.unpublishedLocked(); s != nil {
			m.poke()
		}
	}
	m.mu.Unlock()
	return m.maintain(ctx, t)
}

// scan writes the rows of the snapshot, which is the caller's own reference, to files, each in row-id order.
func (m *Mirror) scan(ctx context.Context, t *table, c *tableCopy, snap *engine.Snapshot) (files []*fileState, err error) {
	lo := change.AppendKeyPrefix(nil, c.schema.StorageID, change.PrimaryIndex)
	hi := change.AppendKeyPrefix(nil, c.schema.StorageID, change.PrimaryIndex+1)
	it := snap.NewIter(lo, hi)
	defer it.Close()
	buf := &rowBuffer{m: c.m, cols: make([][]tuple.Value, len(c.schema.Columns))}
	rows := int64(0)
	for ok := it.First(); ok; ok = it.Next() {
		if err := buf.add(c.layout, it.Value()); err != nil {
			return files, err
		}
		if rows++; rows%writeRows == 0 {
			c.work.rows.Store(rows)
			m.mu.Lock()
			void := t.copying != c || t.dropped
			m.mu.Unlock()
			if void {
				return files, errRestart
			}
			if ctx.Err() != nil {
				return files, context.Cause(ctx)
			}
		}
		if len(buf.ids) >= m.opt.FileRows || buf.bytes > 2*m.opt.TailBytes {
			if files, err = m.writeBuffer(ctx, t, buf, files, c.work); err != nil {
				return files, err
			}
		}
	}
	if err := it.Error(); err != nil {
		return files, err
	}
	c.work.rows.Store(rows)
	return m.writeBuffer(ctx, t, buf, files, c.work)
}

// rowBuffer collects rows of a scan, in key order, until they make a file.
type rowBuffer struct {
	m       *mapping
	cols    [][]tuple.Value
	ids     []uint64
	bytes   int64
	arena   arena
	scratch []tuple.Value
}

func (b *rowBuffer) add(l *tuple.Layout, row []byte) error {
	b.scratch = b.scratch[:0]
	for range b.cols {
		b.scratch = append(b.scratch, tuple.Null)
	}
	if err := l.Decode(row, nil, b.scratch); err != nil {
		return err
	}
	b.ids = append(b.ids, tuple.RowID(row))
	for _, c := range b.m.columns {
		v := b.scratch[c.pos]
		if !v.IsScalar() && !v.IsNull() {
			v = tuple.Bytes(b.arena.copy(v.Bytes()))
			b.bytes += int64(v.Len())
		}
		b.cols[c.pos] = append(b.cols[c.pos], v)
		b.bytes += valueSize
	}
	return nil
}

// writeBuffer writes a file of the buffered rows and empties the buffer.
func (m *Mirror) writeBuffer(ctx context.Context, t *table, b *rowBuffer, files []*fileState, done *work) ([]*fileState, error) {
	n := len(b.ids)
	if n == 0 {
		return files, nil
	}
	at := make([]uint32, n)
	sorted := true
	for i := range at {
		at[i] = uint32(i)
		sorted = sorted && (i == 0 || b.ids[i-1] < b.ids[i])
	}
	if !sorted {
		sort.Slice(at, func(i, j int) bool { return b.ids[at[i]] < b.ids[at[j]] })
	}
	first, last := b.ids[at[0]], b.ids[at[n-1]]
	w, err := newFile(ctx, t.store, b.m, last-first+1 != uint64(n))
	if err != nil {
		return files, err
	}
	defer w.abort()
	m.takeOff(t, w.key)
	err = w.rows(b.cols, b.ids, at)
	var f *fileState
	if err == nil {
		f, err = w.finish(true)
	}
	if err != nil {
		m.landed(t, w.key)
		return files, err
	}
	b.empty()
	done.files.Add(1)
	done.bytes.Add(f.f.bytes)
	return append(files, f), nil
}

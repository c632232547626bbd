package mirror

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/wal"
)

// Status is a row of tarn.mirrors.
type Status struct {
	Table        uint32
	SchemaName   string
	TableName    string
	DeltaPath    string
	DeltaVersion int64 // -1: nothing is published yet
	PublishedLSN wal.LSN
	LagBytes     int64         // of log that holds something of the table and is not published
	Lag          time.Duration // since the first change that is not published
	TailRows     int64
	Files        int
	FileBytes    int64
	DeletedRows  int64
	State        State
	LastError    string
	Text         []string // columns that are strings in Delta because of a value that their own type does not hold there
	Renamed      []string // columns that have another name in Delta: "name as name"
}

// Status describes all mirrored tables, by name.
func (m *Mirror) Status() []Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Status
	for _, t := range m.tables {
		if t.dropped || t.off {
			continue
		}
		out = append(out, m.statusLocked(t))
	}
	if m.waiting != nil { // and the start is not over
		for _, t := range m.unloaded {
			s := m.statusLocked(t)
			s.State, s.LastError = StateError, m.waiting.Error()
			out = append(out, s)
		}
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := &out[i], &out[j]
		if a.SchemaName != b.SchemaName {
			return a.SchemaName < b.SchemaName
		}
		return a.TableName < b.TableName
	})
	return out
}

// Copying reports whether a whole table is being copied, with success so far: Close makes the next Open begin again.
func (m *Mirror) Copying() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range m.tables {
		if t.copying != nil && t.err == nil && !t.dropped {
			return true
		}
	}
	return false
}

func (m *Mirror) statusLocked(t *table) Status {
	s := Status{Table: t.id, SchemaName: t.schema.SchemaName, TableName: t.schema.TableName, DeltaPath: t.store.URL(""),
		DeltaVersion: -1, State: StateActive}
	for _, seg := range t.segs {
		if len(t.vers) == 0 || seg.start >= t.newest().lsn {
			s.TailRows += int64(seg.committed().rows)
		}
	}
	if len(t.vers) > 0 {
		v := t.newest()
		s.DeltaVersion, s.PublishedLSN, s.Files = v.number, v.lsn, len(v.files)
		for _, f := range v.files {
			s.FileBytes += f.f.bytes
			s.DeletedRows += f.f.rows - f.live()
		}
		if seg := t.unpublishedLocked(); seg != nil {
			s.LagBytes, s.Lag = int64(m.applied-v.lsn), time.Since(seg.since)
		} else {
			s.PublishedLSN = max(s.PublishedLSN, m.applied)
		}
	}
	s.Text, s.Renamed = t.columnNotes()
	err := t.err
	switch {
	case m.failed != nil:
		s.State, err = StateError, m.failed
	case t.fatal != nil:
		s.State = StateError
	case t.copying != nil && t.overrun:
		s.State = StateOverrun
	case t.copying != nil:
		s.State = StateCopying
	case t.err != nil:
		s.State = StateError
	}
	if err != nil {
		s.LastError = err.Error()
	}
	return s
}

// columnNotes lists the columns that do not stand in Delta as they stand in the table.
func (t *table) columnNotes() (text, renamed []string) {
	mp := t.m
	if c := t.copying; c != nil && c.m != nil {
		mp = c.m
	}
	if mp == nil || t.fatal != nil {
		return nil, nil
	}
	for _, c := range mp.columns {
		name := mp.schema.Columns[c.pos].Name
		if c.Text {
			text = append(text, name)
		}
		if c.Name != name {
			renamed = append(renamed, name+" as "+c.Name)
		}
	}
	return text, renamed
}

// Metrics are counters since Open, and what is in memory now.
type Metrics struct {
	Applied      wal.LSN // what the tail has
	Saved        wal.LSN // from where a restart follows the log
	TailBytes    int64
	Tables       int
	Publications uint64 // Delta commits of changes
	Compactions  uint64
	Copies       uint64
	FilesWritten uint64
	BytesWritten uint64
}

// Metrics returns the counters.
func (m *Mirror) Metrics() Metrics {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.stats
	out.Applied, out.Saved, out.TailBytes, out.Tables = m.applied, m.saved, m.bytes, len(m.tables)
	return out
}

// countLocked adds a commit to the counters.
func (m *Mirror) countLocked(kind *uint64, files ...*fileState) {
	*kind++
	for _, f := range files {
		if f != nil {
			m.stats.FilesWritten++
			m.stats.BytesWritten += uint64(f.f.bytes)
		}
	}
}

// DeltaPath is where other engines find the table.
func (m *Mirror) DeltaPath(table uint32) (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.tables[table]
	if t == nil {
		t = m.unloaded[table]
	}
	if t == nil || t.dropped || t.off {
		return "", false
	}
	return t.store.URL(""), true
}

// Sync publishes what is committed up to lsn (0: what is durable now) for one table, or for all with id 0, and
// returns the LSN that is covered. It fails with the error of a table that cannot be published.
func (m *Mirror) Sync(ctx context.Context, lsn wal.LSN, id uint32) (wal.LSN, error) {
	select {
	case <-m.loaded:
	case <-m.stall:
		if err := m.starting(); err != nil {
			return 0, err
		}
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	case <-m.ctx.Done():
		return 0, ErrClosed
	case <-m.dead:
		m.mu.Lock()
		defer m.mu.Unlock()
		return 0, m.failed
	}
	if lsn == 0 {
		lsn = m.eng.DurableLSN()
	}
	if _, err := m.tail.Position().Wait(ctx, lsn); err != nil {
		return 0, err
	}
	m.mu.Lock()
	var all []*table
	for _, t := range m.tables {
		if id == 0 || t.id == id {
			all = append(all, t)
		}
	}
	m.mu.Unlock()
	if id != 0 && len(all) == 0 {
		return 0, fmt.Errorf("table %d: %w", id, ErrNotMirrored)
	}
	for _, t := range all {
		if err := m.syncTable(ctx, t, lsn, id != 0); err != nil {
			return 0, err
		}
	}
	return lsn, nil
}

// starting is why the start waits, nil once it is over.
func (m *Mirror) starting() error {
	select {
	case <-m.loaded:
		return nil
	default:
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return fmt.Errorf("mirror is not ready: %w", m.waiting)
}

// syncTable waits until the table's newest version covers lsn.
func (m *Mirror) syncTable(ctx context.Context, t *table, lsn wal.LSN, strict bool) error {
	for first := true; ; first = false {
		m.mu.Lock()
		if m.failed != nil {
			err := m.failed
			m.mu.Unlock()
			return err
		}
		if t.dropped || t.off || t.fatal != nil && !strict {
			m.mu.Unlock()
			return nil
		}
		if t.fatal != nil {
			err := t.fatal
			m.mu.Unlock()
			return fmt.Errorf("%w: %w", ErrNotMirrored, err)
		}
		if t.copying == nil {
			if s := t.unpublishedLocked(); s == nil || t.newest().lsn >= lsn || s.marks[0].lsn > lsn {
				m.mu.Unlock()
				return nil
			}
		}
		if t.err != nil && !first && time.Now().Before(t.retryAt) {
			err := t.err
			m.mu.Unlock()
			return fmt.Errorf("publish %s: %w", t.name(), err)
		}
		t.asked = true
		if first {
			t.retryAt = time.Time{}
		}
		ch := make(chan struct{})
		t.waiters = append(t.waiters, ch)
		m.mu.Unlock()
		m.poke()
		select {
		case <-ch:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-m.ctx.Done():
			return ErrClosed
		}
	}
}

// History returns the commits of the table's Delta log that are kept, the newest first (tarn.mirror_history).
func (m *Mirror) History(ctx context.Context, table uint32) ([]delta.HistoryEntry, error) {
	m.mu.Lock()
	var store object.Store
	if t := m.tables[table]; t != nil && !t.dropped && !t.off {
		store = t.store
	}
	m.mu.Unlock()
	if store == nil {
		return nil, fmt.Errorf("table %d: %w", table, ErrNotMirrored)
	}
	h, err := delta.History(ctx, store)
	if errors.Is(err, delta.ErrNoTable) {
		return nil, nil
	}
	return h, err
}

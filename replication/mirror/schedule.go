package mirror

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/object"
)

// saveEvery is how often the position is made durable. It bounds what a restart reads again, nothing else.
const saveEvery = time.Second

// removeEvery is how often a dropped table is looked at that snapshots may still read.
const removeEvery = time.Second / 4

// job is work on one table.
type job func(ctx context.Context, t *table) error

// schedule hands out work until the mirror closes: copies, publications that are due, compactions.
func (m *Mirror) schedule() {
	slots := make(chan struct{}, m.opt.Workers)
	merging := make(chan struct{}, 1)
	timer := time.NewTimer(saveEvery)
	defer timer.Stop()
	nextSave := time.Now().Add(saveEvery)
	for m.ctx.Err() == nil {
		wait := m.dispatch(slots, merging)
		if now := time.Now(); !now.Before(nextSave) {
			nextSave = now.Add(saveEvery)
			m.boundRowIDs()
			m.boundLog()
			if err := m.save(); err != nil {
				m.log.Error("mirror cannot save its position", "err", err)
			}
		}
		timer.Reset(min(wait, time.Until(nextSave)))
		select {
		case <-m.wake:
		case <-timer.C:
		case <-m.ctx.Done():
		}
	}
	// Wait for the workers, then leave the newest position behind.
	for range cap(slots) {
		slots <- struct{}{}
	}
	merging <- struct{}{}
	if err := m.save(); err != nil {
		m.log.Error("mirror cannot save its position", "err", err)
	}
}

// boundRowIDs lets go of the row ids that were used longest ago.
func (m *Mirror) boundRowIDs() {
	type loaded struct {
		f     *dataFile
		bytes int64
		used  time.Time
	}
	var all []loaded
	var sum int64
	m.mu.Lock()
	for _, t := range m.tables {
		if len(t.vers) == 0 {
			continue
		}
		for _, s := range t.newest().files {
			all = append(all, loaded{f: s.f})
		}
	}
	m.mu.Unlock()
	for i := range all {
		all[i].bytes, all[i].used = all[i].f.idBytes()
		sum += all[i].bytes
	}
	if sum <= m.opt.RowIDBytes {
		return
	}
	slices.SortFunc(all, func(a, b loaded) int { return a.used.Compare(b.used) })
	for _, l := range all {
		if sum <= m.opt.RowIDBytes {
			return
		}
		l.f.dropIDs()
		sum -= l.bytes
	}
}

// dispatch starts what is due and returns how long until more is.
func (m *Mirror) dispatch(slots, merging chan struct{}) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	now, wait := time.Now(), time.Minute
	for _, t := range m.tables {
		if len(t.vers) > 1 {
			m.pruneLocked(t)
			wait = min(wait, m.opt.KeepVersions)
		}
		if !t.compacting && t.wantMerge && !t.busy && len(merging) == 0 && t.unready() == nil {
			t.compacting, t.wantMerge = true, false
			merging <- struct{}{}
			m.start(t, m.compact, merging, &t.compacting)
		}
		if t.busy {
			continue
		}
		work, due := m.nextJobLocked(t)
		if work == nil {
			continue
		}
		if due.Before(t.retryAt) {
			due = t.retryAt
		}
		if due.After(now) {
			wait = min(wait, due.Sub(now))
			continue
		}
		if len(slots) == cap(slots) {
			continue // the end of a job wakes us
		}
		slots <- struct{}{}
		t.busy, t.asked = true, false
		m.start(t, work, slots, &t.busy)
	}
	return wait
}

func (t *table) unready() error {
	switch {
	case t.dropped || t.off:
		return ErrNotMirrored
	case t.fatal != nil:
		return errors.Join(ErrNotMirrored, t.fatal)
	case t.copying != nil:
		return ErrNotReady
	}
	return nil
}

func (m *Mirror) nextJobLocked(t *table) (job, time.Time) {
	if len(t.outlived) > 0 {
		return m.bury, time.Time{}
	}
	switch c := t.copying; {
	case t.dropped || t.off:
		if !t.remove || t.compacting || len(t.pinned) > 0 {
			return nil, time.Time{}
		}
		if m.eng.OldestSnapshot() < t.goneAt {
			return m.removeTable, time.Now().Add(removeEvery)
		}
		if m.wanted(t) {
			return m.leaveTable, time.Time{}
		}
		return m.removeTable, time.Time{}
	case t.fatal != nil:
		return nil, time.Time{}
	case c != nil && c.snap == nil && t.asked:
		return m.snapshotCopy, time.Time{}
	case c != nil && c.snap == nil:
		return m.snapshotCopy, c.notBefore
	case c != nil && c.ready:
		return m.copyTable, time.Time{}
	case c != nil:
		return nil, time.Time{}
	}
	if t.adoptDueLocked() && !time.Now().Before(t.adoptAt) {
		return m.adopt, time.Time{}
	}
	s := t.unpublishedLocked()
	if s == nil && t.adoptDueLocked() {
		return m.adopt, t.adoptAt
	}
	if s == nil {
		// What the newest version replaced goes when its time has come, though nothing is published meanwhile.
		due := t.newest().made.Add(m.opt.FileRetention)
		switch {
		case t.swept.IsZero():
			return m.tidy, time.Time{}
		case t.swept.Before(due):
			return m.tidy, due
		}
		return nil, time.Time{}
	}
	if t.asked {
		return m.publish, time.Time{}
	}
	// The rest of the lag is for the commit itself.
	return m.publish, s.since.Add(m.maxLag(t.schema) * 6 / 10)
}

// maxLag is the table's mirror_max_lag: a number of seconds, or with a unit of ms, s, min or h.
func (m *Mirror) maxLag(s *change.Schema) time.Duration {
	v := strings.ReplaceAll(strings.TrimSuffix(option(s, "mirror_max_lag"), "in"), " ", "")
	if v == "" {
		return m.opt.MaxLag
	}
	if d, err := time.ParseDuration(v); err == nil && d >= 0 {
		return d
	}
	if n, err := strconv.ParseFloat(v, 64); err == nil && n >= 0 {
		return time.Duration(n * float64(time.Second))
	}
	return m.opt.MaxLag
}

// start runs a job in its own goroutine; flag is cleared and the slot given back at its end.
func (m *Mirror) start(t *table, work job, slots chan struct{}, flag *bool) {
	m.wg.Go(func() {
		err := work(m.ctx, t)
		if err != nil && m.ctx.Err() == nil {
			m.jobFailed(t, err)
		}
		m.mu.Lock()
		*flag = false
		if err == nil && t.unready() == nil {
			t.failures = 0
			inputs, _ := m.planNext(t.newest(), m.spareLocked(t))
			t.wantMerge = len(inputs) > 0
		}
		m.mu.Unlock()
		<-slots
		m.poke()
	})
}

// jobFailed decides what an error means for the table.
func (m *Mirror) jobFailed(t *table, err error) {
	m.mu.Lock()
	copied := t.copying != nil
	m.mu.Unlock()
	var foreign *foreignError
	if errors.As(err, &foreign) {
		m.reconcile(t)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var fb *fallbackError
	switch {
	case t.dropped || t.off:
	case errors.As(err, &fb):
		m.log.Info("mirror column becomes a string column", "table", t.name(), "column", fb.column, "err", fb)
		m.startCopyLocked(t, map[int16]bool{fb.attnum: true})
		return
	case errors.Is(err, errLost), errors.Is(err, delta.ErrCorrupt):
		m.log.Error("mirror copies a table anew", "table", t.name(), "err", err)
		m.startCopyLocked(t, nil)
	default:
		m.log.Error("mirror cannot publish", "table", t.name(), "err", err)
	}
	t.err = err
	if t.copying != nil && !copied {
		return // the copy that has been decided on starts at once
	}
	t.failures++
	t.retryAt = time.Now().Add(m.backoff(t.failures))
	t.wakeLocked()
}

// reconcile reads the Delta log again after a commit whose outcome is not known, or that another writer came before.
func (m *Mirror) reconcile(t *table) {
	t.pub.Lock()
	defer t.pub.Unlock()
	err := t.openLog(m.ctx)
	var v *version
	if err == nil {
		v, err = m.loadVersion(m.ctx, t)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if t.unready() != nil {
		return
	}
	if object.NoAnswer(err) {
		return // the next attempt reads the log first
	}
	base := t.newest()
	if errors.Is(err, errNotOurs) && base.number < 0 {
		return // nothing was committed
	}
	if err == nil && v.number == base.number {
		return
	}
	if err == nil && v.number == base.number+1 {
		for _, s := range t.segs {
			if s.end == v.lsn && s.start >= base.lsn && !s.empty() {
				v.m = s.m
				m.installLocked(t, v)
				return
			}
		}
	}
	m.log.Warn("delta table was changed by another writer; mirror copies it anew", "table", t.name(), "err", err)
	m.startCopyLocked(t, nil)
}

// removeTable deletes the Delta table of a dropped table.
func (m *Mirror) removeTable(ctx context.Context, t *table) error {
	t.pub.Lock()
	defer t.pub.Unlock()
	m.mu.Lock()
	revived := !t.dropped && !t.off
	m.mu.Unlock()
	if revived {
		return nil // its copy replaces the content
	}
	t.log = nil
	m.forgetLake(t.dir)
	if err := removeTableFiles(ctx, t.store, located(t.dir)); err != nil {
		return err
	}
	if err := m.unmark(ctx, t.dir); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	t.remove = false
	if t.dropped && m.tables[t.id] == t {
		delete(m.tables, t.id)
	}
	m.changed = true
	return nil
}

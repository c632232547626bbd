package mirror

import (
	"context"
	"fmt"
	"sort"
	"time"
)

// Optimize publishes what is committed of a table and merges its files until none is small beside another and none has dead
// rows, whatever the thresholds of the background are.
func (m *Mirror) Optimize(ctx context.Context, id uint32) error {
	if _, err := m.Sync(ctx, 0, id); err != nil {
		return err
	}
	t, err := m.takeMerge(ctx, id)
	if err != nil {
		return err
	}
	defer func() {
		m.mu.Lock()
		t.compacting = false
		m.mu.Unlock()
		m.poke()
	}()
	w := m.beginWork(t, WorkOptimize, false, phaseMerging)
	defer m.endWork(t, w)
	for {
		m.mu.Lock()
		if err := t.unready(); err != nil {
			m.mu.Unlock()
			return fmt.Errorf("table %s: %w", t.name(), err)
		}
		base, gen := t.newest(), t.gen
		m.mu.Unlock()
		inputs := planAll(base)
		if len(inputs) == 0 {
			return nil
		}
		if err := m.rewrite(ctx, t, base, inputs, gen, w); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
	}
}

// takeMerge waits until nobody merges files of the table and keeps others from it.
func (m *Mirror) takeMerge(ctx context.Context, id uint32) (*table, error) {
	for {
		m.mu.Lock()
		t := m.tables[id]
		if t == nil || t.dropped || t.off {
			m.mu.Unlock()
			return nil, fmt.Errorf("table %d: %w", id, ErrNotMirrored)
		}
		if !t.compacting {
			t.compacting = true
			m.mu.Unlock()
			return t, nil
		}
		m.mu.Unlock()
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-m.ctx.Done():
			return nil, ErrClosed
		}
	}
}

// planAll chooses files for one merge, nil when all is well: neighbours in row-id order that fit into one file, of which at
// least two are to be joined or one has dead rows.
func planAll(v *version) []*fileState {
	files := append([]*fileState(nil), v.files...)
	sort.Slice(files, func(i, j int) bool { return files[i].f.first < files[j].f.first })
	var out []*fileState
	var bytes int64
	dead := false
	worth := func() bool { return len(out) > 1 || dead }
	for _, f := range files {
		rotten := f.live() < f.f.rows
		if f.f.bytes >= maxMerge/2 && !rotten {
			continue
		}
		if len(out) > 0 && (f.f.first <= out[len(out)-1].f.last || bytes+f.f.bytes > maxMerge) {
			if worth() {
				return out
			}
			out, bytes, dead = nil, 0, false
		}
		out, bytes, dead = append(out, f), bytes+f.f.bytes, dead || rotten
	}
	if !worth() {
		return nil
	}
	return out
}

// Vacuum removes the files that the table's newest version does not name and that it has not named for so long. Those that
// Views and snapshots read stay. A negative time is Options.FileRetention.
func (m *Mirror) Vacuum(ctx context.Context, id uint32, retain time.Duration) error {
	if _, err := m.Sync(ctx, 0, id); err != nil {
		return err
	}
	if retain < 0 {
		retain = m.opt.FileRetention
	}
	m.mu.Lock()
	t := m.tables[id]
	m.mu.Unlock()
	if t == nil {
		return fmt.Errorf("table %d: %w", id, ErrNotMirrored)
	}
	t.pub.Lock()
	defer t.pub.Unlock()
	if err := t.openLog(ctx); err != nil {
		return err
	}
	return m.sweepOlder(t, retain, false)
}

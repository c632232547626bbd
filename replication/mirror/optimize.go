package mirror

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/tarndb/tarn/storage/engine"
)

// Rewriting says what Optimize is to do.
type Rewriting struct {
	Where  []engine.Condition // only files that may have rows for which all hold
	ZOrder []int16            // attribute numbers of columns by which all of these files are clustered
	Full   bool               // a clustered table: also files that are clustered
}

// Optimize publishes what is committed of a table and merges its files until none is small beside another and none has dead
// rows, whatever the thresholds of the background are. Files of a clustered table, or all by ZOrder, are clustered instead.
func (m *Mirror) Optimize(ctx context.Context, id uint32, how Rewriting) error {
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
		inputs, by := how.plan(base)
		if len(inputs) == 0 {
			return nil
		}
		if err := m.rewrite(ctx, t, base, inputs, by, gen, w); err != nil || by != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
	}
}

// plan chooses files for one rewrite, and by what they are to be clustered, nil: they are merged.
func (how *Rewriting) plan(v *version) ([]*fileState, *clustering) {
	files := slices.Clone(v.files)
	if where := v.m.conditions(how.Where); len(where) > 0 {
		files = slices.DeleteFunc(files, func(f *fileState) bool { return v.m.excludes(f.f, where) })
	}
	if len(how.ZOrder) > 0 {
		by := v.m.clusteringBy(how.ZOrder)
		if by == nil {
			return nil, nil
		}
		return files, by
	}
	by := v.m.clustering()
	switch {
	case by == nil:
		return planAll(files), nil
	case how.Full:
		return files, by
	}
	inputs, _ := planCluster(files, by, 0)
	return inputs, by
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
func planAll(files []*fileState) []*fileState {
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
// Views and snapshots read stay. A negative time is Options.FileRetention. dry: nothing is removed, and paths are the files that would be.
func (m *Mirror) Vacuum(ctx context.Context, id uint32, retain time.Duration, dry bool) (paths []string, err error) {
	if _, err := m.Sync(ctx, 0, id); err != nil {
		return nil, err
	}
	if retain < 0 {
		retain = m.opt.FileRetention
	}
	m.mu.Lock()
	t := m.tables[id]
	m.mu.Unlock()
	if t == nil {
		return nil, fmt.Errorf("table %d: %w", id, ErrNotMirrored)
	}
	t.pub.Lock()
	defer t.pub.Unlock()
	if err := t.openLog(ctx); err != nil {
		return nil, err
	}
	if !dry {
		return nil, m.sweepOlder(t, retain, false)
	}
	infos, err := m.removable(t, retain, false)
	for _, i := range infos {
		paths = append(paths, t.store.URL(i.Key))
	}
	return paths, err
}

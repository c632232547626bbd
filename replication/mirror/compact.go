package mirror

import (
	"context"
	"errors"
	"sort"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/tarndb/tarn/storage/tuple"
)

// maxMerge bounds the size of a merged file.
const maxMerge = 128 << 20

// plan chooses the files that a compaction rewrites into one: enough small files, of which each is at most twice as
// large as those before it together (so that a row is rewritten a logarithmic number of times), or files of which too
// much is deleted. nil: nothing to do.
func (m *Mirror) plan(v *version) []*fileState {
	var small, rotten []*fileState
	for _, f := range v.files {
		dead := f.f.rows - f.live()
		switch {
		case float64(dead) > m.opt.DeadRatio*float64(f.f.rows):
			rotten = append(rotten, f)
		case f.f.bytes < m.opt.SmallFile:
			small = append(small, f)
		}
	}
	var pick []*fileState
	if len(small) >= m.opt.MergeFiles {
		sort.Slice(small, func(i, j int) bool { return small[i].f.bytes < small[j].f.bytes })
		n, sum := 0, int64(64<<10)
		for n < len(small) && (small[n].f.bytes <= 2*sum || len(small) >= 4*m.opt.MergeFiles) {
			sum += small[n].f.bytes
			n++
		}
		if n >= m.opt.MergeFiles/2 {
			pick = small[:n]
		}
	}
	pick = append(pick, rotten...)
	sort.Slice(pick, func(i, j int) bool { return pick[i].f.first < pick[j].f.first })
	// One pass in row-id order needs files whose ids do not interleave.
	var out []*fileState
	var bytes int64
	for _, f := range pick {
		if len(out) > 0 && f.f.first <= out[len(out)-1].f.last {
			continue
		}
		if len(out) > 0 && bytes+f.f.bytes > maxMerge {
			break
		}
		out, bytes = append(out, f), bytes+f.f.bytes
	}
	if len(out) == 1 && float64(out[0].f.rows-out[0].live()) <= m.opt.DeadRatio*float64(out[0].f.rows) {
		return nil
	}
	return out
}

// compact rewrites the files of a plan, and deletes that arrive meanwhile are applied again by row id.
func (m *Mirror) compact(ctx context.Context, t *table) error {
	m.mu.Lock()
	if t.unready() != nil {
		m.mu.Unlock()
		return nil
	}
	base, gen := t.newest(), t.gen
	m.mu.Unlock()
	inputs := m.plan(base)
	if len(inputs) == 0 {
		return nil
	}
	out, err := m.merge(ctx, t, base.m, inputs, false)
	if err != nil {
		return err
	}
	used, err := m.swap(ctx, t, base, inputs, out, gen)
	if out != nil {
		m.settle(t, out.f.key, used, err)
	}
	return err
}

// settle ends the flight of a file: it is removed unless a commit names it, or may name it.
func (m *Mirror) settle(t *table, key string, used bool, err error) {
	var doubt *foreignError
	if !used && !errors.As(err, &doubt) {
		if derr := t.store.Delete(context.WithoutCancel(m.ctx), key); derr != nil {
			m.log.Warn("mirror cannot remove a file", "table", t.name(), "err", derr)
		}
	}
	m.landed(t, key)
}

// swap puts out in the place of the inputs, if the table is still what it was when they were read.
func (m *Mirror) swap(ctx context.Context, t *table, base *version, inputs []*fileState, out *fileState, gen int) (used bool, err error) {
	t.pub.Lock()
	defer t.pub.Unlock()
	if err := t.openLog(ctx); err != nil {
		return false, err
	}
	if err := m.opt.step("merged"); err != nil {
		return false, err
	}
	m.mu.Lock()
	if t.gen != gen {
		m.mu.Unlock()
		return false, nil
	}
	now := t.newest()
	m.mu.Unlock()
	if now.m != base.m {
		return false, nil // the schema changed; the next plan is of the new one
	}
	if err := t.checkBase(now); err != nil {
		return false, err
	}
	return m.replace(ctx, t, now, inputs, out, gen)
}

// merge writes the live rows of the inputs to one file; nil if there are none.
func (m *Mirror) merge(ctx context.Context, t *table, mp *mapping, inputs []*fileState, dataChange bool) (*fileState, error) {
	live := int64(0)
	for _, f := range inputs {
		live += f.live()
	}
	if live == 0 {
		return nil, nil
	}
	w, err := newFile(ctx, t.store, mp, true)
	if err != nil {
		return nil, err
	}
	defer w.abort()
	m.takeOff(t, w.key)
	for _, f := range inputs {
		if err := w.copyLive(ctx, t, f); err != nil {
			m.landed(t, w.key)
			return nil, err
		}
	}
	out, err := w.finish(dataChange)
	if err != nil {
		m.landed(t, w.key)
	}
	return out, err
}

// copyLive appends the rows of a file that are not dead.
func (w *fileWriter) copyLive(ctx context.Context, t *table, f *fileState) error {
	ids, err := f.f.rowIDs(ctx, t.store)
	if err != nil {
		return err
	}
	o, r, err := f.f.open(ctx, t.store)
	if err != nil {
		return err
	}
	defer o.Close()
	row := uint32(0)
	vals := make([][]tuple.Value, len(w.m.columns))
	for g := range r.RowGroups() {
		n := r.GroupRows(g)
		var keep []uint32 // positions in the row group
		for i := range n {
			if f.dead == nil || !f.dead.Contains(row+uint32(i)) {
				keep = append(keep, uint32(i))
			}
		}
		for i, c := range w.m.columns {
			if vals[i], err = r.Column(vals[i][:0], g, c.Name, c.typ); err != nil {
				return err
			}
		}
		for len(keep) > 0 {
			k := min(len(keep), writeRows)
			for i := range w.m.columns {
				w.batch[i] = w.batch[i][:0]
				for _, p := range keep[:k] {
					w.batch[i] = append(w.batch[i], vals[i][p])
				}
			}
			for _, p := range keep[:k] {
				w.ids = append(w.ids, ids.at(row+p))
			}
			if err := w.flush(k); err != nil {
				return err
			}
			keep = keep[k:]
		}
		row += uint32(n)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// replace commits out in place of the inputs on top of the newest version. Called with t.pub.
func (m *Mirror) replace(ctx context.Context, t *table, now *version, inputs []*fileState, out *fileState, gen int) (used bool, err error) {
	merged := map[*dataFile]*fileState{}
	for _, f := range inputs {
		merged[f.f] = f
	}
	c := m.newCommit(t, now.m, now.lsn)
	c.dataChange, c.txn = false, false
	var files []*fileState
	late := roaring.New()
	found := 0
	for _, f := range now.files {
		was := merged[f.f]
		if was == nil {
			files = append(files, f)
			continue
		}
		found++
		c.remove(f.add)
		if f.dead == nil {
			continue
		}
		if err := m.applyLate(ctx, t, was, f.dead, out, late); err != nil {
			return false, err
		}
	}
	// Inputs that are gone were wholly deleted meanwhile.
	for _, f := range inputs {
		gone := true
		for _, g := range now.files {
			gone = gone && g.f != f.f
		}
		if gone {
			all := roaring.New()
			all.AddRange(0, uint64(f.f.rows))
			if err := m.applyLate(ctx, t, f, all, out, late); err != nil {
				return false, err
			}
		}
	}
	if found == 0 {
		return false, nil
	}
	if out != nil && int64(late.GetCardinality()) < out.f.rows {
		if !late.IsEmpty() && rewrites(now.m) {
			return false, nil // tried again after the next publication
		}
		if !late.IsEmpty() {
			if out, err = c.withDead(out, late); err != nil {
				return false, err
			}
		}
		c.add([]*fileState{out})
		files = append(files, out)
	}
	number, err := c.commit(ctx, "OPTIMIZE")
	if err != nil {
		return false, err
	}
	if err := m.opt.step("compacted"); err != nil {
		return true, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.countLocked(&m.stats.Compactions, out)
	if t.gen == gen {
		m.installLocked(t, newVersion(now.lsn, number, now.m, files))
	}
	return true, nil
}

// applyLate adds to late the positions in out of the rows that are in dead now and were live when was was read.
func (m *Mirror) applyLate(ctx context.Context, t *table, was *fileState, dead *roaring.Bitmap, out *fileState, late *roaring.Bitmap) error {
	if was.dead != nil {
		dead = roaring.AndNot(dead, was.dead)
	}
	if dead.IsEmpty() || out == nil {
		return nil
	}
	ids, err := was.f.rowIDs(ctx, t.store)
	if err != nil {
		return err
	}
	outIDs, err := out.f.rowIDs(ctx, t.store)
	if err != nil {
		return err
	}
	for it := dead.Iterator(); it.HasNext(); {
		pos, ok := outIDs.position(ids.at(it.Next()))
		if !ok {
			return errLost
		}
		late.Add(pos)
	}
	return nil
}

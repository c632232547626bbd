package mirror

import (
	"context"
	"errors"
	"sort"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/tarndb/tarn/storage/tuple"
)

// maxMerge bounds the size of a merged file.
const maxMerge = 128 << 20

// plan chooses the files that a compaction rewrites into one: enough small files, of which each is at most twice as
// large as those before it together (so that a row is rewritten a logarithmic number of times), or files of which too
// much is deleted. spare is how many bytes of files may be replaced; small ones that have become too many do not ask. nil:
// nothing to do.
func (m *Mirror) plan(v *version, spare int64) []*fileState {
	var small, rotten []*fileState
	for _, f := range v.files {
		dead := f.f.rows - f.live()
		_, cube := f.cube()
		switch {
		case float64(dead) > m.opt.DeadRatio*float64(f.f.rows):
			if f.f.bytes <= spare {
				spare -= f.f.bytes
				rotten = append(rotten, f)
			}
		case cube == "" && f.f.bytes < m.opt.SmallFile:
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
		if n >= m.opt.MergeFiles/2 && (sum <= spare || len(small) >= 4*m.opt.MergeFiles) {
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

// planNext is plan for a table that may be clustered, and says by what the files are to be.
func (m *Mirror) planNext(v *version, spare int64) ([]*fileState, *clustering) {
	if by := v.m.clustering(); by != nil {
		inputs, loose := planCluster(v.files, by, m.opt.DeadRatio)
		sum := int64(0)
		for _, f := range inputs {
			sum += f.f.bytes
		}
		if loose >= m.opt.ClusterFile && sum <= spare {
			return inputs, by
		}
	}
	return m.plan(v, spare), nil
}

// retirement is a number of bytes of files that a commit took out of a table.
type retirement struct {
	at    time.Time
	bytes int64
}

// slack is what replaced files may take besides half as much as the table itself.
const slack = 64 << 20

// spareLocked is how many bytes of files a compaction may replace. Replaced files stay for the retention, so that all of them
// together must not grow beyond a part of the table: then files keep their deleted rows until there is room.
func (m *Mirror) spareLocked(t *table) int64 {
	t.forgetRetiredLocked(time.Now().Add(-m.opt.FileRetention))
	spare := slack + t.newest().liveBytes()/2
	for _, r := range t.retired {
		spare -= r.bytes
	}
	return max(spare, 0)
}

// forgetRetiredLocked is for files that are no longer there.
func (t *table) forgetRetiredLocked(before time.Time) {
	for len(t.retired) > 0 && t.retired[0].at.Before(before) {
		t.retired = t.retired[1:]
	}
}

// retire notes what a commit has taken out for good: files that it does not add again with other deleted rows.
func (c *commit) retire() {
	if len(c.removes) == 0 {
		return
	}
	again := map[string]bool{}
	for _, a := range c.adds {
		again[a.Add.Path] = true
	}
	var bytes, vectors int64
	for _, r := range c.removes {
		if !again[r.Remove.Path] && r.Remove.Size != nil {
			bytes += *r.Remove.Size
		}
		if dv := r.Remove.DeletionVector; dv != nil {
			vectors += int64(dv.SizeInBytes)
		}
	}
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	c.t.garbage += bytes + vectors
	if bytes > 0 {
		c.t.retired = append(c.t.retired, retirement{time.Now(), bytes})
	}
}

// pace keeps a compaction that started at start, and has read so many bytes, within the I/O budget.
func (m *Mirror) pace(ctx context.Context, start time.Time, bytes int64) error {
	wait := time.Until(start.Add(time.Duration(float64(bytes) / float64(m.opt.CompactRate) * float64(time.Second))))
	if wait <= 0 {
		return nil
	}
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// compact rewrites the files of a plan, and deletes that arrive meanwhile are applied again by row id.
func (m *Mirror) compact(ctx context.Context, t *table) error {
	m.mu.Lock()
	if t.unready() != nil {
		m.mu.Unlock()
		return nil
	}
	base, gen, spare := t.newest(), t.gen, m.spareLocked(t)
	m.mu.Unlock()
	inputs, by := m.planNext(base, spare)
	if len(inputs) == 0 {
		return nil
	}
	w := m.beginWork(t, WorkOptimize, true, phaseMerging)
	defer m.endWork(t, w)
	return m.rewrite(ctx, t, base, inputs, by, gen, w)
}

// rewrite merges files of base, or clusters them, and puts what comes of them in their place.
func (m *Mirror) rewrite(ctx context.Context, t *table, base *version, inputs []*fileState, by *clustering, gen int, w *work) error {
	w.restart(phaseMerging)
	for _, f := range inputs {
		w.rowsTotal.Add(f.live())
		w.filesTotal.Add(1)
		w.bytesTotal.Add(f.f.bytes)
	}
	var outs []*fileState
	var err error
	if by != nil {
		outs, err = m.cluster(ctx, t, base.m, by, inputs, w)
	} else {
		var out *fileState
		if out, err = m.merge(ctx, t, base.m, inputs, w); out != nil {
			outs = append(outs, out)
		}
	}
	if err != nil {
		return err
	}
	w.enter(phaseCommitting)
	used, err := m.swap(ctx, t, base, inputs, outs, gen)
	for _, f := range outs {
		m.settle(t, f.f.key, used, err)
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

// swap puts outs in the place of the inputs, if the table is still what it was when they were read.
func (m *Mirror) swap(ctx context.Context, t *table, base *version, inputs, outs []*fileState, gen int) (used bool, err error) {
	t.pub.Lock()
	defer t.pub.Unlock()
	if err := t.openLog(ctx); err != nil {
		return false, err
	}
	if err := m.opt.Step("merged"); err != nil {
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
	return m.replace(ctx, t, now, inputs, outs, gen)
}

// merge writes the live rows of the inputs to one file; nil if there are none. done is nil in a publication, which changes data and
// waits for nothing.
func (m *Mirror) merge(ctx context.Context, t *table, mp *mapping, inputs []*fileState, done *work) (*fileState, error) {
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
	start := time.Now()
	pace := func(bytes, rows int64) error {
		if done == nil {
			return nil
		}
		done.rows.Add(rows)
		return m.pace(ctx, start, done.bytes.Add(bytes))
	}
	for _, f := range inputs {
		if err := w.copyLive(ctx, t, f, pace); err != nil {
			m.landed(t, w.key)
			return nil, err
		}
		if done != nil {
			done.files.Add(1)
		}
	}
	out, err := w.finish(done == nil)
	if err != nil {
		m.landed(t, w.key)
	}
	return out, err
}

// copyLive appends the rows of a file that are not dead. read is told of the bytes that were read and the rows that
// were written.
func (w *fileWriter) copyLive(ctx context.Context, t *table, f *fileState, read func(bytes, rows int64) error) error {
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
		live := int64(len(keep))
		for i, c := range w.m.columns {
			if vals[i], err = r.Column(vals[i][:0], g, c.Name, c.typ); err != nil {
				return err
			}
		}
		for len(keep) > 0 {
			k := min(len(keep), w.batchRows())
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
		if err := read(f.f.bytes*int64(n)/f.f.rows, live); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// replace commits outs in place of the inputs on top of the newest version. Called with t.pub.
func (m *Mirror) replace(ctx context.Context, t *table, now *version, inputs, outs []*fileState, gen int) (used bool, err error) {
	merged := map[*dataFile]*fileState{}
	for _, f := range inputs {
		merged[f.f] = f
	}
	c := m.newCommit(t, now.m, now.lsn)
	c.dataChange, c.txn = false, false
	var files []*fileState
	late := make([]*roaring.Bitmap, len(outs))
	for i := range late {
		late[i] = roaring.New()
	}
	found := 0
	for _, f := range now.files {
		was := merged[f.f]
		if was == nil {
			files = append(files, f)
			continue
		}
		found++
		delete(merged, f.f)
		c.remove(f.add)
		if f.dead == nil {
			continue
		}
		if err := applyLate(ctx, t, was, f.dead, outs, late); err != nil {
			return false, err
		}
	}
	// Inputs that are gone were wholly deleted meanwhile.
	for _, f := range merged {
		all := roaring.New()
		all.AddRange(0, uint64(f.f.rows))
		if err := applyLate(ctx, t, f, all, outs, late); err != nil {
			return false, err
		}
	}
	if found == 0 {
		return false, nil
	}
	for i, out := range outs {
		if int64(late[i].GetCardinality()) == out.f.rows {
			continue
		}
		if !late[i].IsEmpty() {
			if rewrites(now.m) {
				return false, nil // tried again after the next publication
			}
			if out, err = c.withDead(out, late[i]); err != nil {
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
	if err := m.opt.Step("compacted"); err != nil {
		return true, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.countLocked(&m.stats.Compactions, outs...)
	if t.gen == gen {
		m.installLocked(t, newVersion(now.lsn, number, now.m, files))
	}
	return true, nil
}

// applyLate adds to late the positions in outs of the rows that are in dead now and were live when was was read.
func applyLate(ctx context.Context, t *table, was *fileState, dead *roaring.Bitmap, outs []*fileState, late []*roaring.Bitmap) error {
	if was.dead != nil {
		dead = roaring.AndNot(dead, was.dead)
	}
	if dead.IsEmpty() || len(outs) == 0 {
		return nil
	}
	ids, err := was.f.rowIDs(ctx, t.store)
	if err != nil {
		return err
	}
	moved := make([]*rowIDs, len(outs))
	for i, out := range outs {
		if moved[i], err = out.f.rowIDs(ctx, t.store); err != nil {
			return err
		}
	}
rows:
	for it := dead.Iterator(); it.HasNext(); {
		id := ids.at(it.Next())
		for i := range moved {
			if pos, ok := moved[i].position(id); ok {
				late[i].Add(pos)
				continue rows
			}
		}
		return errLost
	}
	return nil
}

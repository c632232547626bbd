package mirror

import (
	"cmp"
	"context"
	"slices"
	"sort"
	"time"

	"github.com/google/uuid"
	"github.com/tarndb/tarn/storage/tuple"
)

const (
	// clusterSample is how many rows are looked at for the ranks of the columns and the pieces of the curve.
	clusterSample = 1 << 15
	// clusterFanOut bounds the parts that are written at a time.
	clusterFanOut = 64
	// clusterBuffer bounds what the parts hold in memory; the largest goes to a file above it.
	clusterBuffer = 128 << 20
	// minClusterFile bounds from below how small the files of a small table become.
	minClusterFile = 1 << 20
)

// clusterer writes rows of files to the files of a cube. It distributes the rows over parts, each a piece of the curve, of which
// what does not fit in memory goes to files that no commit names; a part that is still too large is distributed again.
type clusterer struct {
	m      *Mirror
	t      *table
	mp     *mapping
	by     *clustering
	work   *work
	start  time.Time
	target int64 // bytes of a file
	tag    string

	bits   int
	bounds [][]tuple.Value // of each column, the values at which ranks change
	point  []uint32

	outs []*fileState
	runs map[string]bool // files that go when the cube is written
}

// cluster writes the live rows of the inputs to a new cube. Its files are in flight.
func (m *Mirror) cluster(ctx context.Context, t *table, mp *mapping, by *clustering, inputs []*fileState, w *work) (_ []*fileState, err error) {
	c := &clusterer{m: m, t: t, mp: mp, by: by, work: w, start: time.Now(), tag: by.tag + "/" + uuid.NewString(), runs: map[string]bool{},
		bits: min(15, 60/len(by.columns)), point: make([]uint32, len(by.columns))}
	defer func() {
		for key := range c.runs {
			m.settle(t, key, false, nil)
		}
		if err != nil {
			for _, f := range c.outs {
				m.settle(t, f.f.key, false, nil)
			}
		}
	}()
	bytes := int64(0)
	for _, f := range inputs {
		bytes += f.f.bytes * f.live() / f.f.rows
	}
	c.target = min(max(bytes/16, minClusterFile), m.opt.ClusterFile)
	keys, err := c.sample(ctx, inputs)
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	if err := c.split(ctx, inputs, keys, bytes); err != nil {
		return nil, err
	}
	return c.outs, nil
}

// sample reads some rows' columns, makes ranks of them, and returns the places of these rows on the curve, ascending.
func (c *clusterer) sample(ctx context.Context, inputs []*fileState) ([]uint64, error) {
	total := int64(0)
	for _, f := range inputs {
		total += f.live()
	}
	step, n := max(1, total/clusterSample), int64(0)
	picked := make([][]tuple.Value, len(c.by.columns))
	for _, f := range inputs {
		err := c.read(ctx, f, c.by.columns, func(cols [][]tuple.Value, keep []uint32, _ uint32) error {
			for _, p := range keep {
				if n++; (n-1)%step != 0 {
					continue
				}
				for k, i := range c.by.columns {
					picked[k] = append(picked[k], cols[i][p].Clone())
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for k, i := range c.by.columns {
		c.bounds = append(c.bounds, rankBounds(picked[k], c.mp.columns[i].rank(), 1<<c.bits-2))
	}
	keys := make([]uint64, len(picked[0]))
	for p := range keys {
		keys[p] = c.key(func(k int) tuple.Value { return picked[k][p] })
	}
	slices.Sort(keys)
	return keys, nil
}

// rankBounds are at most n of the values, ascending, each once, evenly spread over them.
func rankBounds(vals []tuple.Value, order func(a, b tuple.Value) int, n int) []tuple.Value {
	sorted := slices.DeleteFunc(slices.Clone(vals), tuple.Value.IsNull)
	slices.SortFunc(sorted, order)
	sorted = slices.CompactFunc(sorted, func(a, b tuple.Value) bool { return order(a, b) == 0 })
	if len(sorted) <= n {
		return sorted
	}
	out := make([]tuple.Value, n)
	for i := range out {
		out[i] = sorted[i*len(sorted)/n]
	}
	return out
}

// key is the place on the curve of a row, of which value gives the column of a place in by.columns. NULL comes first.
func (c *clusterer) key(value func(k int) tuple.Value) uint64 {
	for k, i := range c.by.columns {
		c.point[k] = 0
		v := value(k)
		if v.IsNull() {
			continue
		}
		bounds, order := c.bounds[k], c.mp.columns[i].rank()
		rank := 1 + sort.Search(len(bounds), func(j int) bool { return order(bounds[j], v) > 0 })
		// Spread, so that a column of few values counts as much as one of many.
		c.point[k] = uint32(uint64(rank) * (1<<c.bits - 1) / uint64(max(1, len(bounds))))
	}
	return hilbert(c.point, c.bits)
}

// read calls f for each row group of a file with the columns that are named (others are nil), the positions in the group of rows that
// live, and the position of the group in the file.
func (c *clusterer) read(ctx context.Context, f *fileState, which []int, each func(cols [][]tuple.Value, keep []uint32, first uint32) error) error {
	o, r, err := f.f.open(ctx, c.t.store)
	if err != nil {
		return err
	}
	defer o.Close()
	cols := make([][]tuple.Value, len(c.mp.columns))
	first := uint32(0)
	for g := range r.RowGroups() {
		n := uint32(r.GroupRows(g))
		var keep []uint32
		for i := range n {
			if f.dead == nil || !f.dead.Contains(first+i) {
				keep = append(keep, i)
			}
		}
		for _, i := range which {
			col := &c.mp.columns[i]
			if cols[i], err = r.Column(cols[i][:0], g, col.Name, col.typ); err != nil {
				return err
			}
		}
		if err := each(cols, keep, first); err != nil {
			return err
		}
		first += n
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// part is a piece of the curve.
type part struct {
	keys []uint64 // of the sample
	buf  rowBuffer
	runs []*fileState
	size int64 // of the runs
}

// split distributes the rows of files, which take about so many bytes, and of which the sample has keys.
func (c *clusterer) split(ctx context.Context, inputs []*fileState, keys []uint64, bytes int64) error {
	ends := splitKeys(keys, min(int((bytes+c.target-1)/c.target), clusterFanOut))
	if len(ends) == 0 {
		return c.gather(ctx, inputs)
	}
	parts := make([]part, len(ends)+1)
	for i := range parts {
		parts[i].buf.cols = make([][]tuple.Value, len(c.mp.columns))
	}
	at := func(key uint64) *part {
		return &parts[sort.Search(len(ends), func(i int) bool { return ends[i] > key })]
	}
	for _, k := range keys {
		p := at(k)
		p.keys = append(p.keys, k)
	}
	for _, f := range inputs {
		if err := c.distribute(ctx, f, parts, at); err != nil {
			return err
		}
	}
	for i := range parts {
		p := &parts[i]
		if len(p.runs) > 0 {
			if err := c.spill(ctx, p); err != nil {
				return err
			}
			if err := c.conquer(ctx, p); err != nil {
				return err
			}
		} else if err := c.write(ctx, &p.buf, false); err != nil {
			return err
		}
		*p = part{}
	}
	return nil
}

// conquer makes files of the runs of a part.
func (c *clusterer) conquer(ctx context.Context, p *part) error {
	var err error
	if p.size > 2*c.target && len(p.keys) > 0 && p.keys[0] != p.keys[len(p.keys)-1] {
		err = c.split(ctx, p.runs, p.keys, p.size)
	} else {
		err = c.gather(ctx, p.runs)
	}
	for _, f := range p.runs {
		c.m.settle(c.t, f.f.key, false, nil)
		delete(c.runs, f.f.key)
	}
	return err
}

// splitKeys are the first keys of all but the first of at most n pieces of about the same number of keys; equal keys stay together.
func splitKeys(keys []uint64, n int) []uint64 {
	var ends []uint64
	for i := 1; i < n; i++ {
		k := keys[i*len(keys)/n]
		if k > keys[0] && (len(ends) == 0 || k > ends[len(ends)-1]) {
			ends = append(ends, k)
		}
	}
	return ends
}

func (c *clusterer) allColumns() []int {
	all := make([]int, len(c.mp.columns))
	for i := range all {
		all[i] = i
	}
	return all
}

// distribute puts the rows of a file into the buffers of their parts.
func (c *clusterer) distribute(ctx context.Context, f *fileState, parts []part, at func(uint64) *part) error {
	ids, err := f.f.rowIDs(ctx, c.t.store)
	if err != nil {
		return err
	}
	err = c.read(ctx, f, c.allColumns(), func(cols [][]tuple.Value, keep []uint32, first uint32) error {
		for _, pos := range keep {
			p := at(c.key(func(k int) tuple.Value { return cols[c.by.columns[k]][pos] }))
			p.buf.appendFrom(cols, pos, ids.at(first+pos))
		}
		if err := c.progress(ctx, f, int64(len(keep))); err != nil {
			return err
		}
		for {
			sum, largest := int64(0), &parts[0]
			for i := range parts {
				sum += parts[i].buf.bytes
				if parts[i].buf.bytes > largest.buf.bytes {
					largest = &parts[i]
				}
			}
			if sum <= c.m.opt.clusterBuffer {
				return nil
			}
			if err := c.spill(ctx, largest); err != nil {
				return err
			}
		}
	})
	if err == nil && !c.runs[f.f.key] {
		c.work.files.Add(1)
	}
	return err
}

// progress notes that rows of an input have been read, and keeps to the I/O budget.
func (c *clusterer) progress(ctx context.Context, f *fileState, rows int64) error {
	if c.runs[f.f.key] {
		return nil
	}
	c.work.rows.Add(rows)
	return c.m.pace(ctx, c.start, c.work.bytes.Add(f.f.bytes*rows/max(1, f.live())))
}

// spill writes what a part holds in memory to a file.
func (c *clusterer) spill(ctx context.Context, p *part) error {
	if len(p.buf.ids) == 0 {
		return nil
	}
	f, err := c.writeFile(ctx, &p.buf)
	if err != nil {
		return err
	}
	c.runs[f.f.key] = true
	p.runs, p.size = append(p.runs, f), p.size+f.f.bytes
	return nil
}

// gather writes the rows of files that are not split to a file, or, where equal rows are too many for one, to several.
func (c *clusterer) gather(ctx context.Context, inputs []*fileState) error {
	buf := &rowBuffer{cols: make([][]tuple.Value, len(c.mp.columns))}
	bytes := int64(0)
	for _, f := range inputs {
		ids, err := f.f.rowIDs(ctx, c.t.store)
		if err != nil {
			return err
		}
		err = c.read(ctx, f, c.allColumns(), func(cols [][]tuple.Value, keep []uint32, first uint32) error {
			for _, pos := range keep {
				buf.appendFrom(cols, pos, ids.at(first+pos))
			}
			bytes += f.f.bytes * int64(len(keep)) / f.f.rows
			if bytes > 2*c.target {
				bytes = 0
				if err := c.write(ctx, buf, true); err != nil {
					return err
				}
			}
			return c.progress(ctx, f, int64(len(keep)))
		})
		if err != nil {
			return err
		}
		if !c.runs[f.f.key] {
			c.work.files.Add(1)
		}
	}
	return c.write(ctx, buf, false)
}

// write makes a file of the cube of the buffered rows. more says that the buffer is used again.
func (c *clusterer) write(ctx context.Context, buf *rowBuffer, more bool) error {
	if len(buf.ids) == 0 {
		return nil
	}
	f, err := c.writeFile(ctx, buf)
	if err != nil {
		return err
	}
	if !more {
		*buf = rowBuffer{}
	}
	f.add.Tags[tagCube] = c.tag
	if c.by.tag == c.mp.clusteringTag() {
		f.add.Clustering = clusterProvider
	}
	c.outs = append(c.outs, f)
	return nil
}

// writeFile writes the buffered rows in row-id order and empties the buffer.
func (c *clusterer) writeFile(ctx context.Context, buf *rowBuffer) (_ *fileState, err error) {
	at := make([]uint32, len(buf.ids))
	for i := range at {
		at[i] = uint32(i)
	}
	slices.SortFunc(at, func(a, b uint32) int { return cmp.Compare(buf.ids[a], buf.ids[b]) })
	w, err := newFile(ctx, c.t.store, c.mp, true)
	if err != nil {
		return nil, err
	}
	defer w.abort()
	c.m.takeOff(c.t, w.key)
	defer func() {
		if err != nil {
			c.m.landed(c.t, w.key)
		}
	}()
	for len(at) > 0 {
		n := min(len(at), w.batchRows())
		for i := range c.mp.columns {
			w.batch[i] = w.batch[i][:0]
			for _, p := range at[:n] {
				w.batch[i] = append(w.batch[i], buf.cols[i][p])
			}
		}
		for _, p := range at[:n] {
			w.ids = append(w.ids, buf.ids[p])
		}
		if err := w.flush(n); err != nil {
			return nil, err
		}
		at = at[n:]
	}
	f, err := w.finish(false)
	if err == nil {
		buf.empty()
	}
	return f, err
}

// appendFrom adds the row at a position of columns as they stand in files.
func (b *rowBuffer) appendFrom(cols [][]tuple.Value, pos uint32, id uint64) {
	b.ids = append(b.ids, id)
	b.bytes += 8
	for i := range b.cols {
		v := cols[i][pos]
		if !v.IsScalar() && !v.IsNull() {
			v = tuple.Bytes(b.arena.copy(v.Bytes()))
			b.bytes += int64(v.Len())
		}
		b.cols[i] = append(b.cols[i], v)
		b.bytes += valueSize
	}
}

func (b *rowBuffer) empty() {
	for i := range b.cols {
		b.cols[i] = b.cols[i][:0]
	}
	b.ids, b.bytes, b.arena = b.ids[:0], 0, arena{}
}

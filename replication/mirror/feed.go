package mirror

import (
	"context"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// optFeed is the storage parameter that makes versions say what happened to their rows (Delta's change data feed).
const optFeed = "change_data_feed"

// feed reports whether the table's versions have a change data feed.
func (m *mapping) feed() bool { return len(m.columns) > 0 && option(m.schema, optFeed) == "on" }

// replaces notes that the row that was appended last took the place of another version of it.
func (s *segment) replaces(old uint64) {
	for len(s.from) < len(s.ids)-1 {
		s.from = append(s.from, 0)
	}
	s.from = append(s.from, old)
	s.bytes += 8
}

// replaced is the version in files that a row of the slice has taken the place of, through others of the slice or not; 0: there is none.
func (p *slice) replaced(pos uint32) uint64 {
	for int(pos) < len(p.from) {
		old := p.from[pos]
		next, ok := p.position(old)
		if !ok {
			return old
		}
		pos = next
	}
	return 0
}

// feed writes the change file of a version that takes single rows out of files of base: readers of changes look at nothing else then, so
// it has everything that became of rows from one version to the other. Versions in between, of rows that changed more often, are not
// told. A version that only adds rows, or that takes all away, says so with its files. dead is as removeRows takes it.
func (c *commit) feed(ctx context.Context, base *version, p *slice, dead map[int]*roaring.Bitmap) error {
	again := rewrites(c.mp) && slices.ContainsFunc(base.files, func(f *fileState) bool { return f.dead != nil })
	takes := c.takesRows(base.files, dead)
	if !c.mp.feed() || !takes && !again {
		return nil
	}
	loaded := func(id uint64) bool {
		return slices.ContainsFunc(p.files, func(f *fileState) bool { return f.f.first <= id && id <= f.f.last })
	}
	after := map[uint64]uint32{} // by the replaced version
	var inserts []uint32
	for i := range p.ids {
		if p.dead != nil && p.dead.Contains(uint32(i)) {
			continue
		}
		if old := p.replaced(uint32(i)); old != 0 && !loaded(old) {
			after[old] = uint32(i)
		} else {
			inserts = append(inserts, uint32(i))
		}
	}
	if !takes && p.live() == 0 && len(p.files) == 0 {
		c.dataChange = false // files are only written anew
		return nil
	}
	cols := make([]parquet.Column, len(c.mp.columns))
	for i, col := range c.mp.columns {
		cols[i] = parquet.Column{Name: col.Name, Type: col.typ}
	}
	f, err := delta.CreateChangeFile(ctx, c.t.store, cols)
	if err != nil {
		return err
	}
	defer f.Abort()
	c.m.takeOff(c.t, f.Key())
	c.feedKey = f.Key()
	w := &feedWriter{f: f, mp: c.mp}
	var updates []uint32
	for i, s := range base.files {
		if c.loads[s.f] {
			if err := w.loaded(ctx, c.t, s.f, dead[i]); err != nil {
				return err
			}
			continue
		}
		if dead[i] == nil {
			continue
		}
		gone := dead[i]
		if s.dead != nil {
			gone = roaring.AndNot(gone, s.dead)
		}
		if err := w.gone(ctx, c.t, s.f, gone, func(id uint64) bool {
			pos, ok := after[id]
			if ok {
				updates = append(updates, pos)
			}
			return ok
		}); err != nil {
			return err
		}
	}
	if err := w.rows(p, updates, delta.UpdateAfter); err != nil {
		return err
	}
	if err := w.rows(p, inserts, delta.Insert); err != nil {
		return err
	}
	if c.cdc, err = f.Close(); err != nil {
		return err
	}
	return c.m.opt.Step("feed")
}

// feedWriter writes changes of rows in batches.
type feedWriter struct {
	f     *delta.ChangeFile
	mp    *mapping
	batch [][]tuple.Value
	buf   []byte
}

// gone writes rows of a file that the version lacks; updated tells of a row id whether another version of the row came in its place.
func (w *feedWriter) gone(ctx context.Context, t *table, f *dataFile, gone *roaring.Bitmap, updated func(id uint64) bool) error {
	ids, err := f.rowIDs(ctx, t.store)
	if err != nil {
		return err
	}
	o, r, err := f.open(ctx, t.store)
	if err != nil {
		return err
	}
	defer o.Close()
	first, it := uint32(0), gone.Iterator()
	for g := range r.RowGroups() {
		n := uint32(r.GroupRows(g))
		var before, deleted []uint32 // positions in the row group
		for it.HasNext() && it.PeekNext() < first+n {
			pos := it.Next()
			if updated(ids.at(pos)) {
				before = append(before, pos-first)
			} else {
				deleted = append(deleted, pos-first)
			}
		}
		if len(before)+len(deleted) > 0 {
			if err := w.group(r, g, before, deleted); err != nil {
				return err
			}
		}
		first += n
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// loaded writes the rows of a load that are not dead.
func (w *feedWriter) loaded(ctx context.Context, t *table, f *dataFile, dead *roaring.Bitmap) error {
	o, r, err := f.open(ctx, t.store)
	if err != nil {
		return err
	}
	defer o.Close()
	first := uint32(0)
	vals := make([][]tuple.Value, len(w.mp.columns))
	for g := range r.RowGroups() {
		n := uint32(r.GroupRows(g))
		var live []uint32
		for i := range n {
			if dead == nil || !dead.Contains(first+i) {
				live = append(live, i)
			}
		}
		first += n
		for i, c := range w.mp.columns {
			if vals[i], err = r.Column(vals[i][:0], g, c.Name, c.typ); err != nil {
				return err
			}
		}
		if err := w.picked(vals, live, delta.Insert); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

func (w *feedWriter) group(r *parquet.Reader, g int, before, deleted []uint32) error {
	vals := make([][]tuple.Value, len(w.mp.columns))
	var err error
	for i, c := range w.mp.columns {
		if vals[i], err = r.Column(nil, g, c.Name, c.typ); err != nil {
			return err
		}
	}
	if err := w.picked(vals, before, delta.UpdateBefore); err != nil {
		return err
	}
	return w.picked(vals, deleted, delta.Delete)
}

// picked writes rows of which the values are in Delta's form.
func (w *feedWriter) picked(vals [][]tuple.Value, at []uint32, kind delta.Change) error {
	return w.batches(at, kind, func(out [][]tuple.Value, at []uint32) error {
		for i := range vals {
			for _, p := range at {
				out[i] = append(out[i], vals[i][p])
			}
		}
		return nil
	})
}

// rows writes rows of a slice.
func (w *feedWriter) rows(p *slice, at []uint32, kind delta.Change) error {
	return w.batches(at, kind, func(out [][]tuple.Value, at []uint32) error {
		var err error
		w.buf, err = w.mp.convert(w.buf[:0], out, p.cols, at)
		return err
	})
}

func (w *feedWriter) batches(at []uint32, kind delta.Change, fill func(out [][]tuple.Value, at []uint32) error) error {
	if w.batch == nil {
		w.batch = make([][]tuple.Value, len(w.mp.columns))
	}
	size := max(1, min(writeRows, writeValues/max(1, len(w.mp.columns))))
	for chunk := range slices.Chunk(at, size) {
		for i := range w.batch {
			w.batch[i] = w.batch[i][:0]
		}
		if err := fill(w.batch, chunk); err != nil {
			return err
		}
		if err := w.f.Write(w.batch, kind); err != nil {
			return err
		}
	}
	return nil
}

// isFeed reports whether a key is that of a change file. Those stay as long as the log, which alone names them.
func isFeed(key string) bool { return len(key) > 13 && key[:13] == "_change_data/" }

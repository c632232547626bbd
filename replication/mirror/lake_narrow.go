package mirror

import (
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// condition is an engine.Condition on a column as it stands in files.
type condition struct {
	col   int // place in the mapping's columns
	op    tuple.Comparison
	value tuple.Value
	order func(a, b tuple.Value) int
}

// Narrow takes over the columns and conditions that it understands (engine.ColdIter).
func (s *coldScan) Narrow(w *engine.Want) {
	m := s.c.v.m
	if w.Columns != nil {
		s.columns = nil
		for i, c := range m.columns {
			if c.pos >= len(w.Columns) || w.Columns[c.pos] {
				s.columns = append(s.columns, i)
			}
		}
	}
	s.where = append(s.where, m.conditions(w.Where)...)
}

// conditions are those that are understood of conditions on the columns of rows.
func (m *mapping) conditions(where []engine.Condition) (out []condition) {
	for _, x := range where {
		for i := range m.columns {
			c := &m.columns[i]
			if c.pos != x.Column {
				continue
			}
			order := physicalOrder(c, m.schema.Columns[c.pos].Kind)
			if order == nil {
				break
			}
			// A value that the files cannot hold compares with what they hold, but not as a value of theirs.
			if _, v, ok := c.conv(nil, x.Value); ok {
				out = append(out, condition{i, x.Op, v, order})
			}
		}
	}
	return out
}

// physicalOrder compares values in files as those in rows compare; nil: that is not known here.
func physicalOrder(c *column, kind tuple.Kind) func(a, b tuple.Value) int {
	if c.typ.ID == parquet.String && kind != tuple.KindText {
		return nil
	}
	return c.typ.Order()
}

// excluded reports a file of which no row is wanted.
func (s *coldScan) excluded(f *dataFile) bool { return s.c.v.m.excludes(f, s.where) }

// excludes reports a file of which no row meets the conditions.
func (m *mapping) excludes(f *dataFile, where []condition) bool {
	for i := range where {
		w := &where[i]
		c := &m.columns[w.col]
		if f.stats.Nulls(c.Name) == f.rows {
			return true
		}
		if lo, hi, ok := f.stats.Range(c.Name, c.typ); ok && w.op.Excludes(w.order(lo, w.value), w.order(hi, w.value)) {
			return true
		}
	}
	return false
}

// excludesBlock reports a row group of which no row meets the conditions.
func (m *mapping) excludesBlock(b *block, where []condition) bool {
	for i := range where {
		w := &where[i]
		if x := &b.bounds[w.col]; x.ok && w.op.Excludes(w.order(x.lo, w.value), w.order(x.hi, w.value)) {
			return true
		}
	}
	return false
}

// passesOver reports a position in a row group of which no row is wanted; the cursor is in it then.
func (s *coldScan) passesOver(c *cursor, f *dataFile, pos uint32) bool {
	return len(s.where) > 0 && s.enter(c, f, pos) && c.out
}

// meets reports whether the row at a position of the cursor's file meets the conditions.
func (s *coldScan) meets(c *cursor, f *dataFile, pos uint32) bool {
	if len(s.where) == 0 {
		return true
	}
	if !s.enter(c, f, pos) {
		return false
	}
	if c.cols == nil {
		which := make([]int, len(s.where))
		for i := range s.where {
			which[i] = s.where[i].col
		}
		if c.cols, s.err = s.c.columns(s.c.m.ctx, c.block, which); s.err != nil {
			return false
		}
	}
	at := pos - c.block.first
	for i := range s.where {
		w := &s.where[i]
		if v := c.cols[w.col][at]; v.IsNull() || !w.op.Holds(w.order(v, w.value)) {
			return false
		}
	}
	return true
}

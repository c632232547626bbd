package branchdiff

import (
	"bytes"
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/rowstore"
	"github.com/tarndb/tarn/sql/threeway"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/tuple"
)

// The sides of a comparison.
const (
	source = iota
	target
	base
	sides
)

// Column is a column that a comparison looks at: its place (attribute number - 1) on each side, -1 where it is not there.
type Column struct {
	at      [sides]int
	missing types.Datum // the value on sides that lack it
	kind    tuple.Kind
}

// Shape is how a table's rows are compared.
type Shape struct {
	Table
	rels    [sides]*rowstore.Rel // nil: the table is not there
	cats    [sides]*catalog.Catalog
	cols    []Column
	layout  *tuple.Layout // of cols
	keyed   bool          // rows are matched by the primary key
	vals    [sides][]types.Datum
	scratch []types.Datum
}

func (p *Pair) newShape(t Table) (*Shape, error) {
	s := &Shape{Table: t, cats: [sides]*catalog.Catalog{p.Source.Cat, p.Target.Cat, p.baseCat}}
	tables := [sides]*catalog.Table{source: t.Source, target: t.Target, base: t.Base}
	for i, x := range tables {
		if x == nil {
			continue
		}
		rel, err := rowstore.Open(x)
		if err != nil {
			return nil, err
		}
		s.rels[i], s.vals[i] = rel, make([]types.Datum, len(x.Columns))
	}
	if err := s.match(tables); err != nil {
		return nil, err
	}
	kinds := make([]tuple.Kind, len(s.cols))
	for i := range s.cols {
		kinds[i] = s.cols[i].kind
	}
	s.layout, s.scratch = tuple.NewLayout(kinds, nil), make([]types.Datum, len(s.cols))
	s.keyed = s.rels[source].HasPrimaryKey()
	for i, x := range tables {
		if x != nil && !sameKey(t.Source, x) {
			return nil, pgerr.Unsupported("comparing rows of table " + t.Name + ", whose primary key has changed").
				WithDetail("The primary key is another one " + []string{"", "in the target branch.", "in the state that both branches come from."}[i])
		}
	}
	return s, nil
}

// sameKey reports whether the rows of two versions of a table stand under the same keys.
func sameKey(a, b *catalog.Table) bool {
	x, y := clustered(a), clustered(b)
	if x == nil || y == nil {
		return x == nil && y == nil
	}
	return slices.EqualFunc(x.Keys, y.Keys, func(k, l catalog.IndexKey) bool {
		sameOrder := k.Order == nil && l.Order == nil || k.Order != nil && l.Order != nil && *k.Order == *l.Order
		return a.Column(k.Att).Name == b.Column(l.Att).Name && k.Type == l.Type && k.Kind == l.Kind && k.Desc == l.Desc &&
			k.NullsFirst == l.NullsFirst && k.Collation == l.Collation && sameOrder
	})
}

func clustered(t *catalog.Table) *catalog.Index {
	for _, ix := range t.Indexes {
		if ix.ID == catalog.ClusteredIndexID {
			return ix
		}
	}
	return nil
}

// match finds the columns of the comparison: those of the source, but for those that another side has dropped, and those that the target
// has added.
func (s *Shape) match(tables [sides]*catalog.Table) error {
	to := [sides][]int16{}
	for other := target; other < sides; other++ {
		if tables[other] != nil {
			to[other] = threeway.Columns(tables[source], tables[other])
		}
	}
	for i := range tables[source].Columns {
		if c := &tables[source].Columns[i]; !c.Dropped {
			if err := s.add(source, i, c, &to, tables); err != nil {
				return err
			}
		}
	}
	t := tables[target]
	if t == nil {
		return nil
	}
	var old []int16
	if tables[base] != nil {
		old = threeway.Columns(t, tables[base])
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Dropped || slices.Contains(to[target], int16(i+1)) || old != nil && old[i] != 0 {
			continue
		}
		if err := s.add(target, i, c, &[sides][]int16{}, tables); err != nil {
			return err
		}
	}
	return nil
}

// add adds column i of a side, which stands on the others where to says.
func (s *Shape) add(side, i int, c *catalog.Column, to *[sides][]int16, tables [sides]*catalog.Table) error {
	col := Column{at: [sides]int{-1, -1, -1}, kind: c.Kind, missing: types.Null}
	col.at[side] = i
	if c.HasMissing {
		v, err := types.Lookup(c.Type).ParseText(c.Missing, c.TypMod, nil)
		if err != nil {
			return err
		}
		col.missing = v.Clone()
	}
	for other, atts := range to {
		if atts == nil || atts[i] == 0 {
			continue
		}
		j := int(atts[i]) - 1
		m := &tables[other].Columns[j]
		if m.Dropped {
			return nil
		}
		if !threeway.SameType(s.cats[side], c.Type, s.cats[other], m.Type) || m.Kind != c.Kind || m.Collation != c.Collation {
			return pgerr.Unsupported("comparing rows of table " + s.Name + " whose column \"" + c.Name + "\" has different types")
		}
		col.at[other] = j
	}
	s.cols = append(s.cols, col)
	return nil
}

// decode fills vals of a side.
func (s *Shape) decode(side int, row []byte) error {
	return s.rels[side].Decode(row, s.vals[side])
}

// value is that of a column in the row that a side has decoded last.
func (s *Shape) value(side, col int) types.Datum {
	c := &s.cols[col]
	if at := c.at[side]; at >= 0 {
		return s.vals[side][at]
	}
	return c.missing
}

// equal compares rows of two sides.
func (s *Shape) equal(a int, x []byte, b int, y []byte) (bool, error) {
	if sameForm(s.rels[a].Table, s.rels[b].Table) && bytes.Equal(x[change.RowIDSize:], y[change.RowIDSize:]) {
		return true, nil
	}
	if err := s.decode(a, x); err != nil {
		return false, err
	}
	if err := s.decode(b, y); err != nil {
		return false, err
	}
	for i := range s.cols {
		if !frame.Identical(s.value(a, i), s.value(b, i)) {
			return false, nil
		}
	}
	return true, nil
}

// sameForm reports whether equal rows of two versions of a table are equal bytes.
func sameForm(a, b *catalog.Table) bool {
	return a.StorageID == b.StorageID && a.Ident == b.Ident && slices.EqualFunc(a.Columns, b.Columns, func(c, d catalog.Column) bool {
		return c.Kind == d.Kind && c.Ident == d.Ident && c.Dropped == d.Dropped && c.HasMissing == d.HasMissing && c.Missing == d.Missing
	})
}

// image is a row in a form that does not depend on the side.
func (s *Shape) image(side int, row []byte) (string, error) {
	if err := s.decode(side, row); err != nil {
		return "", err
	}
	for i := range s.cols {
		s.scratch[i] = s.value(side, i)
	}
	return string(s.layout.Append(nil, 0, s.scratch)), nil
}

// Values are the fields of one side's row, by the columns of that side's table.
type Values struct {
	Table *catalog.Table
	Cols  []*catalog.Column
	Vals  []types.Datum
}

// Values decodes the row that a change has on a side; ok is false where it has none. It is valid until the next row is decoded.
func (s *Shape) Values(c Change, ofTarget bool) (v Values, ok bool, err error) {
	side, row := source, c.Source
	if ofTarget {
		side, row = target, c.Target
	}
	if row == nil {
		return v, false, nil
	}
	if err := s.load(side, row); err != nil {
		return v, false, err
	}
	if v.Table = s.Source; ofTarget {
		v.Table = s.Target
	}
	for i := range s.cols {
		if at := s.cols[i].at[side]; at >= 0 {
			v.Cols, v.Vals = append(v.Cols, &v.Table.Columns[at]), append(v.Vals, s.vals[side][at])
		}
	}
	return v, true, nil
}

// load decodes a row of a change.
func (s *Shape) load(side int, row []byte) error {
	if s.keyed {
		return s.decode(side, row)
	}
	if err := s.layout.Decode(row, nil, s.scratch); err != nil {
		return err
	}
	for i := range s.cols {
		if at := s.cols[i].at[side]; at >= 0 {
			s.vals[side][at] = s.scratch[i]
		}
	}
	return nil
}

// Keyed reports whether rows are matched by the primary key.
func (s *Shape) Keyed() bool { return s.keyed }

// KeyColumns are those of the primary key.
func (s *Shape) KeyColumns() (names []string) {
	if ix := clustered(s.Source); ix != nil {
		for _, k := range ix.Keys {
			names = append(names, s.Source.Column(k.Att).Name)
		}
	}
	return names
}

// Place is where the columns of a comparison stand in the target's table once it has those that the source has added.
type Place struct {
	to   *catalog.Table
	at   []int // attribute number - 1 of each column of the comparison; -1: nowhere
	rest []int // those of the target's columns that are not compared
}

// Into finds the columns in a later state of the target's table.
func (s *Shape) Into(to *catalog.Table) *Place {
	p := &Place{to: to, at: make([]int, len(s.cols))}
	atts := threeway.Columns(s.Source, to)
	compared := map[int]bool{}
	for i := range s.cols {
		p.at[i] = s.cols[i].at[target]
		if from := s.cols[i].at[source]; p.at[i] < 0 && from >= 0 {
			p.at[i] = int(atts[from]) - 1
		}
		if at := p.at[i]; at >= 0 && to.Columns[at].Dropped {
			p.at[i] = -1
		}
		compared[p.at[i]] = true
	}
	if s.Target != nil {
		for i := range s.Target.Columns {
			if !compared[i] && !to.Columns[i].Dropped {
				p.rest = append(p.rest, i)
			}
		}
	}
	return p
}

// Merged is the source's row as one of the target's table, by attribute number - 1: columns that the source's table lacks are as they
// are in the target.
func (s *Shape) Merged(c Change, p *Place, dst []types.Datum) ([]types.Datum, error) {
	dst = dst[:0]
	for range p.to.Columns {
		dst = append(dst, types.Null)
	}
	if err := s.load(source, c.Source); err != nil {
		return nil, err
	}
	if c.Target != nil {
		if err := s.load(target, c.Target); err != nil {
			return nil, err
		}
		if s.keyed {
			for _, i := range p.rest {
				dst[i] = s.vals[target][i]
			}
		}
	}
	for i := range s.cols {
		col, at := &s.cols[i], p.at[i]
		switch {
		case at < 0:
		case col.at[source] >= 0:
			dst[at] = s.vals[source][col.at[source]]
		case c.Target != nil:
			dst[at] = s.vals[target][col.at[target]]
		default:
			dst[at] = col.missing
		}
	}
	return dst, nil
}

// Image compares a row of the target's table with the one that a change of a table without a primary key names.
func (s *Shape) Image(row []byte) (string, error) { return s.image(target, row) }

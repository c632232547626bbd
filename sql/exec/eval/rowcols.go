package eval

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/rowstore"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// RowCol is a column of a stored row and where it goes.
type RowCol struct {
	Att  int16
	Slot int
}

// System columns (manual: 5.5). xmin is the low half of the row version's id: it changes whenever the row does; ctid
// tells versions apart in the same way. The other three are always 0.
const (
	attTID      = -1
	attXmin     = -2
	attCmin     = -3
	attXmax     = -4
	attCmax     = -5
	AttTableOID = -6
	// AttRow is the whole row as one value.
	AttRow = 0
)

// RowCols moves the columns of stored rows of one table into slots.
type RowCols struct {
	table *catalog.Table
	plain []RowCol // table columns
	other []RowCol // the rest
	loc   []byte
	// rowAtts are the columns of the whole row; nil: the table's, in order.
	rowAtts []int16
	types   []*types.Type // of the columns that are not dropped, for the whole row
	vals    []types.Datum
}

// RowCols compiles a list of columns of table.
func (b *Builder) RowCols(table *catalog.Table, cols []plan.Col) (RowCols, error) {
	return b.RowColsOf(table, cols, nil)
}

// RowColsOf is RowCols with other columns for the whole row; nil: the table's.
func (b *Builder) RowColsOf(table *catalog.Table, cols []plan.Col, atts []int16) (RowCols, error) {
	r := RowCols{table: table}
	for _, c := range cols {
		rc := RowCol{c.AttNum, b.Slot(c.ID)}
		switch {
		case c.AttNum > 0:
			if int(c.AttNum) > len(table.Columns) {
				return r, pgerr.Internal("table %s has no column %d", table.Name, c.AttNum)
			}
			r.plain = append(r.plain, rc)
			continue
		case c.AttNum == AttRow && r.types == nil && atts != nil:
			r.rowAtts = atts
			for _, a := range atts {
				t, err := b.TypeOf(table.Columns[a-1].Type)
				if err != nil {
					return r, err
				}
				r.types = append(r.types, t)
			}
			r.vals = make([]types.Datum, len(r.types))
		case c.AttNum == AttRow && r.types == nil:
			for i := range table.Columns {
				if table.Columns[i].Dropped {
					continue
				}
				t, err := b.TypeOf(table.Columns[i].Type)
				if err != nil {
					return r, err
				}
				r.types = append(r.types, t)
			}
			r.vals = make([]types.Datum, len(r.types))
		case c.AttNum == AttRow, c.AttNum == plan.RowLocAttNum, c.AttNum >= AttTableOID && c.AttNum < 0:
		default:
			return r, pgerr.Internal("system column %d", c.AttNum)
		}
		r.other = append(r.other, rc)
	}
	return r, nil
}

// Columns are the table's columns among r; whole is false if r has others too.
func (r *RowCols) Columns() (cols []RowCol, whole bool) { return r.plain, len(r.other) == 0 }

// Load fills the slots from a row. The values refer to the row and to r.
func (r *RowCols) Load(f *frame.Frame, rel *rowstore.Rel, key, row []byte) {
	for i := range r.plain {
		c := &r.plain[i]
		f.S[c.Slot] = rel.Col(row, c.Att)
	}
	for i := range r.other {
		c := &r.other[i]
		f.S[c.Slot] = r.system(c.Att, rel, key, row)
	}
}

func (r *RowCols) system(att int16, rel *rowstore.Rel, key, row []byte) types.Datum {
	switch att {
	case plan.RowLocAttNum:
		r.loc = rowstore.AppendLoc(r.loc[:0], key, tuple.RowID(row))
		return tuple.Bytes(r.loc)
	case AttTableOID:
		return tuple.Uint(uint64(r.table.OID))
	case attTID:
		return tuple.Uint(tuple.RowID(row) & (1<<48 - 1))
	case attXmin:
		return tuple.Uint(tuple.RowID(row) & (1<<32 - 1))
	case attCmin, attXmax, attCmax:
		return tuple.Uint(0)
	}
	if r.rowAtts != nil {
		for i, att := range r.rowAtts {
			r.vals[i] = rel.Col(row, att)
		}
		return types.MakeRecord(r.types, r.vals)
	}
	n := 0
	for i := range r.table.Columns {
		if !r.table.Columns[i].Dropped {
			r.vals[n] = rel.Col(row, int16(i+1))
			n++
		}
	}
	return types.MakeRecord(r.types, r.vals)
}

// SetNull makes all columns NULL.
func (r *RowCols) SetNull(f *frame.Frame) {
	for _, c := range r.plain {
		f.S[c.Slot] = types.Null
	}
	for _, c := range r.other {
		f.S[c.Slot] = types.Null
	}
}

// LoadVals fills the slots from values by attribute number - 1, as a row that is about to be stored.
func (r *RowCols) LoadVals(f *frame.Frame, vals []types.Datum) {
	for i := range r.plain {
		c := &r.plain[i]
		f.S[c.Slot] = vals[c.Att-1]
	}
	for i := range r.other {
		c := &r.other[i]
		switch c.Att {
		case AttTableOID:
			f.S[c.Slot] = tuple.Uint(uint64(r.table.OID))
		case AttRow:
			if r.rowAtts != nil {
				for j, att := range r.rowAtts {
					r.vals[j] = vals[att-1]
				}
				f.S[c.Slot] = types.MakeRecord(r.types, r.vals)
				continue
			}
			n := 0
			for j := range r.table.Columns {
				if !r.table.Columns[j].Dropped {
					r.vals[n] = vals[j]
					n++
				}
			}
			f.S[c.Slot] = types.MakeRecord(r.types, r.vals)
		case plan.RowLocAttNum:
			f.S[c.Slot] = types.Null
		default:
			f.S[c.Slot] = tuple.Uint(0)
		}
	}
}

// Over is r for rows of a child table; m maps attribute numbers.
func (r *RowCols) Over(t *catalog.Table, m []int16) RowCols {
	n := RowCols{table: t, types: r.types, vals: r.vals, other: r.other}
	for _, c := range r.plain {
		n.plain = append(n.plain, RowCol{m[c.Att-1], c.Slot})
	}
	if r.types != nil {
		for i := range r.table.Columns {
			if !r.table.Columns[i].Dropped {
				n.rowAtts = append(n.rowAtts, m[i])
			}
		}
	}
	return n
}

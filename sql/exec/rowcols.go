package exec

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/rowstore"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// rowCol is a column of a stored row and where it goes.
type rowCol struct {
	att  int16
	slot int
}

// System columns (manual: 5.5). xmin is the low half of the row version's id: it changes whenever the row does; ctid
// tells versions apart in the same way. The other three are always 0.
const (
	attTID      = -1
	attXmin     = -2
	attCmin     = -3
	attXmax     = -4
	attCmax     = -5
	attTableOID = -6
	attRow      = 0
)

// rowCols moves the columns of stored rows of one table into slots.
type rowCols struct {
	table *catalog.Table
	plain []rowCol // table columns
	other []rowCol // the rest
	loc   []byte
	// rowAtts are the columns of the whole row; nil: the table's, in order.
	rowAtts []int16
	types   []*types.Type // of the columns that are not dropped, for the whole row
	vals    []types.Datum
}

// rowCols compiles a list of columns of table.
func (b *exprBuilder) rowCols(table *catalog.Table, cols []plan.Col) (rowCols, error) {
	return b.rowColsOf(table, cols, nil)
}

// rowColsOf is rowCols with other columns for the whole row; nil: the table's.
func (b *exprBuilder) rowColsOf(table *catalog.Table, cols []plan.Col, atts []int16) (rowCols, error) {
	r := rowCols{table: table}
	for _, c := range cols {
		rc := rowCol{c.AttNum, b.slot(c.ID)}
		switch {
		case c.AttNum > 0:
			if int(c.AttNum) > len(table.Columns) {
				return r, pgerr.Internal("table %s has no column %d", table.Name, c.AttNum)
			}
			r.plain = append(r.plain, rc)
			continue
		case c.AttNum == attRow && r.types == nil && atts != nil:
			r.rowAtts = atts
			for _, a := range atts {
				t, err := b.typeOf(table.Columns[a-1].Type)
				if err != nil {
					return r, err
				}
				r.types = append(r.types, t)
			}
			r.vals = make([]types.Datum, len(r.types))
		case c.AttNum == attRow && r.types == nil:
			for i := range table.Columns {
				if table.Columns[i].Dropped {
					continue
				}
				t, err := b.typeOf(table.Columns[i].Type)
				if err != nil {
					return r, err
				}
				r.types = append(r.types, t)
			}
			r.vals = make([]types.Datum, len(r.types))
		case c.AttNum == attRow, c.AttNum == plan.RowLocAttNum, c.AttNum >= attTableOID && c.AttNum < 0:
		default:
			return r, pgerr.Internal("system column %d", c.AttNum)
		}
		r.other = append(r.other, rc)
	}
	return r, nil
}

// columns are the table's columns among r; whole is false if r has others too.
func (r *rowCols) columns() (cols []rowCol, whole bool) { return r.plain, len(r.other) == 0 }

// load fills the slots from a row. The values refer to the row and to r.
func (r *rowCols) load(f *frame, rel *rowstore.Rel, key, row []byte) {
	for i := range r.plain {
		c := &r.plain[i]
		f.s[c.slot] = rel.Col(row, c.att)
	}
	for i := range r.other {
		c := &r.other[i]
		f.s[c.slot] = r.system(c.att, rel, key, row)
	}
}

func (r *rowCols) system(att int16, rel *rowstore.Rel, key, row []byte) types.Datum {
	switch att {
	case plan.RowLocAttNum:
		r.loc = rowstore.AppendLoc(r.loc[:0], key, tuple.RowID(row))
		return tuple.Bytes(r.loc)
	case attTableOID:
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

// setNull makes all columns NULL.
func (r *rowCols) setNull(f *frame) {
	for _, c := range r.plain {
		f.s[c.slot] = types.Null
	}
	for _, c := range r.other {
		f.s[c.slot] = types.Null
	}
}

// loadVals fills the slots from values by attribute number - 1, as a row that is about to be stored.
func (r *rowCols) loadVals(f *frame, vals []types.Datum) {
	for i := range r.plain {
		c := &r.plain[i]
		f.s[c.slot] = vals[c.att-1]
	}
	for i := range r.other {
		c := &r.other[i]
		switch c.att {
		case attTableOID:
			f.s[c.slot] = tuple.Uint(uint64(r.table.OID))
		case attRow:
			if r.rowAtts != nil {
				for j, att := range r.rowAtts {
					r.vals[j] = vals[att-1]
				}
				f.s[c.slot] = types.MakeRecord(r.types, r.vals)
				continue
			}
			n := 0
			for j := range r.table.Columns {
				if !r.table.Columns[j].Dropped {
					r.vals[n] = vals[j]
					n++
				}
			}
			f.s[c.slot] = types.MakeRecord(r.types, r.vals)
		case plan.RowLocAttNum:
			f.s[c.slot] = types.Null
		default:
			f.s[c.slot] = tuple.Uint(0)
		}
	}
}

// over is r for rows of a child table; m maps attribute numbers.
func (r *rowCols) over(t *catalog.Table, m []int16) rowCols {
	n := rowCols{table: t, types: r.types, vals: r.vals, other: r.other}
	for _, c := range r.plain {
		n.plain = append(n.plain, rowCol{m[c.att-1], c.slot})
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

package trigger

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Rows are the rows of a transition table.
type Rows struct {
	Table  *catalog.Table // whose columns they have
	layout *tuple.Layout
	log    Log
	n      int
	buf    []byte
}

// NewRows makes an empty list of rows of t. kinds are those of its columns.
func NewRows(t *catalog.Table, limit int64, dir string) *Rows {
	kinds := make([]tuple.Kind, len(t.Columns))
	missing := make([]types.Datum, len(t.Columns))
	for i := range t.Columns {
		kinds[i], missing[i] = t.Columns[i].Kind, types.Null
	}
	return &Rows{Table: t, layout: tuple.NewLayout(kinds, missing), log: Log{Limit: limit, Dir: dir}}
}

// Add appends a row, values by attribute number - 1.
func (r *Rows) Add(vals []types.Datum) error {
	r.buf = r.layout.Append(r.buf[:0], 0, vals)
	r.n++
	return r.log.Append(r.buf)
}

// Len is the number of rows.
func (r *Rows) Len() int { return r.n }

// Close gives up what the rows hold.
func (r *Rows) Close() { r.log.Close(); r.n = 0 }

// Cursor reads the rows in the order in which they came.
type Cursor struct {
	rows *Rows
	cols []int16
	pos  int64
	row  []byte
	vals []types.Datum
}

// Read starts with the first row. cols are the attribute numbers that Next gives, in this order.
func (r *Rows) Read(cols []int16) *Cursor {
	return &Cursor{rows: r, cols: cols, vals: make([]types.Datum, len(cols))}
}

// Next gives the next row; it is valid until the following call.
func (c *Cursor) Next() (vals []types.Datum, ok bool, err error) {
	if c.rows == nil || c.pos >= c.rows.log.Size() {
		return nil, false, nil
	}
	rec, next, err := c.rows.log.At(c.pos)
	if err != nil {
		return nil, false, err
	}
	c.pos = next
	c.row = append(c.row[:0], rec...) // several cursors share the log's page
	for i, att := range c.cols {
		c.vals[i] = types.Null
		if att > 0 {
			c.vals[i] = c.rows.layout.Get(c.row, int(att)-1)
		}
	}
	return c.vals, true, nil
}

// OIDs by which queries of a trigger's function know its transition tables; nothing in a catalog has them.
const (
	OldTableOID catalog.OID = 1<<32 - 2
	NewTableOID catalog.OID = 1<<32 - 3
)

// IsTransition reports a relation that Relation has made.
func IsTransition(t *catalog.Table) bool { return t.OID == OldTableOID || t.OID == NewTableOID }

// Relation describes a transition table to parse analysis: a computed relation with the columns of t that everybody may read.
func Relation(t *catalog.Table, oid catalog.OID, name string) *catalog.Table {
	return &catalog.Table{OID: oid, Name: name, Kind: catalog.RelTable, Persistence: catalog.Temporary, Owner: t.Owner, RowType: t.RowType,
		Columns: t.Columns, Virtual: true, ACL: privilege.ACL{{Grantee: privilege.Public, Grantor: t.Owner, Privs: privilege.Select}}}
}

package columnar

import (
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// A table that has no columnar shape, or to which the transaction has written, is read by rows and given to the fragment, if it is small:
// feedRows is how many rows it may have by the planner's estimate, maxFeedRows how many are really taken.
const (
	feedRows    = 100_000
	maxFeedRows = 4 * feedRows
)

// Shaped reports a table that the mirror keeps by columns, unless its option says otherwise.
func Shaped(t *catalog.Table) bool {
	if t.Kind != catalog.RelTable || t.Persistence != catalog.Permanent || t.Virtual {
		return false
	}
	for _, o := range t.Options {
		if on, ok := types.ParseBool(o.Value); ok && o.Name == "mirror" {
			return on || t.Lake()
		}
	}
	return true
}

func (c *compiler) feedable(t *catalog.Table) bool {
	return (t.Kind == catalog.RelTable || t.Kind == catalog.RelMatView) && c.o.Rows(t) <= feedRows
}

// feedScans are the scans of those tables that can be read by rows.
func (c *compiler) feedScans() []*plan.TableScan {
	out := make([]*plan.TableScan, len(c.tables))
	for i, t := range c.tables {
		if c.feedable(t) {
			out[i] = &plan.TableScan{Table: t, Out: c.feeds[i]}
		}
	}
	return out
}

// Feed reads rows of the attributes reads into a table that is all tail. ok is false where a column has no columnar form, or the rows are
// too many.
func Feed(t *catalog.Table, reads []int16, rows builtin.Rows) (out Table, ok bool, err error) {
	for _, att := range reads {
		col, ok := Form(&t.Columns[att-1])
		if !ok {
			return out, false, nil
		}
		out.Columns = append(out.Columns, col)
	}
	tail := Tail{Columns: make([][]tuple.Value, len(reads))}
	for {
		row, more, err := rows.Next()
		if err != nil {
			return out, false, err
		}
		if !more {
			break
		}
		if tail.Rows++; tail.Rows > maxFeedRows {
			return out, false, nil
		}
		for i := range tail.Columns {
			tail.Columns[i] = append(tail.Columns[i], row[i].Clone())
		}
	}
	if tail.Rows > 0 {
		out.Tail = []Tail{tail}
	}
	return out, true, nil
}

// Form is how the mirror keeps a column in files.
func Form(c *catalog.Column) (Column, bool) {
	out := Column{AttNum: c.AttNum, Name: c.Name}
	shift := func(by, least, most int64) func([]byte, tuple.Value) ([]byte, tuple.Value, bool) {
		return func(buf []byte, v tuple.Value) ([]byte, tuple.Value, bool) {
			n := v.Int()
			return buf, tuple.Int(n + by), n > least && n < most-by
		}
	}
	out.Physical = func(buf []byte, v tuple.Value) ([]byte, tuple.Value, bool) { return buf, v, true }
	kinds := map[types.OID]parquet.TypeID{types.Bool: parquet.Boolean, types.Int2: parquet.Short, types.Int4: parquet.Integer, types.Int8: parquet.Long,
		types.Float4: parquet.Float, types.Float8: parquet.Double, types.Text: parquet.String, types.Varchar: parquet.String, types.BPChar: parquet.String,
		types.Date: parquet.Date, types.Timestamp: parquet.TimestampNTZ, types.TimestampTZ: parquet.Timestamp}
	switch c.Type {
	case types.Date:
		out.Physical = shift(EpochDays, -1<<31, 1<<31-1)
	case types.Timestamp, types.TimestampTZ:
		out.Physical = shift(EpochMicros, -1<<63, 1<<63-1)
	case types.Numeric:
		v, ok := columnValue(c)
		out.Type = parquet.Type{ID: parquet.Decimal, Precision: uint8(v.p), Scale: uint8(v.s)}
		out.Physical = decimal(v.p, v.s)
		return out, ok
	}
	id, ok := kinds[c.Type]
	out.Type = parquet.Type{ID: id}
	return out, ok
}

// decimal is a numeric with p digits, s of them after the point.
func decimal(p, s int) func(buf []byte, v tuple.Value) ([]byte, tuple.Value, bool) {
	return func(buf []byte, v tuple.Value) ([]byte, tuple.Value, bool) {
		n := tuple.Numeric(v.Bytes())
		if n.IsSpecial() {
			return buf, tuple.Null, false
		}
		if p <= narrowDigits {
			u, ok := n.Unscaled(s)
			return buf, tuple.Int(u), ok
		}
		u, ok := n.UnscaledBig(s)
		if !ok || u.BitLen() > 127 {
			return buf, tuple.Null, false
		}
		buf = parquet.AppendInt128(buf, u)
		return buf, tuple.Bytes(buf), true
	}
}

package parquet

import (
	pq "github.com/parquet-go/parquet-go"
	"github.com/tarndb/tarn/storage/tuple"
)

// Bounds returns a value that is not after any of a column in row group g, and one that is not before any, as the footer tells them. ok is
// false where it does not, where there is no value, and for types whose values it does not order as Type.Order does: those with NaN, of
// 96 bits, nested ones, binary.
func (r *Reader) Bounds(g int, name string, typ Type) (lo, hi tuple.Value, ok bool) {
	var err error
	defer func() {
		if err != nil {
			lo, hi, ok = tuple.Null, tuple.Null, false
		}
	}()
	defer caught(&err)
	c := child(r.f.Root(), name, 0)
	if c == nil || !c.Leaf() || c.Repeated() || !boundable(c.Type(), typ) {
		return tuple.Null, tuple.Null, false
	}
	conv, err := fromParquet(c, typ)
	if err != nil {
		return tuple.Null, tuple.Null, false
	}
	st := &r.f.Metadata().RowGroups[g].Columns[c.Index()].MetaData.Statistics
	kind := c.Type().Kind()
	if len(st.MaxValue) == 0 || len(st.MinValue) == 0 && kind != pq.ByteArray {
		return tuple.Null, tuple.Null, false
	}
	var a arena
	if lo, err = conv(&a, kind.Value(st.MinValue)); err == nil {
		hi, err = conv(&a, kind.Value(st.MaxValue))
	}
	return lo, hi, err == nil
}

// boundable reports a column of a file whose bounds are in the order of typ.
func boundable(of pq.Type, typ Type) bool {
	switch typ.ID {
	case Byte, Short, Integer, Long, Date, Timestamp, TimestampNTZ, Decimal:
		return of.Kind() == pq.Int32 || of.Kind() == pq.Int64
	case String:
		return of.Kind() == pq.ByteArray
	}
	return false
}

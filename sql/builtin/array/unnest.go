package array

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// unnest yields an array's elements in storage order; composites become rows.
func unnest(_ *call.Call, a []types.Datum) (call.Rows, error) {
	arr := tuple.Array(a[0].Clone().Bytes())
	n, i := arr.Len(), 0
	var row [1]types.Datum
	record := arr.ElemKind() == tuple.KindRecord
	var fields []types.Datum
	return call.RowsFunc(func() ([]types.Datum, bool, error) {
		if i >= n {
			return nil, false, nil
		}
		row[0] = arr.Elem(i)
		i++
		if record {
			if row[0].IsNull() {
				for j := range fields {
					fields[j] = types.Null
				}
				return fields, true, nil
			}
			fields = RecordFields(row[0], fields[:0])
			return fields, true, nil
		}
		return row[:], true, nil
	}), nil
}

// RecordFields appends a record's values to buf.
func RecordFields(d types.Datum, buf []types.Datum) []types.Datum {
	r := tuple.Record(d.Bytes())
	for i := range r.Len() {
		buf = append(buf, r.Field(i).Value)
	}
	return buf
}

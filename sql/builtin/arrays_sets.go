package builtin

import "github.com/tarndb/tarn/storage/tuple"

// unnest yields an array's elements in storage order; composites become rows.
func unnest(_ *Call, a []datum) (Rows, error) {
	arr := tuple.Array(a[0].Clone().Bytes())
	n, i := arr.Len(), 0
	var row [1]datum
	record := arr.ElemKind() == tuple.KindRecord
	var fields []datum
	return rowsFunc(func() ([]datum, bool, error) {
		if i >= n {
			return nil, false, nil
		}
		row[0] = arr.Elem(i)
		i++
		if record {
			if row[0].IsNull() {
				for j := range fields {
					fields[j] = null
				}
				return fields, true, nil
			}
			fields = recordFields(row[0], fields[:0])
			return fields, true, nil
		}
		return row[:], true, nil
	}), nil
}

// recordFields appends a record's values to buf.
func recordFields(d datum, buf []datum) []datum {
	r := tuple.Record(d.Bytes())
	for i := range r.Len() {
		buf = append(buf, r.Field(i).Value)
	}
	return buf
}

package array

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/number"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// subscripts yields the indexes of one dimension of an array.
func subscripts(_ *call.Call, a []types.Datum) (call.Rows, error) {
	arr := tuple.Array(a[0].Bytes())
	dim := a[1].Int()
	if dim < 1 || dim > int64(arr.NumDims()) {
		return call.ListRows(nil), nil
	}
	d := arr.Dim(int(dim - 1))
	lower, upper := int64(d.Lower), int64(d.Lower+d.Len-1)
	if len(a) > 2 && a[2].Bool() {
		return number.CountRows(upper, lower, -1), nil
	}
	return number.CountRows(lower, upper, 1), nil
}

func arraySets() call.Sets {
	return call.Sets{"generate_subscripts": subscripts, "generate_subscripts_nodir": subscripts, "array_unnest": unnest}
}

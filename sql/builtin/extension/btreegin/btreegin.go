// Package btreegin is the functions of the extension btree_gin 1.3 that SQL may call: comparisons. What its operator classes do inside of
// a GIN index has no implementation: indexes are kept and not searched by them.
package btreegin

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

func compare(k tuple.Kind) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return call.Int(int64(tuple.Compare(k, a[0], a[1])))
	}
}

// Family is what this package implements.
func Family() call.Family {
	return call.Family{Fns: call.Fns{"gin_numeric_cmp": compare(tuple.KindNumeric), "gin_enum_cmp": compare(tuple.KindFloat32)}}
}

package files

import (
	"testing"

	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// Keys of a map that are nested themselves are texts of JSON in the map's.
func TestNestedKeys(t *testing.T) {
	ints := func(n ...int64) tuple.Value {
		var elems []tuple.Value
		for _, i := range n {
			elems = append(elems, tuple.Int(i))
		}
		return tuple.Bytes(parquet.AppendList(nil, elems))
	}
	list := parquet.Type{ID: parquet.Array, Elem: &parquet.Type{ID: parquet.Integer}}
	typ := parquet.Type{ID: parquet.Struct, Fields: []parquet.Field{{Name: "m", Type: parquet.Type{ID: parquet.Map, Key: &list, Elem: &list}}}}
	m := tuple.Bytes(parquet.AppendList(nil, []tuple.Value{ints(1, 2), ints(3), ints(4), ints()}))
	var p parquetValues
	v, err := p.value(tuple.Bytes(parquet.AppendList(nil, []tuple.Value{m})), typ)
	if want := `{"m":{"[1,2]":[3],"[4]":[]}}`; err != nil || v.s != want {
		t.Errorf("%s, %v, want %s", v.s, err, want)
	}
}

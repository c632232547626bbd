package hstore

import (
	"encoding/binary"
	"strings"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/hashing"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/hstore"
	"github.com/tarndb/tarn/storage/tuple"
)

// comparison is an operator whose answer is known from the order of the values' bytes.
func comparison(holds func(c int) bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return call.Bool(holds(strings.Compare(a[0].Str(), a[1].Str())))
	}
}

func compare(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return call.Int(int64(strings.Compare(a[0].Str(), a[1].Str())))
}

// The bits of PostgreSQL's layout that its hashes see.
const (
	flagNewVersion = 0x80000000 // with the number of pairs
	entryFirst     = 0x80000000 // with the end of the first text
	entryNull      = 0x40000000
)

// foreignLayout is the value's bytes in PostgreSQL, behind the length word: the hashes are made of them.
func foreignLayout(v hstore.View) []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(v.Len())|flagNewVersion)
	for i := range v.Len() {
		_, mid, end := v.Bounds(i)
		key, val := uint32(mid), uint32(end)
		if i == 0 {
			key |= entryFirst
		}
		if v.Null(i) {
			val |= entryNull
		}
		b = binary.NativeEndian.AppendUint32(binary.NativeEndian.AppendUint32(b, key), val)
	}
	return append(b, v.Text()...)
}

func hash(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Int(int64(int32(hashing.Bytes(foreignLayout(hstore.Of(a[0])))))), nil
}

func hashExtended(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Int(int64(hashing.BytesExtended(foreignLayout(hstore.Of(a[0])), a[1].Uint()))), nil
}

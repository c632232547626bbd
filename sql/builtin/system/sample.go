package system

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/sampling"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// sampleFns are TABLESAMPLE as a condition on a row's location, for the plans in which no scan takes it over.
var sampleFns = call.Fns{
	"tarn_sample_bernoulli": sampled(sampling.Bernoulli),
	"tarn_sample_system":    sampled(sampling.System),
	"tarn_sample_seed":      func(*call.Call, []types.Datum) (types.Datum, error) { return tuple.Float(rand.Float64()), nil },
}

func sampled(m sampling.Method) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		s, err := sampling.New(m, a[1], a[2])
		if err != nil || a[0].IsNull() {
			return tuple.Bool(false), err
		}
		// The location: length of the key, key, row id (rowstore.AppendLoc).
		loc := a[0].Bytes()
		n, w := binary.Uvarint(loc)
		if w <= 0 || uint64(len(loc)-w) != n+8 {
			return tuple.Bool(false), nil
		}
		key, row := loc[w:w+int(n)], loc[w+int(n):]
		return tuple.Bool(s.Takes(key, binary.LittleEndian.Uint64(row))), nil
	}
}

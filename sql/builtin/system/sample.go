package system

import (
	"encoding/binary"
	"math"
	"math/bits"
	"math/rand/v2"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// sampleBlock is how many neighbouring row ids SYSTEM takes or leaves together.
const sampleBlock = 64

var sampleFns = call.Fns{
	"tarn_sample_bernoulli": sampling(func(key []byte, _ uint64) uint64 { return hashLoc(key) }),
	"tarn_sample_system": sampling(func(key []byte, row uint64) uint64 {
		if row == 0 { // a row of this transaction: it has no number yet
			return hashLoc(key)
		}
		return row / sampleBlock
	}),
	"tarn_sample_seed": func(*call.Call, []types.Datum) (types.Datum, error) { return tuple.Float(rand.Float64()), nil },
}

// sampling makes a test of rows: by place in the store and row id they have a number, whose hash with the seed says whether they are in.
func sampling(number func(key []byte, row uint64) uint64) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		if a[1].IsNull() {
			return types.Null, pgerr.New(pgerr.InvalidTablesampleArgument, "TABLESAMPLE parameter cannot be null")
		}
		if a[2].IsNull() {
			return types.Null, pgerr.New(pgerr.InvalidTablesampleRepeat, "TABLESAMPLE REPEATABLE parameter cannot be null")
		}
		percent := a[1].Float()
		if !(percent >= 0 && percent <= 100) {
			return types.Null, pgerr.New(pgerr.InvalidTablesampleArgument, "sample percentage must be between 0 and 100")
		}
		if a[0].IsNull() {
			return tuple.Bool(false), nil
		}
		seed := a[2].Float()
		if seed == 0 {
			seed = 0 // -0
		}
		key, row := splitLoc(a[0].Bytes())
		h := mixSample(number(key, row), math.Float64bits(seed))
		return tuple.Bool(float64(h>>11)/(1<<53) < percent/100), nil
	}
}

// splitLoc takes a row's location apart (rowstore.AppendLoc): the row id and its key.
func splitLoc(loc []byte) (key []byte, row uint64) {
	if len(loc) < 8 {
		return loc, 0
	}
	return loc[:len(loc)-8], binary.LittleEndian.Uint64(loc[len(loc)-8:])
}

func hashLoc(key []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range key {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}

func mixSample(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xd1b54a32d192ed03)
	h := hi ^ lo
	hi, lo = bits.Mul64(h^0x8ebc6af09c88c6e3, 0x589965cc75374cc3)
	return hi ^ lo
}

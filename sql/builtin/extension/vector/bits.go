package vector

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// bitDistance makes a function of two bit strings of one length, out of the number of bits that are set in a, in b and in both.
func bitDistance(f func(a, b, both int) float64) call.Fn {
	return func(_ *call.Call, args []types.Datum) (types.Datum, error) {
		x, y := args[0].Str(), args[1].Str()
		if len(x) != len(y) {
			return types.Null, pgerr.New(pgerr.DataException, "different bit lengths %d and %d", len(x), len(y))
		}
		a, b, both := 0, 0, 0
		for i := range len(x) {
			p, q := x[i]&1, y[i]&1 // '0' or '1'
			a += int(p)
			b += int(q)
			both += int(p & q)
		}
		return call.Float(f(a, b, both))
	}
}

func hamming(a, b, both int) float64 { return float64(a + b - 2*both) }

func jaccard(a, b, both int) float64 {
	if both == 0 {
		return 1
	}
	return 1 - float64(both)/float64(a+b-both)
}

package exec

import (
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// frame holds every value that an execution names. Slots are handed out while an instance is built; s does not move
// after that, but closures made before hold the frame and not s.
type frame struct {
	s []types.Datum
}

func (f *frame) add() int {
	f.s = append(f.s, types.Null)
	return len(f.s) - 1
}

// setNull makes a row of NULLs, as outer joins do.
func (f *frame) setNull(slots []int) {
	for _, i := range slots {
		f.s[i] = types.Null
	}
}

// put restores a kept row.
func (f *frame) put(slots []int, row []types.Datum) {
	for i, s := range slots {
		f.s[s] = row[i]
	}
}

// tri is a truth value.
type tri int8

const (
	triFalse tri = 0
	triTrue  tri = 1
	triNull  tri = 2
)

func (t tri) datum() types.Datum {
	if t == triNull {
		return types.Null
	}
	return tuple.Bool(t == triTrue)
}

func triOf(d types.Datum) tri {
	if d.IsNull() {
		return triNull
	}
	if d.Bool() {
		return triTrue
	}
	return triFalse
}

func triBool(b bool) tri {
	if b {
		return triTrue
	}
	return triFalse
}

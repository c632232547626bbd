package exec

import (
	"bytes"

	"github.com/tarndb/tarn/sql/types"
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

// identical compares bits and bytes.
func identical(a, b types.Datum) bool {
	switch {
	case a.IsNull() || b.IsNull():
		return a.IsNull() && b.IsNull()
	case a.IsScalar() || b.IsScalar():
		return a.IsScalar() && b.IsScalar() && a.Uint() == b.Uint()
	}
	return bytes.Equal(a.Bytes(), b.Bytes())
}

package frame

import (
	"bytes"

	"github.com/tarndb/tarn/sql/types"
)

// Frame holds every value that an execution names. Slots are handed out while code is compiled; S does not move
// after that, but closures made before hold the frame and not S.
type Frame struct {
	S []types.Datum
}

// Add hands out a slot; its value is NULL.
func (f *Frame) Add() int {
	f.S = append(f.S, types.Null)
	return len(f.S) - 1
}

// SetNull makes a row of NULLs, as outer joins do.
func (f *Frame) SetNull(slots []int) {
	for _, i := range slots {
		f.S[i] = types.Null
	}
}

// Put restores a kept row.
func (f *Frame) Put(slots []int, row []types.Datum) {
	for i, s := range slots {
		f.S[s] = row[i]
	}
}

// Identical compares bits and bytes.
func Identical(a, b types.Datum) bool {
	switch {
	case a.IsNull() || b.IsNull():
		return a.IsNull() && b.IsNull()
	case a.IsScalar() || b.IsScalar():
		return a.IsScalar() && b.IsScalar() && a.Uint() == b.Uint()
	}
	return bytes.Equal(a.Bytes(), b.Bytes())
}

package eval

import (
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Tri is a truth value.
type Tri int8

const (
	False Tri = 0
	True  Tri = 1
	Null  Tri = 2
)

func (t Tri) datum() types.Datum {
	if t == Null {
		return types.Null
	}
	return tuple.Bool(t == True)
}

func triOf(d types.Datum) Tri {
	if d.IsNull() {
		return Null
	}
	if d.Bool() {
		return True
	}
	return False
}

// Bool is b as a truth value.
func Bool(b bool) Tri {
	if b {
		return True
	}
	return False
}

package exec

import (
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

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

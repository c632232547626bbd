package vector

import (
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/vector"
)

// format prints the number of a message.
var format = vector.Floats{Append: func(dst []byte, v float32) []byte { return types.AppendFloat(dst, float64(v), 32, 0) }}

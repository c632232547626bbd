package stats

import (
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/storage/tuple"
)

// position maps a value to a number that grows with it, for interpolation between two bounds.
func position(t *types.Type, v types.Datum) (float64, bool) {
	if v.IsNull() {
		return 0, false
	}
	switch t.Kind {
	case tuple.KindBool, tuple.KindInt8, tuple.KindUint32, tuple.KindUint64:
		return float64(v.Uint()), true
	case tuple.KindInt16, tuple.KindInt32, tuple.KindInt64:
		return float64(v.Int()), true
	case tuple.KindFloat32, tuple.KindFloat64:
		f := v.Float()
		return f, f == f
	case tuple.KindNumeric:
		f, err := numeric.ToFloat8(v)
		return f, err == nil && f == f
	case tuple.KindText, tuple.KindBytes, tuple.KindBpchar, tuple.KindUUID, tuple.KindFolded:
		// The first eight bytes as a fraction.
		b, f, scale := v.Bytes(), 0.0, 1.0/256
		if t.Kind == tuple.KindFolded {
			b = tuple.FoldedKey(b)
		}
		for i := 0; i < len(b) && i < 8; i++ {
			f += float64(b[i]) * scale
			scale /= 256
		}
		return f, true
	}
	return 0, false
}

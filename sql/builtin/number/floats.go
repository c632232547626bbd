package number

import (
	"math"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// A float4 is held widened; every float4 operation rounds its result to single precision, which is what C's float
// arithmetic gives for + - * / (a double has more than twice the digits).

func ErrOverflow() error { return call.Fresh(errResultOutOfRange) }
func errUnderflow() error {
	return pgerr.New(pgerr.NumericValueOutOfRange, "value out of range: underflow")
}

func IsInf(f float64) bool { return math.IsInf(f, 0) }

// checkAdd: an infinity that no argument had is an overflow.
func checkAdd(r, x, y float64) (types.Datum, error) {
	if IsInf(r) && !IsInf(x) && !IsInf(y) {
		return types.Null, ErrOverflow()
	}
	return tuple.Float(r), nil
}

func checkMul(r, x, y float64) (types.Datum, error) {
	if IsInf(r) && !IsInf(x) && !IsInf(y) {
		return types.Null, ErrOverflow()
	}
	if r == 0 && x != 0 && y != 0 {
		return types.Null, errUnderflow()
	}
	return tuple.Float(r), nil
}

func checkDiv(r, x, y float64) (types.Datum, error) {
	if y == 0 && x == x {
		return types.Null, call.Fresh(errDivisionByZero)
	}
	if IsInf(r) && !IsInf(x) {
		return types.Null, ErrOverflow()
	}
	if r == 0 && x != 0 && !IsInf(y) {
		return types.Null, errUnderflow()
	}
	return tuple.Float(r), nil
}

func float8Pl(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, y := a[0].Float(), a[1].Float()
	return checkAdd(x+y, x, y)
}
func float8Mi(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, y := a[0].Float(), a[1].Float()
	return checkAdd(x-y, x, y)
}
func float8Mul(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, y := a[0].Float(), a[1].Float()
	return checkMul(x*y, x, y)
}
func float8Div(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, y := a[0].Float(), a[1].Float()
	return checkDiv(x/y, x, y)
}
func float4Pl(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, y := a[0].Float(), a[1].Float()
	return checkAdd(float64(float32(x+y)), x, y)
}
func float4Mi(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, y := a[0].Float(), a[1].Float()
	return checkAdd(float64(float32(x-y)), x, y)
}
func float4Mul(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, y := a[0].Float(), a[1].Float()
	return checkMul(float64(float32(x*y)), x, y)
}
func float4Div(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, y := a[0].Float(), a[1].Float()
	return checkDiv(float64(float32(x/y)), x, y)
}

func floatNeg(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Float(-a[0].Float()), nil
}
func floatAbs(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Float(math.Abs(a[0].Float())), nil
}

// floatToInt rounds half to even; limit is 2^(bits-1).
func floatToInt(limit float64, outOfRange *pgerr.Error) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		f := math.RoundToEven(a[0].Float())
		if !(f >= -limit && f < limit) {
			return types.Null, call.Fresh(outOfRange)
		}
		return tuple.Int(int64(f)), nil
	}
}

func intToFloat8(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Float(float64(a[0].Int())), nil
}
func intToFloat4(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Float(float64(float32(a[0].Int()))), nil
}

func float8To4(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x := a[0].Float()
	r := float64(float32(x))
	if IsInf(r) && !IsInf(x) {
		return types.Null, ErrOverflow()
	}
	if r == 0 && x != 0 {
		return types.Null, errUnderflow()
	}
	return tuple.Float(r), nil
}

func floatFns() call.Fns {
	m := call.Fns{
		"float4um": floatNeg, "float8um": floatNeg, "float4up": call.First, "float8up": call.First, "float4abs": floatAbs, "float8abs": floatAbs,
		"dtoi2": floatToInt(1<<15, errSmallintRange), "ftoi2": floatToInt(1<<15, errSmallintRange),
		"dtoi4": floatToInt(1<<31, ErrIntegerRange), "ftoi4": floatToInt(1<<31, ErrIntegerRange),
		"dtoi8": floatToInt(1<<63, ErrBigintRange), "ftoi8": floatToInt(1<<63, ErrBigintRange),
		"i2tod": intToFloat8, "i4tod": intToFloat8, "i8tod": intToFloat8, "i2tof": intToFloat4, "i4tof": intToFloat4, "i8tof": intToFloat4,
		"dtof": float8To4, "ftod": call.First,
	}
	m["float4pl"], m["float4mi"], m["float4mul"], m["float4div"] = float4Pl, float4Mi, float4Mul, float4Div
	for _, p := range []string{"float8", "float48", "float84"} {
		m[p+"pl"], m[p+"mi"], m[p+"mul"], m[p+"div"] = float8Pl, float8Mi, float8Mul, float8Div
	}
	return m
}

package number

import (
	"math"
	"math/bits"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/storage/tuple"
)

var (
	errDivisionByZero   = pgerr.New(pgerr.DivisionByZero, "division by zero")
	errSmallintRange    = pgerr.New(pgerr.NumericValueOutOfRange, "smallint out of range")
	ErrIntegerRange     = pgerr.New(pgerr.NumericValueOutOfRange, "integer out of range")
	ErrBigintRange      = pgerr.New(pgerr.NumericValueOutOfRange, "bigint out of range")
	errCharRange        = pgerr.New(pgerr.NumericValueOutOfRange, "\"char\" out of range")
	errOIDRange         = pgerr.New(pgerr.NumericValueOutOfRange, "OID out of range")
	errResultOutOfRange = pgerr.New(pgerr.NumericValueOutOfRange, "value out of range: overflow")
)

func int2Result(v int64) (types.Datum, error) {
	if v != int64(int16(v)) {
		return types.Null, call.Fresh(errSmallintRange)
	}
	return tuple.Int(v), nil
}

func Int4Result(v int64) (types.Datum, error) {
	if v != int64(int32(v)) {
		return types.Null, call.Fresh(ErrIntegerRange)
	}
	return tuple.Int(v), nil
}

func int2Pl(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return int2Result(a[0].Int() + a[1].Int())
}
func int2Mi(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return int2Result(a[0].Int() - a[1].Int())
}
func int2Mul(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return int2Result(a[0].Int() * a[1].Int())
}
func int4Pl(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return Int4Result(a[0].Int() + a[1].Int())
}
func int4Mi(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return Int4Result(a[0].Int() - a[1].Int())
}
func Int4Mul(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return Int4Result(a[0].Int() * a[1].Int())
}

func int8Pl(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, y := a[0].Int(), a[1].Int()
	s := x + y
	if (x^s)&(y^s) < 0 {
		return types.Null, call.Fresh(ErrBigintRange)
	}
	return tuple.Int(s), nil
}

func int8Mi(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, y := a[0].Int(), a[1].Int()
	s := x - y
	if (x^y)&(x^s) < 0 {
		return types.Null, call.Fresh(ErrBigintRange)
	}
	return tuple.Int(s), nil
}

func Int8Mul(_ *call.Call, a []types.Datum) (types.Datum, error) {
	v, ok := MulInt64(a[0].Int(), a[1].Int())
	if !ok {
		return types.Null, call.Fresh(ErrBigintRange)
	}
	return tuple.Int(v), nil
}

func MulInt64(x, y int64) (int64, bool) {
	hi, lo := bits.Mul64(Magnitude(x), Magnitude(y))
	if (x < 0) != (y < 0) {
		return -int64(lo), hi == 0 && lo <= 1<<63
	}
	return int64(lo), hi == 0 && lo < 1<<63
}

func Magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// intDiv divides; least is the smallest value of the result type, whose negation overflows.
func intDiv(least int64, overflow *pgerr.Error) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		x, y := a[0].Int(), a[1].Int()
		switch {
		case y == 0:
			return types.Null, call.Fresh(errDivisionByZero)
		case y == -1:
			if x == least {
				return types.Null, call.Fresh(overflow)
			}
			return tuple.Int(-x), nil
		}
		return tuple.Int(x / y), nil
	}
}

func intMod(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, y := a[0].Int(), a[1].Int()
	switch y {
	case 0:
		return types.Null, call.Fresh(errDivisionByZero)
	case -1:
		return tuple.Int(0), nil
	}
	return tuple.Int(x % y), nil
}

func intNegate(least int64, overflow *pgerr.Error) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		if a[0].Int() == least {
			return types.Null, call.Fresh(overflow)
		}
		return tuple.Int(-a[0].Int()), nil
	}
}

func intAbs(least int64, overflow *pgerr.Error) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		v := a[0].Int()
		if v == least {
			return types.Null, call.Fresh(overflow)
		}
		return tuple.Int(max(v, -v)), nil
	}
}

func IntAnd(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Int(a[0].Int() & a[1].Int()), nil
}
func IntOr(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Int(a[0].Int() | a[1].Int()), nil
}
func IntXor(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Int(a[0].Int() ^ a[1].Int()), nil
}
func intNot(_ *call.Call, a []types.Datum) (types.Datum, error) { return tuple.Int(^a[0].Int()), nil }

// Shifts take their count modulo the width of the machine's operation, which is 32 for smallint too.
func int2Shl(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Int(int64(int16(int32(a[0].Int()) << (uint(a[1].Int()) & 31)))), nil
}
func int4Shl(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Int(int64(int32(a[0].Int()) << (uint(a[1].Int()) & 31))), nil
}
func int4Shr(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Int(a[0].Int() >> (uint(a[1].Int()) & 31)), nil
}
func int8Shl(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Int(a[0].Int() << (uint(a[1].Int()) & 63)), nil
}
func int8Shr(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Int(a[0].Int() >> (uint(a[1].Int()) & 63)), nil
}

func gcd(x, y uint64) uint64 {
	for y != 0 {
		x, y = y, x%y
	}
	return x
}

func intGCD(limit uint64, overflow *pgerr.Error) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		g := gcd(Magnitude(a[0].Int()), Magnitude(a[1].Int()))
		if g > limit {
			return types.Null, call.Fresh(overflow)
		}
		return tuple.Int(int64(g)), nil
	}
}

func intLCM(limit uint64, overflow *pgerr.Error) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		x, y := Magnitude(a[0].Int()), Magnitude(a[1].Int())
		if x == 0 || y == 0 {
			return tuple.Int(0), nil
		}
		g := gcd(x, y)
		hi, lo := bits.Mul64(x/g, y)
		if hi != 0 || lo > limit {
			return types.Null, call.Fresh(overflow)
		}
		return tuple.Int(int64(lo)), nil
	}
}

func toInt2(_ *call.Call, a []types.Datum) (types.Datum, error) { return int2Result(a[0].Int()) }
func toInt4(_ *call.Call, a []types.Datum) (types.Datum, error) { return Int4Result(a[0].Int()) }

func intFns() call.Fns {
	m := call.Fns{
		"int2pl": int2Pl, "int2mi": int2Mi, "int2mul": int2Mul,
		"int8pl": int8Pl, "int8mi": int8Mi, "int8mul": Int8Mul,
		"int2div": intDiv(math.MinInt16, errSmallintRange), "int4div": intDiv(math.MinInt32, ErrIntegerRange),
		"int24div": intDiv(math.MinInt64, ErrIntegerRange), "int42div": intDiv(math.MinInt32, ErrIntegerRange),
		"int2mod": intMod, "int4mod": intMod, "int8mod": intMod,
		"int2um": intNegate(math.MinInt16, errSmallintRange), "int4um": intNegate(math.MinInt32, ErrIntegerRange), "int8um": intNegate(math.MinInt64, ErrBigintRange),
		"int2abs": intAbs(math.MinInt16, errSmallintRange), "int4abs": intAbs(math.MinInt32, ErrIntegerRange), "int8abs": intAbs(math.MinInt64, ErrBigintRange),
		"int2shl": int2Shl, "int2shr": int4Shr, "int4shl": int4Shl, "int4shr": int4Shr, "int8shl": int8Shl, "int8shr": int8Shr,
		"int4gcd": intGCD(math.MaxInt32, ErrIntegerRange), "int8gcd": intGCD(math.MaxInt64, ErrBigintRange),
		"int4lcm": intLCM(math.MaxInt32, ErrIntegerRange), "int8lcm": intLCM(math.MaxInt64, ErrBigintRange),
		"int4inc": func(_ *call.Call, a []types.Datum) (types.Datum, error) { return Int4Result(a[0].Int() + 1) },
		"int8inc": func(c *call.Call, a []types.Datum) (types.Datum, error) {
			return int8Pl(c, []types.Datum{a[0], tuple.Int(1)})
		},
		"int8dec": func(c *call.Call, a []types.Datum) (types.Datum, error) {
			return int8Mi(c, []types.Datum{a[0], tuple.Int(1)})
		},

		"i2toi4": call.First, "int28": call.First, "int48": call.First, "i4toi2": toInt2, "int82": toInt2, "int84": toInt4, "chartoi4": charToInt4,
		"i4tochar": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			v := a[0].Int()
			if v < math.MinInt8 || v > math.MaxInt8 {
				return types.Null, call.Fresh(errCharRange)
			}
			return tuple.Int(int64(uint8(v))), nil
		},
		"oidtoi8": func(_ *call.Call, a []types.Datum) (types.Datum, error) { return tuple.Int(int64(a[0].Uint())), nil },
		"i8tooid": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			v := a[0].Int()
			if v < 0 || v > math.MaxUint32 {
				return types.Null, call.Fresh(errOIDRange)
			}
			return tuple.Uint(uint64(v)), nil
		},
		"int4_bool": func(_ *call.Call, a []types.Datum) (types.Datum, error) { return tuple.Bool(a[0].Int() != 0), nil },
		"bool_int4": call.First,
	}
	for _, p := range []string{"int4", "int24", "int42"} {
		m[p+"pl"], m[p+"mi"], m[p+"mul"] = int4Pl, int4Mi, Int4Mul
	}
	for _, p := range []string{"int8", "int28", "int48", "int82", "int84"} {
		m[p+"pl"], m[p+"mi"], m[p+"mul"], m[p+"div"] = int8Pl, int8Mi, Int8Mul, intDiv(math.MinInt64, ErrBigintRange)
	}
	for _, p := range []string{"int2", "int4", "int8"} {
		m[p+"and"], m[p+"or"], m[p+"xor"], m[p+"not"], m[p+"up"] = IntAnd, IntOr, IntXor, intNot, call.First
	}
	return m
}

// charToInt4: "char" converts as a signed byte.
func charToInt4(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Int(int64(int8(a[0].Int()))), nil
}

func Scaled(v int64, scale int) (types.Datum, error) {
	n := numeric.Int(v)
	if scale == 0 {
		return n, nil
	}
	return numeric.FromBig(numeric.Big(n, 0), scale)
}

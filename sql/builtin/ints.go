package builtin

import (
	"math"
	"math/bits"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/tuple"
)

var (
	errDivisionByZero   = pgerr.New(pgerr.DivisionByZero, "division by zero")
	errSmallintRange    = pgerr.New(pgerr.NumericValueOutOfRange, "smallint out of range")
	errIntegerRange     = pgerr.New(pgerr.NumericValueOutOfRange, "integer out of range")
	errBigintRange      = pgerr.New(pgerr.NumericValueOutOfRange, "bigint out of range")
	errCharRange        = pgerr.New(pgerr.NumericValueOutOfRange, "\"char\" out of range")
	errOIDRange         = pgerr.New(pgerr.NumericValueOutOfRange, "OID out of range")
	errResultOutOfRange = pgerr.New(pgerr.NumericValueOutOfRange, "value out of range: overflow")
)

// fresh copies a prepared error, because whoever reports it may add a position.
func fresh(e *pgerr.Error) error {
	c := *e
	return &c
}

func int2Result(v int64) (datum, error) {
	if v != int64(int16(v)) {
		return null, fresh(errSmallintRange)
	}
	return tuple.Int(v), nil
}

func int4Result(v int64) (datum, error) {
	if v != int64(int32(v)) {
		return null, fresh(errIntegerRange)
	}
	return tuple.Int(v), nil
}

func int2Pl(_ *Call, a []datum) (datum, error)  { return int2Result(a[0].Int() + a[1].Int()) }
func int2Mi(_ *Call, a []datum) (datum, error)  { return int2Result(a[0].Int() - a[1].Int()) }
func int2Mul(_ *Call, a []datum) (datum, error) { return int2Result(a[0].Int() * a[1].Int()) }
func int4Pl(_ *Call, a []datum) (datum, error)  { return int4Result(a[0].Int() + a[1].Int()) }
func int4Mi(_ *Call, a []datum) (datum, error)  { return int4Result(a[0].Int() - a[1].Int()) }
func int4Mul(_ *Call, a []datum) (datum, error) { return int4Result(a[0].Int() * a[1].Int()) }

func int8Pl(_ *Call, a []datum) (datum, error) {
	x, y := a[0].Int(), a[1].Int()
	s := x + y
	if (x^s)&(y^s) < 0 {
		return null, fresh(errBigintRange)
	}
	return tuple.Int(s), nil
}

func int8Mi(_ *Call, a []datum) (datum, error) {
	x, y := a[0].Int(), a[1].Int()
	s := x - y
	if (x^y)&(x^s) < 0 {
		return null, fresh(errBigintRange)
	}
	return tuple.Int(s), nil
}

func int8Mul(_ *Call, a []datum) (datum, error) {
	v, ok := mulInt64(a[0].Int(), a[1].Int())
	if !ok {
		return null, fresh(errBigintRange)
	}
	return tuple.Int(v), nil
}

func mulInt64(x, y int64) (int64, bool) {
	hi, lo := bits.Mul64(magnitude(x), magnitude(y))
	if (x < 0) != (y < 0) {
		return -int64(lo), hi == 0 && lo <= 1<<63
	}
	return int64(lo), hi == 0 && lo < 1<<63
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// intDiv divides; least is the smallest value of the result type, whose negation overflows.
func intDiv(least int64, overflow *pgerr.Error) Fn {
	return func(_ *Call, a []datum) (datum, error) {
		x, y := a[0].Int(), a[1].Int()
		switch {
		case y == 0:
			return null, fresh(errDivisionByZero)
		case y == -1:
			if x == least {
				return null, fresh(overflow)
			}
			return tuple.Int(-x), nil
		}
		return tuple.Int(x / y), nil
	}
}

func intMod(_ *Call, a []datum) (datum, error) {
	x, y := a[0].Int(), a[1].Int()
	switch y {
	case 0:
		return null, fresh(errDivisionByZero)
	case -1:
		return tuple.Int(0), nil
	}
	return tuple.Int(x % y), nil
}

func intNegate(least int64, overflow *pgerr.Error) Fn {
	return func(_ *Call, a []datum) (datum, error) {
		if a[0].Int() == least {
			return null, fresh(overflow)
		}
		return tuple.Int(-a[0].Int()), nil
	}
}

func intAbs(least int64, overflow *pgerr.Error) Fn {
	return func(_ *Call, a []datum) (datum, error) {
		v := a[0].Int()
		if v == least {
			return null, fresh(overflow)
		}
		return tuple.Int(max(v, -v)), nil
	}
}

func intAnd(_ *Call, a []datum) (datum, error) { return tuple.Int(a[0].Int() & a[1].Int()), nil }
func intOr(_ *Call, a []datum) (datum, error)  { return tuple.Int(a[0].Int() | a[1].Int()), nil }
func intXor(_ *Call, a []datum) (datum, error) { return tuple.Int(a[0].Int() ^ a[1].Int()), nil }
func intNot(_ *Call, a []datum) (datum, error) { return tuple.Int(^a[0].Int()), nil }

// Shifts take their count modulo the width of the machine's operation, which is 32 for smallint too.
func int2Shl(_ *Call, a []datum) (datum, error) {
	return tuple.Int(int64(int16(int32(a[0].Int()) << (uint(a[1].Int()) & 31)))), nil
}
func int4Shl(_ *Call, a []datum) (datum, error) {
	return tuple.Int(int64(int32(a[0].Int()) << (uint(a[1].Int()) & 31))), nil
}
func int4Shr(_ *Call, a []datum) (datum, error) {
	return tuple.Int(a[0].Int() >> (uint(a[1].Int()) & 31)), nil
}
func int8Shl(_ *Call, a []datum) (datum, error) {
	return tuple.Int(a[0].Int() << (uint(a[1].Int()) & 63)), nil
}
func int8Shr(_ *Call, a []datum) (datum, error) {
	return tuple.Int(a[0].Int() >> (uint(a[1].Int()) & 63)), nil
}

func gcd(x, y uint64) uint64 {
	for y != 0 {
		x, y = y, x%y
	}
	return x
}

func intGCD(limit uint64, overflow *pgerr.Error) Fn {
	return func(_ *Call, a []datum) (datum, error) {
		g := gcd(magnitude(a[0].Int()), magnitude(a[1].Int()))
		if g > limit {
			return null, fresh(overflow)
		}
		return tuple.Int(int64(g)), nil
	}
}

func intLCM(limit uint64, overflow *pgerr.Error) Fn {
	return func(_ *Call, a []datum) (datum, error) {
		x, y := magnitude(a[0].Int()), magnitude(a[1].Int())
		if x == 0 || y == 0 {
			return tuple.Int(0), nil
		}
		g := gcd(x, y)
		hi, lo := bits.Mul64(x/g, y)
		if hi != 0 || lo > limit {
			return null, fresh(overflow)
		}
		return tuple.Int(int64(lo)), nil
	}
}

func toInt2(_ *Call, a []datum) (datum, error) { return int2Result(a[0].Int()) }
func toInt4(_ *Call, a []datum) (datum, error) { return int4Result(a[0].Int()) }

func intFns() fns {
	m := fns{
		"int2pl": int2Pl, "int2mi": int2Mi, "int2mul": int2Mul,
		"int8pl": int8Pl, "int8mi": int8Mi, "int8mul": int8Mul,
		"int2div": intDiv(math.MinInt16, errSmallintRange), "int4div": intDiv(math.MinInt32, errIntegerRange),
		"int24div": intDiv(math.MinInt64, errIntegerRange), "int42div": intDiv(math.MinInt32, errIntegerRange),
		"int2mod": intMod, "int4mod": intMod, "int8mod": intMod,
		"int2um": intNegate(math.MinInt16, errSmallintRange), "int4um": intNegate(math.MinInt32, errIntegerRange), "int8um": intNegate(math.MinInt64, errBigintRange),
		"int2abs": intAbs(math.MinInt16, errSmallintRange), "int4abs": intAbs(math.MinInt32, errIntegerRange), "int8abs": intAbs(math.MinInt64, errBigintRange),
		"int2shl": int2Shl, "int2shr": int4Shr, "int4shl": int4Shl, "int4shr": int4Shr, "int8shl": int8Shl, "int8shr": int8Shr,
		"int4gcd": intGCD(math.MaxInt32, errIntegerRange), "int8gcd": intGCD(math.MaxInt64, errBigintRange),
		"int4lcm": intLCM(math.MaxInt32, errIntegerRange), "int8lcm": intLCM(math.MaxInt64, errBigintRange),
		"int4inc": func(_ *Call, a []datum) (datum, error) { return int4Result(a[0].Int() + 1) },
		"int8inc": func(c *Call, a []datum) (datum, error) {
			return int8Pl(c, []datum{a[0], tuple.Int(1)})
		},
		"int8dec": func(c *Call, a []datum) (datum, error) {
			return int8Mi(c, []datum{a[0], tuple.Int(1)})
		},

		"i2toi4": first, "int28": first, "int48": first, "i4toi2": toInt2, "int82": toInt2, "int84": toInt4, "chartoi4": charToInt4,
		"i4tochar": func(_ *Call, a []datum) (datum, error) {
			v := a[0].Int()
			if v < math.MinInt8 || v > math.MaxInt8 {
				return null, fresh(errCharRange)
			}
			return tuple.Int(int64(uint8(v))), nil
		},
		"oidtoi8": func(_ *Call, a []datum) (datum, error) { return tuple.Int(int64(a[0].Uint())), nil },
		"i8tooid": func(_ *Call, a []datum) (datum, error) {
			v := a[0].Int()
			if v < 0 || v > math.MaxUint32 {
				return null, fresh(errOIDRange)
			}
			return tuple.Uint(uint64(v)), nil
		},
		"int4_bool": func(_ *Call, a []datum) (datum, error) { return tuple.Bool(a[0].Int() != 0), nil },
		"bool_int4": first,
	}
	for _, p := range []string{"int4", "int24", "int42"} {
		m[p+"pl"], m[p+"mi"], m[p+"mul"] = int4Pl, int4Mi, int4Mul
	}
	for _, p := range []string{"int8", "int28", "int48", "int82", "int84"} {
		m[p+"pl"], m[p+"mi"], m[p+"mul"], m[p+"div"] = int8Pl, int8Mi, int8Mul, intDiv(math.MinInt64, errBigintRange)
	}
	for _, p := range []string{"int2", "int4", "int8"} {
		m[p+"and"], m[p+"or"], m[p+"xor"], m[p+"not"], m[p+"up"] = intAnd, intOr, intXor, intNot, first
	}
	return m
}

// charToInt4: "char" converts as a signed byte.
func charToInt4(_ *Call, a []datum) (datum, error) { return tuple.Int(int64(int8(a[0].Int()))), nil }

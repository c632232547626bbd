package number

import (
	"math"
	"math/big"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/libm"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/storage/tuple"
)

// Mathematical functions of double precision (manual: 9.3), with PostgreSQL's errors for arguments outside of their
// domain. The degree functions give exact values at the angles that have them.

var (
	errInputRange = pgerr.New(pgerr.NumericValueOutOfRange, "input is out of range")
	errLogZero    = pgerr.New(pgerr.InvalidArgumentForLog, "cannot take logarithm of zero")
	errLogNeg     = pgerr.New(pgerr.InvalidArgumentForLog, "cannot take logarithm of a negative number")
)

// floatFn makes a function of f. NaN stays NaN.
func floatFn(f func(x float64) (float64, error)) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		v, err := f(a[0].Float())
		if err != nil {
			return types.Null, err
		}
		return tuple.Float(v), nil
	}
}

func total(f func(float64) float64) call.Fn {
	return floatFn(func(x float64) (float64, error) { return f(x), nil })
}

// finiteIn refuses infinities, which trigonometric functions have no value for.
func finiteIn(f func(float64) float64) call.Fn {
	return floatFn(func(x float64) (float64, error) {
		if IsInf(x) {
			return 0, call.Fresh(errInputRange)
		}
		return f(x), nil
	})
}

// within refuses |x| > 1.
func within(f func(float64) float64) call.Fn {
	return floatFn(func(x float64) (float64, error) {
		if x < -1 || x > 1 {
			return 0, call.Fresh(errInputRange)
		}
		return f(x), nil
	})
}

func logarithm(f func(float64) float64) call.Fn {
	return floatFn(func(x float64) (float64, error) {
		switch {
		case x == 0:
			return 0, call.Fresh(errLogZero)
		case x < 0:
			return 0, call.Fresh(errLogNeg)
		}
		r := f(x)
		if IsInf(r) && !IsInf(x) {
			return 0, ErrOverflow()
		}
		if r == 0 && x != 1 {
			return 0, errUnderflow()
		}
		return r, nil
	})
}

func exp(x float64) (float64, error) {
	switch {
	case x != x, math.IsInf(x, 1):
		return x, nil
	case math.IsInf(x, -1):
		return 0, nil
	}
	r := libm.Exp(x)
	if IsInf(r) {
		return 0, ErrOverflow()
	}
	if r == 0 {
		return 0, errUnderflow()
	}
	return r, nil
}

func power(x, y float64) (float64, error) {
	switch {
	case x == 1 || y == 0:
		return 1, nil
	case x != x || y != y:
		return math.NaN(), nil
	case x == 0 && y < 0:
		return 0, pgerr.New(pgerr.InvalidArgumentForPowerFunction, "zero raised to a negative power is undefined")
	case x < 0 && math.Floor(y) != y:
		return 0, pgerr.New(pgerr.InvalidArgumentForPowerFunction, "a negative number raised to a non-integer power yields a complex result")
	}
	r := libm.Pow(x, y)
	if IsInf(x) || IsInf(y) {
		return r, nil
	}
	if IsInf(r) {
		return 0, ErrOverflow()
	}
	if r == 0 && x != 0 {
		return 0, errUnderflow()
	}
	return r, nil
}

// Degrees: the angle is brought into the first quadrant, and in it the function is scaled so that 0, 30, 45, 60 and
// 90 degrees give exactly what they should.
var (
	sin30        = libm.Sin(30 * radPerDegree)
	oneMinCos60  = 1 - libm.Cos(60*radPerDegree)
	asinHalf     = libm.Asin(0.5)
	acosHalf     = libm.Acos(0.5)
	atanOne      = libm.Atan(1)
	tan45        = sindQ1(45) / cosdQ1(45)
	cot45        = cosdQ1(45) / sindQ1(45)
	radPerDegree = float64(math.Pi / 180) // a variable: products with it round twice, as C's do
)

func sind30(x float64) float64 { return libm.Sin(x*radPerDegree) / sin30 / 2 }
func cosd60(x float64) float64 { return 1 - (1-libm.Cos(x*radPerDegree))/oneMinCos60/2 }

func sindQ1(x float64) float64 {
	if x <= 30 {
		return sind30(x)
	}
	return cosd60(90 - x)
}

func cosdQ1(x float64) float64 {
	if x <= 60 {
		return cosd60(x)
	}
	return sind30(90 - x)
}

func sind(x float64) float64 {
	x = math.Mod(x, 360)
	sign := 1.0
	if x < 0 {
		x, sign = -x, -sign
	}
	if x > 180 {
		x, sign = 360-x, -sign
	}
	if x > 90 {
		x = 180 - x
	}
	return sign * sindQ1(x)
}

func cosd(x float64) float64 {
	x = math.Abs(math.Mod(x, 360))
	sign := 1.0
	if x > 180 {
		x = 360 - x
	}
	if x > 90 {
		x, sign = 180-x, -sign
	}
	return sign * cosdQ1(x)
}

// tanOrCot folds like sind; ratio is the function in the first quadrant over its value at 45 degrees.
func tanOrCot(ratio func(x float64) float64) func(float64) float64 {
	return func(x float64) float64 {
		x = math.Mod(x, 360)
		sign := 1.0
		if x < 0 {
			x, sign = -x, -sign
		}
		if x > 180 {
			x, sign = 360-x, -sign
		}
		if x > 90 {
			x, sign = 180-x, -sign
		}
		r := sign * ratio(x)
		if r == 0 {
			return 0 // never -0
		}
		return r
	}
}

func asindQ1(x float64) float64 {
	if x <= 0.5 {
		return libm.Asin(x) / asinHalf * 30
	}
	return 90 - libm.Acos(x)/acosHalf*60
}

func acosdQ1(x float64) float64 {
	if x <= 0.5 {
		return 90 - libm.Asin(x)/asinHalf*30
	}
	return libm.Acos(x) / acosHalf * 60
}

func asind(x float64) float64 {
	if x >= 0 {
		return asindQ1(x)
	}
	return -asindQ1(-x)
}

func acosd(x float64) float64 {
	if x >= 0 {
		return acosdQ1(x)
	}
	return 90 + asindQ1(-x)
}

func scaleFloat(x, by float64) (types.Datum, error) {
	return checkMul(x*by, x, by)
}

// widthBucketFloat numbers count equal buckets between two bounds; 0 and count+1 are outside.
func widthBucketFloat(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, lo, hi, count := a[0].Float(), a[1].Float(), a[2].Float(), a[3].Int()
	switch {
	case count <= 0:
		return types.Null, pgerr.New(pgerr.InvalidArgumentForWidthBucketFunction, "count must be greater than zero")
	case x != x || lo != lo || hi != hi:
		return types.Null, pgerr.New(pgerr.InvalidArgumentForWidthBucketFunction, "operand, lower bound, and upper bound cannot be NaN")
	case IsInf(lo) || IsInf(hi):
		return types.Null, pgerr.New(pgerr.InvalidArgumentForWidthBucketFunction, "lower and upper bounds must be finite")
	case lo == hi:
		return types.Null, pgerr.New(pgerr.InvalidArgumentForWidthBucketFunction, "lower bound cannot equal upper bound")
	}
	beyond := func() (types.Datum, error) { return Int4Result(count + 1) }
	// As in PostgreSQL 15, a quotient that rounds to 1 gives count+1, and beyond an integer the least one.
	bucket := func(num, den, halfNum, halfDen float64) (types.Datum, error) {
		if IsInf(den) {
			num, den = halfNum, halfDen
		}
		r := float64(float64(count)*num)/den + 1
		if !(r < 1<<31) {
			return call.Int(math.MinInt32)
		}
		return call.Int(int64(r))
	}
	if lo < hi {
		switch {
		case x < lo:
			return call.Int(0)
		case x >= hi:
			return beyond()
		}
		return bucket(x-lo, hi-lo, x/2-lo/2, hi/2-lo/2)
	}
	switch {
	case x > lo:
		return call.Int(0)
	case x <= hi:
		return beyond()
	}
	return bucket(lo-x, lo-hi, lo/2-x/2, lo/2-hi/2)
}

func widthBucketNumeric(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, lo, hi, count := a[0], a[1], a[2], a[3].Int()
	switch {
	case count <= 0:
		return types.Null, pgerr.New(pgerr.InvalidArgumentForWidthBucketFunction, "count must be greater than zero")
	case numeric.IsNaN(x) || numeric.IsNaN(lo) || numeric.IsNaN(hi):
		return types.Null, pgerr.New(pgerr.InvalidArgumentForWidthBucketFunction, "operand, lower bound, and upper bound cannot be NaN")
	case numeric.IsInf(lo) || numeric.IsInf(hi):
		return types.Null, pgerr.New(pgerr.InvalidArgumentForWidthBucketFunction, "lower and upper bounds must be finite")
	}
	dir := numeric.Cmp(hi, lo)
	if dir == 0 {
		return types.Null, pgerr.New(pgerr.InvalidArgumentForWidthBucketFunction, "lower bound cannot equal upper bound")
	}
	if numeric.Cmp(x, lo)*dir < 0 {
		return call.Int(0)
	}
	if numeric.Cmp(x, hi)*dir >= 0 {
		return Int4Result(count + 1)
	}
	num, err := numeric.Sub(x, lo)
	if err != nil {
		return types.Null, err
	}
	den, err := numeric.Sub(hi, lo)
	if err != nil {
		return types.Null, err
	}
	if num, err = numeric.Mul(num, numeric.Int(count)); err != nil {
		return types.Null, err
	}
	if num, err = numeric.Div(num, den); err != nil {
		return types.Null, err
	}
	if num, err = numeric.Floor(num); err != nil {
		return types.Null, err
	}
	v, err := numeric.ToInt(num, 64, "integer")
	if err != nil {
		return types.Null, err
	}
	return Int4Result(v + 1)
}

// factorial of a bigint, as numeric.
func factorial(_ *call.Call, a []types.Datum) (types.Datum, error) {
	n := a[0].Int()
	switch {
	case n < 0:
		return types.Null, pgerr.New(pgerr.NumericValueOutOfRange, "factorial of a negative number is undefined")
	case n > 32177:
		return types.Null, pgerr.New(pgerr.NumericValueOutOfRange, "value overflows numeric format")
	}
	return numeric.FromBig(new(big.Int).MulRange(1, max(n, 1)), 0)
}

func mathFns() call.Fns {
	m := call.Fns{
		"dceil": total(math.Ceil), "dfloor": total(math.Floor), "dround": total(math.RoundToEven), "dtrunc": total(math.Trunc),
		"dsign": total(func(x float64) float64 {
			switch {
			case x > 0:
				return 1
			case x < 0:
				return -1
			}
			return 0
		}),
		"dsqrt": floatFn(func(x float64) (float64, error) {
			if x < 0 {
				return 0, pgerr.New(pgerr.InvalidArgumentForPowerFunction, "cannot take square root of a negative number")
			}
			return math.Sqrt(x), nil
		}),
		"dcbrt": total(libm.Cbrt), "dexp": floatFn(exp), "dlog1": logarithm(libm.Log), "dlog10": logarithm(libm.Log10),
		"dpow": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			v, err := power(a[0].Float(), a[1].Float())
			if err != nil {
				return types.Null, err
			}
			return tuple.Float(v), nil
		},
		"dpi":  func(*call.Call, []types.Datum) (types.Datum, error) { return tuple.Float(math.Pi), nil },
		"dsin": finiteIn(libm.Sin), "dcos": finiteIn(libm.Cos), "dtan": finiteIn(libm.Tan),
		"dcot":  finiteIn(func(x float64) float64 { return 1 / libm.Tan(x) }),
		"dasin": within(libm.Asin), "dacos": within(libm.Acos), "datan": total(libm.Atan),
		"datan2": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Float(libm.Atan2(a[0].Float(), a[1].Float()))
		},
		"dsinh": total(libm.Sinh), "dasinh": total(libm.Asinh), "dtanh": total(libm.Tanh),
		"dcosh": floatFn(func(x float64) (float64, error) { return libm.Cosh(x), nil }),
		"dacosh": floatFn(func(x float64) (float64, error) {
			if x < 1 {
				return 0, call.Fresh(errInputRange)
			}
			return libm.Acosh(x), nil
		}),
		"datanh": within(func(x float64) float64 {
			switch x {
			case -1:
				return math.Inf(-1)
			case 1:
				return math.Inf(1)
			}
			return libm.Atanh(x)
		}),
		"degrees": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			x := a[0].Float()
			return checkDiv(x/radPerDegree, x, radPerDegree)
		},
		"radians": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return scaleFloat(a[0].Float(), radPerDegree)
		},
		"dsind": finiteIn(sind), "dcosd": finiteIn(cosd),
		"dtand":  finiteIn(tanOrCot(func(x float64) float64 { return sindQ1(x) / cosdQ1(x) / tan45 })),
		"dcotd":  finiteIn(tanOrCot(func(x float64) float64 { return cosdQ1(x) / sindQ1(x) / cot45 })),
		"dasind": within(asind), "dacosd": within(acosd),
		"datand": total(func(x float64) float64 { return libm.Atan(x) / atanOne * 45 }),
		"datan2d": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Float(libm.Atan2(a[0].Float(), a[1].Float()) / atanOne * 45)
		},

		"width_bucket_float8": widthBucketFloat, "width_bucket_numeric": widthBucketNumeric, "numeric_fac": factorial,
		"numeric_sqrt": num1e(numeric.Sqrt), "numeric_exp": num1e(numeric.Exp), "numeric_ln": num1e(numeric.Ln),
		"numeric_log": num2(numeric.Log), "numeric_power": num2(numeric.Power),
	}
	return m
}

func mathSQL() map[types.OID]call.Fn {
	log10 := func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return numeric.Log(numeric.Int(10), a[0])
	}
	return map[types.OID]call.Fn{
		1481: log10, 1741: log10,
		1708: func(_ *call.Call, a []types.Datum) (types.Datum, error) { return numeric.Round(a[0], 0) },
		1710: func(_ *call.Call, a []types.Datum) (types.Datum, error) { return numeric.Trunc(a[0], 0) },
	}
}

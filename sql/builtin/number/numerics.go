package number

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

func num1(f func(types.Datum) types.Datum) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) { return f(a[0]), nil }
}
func num1e(f func(types.Datum) (types.Datum, error)) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) { return f(a[0]) }
}
func num2(f func(x, y types.Datum) (types.Datum, error)) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) { return f(a[0], a[1]) }
}

func numericFns() call.Fns {
	toInt := func(size int, name string) call.Fn {
		return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			v, err := types.NumericToInt(a[0], size, name)
			if err != nil {
				return types.Null, err
			}
			return tuple.Int(v), nil
		}
	}
	fromInt := func(_ *call.Call, a []types.Datum) (types.Datum, error) { return types.NumericInt(a[0].Int()), nil }
	scale := func(f func(types.Datum) (int, bool)) call.Fn {
		return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			v, ok := f(a[0])
			if !ok {
				return types.Null, nil
			}
			return tuple.Int(int64(v)), nil
		}
	}
	toFloat := func(f func(types.Datum) (float64, error)) call.Fn {
		return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			v, err := f(a[0])
			if err != nil {
				return types.Null, err
			}
			return tuple.Float(v), nil
		}
	}
	fromFloat := func(f func(float64) (types.Datum, error)) call.Fn {
		return func(_ *call.Call, a []types.Datum) (types.Datum, error) { return f(a[0].Float()) }
	}
	rounding := func(f func(types.Datum, int) (types.Datum, error)) call.Fn {
		return func(_ *call.Call, a []types.Datum) (types.Datum, error) { return f(a[0], int(a[1].Int())) }
	}
	return call.Fns{
		"numeric_add": num2(types.NumericAdd), "numeric_sub": num2(types.NumericSub), "numeric_mul": num2(types.NumericMul),
		"numeric_div": num2(types.NumericDiv), "numeric_div_trunc": num2(types.NumericDivTrunc), "numeric_mod": num2(types.NumericMod),
		"numeric_gcd": num2(types.NumericGCD), "numeric_lcm": num2(types.NumericLCM), "numeric_inc": num1e(types.NumericInc),
		"numeric_uminus": num1(types.NumericNeg), "numeric_uplus": call.First, "numeric_abs": num1(types.NumericAbs), "numeric_sign": num1(types.NumericSign),
		"numeric_ceil": num1e(types.NumericCeil), "numeric_floor": num1e(types.NumericFloor), "numeric_trim_scale": num1(types.NumericTrimScale),
		"numeric_round": rounding(types.NumericRound), "numeric_trunc": rounding(types.NumericTrunc),
		"numeric_scale": scale(types.NumericScale), "numeric_min_scale": scale(types.NumericMinScale),
		"numeric_int2": toInt(16, "smallint"), "numeric_int4": toInt(32, "integer"), "numeric_int8": toInt(64, "bigint"),
		"int2_numeric": fromInt, "int4_numeric": fromInt, "int8_numeric": fromInt,
		"numeric_float8": toFloat(types.NumericToFloat8), "numeric_float4": toFloat(types.NumericToFloat4),
		"float8_numeric": fromFloat(types.NumericFromFloat8), "float4_numeric": fromFloat(types.NumericFromFloat4),
	}
}

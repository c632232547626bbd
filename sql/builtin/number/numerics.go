package number

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/numeric"
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
			v, err := numeric.ToInt(a[0], size, name)
			if err != nil {
				return types.Null, err
			}
			return tuple.Int(v), nil
		}
	}
	fromInt := func(_ *call.Call, a []types.Datum) (types.Datum, error) { return numeric.Int(a[0].Int()), nil }
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
		"numeric_add": num2(numeric.Add), "numeric_sub": num2(numeric.Sub), "numeric_mul": num2(numeric.Mul),
		"numeric_div": num2(numeric.Div), "numeric_div_trunc": num2(numeric.DivTrunc), "numeric_mod": num2(numeric.Mod),
		"numeric_gcd": num2(numeric.GCD), "numeric_lcm": num2(numeric.LCM), "numeric_inc": num1e(numeric.Inc),
		"numeric_uminus": num1(numeric.Neg), "numeric_uplus": call.First, "numeric_abs": num1(numeric.Abs), "numeric_sign": num1(numeric.Sign),
		"numeric_ceil": num1e(numeric.Ceil), "numeric_floor": num1e(numeric.Floor), "numeric_trim_scale": num1(numeric.TrimScale),
		"numeric_round": rounding(numeric.Round), "numeric_trunc": rounding(numeric.Trunc),
		"numeric_scale": scale(numeric.Scale), "numeric_min_scale": scale(numeric.MinScale),
		"numeric_int2": toInt(16, "smallint"), "numeric_int4": toInt(32, "integer"), "numeric_int8": toInt(64, "bigint"),
		"int2_numeric": fromInt, "int4_numeric": fromInt, "int8_numeric": fromInt,
		"numeric_float8": toFloat(numeric.ToFloat8), "numeric_float4": toFloat(numeric.ToFloat4),
		"float8_numeric": fromFloat(numeric.FromFloat8), "float4_numeric": fromFloat(numeric.FromFloat4),
	}
}

package number

import (
	"math"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/storage/tuple"
)

// Money is hundredths in 64 bits.

var ErrMoneyRange = pgerr.New(pgerr.NumericValueOutOfRange, "money out of range")

func moneyResult(v int64, ok bool) (types.Datum, error) {
	if !ok {
		return types.Null, call.Fresh(ErrMoneyRange)
	}
	return tuple.Int(v), nil
}

func moneyOfFloat(v types.Datum, err error) (types.Datum, error) {
	if err != nil {
		return types.Null, err
	}
	f := math.RoundToEven(v.Float())
	if !(f >= -(1<<63) && f < 1<<63) {
		return types.Null, call.Fresh(ErrMoneyRange)
	}
	return tuple.Int(int64(f)), nil
}

func moneyFns() call.Fns {
	mulFloat := func(m, f int) call.Fn {
		return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			x, y := float64(a[m].Int()), a[f].Float()
			return moneyOfFloat(checkMul(x*y, x, y))
		}
	}
	divFloat := func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		x, y := float64(a[0].Int()), a[1].Float()
		return moneyOfFloat(checkDiv(x/y, x, y))
	}
	mulInt := func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return moneyResult(MulInt64(a[0].Int(), a[1].Int()))
	}
	divInt := func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		switch a[1].Int() {
		case 0:
			return types.Null, call.Fresh(errDivisionByZero)
		case -1:
			return moneyResult(-a[0].Int(), a[0].Int() != math.MinInt64)
		}
		return tuple.Int(a[0].Int() / a[1].Int()), nil
	}
	ofInt := func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		v, ok := MulInt64(a[0].Int(), 100)
		if !ok {
			return types.Null, call.Fresh(ErrBigintRange)
		}
		return tuple.Int(v), nil
	}
	m := call.Fns{
		"cash_pl": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return moneyResult(Add64(a[0].Int(), a[1].Int()))
		},
		"cash_mi": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return moneyResult(sub64(a[0].Int(), a[1].Int()))
		},
		"cash_mul_flt4": mulFloat(0, 1), "cash_mul_flt8": mulFloat(0, 1), "flt4_mul_cash": mulFloat(1, 0), "flt8_mul_cash": mulFloat(1, 0),
		"cash_div_flt4": divFloat, "cash_div_flt8": divFloat,
		"cash_div_cash": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			if a[1].Int() == 0 {
				return types.Null, call.Fresh(errDivisionByZero)
			}
			return call.Float(float64(a[0].Int()) / float64(a[1].Int()))
		},
		"cash_words": cashWords,
		"int4_cash":  ofInt, "int8_cash": ofInt,
		"cash_numeric": func(_ *call.Call, a []types.Datum) (types.Datum, error) { return Scaled(a[0].Int(), 2) },
		"numeric_cash": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			v, err := numeric.Mul(a[0], numeric.Int(100))
			if err != nil {
				return types.Null, err
			}
			return call.IntOrErr(numeric.ToInt(v, 64, "bigint"))
		},
	}
	for _, n := range []string{"int2", "int4", "int8"} {
		m["cash_mul_"+n], m[n+"_mul_cash"], m["cash_div_"+n] = mulInt, mulInt, divInt
	}
	return m
}

func Add64(a, b int64) (int64, bool) {
	s := a + b
	return s, (a^s)&(b^s) >= 0
}

func sub64(a, b int64) (int64, bool) {
	s := a - b
	return s, (a^b)&(a^s) >= 0
}

package builtin

import (
	"math"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Money is hundredths in 64 bits.

var errMoneyRange = pgerr.New(pgerr.NumericValueOutOfRange, "money out of range")

func moneyResult(v int64, ok bool) (datum, error) {
	if !ok {
		return null, fresh(errMoneyRange)
	}
	return tuple.Int(v), nil
}

func moneyOfFloat(v datum, err error) (datum, error) {
	if err != nil {
		return null, err
	}
	f := math.RoundToEven(v.Float())
	if !(f >= -(1<<63) && f < 1<<63) {
		return null, fresh(errMoneyRange)
	}
	return tuple.Int(int64(f)), nil
}

func moneyFns() fns {
	mulFloat := func(m, f int) Fn {
		return func(_ *Call, a []datum) (datum, error) {
			x, y := float64(a[m].Int()), a[f].Float()
			return moneyOfFloat(checkMul(x*y, x, y))
		}
	}
	divFloat := func(_ *Call, a []datum) (datum, error) {
		x, y := float64(a[0].Int()), a[1].Float()
		return moneyOfFloat(checkDiv(x/y, x, y))
	}
	mulInt := func(_ *Call, a []datum) (datum, error) { return moneyResult(mulInt64(a[0].Int(), a[1].Int())) }
	divInt := func(_ *Call, a []datum) (datum, error) {
		switch a[1].Int() {
		case 0:
			return null, fresh(errDivisionByZero)
		case -1:
			return moneyResult(-a[0].Int(), a[0].Int() != math.MinInt64)
		}
		return tuple.Int(a[0].Int() / a[1].Int()), nil
	}
	ofInt := func(_ *Call, a []datum) (datum, error) {
		v, ok := mulInt64(a[0].Int(), 100)
		if !ok {
			return null, fresh(errBigintRange)
		}
		return tuple.Int(v), nil
	}
	m := fns{
		"cash_pl":       func(_ *Call, a []datum) (datum, error) { return moneyResult(add64(a[0].Int(), a[1].Int())) },
		"cash_mi":       func(_ *Call, a []datum) (datum, error) { return moneyResult(sub64(a[0].Int(), a[1].Int())) },
		"cash_mul_flt4": mulFloat(0, 1), "cash_mul_flt8": mulFloat(0, 1), "flt4_mul_cash": mulFloat(1, 0), "flt8_mul_cash": mulFloat(1, 0),
		"cash_div_flt4": divFloat, "cash_div_flt8": divFloat,
		"cash_div_cash": func(_ *Call, a []datum) (datum, error) {
			if a[1].Int() == 0 {
				return null, fresh(errDivisionByZero)
			}
			return float(float64(a[0].Int()) / float64(a[1].Int()))
		},
		"int4_cash": ofInt, "int8_cash": ofInt,
		"cash_numeric": func(_ *Call, a []datum) (datum, error) { return scaled(a[0].Int(), 2) },
		"numeric_cash": func(_ *Call, a []datum) (datum, error) {
			v, err := types.NumericMul(a[0], types.NumericInt(100))
			if err != nil {
				return null, err
			}
			return intOrErr(types.NumericToInt(v, 64, "bigint"))
		},
	}
	for _, n := range []string{"int2", "int4", "int8"} {
		m["cash_mul_"+n], m[n+"_mul_cash"], m["cash_div_"+n] = mulInt, mulInt, divInt
	}
	return m
}

func add64(a, b int64) (int64, bool) {
	s := a + b
	return s, (a^s)&(b^s) >= 0
}

func sub64(a, b int64) (int64, bool) {
	s := a - b
	return s, (a^b)&(a^s) >= 0
}

// enumType is the enum that the call's arguments have.
func enumType(c *Call) (*types.Type, error) {
	for _, oid := range c.ArgTypes {
		if t := c.Env.Type(oid); t != nil && t.TypType == types.TypeEnum {
			return t, nil
		}
	}
	return nil, pgerr.New(pgerr.FeatureNotSupported, "could not determine actual enum type")
}

func enumValue(l *types.Label) datum { return tuple.Float(float64(l.Sort)) }

// enumRange lists labels from a[0] to a[1]; NULL is an open end.
func enumRange(c *Call, a []datum) (datum, error) {
	t, err := enumType(c)
	if err != nil {
		return null, err
	}
	var vals []datum
	for i := range t.Labels {
		v := enumValue(&t.Labels[i])
		if len(a) == 2 && (!a[0].IsNull() && v.Float() < a[0].Float() || !a[1].IsNull() && v.Float() > a[1].Float()) {
			continue
		}
		vals = append(vals, v)
	}
	return types.MakeArray(t, vals), nil
}

func enumFns() fns {
	end := func(last bool) Fn {
		return func(c *Call, _ []datum) (datum, error) {
			t, err := enumType(c)
			if err != nil {
				return null, err
			}
			if len(t.Labels) == 0 {
				return null, pgerr.New(pgerr.ObjectNotInPrerequisiteState, "enum %s contains no values", types.FormatType(t.OID, -1, c.Env))
			}
			if last {
				return enumValue(&t.Labels[len(t.Labels)-1]), nil
			}
			return enumValue(&t.Labels[0]), nil
		}
	}
	return fns{"enum_first": end(false), "enum_last": end(true), "enum_range_all": enumRange, "enum_range_bounds": enumRange}
}

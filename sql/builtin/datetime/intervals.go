package datetime

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

func interval1(f func(types.IntervalVal) (types.IntervalVal, error)) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		v, err := f(types.IntervalOf(a[0]))
		if err != nil {
			return types.Null, err
		}
		return v.Datum(), nil
	}
}

func interval2(f func(a, b types.IntervalVal) (types.IntervalVal, error)) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		v, err := f(types.IntervalOf(a[0]), types.IntervalOf(a[1]))
		if err != nil {
			return types.Null, err
		}
		return v.Datum(), nil
	}
}

func intervalFns() call.Fns {
	return call.Fns{
		"interval_pl": interval2(types.IntervalAdd), "interval_mi": interval2(types.IntervalSub), "interval_um": interval1(types.IntervalNeg),
		"interval_justify_hours": interval1(types.JustifyHours), "interval_justify_days": interval1(types.JustifyDays), "interval_justify_interval": interval1(types.JustifyInterval),
		"interval_mul": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			v, err := types.IntervalMul(types.IntervalOf(a[0]), a[1].Float())
			return v.Datum(), err
		},
		"mul_d_interval": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			v, err := types.IntervalMul(types.IntervalOf(a[1]), a[0].Float())
			return v.Datum(), err
		},
		"interval_div": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			v, err := types.IntervalDiv(types.IntervalOf(a[0]), a[1].Float())
			return v.Datum(), err
		},
		"interval_finite": func(*call.Call, []types.Datum) (types.Datum, error) { return tuple.Bool(true), nil },
	}
}

package datetime

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/storage/tuple"
)

func interval1(f func(temporal.Interval) (temporal.Interval, error)) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		v, err := f(temporal.IntervalOf(a[0]))
		if err != nil {
			return types.Null, err
		}
		return v.Datum(), nil
	}
}

func interval2(f func(a, b temporal.Interval) (temporal.Interval, error)) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		v, err := f(temporal.IntervalOf(a[0]), temporal.IntervalOf(a[1]))
		if err != nil {
			return types.Null, err
		}
		return v.Datum(), nil
	}
}

func intervalFns() call.Fns {
	return call.Fns{
		"interval_pl": interval2(temporal.IntervalAdd), "interval_mi": interval2(temporal.IntervalSub), "interval_um": interval1(temporal.IntervalNeg),
		"interval_justify_hours": interval1(temporal.JustifyHours), "interval_justify_days": interval1(temporal.JustifyDays), "interval_justify_interval": interval1(temporal.JustifyInterval),
		"interval_mul": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			v, err := temporal.IntervalMul(temporal.IntervalOf(a[0]), a[1].Float())
			return v.Datum(), err
		},
		"mul_d_interval": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			v, err := temporal.IntervalMul(temporal.IntervalOf(a[1]), a[0].Float())
			return v.Datum(), err
		},
		"interval_div": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			v, err := temporal.IntervalDiv(temporal.IntervalOf(a[0]), a[1].Float())
			return v.Datum(), err
		},
		"interval_finite": func(*call.Call, []types.Datum) (types.Datum, error) { return tuple.Bool(true), nil },
	}
}

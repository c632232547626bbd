package datetime

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/number"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/storage/tuple"
)

// seriesTime steps by an interval; add is timestamp or timestamptz arithmetic.
func seriesTime(add func(c *call.Call, ts int64, v temporal.Interval) (int64, error)) call.SetFn {
	return func(c *call.Call, a []types.Datum) (call.Rows, error) {
		step := temporal.IntervalOf(a[2])
		dir := types.CompareKind(tuple.KindInterval, a[2], temporal.Interval{}.Datum())
		if dir == 0 {
			return nil, call.Fresh(number.ErrZeroStep)
		}
		cur, end := a[0].Int(), a[1].Int()
		var row [1]types.Datum
		return call.RowsFunc(func() ([]types.Datum, bool, error) {
			if dir > 0 && cur > end || dir < 0 && cur < end {
				return nil, false, nil
			}
			row[0] = tuple.Int(cur)
			next, err := add(c, cur, step)
			if err != nil {
				return nil, false, err
			}
			cur = next
			return row[:], true, nil
		}), nil
	}
}

func timeSeriesSets() call.Sets {
	return call.Sets{
		"generate_series_timestamp": seriesTime(func(_ *call.Call, ts int64, v temporal.Interval) (int64, error) {
			return temporal.TimestampAddInterval(ts, v)
		}),
		"generate_series_timestamptz": seriesTime(func(c *call.Call, ts int64, v temporal.Interval) (int64, error) {
			return temporal.TimestampTZAddInterval(ts, v, c.Env.Zone())
		}),
	}
}

package compare

import (
	"math"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/storage/tuple"
)

// in_range support functions: whether value is on the wanted side of base ± offset, for RANGE frames of window
// functions (manual: 38.14.3). Arguments: value, base, offset, sub, less. What overflows lies beyond every value.

func errRangeOffset() error {
	return pgerr.New(pgerr.InvalidPrecedingOrFollowingSize, "invalid preceding or following size in window function")
}

func side(less bool, cmp int) (types.Datum, error) {
	if less {
		return tuple.Bool(cmp <= 0), nil
	}
	return tuple.Bool(cmp >= 0), nil
}

func inRangeInt(_ *call.Call, a []types.Datum) (types.Datum, error) {
	value, base, offset := a[0].Int(), a[1].Int(), a[2].Int()
	sub, less := a[3].Bool(), a[4].Bool()
	if offset < 0 {
		return types.Null, errRangeOffset()
	}
	if sub {
		offset = -offset
	}
	sum := base + offset
	if (base^sum)&(offset^sum) < 0 {
		if sub {
			return tuple.Bool(!less), nil
		}
		return tuple.Bool(less), nil
	}
	return side(less, compareInts(value, sum))
}

func inRangeFloat(_ *call.Call, a []types.Datum) (types.Datum, error) {
	value, base, offset := a[0].Float(), a[1].Float(), a[2].Float()
	sub, less := a[3].Bool(), a[4].Bool()
	if offset != offset || offset < 0 {
		return types.Null, errRangeOffset()
	}
	switch {
	case value != value:
		if base != base {
			return call.Bool(true) // NaN is in range of NaN
		}
		return tuple.Bool(!less), nil
	case base != base:
		return tuple.Bool(less), nil
	case math.IsInf(offset, 0) && math.IsInf(base, 0) && (base > 0) == sub:
		return call.Bool(true) // infinity - infinity: nothing is out of range
	}
	if sub {
		return side(less, floatCompare(value, base-offset))
	}
	return side(less, floatCompare(value, base+offset))
}

func inRangeNumeric(_ *call.Call, a []types.Datum) (types.Datum, error) {
	value, base, offset := a[0], a[1], a[2]
	sub, less := a[3].Bool(), a[4].Bool()
	if numeric.IsNaN(offset) || numeric.Sgn(offset) < 0 {
		return types.Null, errRangeOffset()
	}
	switch {
	case numeric.IsNaN(value):
		if numeric.IsNaN(base) {
			return call.Bool(true)
		}
		return tuple.Bool(!less), nil
	case numeric.IsNaN(base):
		return tuple.Bool(less), nil
	case numeric.IsInf(offset) && numeric.IsInf(base) && (numeric.Sgn(base) > 0) == sub:
		return call.Bool(true)
	}
	op := numeric.Add
	if sub {
		op = numeric.Sub
	}
	sum, err := op(base, offset)
	if err != nil {
		return types.Null, err
	}
	return side(less, numeric.Cmp(value, sum))
}

// inRangeTime steps by an interval; move is the type's arithmetic.
func inRangeTime(move func(c *call.Call, base types.Datum, v temporal.Interval) (types.Datum, error), cmp func(x, y types.Datum) int) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		v := temporal.IntervalOf(a[2])
		if temporal.IntervalCmp(v, temporal.Interval{}) < 0 {
			return types.Null, errRangeOffset()
		}
		if a[3].Bool() {
			var err error
			if v, err = temporal.IntervalNeg(v); err != nil {
				return types.Null, err
			}
		}
		sum, err := move(c, a[1], v)
		if err != nil {
			return types.Null, err
		}
		return side(a[4].Bool(), cmp(a[0], sum))
	}
}

func inRangeFns() call.Fns {
	m := call.Fns{
		"in_range_float4_float8": inRangeFloat, "in_range_float8_float8": inRangeFloat, "in_range_numeric_numeric": inRangeNumeric,
	}
	for _, p := range []string{"int2_int2", "int2_int4", "int2_int8", "int4_int2", "int4_int4", "int4_int8", "int8_int8"} {
		m["in_range_"+p] = inRangeInt
	}
	ints := func(x, y types.Datum) int { return compareInts(x.Int(), y.Int()) }
	add := func(f func(ts int64, v temporal.Interval, c *call.Call) (int64, error)) func(*call.Call, types.Datum, temporal.Interval) (types.Datum, error) {
		return func(c *call.Call, base types.Datum, v temporal.Interval) (types.Datum, error) {
			return call.IntOrErr(f(base.Int(), v, c))
		}
	}
	m["in_range_timestamp_interval"] = inRangeTime(add(func(ts int64, v temporal.Interval, _ *call.Call) (int64, error) {
		return temporal.TimestampAddInterval(ts, v)
	}), ints)
	m["in_range_timestamptz_interval"] = inRangeTime(add(func(ts int64, v temporal.Interval, c *call.Call) (int64, error) {
		return temporal.TimestampTZAddInterval(ts, v, c.Env.Zone())
	}), ints)
	m["in_range_date_interval"] = func(c *call.Call, a []types.Datum) (types.Datum, error) {
		b := [5]types.Datum{a[0], a[1], a[2], a[3], a[4]}
		for i := range 2 {
			ts, err := temporal.DateToTimestamp(a[i].Int())
			if err != nil {
				return types.Null, err
			}
			b[i] = tuple.Int(ts)
		}
		return m["in_range_timestamp_interval"](c, b[:])
	}
	m["in_range_interval_interval"] = inRangeTime(func(_ *call.Call, base types.Datum, v temporal.Interval) (types.Datum, error) {
		return call.IntervalOrErr(temporal.IntervalAdd(temporal.IntervalOf(base), v))
	}, kindCompare(tuple.KindInterval))
	// Times of day do not wrap here: only the time of the offset counts.
	m["in_range_time_interval"] = func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		us := temporal.IntervalOf(a[2]).Usec
		if us < 0 {
			return types.Null, errRangeOffset()
		}
		sub, less := a[3].Bool(), a[4].Bool()
		sum := a[1].Int() - us
		if !sub {
			if sum = a[1].Int() + us; sum < 0 {
				return tuple.Bool(less), nil
			}
		}
		return side(less, compareInts(a[0].Int(), sum))
	}
	m["in_range_timetz_interval"] = func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		us := temporal.IntervalOf(a[2]).Usec
		if us < 0 {
			return types.Null, errRangeOffset()
		}
		sub, less := a[3].Bool(), a[4].Bool()
		v := temporal.TimeTZOf(a[1])
		if sub {
			v.Usec -= us
		} else if v.Usec += us; v.Usec < 0 {
			return tuple.Bool(less), nil
		}
		return side(less, types.CompareKind(tuple.KindTimeTZ, a[0], v.Datum()))
	}
	return m
}

package builtin

import (
	"math"

	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

func add32(a, b int32) (int32, bool) {
	s := int64(a) + int64(b)
	return int32(s), s == int64(int32(s))
}

func add64(a, b int64) (int64, bool) {
	s := a + b
	return s, (a^s)&(b^s) >= 0
}

func intervalAdd(a, b types.IntervalVal) (types.IntervalVal, error) {
	m, ok1 := add32(a.Months, b.Months)
	d, ok2 := add32(a.Days, b.Days)
	u, ok3 := add64(a.Usec, b.Usec)
	if !ok1 || !ok2 || !ok3 {
		return a, errIntervalRange()
	}
	return types.IntervalVal{Usec: u, Days: d, Months: m}, nil
}

func intervalSub(a, b types.IntervalVal) (types.IntervalVal, error) {
	m, d, u := int64(a.Months)-int64(b.Months), int64(a.Days)-int64(b.Days), a.Usec-b.Usec
	if m != int64(int32(m)) || d != int64(int32(d)) || (a.Usec^b.Usec)&(a.Usec^u) < 0 {
		return a, errIntervalRange()
	}
	return types.IntervalVal{Usec: u, Days: int32(d), Months: int32(m)}, nil
}

func intervalNeg(a types.IntervalVal) (types.IntervalVal, error) {
	if a.Usec == math.MinInt64 || a.Days == math.MinInt32 || a.Months == math.MinInt32 {
		return a, errIntervalRange()
	}
	return types.IntervalVal{Usec: -a.Usec, Days: -a.Days, Months: -a.Months}, nil
}

// roundMicros rounds seconds or days to six digits, which hides what binary fractions add.
func roundMicros(f float64) float64 { return math.RoundToEven(f*1e6) / 1e6 }

// intervalScale multiplies with f, or divides by it. Fractions of a month become days (of 30 to the month) and
// fractions of a day become time, never the other way.
func intervalScale(v types.IntervalVal, apply func(float64) float64) (types.IntervalVal, error) {
	months, days := apply(float64(v.Months)), apply(float64(v.Days))
	if !(months >= math.MinInt32 && months < 1<<31) || !(days >= math.MinInt32 && days < 1<<31) {
		return v, errIntervalRange()
	}
	out := types.IntervalVal{Months: int32(months), Days: int32(days)}
	monthDays := roundMicros((months - float64(out.Months)) * 30)
	secs := roundMicros((days - float64(out.Days) + monthDays - math.Trunc(monthDays)) * 86400)
	if math.Abs(secs) >= 86400 {
		whole := math.Trunc(secs / 86400)
		d, ok := add32(out.Days, int32(whole))
		if !ok {
			return v, errIntervalRange()
		}
		out.Days = d
		secs -= whole * 86400
	}
	d, ok := add32(out.Days, int32(monthDays))
	if !ok {
		return v, errIntervalRange()
	}
	out.Days = d
	us := math.RoundToEven(apply(float64(v.Usec)) + secs*1e6)
	if !(us >= -(1<<63) && us < 1<<63) {
		return v, errIntervalRange()
	}
	out.Usec = int64(us)
	return out, nil
}

func intervalMultiply(v types.IntervalVal, f float64) (types.IntervalVal, error) {
	return intervalScale(v, func(x float64) float64 { return x * f })
}

func intervalDivide(v types.IntervalVal, f float64) (types.IntervalVal, error) {
	if f == 0 {
		return v, fresh(errDivisionByZero)
	}
	return intervalScale(v, func(x float64) float64 { return x / f })
}

// carryHours moves whole days of the time into the days and gives both the same sign.
func carryHours(v types.IntervalVal) (types.IntervalVal, error) {
	d, ok := add32(v.Days, int32(v.Usec/usecPerDay))
	if !ok {
		return v, errIntervalRange()
	}
	v.Days, v.Usec = d, v.Usec%usecPerDay
	switch {
	case v.Days > 0 && v.Usec < 0:
		v.Usec += usecPerDay
		v.Days--
	case v.Days < 0 && v.Usec > 0:
		v.Usec -= usecPerDay
		v.Days++
	}
	return v, nil
}

// carryDays moves every 30 days into a month likewise.
func carryDays(v types.IntervalVal) (types.IntervalVal, error) {
	m, ok := add32(v.Months, v.Days/30)
	if !ok {
		return v, errIntervalRange()
	}
	v.Months, v.Days = m, v.Days%30
	switch {
	case v.Months > 0 && v.Days < 0:
		v.Days += 30
		v.Months--
	case v.Months < 0 && v.Days > 0:
		v.Days -= 30
		v.Months++
	}
	return v, nil
}

func carryAll(v types.IntervalVal) (types.IntervalVal, error) {
	if v.Days > 0 && v.Usec > 0 || v.Days < 0 && v.Usec < 0 {
		m, ok := add32(v.Months, v.Days/30)
		if !ok {
			return v, errIntervalRange()
		}
		v.Months, v.Days = m, v.Days%30
	}
	v.Days += int32(v.Usec / usecPerDay)
	v.Usec %= usecPerDay
	m, ok := add32(v.Months, v.Days/30)
	if !ok {
		return v, errIntervalRange()
	}
	v.Months, v.Days = m, v.Days%30
	switch {
	case v.Months > 0 && (v.Days < 0 || v.Days == 0 && v.Usec < 0):
		v.Days += 30
		v.Months--
	case v.Months < 0 && (v.Days > 0 || v.Days == 0 && v.Usec > 0):
		v.Days -= 30
		v.Months++
	}
	switch {
	case v.Days > 0 && v.Usec < 0:
		v.Usec += usecPerDay
		v.Days--
	case v.Days < 0 && v.Usec > 0:
		v.Usec -= usecPerDay
		v.Days++
	}
	return v, nil
}

func interval1(f func(types.IntervalVal) (types.IntervalVal, error)) Fn {
	return func(_ *Call, a []datum) (datum, error) {
		v, err := f(types.IntervalOf(a[0]))
		if err != nil {
			return null, err
		}
		return v.Datum(), nil
	}
}

func interval2(f func(a, b types.IntervalVal) (types.IntervalVal, error)) Fn {
	return func(_ *Call, a []datum) (datum, error) {
		v, err := f(types.IntervalOf(a[0]), types.IntervalOf(a[1]))
		if err != nil {
			return null, err
		}
		return v.Datum(), nil
	}
}

func intervalFns() fns {
	return fns{
		"interval_pl": interval2(intervalAdd), "interval_mi": interval2(intervalSub), "interval_um": interval1(intervalNeg),
		"interval_justify_hours": interval1(carryHours), "interval_justify_days": interval1(carryDays), "interval_justify_interval": interval1(carryAll),
		"interval_mul": func(_ *Call, a []datum) (datum, error) {
			v, err := intervalMultiply(types.IntervalOf(a[0]), a[1].Float())
			return v.Datum(), err
		},
		"mul_d_interval": func(_ *Call, a []datum) (datum, error) {
			v, err := intervalMultiply(types.IntervalOf(a[1]), a[0].Float())
			return v.Datum(), err
		},
		"interval_div": func(_ *Call, a []datum) (datum, error) {
			v, err := intervalDivide(types.IntervalOf(a[0]), a[1].Float())
			return v.Datum(), err
		},
		"interval_finite": func(*Call, []datum) (datum, error) { return tuple.Bool(true), nil },
	}
}

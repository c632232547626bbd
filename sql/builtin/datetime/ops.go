package datetime

import (
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/number"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/sql/types/timezone"
	"github.com/tarndb/tarn/storage/tuple"
)

// Date and time functions (manual: 9.9).

var zoneAbbrevs = sync.OnceValue(func() map[string]timezone.Abbrev {
	m := map[string]timezone.Abbrev{}
	timezone.Abbrevs(func(abbrev string, a timezone.Abbrev) { m[strings.ToLower(abbrev)] = a })
	return m
})

// findZone reads the zone of AT TIME ZONE: an abbreviation first, then a full name.
func findZone(_ *call.Call, name string) (*time.Location, error) {
	if z, ok := zoneAbbrevs()[strings.ToLower(name)]; ok {
		if z.Zone == "" {
			return time.FixedZone(strings.ToUpper(name), z.Offset), nil
		}
		name = z.Zone
	}
	if loc, ok := timezone.Load(name); ok {
		return loc, nil
	}
	return nil, pgerr.New(pgerr.InvalidParameterValue, "time zone \"%s\" not recognized", name)
}

// makeZone reads make_timestamptz's zone: an offset east of UTC with its sign, or a name.
func makeZone(c *call.Call, name string) (*time.Location, error) {
	switch {
	case name == "" || name[0] != '+' && name[0] != '-' && !(name[0] >= '0' && name[0] <= '9'):
		return findZone(c, name)
	case name[0] != '+' && name[0] != '-':
		return nil, pgerr.New(pgerr.InvalidParameterValue, "invalid input syntax for type numeric time zone: \"%s\"", name).
			WithHint("Numeric time zones must have \"-\" or \"+\" as first character.")
	}
	east, ok, inRange := temporal.ParseOffset(name)
	switch {
	case !ok:
		return nil, pgerr.New(pgerr.InvalidParameterValue, "time zone \"%s\" not recognized", name)
	case !inRange:
		return nil, pgerr.New(pgerr.InvalidParameterValue, "numeric time zone \"%s\" out of range", name)
	}
	return time.FixedZone("", east), nil
}

// intervalZone is a zone given as an interval of hours and minutes; PostgreSQL keeps its seconds in 32 bits, whatever is lost.
func intervalZone(c *call.Call, d types.Datum) (*time.Location, error) {
	v := temporal.IntervalOf(d)
	if v.Months != 0 || v.Days != 0 {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "interval time zone \"%s\" must not include months or days", types.Lookup(types.Interval).Text(d, c.Env))
	}
	return time.FixedZone("", int(int32(v.Usec/calendar.UsecPerSec))), nil
}

type zoneReader func(c *call.Call, d types.Datum) (*time.Location, error)

func namedZone(c *call.Call, d types.Datum) (*time.Location, error) { return findZone(c, d.Str()) }

func atZone(read zoneReader, convert func(ts int64, loc *time.Location) (int64, error)) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		if !FiniteTS(a[1].Int()) {
			return a[1], nil
		}
		loc, err := read(c, a[0])
		if err != nil {
			return types.Null, err
		}
		return call.IntOrErr(convert(a[1].Int(), loc))
	}
}

func timetzAtZone(read zoneReader) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		loc, err := read(c, a[0])
		if err != nil {
			return types.Null, err
		}
		// A zone with daylight saving has today's offset.
		_, east := c.Env.Now().In(loc).Zone()
		return temporal.TimeTZAtOffset(temporal.TimeTZOf(a[1]), int32(-east)).Datum(), nil
	}
}

func timestampPl(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return call.IntOrErr(temporal.TimestampAddInterval(a[0].Int(), temporal.IntervalOf(a[1])))
}

func timestampMi(_ *call.Call, a []types.Datum) (types.Datum, error) {
	v, err := temporal.IntervalNeg(temporal.IntervalOf(a[1]))
	if err != nil {
		return types.Null, err
	}
	return call.IntOrErr(temporal.TimestampAddInterval(a[0].Int(), v))
}

func timestamptzPl(c *call.Call, a []types.Datum) (types.Datum, error) {
	return call.IntOrErr(temporal.TimestampTZAddInterval(a[0].Int(), temporal.IntervalOf(a[1]), c.Env.Zone()))
}

func timestamptzMi(c *call.Call, a []types.Datum) (types.Datum, error) {
	v, err := temporal.IntervalNeg(temporal.IntervalOf(a[1]))
	if err != nil {
		return types.Null, err
	}
	return call.IntOrErr(temporal.TimestampTZAddInterval(a[0].Int(), v, c.Env.Zone()))
}

func datePlInterval(c *call.Call, a []types.Datum) (types.Datum, error) {
	ts, err := temporal.DateToTimestamp(a[0].Int())
	if err != nil {
		return types.Null, err
	}
	return timestampPl(c, []types.Datum{tuple.Int(ts), a[1]})
}

func dateMiInterval(c *call.Call, a []types.Datum) (types.Datum, error) {
	ts, err := temporal.DateToTimestamp(a[0].Int())
	if err != nil {
		return types.Null, err
	}
	return timestampMi(c, []types.Datum{tuple.Int(ts), a[1]})
}

// dateTime joins a date and a time.
func dateTime(_ *call.Call, a []types.Datum) (types.Datum, error) {
	ts, err := temporal.DateToTimestamp(a[0].Int())
	if err != nil || !FiniteTS(ts) {
		return call.IntOrErr(ts, err)
	}
	if ts += a[1].Int(); !calendar.ValidTimestamp(ts) {
		return types.Null, ErrTimestampRange()
	}
	return tuple.Int(ts), nil
}

// dateTimeTZ joins a date and a time with its own offset.
func dateTimeTZ(_ *call.Call, a []types.Datum) (types.Datum, error) {
	days := a[0].Int()
	switch days {
	case temporal.DateInf:
		return tuple.Int(temporal.TimestampInf), nil
	case temporal.DateNegInf:
		return tuple.Int(temporal.TimestampNegInf), nil
	}
	if days >= calendar.TimestampEnd/calendar.UsecPerDay {
		return types.Null, pgerr.New(pgerr.DatetimeFieldOverflow, "date out of range for timestamp")
	}
	v := temporal.TimeTZOf(a[1])
	ts := days*calendar.UsecPerDay + v.Usec + int64(v.West)*calendar.UsecPerSec
	if !calendar.ValidTimestamp(ts) {
		return types.Null, pgerr.New(pgerr.DatetimeFieldOverflow, "date out of range for timestamp")
	}
	return tuple.Int(ts), nil
}

// makeTimestamp checks and joins year, month, day, hour, minute and seconds.
func makeTimestamp(a []types.Datum) (int64, error) {
	year, mon, day := a[0].Int(), a[1].Int(), a[2].Int()
	hour, minute, sec := a[3].Int(), a[4].Int(), a[5].Float()
	y := int(year)
	if y < 0 {
		y++
	}
	if year == 0 || mon < 1 || mon > 12 || day < 1 || day > int64(calendar.DaysIn(y, int(mon))) {
		return 0, pgerr.New(pgerr.DatetimeFieldOverflow, "date field value out of range: %d-%02d-%02d", year, mon, day)
	}
	us, err := temporal.MakeTime(int(hour), int(minute), sec)
	if err != nil {
		return 0, err
	}
	days := calendar.DaysOf(y, int(mon), int(day))
	ts := days*calendar.UsecPerDay + us
	if days >= calendar.TimestampEnd/calendar.UsecPerDay || !calendar.ValidTimestamp(ts) {
		s := strconv.FormatFloat(sec, 'g', 6, 64)
		if len(s) < 2 {
			s = "0" + s
		}
		return 0, pgerr.New(pgerr.DatetimeFieldOverflow, "timestamp out of range: %d-%02d-%02d %d:%02d:%s", year, mon, day, hour, minute, s)
	}
	return ts, nil
}

func makeInterval(_ *call.Call, a []types.Datum) (types.Datum, error) {
	years, months, weeks, days, hours, mins := a[0].Int(), a[1].Int(), a[2].Int(), a[3].Int(), a[4].Int(), a[5].Int()
	sec := a[6].Float()
	if sec != sec || number.IsInf(sec) {
		return types.Null, errIntervalRange()
	}
	// PostgreSQL 15 lets these sums wrap.
	us := math.RoundToEven(sec * calendar.UsecPerSec)
	t := int64(math.MinInt64)
	if us >= -(1<<63) && us < 1<<63 {
		t = int64(us)
	}
	return temporal.Interval{
		Months: int32(years*12 + months),
		Days:   int32(weeks*7 + days),
		Usec:   hours*calendar.UsecPerHour + mins*calendar.UsecPerMin + t,
	}.Datum(), nil
}

// fromUnix is to_timestamp(double precision).
func fromUnix(_ *call.Call, a []types.Datum) (types.Datum, error) {
	sec := a[0].Float()
	bad := func() (types.Datum, error) {
		return types.Null, pgerr.New(pgerr.DatetimeFieldOverflow, "timestamp out of range: \"%s\"", types.AppendFloat(nil, sec, 64, -10))
	}
	switch {
	case sec != sec:
		return types.Null, pgerr.New(pgerr.DatetimeFieldOverflow, "timestamp cannot be NaN")
	case math.IsInf(sec, 1):
		return tuple.Int(temporal.TimestampInf), nil
	case math.IsInf(sec, -1):
		return tuple.Int(temporal.TimestampNegInf), nil
	case sec < float64(calendar.TimestampMin/calendar.UsecPerSec+calendar.UnixEpochSec) || sec >= float64(calendar.TimestampEnd/calendar.UsecPerSec+calendar.UnixEpochSec):
		return bad()
	}
	us := math.RoundToEven((sec - calendar.UnixEpochSec) * calendar.UsecPerSec)
	if ts := int64(us); calendar.ValidTimestamp(ts) {
		return tuple.Int(ts), nil
	}
	return bad()
}

// overlap is the OVERLAPS operator over four times of one order (manual: 9.9); NULLs and reversed ends are in its rules.
func overlap(less func(x, y types.Datum) bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		s1, e1, s2, e2 := a[0], a[1], a[2], a[3]
		order := func(s, e types.Datum) (types.Datum, types.Datum, bool) {
			switch {
			case s.IsNull() && e.IsNull():
				return s, e, false
			case s.IsNull():
				return e, types.Null, true
			case !e.IsNull() && less(e, s):
				return e, s, true
			}
			return s, e, true
		}
		s1, e1, ok := order(s1, e1)
		if !ok {
			return types.Null, nil
		}
		if s2, e2, ok = order(s2, e2); !ok {
			return types.Null, nil
		}
		if !less(s1, s2) && !less(s2, s1) {
			if e1.IsNull() || e2.IsNull() {
				return types.Null, nil
			}
			return tuple.Bool(true), nil
		}
		// The period that starts first decides whether it reaches the other's start.
		if less(s2, s1) {
			s1, e1, s2, e2 = s2, e2, s1, e1
		}
		if e1.IsNull() {
			return types.Null, nil
		}
		if less(s2, e1) {
			return tuple.Bool(true), nil
		}
		if e2.IsNull() {
			return types.Null, nil
		}
		return tuple.Bool(false), nil
	}
}

func intLess(x, y types.Datum) bool { return x.Int() < y.Int() }
func timetzLess(x, y types.Datum) bool {
	return types.CompareKind(tuple.KindTimeTZ, x, y) < 0
}

// overlapAfter makes each listed end argument of OVERLAPS from an interval after its start.
func overlapAfter(f call.Fn, add call.Fn, ends ...int) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		b := [4]types.Datum{a[0], a[1], a[2], a[3]}
		for _, i := range ends {
			if b[i-1].IsNull() || b[i].IsNull() {
				b[i] = types.Null
				continue
			}
			v, err := add(c, []types.Datum{b[i-1], b[i]})
			if err != nil {
				return types.Null, err
			}
			b[i] = v
		}
		return f(c, b[:])
	}
}

// swap calls f with its two arguments in the other order.
func timePl(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Int(temporal.TimeAddInterval(a[0].Int(), temporal.IntervalOf(a[1]))), nil
}

func timeMi(_ *call.Call, a []types.Datum) (types.Datum, error) {
	v := temporal.IntervalOf(a[1])
	t := (a[0].Int() - v.Usec) % calendar.UsecPerDay
	if t < 0 {
		t += calendar.UsecPerDay
	}
	return tuple.Int(t), nil
}

func timetzPl(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return temporal.TimeTZAddInterval(temporal.TimeTZOf(a[0]), temporal.IntervalOf(a[1])).Datum(), nil
}

func timetzMi(_ *call.Call, a []types.Datum) (types.Datum, error) {
	v := temporal.IntervalOf(a[1])
	v.Usec = -(v.Usec % calendar.UsecPerDay)
	return temporal.TimeTZAddInterval(temporal.TimeTZOf(a[0]), v).Datum(), nil
}

func nowFn(c *call.Call, _ []types.Datum) (types.Datum, error) {
	return tuple.Int(calendar.TimestampOf(c.Env.Now())), nil
}

// ageOfToday is age(x): from x to midnight of the current date.
func ageOfToday(tz bool) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		now, err := temporal.TimestampTZToLocal(calendar.TimestampOf(c.Env.Now()), c.Env.Zone())
		if err != nil {
			return types.Null, err
		}
		midnight := calendar.FloorDiv(now, calendar.UsecPerDay) * calendar.UsecPerDay
		if !tz {
			return call.IntervalOrErr(temporal.Age(midnight, a[0].Int()))
		}
		if midnight, err = temporal.LocalToTimestampTZ(midnight, c.Env.Zone()); err != nil {
			return types.Null, err
		}
		return call.IntervalOrErr(temporal.AgeTZ(midnight, a[0].Int(), c.Env.Zone()))
	}
}

// clockTime is what the session's clock shows, even where that is just before the first timestamp.
func clockTime(c *call.Call, ts int64) int64 {
	if !FiniteTS(ts) {
		return ts
	}
	return ts + int64(zoneOffset(c.Env.Zone(), ts))*calendar.UsecPerSec
}

func datetimeFns() call.Fns {
	typmod := func(oid types.OID) call.Fn {
		return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return types.Lookup(oid).ApplyTypmod(a[0], int32(a[1].Int()), true)
		}
	}
	toTime := func(us int64, ok bool) (types.Datum, error) {
		if !ok {
			return types.Null, nil
		}
		return tuple.Int(us), nil
	}
	return call.Fns{
		"date_mi": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.IntOrErr(temporal.DateSub(a[0].Int(), a[1].Int()))
		},
		"date_pli": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.IntOrErr(temporal.DateAddDays(a[0].Int(), a[1].Int()))
		},
		"date_mii": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.IntOrErr(temporal.DateAddDays(a[0].Int(), -a[1].Int()))
		},
		"date_pl_interval": datePlInterval, "date_mi_interval": dateMiInterval,
		"date_finite": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return tuple.Bool(finiteDate(a[0].Int())), nil
		},
		"timestamp_finite": func(_ *call.Call, a []types.Datum) (types.Datum, error) { return tuple.Bool(FiniteTS(a[0].Int())), nil },
		"timestamp_mi": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.IntervalOrErr(temporal.TimestampSub(a[0].Int(), a[1].Int()))
		},
		"timestamp_pl_interval": timestampPl, "timestamp_mi_interval": timestampMi,
		"timestamptz_pl_interval": timestamptzPl, "timestamptz_mi_interval": timestamptzMi,
		"timestamp_age": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.IntervalOrErr(temporal.Age(a[0].Int(), a[1].Int()))
		},
		"timestamptz_age": func(c *call.Call, a []types.Datum) (types.Datum, error) {
			return call.IntervalOrErr(temporal.AgeTZ(a[0].Int(), a[1].Int(), c.Env.Zone()))
		},
		"timestamp_bin": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.IntOrErr(temporal.DateBin(temporal.IntervalOf(a[0]), a[1].Int(), a[2].Int()))
		},
		"timestamptz_bin": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.IntOrErr(temporal.DateBin(temporal.IntervalOf(a[0]), a[1].Int(), a[2].Int()))
		},

		"date_timestamp": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.IntOrErr(temporal.DateToTimestamp(a[0].Int()))
		},
		"date_timestamptz": func(c *call.Call, a []types.Datum) (types.Datum, error) {
			return call.IntOrErr(temporal.DateToTimestampTZ(a[0].Int(), c.Env.Zone()))
		},
		"timestamp_date": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return tuple.Int(temporal.TimestampToDate(a[0].Int())), nil
		},
		"timestamptz_date": func(c *call.Call, a []types.Datum) (types.Datum, error) {
			return tuple.Int(temporal.TimestampToDate(clockTime(c, a[0].Int()))), nil
		},
		"timestamp_timestamptz": func(c *call.Call, a []types.Datum) (types.Datum, error) {
			return call.IntOrErr(temporal.LocalToTimestampTZ(a[0].Int(), c.Env.Zone()))
		},
		"timestamptz_timestamp": func(c *call.Call, a []types.Datum) (types.Datum, error) {
			return call.IntOrErr(temporal.TimestampTZToLocal(a[0].Int(), c.Env.Zone()))
		},
		"timestamp_time": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return toTime(temporal.TimestampToTime(a[0].Int()))
		},
		"timestamptz_time": func(c *call.Call, a []types.Datum) (types.Datum, error) {
			return toTime(temporal.TimestampToTime(clockTime(c, a[0].Int())))
		},
		"timestamptz_timetz": func(c *call.Call, a []types.Datum) (types.Datum, error) {
			v, ok := temporal.TimestampTZToTimeTZ(a[0].Int(), c.Env.Zone())
			if !ok {
				return types.Null, nil
			}
			return v.Datum(), nil
		},
		"datetime_timestamp": dateTime, "datetimetz_timestamptz": dateTimeTZ,
		"timetz_time": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return tuple.Int(temporal.TimeTZOf(a[0]).Usec), nil
		},
		"time_timetz": func(c *call.Call, a []types.Datum) (types.Datum, error) {
			return temporal.TimeToTimeTZ(a[0].Int(), c.Env.Times()).Datum(), nil
		},
		"time_interval": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return temporal.Interval{Usec: a[0].Int()}.Datum(), nil
		},
		"interval_time": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return tuple.Int(temporal.TimeAddInterval(0, temporal.IntervalOf(a[0]))), nil
		},
		"time_mi_time": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return temporal.Interval{Usec: a[0].Int() - a[1].Int()}.Datum(), nil
		},
		"time_pl_interval": timePl, "time_mi_interval": timeMi, "timetz_pl_interval": timetzPl, "timetz_mi_interval": timetzMi,
		"time_scale": typmod(types.Time), "timetz_scale": typmod(types.TimeTZ), "timestamp_scale": typmod(types.Timestamp),
		"timestamptz_scale": typmod(types.TimestampTZ), "interval_scale": typmod(types.Interval), "numeric": typmod(types.Numeric),

		"timestamp_zone": atZone(namedZone, temporal.LocalToTimestampTZ), "timestamp_izone": atZone(intervalZone, temporal.LocalToTimestampTZ),
		"timestamptz_zone": atZone(namedZone, temporal.TimestampTZToLocal), "timestamptz_izone": atZone(intervalZone, temporal.TimestampTZToLocal),
		"timetz_zone": timetzAtZone(namedZone), "timetz_izone": timetzAtZone(intervalZone),

		"make_date": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.IntOrErr(temporal.MakeDate(int(a[0].Int()), int(a[1].Int()), int(a[2].Int())))
		},
		"make_time": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.IntOrErr(temporal.MakeTime(int(a[0].Int()), int(a[1].Int()), a[2].Float()))
		},
		"make_timestamp": func(_ *call.Call, a []types.Datum) (types.Datum, error) { return call.IntOrErr(makeTimestamp(a)) },
		"make_timestamptz": func(c *call.Call, a []types.Datum) (types.Datum, error) {
			ts, err := makeTimestamp(a)
			if err != nil {
				return types.Null, err
			}
			return call.IntOrErr(temporal.LocalToTimestampTZ(ts, c.Env.Zone()))
		},
		"make_timestamptz_at_timezone": func(c *call.Call, a []types.Datum) (types.Datum, error) {
			ts, err := makeTimestamp(a)
			if err != nil {
				return types.Null, err
			}
			loc, err := makeZone(c, a[6].Str())
			if err != nil {
				return types.Null, err
			}
			return call.IntOrErr(temporal.LocalToTimestampTZ(ts, loc))
		},
		"make_interval": makeInterval, "float8_timestamptz": fromUnix,
		"overlaps_timestamp": overlap(intLess), "overlaps_time": overlap(intLess), "overlaps_timetz": overlap(timetzLess),

		"now": nowFn,
		"clock_timestamp": func(*call.Call, []types.Datum) (types.Datum, error) {
			return tuple.Int(calendar.TimestampOf(time.Now())), nil
		},
		"timeofday": func(c *call.Call, _ []types.Datum) (types.Datum, error) {
			return call.Text(time.Now().In(c.Env.Zone()).Format("Mon Jan 02 15:04:05.000000 2006 MST"))
		},
	}
}

// datetimeSQL are the functions that PostgreSQL writes in SQL over others.
func datetimeSQL() map[types.OID]call.Fn {
	ts, tz, tm := overlap(intLess), overlap(intLess), overlap(intLess)
	return map[types.OID]call.Fn{
		1384: func(c *call.Call, a []types.Datum) (types.Datum, error) { // date_part(text, date)
			ts, err := temporal.DateToTimestamp(a[1].Int())
			if err != nil {
				return types.Null, err
			}
			return tsPart(types.Timestamp, true)(c, []types.Datum{a[0], tuple.Int(ts)})
		},
		1386: ageOfToday(true), 2059: ageOfToday(false),
		1176: func(c *call.Call, a []types.Datum) (types.Datum, error) { // timestamptz(date, time)
			v, err := dateTime(c, a)
			if err != nil {
				return types.Null, err
			}
			return call.IntOrErr(temporal.LocalToTimestampTZ(v.Int(), c.Env.Zone()))
		},
		1296: call.Swap(dateTime), 1298: call.Swap(dateTimeTZ), 1848: call.Swap(timePl), 2546: call.Swap(datePlInterval), 2547: call.Swap(timetzPl),
		2548: call.Swap(timestampPl), 2549: call.Swap(timestamptzPl),
		2550: func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.IntOrErr(temporal.DateAddDays(a[1].Int(), a[0].Int()))
		},
		1305: overlapAfter(tz, timestamptzPl, 1, 3), 1306: overlapAfter(tz, timestamptzPl, 3), 1307: overlapAfter(tz, timestamptzPl, 1),
		2042: overlapAfter(ts, timestampPl, 1, 3), 2043: overlapAfter(ts, timestampPl, 3), 2044: overlapAfter(ts, timestampPl, 1),
		1309: overlapAfter(tm, timePl, 1, 3), 1310: overlapAfter(tm, timePl, 3), 1311: overlapAfter(tm, timePl, 1),
	}
}

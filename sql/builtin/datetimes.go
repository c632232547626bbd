package builtin

import (
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Date and time functions (manual: 9.9).

func intOrErr(v int64, err error) (datum, error) {
	if err != nil {
		return null, err
	}
	return tuple.Int(v), nil
}

func intervalOrErr(v types.IntervalVal, err error) (datum, error) {
	if err != nil {
		return null, err
	}
	return v.Datum(), nil
}

var zoneAbbrevs = sync.OnceValue(func() map[string]types.ZoneAbbrev {
	m := map[string]types.ZoneAbbrev{}
	types.ZoneAbbrevs(func(abbrev string, a types.ZoneAbbrev) { m[strings.ToLower(abbrev)] = a })
	return m
})

// findZone reads the zone of AT TIME ZONE: an abbreviation first, then a full name.
func findZone(_ *Call, name string) (*time.Location, error) {
	if z, ok := zoneAbbrevs()[strings.ToLower(name)]; ok {
		if z.Zone == "" {
			return time.FixedZone(strings.ToUpper(name), z.Offset), nil
		}
		name = z.Zone
	}
	if loc, ok := types.LoadZone(name); ok {
		return loc, nil
	}
	if name != "" && (name[0] == '+' || name[0] == '-' || name[0] >= '0' && name[0] <= '9') {
		// A POSIX zone whose name is empty: hours west of UTC.
		if loc, ok := types.LoadZone("GMT" + name); ok {
			_, east := time.Unix(0, 0).In(loc).Zone()
			return time.FixedZone("", east), nil
		}
	}
	return nil, pgerr.New(pgerr.InvalidParameterValue, "time zone \"%s\" not recognized", name)
}

// intervalZone is a zone given as an interval of hours and minutes.
func intervalZone(c *Call, d datum) (*time.Location, error) {
	v := types.IntervalOf(d)
	if v.Months != 0 || v.Days != 0 {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "interval time zone \"%s\" must not include months or days", types.Lookup(types.Interval).Text(d, c.Env))
	}
	return time.FixedZone("", int(v.Usec/usecPerSec)), nil
}

type zoneReader func(c *Call, d datum) (*time.Location, error)

func namedZone(c *Call, d datum) (*time.Location, error) { return findZone(c, d.Str()) }

func atZone(read zoneReader, convert func(ts int64, loc *time.Location) (int64, error)) Fn {
	return func(c *Call, a []datum) (datum, error) {
		if !finiteTS(a[1].Int()) {
			return a[1], nil
		}
		loc, err := read(c, a[0])
		if err != nil {
			return null, err
		}
		return intOrErr(convert(a[1].Int(), loc))
	}
}

func timetzAtZone(read zoneReader) Fn {
	return func(c *Call, a []datum) (datum, error) {
		loc, err := read(c, a[0])
		if err != nil {
			return null, err
		}
		// A zone with daylight saving has today's offset.
		_, east := c.Env.Now().In(loc).Zone()
		return types.TimeTZAtOffset(types.TimeTZOf(a[1]), int32(-east)).Datum(), nil
	}
}

func timestampPl(_ *Call, a []datum) (datum, error) {
	return intOrErr(types.TimestampAddInterval(a[0].Int(), types.IntervalOf(a[1])))
}

func timestampMi(_ *Call, a []datum) (datum, error) {
	v, err := types.IntervalNeg(types.IntervalOf(a[1]))
	if err != nil {
		return null, err
	}
	return intOrErr(types.TimestampAddInterval(a[0].Int(), v))
}

func timestamptzPl(c *Call, a []datum) (datum, error) {
	return intOrErr(types.TimestampTZAddInterval(a[0].Int(), types.IntervalOf(a[1]), c.Env.Zone()))
}

func timestamptzMi(c *Call, a []datum) (datum, error) {
	v, err := types.IntervalNeg(types.IntervalOf(a[1]))
	if err != nil {
		return null, err
	}
	return intOrErr(types.TimestampTZAddInterval(a[0].Int(), v, c.Env.Zone()))
}

func datePlInterval(c *Call, a []datum) (datum, error) {
	ts, err := types.DateToTimestamp(a[0].Int())
	if err != nil {
		return null, err
	}
	return timestampPl(c, []datum{tuple.Int(ts), a[1]})
}

func dateMiInterval(c *Call, a []datum) (datum, error) {
	ts, err := types.DateToTimestamp(a[0].Int())
	if err != nil {
		return null, err
	}
	return timestampMi(c, []datum{tuple.Int(ts), a[1]})
}

// dateTime joins a date and a time.
func dateTime(_ *Call, a []datum) (datum, error) {
	ts, err := types.DateToTimestamp(a[0].Int())
	if err != nil || !finiteTS(ts) {
		return intOrErr(ts, err)
	}
	if ts += a[1].Int(); !validTS(ts) {
		return null, errTimestampRange()
	}
	return tuple.Int(ts), nil
}

// dateTimeTZ joins a date and a time with its own offset.
func dateTimeTZ(_ *Call, a []datum) (datum, error) {
	days := a[0].Int()
	switch days {
	case types.DateInf:
		return tuple.Int(types.TimestampInf), nil
	case types.DateNegInf:
		return tuple.Int(types.TimestampNegInf), nil
	}
	if days >= timestampEndDays {
		return null, pgerr.New(pgerr.DatetimeFieldOverflow, "date out of range for timestamp")
	}
	v := types.TimeTZOf(a[1])
	ts := days*usecPerDay + v.Usec + int64(v.West)*usecPerSec
	if !validTS(ts) {
		return null, pgerr.New(pgerr.DatetimeFieldOverflow, "date out of range for timestamp")
	}
	return tuple.Int(ts), nil
}

// makeTimestamp checks and joins year, month, day, hour, minute and seconds.
func makeTimestamp(a []datum) (int64, error) {
	year, mon, day := a[0].Int(), a[1].Int(), a[2].Int()
	hour, minute, sec := a[3].Int(), a[4].Int(), a[5].Float()
	y := int(year)
	if y < 0 {
		y++
	}
	if year == 0 || mon < 1 || mon > 12 || day < 1 || day > int64(daysIn(y, int(mon))) {
		return 0, pgerr.New(pgerr.DatetimeFieldOverflow, "date field value out of range: %d-%02d-%02d", year, mon, day)
	}
	us, err := types.MakeTime(int(hour), int(minute), sec)
	if err != nil {
		return 0, err
	}
	days := daysOf(y, int(mon), int(day))
	ts := days*usecPerDay + us
	if days >= timestampEndDays || !validTS(ts) {
		s := strconv.FormatFloat(sec, 'g', 6, 64)
		if len(s) < 2 {
			s = "0" + s
		}
		return 0, pgerr.New(pgerr.DatetimeFieldOverflow, "timestamp out of range: %d-%02d-%02d %d:%02d:%s", year, mon, day, hour, minute, s)
	}
	return ts, nil
}

func makeInterval(_ *Call, a []datum) (datum, error) {
	years, months, weeks, days, hours, mins := a[0].Int(), a[1].Int(), a[2].Int(), a[3].Int(), a[4].Int(), a[5].Int()
	sec := a[6].Float()
	if sec != sec || isInf(sec) {
		return null, errIntervalRange()
	}
	// PostgreSQL 15 lets these sums wrap.
	us := math.RoundToEven(sec * usecPerSec)
	t := int64(math.MinInt64)
	if us >= -(1<<63) && us < 1<<63 {
		t = int64(us)
	}
	return types.IntervalVal{
		Months: int32(years*12 + months),
		Days:   int32(weeks*7 + days),
		Usec:   hours*usecPerHour + mins*usecPerMin + t,
	}.Datum(), nil
}

// fromUnix is to_timestamp(double precision).
func fromUnix(_ *Call, a []datum) (datum, error) {
	sec := a[0].Float()
	bad := func() (datum, error) {
		return null, pgerr.New(pgerr.DatetimeFieldOverflow, "timestamp out of range: \"%s\"", types.AppendFloat(nil, sec, 64, -10))
	}
	switch {
	case sec != sec:
		return null, pgerr.New(pgerr.DatetimeFieldOverflow, "timestamp cannot be NaN")
	case math.IsInf(sec, 1):
		return tuple.Int(types.TimestampInf), nil
	case math.IsInf(sec, -1):
		return tuple.Int(types.TimestampNegInf), nil
	case sec < float64(timestampMin/usecPerSec+unixEpochSec) || sec >= float64(timestampEnd/usecPerSec+unixEpochSec):
		return bad()
	}
	us := math.RoundToEven((sec - unixEpochSec) * usecPerSec)
	if ts := int64(us); validTS(ts) {
		return tuple.Int(ts), nil
	}
	return bad()
}

// overlap is the OVERLAPS operator over four times of one order (manual: 9.9); NULLs and reversed ends are in its rules.
func overlap(less func(x, y datum) bool) Fn {
	return func(_ *Call, a []datum) (datum, error) {
		s1, e1, s2, e2 := a[0], a[1], a[2], a[3]
		order := func(s, e datum) (datum, datum, bool) {
			switch {
			case s.IsNull() && e.IsNull():
				return s, e, false
			case s.IsNull():
				return e, null, true
			case !e.IsNull() && less(e, s):
				return e, s, true
			}
			return s, e, true
		}
		s1, e1, ok := order(s1, e1)
		if !ok {
			return null, nil
		}
		if s2, e2, ok = order(s2, e2); !ok {
			return null, nil
		}
		if !less(s1, s2) && !less(s2, s1) {
			if e1.IsNull() || e2.IsNull() {
				return null, nil
			}
			return tuple.Bool(true), nil
		}
		// The period that starts first decides whether it reaches the other's start.
		if less(s2, s1) {
			s1, e1, s2, e2 = s2, e2, s1, e1
		}
		if e1.IsNull() {
			return null, nil
		}
		if less(s2, e1) {
			return tuple.Bool(true), nil
		}
		if e2.IsNull() {
			return null, nil
		}
		return tuple.Bool(false), nil
	}
}

func intLess(x, y datum) bool { return x.Int() < y.Int() }
func timetzLess(x, y datum) bool {
	return types.CompareKind(tuple.KindTimeTZ, x, y) < 0
}

// overlapAfter makes each listed end argument of OVERLAPS from an interval after its start.
func overlapAfter(f Fn, add Fn, ends ...int) Fn {
	return func(c *Call, a []datum) (datum, error) {
		b := [4]datum{a[0], a[1], a[2], a[3]}
		for _, i := range ends {
			if b[i-1].IsNull() || b[i].IsNull() {
				b[i] = null
				continue
			}
			v, err := add(c, []datum{b[i-1], b[i]})
			if err != nil {
				return null, err
			}
			b[i] = v
		}
		return f(c, b[:])
	}
}

// swap calls f with its two arguments in the other order.
func swap(f Fn) Fn {
	return func(c *Call, a []datum) (datum, error) { return f(c, []datum{a[1], a[0]}) }
}

func timePl(_ *Call, a []datum) (datum, error) {
	return tuple.Int(types.TimeAddInterval(a[0].Int(), types.IntervalOf(a[1]))), nil
}

func timeMi(_ *Call, a []datum) (datum, error) {
	v := types.IntervalOf(a[1])
	t := (a[0].Int() - v.Usec) % usecPerDay
	if t < 0 {
		t += usecPerDay
	}
	return tuple.Int(t), nil
}

func timetzPl(_ *Call, a []datum) (datum, error) {
	return types.TimeTZAddInterval(types.TimeTZOf(a[0]), types.IntervalOf(a[1])).Datum(), nil
}

func timetzMi(_ *Call, a []datum) (datum, error) {
	v := types.IntervalOf(a[1])
	v.Usec = -(v.Usec % usecPerDay)
	return types.TimeTZAddInterval(types.TimeTZOf(a[0]), v).Datum(), nil
}

func nowFn(c *Call, _ []datum) (datum, error) { return tuple.Int(types.TimestampOf(c.Env.Now())), nil }

// ageOfToday is age(x): from x to midnight of the current date.
func ageOfToday(tz bool) Fn {
	return func(c *Call, a []datum) (datum, error) {
		now, err := types.TimestampTZToLocal(types.TimestampOf(c.Env.Now()), c.Env.Zone())
		if err != nil {
			return null, err
		}
		midnight := floorDiv(now, usecPerDay) * usecPerDay
		if !tz {
			return intervalOrErr(types.Age(midnight, a[0].Int()))
		}
		if midnight, err = types.LocalToTimestampTZ(midnight, c.Env.Zone()); err != nil {
			return null, err
		}
		return intervalOrErr(types.AgeTZ(midnight, a[0].Int(), c.Env.Zone()))
	}
}

// clockTime is what the session's clock shows, even where that is just before the first timestamp.
func clockTime(c *Call, ts int64) int64 {
	if !finiteTS(ts) {
		return ts
	}
	return ts + int64(zoneOffset(c.Env.Zone(), ts))*usecPerSec
}

func datetimeFns() fns {
	typmod := func(oid types.OID) Fn {
		return func(_ *Call, a []datum) (datum, error) {
			return types.Lookup(oid).ApplyTypmod(a[0], int32(a[1].Int()), true)
		}
	}
	toTime := func(us int64, ok bool) (datum, error) {
		if !ok {
			return null, nil
		}
		return tuple.Int(us), nil
	}
	return fns{
		"date_mi":          func(_ *Call, a []datum) (datum, error) { return intOrErr(types.DateSub(a[0].Int(), a[1].Int())) },
		"date_pli":         func(_ *Call, a []datum) (datum, error) { return intOrErr(types.DateAddDays(a[0].Int(), a[1].Int())) },
		"date_mii":         func(_ *Call, a []datum) (datum, error) { return intOrErr(types.DateAddDays(a[0].Int(), -a[1].Int())) },
		"date_pl_interval": datePlInterval, "date_mi_interval": dateMiInterval,
		"date_finite":      func(_ *Call, a []datum) (datum, error) { return tuple.Bool(finiteDate(a[0].Int())), nil },
		"timestamp_finite": func(_ *Call, a []datum) (datum, error) { return tuple.Bool(finiteTS(a[0].Int())), nil },
		"timestamp_mi": func(_ *Call, a []datum) (datum, error) {
			return intervalOrErr(types.TimestampSub(a[0].Int(), a[1].Int()))
		},
		"timestamp_pl_interval": timestampPl, "timestamp_mi_interval": timestampMi,
		"timestamptz_pl_interval": timestamptzPl, "timestamptz_mi_interval": timestamptzMi,
		"timestamp_age": func(_ *Call, a []datum) (datum, error) { return intervalOrErr(types.Age(a[0].Int(), a[1].Int())) },
		"timestamptz_age": func(c *Call, a []datum) (datum, error) {
			return intervalOrErr(types.AgeTZ(a[0].Int(), a[1].Int(), c.Env.Zone()))
		},
		"timestamp_bin": func(_ *Call, a []datum) (datum, error) {
			return intOrErr(types.DateBin(types.IntervalOf(a[0]), a[1].Int(), a[2].Int()))
		},
		"timestamptz_bin": func(_ *Call, a []datum) (datum, error) {
			return intOrErr(types.DateBin(types.IntervalOf(a[0]), a[1].Int(), a[2].Int()))
		},

		"date_timestamp": func(_ *Call, a []datum) (datum, error) { return intOrErr(types.DateToTimestamp(a[0].Int())) },
		"date_timestamptz": func(c *Call, a []datum) (datum, error) {
			return intOrErr(types.DateToTimestampTZ(a[0].Int(), c.Env.Zone()))
		},
		"timestamp_date": func(_ *Call, a []datum) (datum, error) { return tuple.Int(types.TimestampToDate(a[0].Int())), nil },
		"timestamptz_date": func(c *Call, a []datum) (datum, error) {
			return tuple.Int(types.TimestampToDate(clockTime(c, a[0].Int()))), nil
		},
		"timestamp_timestamptz": func(c *Call, a []datum) (datum, error) {
			return intOrErr(types.LocalToTimestampTZ(a[0].Int(), c.Env.Zone()))
		},
		"timestamptz_timestamp": func(c *Call, a []datum) (datum, error) {
			return intOrErr(types.TimestampTZToLocal(a[0].Int(), c.Env.Zone()))
		},
		"timestamp_time": func(_ *Call, a []datum) (datum, error) { return toTime(types.TimestampToTime(a[0].Int())) },
		"timestamptz_time": func(c *Call, a []datum) (datum, error) {
			return toTime(types.TimestampToTime(clockTime(c, a[0].Int())))
		},
		"timestamptz_timetz": func(c *Call, a []datum) (datum, error) {
			v, ok := types.TimestampTZToTimeTZ(a[0].Int(), c.Env.Zone())
			if !ok {
				return null, nil
			}
			return v.Datum(), nil
		},
		"datetime_timestamp": dateTime, "datetimetz_timestamptz": dateTimeTZ,
		"timetz_time": func(_ *Call, a []datum) (datum, error) { return tuple.Int(types.TimeTZOf(a[0]).Usec), nil },
		"time_timetz": func(c *Call, a []datum) (datum, error) { return types.TimeToTimeTZ(a[0].Int(), c.Env).Datum(), nil },
		"time_interval": func(_ *Call, a []datum) (datum, error) {
			return types.IntervalVal{Usec: a[0].Int()}.Datum(), nil
		},
		"interval_time": func(_ *Call, a []datum) (datum, error) {
			return tuple.Int(types.TimeAddInterval(0, types.IntervalOf(a[0]))), nil
		},
		"time_mi_time": func(_ *Call, a []datum) (datum, error) {
			return types.IntervalVal{Usec: a[0].Int() - a[1].Int()}.Datum(), nil
		},
		"time_pl_interval": timePl, "time_mi_interval": timeMi, "timetz_pl_interval": timetzPl, "timetz_mi_interval": timetzMi,
		"time_scale": typmod(types.Time), "timetz_scale": typmod(types.TimeTZ), "timestamp_scale": typmod(types.Timestamp),
		"timestamptz_scale": typmod(types.TimestampTZ), "interval_scale": typmod(types.Interval), "numeric": typmod(types.Numeric),

		"timestamp_zone": atZone(namedZone, types.LocalToTimestampTZ), "timestamp_izone": atZone(intervalZone, types.LocalToTimestampTZ),
		"timestamptz_zone": atZone(namedZone, types.TimestampTZToLocal), "timestamptz_izone": atZone(intervalZone, types.TimestampTZToLocal),
		"timetz_zone": timetzAtZone(namedZone), "timetz_izone": timetzAtZone(intervalZone),

		"make_date": func(_ *Call, a []datum) (datum, error) {
			return intOrErr(types.MakeDate(int(a[0].Int()), int(a[1].Int()), int(a[2].Int())))
		},
		"make_time": func(_ *Call, a []datum) (datum, error) {
			return intOrErr(types.MakeTime(int(a[0].Int()), int(a[1].Int()), a[2].Float()))
		},
		"make_timestamp": func(_ *Call, a []datum) (datum, error) { return intOrErr(makeTimestamp(a)) },
		"make_timestamptz": func(c *Call, a []datum) (datum, error) {
			ts, err := makeTimestamp(a)
			if err != nil {
				return null, err
			}
			return intOrErr(types.LocalToTimestampTZ(ts, c.Env.Zone()))
		},
		"make_timestamptz_at_timezone": func(c *Call, a []datum) (datum, error) {
			ts, err := makeTimestamp(a)
			if err != nil {
				return null, err
			}
			loc, err := findZone(c, a[6].Str())
			if err != nil {
				return null, err
			}
			return intOrErr(types.LocalToTimestampTZ(ts, loc))
		},
		"make_interval": makeInterval, "float8_timestamptz": fromUnix,
		"overlaps_timestamp": overlap(intLess), "overlaps_time": overlap(intLess), "overlaps_timetz": overlap(timetzLess),

		"now":             nowFn,
		"clock_timestamp": func(*Call, []datum) (datum, error) { return tuple.Int(types.TimestampOf(time.Now())), nil },
		"timeofday": func(c *Call, _ []datum) (datum, error) {
			return text(time.Now().In(c.Env.Zone()).Format("Mon Jan 02 15:04:05.000000 2006 MST"))
		},
	}
}

// datetimeSQL are the functions that PostgreSQL writes in SQL over others.
func datetimeSQL() map[types.OID]Fn {
	ts, tz, tm := overlap(intLess), overlap(intLess), overlap(intLess)
	return map[types.OID]Fn{
		1384: func(c *Call, a []datum) (datum, error) { // date_part(text, date)
			ts, err := types.DateToTimestamp(a[1].Int())
			if err != nil {
				return null, err
			}
			return tsPart(types.Timestamp, true)(c, []datum{a[0], tuple.Int(ts)})
		},
		1386: ageOfToday(true), 2059: ageOfToday(false),
		1176: func(c *Call, a []datum) (datum, error) { // timestamptz(date, time)
			v, err := dateTime(c, a)
			if err != nil {
				return null, err
			}
			return intOrErr(types.LocalToTimestampTZ(v.Int(), c.Env.Zone()))
		},
		1296: swap(dateTime), 1298: swap(dateTimeTZ), 1848: swap(timePl), 2546: swap(datePlInterval), 2547: swap(timetzPl),
		2548: swap(timestampPl), 2549: swap(timestamptzPl),
		2550: func(_ *Call, a []datum) (datum, error) { return intOrErr(types.DateAddDays(a[1].Int(), a[0].Int())) },
		1305: overlapAfter(tz, timestamptzPl, 1, 3), 1306: overlapAfter(tz, timestamptzPl, 3), 1307: overlapAfter(tz, timestamptzPl, 1),
		2042: overlapAfter(ts, timestampPl, 1, 3), 2043: overlapAfter(ts, timestampPl, 3), 2044: overlapAfter(ts, timestampPl, 1),
		1309: overlapAfter(tm, timePl, 1, 3), 1310: overlapAfter(tm, timePl, 3), 1311: overlapAfter(tm, timePl, 1),
	}
}

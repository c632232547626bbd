package datetime

import (
	"math"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/number"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/storage/tuple"
)

// unit is a field of extract, date_part and date_trunc.
type unit uint8

const (
	unitNone unit = iota
	unitMicros
	unitMillis
	unitSecond
	unitMinute
	unitHour
	unitDay
	unitWeek
	unitMonth
	unitQuarter
	unitYear
	unitDecade
	unitCentury
	unitMillennium
	unitZone
	unitZoneHour
	unitZoneMinute
	unitEpoch
	unitDow
	unitIsoDow
	unitDoy
	unitIsoYear
	unitJulian
	unitReserved // a word that dates know and that is no field
)

// unitNames: only the first ten characters of a name count.
var unitNames = map[string]unit{
	"us": unitMicros, "usec": unitMicros, "usecond": unitMicros, "useconds": unitMicros, "usecs": unitMicros, "microsecon": unitMicros,
	"ms": unitMillis, "msec": unitMillis, "mseconds": unitMillis, "msecond": unitMillis, "msecs": unitMillis, "millisecon": unitMillis,
	"s": unitSecond, "sec": unitSecond, "secs": unitSecond, "second": unitSecond, "seconds": unitSecond,
	"m": unitMinute, "min": unitMinute, "mins": unitMinute, "minute": unitMinute, "minutes": unitMinute,
	"h": unitHour, "hr": unitHour, "hrs": unitHour, "hour": unitHour, "hours": unitHour,
	"d": unitDay, "day": unitDay, "days": unitDay, "w": unitWeek, "week": unitWeek, "weeks": unitWeek,
	"mon": unitMonth, "mons": unitMonth, "month": unitMonth, "months": unitMonth, "qtr": unitQuarter, "quarter": unitQuarter,
	"y": unitYear, "yr": unitYear, "yrs": unitYear, "year": unitYear, "years": unitYear,
	"dec": unitDecade, "decs": unitDecade, "decade": unitDecade, "decades": unitDecade,
	"c": unitCentury, "cent": unitCentury, "century": unitCentury, "centuries": unitCentury,
	"mil": unitMillennium, "mils": unitMillennium, "millennia": unitMillennium, "millennium": unitMillennium,
	"timezone": unitZone, "timezone_h": unitZoneHour, "timezone_m": unitZoneMinute,
	"epoch": unitEpoch, "dow": unitDow, "isodow": unitIsoDow, "doy": unitDoy, "isoyear": unitIsoYear,
	"j": unitJulian, "jd": unitJulian, "julian": unitJulian,
	"now": unitReserved, "today": unitReserved, "tomorrow": unitReserved, "yesterday": unitReserved, "infinity": unitReserved, "-infinity": unitReserved,
}

func lookupUnit(s string) (u unit, name string) {
	name = types.LowerASCII(s)
	key := name
	if len(key) > 10 {
		key = key[:10]
	}
	return unitNames[key], name
}

// truncUnit knows the units that have a length, spanUnit epoch too: what a time of day and an interval can be asked for.
func truncUnit(s string) (unit, string) {
	u, name := lookupUnit(s)
	if u >= unitEpoch {
		u = unitNone
	}
	return u, name
}

func spanUnit(s string) (unit, string) {
	u, name := lookupUnit(s)
	if u == unitReserved {
		u = unitNone
	}
	return u, name
}

func errUnit(u unit, name string, typ types.OID) error {
	if u == unitNone {
		return pgerr.New(pgerr.InvalidParameterValue, "unit \"%s\" not recognized for type %s", name, types.FormatType(typ, -1, nil))
	}
	return pgerr.New(pgerr.FeatureNotSupported, "unit \"%s\" not supported for type %s", name, types.FormatType(typ, -1, nil))
}

// IsoWeek is the week number and the year that it belongs to (ISO 8601: weeks start on Monday, week 1 has 4 January).
func IsoWeek(days int64) (year, week int) {
	// The Thursday of a week lies in the week's year.
	thursday := days + 3 - WeekdayMonday(days)
	y, _, _ := calendar.CivilOf(thursday)
	return y, int((thursday-calendar.DaysOf(y, 1, 1))/7) + 1
}

// WeekdayMonday counts from 0 for Monday; 2000-01-01 was a Saturday.
func WeekdayMonday(days int64) int64 {
	d := (days + 5) % 7
	if d < 0 {
		d += 7
	}
	return d
}

// MondayOfWeek1 is where an ISO year starts.
func MondayOfWeek1(year int) int64 {
	jan4 := calendar.DaysOf(year, 1, 4)
	return jan4 - WeekdayMonday(jan4)
}

// shownYear has no year 0: BC years are negative.
func shownYear(y int) int {
	if y > 0 {
		return y
	}
	return y - 1
}

func decadeOf(y int) int {
	if y >= 0 {
		return y / 10
	}
	return -((8 - (y - 1)) / 10)
}

func centuryOf(y int) int {
	if y > 0 {
		return (y + 99) / 100
	}
	return -((99 - (y - 1)) / 100)
}

func millenniumOf(y int) int {
	if y > 0 {
		return (y + 999) / 1000
	}
	return -((999 - (y - 1)) / 1000)
}

// part is an extracted field: v · 10^-scale exactly, and as PostgreSQL's floating point arithmetic gives it.
type part struct {
	v     int64
	scale int
	f     float64
}

func whole(v int) part { return part{v: int64(v), f: float64(v)} }

// clockPart extracts the fields of a time of day; us is its µs.
func clockPart(u unit, us int64) (part, bool) {
	sec := us / calendar.UsecPerSec % 60
	frac := us % calendar.UsecPerSec
	switch u {
	case unitMicros:
		return whole(int(sec*calendar.UsecPerSec + frac)), true
	case unitMillis:
		return part{sec*calendar.UsecPerSec + frac, 3, float64(sec)*1000 + float64(frac)/1000}, true
	case unitSecond:
		return part{sec*calendar.UsecPerSec + frac, 6, float64(sec) + float64(frac)/1e6}, true
	case unitMinute:
		return whole(int(us / calendar.UsecPerMin % 60)), true
	case unitHour:
		return whole(int(us / calendar.UsecPerHour)), true
	}
	return part{}, false
}

// datePart extracts the fields of a date.
func datePart(u unit, days int64) (part, bool) {
	y, m, d := calendar.CivilOf(days)
	switch u {
	case unitDay:
		return whole(d), true
	case unitMonth:
		return whole(m), true
	case unitQuarter:
		return whole((m-1)/3 + 1), true
	case unitWeek:
		_, w := IsoWeek(days)
		return whole(w), true
	case unitYear:
		return whole(shownYear(y)), true
	case unitDecade:
		return whole(decadeOf(y)), true
	case unitCentury:
		return whole(centuryOf(y)), true
	case unitMillennium:
		return whole(millenniumOf(y)), true
	case unitIsoYear:
		iy, _ := IsoWeek(days)
		return whole(shownYear(iy)), true
	case unitDow:
		return whole(int((WeekdayMonday(days) + 1) % 7)), true
	case unitIsoDow:
		return whole(int(WeekdayMonday(days) + 1)), true
	case unitDoy:
		return whole(int(days-calendar.DaysOf(y, 1, 1)) + 1), true
	}
	return part{}, false
}

func zonePart(u unit, east int) (part, bool) {
	switch u {
	case unitZone:
		return whole(east), true
	case unitZoneHour:
		return whole(east / 3600), true
	case unitZoneMinute:
		return whole(east / 60 % 60), true
	}
	return part{}, false
}

// result words a part as numeric (extract) or float8 (date_part).
func (p part) result(asFloat bool) (types.Datum, error) {
	if asFloat {
		return tuple.Float(p.f), nil
	}
	return number.Scaled(p.v, p.scale)
}

// endless is a field of an infinity: infinite itself where it grows for ever, else NULL.
func endless(u unit, name string, typ types.OID, negative, asFloat bool) (types.Datum, error) {
	switch u {
	case unitMicros, unitMillis, unitSecond, unitMinute, unitHour, unitDay, unitMonth, unitQuarter, unitWeek, unitDow, unitIsoDow, unitDoy,
		unitZone, unitZoneHour, unitZoneMinute:
		return types.Null, nil
	case unitYear, unitDecade, unitCentury, unitMillennium, unitJulian, unitIsoYear, unitEpoch:
		switch {
		case asFloat && negative:
			return tuple.Float(math.Inf(-1)), nil
		case asFloat:
			return tuple.Float(math.Inf(1)), nil
		case negative:
			return tuple.NumericNegInf, nil
		}
		return tuple.NumericInf, nil
	}
	return types.Null, errUnit(u, name, typ)
}

// julianPart is the Julian day with the time of day as its fraction.
func julianPart(days, us int64, asFloat bool) (types.Datum, error) {
	jd := days + calendar.EpochJulian
	if asFloat {
		return tuple.Float(float64(jd) + (float64(us/calendar.UsecPerSec)+float64(us%calendar.UsecPerSec)/1e6)/86400), nil
	}
	frac, err := numeric.Div(numeric.Int(us), numeric.Int(calendar.UsecPerDay))
	if err != nil {
		return types.Null, err
	}
	return numeric.Add(numeric.Int(jd), frac)
}

// tsPart extracts from a clock time; epoch and zone fields are the caller's for a timestamptz.
func tsPart(typ types.OID, asFloat bool) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		u, name := lookupUnit(a[0].Str())
		ts := a[1].Int()
		if !FiniteTS(ts) {
			return endless(u, name, typ, ts < 0, asFloat)
		}
		if u == unitEpoch {
			// (ts + the seconds from 1970 to 2000) without overflow at the far end
			if s := ts + calendar.UnixEpochSec*calendar.UsecPerSec; s >= ts {
				return part{s, 6, float64(s) / 1e6}.result(asFloat)
			}
			v, err := numeric.Add(numeric.Int(ts), numeric.Int(calendar.UnixEpochSec*calendar.UsecPerSec))
			if err != nil {
				return types.Null, err
			}
			if asFloat {
				return tuple.Float((float64(ts) + calendar.UnixEpochSec*calendar.UsecPerSec) / 1e6), nil
			}
			if v, err = numeric.Div(v, numeric.Int(calendar.UsecPerSec)); err != nil {
				return types.Null, err
			}
			return numeric.Round(v, 6)
		}
		if typ == types.TimestampTZ {
			east := zoneOffset(c.Env.Zone(), ts)
			if p, ok := zonePart(u, east); ok {
				return p.result(asFloat)
			}
			ts += int64(east) * calendar.UsecPerSec
		}
		days := calendar.FloorDiv(ts, calendar.UsecPerDay)
		us := ts - days*calendar.UsecPerDay
		if u == unitJulian {
			return julianPart(days, us, asFloat)
		}
		p, ok := clockPart(u, us)
		if !ok {
			p, ok = datePart(u, days)
		}
		if !ok {
			return types.Null, errUnit(u, name, typ)
		}
		return p.result(asFloat)
	}
}

func extractDate(_ *call.Call, a []types.Datum) (types.Datum, error) {
	u, name := lookupUnit(a[0].Str())
	days := a[1].Int()
	if !finiteDate(days) {
		switch u {
		case unitDay, unitMonth, unitQuarter, unitWeek, unitDow, unitIsoDow, unitDoy, unitYear, unitDecade, unitCentury, unitMillennium, unitJulian, unitIsoYear, unitEpoch:
			return endless(u, name, types.Date, days < 0, false)
		}
		return types.Null, errUnit(u, name, types.Date)
	}
	switch u {
	case unitJulian:
		return numeric.Int(days + calendar.EpochJulian), nil
	case unitEpoch:
		return numeric.Int((days + calendar.UnixEpochSec/86400) * 86400), nil
	}
	p, ok := datePart(u, days)
	if !ok {
		return types.Null, errUnit(u, name, types.Date)
	}
	return p.result(false)
}

func timePart(typ types.OID, asFloat bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		u, name := spanUnit(a[0].Str())
		us, west := a[1].Int(), int64(0)
		if typ == types.TimeTZ {
			v := temporal.TimeTZOf(a[1])
			us, west = v.Usec, int64(v.West)
			if p, ok := zonePart(u, int(-v.West)); ok {
				return p.result(asFloat)
			}
		}
		if u == unitEpoch {
			v := us + west*calendar.UsecPerSec
			return part{v, 6, float64(us)/1e6 + float64(west)}.result(asFloat)
		}
		p, ok := clockPart(u, us)
		if !ok {
			return types.Null, errUnit(u, name, typ)
		}
		return p.result(asFloat)
	}
}

func intervalPart(asFloat bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		u, name := spanUnit(a[0].Str())
		v := temporal.IntervalOf(a[1])
		year, mon := int(v.Months/12), int(v.Months%12)
		sec, frac := v.Usec/calendar.UsecPerSec%60, v.Usec%calendar.UsecPerSec
		var p part
		switch u {
		case unitMicros:
			p = whole(int(sec*calendar.UsecPerSec + frac))
		case unitMillis:
			p = part{sec*calendar.UsecPerSec + frac, 3, float64(sec)*1000 + float64(frac)/1000}
		case unitSecond:
			p = part{sec*calendar.UsecPerSec + frac, 6, float64(sec) + float64(frac)/1e6}
		case unitMinute:
			p = whole(int(v.Usec / calendar.UsecPerMin % 60))
		case unitHour:
			p = whole(int(v.Usec / calendar.UsecPerHour))
		case unitDay:
			p = whole(int(v.Days))
		case unitMonth:
			p = whole(mon)
		case unitQuarter:
			p = whole(mon/3 + 1)
		case unitYear:
			p = whole(year)
		case unitDecade:
			p = whole(year / 10)
		case unitCentury:
			p = whole(year / 100)
		case unitMillennium:
			p = whole(year / 1000)
		case unitEpoch:
			return intervalEpoch(v, asFloat)
		default:
			return types.Null, errUnit(u, name, types.Interval)
		}
		return p.result(asFloat)
	}
}

// intervalEpoch counts years of 365.25 and months of 30 days.
func intervalEpoch(v temporal.Interval, asFloat bool) (types.Datum, error) {
	if asFloat {
		f := float64(v.Usec) / 1e6
		f += 365.25 * 86400 * float64(v.Months/12)
		f += 30 * 86400 * float64(v.Months%12)
		f += 86400 * float64(v.Days)
		return tuple.Float(f), nil
	}
	secs := (1461*int64(v.Months/12) + 120*int64(v.Months%12) + 4*int64(v.Days)) * (86400 / 4)
	if us, ok := number.MulInt64(secs, calendar.UsecPerSec); ok {
		if s := us + v.Usec; (us^s)&(v.Usec^s) >= 0 {
			return number.Scaled(s, 6)
		}
	}
	t, err := number.Scaled(v.Usec, 6)
	if err != nil {
		return types.Null, err
	}
	return numeric.Add(numeric.Int(secs), t)
}

// truncClock cuts a clock time to a unit; ok is false for what cannot be cut to.
func truncClock(u unit, local int64) (int64, bool) {
	days := calendar.FloorDiv(local, calendar.UsecPerDay)
	us := local - days*calendar.UsecPerDay
	y, m, _ := calendar.CivilOf(days)
	switch u {
	case unitMicros:
		return local, true
	case unitMillis:
		return local - us%1000, true
	case unitSecond:
		return local - us%calendar.UsecPerSec, true
	case unitMinute:
		return local - us%calendar.UsecPerMin, true
	case unitHour:
		return local - us%calendar.UsecPerHour, true
	case unitDay:
		return days * calendar.UsecPerDay, true
	case unitWeek:
		return (days - WeekdayMonday(days)) * calendar.UsecPerDay, true
	case unitMonth:
		return calendar.DaysOf(y, m, 1) * calendar.UsecPerDay, true
	case unitQuarter:
		return calendar.DaysOf(y, (m-1)/3*3+1, 1) * calendar.UsecPerDay, true
	case unitYear:
	case unitDecade:
		if y > 0 {
			y = y / 10 * 10
		} else {
			y = -((8 - (y - 1)) / 10) * 10
		}
	case unitCentury:
		if y > 0 {
			y = (y+99)/100*100 - 99
		} else {
			y = -((99-(y-1))/100)*100 + 1
		}
	case unitMillennium:
		if y > 0 {
			y = (y+999)/1000*1000 - 999
		} else {
			y = -((999-(y-1))/1000)*1000 + 1
		}
	default:
		return 0, false
	}
	return calendar.DaysOf(y, 1, 1) * calendar.UsecPerDay, true
}

func truncTimestamp(_ *call.Call, a []types.Datum) (types.Datum, error) {
	u, name := truncUnit(a[0].Str())
	ts := a[1].Int()
	if !FiniteTS(ts) {
		return a[1], nil
	}
	v, ok := truncClock(u, ts)
	if !ok {
		return types.Null, errUnit(u, name, types.Timestamp)
	}
	if !calendar.ValidTimestamp(v) {
		return types.Null, ErrTimestampRange()
	}
	return tuple.Int(v), nil
}

func truncTimestampTZ(c *call.Call, a []types.Datum) (types.Datum, error) {
	loc := c.Env.Zone()
	if !FiniteTS(a[1].Int()) {
		return a[1], nil
	}
	if len(a) > 2 {
		var err error
		if loc, err = findZone(c, a[2].Str()); err != nil {
			return types.Null, err
		}
	}
	u, name := truncUnit(a[0].Str())
	ts := a[1].Int()
	if !FiniteTS(ts) {
		return a[1], nil
	}
	east := int64(zoneOffset(loc, ts)) * calendar.UsecPerSec
	v, ok := truncClock(u, ts+east)
	if !ok {
		return types.Null, errUnit(u, name, types.TimestampTZ)
	}
	if u >= unitDay { // midnight may have another offset
		r, err := temporal.LocalToTimestampTZ(v, loc)
		return tuple.Int(r), err
	}
	if v -= east; !calendar.ValidTimestamp(v) {
		return types.Null, ErrTimestampRange()
	}
	return tuple.Int(v), nil
}

func truncInterval(_ *call.Call, a []types.Datum) (types.Datum, error) {
	u, name := truncUnit(a[0].Str())
	v := temporal.IntervalOf(a[1])
	cutMonths := func(n int32) { v.Months, v.Days, v.Usec = v.Months/n*n, 0, 0 }
	switch u {
	case unitMillennium:
		cutMonths(12000)
	case unitCentury:
		cutMonths(1200)
	case unitDecade:
		cutMonths(120)
	case unitYear:
		cutMonths(12)
	case unitQuarter:
		cutMonths(3)
	case unitMonth:
		cutMonths(1)
	case unitDay:
		v.Usec = 0
	case unitHour:
		v.Usec -= v.Usec % calendar.UsecPerHour
	case unitMinute:
		v.Usec -= v.Usec % calendar.UsecPerMin
	case unitSecond:
		v.Usec -= v.Usec % calendar.UsecPerSec
	case unitMillis:
		v.Usec -= v.Usec % 1000
	case unitMicros:
	case unitWeek:
		return types.Null, pgerr.From(errUnit(u, name, types.Interval)).WithDetail("Months usually have fractional weeks.")
	default:
		return types.Null, errUnit(u, name, types.Interval)
	}
	return v.Datum(), nil
}

func dateFieldFns() call.Fns {
	return call.Fns{
		"timestamp_part": tsPart(types.Timestamp, true), "timestamptz_part": tsPart(types.TimestampTZ, true),
		"extract_timestamp": tsPart(types.Timestamp, false), "extract_timestamptz": tsPart(types.TimestampTZ, false),
		"extract_date": extractDate,
		"time_part":    timePart(types.Time, true), "extract_time": timePart(types.Time, false),
		"timetz_part": timePart(types.TimeTZ, true), "extract_timetz": timePart(types.TimeTZ, false),
		"interval_part": intervalPart(true), "extract_interval": intervalPart(false),
		"timestamp_trunc": truncTimestamp, "timestamptz_trunc": truncTimestampTZ, "timestamptz_trunc_zone": truncTimestampTZ, "interval_trunc": truncInterval,
	}
}

package types

import (
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/tuple"
)

// extract and date_trunc (manual: 9.9.1, 9.9.2).

type timeField uint8

const (
	fieldNone timeField = iota
	fieldMicro
	fieldMilli
	fieldSecond
	fieldMinute
	fieldHour
	fieldDay
	fieldWeek
	fieldMonth
	fieldQuarter
	fieldYear
	fieldDecade
	fieldCentury
	fieldMillennium
	fieldDOW
	fieldISODOW
	fieldDOY
	fieldISOYear
	fieldJulian
	fieldEpoch
	fieldTimezone
	fieldTimezoneHour
	fieldTimezoneMinute
)

var fieldOfUnit = map[dateUnit]timeField{
	unitMicro: fieldMicro, unitMilli: fieldMilli, unitSecond: fieldSecond, unitMinute: fieldMinute, unitHour: fieldHour, unitDay: fieldDay,
	unitWeek: fieldWeek, unitMonth: fieldMonth, unitQuarter: fieldQuarter, unitYear: fieldYear, unitDecade: fieldDecade,
	unitCentury: fieldCentury, unitMillennium: fieldMillennium,
}

var otherFields = map[string]timeField{
	"dow": fieldDOW, "isodow": fieldISODOW, "doy": fieldDOY, "isoyear": fieldISOYear, "julian": fieldJulian, "j": fieldJulian, "jd": fieldJulian,
	"epoch": fieldEpoch, "timezone": fieldTimezone, "timezone_h": fieldTimezoneHour, "timezone_m": fieldTimezoneMinute,
}

// unitField finds the field that a unit's name means; ten characters count.
func unitField(unit string) (timeField, bool) {
	key := strings.ToLower(unit)
	if len(key) > 10 {
		key = key[:10]
	}
	if f, ok := otherFields[key]; ok {
		return f, true
	}
	if f, ok := fieldOfUnit[intervalUnits[key].unit]; ok {
		return f, true
	}
	return fieldNone, dateWords[key].kind == wordUnit
}

func unitError(unit string, typ OID) error {
	unit = strings.ToLower(unit)
	_, known := unitField(unit)
	if typ == Timestamp || typ == TimestampTZ || typ == Date {
		known = known || dateWords[unit].kind == wordReserved
	}
	if known {
		return pgerr.New(pgerr.FeatureNotSupported, "unit \"%s\" not supported for type %s", unit, TypeName(typ, nil))
	}
	return pgerr.New(pgerr.InvalidParameterValue, "unit \"%s\" not recognized for type %s", unit, TypeName(typ, nil))
}

// fixed is v * 10^-scale with that scale.
func fixed(v int64, scale int) Datum {
	u, neg := magnitude(v)
	return packUnscaled(neg, u, scale)
}

// Extract is SQL's extract(unit from d) for a date, time, timetz, timestamp, timestamptz (on the clock of loc) or
// interval. The result is numeric; ok is false where it is NULL (most units of an infinity). An unknown unit is 22023,
// one that the type does not have 0A000.
func Extract(unit string, typ OID, d Datum, loc *time.Location) (res Datum, ok bool, err error) {
	f, _ := unitField(unit)
	var r Datum
	var have bool
	switch typ {
	case Interval:
		r, have = extractInterval(f, IntervalOf(d))
	case Time:
		r, have = extractTime(f, d.Int())
	case TimeTZ:
		v := TimeTZOf(d)
		if r, have = extractZone(f, -int(v.West)); !have {
			if f == fieldEpoch {
				r, have = fixed(v.Usec+int64(v.West)*usecPerSec, 6), true
			} else {
				r, have = extractTime(f, v.Usec)
			}
		}
	case Date:
		days := d.Int()
		if infiniteDate(days) {
			return extractInfinite(f, unit, typ, days > 0)
		}
		if f == fieldEpoch {
			return NumericInt((days + epochJulian - unixEpochJulian) * 86400), true, nil
		}
		var c civil
		c.year, c.mon, c.day = fromJulian(int(days) + epochJulian)
		if f == fieldJulian {
			return NumericInt(days + epochJulian), true, nil
		}
		r, have = extractDate(f, &c)
	case Timestamp, TimestampTZ:
		ts := d.Int()
		if infiniteTS(ts) {
			return extractInfinite(f, unit, typ, ts > 0)
		}
		if f == fieldEpoch {
			r, err := extractEpoch(ts)
			return r, true, err
		}
		if typ == TimestampTZ {
			east := offsetAt(loc, ts)
			if r, have = extractZone(f, east); have {
				return r, true, nil
			}
			ts += int64(east) * usecPerSec
		}
		c := civilOf(ts)
		switch {
		case f == fieldJulian:
			day := NumericInt(int64(julianDay(c.year, c.mon, c.day)))
			part, err := NumericDiv(NumericInt(c.timeOfDay()), NumericInt(usecPerDay))
			if err != nil {
				return Null, false, err
			}
			r, err := NumericAdd(day, part)
			return r, true, err
		case f <= fieldHour:
			r, have = extractTime(f, c.timeOfDay())
		default:
			r, have = extractDate(f, &c)
		}
	}
	if !have {
		return Null, false, unitError(unit, typ)
	}
	return r, true, nil
}

func extractEpoch(ts int64) (Datum, error) {
	const unix = -unixEpochSecs * usecPerSec
	if v := ts - unix; v >= ts {
		return fixed(v, 6), nil
	}
	// Beyond 64 bits PostgreSQL divides as numeric does, with 16 digits.
	d, err := packBig(new(big.Int).Sub(big.NewInt(ts), big.NewInt(unix)), 0)
	if err == nil {
		if d, err = NumericDiv(d, NumericInt(usecPerSec)); err == nil {
			d, err = NumericRound(d, 6)
		}
	}
	return d, err
}

// extractInfinite: units that grow for ever give an infinity, the ones that come around NULL.
func extractInfinite(f timeField, unit string, typ OID, positive bool) (Datum, bool, error) {
	switch f {
	case fieldYear, fieldDecade, fieldCentury, fieldMillennium, fieldJulian, fieldISOYear, fieldEpoch:
		if positive {
			return tuple.NumericInf, true, nil
		}
		return tuple.NumericNegInf, true, nil
	case fieldNone:
		return Null, false, unitError(unit, typ)
	case fieldTimezone, fieldTimezoneHour, fieldTimezoneMinute:
		if typ == Date {
			return Null, false, unitError(unit, typ)
		}
	case fieldMicro, fieldMilli, fieldSecond, fieldMinute, fieldHour:
		if typ == Date {
			return Null, false, unitError(unit, typ)
		}
	}
	return Null, false, nil
}

func extractTime(f timeField, us int64) (Datum, bool) {
	sec := us % usecPerMin
	switch f {
	case fieldMicro:
		return NumericInt(sec), true
	case fieldMilli:
		return fixed(sec, 3), true
	case fieldSecond:
		return fixed(sec, 6), true
	case fieldMinute:
		return NumericInt(us / usecPerMin % 60), true
	case fieldHour:
		return NumericInt(us / usecPerHour), true
	case fieldEpoch:
		return fixed(us, 6), true
	}
	return Null, false
}

func extractZone(f timeField, east int) (Datum, bool) {
	switch f {
	case fieldTimezone:
		return NumericInt(int64(east)), true
	case fieldTimezoneHour:
		return NumericInt(int64(east / 3600)), true
	case fieldTimezoneMinute:
		return NumericInt(int64(east / 60 % 60)), true
	}
	return Null, false
}

// isoWeek is the ISO 8601 week and the year that it belongs to (0 is 1 BC).
func isoWeek(jd int) (year, week int) {
	thursday := jd - (jd % 7) + 3 // jd 0 was a Monday
	year, _, _ = fromJulian(thursday)
	return year, (thursday-julianDay(year, 1, 1))/7 + 1
}

// noYearZero turns the year 0 into -1 and so on, as SQL shows years before the first.
func noYearZero(y int) int {
	if y <= 0 {
		return y - 1
	}
	return y
}

// periods counts years in periods of size n whose first begins with year 1; there is no period 0.
func periods(y, n int) int {
	if y > 0 {
		return (y + n - 1) / n
	}
	return -((n - 1 - (y - 1)) / n)
}

func decadeOf(y int) int {
	if y >= 0 {
		return y / 10
	}
	return -((8 - (y - 1)) / 10)
}

func extractDate(f timeField, c *civil) (Datum, bool) {
	v := 0
	switch f {
	case fieldDay:
		v = c.day
	case fieldMonth:
		v = c.mon
	case fieldQuarter:
		v = (c.mon-1)/3 + 1
	case fieldYear:
		v = noYearZero(c.year)
	case fieldDecade:
		v = decadeOf(c.year)
	case fieldCentury:
		v = periods(c.year, 100)
	case fieldMillennium:
		v = periods(c.year, 1000)
	case fieldWeek, fieldISOYear, fieldDOW, fieldISODOW, fieldDOY:
		jd := julianDay(c.year, c.mon, c.day)
		switch f {
		case fieldWeek:
			_, v = isoWeek(jd)
		case fieldISOYear:
			v, _ = isoWeek(jd)
			v = noYearZero(v)
		case fieldDOW:
			v = weekday(jd)
		case fieldISODOW:
			v = jd%7 + 1
		default:
			v = jd - julianDay(c.year, 1, 1) + 1
		}
	default:
		return Null, false
	}
	return NumericInt(int64(v)), true
}

func extractInterval(f timeField, v IntervalVal) (Datum, bool) {
	p := splitInterval(v)
	n := 0
	switch f {
	case fieldMicro, fieldMilli, fieldSecond, fieldMinute:
		return extractTime(f, v.Usec)
	case fieldHour:
		return NumericInt(p.hour), true
	case fieldDay:
		n = p.day
	case fieldMonth:
		n = p.mon
	case fieldQuarter:
		n = p.mon/3 + 1
	case fieldYear:
		n = p.year
	case fieldDecade:
		n = p.year / 10
	case fieldCentury:
		n = p.year / 100
	case fieldMillennium:
		n = p.year / 1000
	case fieldEpoch:
		// A year counts 365.25 days, a month 30: all in quarters of a day.
		quarters := 1461*int64(p.year) + 120*int64(p.mon) + 4*int64(p.day)
		secs := quarters * 21600
		if us, ok := mulInt64(secs, usecPerSec); ok {
			if us, ok = addInt64(us, v.Usec); ok && us != math.MinInt64 {
				return fixed(us, 6), true
			}
		}
		b := new(big.Int).Mul(big.NewInt(secs), big.NewInt(usecPerSec))
		r, err := packBig(b.Add(b, big.NewInt(v.Usec)), 6)
		return r, err == nil
	default:
		return Null, false
	}
	return NumericInt(int64(n)), true
}

// DateTrunc is SQL's date_trunc of a timestamp.
func DateTrunc(unit string, ts int64) (int64, error) {
	if infiniteTS(ts) {
		return ts, nil
	}
	c := civilOf(ts)
	if _, err := c.trunc(unit, Timestamp); err != nil {
		return 0, err
	}
	r, ok := c.timestamp()
	if !ok || !validTimestamp(r) {
		return 0, errTimestampRange()
	}
	return r, nil
}

// DateTruncTZ is date_trunc of a timestamptz on the clock of loc.
func DateTruncTZ(unit string, ts int64, loc *time.Location) (int64, error) {
	if infiniteTS(ts) {
		return ts, nil
	}
	east := offsetAt(loc, ts)
	c := civilOf(ts + int64(east)*usecPerSec)
	f, err := c.trunc(unit, TimestampTZ)
	if err != nil {
		return 0, err
	}
	local, ok := c.timestamp()
	if !ok {
		return 0, errTimestampRange()
	}
	if f > fieldHour { // the offset may have been another one then
		east = offsetOfLocal(loc, local)
	}
	if ts = local - int64(east)*usecPerSec; !validTimestamp(ts) {
		return 0, errTimestampRange()
	}
	return ts, nil
}

func (c *civil) trunc(unit string, typ OID) (timeField, error) {
	f, _ := unitField(unit)
	if f == fieldNone || f > fieldMillennium {
		return f, truncUnitError(unit, typ)
	}
	switch f {
	case fieldMicro:
		return f, nil
	case fieldMilli:
		c.usec -= c.usec % 1000
		return f, nil
	}
	c.usec = 0
	if f >= fieldMinute {
		c.sec = 0
	}
	if f >= fieldHour {
		c.min = 0
	}
	if f >= fieldDay {
		c.hour = 0
	}
	if f == fieldWeek {
		jd := julianDay(c.year, c.mon, c.day)
		c.year, c.mon, c.day = fromJulian(jd - jd%7)
		return f, nil
	}
	if f >= fieldMonth {
		c.day = 1
	}
	if f == fieldQuarter {
		c.mon = (c.mon-1)/3*3 + 1
	}
	if f >= fieldYear {
		c.mon = 1
	}
	first := func(n int) int {
		if p := periods(c.year, n); p > 0 {
			return (p-1)*n + 1
		} else {
			return p*n + 1
		}
	}
	switch f {
	case fieldDecade:
		if c.year > 0 {
			c.year = c.year / 10 * 10
		} else {
			c.year = decadeOf(c.year) * 10
		}
	case fieldCentury:
		c.year = first(100)
	case fieldMillennium:
		c.year = first(1000)
	}
	return f, nil
}

// truncUnitError knows only the units of intervals, as PostgreSQL's look-up for date_trunc does.
func truncUnitError(unit string, typ OID) error {
	unit = strings.ToLower(unit)
	key := unit
	if len(key) > 10 {
		key = key[:10]
	}
	if w, ok := intervalUnits[key]; ok && w.unit != unitNone {
		return pgerr.New(pgerr.FeatureNotSupported, "unit \"%s\" not supported for type %s", unit, TypeName(typ, nil))
	}
	return pgerr.New(pgerr.InvalidParameterValue, "unit \"%s\" not recognized for type %s", unit, TypeName(typ, nil))
}

// DateTruncInterval is date_trunc of an interval; weeks are 0A000.
func DateTruncInterval(unit string, v IntervalVal) (IntervalVal, error) {
	f, _ := unitField(unit)
	if f == fieldWeek {
		return v, pgerr.New(pgerr.FeatureNotSupported, "unit \"%s\" not supported for type interval", strings.ToLower(unit)).
			WithDetail("Months usually have fractional weeks.")
	}
	months := func(n int32) {
		v.Months -= v.Months % n
		v.Days, v.Usec = 0, 0
	}
	switch f {
	case fieldMicro:
	case fieldMilli:
		v.Usec -= v.Usec % 1000
	case fieldSecond:
		v.Usec -= v.Usec % usecPerSec
	case fieldMinute:
		v.Usec -= v.Usec % usecPerMin
	case fieldHour:
		v.Usec -= v.Usec % usecPerHour
	case fieldDay:
		v.Usec = 0
	case fieldMonth:
		months(1)
	case fieldQuarter:
		months(3)
	case fieldYear:
		months(12)
	case fieldDecade:
		months(120)
	case fieldCentury:
		months(1200)
	case fieldMillennium:
		months(12000)
	default:
		return v, truncUnitError(unit, Interval)
	}
	return v, nil
}

package builtin

import (
	"math"
	"time"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

const (
	usecPerSec  = 1_000_000
	usecPerMin  = 60 * usecPerSec
	usecPerHour = 60 * usecPerMin
	usecPerDay  = 24 * usecPerHour

	epochJulian  = 2451545             // Julian day of 2000-01-01
	unixEpochSec = 946684800           // Unix time of 2000-01-01
	timestampMin = -211813488000000000 // 4714-11-24 BC
	timestampEnd = 9223371331200000000 // 294277-01-01
	dateMin      = -epochJulian
	dateEnd      = 2145031949 // 5874898-01-01

	timestampEndDays = timestampEnd / usecPerDay
)

// clock is a date and a time of day on some clock. Year 0 is 1 BC.
type clock struct {
	year, mon, day       int
	hour, min, sec, usec int
}

func finiteTS(ts int64) bool     { return ts != types.TimestampInf && ts != types.TimestampNegInf }
func finiteDate(days int64) bool { return days != types.DateInf && days != types.DateNegInf }
func validTS(ts int64) bool      { return ts >= timestampMin && ts < timestampEnd }
func validDate(days int64) bool  { return days >= dateMin && days < dateEnd }

// daysOf numbers a day of the proleptic Gregorian calendar from 2000-01-01. The year starts in March here, so that the
// leap day is its last one.
func daysOf(y, m, d int) int64 {
	if m <= 2 {
		y--
		m += 12
	}
	y64 := int64(y)
	return y64*365 + floorDiv(y64, 4) - floorDiv(y64, 100) + floorDiv(y64, 400) + int64((153*(m-3)+2)/5) + int64(d) - 730426
}

// civilOf is the inverse of daysOf.
func civilOf(days int64) (y, m, d int) {
	n := days + 730425 // from 1 March of year 0
	era := floorDiv(n, 146097)
	n -= era * 146097
	yoe := (n - n/1460 + n/36524 - n/146096) / 365
	n -= yoe*365 + yoe/4 - yoe/100
	mp := (5*n + 2) / 153
	d = int(n - (153*mp+2)/5 + 1)
	m = int(mp) + 3
	y = int(era*400 + yoe)
	if m > 12 {
		m -= 12
		y++
	}
	return y, m, d
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

func daysIn(y, m int) int {
	switch m {
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

func splitTS(ts int64) clock {
	days := floorDiv(ts, usecPerDay)
	var c clock
	c.year, c.mon, c.day = civilOf(days)
	c.setTime(ts - days*usecPerDay)
	return c
}

func (c *clock) setTime(us int64) {
	c.hour = int(us / usecPerHour)
	c.min = int(us / usecPerMin % 60)
	c.sec = int(us / usecPerSec % 60)
	c.usec = int(us % usecPerSec)
}

func (c *clock) time() int64 {
	return int64(c.hour)*usecPerHour + int64(c.min)*usecPerMin + int64(c.sec)*usecPerSec + int64(c.usec)
}

// join is the timestamp of a clock; ok is false outside of a timestamp's 64 bits.
func (c *clock) join() (ts int64, ok bool) {
	days := daysOf(c.year, c.mon, c.day)
	if days > timestampEndDays || days < dateMin {
		return 0, false
	}
	ts = days*usecPerDay + c.time()
	return ts, days < 0 || ts >= 0
}

// addMonths moves by calendar months; a day that the month does not have becomes its last one.
func (c *clock) addMonths(months int64) {
	m := int64(c.year)*12 + int64(c.mon-1) + months
	c.year = int(floorDiv(m, 12))
	c.mon = int(m-int64(c.year)*12) + 1
	c.day = min(c.day, daysIn(c.year, c.mon))
}

func unixOf(ts int64) int64 { return floorDiv(ts, usecPerSec) + unixEpochSec }

// zoneOffset is how far east of UTC, in seconds, a zone's clock is at a point in time.
func zoneOffset(loc *time.Location, ts int64) int {
	if loc == time.UTC {
		return 0
	}
	_, east := time.Unix(unixOf(ts), 0).In(loc).Zone()
	return east
}

// localOffset is the offset in force when a zone's own clock shows local. A time that the clock skips is read by the
// rule before the jump, one that it shows twice by the rule after it (manual: B.2).
func localOffset(loc *time.Location, local int64) int {
	if loc == time.UTC {
		return 0
	}
	shown := unixOf(local)
	dayBefore := time.Unix(shown-24*3600, 0).In(loc)
	_, old := dayBefore.Zone()
	_, change := dayBefore.ZoneBounds()
	if change.IsZero() {
		return old
	}
	_, next := change.Zone()
	byOld, byNew := shown-int64(old), shown-int64(next)
	at := change.Unix()
	switch {
	case byOld < at && byNew < at:
		return old
	case byOld > at && byNew >= at:
		return next
	case byOld > byNew:
		return old
	}
	return next
}

func errTimestampRange() error {
	return pgerr.New(pgerr.DatetimeFieldOverflow, "timestamp out of range")
}
func errDateRangeForTS() error {
	return pgerr.New(pgerr.DatetimeFieldOverflow, "date out of range for timestamp")
}
func errDateRange() error     { return pgerr.New(pgerr.DatetimeFieldOverflow, "date out of range") }
func errIntervalRange() error { return pgerr.New(pgerr.DatetimeFieldOverflow, "interval out of range") }

// localToTZ turns a zone's clock time into a timestamptz.
func localToTZ(loc *time.Location, local int64) (int64, error) {
	if !finiteTS(local) {
		return local, nil
	}
	ts := local - int64(localOffset(loc, local))*usecPerSec
	if !validTS(ts) {
		return 0, errTimestampRange()
	}
	return ts, nil
}

// tzToLocal is what the zone's clock shows.
func tzToLocal(loc *time.Location, ts int64) (int64, error) {
	if !finiteTS(ts) {
		return ts, nil
	}
	local := ts + int64(zoneOffset(loc, ts))*usecPerSec
	if !validTS(local) {
		return 0, errTimestampRange()
	}
	return local, nil
}

// localToTZClamped is localToTZ for comparison: what is out of range lies just inside of the infinities.
func localToTZClamped(c *Call, local int64) int64 {
	if !finiteTS(local) || local == math.MaxInt64-1 {
		return local
	}
	ts := local - int64(localOffset(c.Env.Zone(), local))*usecPerSec
	switch {
	case ts >= timestampEnd:
		return math.MaxInt64 - 1
	case ts < timestampMin:
		return math.MinInt64 + 1
	}
	return ts
}

// addCalendar moves a clock time by an interval's months, then its days; hours come after, on the time line.
func addCalendar(local int64, v types.IntervalVal) (int64, error) {
	c := splitTS(local)
	if v.Months != 0 {
		c.addMonths(int64(v.Months))
	}
	days := daysOf(c.year, c.mon, c.day) + int64(v.Days)
	c.year, c.mon, c.day = civilOf(days)
	ts, ok := c.join()
	if !ok || v.Months == 0 && v.Days == 0 {
		if ok {
			return local, nil
		}
		return 0, errTimestampRange()
	}
	return ts, nil
}

func addUsec(ts, us int64) (int64, error) {
	s := ts + us
	if (ts^s)&(us^s) < 0 || !validTS(s) {
		return 0, errTimestampRange()
	}
	return s, nil
}

// timestampAdd is timestamp + interval.
func timestampAdd(_ *Call, ts int64, v types.IntervalVal) (int64, error) {
	if !finiteTS(ts) {
		return ts, nil
	}
	ts, err := addCalendar(ts, v)
	if err != nil {
		return 0, err
	}
	return addUsec(ts, v.Usec)
}

// timestamptzAdd is timestamptz + interval: months and days follow the session's clock.
func timestamptzAdd(c *Call, ts int64, v types.IntervalVal) (int64, error) {
	return timestamptzAddIn(c.Env.Zone(), ts, v)
}

func timestamptzAddIn(loc *time.Location, ts int64, v types.IntervalVal) (int64, error) {
	if !finiteTS(ts) {
		return ts, nil
	}
	if v.Months != 0 || v.Days != 0 {
		local, err := addCalendar(ts+int64(zoneOffset(loc, ts))*usecPerSec, v)
		if err != nil {
			return 0, err
		}
		ts = local - int64(localOffset(loc, local))*usecPerSec
	}
	return addUsec(ts, v.Usec)
}

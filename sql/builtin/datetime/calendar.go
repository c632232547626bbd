package datetime

import (
	"math"
	"time"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

const (
	UsecPerSec  = 1_000_000
	UsecPerMin  = 60 * UsecPerSec
	UsecPerHour = 60 * UsecPerMin
	UsecPerDay  = 24 * UsecPerHour

	EpochJulian  = 2451545             // Julian day of 2000-01-01
	unixEpochSec = 946684800           // Unix time of 2000-01-01
	timestampMin = -211813488000000000 // 4714-11-24 BC
	timestampEnd = 9223371331200000000 // 294277-01-01
	dateMin      = -EpochJulian
	dateEnd      = 2145031949 // 5874898-01-01

	TimestampEndDays = timestampEnd / UsecPerDay
)

// Clock is a date and a time of day on some clock. Year 0 is 1 BC.
type Clock struct {
	Year, Mon, Day       int
	Hour, Min, Sec, Usec int
}

func FiniteTS(ts int64) bool     { return ts != types.TimestampInf && ts != types.TimestampNegInf }
func finiteDate(days int64) bool { return days != types.DateInf && days != types.DateNegInf }
func ValidTS(ts int64) bool      { return ts >= timestampMin && ts < timestampEnd }
func ValidDate(days int64) bool  { return days >= dateMin && days < dateEnd }

// DaysOf numbers a day of the proleptic Gregorian calendar from 2000-01-01. The year starts in March here, so that the
// leap day is its last one.
func DaysOf(y, m, d int) int64 {
	if m <= 2 {
		y--
		m += 12
	}
	y64 := int64(y)
	return y64*365 + floorDiv(y64, 4) - floorDiv(y64, 100) + floorDiv(y64, 400) + int64((153*(m-3)+2)/5) + int64(d) - 730426
}

// CivilOf is the inverse of daysOf.
func CivilOf(days int64) (y, m, d int) {
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

func DaysIn(y, m int) int {
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

func SplitTS(ts int64) Clock {
	days := floorDiv(ts, UsecPerDay)
	var c Clock
	c.Year, c.Mon, c.Day = CivilOf(days)
	c.setTime(ts - days*UsecPerDay)
	return c
}

func (c *Clock) setTime(us int64) {
	c.Hour = int(us / UsecPerHour)
	c.Min = int(us / UsecPerMin % 60)
	c.Sec = int(us / UsecPerSec % 60)
	c.Usec = int(us % UsecPerSec)
}

func (c *Clock) time() int64 {
	return int64(c.Hour)*UsecPerHour + int64(c.Min)*UsecPerMin + int64(c.Sec)*UsecPerSec + int64(c.Usec)
}

// Join is the timestamp of a clock; ok is false outside of a timestamp's 64 bits.
func (c *Clock) Join() (ts int64, ok bool) {
	days := DaysOf(c.Year, c.Mon, c.Day)
	if days > TimestampEndDays || days < dateMin {
		return 0, false
	}
	ts = days*UsecPerDay + c.time()
	return ts, days < 0 || ts >= 0
}

// zoneOffset is how far east of UTC, in seconds, a zone's clock is at a point in time.
func zoneOffset(loc *time.Location, ts int64) int {
	east, _, _ := types.ZoneAt(loc, ts)
	return east
}

func ErrTimestampRange() error {
	return pgerr.New(pgerr.DatetimeFieldOverflow, "timestamp out of range")
}
func errIntervalRange() error { return pgerr.New(pgerr.DatetimeFieldOverflow, "interval out of range") }

// LocalToTZClamped reads a clock time of the session's zone for a comparison: what is out of range lies just inside
// of the infinities.
func LocalToTZClamped(c *call.Call, local int64) int64 {
	if !FiniteTS(local) || local == math.MaxInt64-1 {
		return local
	}
	ts, err := types.LocalToTimestampTZ(local, c.Env.Zone())
	switch {
	case err != nil && local > 0:
		return math.MaxInt64 - 1
	case err != nil:
		return math.MinInt64 + 1
	}
	return ts
}

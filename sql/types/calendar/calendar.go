// Package calendar is the proleptic Gregorian calendar as PostgreSQL counts it: µs and days since 2000-01-01, Julian days,
// the ranges of date and timestamp. It knows no zones.
package calendar

import "math"

const (
	UsecPerSec  = 1_000_000
	UsecPerMin  = 60 * UsecPerSec
	UsecPerHour = 60 * UsecPerMin
	UsecPerDay  = 24 * UsecPerHour

	EpochJulian     = 2451545 // Julian day of 2000-01-01, PostgreSQL's epoch
	UnixEpochJulian = 2440588
	UnixEpochSec    = (EpochJulian - UnixEpochJulian) * 86400 // Unix time of 2000-01-01

	DateMin      = -EpochJulian        // 4714-11-24 BC
	DateEnd      = 2145031949          // 5874898-01-01, the first day that is none
	TimestampMin = -211813488000000000 // 4714-11-24 BC
	TimestampEnd = 9223371331200000000 // 294277-01-01
)

// Clock is a date and a time of day. Year 0 is 1 BC. A Clock of a point in time with a zone holds the zone's clock.
type Clock struct {
	Year, Mon, Day       int
	Hour, Min, Sec, Usec int
}

// JulianDay numbers days of the proleptic Gregorian calendar; month 1 to 12, any year.
func JulianDay(y, m, d int) int {
	if m > 2 {
		m++
		y += 4800
	} else {
		m += 13
		y += 4799
	}
	century := FloorDiv(y, 100)
	return y*365 - 32167 + FloorDiv(y, 4) - century + FloorDiv(century, 4) + 7834*m/256 + d
}

// FloorDiv rounds down.
func FloorDiv[T int | int64](a, b T) T {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// FromJulian is the inverse of JulianDay.
func FromJulian(jd int) (y, m, d int) {
	n := jd - 1721120 // from 1 March of year 0, so that the leap day is the last of its year
	era := FloorDiv(n, 146097)
	n -= era * 146097
	y = (n - n/1460 + n/36524 - n/146096) / 365
	n -= y*365 + y/4 - y/100
	mp := (5*n + 2) / 153
	d = n - (153*mp+2)/5 + 1
	m = mp + 3
	y += era * 400
	if m > 12 {
		m -= 12
		y++
	}
	return y, m, d
}

// DaysOf numbers days from 2000-01-01 on, CivilOf is its inverse.
func DaysOf(y, m, d int) int64         { return int64(JulianDay(y, m, d) - EpochJulian) }
func CivilOf(days int64) (y, m, d int) { return FromJulian(int(days) + EpochJulian) }

func isLeap(y int) bool { return y%4 == 0 && (y%100 != 0 || y%400 == 0) }

// DaysIn is the length of a month.
func DaysIn(y, m int) int {
	switch m {
	case 2:
		if isLeap(y) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// ValidJulian reports a date that JulianDay can number from 0 on and that any timestamp could hold.
func ValidJulian(y, m int) bool {
	return (y > -4713 || y == -4713 && m >= 11) && (y < 5874898 || y == 5874898 && m < 6)
}

// ClockOf splits µs since 2000-01-01 into a date and a time of day.
func ClockOf(ts int64) Clock {
	days := FloorDiv(ts, UsecPerDay)
	var c Clock
	c.Year, c.Mon, c.Day = CivilOf(days)
	c.SetTime(ts - days*UsecPerDay)
	return c
}

// SetTime sets the time of day, µs since midnight; TimeOfDay reads it.
func (c *Clock) SetTime(us int64) {
	c.Hour = int(us / UsecPerHour)
	us %= UsecPerHour
	c.Min = int(us / UsecPerMin)
	us %= UsecPerMin
	c.Sec = int(us / UsecPerSec)
	c.Usec = int(us % UsecPerSec)
}

func (c *Clock) TimeOfDay() int64 {
	return int64(c.Hour)*UsecPerHour + int64(c.Min)*UsecPerMin + int64(c.Sec)*UsecPerSec + int64(c.Usec)
}

// Timestamp joins date and time; ok is false outside of timestamp's range.
func (c *Clock) Timestamp() (ts int64, ok bool) {
	if !ValidJulian(c.Year, c.Mon) {
		return 0, false
	}
	days := int64(JulianDay(c.Year, c.Mon, c.Day) - EpochJulian)
	t := c.TimeOfDay()
	if days > math.MaxInt64/UsecPerDay || days < math.MinInt64/UsecPerDay {
		return 0, false
	}
	ts = days*UsecPerDay + t
	if days > 0 && ts < 0 {
		return 0, false
	}
	return ts, true
}

func ValidTimestamp(ts int64) bool { return ts >= TimestampMin && ts < TimestampEnd }

// ValidDate reports a finite date.
func ValidDate(days int64) bool { return days >= DateMin && days < DateEnd }

// Weekday of a Julian day: 0 is Sunday.
func Weekday(jd int) int { return jd + 1 - 7*FloorDiv(jd+1, 7) }

// AddMonths moves the date and keeps it within the month it lands in.
func (c *Clock) AddMonths(n int) {
	m := c.Year*12 + c.Mon - 1 + n
	c.Year, c.Mon = FloorDiv(m, 12), m-FloorDiv(m, 12)*12+1
	c.Day = min(c.Day, DaysIn(c.Year, c.Mon))
}

// AddDays moves the date; ok is false where it cannot be numbered.
func (c *Clock) AddDays(n int) bool {
	if !ValidJulian(c.Year, c.Mon) {
		return false
	}
	jd := JulianDay(c.Year, c.Mon, c.Day) + n
	if jd < 0 || jd > DateEnd+EpochJulian {
		return false
	}
	c.Year, c.Mon, c.Day = FromJulian(jd)
	return true
}

package types

import "math"

const (
	usecPerSec  = 1_000_000
	usecPerMin  = 60 * usecPerSec
	usecPerHour = 60 * usecPerMin
	usecPerDay  = 24 * usecPerHour

	epochJulian     = 2451545 // Julian day of 2000-01-01, PostgreSQL's epoch
	unixEpochJulian = 2440588
	unixEpochSecs   = (epochJulian - unixEpochJulian) * 86400 // Unix time of 2000-01-01

	dateMin      = -epochJulian        // 4714-11-24 BC
	dateEnd      = 2145031949          // 5874898-01-01, the first day that is none
	timestampMin = -211813488000000000 // 4714-11-24 BC
	timestampEnd = 9223371331200000000 // 294277-01-01
)

// The infinities of date, and of timestamp and timestamptz.
const (
	DateNegInf      = math.MinInt32
	DateInf         = math.MaxInt32
	TimestampNegInf = math.MinInt64
	TimestampInf    = math.MaxInt64
)

// civil is a date and a time of day. Year 0 is 1 BC. A civil of a point in time with a zone holds the zone's clock.
type civil struct {
	year, mon, day       int
	hour, min, sec, usec int
}

// julianDay numbers days of the proleptic Gregorian calendar; month 1 to 12, any year.
func julianDay(y, m, d int) int {
	if m > 2 {
		m++
		y += 4800
	} else {
		m += 13
		y += 4799
	}
	century := floorDiv(y, 100)
	return y*365 - 32167 + floorDiv(y, 4) - century + floorDiv(century, 4) + 7834*m/256 + d
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// fromJulian is the inverse of julianDay for jd >= 0.
func fromJulian(jd int) (y, m, d int) {
	// Days are counted from 1 March of year -4800, so that the leap day is the last of its year.
	n := jd + 32044
	cycles := n / 146097
	n %= 146097
	c := min(n/36524, 3)
	n -= c * 36524
	fours := n / 1461
	n %= 1461
	yr := min(n/365, 3)
	n -= yr * 365
	mp := (5*n + 2) / 153
	d = n - (153*mp+2)/5 + 1
	m = mp + 3
	y = cycles*400 + c*100 + fours*4 + yr - 4800
	if m > 12 {
		m -= 12
		y++
	}
	return y, m, d
}

func isLeap(y int) bool { return y%4 == 0 && (y%100 != 0 || y%400 == 0) }

// daysIn is the length of a month.
func daysIn(y, m int) int {
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

// validJulian reports a date that julianDay can number from 0 on and that any timestamp could hold.
func validJulian(y, m int) bool {
	return (y > -4713 || y == -4713 && m >= 11) && (y < 5874898 || y == 5874898 && m < 6)
}

// civilOf splits µs since 2000-01-01 into a date and a time of day.
func civilOf(ts int64) civil {
	days := ts / usecPerDay
	rest := ts % usecPerDay
	if rest < 0 {
		rest += usecPerDay
		days--
	}
	var c civil
	c.year, c.mon, c.day = fromJulian(int(days) + epochJulian)
	c.setTime(rest)
	return c
}

func (c *civil) setTime(us int64) {
	c.hour = int(us / usecPerHour)
	us %= usecPerHour
	c.min = int(us / usecPerMin)
	us %= usecPerMin
	c.sec = int(us / usecPerSec)
	c.usec = int(us % usecPerSec)
}

func (c *civil) timeOfDay() int64 {
	return int64(c.hour)*usecPerHour + int64(c.min)*usecPerMin + int64(c.sec)*usecPerSec + int64(c.usec)
}

// timestamp joins date and time; ok is false outside of timestamp's range.
func (c *civil) timestamp() (ts int64, ok bool) {
	if !validJulian(c.year, c.mon) {
		return 0, false
	}
	days := int64(julianDay(c.year, c.mon, c.day) - epochJulian)
	t := c.timeOfDay()
	if days > math.MaxInt64/usecPerDay || days < math.MinInt64/usecPerDay {
		return 0, false
	}
	ts = days*usecPerDay + t
	if days > 0 && ts < 0 {
		return 0, false
	}
	return ts, true
}

func validTimestamp(ts int64) bool { return ts >= timestampMin && ts < timestampEnd }

// validDate reports a finite date.
func validDate(days int64) bool { return days >= dateMin && days < dateEnd }

// weekday of a Julian day: 0 is Sunday.
func weekday(jd int) int { return (jd + 1) % 7 }

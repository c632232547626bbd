package temporal

import (
	"strconv"

	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/sql/types/timezone"
)

// appendYear appends at least four digits; years before 1 count from 1 BC and the caller adds " BC".
func appendYear(dst []byte, y int) []byte {
	if y <= 0 {
		y = 1 - y
	}
	if y < 10000 {
		return append(dst, '0'+byte(y/1000), '0'+byte(y/100%10), '0'+byte(y/10%10), '0'+byte(y%10))
	}
	return strconv.AppendInt(dst, int64(y), 10)
}

// appendFrac appends ".ffffff" without the zeros at its end, nothing for 0.
func appendFrac(dst []byte, usec int) []byte {
	if usec == 0 {
		return dst
	}
	dst = append(dst, '.')
	for div := 100000; usec > 0; div /= 10 {
		dst = append(dst, '0'+byte(usec/div))
		usec %= div
	}
	return dst
}

// appendClock appends hh:mm:ss[.ffffff].
func appendClock(dst []byte, c *calendar.Clock) []byte {
	dst = append(calendar.AppendTwo(dst, c.Hour), ':')
	dst = append(calendar.AppendTwo(dst, c.Min), ':')
	dst = calendar.AppendTwo(dst, c.Sec)
	return appendFrac(dst, c.Usec)
}

func appendISODate(dst []byte, c *calendar.Clock) []byte {
	dst = append(appendYear(dst, c.Year), '-')
	dst = append(calendar.AppendTwo(dst, c.Mon), '-')
	return calendar.AppendTwo(dst, c.Day)
}

func appendBC(dst []byte, c *calendar.Clock) []byte {
	if c.Year <= 0 {
		return append(dst, " BC"...)
	}
	return dst
}

// appendStyledDate prints a date alone.
func appendStyledDate(dst []byte, c *calendar.Clock, set *Settings) []byte {
	e := set.orDefault()
	three := func(a, b int, sep byte) {
		dst = append(calendar.AppendTwo(dst, a), sep)
		dst = append(calendar.AppendTwo(dst, b), sep)
		dst = appendYear(dst, c.Year)
	}
	dmy := e.DateOrder == OrderDMY
	switch e.DateStyle {
	case DateISO:
		dst = appendISODate(dst, c)
	case DateSQL:
		if dmy {
			three(c.Day, c.Mon, '/')
		} else {
			three(c.Mon, c.Day, '/')
		}
	case DateGerman:
		three(c.Day, c.Mon, '.')
	default:
		if dmy {
			three(c.Day, c.Mon, '-')
		} else {
			three(c.Mon, c.Day, '-')
		}
	}
	return appendBC(dst, c)
}

var (
	dayNames   = [...]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
	monthNames = [...]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
)

// zoneTag is what a timestamptz prints after its clock; a nil one is a timestamp.
type zoneTag struct {
	east   int
	abbrev string
}

// appendDateTime prints date and time in the session's DateStyle.
func appendDateTime(dst []byte, c *calendar.Clock, z *zoneTag, set *Settings) []byte {
	e := set.orDefault()
	dmy := e.DateOrder == OrderDMY
	switch e.DateStyle {
	case DateISO:
		dst = append(appendISODate(dst, c), ' ')
		dst = appendClock(dst, c)
		if z != nil {
			dst = timezone.AppendOffset(dst, z.east, false)
		}
		return appendBC(dst, c)
	case DateSQL, DateGerman:
		sep, a, b := byte('/'), c.Mon, c.Day
		if dmy || e.DateStyle == DateGerman {
			a, b = b, a
		}
		if e.DateStyle == DateGerman {
			sep = '.'
		}
		dst = append(calendar.AppendTwo(dst, a), sep)
		dst = append(calendar.AppendTwo(dst, b), sep)
		dst = append(appendYear(dst, c.Year), ' ')
		dst = appendClock(dst, c)
		if z != nil {
			if z.abbrev != "" {
				dst = append(append(dst, ' '), z.abbrev...)
			} else {
				dst = timezone.AppendOffset(dst, z.east, false)
			}
		}
		return appendBC(dst, c)
	}
	dst = append(append(dst, dayNames[calendar.Weekday(calendar.JulianDay(c.Year, c.Mon, c.Day))][:3]...), ' ')
	if dmy {
		dst = append(calendar.AppendTwo(dst, c.Day), ' ')
		dst = append(append(dst, monthNames[c.Mon-1][:3]...), ' ')
	} else {
		dst = append(append(dst, monthNames[c.Mon-1][:3]...), ' ')
		dst = append(calendar.AppendTwo(dst, c.Day), ' ')
	}
	dst = append(appendClock(dst, c), ' ')
	dst = appendYear(dst, c.Year)
	if z != nil {
		dst = append(dst, ' ')
		if z.abbrev != "" {
			dst = append(dst, z.abbrev...)
		} else {
			dst = timezone.AppendOffset(dst, z.east, false)
		}
	}
	return appendBC(dst, c)
}

// appendXSD prints as to_json does: ISO with a T, the zone with minutes.
func appendXSD(dst []byte, c *calendar.Clock, z *zoneTag) []byte {
	dst = append(appendISODate(dst, c), 'T')
	dst = appendClock(dst, c)
	if z != nil {
		dst = timezone.AppendOffset(dst, z.east, true)
	}
	return appendBC(dst, c)
}

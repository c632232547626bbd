package temporal

import (
	"math"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/sql/types/input"
)

// Interval input (manual: 8.5.4): quantity-unit pairs in PostgreSQL's, the SQL standard's and ISO 8601's spellings.

type unitWord struct {
	unit dateUnit
	ago  bool
}

var intervalUnits = map[string]unitWord{
	"@": {unitNone, false}, "ago": {unitNone, true},
	"c": {unitCentury, false}, "cent": {unitCentury, false}, "centuries": {unitCentury, false}, "century": {unitCentury, false},
	"d": {unitDay, false}, "day": {unitDay, false}, "days": {unitDay, false},
	"dec": {unitDecade, false}, "decade": {unitDecade, false}, "decades": {unitDecade, false}, "decs": {unitDecade, false},
	"h": {unitHour, false}, "hour": {unitHour, false}, "hours": {unitHour, false}, "hr": {unitHour, false}, "hrs": {unitHour, false},
	"m": {unitMinute, false}, "min": {unitMinute, false}, "mins": {unitMinute, false}, "minute": {unitMinute, false}, "minutes": {unitMinute, false},
	"microsecon": {unitMicro, false}, "us": {unitMicro, false}, "usec": {unitMicro, false}, "usecond": {unitMicro, false}, "useconds": {unitMicro, false}, "usecs": {unitMicro, false},
	"mil": {unitMillennium, false}, "millennia": {unitMillennium, false}, "millennium": {unitMillennium, false}, "mils": {unitMillennium, false},
	"millisecon": {unitMilli, false}, "ms": {unitMilli, false}, "msec": {unitMilli, false}, "msecond": {unitMilli, false}, "mseconds": {unitMilli, false}, "msecs": {unitMilli, false},
	"mon": {unitMonth, false}, "mons": {unitMonth, false}, "month": {unitMonth, false}, "months": {unitMonth, false},
	"s": {unitSecond, false}, "sec": {unitSecond, false}, "second": {unitSecond, false}, "seconds": {unitSecond, false}, "secs": {unitSecond, false},
	"w": {unitWeek, false}, "week": {unitWeek, false}, "weeks": {unitWeek, false},
	"y": {unitYear, false}, "year": {unitYear, false}, "years": {unitYear, false}, "yr": {unitYear, false}, "yrs": {unitYear, false},
	// Known words that no interval takes as a unit.
	"qtr": {unitQuarter, false}, "quarter": {unitQuarter, false}, "timezone": {unitOther, false}, "timezone_h": {unitOther, false}, "timezone_m": {unitOther, false},
}

// intervalAcc adds up what is read; ok turns false on overflow.
type intervalAcc struct {
	usec           int64
	day, mon, year int64
	ok             bool
}

func addInt64(a, b int64) (int64, bool) {
	s := a + b
	return s, (a^s)&(b^s) >= 0
}

func mulInt64(a, b int64) (int64, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	p := a * b
	return p, p/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64)
}

func (a *intervalAcc) fail() { a.ok = false }

func (a *intervalAcc) addInt32(to *int64, v, scale int64) {
	p, ok := mulInt64(v, scale)
	if !ok || !fitsInt32(v) || !fitsInt32(p) || !fitsInt32(*to+p) {
		a.fail()
		return
	}
	*to += p
}

// fracUsec adds frac units of scale µs; frac is below one.
func (a *intervalAcc) fracUsec(frac float64, scale int64) {
	if frac == 0 {
		return
	}
	f := frac * float64(scale)
	us := int64(f)
	switch rest := f - float64(us); {
	case rest > 0.5:
		us++
	case rest < -0.5:
		us--
	}
	var ok bool
	if a.usec, ok = addInt64(a.usec, us); !ok {
		a.fail()
	}
}

func (a *intervalAcc) addUsec(v int64, frac float64, scale int64) {
	p, ok := mulInt64(v, scale)
	if ok {
		a.usec, ok = addInt64(a.usec, p)
	}
	if !ok {
		a.fail()
		return
	}
	a.fracUsec(frac, scale)
}

func (a *intervalAcc) fracDays(frac float64, scale int64) {
	if frac == 0 {
		return
	}
	f := frac * float64(scale)
	days := int64(f)
	a.addInt32(&a.day, days, 1)
	a.fracUsec(f-float64(days), calendar.UsecPerDay)
}

func (a *intervalAcc) fracYears(frac float64, scale int64) {
	a.addInt32(&a.mon, int64(math.RoundToEven(frac*float64(scale)*12)), 1)
}

func (a *intervalAcc) value() (Interval, bool) {
	m, ok := mulInt64(a.year, 12)
	m += a.mon
	if !ok || !fitsInt32(m) {
		return Interval{}, false
	}
	return Interval{a.usec, int32(a.day), int32(m)}, true
}

func (a *intervalAcc) negate() {
	if a.usec == math.MinInt64 || a.day == math.MinInt32 || a.mon == math.MinInt32 || a.year == math.MinInt32 {
		a.fail()
		return
	}
	a.usec, a.day, a.mon, a.year = -a.usec, -a.day, -a.mon, -a.year
}

// ParseInterval reads what interval_in reads; a number without unit has that of typmod's last field.
func ParseInterval(s string, mod int32, set *Settings) (Interval, error) {
	fields := IntervalFullRange
	if mod >= 0 {
		fields, _ = IntervalTypmod(mod)
	}
	acc := intervalAcc{ok: true}
	var buf [maxDateFields]dateField
	parts, fail := splitDate(s, buf[:0])
	if fail == dateOK {
		fail = acc.decode(parts, fields, set.orDefault())
	}
	if fail == badFormat {
		acc = intervalAcc{ok: true}
		fail = acc.decodeISO(s)
	}
	if fail != dateOK {
		if fail == fieldOverflow {
			fail = intervalOverflow
		}
		return Interval{}, dateError(fail, "interval", s, "")
	}
	v, ok := acc.value()
	if !ok {
		return Interval{}, outOfRange("interval")
	}
	return v, nil
}

// defaultUnit is the unit of a last number without one.
func defaultUnit(fields int) dateUnit {
	switch fields {
	case RangeYear:
		return unitYear
	case RangeMonth, RangeYear | RangeMonth:
		return unitMonth
	case RangeDay:
		return unitDay
	case RangeHour, RangeDay | RangeHour:
		return unitHour
	case RangeMinute, RangeHour | RangeMinute, RangeDay | RangeHour | RangeMinute:
		return unitMinute
	}
	return unitSecond
}

// decode reads the fields from right to left, because a unit stands after its quantity.
func (a *intervalAcc) decode(parts []dateField, fields int, set *Settings) dateFail {
	unit, seen, ago := unitNone, 0, false
	negative := set.IntervalStyle == IntervalSQLStandard && len(parts) > 0 && parts[0].text[0] == '-'
	for i := 1; i < len(parts) && negative; i++ { // the only sign, in front, is meant for all
		negative = parts[i].text[0] != '-' && parts[i].text[0] != '+'
	}
	started := false // a unit or time was read; unitNone would mean the default one
	for i := len(parts) - 1; i >= 0; i-- {
		p := parts[i]
		var got int
		switch p.kind {
		case fieldTime:
			if fail := a.clock(p.text, fields, negative); fail != dateOK {
				return fail
			}
			got, unit, started = seenTime, unitDay, true
		case fieldZone, fieldDate, fieldNumber:
			if p.kind == fieldZone && strings.IndexByte(p.text[1:], ':') >= 0 {
				try := *a
				if try.clock(p.text[1:], fields, p.text[0] == '-') == dateOK {
					*a = try
					got, unit, started = seenTime, unitDay, true
					break
				}
			}
			if !started {
				unit, started = defaultUnit(fields), true
			}
			var fail dateFail
			text := p.text
			if negative && i > 0 {
				text = "-" + text
			}
			if got, unit, fail = a.quantity(text, unit); fail != dateOK {
				return fail
			}
		default:
			text := p.text
			if len(text) > 10 {
				text = text[:10]
			}
			w, ok := intervalUnits[text]
			if !ok {
				return badFormat
			}
			if w.ago {
				ago = true
				unit, started = unitOther, true
				continue
			}
			if w.unit == unitNone {
				continue
			}
			unit, started = w.unit, true
		}
		if seen&got != 0 {
			return badFormat
		}
		seen |= got
	}
	if seen == 0 {
		return badFormat
	}
	if ago {
		a.negate()
	}
	if !a.ok {
		return fieldOverflow
	}
	return dateOK
}

func (a *intervalAcc) clock(text string, fields int, neg bool) dateFail {
	h, m, s, us, fail := parseClock(text, fields == RangeMinute|RangeSecond)
	if fail != dateOK {
		return fail
	}
	t, ok := mulInt64(h, calendar.UsecPerHour)
	if ok {
		t, ok = addInt64(t, int64(m)*calendar.UsecPerMin+int64(s)*calendar.UsecPerSec+int64(us))
	}
	if neg {
		t = -t
	}
	if ok {
		a.usec, ok = addInt64(a.usec, t)
	}
	if !ok {
		return fieldOverflow
	}
	return dateOK
}

// quantity is a number of units, or the SQL standard's years-months.
func (a *intervalAcc) quantity(text string, unit dateUnit) (got int, next dateUnit, fail dateFail) {
	neg := text[0] == '-'
	n := 0
	if neg || text[0] == '+' {
		n = 1
	}
	digits := input.Skip(text, n, input.IsDigit)
	var v int64
	if digits > n {
		var err error
		if v, err = strconv.ParseInt(text[:digits], 10, 64); err != nil {
			return 0, unit, fieldOverflow
		}
	} else if digits == len(text) || text[digits] != '.' {
		return 0, unit, badFormat
	}
	rest := text[digits:]
	frac := 0.0
	switch {
	case rest == "":
	case rest[0] == '-':
		end := input.Skip(rest, 1, input.IsDigit)
		m := int64(input.Atoi(rest[1:end]))
		if m >= 12 {
			return 0, unit, fieldOverflow
		}
		if end != len(rest) {
			return 0, unit, badFormat
		}
		if neg {
			m = -m
		}
		unit = unitMonth
		var ok bool
		if v, ok = mulInt64(v, 12); ok {
			v, ok = addInt64(v, m)
		}
		if !ok {
			return 0, unit, fieldOverflow
		}
	case rest[0] == '.':
		if frac, fail = fraction(rest); fail != dateOK {
			return 0, unit, fail
		}
		if neg {
			frac = -frac
		}
	default:
		return 0, unit, badFormat
	}
	next = unit
	switch unit {
	case unitMicro:
		a.addUsec(v, frac, 1)
		got = seenMicro
	case unitMilli:
		a.addUsec(v, frac, 1000)
		got = seenMilli
	case unitSecond:
		a.addUsec(v, frac, calendar.UsecPerSec)
		got = seenSecond
		if frac != 0 {
			got = seenAllSecs
		}
	case unitMinute:
		a.addUsec(v, frac, calendar.UsecPerMin)
		got = seenMinute
	case unitHour:
		a.addUsec(v, frac, calendar.UsecPerHour)
		got, next = seenHour, unitDay
	case unitDay:
		a.addInt32(&a.day, v, 1)
		a.fracUsec(frac, calendar.UsecPerDay)
		got = seenDay
	case unitWeek:
		a.addInt32(&a.day, v, 7)
		a.fracDays(frac, 7)
		got = seenWeek
	case unitMonth:
		a.addInt32(&a.mon, v, 1)
		a.fracDays(frac, 30)
		got = seenMonth
	case unitYear:
		a.addInt32(&a.year, v, 1)
		a.fracYears(frac, 1)
		got = seenYear
	case unitDecade:
		a.addInt32(&a.year, v, 10)
		a.fracYears(frac, 10)
		got = seenDecade
	case unitCentury:
		a.addInt32(&a.year, v, 100)
		a.fracYears(frac, 100)
		got = seenCentury
	case unitMillennium:
		a.addInt32(&a.year, v, 1000)
		a.fracYears(frac, 1000)
		got = seenMillennium
	default:
		return 0, unit, badFormat
	}
	if !a.ok {
		return 0, unit, fieldOverflow
	}
	return got, next, dateOK
}

// isoNumber reads [-]digits[.digits][e[+-]digits] and splits it into whole and fraction.
func isoNumber(s string) (v int64, frac float64, rest string, fail dateFail) {
	n := 0
	if n < len(s) && s[n] == '-' {
		n++
	}
	n = input.Skip(s, n, input.IsDigit)
	whole := n
	if n < len(s) && s[n] == '.' {
		n = input.Skip(s, n+1, input.IsDigit)
	}
	if n < len(s) && s[n]|0x20 == 'e' {
		e := n + 1
		if e < len(s) && (s[e] == '+' || s[e] == '-') {
			e++
		}
		if end := input.Skip(s, e, input.IsDigit); end > e {
			n, whole = end, end
		}
	}
	f, err := strconv.ParseFloat(s[:n], 64)
	if err != nil {
		return 0, 0, s, badFormat
	}
	if f > math.MaxInt32 || f < math.MinInt32 {
		if f < -1e15 || f > 1e15 {
			return 0, 0, s, fieldOverflow
		}
	}
	v, err = strconv.ParseInt(s[:whole], 10, 64)
	if err != nil {
		v = int64(f)
	}
	return v, f - math.Trunc(f), s[n:], dateOK
}

// decodeISO reads ISO 8601 durations: P1Y2M3DT4H5M6S, P0001-02-03T04:05:06, P00021015T103020.
func (a *intervalAcc) decodeISO(s string) dateFail {
	if len(s) < 2 || s[0] != 'P' {
		return badFormat
	}
	s = s[1:]
	inDate, hasField := true, false
	for s != "" {
		if s[0] == 'T' {
			inDate, hasField = false, false
			s = s[1:]
			continue
		}
		from := s
		v, frac, rest, fail := isoNumber(s)
		if fail != dateOK {
			return fail
		}
		width := input.Skip(strings.TrimPrefix(from, "-"), 0, input.IsDigit)
		unit := byte(0)
		if rest != "" {
			unit = rest[0]
			s = rest[1:]
		} else {
			s = rest
		}
		if inDate {
			switch unit {
			case 'Y':
				a.addInt32(&a.year, v, 1)
				a.fracYears(frac, 1)
			case 'M':
				a.addInt32(&a.mon, v, 1)
				a.fracDays(frac, 30)
			case 'W':
				a.addInt32(&a.day, v, 7)
				a.fracDays(frac, 7)
			case 'D':
				a.addInt32(&a.day, v, 1)
				a.fracUsec(frac, calendar.UsecPerDay)
			case 'T', 0:
				if width == 8 && !hasField { // yyyymmdd
					a.addInt32(&a.year, v/10000, 1)
					a.addInt32(&a.mon, v/100%100, 1)
					a.addInt32(&a.day, v%100, 1)
					a.fracUsec(frac, calendar.UsecPerDay)
					if !a.ok {
						return fieldOverflow
					}
					if unit == 0 {
						return dateOK
					}
					inDate, hasField = false, false
					continue
				}
				return a.isoExtendedDate(v, frac, unit, s, hasField)
			case '-':
				return a.isoExtendedDate(v, frac, unit, s, hasField)
			default:
				return badFormat
			}
		} else {
			switch unit {
			case 'H':
				a.addUsec(v, frac, calendar.UsecPerHour)
			case 'M':
				a.addUsec(v, frac, calendar.UsecPerMin)
			case 'S':
				a.addUsec(v, frac, calendar.UsecPerSec)
			case 0:
				if width == 6 && !hasField { // hhmmss
					a.addUsec(v/10000, 0, calendar.UsecPerHour)
					a.addUsec(v/100%100, 0, calendar.UsecPerMin)
					a.addUsec(v%100, 0, calendar.UsecPerSec)
					a.fracUsec(frac, 1)
					if !a.ok {
						return fieldOverflow
					}
					return dateOK
				}
				return a.isoExtendedTime(v, frac, unit, s, hasField)
			case ':':
				return a.isoExtendedTime(v, frac, unit, s, hasField)
			default:
				return badFormat
			}
		}
		if !a.ok {
			return fieldOverflow
		}
		hasField = true
	}
	return dateOK
}

// isoExtendedDate is the rest of yyyy[-mm[-dd]][Thh:mm:ss] after the year.
func (a *intervalAcc) isoExtendedDate(v int64, frac float64, unit byte, s string, hasField bool) dateFail {
	if hasField {
		return badFormat
	}
	a.addInt32(&a.year, v, 1)
	a.fracYears(frac, 1)
	for step := 0; ; step++ {
		if !a.ok {
			return fieldOverflow
		}
		switch {
		case unit == 0:
			return dateOK
		case unit == 'T':
			return a.isoTime(s)
		case unit != '-' || step == 2:
			return badFormat
		}
		var rest string
		var fail dateFail
		if v, frac, rest, fail = isoNumber(s); fail != dateOK {
			return fail
		}
		unit = 0
		if s = rest; s != "" {
			unit, s = s[0], s[1:]
		}
		if step == 0 {
			a.addInt32(&a.mon, v, 1)
			a.fracDays(frac, 30)
		} else {
			a.addInt32(&a.day, v, 1)
			a.fracUsec(frac, calendar.UsecPerDay)
		}
	}
}

// isoTime is what follows a T after an extended date.
func (a *intervalAcc) isoTime(s string) dateFail {
	if s == "" {
		return dateOK
	}
	sub := intervalAcc{ok: true}
	if fail := sub.decodeISO("PT" + s); fail != dateOK {
		return fail
	}
	var ok bool
	if a.usec, ok = addInt64(a.usec, sub.usec); !ok {
		return fieldOverflow
	}
	return dateOK
}

// isoExtendedTime is the rest of hh[:mm[:ss]] after the hours.
func (a *intervalAcc) isoExtendedTime(v int64, frac float64, unit byte, s string, hasField bool) dateFail {
	if hasField {
		return badFormat
	}
	a.addUsec(v, frac, calendar.UsecPerHour)
	for step := 0; ; step++ {
		if !a.ok {
			return fieldOverflow
		}
		switch {
		case unit == 0:
			return dateOK
		case unit != ':' || step == 2:
			return badFormat
		}
		var rest string
		var fail dateFail
		if v, frac, rest, fail = isoNumber(s); fail != dateOK {
			return fail
		}
		unit = 0
		if s = rest; s != "" {
			unit, s = s[0], s[1:]
		}
		if step == 0 {
			a.addUsec(v, frac, calendar.UsecPerMin)
		} else {
			a.addUsec(v, frac, calendar.UsecPerSec)
		}
	}
}

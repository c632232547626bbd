package temporal

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"

	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/storage/tuple"
)

// Interval is an unpacked interval. The three parts are independent: a month has no fixed number of days, a day no
// fixed number of hours.
type Interval struct {
	Usec   int64
	Days   int32
	Months int32
}

// IntervalOf unpacks an interval.
func IntervalOf(d tuple.Value) Interval {
	b := d.Bytes()
	return Interval{int64(binary.LittleEndian.Uint64(b)), int32(binary.LittleEndian.Uint32(b[8:])), int32(binary.LittleEndian.Uint32(b[12:]))}
}

// Datum packs an interval.
func (v Interval) Datum() tuple.Value {
	b := make([]byte, 0, 16)
	b = binary.LittleEndian.AppendUint64(b, uint64(v.Usec))
	b = binary.LittleEndian.AppendUint32(b, uint32(v.Days))
	return tuple.Bytes(binary.LittleEndian.AppendUint32(b, uint32(v.Months)))
}

// Limit zeroes the fields below the last one of typmod's range and rounds the seconds (manual: 8.5.4).
func (v Interval) Limit(mod int32) Interval {
	if mod < 0 {
		return v
	}
	fields, precision := IntervalTypmod(mod)
	switch fields {
	case RangeYear:
		v.Months = v.Months / 12 * 12
		v.Days, v.Usec = 0, 0
	case RangeMonth, RangeYear | RangeMonth:
		v.Days, v.Usec = 0, 0
	case RangeDay:
		v.Usec = 0
	case RangeHour, RangeDay | RangeHour:
		v.Usec = v.Usec / calendar.UsecPerHour * calendar.UsecPerHour
	case RangeMinute, RangeDay | RangeHour | RangeMinute, RangeHour | RangeMinute:
		v.Usec = v.Usec / calendar.UsecPerMin * calendar.UsecPerMin
	}
	if precision < MaxTimePrecision {
		v.Usec = RoundUsec(v.Usec, int32(precision))
	}
	return v
}

// intervalParts is an interval with its time and months split.
type intervalParts struct {
	year, mon, day int
	hour           int64
	min, sec, usec int
}

func splitInterval(v Interval) (p intervalParts) {
	p.year, p.mon = int(v.Months)/12, int(v.Months)%12
	p.day = int(v.Days)
	p.hour = v.Usec / calendar.UsecPerHour
	rest := v.Usec % calendar.UsecPerHour
	p.min = int(rest / calendar.UsecPerMin)
	rest %= calendar.UsecPerMin
	p.sec, p.usec = int(rest/calendar.UsecPerSec), int(rest%calendar.UsecPerSec)
	return p
}

// AppendInterval prints an interval in the session's IntervalStyle.
func AppendInterval(dst []byte, v Interval, set *Settings) []byte {
	p := splitInterval(v)
	switch set.orDefault().IntervalStyle {
	case IntervalSQLStandard:
		return p.appendSQL(dst)
	case IntervalISO8601:
		return p.appendISO(dst)
	case IntervalPostgresVerbose:
		return p.appendVerbose(dst)
	}
	return p.appendPostgres(dst)
}

func absInt(i int) int { return max(i, -i) }

func (p *intervalParts) negTime() bool { return p.hour < 0 || p.min < 0 || p.sec < 0 || p.usec < 0 }
func (p *intervalParts) hasTime() bool { return p.hour != 0 || p.min != 0 || p.sec != 0 || p.usec != 0 }

// appendSeconds appends |sec|[.ffffff], at least two digits if fill.
func (p *intervalParts) appendSeconds(dst []byte, fill bool) []byte {
	if fill {
		dst = calendar.AppendTwo(dst, absInt(p.sec))
	} else {
		dst = strconv.AppendInt(dst, int64(absInt(p.sec)), 10)
	}
	return appendFrac(dst, absInt(p.usec))
}

func appendHours(dst []byte, h int64) []byte {
	u := uint64(max(h, -h))
	if u < 10 {
		dst = append(dst, '0')
	}
	return strconv.AppendUint(dst, u, 10)
}

// appendPostgres: "1 year 2 mons -3 days +04:05:06.7". A part that follows a negative one shows its plus.
func (p *intervalParts) appendPostgres(dst []byte) []byte {
	start, before := len(dst), false
	part := func(v int, unit string) {
		if v == 0 {
			return
		}
		if len(dst) > start {
			dst = append(dst, ' ')
		}
		if before && v > 0 {
			dst = append(dst, '+')
		}
		dst = strconv.AppendInt(dst, int64(v), 10)
		dst = append(append(dst, ' '), unit...)
		if v != 1 {
			dst = append(dst, 's')
		}
		before = v < 0
	}
	part(p.year, "year")
	part(p.mon, "mon")
	part(p.day, "day")
	if len(dst) > start && !p.hasTime() {
		return dst
	}
	if len(dst) > start {
		dst = append(dst, ' ')
	}
	if p.negTime() {
		dst = append(dst, '-')
	} else if before {
		dst = append(dst, '+')
	}
	dst = append(appendHours(dst, p.hour), ':')
	dst = append(calendar.AppendTwo(dst, absInt(p.min)), ':')
	return p.appendSeconds(dst, true)
}

// appendVerbose: "@ 1 year 2 mons 3 days 4 hours 5 mins 6.7 secs ago". The first part's sign becomes "ago" and turns
// the others'.
func (p *intervalParts) appendVerbose(dst []byte) []byte {
	dst = append(dst, '@')
	any, ago := false, false
	part := func(v int64, unit string) {
		if v == 0 {
			return
		}
		if !any {
			ago = v < 0
			v = max(v, -v)
		} else if ago {
			v = -v
		}
		dst = strconv.AppendInt(append(dst, ' '), v, 10)
		dst = append(append(dst, ' '), unit...)
		if v != 1 {
			dst = append(dst, 's')
		}
		any = true
	}
	part(int64(p.year), "year")
	part(int64(p.mon), "mon")
	part(int64(p.day), "day")
	part(p.hour, "hour")
	part(int64(p.min), "min")
	if p.sec != 0 || p.usec != 0 {
		dst = append(dst, ' ')
		neg := p.sec < 0 || p.usec < 0
		if !any {
			ago = neg
		} else if neg != ago {
			dst = append(dst, '-')
		}
		dst = p.appendSeconds(dst, false)
		dst = append(dst, " sec"...)
		if absInt(p.sec) != 1 || p.usec != 0 {
			dst = append(dst, 's')
		}
		any = true
	}
	if !any {
		dst = append(dst, " 0"...)
	}
	if ago {
		dst = append(dst, " ago"...)
	}
	return dst
}

// appendISO: ISO 8601's format with designators.
func (p *intervalParts) appendISO(dst []byte) []byte {
	if p.year == 0 && p.mon == 0 && p.day == 0 && !p.hasTime() {
		return append(dst, "PT0S"...)
	}
	part := func(v int64, unit byte) {
		if v != 0 {
			dst = append(strconv.AppendInt(dst, v, 10), unit)
		}
	}
	dst = append(dst, 'P')
	part(int64(p.year), 'Y')
	part(int64(p.mon), 'M')
	part(int64(p.day), 'D')
	if p.hasTime() {
		dst = append(dst, 'T')
	}
	part(p.hour, 'H')
	part(int64(p.min), 'M')
	if p.sec != 0 || p.usec != 0 {
		if p.sec < 0 || p.usec < 0 {
			dst = append(dst, '-')
		}
		dst = append(p.appendSeconds(dst, false), 'S')
	}
	return dst
}

// appendSQL: the SQL standard's literals, and a form with all signs written where it has no literal.
func (p *intervalParts) appendSQL(dst []byte) []byte {
	neg := p.year < 0 || p.mon < 0 || p.day < 0 || p.negTime()
	pos := p.year > 0 || p.mon > 0 || p.day > 0 || p.hour > 0 || p.min > 0 || p.sec > 0 || p.usec > 0
	yearMonth := p.year != 0 || p.mon != 0
	dayTime := p.day != 0 || p.hasTime()
	sign := func(n bool) byte {
		if n {
			return '-'
		}
		return '+'
	}
	clock := func() {
		dst = strconv.AppendUint(dst, uint64(max(p.hour, -p.hour)), 10)
		dst = append(calendar.AppendTwo(append(dst, ':'), absInt(p.min)), ':')
		dst = p.appendSeconds(dst, true)
	}
	ym := func() {
		dst = strconv.AppendInt(dst, int64(absInt(p.year)), 10)
		dst = strconv.AppendInt(append(dst, '-'), int64(absInt(p.mon)), 10)
	}
	switch {
	case !neg && !pos:
		return append(dst, '0')
	case neg && pos || yearMonth && dayTime:
		dst = append(dst, sign(p.year < 0 || p.mon < 0))
		ym()
		dst = append(dst, ' ', sign(p.day < 0))
		dst = strconv.AppendInt(dst, int64(absInt(p.day)), 10)
		dst = append(dst, ' ', sign(p.negTime()))
		clock()
		return dst
	}
	if neg {
		dst = append(dst, '-')
	}
	switch {
	case yearMonth:
		ym()
	case p.day != 0:
		dst = append(strconv.AppendInt(dst, int64(absInt(p.day)), 10), ' ')
		clock()
	default:
		clock()
	}
	return dst
}

// fitsInt32 reports v as an int32's value.
func fitsInt32(v int64) bool { return v >= math.MinInt32 && v <= math.MaxInt32 }

// SpanLow is the low half of the interval in µs as it compares, which is what PostgreSQL hashes.
func (v Interval) SpanLow() int64 {
	_, lo := v.Span()
	return int64(lo)
}

// Span is the interval in µs as PostgreSQL compares it (months of 30 days, days of 24 hours), 128 bits.
func (v Interval) Span() (hi int64, lo uint64) {
	days := int64(v.Months)*30 + int64(v.Days)
	u, neg := uint64(max(days, -days)), days < 0
	h, l := bits.Mul64(u, calendar.UsecPerDay)
	if neg {
		var borrow uint64
		l, borrow = bits.Sub64(0, l, 0)
		h, _ = bits.Sub64(0, h, borrow)
	}
	l, carry := bits.Add64(l, uint64(v.Usec), 0)
	h, _ = bits.Add64(h, uint64(v.Usec>>63), carry)
	return int64(h), l
}

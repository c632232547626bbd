package temporal

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/sql/types/timezone"
	"github.com/tarndb/tarn/storage/tuple"
)

// The infinities of date, and of timestamp and timestamptz.
const (
	DateNegInf      = math.MinInt32
	DateInf         = math.MaxInt32
	TimestampNegInf = math.MinInt64
	TimestampInf    = math.MaxInt64
)

func outOfRange(what string) error {
	return pgerr.New(pgerr.DatetimeFieldOverflow, "%s out of range", what)
}

func outOfRangeText(what, s string) error {
	return pgerr.New(pgerr.DatetimeFieldOverflow, "%s out of range: \"%s\"", what, s)
}

// AppendDate prints a date in the session's DateStyle.
func AppendDate(dst []byte, days int64, set *Settings) []byte {
	switch days {
	case DateNegInf:
		return append(dst, "-infinity"...)
	case DateInf:
		return append(dst, "infinity"...)
	}
	var c calendar.Clock
	c.Year, c.Mon, c.Day = calendar.FromJulian(int(days) + calendar.EpochJulian)
	return appendStyledDate(dst, &c, set)
}

// ParseDate reads what date_in reads.
func ParseDate(s string, set *Settings) (int64, error) {
	p, err := parseDateTime(s, "date", set)
	if err != nil {
		return 0, err
	}
	switch p.special {
	case specialEpoch:
		return calendar.UnixEpochJulian - calendar.EpochJulian, nil
	case specialLate:
		return DateInf, nil
	case specialEarly:
		return DateNegInf, nil
	}
	if !calendar.ValidJulian(p.Year, p.Mon) {
		return 0, outOfRangeText("date", s)
	}
	days := int64(calendar.JulianDay(p.Year, p.Mon, p.Day) - calendar.EpochJulian)
	if !calendar.ValidDate(days) {
		return 0, outOfRangeText("date", s)
	}
	return days, nil
}

// AppendDateISO prints a date as JSON has it, whatever DateStyle is.
func AppendDateISO(dst []byte, days int64) []byte {
	if infiniteDate(days) {
		return AppendDate(dst, days, nil)
	}
	var c calendar.Clock
	c.Year, c.Mon, c.Day = calendar.FromJulian(int(days) + calendar.EpochJulian)
	return appendBC(appendISODate(dst, &c), &c)
}

// AppendTimestampISO prints a timestamp as JSON has it: ISO 8601 with a T.
func AppendTimestampISO(dst []byte, ts int64) []byte {
	if dst, ok := appendTimestampInf(dst, ts); ok {
		return dst
	}
	c := calendar.ClockOf(ts)
	return appendXSD(dst, &c, nil)
}

// AppendTimestampTZISO is AppendTimestampISO on a zone's clock, with the zone's minutes.
func AppendTimestampTZISO(dst []byte, ts int64, loc *time.Location) []byte {
	if dst, ok := appendTimestampInf(dst, ts); ok {
		return dst
	}
	zone := zoneTag{east: timezone.OffsetAt(loc, ts)}
	c := calendar.ClockOf(ts + int64(zone.east)*calendar.UsecPerSec)
	return appendXSD(dst, &c, &zone)
}

// CheckDate is 22008 for days that are no date.
func CheckDate(days int64) error {
	if days != DateInf && days != DateNegInf && !calendar.ValidDate(days) {
		return outOfRange("date")
	}
	return nil
}

// AppendTime prints a time of day.
func AppendTime(dst []byte, us int64) []byte {
	var c calendar.Clock
	c.SetTime(us)
	return appendClock(dst, &c)
}

// ParseTime reads what time_in reads.
func ParseTime(s string, set *Settings) (int64, error) {
	p, err := parseTimeOnly(s, "time", set)
	if err != nil {
		return 0, err
	}
	return p.TimeOfDay(), nil
}

// CheckTime is 22008 for µs that are no time of day.
func CheckTime(us int64) error {
	if us < 0 || us > calendar.UsecPerDay {
		return outOfRange("time")
	}
	return nil
}

// TimeTZ is an unpacked timetz: µs of the local clock and seconds west of UTC.
type TimeTZ struct {
	Usec int64
	West int32
}

// TimeTZOf unpacks a timetz.
func TimeTZOf(d tuple.Value) TimeTZ {
	b := d.Bytes()
	return TimeTZ{int64(binary.LittleEndian.Uint64(b)), int32(binary.LittleEndian.Uint32(b[8:]))}
}

// Datum packs a timetz.
func (v TimeTZ) Datum() tuple.Value {
	b := make([]byte, 0, 12)
	b = binary.LittleEndian.AppendUint64(b, uint64(v.Usec))
	return tuple.Bytes(binary.LittleEndian.AppendUint32(b, uint32(v.West)))
}

// AppendTimeTZ prints a timetz.
func AppendTimeTZ(dst []byte, v TimeTZ) []byte {
	return timezone.AppendOffset(AppendTime(dst, v.Usec), -int(v.West), false)
}

// ParseTimeTZ reads what timetz_in reads.
func ParseTimeTZ(s string, set *Settings) (TimeTZ, error) {
	p, err := parseTimeOnly(s, "time with time zone", set)
	if err != nil {
		return TimeTZ{}, err
	}
	return TimeTZ{p.TimeOfDay(), int32(-p.east)}, nil
}

// Check is 22008 or 22009 for what is no timetz.
func (v TimeTZ) Check() error {
	if err := CheckTime(v.Usec); err != nil {
		return err
	}
	if v.West <= -16*3600 || v.West >= 16*3600 {
		return pgerr.New(pgerr.InvalidTimeZoneDisplacementValue, "time zone displacement out of range")
	}
	return nil
}

// Round is roundUsec.
func (v TimeTZ) Round(precision int32) TimeTZ {
	v.Usec = RoundUsec(v.Usec, precision)
	return v
}

// AppendTimestamp prints a timestamp in the session's DateStyle.
func AppendTimestamp(dst []byte, ts int64, set *Settings) []byte {
	if dst, ok := appendTimestampInf(dst, ts); ok {
		return dst
	}
	c := calendar.ClockOf(ts)
	return appendDateTime(dst, &c, nil, set)
}

// ParseTimestamp reads what timestamp_in reads.
func ParseTimestamp(s string, set *Settings) (int64, error) {
	p, err := parseDateTime(s, "timestamp", set)
	if err != nil {
		return 0, err
	}
	ts, ok := p.timestampOrSpecial(0)
	if !ok {
		return 0, outOfRangeText("timestamp", s)
	}
	return ts, nil
}

// AppendTimestampTZ prints a timestamptz on the session's clock, in its DateStyle.
func AppendTimestampTZ(dst []byte, ts int64, set *Settings) []byte {
	if dst, ok := appendTimestampInf(dst, ts); ok {
		return dst
	}
	east, abbrev, _ := timezone.At(set.Zone(), ts)
	c := calendar.ClockOf(ts + int64(east)*calendar.UsecPerSec)
	return appendDateTime(dst, &c, &zoneTag{east, abbrev}, set)
}

// ParseTimestampTZ reads what timestamptz_in reads.
func ParseTimestampTZ(s string, set *Settings) (int64, error) {
	p, err := parseDateTime(s, "timestamp with time zone", set)
	if err != nil {
		return 0, err
	}
	ts, ok := p.timestampOrSpecial(p.east)
	if !ok {
		return 0, outOfRangeText("timestamp", s)
	}
	return ts, nil
}

// CheckTimestamp is 22008 for µs that are no timestamp.
func CheckTimestamp(ts int64) error {
	if ts != TimestampInf && ts != TimestampNegInf && !calendar.ValidTimestamp(ts) {
		return outOfRange("timestamp")
	}
	return nil
}

func appendTimestampInf(dst []byte, ts int64) ([]byte, bool) {
	switch ts {
	case TimestampNegInf:
		return append(dst, "-infinity"...), true
	case TimestampInf:
		return append(dst, "infinity"...), true
	}
	return dst, false
}

// timestampOrSpecial is what was read as µs since 2000-01-01 UTC, for a clock that is east seconds ahead of UTC.
func (p *parsedTime) timestampOrSpecial(east int) (int64, bool) {
	switch p.special {
	case specialEpoch:
		return -calendar.UnixEpochSec * calendar.UsecPerSec, true
	case specialLate:
		return TimestampInf, true
	case specialEarly:
		return TimestampNegInf, true
	}
	ts, ok := p.Timestamp()
	if !ok {
		return 0, false
	}
	u := ts - int64(east)*calendar.UsecPerSec
	if (u > ts) != (east < 0) && east != 0 {
		return 0, false
	}
	return u, calendar.ValidTimestamp(u)
}

var pow10Usec = [...]int64{1, 10, 100, 1000, 10000, 100000, 1000000}

// RoundUsec rounds half away from zero to a precision of 0 to 6 digits; -1 is none.
func RoundUsec(us int64, precision int32) int64 {
	if precision < 0 || precision >= MaxTimePrecision {
		return us
	}
	unit := pow10Usec[MaxTimePrecision-precision]
	if us >= 0 {
		return (us + unit/2) / unit * unit
	}
	return -((-us + unit/2) / unit * unit)
}

// RoundTimestamp is roundUsec of a timestamp, which leaves the infinities.
func RoundTimestamp(ts int64, precision int32) int64 {
	if infiniteTS(ts) {
		return ts
	}
	return RoundUsec(ts, precision)
}

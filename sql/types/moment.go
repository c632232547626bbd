package types

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/calendar"
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

// appendDate prints a date in the session's DateStyle.
func appendDate(dst []byte, days int64, set *Settings) []byte {
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

// parseDate reads what date_in reads.
func parseDate(s string, set *Settings) (int64, error) {
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
		return appendDate(dst, days, nil)
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
	zone := zoneTag{east: offsetAt(loc, ts)}
	c := calendar.ClockOf(ts + int64(zone.east)*calendar.UsecPerSec)
	return appendXSD(dst, &c, &zone)
}

// checkDate is 22008 for days that are no date.
func checkDate(days int64) error {
	if days != DateInf && days != DateNegInf && !calendar.ValidDate(days) {
		return outOfRange("date")
	}
	return nil
}

// appendTime prints a time of day.
func appendTime(dst []byte, us int64) []byte {
	var c calendar.Clock
	c.SetTime(us)
	return appendClock(dst, &c)
}

// parseTime reads what time_in reads.
func parseTime(s string, set *Settings) (int64, error) {
	p, err := parseTimeOnly(s, "time", set)
	if err != nil {
		return 0, err
	}
	return p.TimeOfDay(), nil
}

// checkTime is 22008 for µs that are no time of day.
func checkTime(us int64) error {
	if us < 0 || us > calendar.UsecPerDay {
		return outOfRange("time")
	}
	return nil
}

// TimeTZVal is an unpacked timetz: µs of the local clock and seconds west of UTC.
type TimeTZVal struct {
	Usec int64
	West int32
}

// TimeTZOf unpacks a timetz.
func TimeTZOf(d tuple.Value) TimeTZVal {
	b := d.Bytes()
	return TimeTZVal{int64(binary.LittleEndian.Uint64(b)), int32(binary.LittleEndian.Uint32(b[8:]))}
}

// Datum packs a timetz.
func (v TimeTZVal) Datum() tuple.Value {
	b := make([]byte, 0, 12)
	b = binary.LittleEndian.AppendUint64(b, uint64(v.Usec))
	return tuple.Bytes(binary.LittleEndian.AppendUint32(b, uint32(v.West)))
}

// appendTimeTZ prints a timetz.
func appendTimeTZ(dst []byte, v TimeTZVal) []byte {
	return appendZone(appendTime(dst, v.Usec), -int(v.West), false)
}

// parseTimeTZ reads what timetz_in reads.
func parseTimeTZ(s string, set *Settings) (TimeTZVal, error) {
	p, err := parseTimeOnly(s, "time with time zone", set)
	if err != nil {
		return TimeTZVal{}, err
	}
	return TimeTZVal{p.TimeOfDay(), int32(-p.east)}, nil
}

// check is 22008 or 22009 for what is no timetz.
func (v TimeTZVal) check() error {
	if err := checkTime(v.Usec); err != nil {
		return err
	}
	if v.West <= -16*3600 || v.West >= 16*3600 {
		return pgerr.New(pgerr.InvalidTimeZoneDisplacementValue, "time zone displacement out of range")
	}
	return nil
}

// round is roundUsec.
func (v TimeTZVal) round(precision int32) TimeTZVal {
	v.Usec = roundUsec(v.Usec, precision)
	return v
}

// appendTimestamp prints a timestamp in the session's DateStyle.
func appendTimestamp(dst []byte, ts int64, set *Settings) []byte {
	if dst, ok := appendTimestampInf(dst, ts); ok {
		return dst
	}
	c := calendar.ClockOf(ts)
	return appendDateTime(dst, &c, nil, set)
}

// parseTimestamp reads what timestamp_in reads.
func parseTimestamp(s string, set *Settings) (int64, error) {
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

// appendTimestampTZ prints a timestamptz on the session's clock, in its DateStyle.
func appendTimestampTZ(dst []byte, ts int64, set *Settings) []byte {
	if dst, ok := appendTimestampInf(dst, ts); ok {
		return dst
	}
	east, abbrev, _ := ZoneAt(set.Zone(), ts)
	c := calendar.ClockOf(ts + int64(east)*calendar.UsecPerSec)
	return appendDateTime(dst, &c, &zoneTag{east, abbrev}, set)
}

// parseTimestampTZ reads what timestamptz_in reads.
func parseTimestampTZ(s string, set *Settings) (int64, error) {
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

// checkTimestamp is 22008 for µs that are no timestamp.
func checkTimestamp(ts int64) error {
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

// roundUsec rounds half away from zero to a precision of 0 to 6 digits; -1 is none.
func roundUsec(us int64, precision int32) int64 {
	if precision < 0 || precision >= maxTimePrecision {
		return us
	}
	unit := pow10Usec[maxTimePrecision-precision]
	if us >= 0 {
		return (us + unit/2) / unit * unit
	}
	return -((-us + unit/2) / unit * unit)
}

// roundTimestamp is roundUsec of a timestamp, which leaves the infinities.
func roundTimestamp(ts int64, precision int32) int64 {
	if infiniteTS(ts) {
		return ts
	}
	return roundUsec(ts, precision)
}

// TimestampOf turns a Go time into a timestamptz.
func TimestampOf(t time.Time) int64 { return t.UnixMicro() - calendar.UnixEpochSec*calendar.UsecPerSec }

// TimeOf turns a finite timestamptz into a Go time in UTC.
func TimeOf(ts int64) time.Time {
	s := unixSecs(ts)
	return time.Unix(s, (ts-(s-calendar.UnixEpochSec)*calendar.UsecPerSec)*1000).UTC()
}

package types

import (
	"encoding/binary"
	"math"

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

func int32Send(_ *Type, dst []byte, d Datum, _ *Env) []byte {
	return binary.BigEndian.AppendUint32(dst, uint32(d.Int()))
}

func int64Send(_ *Type, dst []byte, d Datum, _ *Env) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(d.Int()))
}

// DateTimeError is PostgreSQL's 22008 with the type's name: "timestamp out of range".
func outOfRange(what string) error {
	return pgerr.New(pgerr.DatetimeFieldOverflow, "%s out of range", what)
}

func outOfRangeText(what, s string) error {
	return pgerr.New(pgerr.DatetimeFieldOverflow, "%s out of range: \"%s\"", what, s)
}

var dateCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, env *Env) []byte {
		switch days := d.Int(); days {
		case DateNegInf:
			return append(dst, "-infinity"...)
		case DateInf:
			return append(dst, "infinity"...)
		default:
			var c calendar.Clock
			c.Year, c.Mon, c.Day = calendar.FromJulian(int(days) + calendar.EpochJulian)
			return appendDate(dst, &c, env)
		}
	},
	in: func(_ *Type, s string, _ int32, env *Env) (Datum, error) {
		p, err := parseDateTime(s, "date", env)
		if err != nil {
			return Null, err
		}
		switch p.special {
		case specialEpoch:
			return tuple.Int(calendar.UnixEpochJulian - calendar.EpochJulian), nil
		case specialLate:
			return tuple.Int(DateInf), nil
		case specialEarly:
			return tuple.Int(DateNegInf), nil
		}
		if !calendar.ValidJulian(p.Year, p.Mon) {
			return Null, outOfRangeText("date", s)
		}
		days := int64(calendar.JulianDay(p.Year, p.Mon, p.Day) - calendar.EpochJulian)
		if !calendar.ValidDate(days) {
			return Null, outOfRangeText("date", s)
		}
		return tuple.Int(days), nil
	},
	send: int32Send,
	recv: func(_ *Type, b []byte, _ int32, _ *Env) (Datum, error) {
		if err := sized(b, 4); err != nil {
			return Null, err
		}
		days := int64(int32(binary.BigEndian.Uint32(b)))
		if days != DateInf && days != DateNegInf && !calendar.ValidDate(days) {
			return Null, outOfRange("date")
		}
		return tuple.Int(days), nil
	},
}

var timeCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		var c calendar.Clock
		c.SetTime(d.Int())
		return appendClock(dst, &c)
	},
	in: func(_ *Type, s string, mod int32, env *Env) (Datum, error) {
		p, err := parseTimeOnly(s, "time", env)
		if err != nil {
			return Null, err
		}
		return timeTypmod(tuple.Int(p.TimeOfDay()), mod), nil
	},
	send: int64Send,
	recv: func(_ *Type, b []byte, mod int32, _ *Env) (Datum, error) {
		if err := sized(b, 8); err != nil {
			return Null, err
		}
		us := int64(binary.BigEndian.Uint64(b))
		if us < 0 || us > calendar.UsecPerDay {
			return Null, outOfRange("time")
		}
		return timeTypmod(tuple.Int(us), mod), nil
	},
}

// TimeTZVal is an unpacked timetz: µs of the local clock and seconds west of UTC.
type TimeTZVal struct {
	Usec int64
	West int32
}

// TimeTZOf unpacks a timetz.
func TimeTZOf(d Datum) TimeTZVal {
	b := d.Bytes()
	return TimeTZVal{int64(binary.LittleEndian.Uint64(b)), int32(binary.LittleEndian.Uint32(b[8:]))}
}

// Datum packs a timetz.
func (v TimeTZVal) Datum() Datum {
	b := make([]byte, 0, 12)
	b = binary.LittleEndian.AppendUint64(b, uint64(v.Usec))
	return tuple.Bytes(binary.LittleEndian.AppendUint32(b, uint32(v.West)))
}

var timetzCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		v := TimeTZOf(d)
		var c calendar.Clock
		c.SetTime(v.Usec)
		return appendZone(appendClock(dst, &c), -int(v.West), false)
	},
	in: func(_ *Type, s string, mod int32, env *Env) (Datum, error) {
		p, err := parseTimeOnly(s, "time with time zone", env)
		if err != nil {
			return Null, err
		}
		return timetzTypmod(TimeTZVal{p.TimeOfDay(), int32(-p.east)}.Datum(), mod), nil
	},
	send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		v := TimeTZOf(d)
		dst = binary.BigEndian.AppendUint64(dst, uint64(v.Usec))
		return binary.BigEndian.AppendUint32(dst, uint32(v.West))
	},
	recv: func(_ *Type, b []byte, mod int32, _ *Env) (Datum, error) {
		if err := sized(b, 12); err != nil {
			return Null, err
		}
		v := TimeTZVal{int64(binary.BigEndian.Uint64(b)), int32(binary.BigEndian.Uint32(b[8:]))}
		if v.Usec < 0 || v.Usec > calendar.UsecPerDay {
			return Null, outOfRange("time")
		}
		if v.West <= -16*3600 || v.West >= 16*3600 {
			return Null, pgerr.New(pgerr.InvalidTimeZoneDisplacementValue, "time zone displacement out of range")
		}
		return timetzTypmod(v.Datum(), mod), nil
	},
}

var timestampCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, env *Env) []byte {
		ts := d.Int()
		if dst, ok := appendTimestampInf(dst, ts); ok {
			return dst
		}
		c := calendar.ClockOf(ts)
		return appendDateTime(dst, &c, nil, env)
	},
	in: func(_ *Type, s string, mod int32, env *Env) (Datum, error) {
		p, err := parseDateTime(s, "timestamp", env)
		if err != nil {
			return Null, err
		}
		ts, ok := p.timestampOrSpecial(0)
		if !ok {
			return Null, outOfRangeText("timestamp", s)
		}
		return timestampTypmod(tuple.Int(ts), mod)
	},
	send: int64Send,
	recv: timestampRecv,
}

var timestamptzCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, env *Env) []byte {
		ts := d.Int()
		if dst, ok := appendTimestampInf(dst, ts); ok {
			return dst
		}
		east, abbrev, _ := ZoneAt(env.Zone(), ts)
		c := calendar.ClockOf(ts + int64(east)*calendar.UsecPerSec)
		return appendDateTime(dst, &c, &zoneTag{east, abbrev}, env)
	},
	in: func(_ *Type, s string, mod int32, env *Env) (Datum, error) {
		p, err := parseDateTime(s, "timestamp with time zone", env)
		if err != nil {
			return Null, err
		}
		ts, ok := p.timestampOrSpecial(p.east)
		if !ok {
			return Null, outOfRangeText("timestamp", s)
		}
		return timestampTypmod(tuple.Int(ts), mod)
	},
	send: int64Send,
	recv: timestampRecv,
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

func timestampRecv(_ *Type, b []byte, mod int32, _ *Env) (Datum, error) {
	if err := sized(b, 8); err != nil {
		return Null, err
	}
	ts := int64(binary.BigEndian.Uint64(b))
	if ts != TimestampInf && ts != TimestampNegInf && !calendar.ValidTimestamp(ts) {
		return Null, outOfRange("timestamp")
	}
	return timestampTypmod(tuple.Int(ts), mod)
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

// roundUsec rounds half away from zero to a precision of 0 to 6 digits.
func roundUsec(us int64, precision int32) int64 {
	if precision < 0 || precision >= maxTimePrecision {
		return us
	}
	unit := int64(pow10[maxTimePrecision-precision])
	if us >= 0 {
		return (us + unit/2) / unit * unit
	}
	return -((-us + unit/2) / unit * unit)
}

func timeTypmod(d Datum, mod int32) Datum { return tuple.Int(roundUsec(d.Int(), mod)) }

func timetzTypmod(d Datum, mod int32) Datum {
	if mod < 0 || mod >= maxTimePrecision {
		return d
	}
	v := TimeTZOf(d)
	v.Usec = roundUsec(v.Usec, mod)
	return v.Datum()
}

func timestampTypmod(d Datum, mod int32) (Datum, error) {
	ts := d.Int()
	if mod < 0 || mod >= maxTimePrecision || ts == math.MinInt64 || ts == math.MaxInt64 {
		return d, nil
	}
	return tuple.Int(roundUsec(ts, mod)), nil
}

package temporal

import (
	"math"
	"strconv"
	"time"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/sql/types/timezone"
)

// Arithmetic of dates, times and timestamps. Values are as in Datums: µs or days since 2000-01-01. Results outside of
// a type's range are 22008. The infinities stay what they are, except where a function says otherwise.

func errTimestampRange() error { return outOfRange("timestamp") }

func infiniteTS(ts int64) bool  { return ts == TimestampInf || ts == TimestampNegInf }
func infiniteDate(d int64) bool { return d == DateInf || d == DateNegInf }

// TimestampAddInterval is timestamp + interval: months, then days, then time.
func TimestampAddInterval(ts int64, v Interval) (int64, error) {
	return addInterval(ts, v, time.UTC)
}

// TimestampTZAddInterval is timestamptz + interval: months and days move the clock of the zone, time is time.
func TimestampTZAddInterval(ts int64, v Interval, loc *time.Location) (int64, error) {
	return addInterval(ts, v, loc)
}

func addInterval(ts int64, v Interval, loc *time.Location) (int64, error) {
	if infiniteTS(ts) {
		return ts, nil
	}
	for _, part := range [2]Interval{{Months: v.Months}, {Days: v.Days}} {
		if part.Months == 0 && part.Days == 0 {
			continue
		}
		c := calendar.ClockOf(ts + int64(timezone.OffsetAt(loc, ts))*calendar.UsecPerSec)
		if part.Months != 0 {
			c.AddMonths(int(part.Months))
		} else if !c.AddDays(int(part.Days)) {
			return 0, errTimestampRange()
		}
		local, ok := c.Timestamp()
		if !ok {
			return 0, errTimestampRange()
		}
		if ts = local - int64(timezone.OffsetOfLocal(loc, local))*calendar.UsecPerSec; !calendar.ValidTimestamp(ts) {
			return 0, errTimestampRange()
		}
	}
	ts, ok := addInt64(ts, v.Usec)
	if !ok || !calendar.ValidTimestamp(ts) {
		return 0, errTimestampRange()
	}
	return ts, nil
}

// TimestampSub is a - b as days and time; it serves timestamptz too. Infinite arguments are refused.
func TimestampSub(a, b int64) (Interval, error) {
	if infiniteTS(a) || infiniteTS(b) {
		return Interval{}, pgerr.New(pgerr.DatetimeFieldOverflow, "cannot subtract infinite timestamps")
	}
	return JustifyHours(Interval{Usec: a - b}) // wraps at the far ends, as PostgreSQL 15 does
}

// DateSub is a - b in days.
func DateSub(a, b int64) (int64, error) {
	if infiniteDate(a) || infiniteDate(b) {
		return 0, pgerr.New(pgerr.DatetimeFieldOverflow, "cannot subtract infinite dates")
	}
	return a - b, nil
}

// DateAddDays is date + integer.
func DateAddDays(d, n int64) (int64, error) {
	if infiniteDate(d) {
		return d, nil
	}
	if d += n; !calendar.ValidDate(d) {
		return 0, outOfRange("date")
	}
	return d, nil
}

// DateToTimestamp is the date's midnight; a date beyond timestamp's range is 22008.
func DateToTimestamp(d int64) (int64, error) {
	switch {
	case d == DateInf:
		return TimestampInf, nil
	case d == DateNegInf:
		return TimestampNegInf, nil
	case d >= calendar.TimestampEnd/calendar.UsecPerDay:
		return 0, pgerr.New(pgerr.DatetimeFieldOverflow, "date out of range for timestamp")
	}
	return d * calendar.UsecPerDay, nil
}

// TimestampToDate is the date of a timestamp.
func TimestampToDate(ts int64) int64 {
	switch ts {
	case TimestampInf:
		return DateInf
	case TimestampNegInf:
		return DateNegInf
	}
	return int64(calendar.FloorDiv(int(ts), calendar.UsecPerDay))
}

// DateToTimestampTZ is the date's midnight on the zone's clock.
func DateToTimestampTZ(d int64, loc *time.Location) (int64, error) {
	ts, err := DateToTimestamp(d)
	if err != nil {
		return 0, err
	}
	if ts, err = LocalToTimestampTZ(ts, loc); err != nil {
		return 0, pgerr.New(pgerr.DatetimeFieldOverflow, "date out of range for timestamp")
	}
	return ts, nil
}

// TimestampTZToLocal is what the zone's clock shows: timestamptz AT TIME ZONE.
func TimestampTZToLocal(ts int64, loc *time.Location) (int64, error) {
	if infiniteTS(ts) {
		return ts, nil
	}
	local := ts + int64(timezone.OffsetAt(loc, ts))*calendar.UsecPerSec
	if !calendar.ValidTimestamp(local) {
		return 0, errTimestampRange()
	}
	return local, nil
}

// LocalToTimestampTZ is when the zone's clock shows that: timestamp AT TIME ZONE.
func LocalToTimestampTZ(local int64, loc *time.Location) (int64, error) {
	if infiniteTS(local) {
		return local, nil
	}
	ts := local - int64(timezone.OffsetOfLocal(loc, local))*calendar.UsecPerSec
	if !calendar.ValidTimestamp(ts) {
		return 0, errTimestampRange()
	}
	return ts, nil
}

// TimestampToTime is the time of day; ok is false for the infinities, whose time of day SQL calls NULL.
func TimestampToTime(ts int64) (usec int64, ok bool) {
	if infiniteTS(ts) {
		return 0, false
	}
	return ts - int64(calendar.FloorDiv(int(ts), calendar.UsecPerDay))*calendar.UsecPerDay, true
}

// TimestampTZToTimeTZ is the zone's clock and offset at that time.
func TimestampTZToTimeTZ(ts int64, loc *time.Location) (v TimeTZ, ok bool) {
	if infiniteTS(ts) {
		return TimeTZ{}, false
	}
	east := timezone.OffsetAt(loc, ts)
	us, _ := TimestampToTime(ts + int64(east)*calendar.UsecPerSec)
	return TimeTZ{us, int32(-east)}, true
}

// TimeToTimeTZ gives a time of day the offset that the session's zone has at that time today.
func TimeToTimeTZ(us int64, set *Settings) TimeTZ {
	now, _ := set.localNow()
	day := int64(calendar.FloorDiv(int(now), calendar.UsecPerDay)) * calendar.UsecPerDay
	return TimeTZ{us, int32(-timezone.OffsetOfLocal(set.Zone(), day+us))}
}

// TimeAddInterval is time + interval, around the clock; only the interval's time counts.
func TimeAddInterval(us int64, v Interval) int64 {
	us = (us + v.Usec%calendar.UsecPerDay) % calendar.UsecPerDay
	if us < 0 {
		us += calendar.UsecPerDay
	}
	return us
}

// TimeTZAddInterval does the same for a timetz.
func TimeTZAddInterval(t TimeTZ, v Interval) TimeTZ {
	t.Usec = TimeAddInterval(t.Usec, v)
	return t
}

// TimeTZAtOffset is the same moment on a clock that is west seconds behind UTC.
func TimeTZAtOffset(t TimeTZ, west int32) TimeTZ {
	us := (t.Usec + int64(t.West-west)*calendar.UsecPerSec) % calendar.UsecPerDay
	if us < 0 {
		us += calendar.UsecPerDay
	}
	return TimeTZ{us, west}
}

// AgeTZ is Age of two timestamptz on the zone's clock.
func AgeTZ(a, b int64, loc *time.Location) (Interval, error) {
	if beforeJulian(a) || beforeJulian(b) {
		return Interval{}, errTimestampRange()
	}
	return Age(a+int64(timezone.OffsetAt(loc, a))*calendar.UsecPerSec, b+int64(timezone.OffsetAt(loc, b))*calendar.UsecPerSec)
}

// beforeJulian reports a time before the first day that can be numbered, -infinity among them; infinity counts as the
// late but finite time that its bits are.
func beforeJulian(ts int64) bool {
	return calendar.FloorDiv(int(ts), calendar.UsecPerDay) < calendar.DateMin
}

// Age is the difference a - b in years, months, days and time, as people count it. Both are clock times.
func Age(a, b int64) (Interval, error) {
	if beforeJulian(a) || beforeJulian(b) {
		return Interval{}, errTimestampRange()
	}
	x, y := calendar.ClockOf(a), calendar.ClockOf(b)
	neg := a < b
	if neg {
		x, y = y, x
	}
	// From here x is not before y; days are borrowed from the month of the earlier date, which is b's or a's.
	borrow := y
	us := x.TimeOfDay() - y.TimeOfDay()
	day, mon, year := x.Day-y.Day, x.Mon-y.Mon, x.Year-y.Year
	if us < 0 {
		us += calendar.UsecPerDay
		day--
	}
	for day < 0 {
		day += calendar.DaysIn(borrow.Year, borrow.Mon)
		mon--
	}
	for mon < 0 {
		mon += 12
		year--
	}
	v := Interval{us, int32(day), int32(year*12 + mon)}
	if neg {
		v = Interval{-us, -v.Days, -v.Months}
	}
	return v, nil
}

// IntervalNeg is -v.
func IntervalNeg(v Interval) (Interval, error) {
	if v.Usec == math.MinInt64 || v.Days == math.MinInt32 || v.Months == math.MinInt32 {
		return v, outOfRange("interval")
	}
	return Interval{-v.Usec, -v.Days, -v.Months}, nil
}

// IntervalAdd is a + b, part by part.
func IntervalAdd(a, b Interval) (Interval, error) {
	us, ok := addInt64(a.Usec, b.Usec)
	days, months := int64(a.Days)+int64(b.Days), int64(a.Months)+int64(b.Months)
	if !ok || !fitsInt32(days) || !fitsInt32(months) {
		return Interval{}, outOfRange("interval")
	}
	return Interval{us, int32(days), int32(months)}, nil
}

// IntervalSub is a - b.
func IntervalSub(a, b Interval) (Interval, error) {
	us := a.Usec - b.Usec
	days, months := int64(a.Days)-int64(b.Days), int64(a.Months)-int64(b.Months)
	if (a.Usec^b.Usec)&(a.Usec^us) < 0 || !fitsInt32(days) || !fitsInt32(months) {
		return Interval{}, outOfRange("interval")
	}
	return Interval{us, int32(days), int32(months)}, nil
}

// roundMicro rounds seconds or days to six decimals, which removes what binary fractions left over.
func roundMicro(f float64) float64 { return math.RoundToEven(f*1e6) / 1e6 }

// IntervalMul is v * f. Fractions of months become days of 1/30 month and fractions of days become time.
func IntervalMul(v Interval, f float64) (Interval, error) {
	return scaleInterval(float64(v.Months)*f, float64(v.Days)*f, float64(v.Usec)*f)
}

// IntervalDiv is v / f; 22012 for 0.
func IntervalDiv(v Interval, f float64) (Interval, error) {
	if f == 0 {
		return Interval{}, pgerr.New(pgerr.DivisionByZero, "division by zero")
	}
	return scaleInterval(float64(v.Months)/f, float64(v.Days)/f, float64(v.Usec)/f)
}

func scaleInterval(months, days, usec float64) (Interval, error) {
	bad := func(f float64) bool { return f != f || f > math.MaxInt32 || f < math.MinInt32 }
	if bad(months) || bad(days) {
		return Interval{}, outOfRange("interval")
	}
	m, d := math.Trunc(months), math.Trunc(days)
	restDays := roundMicro((months - m) * 30)
	restSecs := roundMicro((days - d + restDays - math.Trunc(restDays)) * 86400)
	if math.Abs(restSecs) >= 86400 {
		over := math.Trunc(restSecs / 86400)
		d += over
		restSecs -= over * 86400
	}
	d += math.Trunc(restDays)
	us := math.RoundToEven(usec + restSecs*calendar.UsecPerSec)
	if us != us || us < math.MinInt64 || us >= math.MaxInt64 || bad(d) {
		return Interval{}, outOfRange("interval")
	}
	return Interval{int64(us), int32(d), int32(m)}, nil
}

// IntervalCmp compares with months of 30 days and days of 24 hours.
func IntervalCmp(a, b Interval) int {
	ah, al := a.Span()
	bh, bl := b.Span()
	switch {
	case ah < bh || ah == bh && al < bl:
		return -1
	case ah > bh || al > bl:
		return 1
	}
	return 0
}

// JustifyHours turns 24 hours into a day.
func JustifyHours(v Interval) (Interval, error) {
	days := v.Usec / calendar.UsecPerDay
	v.Usec -= days * calendar.UsecPerDay
	days += int64(v.Days)
	if !fitsInt32(days) {
		return v, outOfRange("interval")
	}
	v.Days = int32(days)
	v.alignTime()
	return v, nil
}

// JustifyDays turns 30 days into a month.
func JustifyDays(v Interval) (Interval, error) {
	months := int64(v.Days)/30 + int64(v.Months)
	v.Days %= 30
	if !fitsInt32(months) {
		return v, outOfRange("interval")
	}
	v.Months = int32(months)
	switch {
	case v.Months > 0 && v.Days < 0:
		v.Days += 30
		v.Months--
	case v.Months < 0 && v.Days > 0:
		v.Days -= 30
		v.Months++
	}
	return v, nil
}

// JustifyInterval does both and makes all parts have the same sign.
func JustifyInterval(v Interval) (Interval, error) {
	days := int64(v.Days) + v.Usec/calendar.UsecPerDay
	v.Usec %= calendar.UsecPerDay
	months := int64(v.Months) + days/30
	days %= 30
	if !fitsInt32(months) {
		return v, outOfRange("interval")
	}
	v.Days, v.Months = int32(days), int32(months)
	switch {
	case v.Months > 0 && (v.Days < 0 || v.Days == 0 && v.Usec < 0):
		v.Days += 30
		v.Months--
	case v.Months < 0 && (v.Days > 0 || v.Days == 0 && v.Usec > 0):
		v.Days -= 30
		v.Months++
	}
	v.alignTime()
	return v, nil
}

// alignTime gives the time the sign of the days.
func (v *Interval) alignTime() {
	switch {
	case v.Days > 0 && v.Usec < 0:
		v.Usec += calendar.UsecPerDay
		v.Days--
	case v.Days < 0 && v.Usec > 0:
		v.Usec -= calendar.UsecPerDay
		v.Days++
	}
}

// MakeDate checks and joins a date; a negative year is BC. Wrong fields are 22008.
func MakeDate(year, mon, day int) (int64, error) {
	y := year
	if y < 0 {
		y = 1 + y
	}
	if year == 0 || mon < 1 || mon > 12 || day < 1 || day > calendar.DaysIn(y, mon) {
		return 0, pgerr.New(pgerr.DatetimeFieldOverflow, "date field value out of range: %d-%02d-%02d", y, mon, day)
	}
	if calendar.ValidJulian(y, mon) {
		if d := int64(calendar.JulianDay(y, mon, day) - calendar.EpochJulian); calendar.ValidDate(d) {
			return d, nil
		}
	}
	return 0, pgerr.New(pgerr.DatetimeFieldOverflow, "date out of range: %d-%02d-%02d", y, mon, day)
}

// MakeTime checks and joins a time of day.
func MakeTime(hour, minute int, sec float64) (int64, error) {
	us := math.RoundToEven(sec * calendar.UsecPerSec)
	t := int64(hour)*calendar.UsecPerHour + int64(minute)*calendar.UsecPerMin
	if hour < 0 || hour > 24 || minute < 0 || minute > 59 || sec != sec || us < 0 || us > 60*calendar.UsecPerSec || t+int64(us) > calendar.UsecPerDay {
		return 0, pgerr.New(pgerr.DatetimeFieldOverflow, "time field value out of range: %d:%02d:%02s", hour, minute, formatSec(sec))
	}
	return t + int64(us), nil
}

// formatSec prints as C's %02g does.
func formatSec(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	s := strconv.FormatFloat(f, 'g', 6, 64)
	if len(s) < 2 {
		return "0" + s
	}
	return s
}

// DateBin moves ts down to the nearest origin + n * stride (SQL's date_bin).
func DateBin(stride Interval, ts, origin int64) (int64, error) {
	if infiniteTS(ts) {
		return ts, nil
	}
	if infiniteTS(origin) {
		return 0, pgerr.New(pgerr.DatetimeFieldOverflow, "origin out of range")
	}
	if stride.Months != 0 {
		return 0, pgerr.New(pgerr.FeatureNotSupported, "timestamps cannot be binned into intervals containing months or years")
	}
	step, ok := mulInt64(int64(stride.Days), calendar.UsecPerDay)
	if ok {
		step, ok = addInt64(step, stride.Usec)
	}
	if !ok {
		return 0, outOfRange("interval")
	}
	if step <= 0 {
		return 0, pgerr.New(pgerr.DatetimeFieldOverflow, "stride must be greater than zero")
	}
	diff, ok := addInt64(ts, -origin)
	if !ok {
		return 0, outOfRange("interval")
	}
	down := diff - diff%step
	if diff < 0 && diff%step != 0 {
		down -= step
	}
	if ts = origin + down; !calendar.ValidTimestamp(ts) {
		return 0, errTimestampRange()
	}
	return ts, nil
}

package datetime

import (
	"math"
	"time"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/sql/types/timezone"
)

func FiniteTS(ts int64) bool     { return ts != temporal.TimestampInf && ts != temporal.TimestampNegInf }
func finiteDate(days int64) bool { return days != temporal.DateInf && days != temporal.DateNegInf }

// zoneOffset is how far east of UTC, in seconds, a zone's clock is at a point in time.
func zoneOffset(loc *time.Location, ts int64) int {
	east, _, _ := timezone.At(loc, ts)
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
	ts, err := temporal.LocalToTimestampTZ(local, c.Env.Zone())
	switch {
	case err != nil && local > 0:
		return math.MaxInt64 - 1
	case err != nil:
		return math.MinInt64 + 1
	}
	return ts
}

// DateToTimestampClamped is midnight of a date; later than every timestamp counts as just below infinity.
func DateToTimestampClamped(days int64) int64 {
	switch {
	case days == temporal.DateInf:
		return temporal.TimestampInf
	case days == temporal.DateNegInf:
		return temporal.TimestampNegInf
	case days >= (calendar.TimestampEnd / calendar.UsecPerDay):
		return math.MaxInt64 - 1
	}
	return days * calendar.UsecPerDay
}

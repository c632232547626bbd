package temporal

import (
	"time"

	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/sql/types/timezone"
)

// DateStyle is the format half of the DateStyle setting.
type DateStyle uint8

const (
	DateISO DateStyle = iota
	DateSQL
	DatePostgres
	DateGerman
)

// DateOrder is the field order half of the DateStyle setting.
type DateOrder uint8

const (
	OrderMDY DateOrder = iota
	OrderDMY
	OrderYMD
)

// IntervalStyle is the setting of that name.
type IntervalStyle uint8

const (
	IntervalPostgres IntervalStyle = iota
	IntervalPostgresVerbose
	IntervalSQLStandard
	IntervalISO8601
)

// Settings are what dates and times depend on besides the value. A nil *Settings gives the defaults named at each field.
type Settings struct {
	DateStyle     DateStyle      // ISO
	DateOrder     DateOrder      // MDY
	IntervalStyle IntervalStyle  // postgres
	TimeZone      *time.Location // UTC
	// TxnTime is the transaction's start, for 'now', 'today' and time zones of times without a date.
	// Zero means that time.Now is asked.
	TxnTime time.Time
}

var noSettings Settings

func (set *Settings) orDefault() *Settings {
	if set == nil {
		return &noSettings
	}
	return set
}

// Zone is the session's time zone, never nil.
func (set *Settings) Zone() *time.Location {
	if set == nil || set.TimeZone == nil {
		return time.UTC
	}
	return set.TimeZone
}

// Now is the transaction's start.
func (set *Settings) Now() time.Time {
	if set == nil || set.TxnTime.IsZero() {
		return time.Now()
	}
	return set.TxnTime
}

// localNow is the transaction's start on the session's clock, and that clock's offset east of UTC.
func (set *Settings) localNow() (local int64, east int) {
	ts := calendar.TimestampOf(set.Now())
	east = timezone.OffsetAt(set.Zone(), ts)
	return ts + int64(east)*calendar.UsecPerSec, east
}

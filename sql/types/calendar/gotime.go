package calendar

import (
	"strconv"
	"time"
)

// TimestampOf turns a Go time into a timestamptz.
func TimestampOf(t time.Time) int64 { return t.UnixMicro() - UnixEpochSec*UsecPerSec }

// TimeOf turns a finite timestamptz into a Go time in UTC.
func TimeOf(ts int64) time.Time {
	s := UnixSecs(ts)
	return time.Unix(s, (ts-(s-UnixEpochSec)*UsecPerSec)*1000).UTC()
}

// AppendTwo appends at least two digits.
func AppendTwo(dst []byte, v int) []byte {
	if v < 100 {
		return append(dst, '0'+byte(v/10), '0'+byte(v%10))
	}
	return strconv.AppendInt(dst, int64(v), 10)
}

// UnixSecs is a timestamp's Unix time, in whole seconds, rounded down.
func UnixSecs(ts int64) int64 {
	s := ts / UsecPerSec
	if ts%UsecPerSec < 0 {
		s--
	}
	return s + UnixEpochSec
}

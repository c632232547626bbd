// Package datetime implements date, time, timestamp and interval arithmetic, extract and date_trunc (manual: 9.9). Times are
// µs since 2000-01-01, dates days.
package datetime

import (
	"github.com/tarndb/tarn/sql/builtin/call"
)

// Family is what this package implements.
func Family() call.Family {
	return call.Family{
		Fns:   call.Union(dateFieldFns(), datetimeFns(), intervalFns()),
		Sets:  timeSeriesSets(),
		ByOID: datetimeSQL(),
	}
}

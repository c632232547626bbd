// Package format implements to_char, to_number, to_date and to_timestamp (manual: 9.8). A template is parsed once per call
// site and kept in call.Call.Cache.
package format

import (
	"github.com/tarndb/tarn/sql/builtin/call"
)

// Family is what this package implements.
func Family() call.Family {
	return call.Family{
		Fns: call.Union(toCharFns(), fromCharFns()),
	}
}

// Package compare implements comparison operators and their kin: B-tree support functions, in_range, enum support.
package compare

import (
	"github.com/tarndb/tarn/sql/builtin/call"
)

// Family is what this package implements.
func Family() call.Family {
	return call.Family{
		Fns: call.Union(compareFns(), inRangeFns(), boolFns(), enumFns()),
	}
}

// Package array implements array functions and operators (manual: 9.19).
package array

import (
	"github.com/tarndb/tarn/sql/builtin/call"
)

// Family is what this package implements.
func Family() call.Family {
	return call.Family{
		Fns:  arrayFns(),
		Sets: arraySets(),
	}
}

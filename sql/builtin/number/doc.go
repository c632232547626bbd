// Package number implements integers, floating point, numeric and money: arithmetic, casts, mathematics, series (manual: 9.3).
package number

import (
	"github.com/tarndb/tarn/sql/builtin/call"
)

// Family is what this package implements.
func Family() call.Family {
	return call.Family{
		Fns:   call.Union(intFns(), floatFns(), numericFns(), mathFns(), moneyFns()),
		Sets:  seriesSets(),
		ByOID: mathSQL(),
	}
}

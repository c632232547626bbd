// Package aggregate implements aggregates (manual: 9.21) by name; a maker gets the pg_proc row, because variants differ.
package aggregate

import (
	"github.com/tarndb/tarn/sql/builtin/call"
)

// Family is what this package implements.
func Family() call.Family {
	return call.Family{
		Fns:  transitionFns(),
		Aggs: call.Union(basicAggs(), sumAggs(), statAggs(), collectAggs(), orderedAggs()),
	}
}

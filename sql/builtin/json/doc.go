// Package json implements json and jsonb (manual: 9.16). json keeps its text, jsonb its canonical binary form.
package json

import (
	"github.com/tarndb/tarn/sql/builtin/call"
)

// Family is what this package implements.
func Family() call.Family {
	return call.Family{
		Fns:  call.Union(jsonBuildFns(), jsonOpFns(), jsonRecordFns()),
		Sets: call.Union(jsonSets(), jsonRecordSets()),
		Aggs: jsonAggs(),
	}
}

// Package citext implements the extension citext: text that is compared in lower case. Values are held as texts (tuple.KindFolded);
// matching is that of text with the case ignored, which PostgreSQL's own functions do.
package citext

import (
	"github.com/tarndb/tarn/sql/builtin/aggregate"
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/hashing"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Family is what this package implements.
func Family() call.Family {
	hash := hashing.Family().Fns
	fns := call.Fns{
		"citext_cmp": compare, "citext_pattern_cmp": compare,
		"citext_hash": hash["citext_hash"], "citext_hash_extended": hash["citext_hash_extended"],
		"citext_larger":  choose(func(c int) bool { return c > 0 }),
		"citext_smaller": choose(func(c int) bool { return c < 0 }),
	}
	for name, holds := range map[string]func(int) bool{
		"eq": func(c int) bool { return c == 0 }, "ne": func(c int) bool { return c != 0 }, "lt": func(c int) bool { return c < 0 },
		"le": func(c int) bool { return c <= 0 }, "gt": func(c int) bool { return c > 0 }, "ge": func(c int) bool { return c >= 0 },
	} {
		f := func(_ *call.Call, a []types.Datum) (types.Datum, error) { return call.Bool(holds(order(a))) }
		fns["citext_"+name] = f
		if name != "eq" && name != "ne" { // which are the same for both orders
			fns["citext_pattern_"+name] = f
		}
	}
	return call.Family{Fns: fns, Aggs: call.AggByName{"min": aggregate.Extreme, "max": aggregate.Extreme}}
}

func order(a []types.Datum) int { return tuple.Compare(tuple.KindFolded, a[0], a[1]) }

func compare(_ *call.Call, a []types.Datum) (types.Datum, error) { return call.Int(int64(order(a))) }

// choose gives the first argument where its comparison with the second one says so, otherwise the second.
func choose(first func(int) bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		if first(order(a)) {
			return a[0], nil
		}
		return a[1], nil
	}
}

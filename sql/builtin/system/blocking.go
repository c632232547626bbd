package system

import (
	"slices"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// pidsFn is a function from a process to those that it waits for.
func pidsFn(list func(s call.Session, pid int32) []int32) call.Fn {
	return withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
		var vals []types.Datum
		for _, pid := range list(s, int32(a[0].Int())) {
			vals = append(vals, tuple.Int(int64(pid)))
		}
		return types.MakeArray(types.Lookup(types.Int4), vals), nil
	})
}

// isBlocked reports whether a session waits for one of others, or for a snapshot that is safe: what PostgreSQL's isolation
// tester asks.
func isBlocked(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	pid := int32(a[0].Int())
	if len(s.SnapshotBlockers(pid)) > 0 {
		return tuple.Bool(true), nil
	}
	others := tuple.Array(a[1].Bytes()).Elems(nil)
	for _, b := range s.BlockingPIDs(pid) {
		if slices.ContainsFunc(others, func(o types.Datum) bool { return !o.IsNull() && int32(o.Int()) == b }) {
			return tuple.Bool(true), nil
		}
	}
	return tuple.Bool(false), nil
}

package system

import (
	"sort"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Functions of pg_snapshot and txid_snapshot (manual: 9.27.9): which transactions a snapshot sees.

func snapshotFns() call.Fns {
	return call.Fns{
		"pg_snapshot_xmin": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return tuple.Uint(types.SnapshotOf(a[0]).Xmin), nil
		},
		"pg_snapshot_xmax": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return tuple.Uint(types.SnapshotOf(a[0]).Xmax), nil
		},
		"pg_visible_in_snapshot": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			s, x := types.SnapshotOf(a[1]), a[0].Uint()
			i := sort.Search(len(s.Running), func(i int) bool { return s.Running[i] >= x })
			running := i < len(s.Running) && s.Running[i] == x
			return call.Bool(x < s.Xmin || x < s.Xmax && !running)
		},
	}
}

func snapshotXIP(_ *call.Call, a []types.Datum) (call.Rows, error) {
	var out []types.Datum
	for _, x := range types.SnapshotOf(a[0]).Running {
		out = append(out, tuple.Uint(x))
	}
	return call.ListRows(out), nil
}

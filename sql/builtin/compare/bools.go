package compare

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

func boolFns() call.Fns {
	return call.Fns{
		"booland_statefunc": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return tuple.Bool(a[0].Bool() && a[1].Bool()), nil
		},
		"boolor_statefunc": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return tuple.Bool(a[0].Bool() || a[1].Bool()), nil
		},
		"booltext": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			if a[0].Bool() {
				return call.Text("true")
			}
			return call.Text("false")
		},
	}
}

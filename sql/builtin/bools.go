package builtin

import "github.com/tarndb/tarn/storage/tuple"

func boolFns() fns {
	return fns{
		"booland_statefunc": func(_ *Call, a []datum) (datum, error) { return tuple.Bool(a[0].Bool() && a[1].Bool()), nil },
		"boolor_statefunc":  func(_ *Call, a []datum) (datum, error) { return tuple.Bool(a[0].Bool() || a[1].Bool()), nil },
		"booltext": func(_ *Call, a []datum) (datum, error) {
			if a[0].Bool() {
				return text("true")
			}
			return text("false")
		},
	}
}

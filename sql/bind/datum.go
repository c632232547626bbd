package bind

import (
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

func intDatum(v int64) types.Datum   { return tuple.Int(v) }
func boolDatum(v bool) types.Datum   { return tuple.Bool(v) }
func textDatum(s string) types.Datum { return tuple.String(s) }
func uintDatum(v uint64) types.Datum { return tuple.Uint(v) }

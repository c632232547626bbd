package hstore

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/hstore"
)

// Family is what this package implements.
func Family() call.Family {
	return call.Family{Fns: call.Fns{
		"hstore_fetchval": fetch, "hstore_exists": exists, "hstore_defined": defined,
		"hstore_exists_any": existing(true), "hstore_exists_all": existing(false),
		"hstore_delete": deleteKey, "hstore_delete_array": deleteKeys, "hstore_delete_hstore": deletePairs,
		"hstore_concat": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return hstore.Concat(hstore.Of(a[0]), hstore.Of(a[1])), nil
		},
		"hstore_contains": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Bool(hstore.Contains(hstore.Of(a[0]), hstore.Of(a[1])))
		},
		"hstore_contained": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Bool(hstore.Contains(hstore.Of(a[1]), hstore.Of(a[0])))
		},
		"hstore_slice_to_array": sliceArray, "hstore_slice_to_hstore": slice,
		"hstore_from_text": fromText, "hstore_from_arrays": fromArrays, "hstore_from_array": fromArray, "hstore_from_record": fromRecord,
		"hstore_to_array": toArray, "hstore_to_matrix": toMatrix,
		"hstore_akeys": columnArray(keyOf), "hstore_avals": columnArray(hstore.View.Value),
		"hstore_to_json": toJSON(false), "hstore_to_json_loose": toJSON(true),
		"hstore_to_jsonb": toJSONB(false), "hstore_to_jsonb_loose": toJSONB(true),
		"hstore_populate_record": populateRecord,
		"hstore_version_diag":    func(*call.Call, []types.Datum) (types.Datum, error) { return call.Int(newFormat) },
		"hstore_eq":              comparison(func(c int) bool { return c == 0 }),
		"hstore_ne":              comparison(func(c int) bool { return c != 0 }),
		"hstore_lt":              comparison(func(c int) bool { return c < 0 }),
		"hstore_le":              comparison(func(c int) bool { return c <= 0 }),
		"hstore_gt":              comparison(func(c int) bool { return c > 0 }),
		"hstore_ge":              comparison(func(c int) bool { return c >= 0 }),
		"hstore_cmp":             compare, "hstore_hash": hash, "hstore_hash_extended": hashExtended,
	}, Sets: call.Sets{
		"hstore_skeys": columnRows(keyOf), "hstore_svals": columnRows(hstore.View.Value), "hstore_each": each,
	}}
}

// newFormat is what hstore_version_diag says of a value that PostgreSQL 9.0 or later has written.
const newFormat = 2

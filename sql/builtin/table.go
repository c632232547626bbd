package builtin

import (
	"github.com/tarndb/tarn/sql/builtin/aggregate"
	"github.com/tarndb/tarn/sql/builtin/array"
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/compare"
	"github.com/tarndb/tarn/sql/builtin/datetime"
	"github.com/tarndb/tarn/sql/builtin/extension/btreegin"
	"github.com/tarndb/tarn/sql/builtin/extension/btreegist"
	"github.com/tarndb/tarn/sql/builtin/extension/citext"
	"github.com/tarndb/tarn/sql/builtin/extension/fuzzystrmatch"
	"github.com/tarndb/tarn/sql/builtin/extension/hstore"
	"github.com/tarndb/tarn/sql/builtin/extension/intarray"
	"github.com/tarndb/tarn/sql/builtin/extension/ltree"
	"github.com/tarndb/tarn/sql/builtin/extension/pgcrypto"
	"github.com/tarndb/tarn/sql/builtin/extension/pgstatstatements"
	"github.com/tarndb/tarn/sql/builtin/extension/tablefunc"
	"github.com/tarndb/tarn/sql/builtin/extension/trgm"
	"github.com/tarndb/tarn/sql/builtin/extension/unaccent"
	"github.com/tarndb/tarn/sql/builtin/extension/uuidossp"
	"github.com/tarndb/tarn/sql/builtin/extension/vector"
	"github.com/tarndb/tarn/sql/builtin/format"
	"github.com/tarndb/tarn/sql/builtin/geometry"
	"github.com/tarndb/tarn/sql/builtin/hashing"
	"github.com/tarndb/tarn/sql/builtin/json"
	"github.com/tarndb/tarn/sql/builtin/jsonpath"
	"github.com/tarndb/tarn/sql/builtin/network"
	"github.com/tarndb/tarn/sql/builtin/number"
	"github.com/tarndb/tarn/sql/builtin/ranges"
	"github.com/tarndb/tarn/sql/builtin/system"
	"github.com/tarndb/tarn/sql/builtin/text"
	"github.com/tarndb/tarn/sql/builtin/textsearch"
	"github.com/tarndb/tarn/sql/builtin/window"
	"github.com/tarndb/tarn/sql/builtin/xmltype"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/types"
)

// families are all that Lookup finds, one per package.
func families() []call.Family {
	return []call.Family{
		aggregate.Family(), array.Family(), compare.Family(), datetime.Family(), format.Family(), json.Family(), jsonpath.Family(), number.Family(), ranges.Family(), system.Family(), text.Family(), geometry.Family(), hashing.Family(), network.Family(), textsearch.Family(), xmltype.Family(),
	}
}

// The tables that Lookup reads.
var (
	bySymbol, byOID, setBySymbol, setByOID, aggregates = unite(families())

	windows = window.Functions()
)

// extensions are the families of extensions, by the extension's name. Their functions are found by C symbol.
var extensions = map[string]call.Family{
	"btree_gin": btreegin.Family(), "btree_gist": btreegist.Family(), "citext": citext.Family(), "fuzzystrmatch": fuzzystrmatch.Family(),
	"hstore": hstore.Family(), "intarray": intarray.Family(), "ltree": ltree.Family(), "pg_stat_statements": pgstatstatements.Family(), "pg_trgm": trgm.Family(), "pgcrypto": pgcrypto.Family(),
	"tablefunc": tablefunc.Family(), "unaccent": unaccent.Family(), "uuid-ossp": uuidossp.Family(), "vector": vector.Family(),
}

func unite(all []call.Family) (fns call.Fns, byOID map[types.OID]call.Fn, sets call.Sets, setsByOID map[types.OID]call.SetFn, aggs map[types.OID]*call.Agg) {
	var f []call.Fns
	var s []call.Sets
	var fo []map[types.OID]call.Fn
	var so []map[types.OID]call.SetFn
	var a []call.AggByName
	for _, x := range all {
		f, s, fo, so, a = append(f, x.Fns), append(s, x.Sets), append(fo, x.ByOID), append(so, x.SetsByOID), append(a, x.Aggs)
	}
	return call.Union(f...), call.Union(fo...), call.Union(s...), call.Union(so...), aggregateTable(call.Union(a...))
}

// aggregateTable binds the makers of aggregates to pg_proc rows.
func aggregateTable(makers call.AggByName) map[types.OID]*call.Agg {
	out := map[types.OID]*call.Agg{}
	procs := pgdata.Procs()
	for i := range procs {
		p := &procs[i]
		if p.Kind != 'a' {
			continue
		}
		own := makers
		if x := pgdata.ExtensionOf(p.OID); x != nil {
			own = extensions[x.Name].Aggs
		}
		if f := own[p.Name]; f != nil {
			if a := f(p); a != nil {
				out[p.OID] = a
			}
		}
	}
	return out
}

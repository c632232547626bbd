package system

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/collation"
	"github.com/tarndb/tarn/storage/tuple"
)

// firstInPath reports whether an object is the first that its name finds in the schemas of search_path.
func firstInPath(s call.Session, oid types.OID, named func(schema types.OID) *catalog.Header) types.Datum {
	for _, schema := range s.SearchPath(true) {
		if h := named(schema); h != nil {
			return tuple.Bool(h.OID == oid)
		}
	}
	return tuple.Bool(false)
}

func collationVisible(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	c := s.Catalog().Collation(types.OID(a[0].Uint()))
	if c == nil {
		return types.Null, nil
	}
	return firstInPath(s, c.OID, func(schema types.OID) *catalog.Header {
		if o := s.Catalog().CollationNamed(schema, c.Name); o != nil {
			return &o.Header
		}
		return nil
	}), nil
}

// collationFor is COLLATION FOR (…): the name of the argument's collation.
func collationFor(c *call.Call, _ []types.Datum) (types.Datum, error) {
	if t := c.Env.Type(c.ArgTypes[0]); c.ArgTypes[0] != types.Unknown && (t == nil || !t.Collatable()) {
		return types.Null, pgerr.New(pgerr.DatatypeMismatch, "collations are not supported by type %s", types.TypeName(c.ArgTypes[0], c.Env))
	}
	if c.Coll == 0 {
		return types.Null, nil
	}
	if c.Env != nil && c.Env.Resolver != nil {
		if name, ok := c.Env.Resolver.RegName(types.RegKindCollation, c.Coll); ok {
			return call.Text(name)
		}
	}
	return types.Null, nil
}

// collationVersion is the version that a collation would have if it were made today.
func collationVersion(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	c := s.Catalog().Collation(types.OID(a[0].Uint()))
	if c == nil {
		return types.Null, nil
	}
	if v := collation.Version(c.Provider); v != "" {
		return call.Text(v)
	}
	return types.Null, nil
}

func searchConfigVisible(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	c := s.Catalog().TSConfig(types.OID(a[0].Uint()))
	if c == nil {
		return types.Null, nil
	}
	return firstInPath(s, c.OID, func(schema types.OID) *catalog.Header {
		if o := s.Catalog().TSConfigNamed(schema, c.Name); o != nil {
			return &o.Header
		}
		return nil
	}), nil
}

func searchDictionaryVisible(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	d := s.Catalog().TSDictionary(types.OID(a[0].Uint()))
	if d == nil {
		return types.Null, nil
	}
	return firstInPath(s, d.OID, func(schema types.OID) *catalog.Header {
		if o := s.Catalog().TSDictionaryNamed(schema, d.Name); o != nil {
			return &o.Header
		}
		return nil
	}), nil
}

package columnar

import (
	"sync"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/types"
)

// opKind is how a whitelisted function is written.
type opKind uint8

const (
	opNone    opKind = iota
	opCompare        // infix; numeric operands need a common decimal type
	opArith          // + - * of decimals, which are exact
	opCast           // to an integer or numeric type that holds every value
	opFoldable
)

type fn struct {
	kind opKind
	sym  string
}

// aggFn is a whitelisted aggregate: name of DuckDB's function.
type aggFn uint8

const (
	aggNone aggFn = iota
	aggCountStar
	aggCount
	aggSum
	aggMin
	aggMax
	aggAvg
	aggBoolAnd
	aggBoolOr
)

// whitelist is by pg_proc OID. Comparisons across int2, int4 and int8, and across float4 and float8, widen in both
// systems. NaN is equal to itself and the largest in both. Text is ordered by bytes (collation C) in both.
var whitelist = sync.OnceValue(func() (m struct {
	fns  map[types.OID]fn
	aggs map[types.OID]aggFn
}) {
	m.fns, m.aggs = map[types.OID]fn{}, map[types.OID]aggFn{}
	byName := map[string]fn{}
	cmp := []struct{ name, sym string }{{"eq", "="}, {"ne", "<>"}, {"lt", "<"}, {"le", "<="}, {"gt", ">"}, {"ge", ">="}}
	for _, c := range cmp {
		for _, t := range []string{"int2", "int4", "int8", "int24", "int28", "int42", "int48", "int82", "int84", "bool",
			"float4", "float8", "float48", "float84", "date_", "timestamp_", "timestamptz_", "numeric_"} {
			byName[t+c.name] = fn{opCompare, c.sym}
		}
	}
	byName["texteq"], byName["textne"] = fn{opCompare, "="}, fn{opCompare, "<>"}
	for _, c := range cmp[2:] {
		byName["text_"+c.name] = fn{opCompare, c.sym}
	}
	// Arithmetic of integers is not here: its overflow is an error, which DuckDB loses where it moves constants (x + 1 > 5
	// becomes x > 4, sum(x + 1) becomes sum(x) + count(x)).
	byName["numeric_add"], byName["numeric_sub"], byName["numeric_mul"] = fn{opArith, "+"}, fn{opArith, "-"}, fn{opArith, "*"}
	widen := map[[2]types.OID]bool{
		{types.Int2, types.Int4}: true, {types.Int2, types.Int8}: true, {types.Int4, types.Int8}: true,
		{types.Int2, types.Numeric}: true, {types.Int4, types.Numeric}: true, {types.Int8, types.Numeric}: true,
		{types.Float4, types.Float8}: true,
	}
	procs := pgdata.Procs()
	for i := range procs {
		p := &procs[i]
		if p.Kind == 'a' {
			if a := aggregate(p); a != aggNone {
				m.aggs[p.OID] = a
			}
			continue
		}
		if p.Namespace != 11 || p.Kind != 'f' || p.RetSet {
			continue
		}
		if f, ok := byName[p.Name]; ok && p.NArgs == 2 {
			m.fns[p.OID] = f
			continue
		}
		if p.NArgs == 1 && widen[[2]types.OID{p.ArgTypes[0], p.RetType}] && castName(p) {
			m.fns[p.OID] = fn{kind: opCast}
			continue
		}
		if p.Volatile == 'i' && p.Strict {
			m.fns[p.OID] = fn{kind: opFoldable}
		}
	}
	return m
})

// castName tells casts from other functions with one argument: they are named after their result.
func castName(p *pgdata.Proc) bool {
	t := types.Lookup(p.RetType)
	return t != nil && t.Name == p.Name
}

func aggregate(p *pgdata.Proc) aggFn {
	if p.Namespace != 11 {
		return aggNone
	}
	if p.Name == "count" {
		if p.NArgs == 0 {
			return aggCountStar
		}
		return aggCount
	}
	if p.NArgs != 1 {
		return aggNone
	}
	t := p.ArgTypes[0]
	switch p.Name {
	case "sum", "avg":
		switch t {
		case types.Int2, types.Int4, types.Int8, types.Numeric:
			if p.Name == "sum" {
				return aggSum
			}
			return aggAvg
		}
	case "min", "max":
		switch t {
		case types.Int2, types.Int4, types.Int8, types.Numeric, types.Date, types.Timestamp, types.TimestampTZ, types.Text:
			if p.Name == "min" {
				return aggMin
			}
			return aggMax
		}
	case "bool_and", "every":
		return aggBoolAnd
	case "bool_or":
		return aggBoolOr
	}
	return aggNone
}

package columnar

import (
	"strconv"
	"strings"
	"sync"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// fn is a whitelisted function: how it is written over arguments that are. sym is the symbol of a comparison.
type fn struct {
	sym  string
	emit func(c *compiler, x *plan.FuncCall, args []value) (value, bool)
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
	fns    map[types.OID]fn
	aggs   map[types.OID]aggFn
	wins   map[types.OID]windowFn
	steady map[types.OID]bool // immutable and stable functions: one value during a statement
}) {
	m.fns, m.aggs, m.wins, m.steady = map[types.OID]fn{}, map[types.OID]aggFn{}, map[types.OID]windowFn{}, map[types.OID]bool{}
	bySrc, windows := symbols(), windowFunctions()
	procs := pgdata.Procs()
	for i := range procs {
		p := &procs[i]
		if p.Kind == 'a' {
			if a := aggregate(p); a != aggNone {
				m.aggs[p.OID] = a
			}
			continue
		}
		if f := windows[p.Src]; p.Namespace == 11 && p.Kind == 'w' && f != nil {
			m.wins[p.OID] = f
			continue
		}
		if p.Namespace != 11 || p.Kind != 'f' || p.RetSet {
			continue
		}
		if f, ok := bySrc[p.Src]; ok && p.Lang == languageInternal {
			m.fns[p.OID] = f
		}
		m.steady[p.OID] = p.Volatile != 'v'
	}
	return m
})

const languageInternal = 12

// symbols are the functions by their C symbols in PostgreSQL, as pg_proc.prosrc has them.
func symbols() map[string]fn {
	m := map[string]fn{}
	cmp := []struct{ name, sym string }{{"eq", "="}, {"ne", "<>"}, {"lt", "<"}, {"le", "<="}, {"gt", ">"}, {"ge", ">="}}
	for _, c := range cmp {
		f := fn{c.sym, comparison(c.sym)}
		m["numeric_div"] = fn{emit: func(c *compiler, _ *plan.FuncCall, a []value) (value, bool) { return c.divide(a[0], a[1]) }}
		for _, t := range []string{"int2", "int4", "int8", "int24", "int28", "int42", "int48", "int82", "int84", "bool",
			"float4", "float8", "float48", "float84", "date_", "timestamp_", "numeric_", "bpchar"} {
			m[t+c.name] = f
		}
		m["date_"+c.name+"_timestamp"], m["timestamp_"+c.name+"_date"] = f, f
	}
	// A timestamptz is compared as a timestamp: the functions are the same.
	m["texteq"], m["textne"] = fn{"=", comparison("=")}, fn{"<>", comparison("<>")}
	for _, c := range cmp[2:] {
		m["text_"+c.name] = fn{c.sym, comparison(c.sym)}
	}
	for _, o := range []struct{ name, sym string }{{"add", "+"}, {"sub", "-"}, {"mul", "*"}} {
		m["numeric_"+o.name] = fn{emit: func(c *compiler, _ *plan.FuncCall, a []value) (value, bool) { return c.arithmetic(o.sym, a[0], a[1]) }}
	}
	for _, t := range []string{"int2", "int4", "int8", "int24", "int28", "int42", "int48", "int82", "int84"} {
		for _, o := range []struct{ name, sym string }{{"pl", "+"}, {"mi", "-"}, {"mul", "*"}} {
			m[t+o.name] = fn{emit: func(c *compiler, x *plan.FuncCall, a []value) (value, bool) {
				return c.integer(o.sym, a[0], a[1], x.T.OID), true
			}}
		}
		m[t+"div"] = fn{emit: quotient("//")}
		m[t+"mod"] = fn{emit: quotient("%")}
	}
	cast := fn{emit: func(c *compiler, x *plan.FuncCall, a []value) (value, bool) { return c.widen(a[0], x.T.OID) }}
	for _, name := range []string{"i2toi4", "int28", "int48", "int2_numeric", "int4_numeric", "int8_numeric", "ftod"} {
		m[name] = cast
	}
	// Narrowing fails where the value does not fit.
	for _, name := range []string{"int84", "int82", "i4toi2"} {
		m[name] = fn{emit: func(c *compiler, x *plan.FuncCall, a []value) (value, bool) {
			return narrowed(a[0].sql, x.T.OID), true
		}}
	}
	m["rtrim1"] = fn{emit: func(c *compiler, x *plan.FuncCall, a []value) (value, bool) {
		if a[0].typ != types.BPChar {
			return c.no("function " + x.Name)
		}
		v := trimmed(a[0])
		v.typ = types.Text
		return v, true
	}}
	m["date_timestamp"] = fn{emit: direct("CAST(", " AS TIMESTAMP)")}
	m["timestamp_date"] = fn{emit: direct("CAST(", " AS DATE)")}
	m["textlike"], m["bpcharlike"] = fn{emit: like("LIKE")}, fn{emit: like("LIKE")}
	m["textnlike"], m["bpcharnlike"] = fn{emit: like("NOT LIKE")}, fn{emit: like("NOT LIKE")}
	m["textlen"] = fn{emit: direct("CAST(length(", ") AS INTEGER)")}
	m["textoctetlen"] = fn{emit: direct("CAST(strlen(", ") AS INTEGER)")}
	m["textcat"] = fn{emit: func(_ *compiler, x *plan.FuncCall, a []value) (value, bool) {
		return value{sql: "(" + a[0].sql + " || " + a[1].sql + ")", typ: x.T.OID}, true
	}}
	m["textregexeq"], m["textregexne"] = fn{emit: matches("")}, fn{emit: matches("NOT ")}
	m["textregexreplace_noopt"] = fn{emit: replaced}
	m["text_substr"] = fn{emit: substring}
	m["extract_date"], m["extract_timestamp"] = fn{emit: extract}, fn{emit: extract}
	m["timestamp_trunc"] = fn{emit: trunc}
	m["date_mi"] = fn{emit: func(_ *compiler, x *plan.FuncCall, a []value) (value, bool) {
		return typed("CAST(("+a[0].sql+" - "+a[1].sql+") AS INTEGER)", x.T.OID), true
	}}
	return m
}

func comparison(sym string) func(*compiler, *plan.FuncCall, []value) (value, bool) {
	return func(c *compiler, _ *plan.FuncCall, a []value) (value, bool) {
		l, r, ok := c.compared(sym, a[0], a[1])
		return value{sql: "(" + l.sql + " " + sym + " " + r.sql + ")", typ: types.Bool}, ok
	}
}

// direct writes a function of one argument.
func direct(before, after string) func(*compiler, *plan.FuncCall, []value) (value, bool) {
	return func(_ *compiler, x *plan.FuncCall, a []value) (value, bool) {
		return typed(before+a[0].sql+after, x.T.OID), true
	}
}

// quotient divides integers; both systems round towards zero. DuckDB has NULL for a division by 0, and -1 may overflow.
func quotient(sym string) func(*compiler, *plan.FuncCall, []value) (value, bool) {
	return func(c *compiler, x *plan.FuncCall, a []value) (value, bool) {
		name := duckType(x.T.OID)
		s := "(CAST(" + a[0].sql + " AS " + name + ") " + sym + " CAST(" + a[1].sql + " AS " + name + "))"
		if a[1].lo > 0 || a[1].hi < -1 {
			return typed(s, x.T.OID), true
		}
		return typed("CASE WHEN "+a[1].sql+" IN (0, -1) THEN error('division by 0 or -1') ELSE "+s+" END", x.T.OID), true
	}
}

// text is the value of a constant.
func (v value) text() (string, bool) {
	if v.lit == nil || v.lit.param > 0 || v.lit.val.IsNull() {
		return "", false
	}
	return v.lit.val.Str(), true
}

// like: DuckDB has no escape character unless it is named.
func like(word string) func(*compiler, *plan.FuncCall, []value) (value, bool) {
	return func(c *compiler, _ *plan.FuncCall, a []value) (value, bool) {
		if a[1].typ == types.BPChar {
			return c.no("LIKE with a pattern of type character")
		}
		escape := ` ESCAPE '\'`
		if p, ok := a[1].text(); ok && !strings.Contains(p, `\`) {
			escape = ""
		} else if ok && strings.HasSuffix(p, `\`) {
			return c.no("this pattern")
		}
		return value{sql: "(" + a[0].sql + " " + word + " " + a[1].sql + escape + ")", typ: types.Bool}, true
	}
}

// substring from a place in the string on: DuckDB counts places before it from the end.
func substring(c *compiler, x *plan.FuncCall, a []value) (value, bool) {
	if a[1].lo != a[1].hi || a[1].lo < 1 || a[2].lo != a[2].hi || a[2].lo < 0 {
		return c.no("substring from or for something else than a positive constant")
	}
	return value{sql: "substring(" + a[0].sql + ", " + strconv.FormatInt(a[1].lo, 10) + ", " + strconv.FormatInt(a[2].lo, 10) + ")", typ: types.Text}, true
}

// extract gives whole fields as numeric. DuckDB has a year 0.
func extract(c *compiler, x *plan.FuncCall, a []value) (value, bool) {
	field, _ := a[0].text()
	switch field = strings.ToLower(field); field {
	case "day", "month", "dow", "doy", "isodow", "week", "quarter":
	case "hour", "minute":
		if a[1].typ == types.Date {
			return c.no("extract of " + field)
		}
	case "year":
		y := "year(" + a[1].sql + ")"
		return value{sql: "CAST(CASE WHEN " + y + " <= 0 THEN error('a year before 1') ELSE " + y + " END AS DECIMAL(9,0))", typ: types.Numeric, p: 9}, true
	default:
		return c.no("extract of this field")
	}
	return value{sql: "CAST(extract(" + field + " FROM " + a[1].sql + ") AS DECIMAL(4,0))", typ: types.Numeric, p: 4}, true
}

func trunc(c *compiler, x *plan.FuncCall, a []value) (value, bool) {
	field, _ := a[0].text()
	switch field = strings.ToLower(field); field {
	case "microseconds", "milliseconds", "second", "minute", "hour", "day", "week", "month", "quarter", "year":
		// Bare, its comparison with a constant that is no such beginning would be constant to DuckDB, for NULL too.
		return value{sql: "CASE WHEN " + a[1].sql + " IS NOT NULL THEN CAST(date_trunc(" + a[0].sql + ", " + a[1].sql + ") AS TIMESTAMP) END", typ: types.Timestamp}, true
	}
	return c.no("date_trunc to this field")
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

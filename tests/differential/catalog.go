package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// typ is a type that expressions are made of.
type typ struct {
	name   string
	consts []string // literals, edge values among them; "" stands for a cast-free one
}

// types are those that columns of schema.sql have, with what PostgreSQL's functions of them give and take.
var types = []typ{
	{"boolean", []string{"true", "false"}},
	{"smallint", []string{"0", "1", "-7", "32767", "-32768"}},
	{"integer", []string{"0", "1", "-1", "3", "42", "100", "2147483647", "-2147483648"}},
	{"bigint", []string{"0", "1", "-5", "1000000", "9223372036854775807", "-9223372036854775808"}},
	{"numeric", []string{"0", "1", "-1.5", "0.001", "12345.6789", "99999999999999999999.99", "1e-30", "NaN", "Infinity", "-Infinity"}},
	{"double precision", []string{"0", "-0", "1", "0.5", "-1.75", "1e10", "1e308", "1e-308", "NaN", "Infinity", "-Infinity"}},
	{"real", []string{"0", "1.5", "-2.25", "3e38", "NaN"}},
	{"text", []string{"", " ", "a", "abc", "A%b_", "ÄÖü€", "k7", "12", "-1.5", "2001-02-03", "[1,2]", "\\x41", "{1,2}", "true"}},
	{"character varying", []string{"", "ab", "Zz "}},
	{"character(5)", []string{"", "ab", "abcde"}},
	{"date", []string{"2000-01-01", "1999-12-31", "2024-02-29", "0001-01-01 BC", "infinity", "-infinity", "5874897-12-31"}},
	{"timestamp without time zone", []string{"2000-01-01 00:00", "2024-02-29 12:34:56.789", "1970-01-01", "infinity", "-infinity", "4713-01-01 BC"}},
	{"timestamp with time zone", []string{"2000-01-01 00:00+00", "2024-03-31 01:30:00+00", "infinity", "2021-11-07 05:59:59.999999+00"}},
	{"time without time zone", []string{"00:00", "12:34:56.5", "23:59:59.999999", "24:00"}},
	{"interval", []string{"0", "1 day", "-1 mon 3 days", "1 year 2 mons 3 days 04:05:06.789", "-00:00:01", "100 years"}},
	{"bytea", []string{"", "\\x00ff", "\\x616263"}},
	{"uuid", []string{"00000000-0000-0000-0000-000000000000", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}},
	{"integer[]", []string{"{}", "{1,2,3}", "{NULL,4}", "{{1,2},{3,4}}", "[0:1]={5,6}"}},
	{"text[]", []string{"{}", "{a,b}", "{NULL,\"\"}", "{{a},{b}}"}},
	{"jsonb", []string{"null", "1", "\"a\"", "[]", "{}", "[1,2,{\"a\":null}]", "{\"a\":1,\"b\":[true,\"x\"]}", "1.50"}},
	{"jsonpath", []string{"$", "$.a", "$[*]", "strict $.b[0]", "$.** ? (@ > 1)"}},
	{"int4range", []string{"empty", "[1,5)", "(,3]", "[2,)", "[7,7]"}},
	{"bit varying", []string{"", "0", "101", "11110000"}},
	{"inet", []string{"10.0.0.1", "192.168.1.0/24", "::1", "fe80::/10"}},
	{"money", []string{"0", "1.50", "-20"}},
}

// routine is a function, operator or cast that makes an expression.
type routine struct {
	name string
	args []string
	ret  string
	form form
}

type form uint8

const (
	function form = iota
	binary
	prefix
	cast
	aggregate
)

func (r *routine) sql(args []string) string {
	switch r.form {
	case binary:
		return "(" + args[0] + " " + r.name + " " + args[1] + ")"
	case prefix:
		return "(" + r.name + " " + args[0] + ")"
	case cast:
		return "(" + args[0] + ")::" + r.ret
	}
	return r.name + "(" + strings.Join(args, ", ") + ")"
}

// catalog is what expressions are made of, by result type.
type catalog struct {
	byRet map[string][]*routine
	aggs  []*routine
	all   map[string]bool
}

// loadCatalog asks PostgreSQL for what is immutable (casts: or stable) and takes and gives the types above.
func loadCatalog(ctx context.Context, c *pgx.Conn, exclude map[string]string) (*catalog, error) {
	cat := &catalog{byRet: map[string][]*routine{}, all: map[string]bool{}}
	for _, t := range types {
		cat.all[t.name] = true
	}
	cat.all["character"] = true
	rows, err := c.Query(ctx, `
		select proname, array(select format_type(a, null) from unnest(proargtypes) with ordinality u (a, o) order by o), format_type(prorettype, null),
		  case prokind when 'a' then 4 else 0 end
		from pg_proc where pronamespace = 11 and prokind in ('f', 'a') and provolatile = 'i' and not proretset and provariadic = 0 and pronargs between 1 and 4
		  and not exists (select from pg_aggregate a where a.aggfnoid = pg_proc.oid and aggkind <> 'n')
		  and proname not like '%send' and proname not like '%\_sortsupport' and proname not like '%typmod%' and proname not like 'in\_range%' and proname not in ('repeat', 'lpad', 'rpad')
		  and not exists (select from pg_cast where castfunc = pg_proc.oid and castsource = casttarget)
		union all
		select oprname, case when oprleft = 0 then array[format_type(oprright, null)] else array[format_type(oprleft, null), format_type(oprright, null)] end,
		  format_type(oprresult, null), case when oprleft = 0 then 2 else 1 end
		from pg_operator o join pg_proc p on p.oid = oprcode where oprnamespace = 11 and provolatile = 'i'
		union all
		select '::', array[format_type(castsource, null)], format_type(casttarget, null), 3 from pg_cast where castsource <> casttarget
		order by 4, 1, 2, 3`)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		r := &routine{}
		var f int
		if err := rows.Scan(&r.name, &r.args, &r.ret, &f); err != nil {
			return nil, err
		}
		r.form = form(f)
		if exclude[r.name] != "" || exclude[fmt.Sprintf("%s(%s)", r.name, strings.Join(r.args, ","))] != "" {
			continue
		}
		ok := cat.known(&r.ret)
		for i := range r.args {
			ok = ok && cat.known(&r.args[i])
		}
		switch {
		case !ok:
		case r.form == aggregate:
			cat.aggs = append(cat.aggs, r)
		default:
			cat.byRet[r.ret] = append(cat.byRet[r.ret], r)
		}
	}
	return cat, rows.Err()
}

// known maps pseudo-types to one of the types that they stand for.
func (c *catalog) known(t *string) bool {
	switch *t {
	case "anyelement", "anynonarray", "anycompatible", "anycompatiblenonarray":
		*t = "integer"
	case "anyarray", "anycompatiblearray":
		*t = "integer[]"
	case "anyrange", "anycompatiblerange":
		*t = "int4range"
	case "character":
		*t = "character(5)"
	}
	return c.all[*t]
}

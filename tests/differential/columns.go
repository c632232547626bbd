package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// columnar makes queries of what Tarn may run over columns: the types, functions and shapes of the whitelist, on values at the edges of
// their types.
type columnar struct {
	rnd    *rand.Rand
	scope  []column
	subs   int
	params [][]byte // of the query that is made
}

// temporary is a table that has no columns in files: its rows are given to what runs over columns.
const temporary = "create temporary table h as select * from g"

// runColumns compares PostgreSQL, Tarn over rows and Tarn over columns until the time is over.
func runColumns(tarn, postgres, dir string, limit time.Duration, seed uint64, most int) error {
	ctx := context.Background()
	schema, err := os.ReadFile(filepath.Join(dir, "columns.sql"))
	if err != nil {
		return err
	}
	c := &check{seen: map[string]bool{}, refused: map[string]int{}}
	if c.pg, err = prepare(ctx, postgres, string(schema)); err != nil {
		return err
	}
	defer c.pg.Close(ctx)
	if c.tarn, err = prepare(ctx, tarn, "set statement_timeout = 0; "+string(schema)+"select tarn.mirror_sync(); set tarn.columnar = off; set statement_timeout = 1000"); err != nil {
		return err
	}
	defer c.tarn.Close(ctx)
	connect := func(columnar string) (*pgx.Conn, error) {
		conn, err := dial(ctx, tarn, "differential")
		if err == nil {
			_, err = conn.PgConn().Exec(ctx, "set tarn.columnar = "+columnar+"; "+temporary).ReadAll()
		}
		return conn, err
	}
	c.dialTarn = func() (*pgx.Conn, error) { return connect("off") }
	cols, err := connect("on")
	if err != nil {
		return err
	}
	defer cols.Close(ctx)
	for _, conn := range []*pgx.Conn{c.tarn, c.pg} {
		if _, err := conn.Exec(ctx, temporary); err != nil {
			return err
		}
	}
	// Some rows are deleted in files, some are in the tail; l is a lake table with deleted rows.
	for _, conn := range []*pgx.Conn{c.tarn, c.pg} {
		lake := "create table l as select * from f"
		if conn == c.tarn {
			lake = "create table l using delta as select * from f"
		}
		for _, sql := range []string{lake, "update f set i4 = i4 where id % 9 = 4", "delete from f where id % 50 = 7", "update l set t = t where id % 11 = 5", "delete from l where id % 40 = 3",
			"insert into l select * from f where id % 100 = 1"} {
			if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
				return err
			}
		}
	}

	g := &columnar{rnd: rand.New(rand.NewPCG(seed, 1))}
	start := time.Now()
	for c.found < most && time.Since(start) < limit {
		sql := g.query()
		c.queries++
		c.params = g.params
		rows, pg, ok := c.both(ctx, sql)
		if !ok {
			continue
		}
		over := c.ask
		if len(g.params) == 0 && g.pick(6) == 0 {
			over = c.fetch
		}
		columns := over(ctx, cols, sql)
		for i, v := range g.params {
			sql += fmt.Sprintf("\n-- $%d: %s", i+1, v)
		}
		switch {
		case dataError(rows.code) || dataError(pg.code) || dataError(columns.code) || columns.code == "57014" || rows.code == "57014":
			c.undecided++
		case !same(rows, pg, false):
			c.report(fmt.Sprintf("PostgreSQL: %s\n-- rows:       %s", short(pg, rows), short(rows, pg)), sql)
		case !same(columns, rows, true):
			c.report(fmt.Sprintf("rows:    %s\n-- columns: %s", short(rows, columns), short(columns, rows)), sql)
		}
	}
	c.params = nil
	stats := c.ask(ctx, cols, "select ran, unavailable, failed, ran >= 0.6 * "+fmt.Sprint(c.queries)+" from tarn.columnar_stats")
	if len(stats.rows) != 1 {
		return fmt.Errorf("tarn.columnar_stats: %s", stats)
	}
	r := stats.rows[0]
	fmt.Printf("differential over columns: seed %d, %d queries in %s, %d undecided, %d refused; fragments: %s ran, %s not available, %s failed; %d differences\n", seed, c.queries,
		time.Since(start).Round(time.Second), c.undecided, c.refusals, r[0][1:], r[1][1:], r[2][1:], c.found)
	switch {
	case c.found > 0:
		return fmt.Errorf("%d differences", c.found)
	case r[3] != "=t":
		return fmt.Errorf("too few queries ran over columns")
	}
	return nil
}

// fetch is ask by way of a cursor.
func (c *check) fetch(ctx context.Context, conn *pgx.Conn, sql string) answer {
	extended := c.extended
	c.extended = false
	a := c.ask(ctx, conn, "begin; declare x cursor for "+sql+"; fetch 3 from x; fetch all from x; commit")
	c.extended = extended
	if len(a.rows) > 0 {
		a.oids = a.oids[:len(a.rows[0])]
	}
	if a.code != "" {
		c.ask(ctx, conn, "rollback")
	}
	return a
}

func (g *columnar) pick(n int) int            { return g.rnd.IntN(n) }
func (g *columnar) one(list ...string) string { return list[g.pick(len(list))] }

var columnarTypes = []string{"smallint", "integer", "bigint", "numeric", "boolean", "date", "timestamp", "timestamptz", "text", "varchar", "char"}

func columnsOfF(a string) []column {
	return columnList(a, "id:integer i2:smallint i4:integer i8:bigint n2:numeric n6:numeric b:boolean da:date ts:timestamp tz:timestamptz t:text v:varchar c:char u:text")
}

func columnsOfG(a string) []column {
	return columnList(a, "k:integer i4:integer n3:numeric t:text da:date")
}

var columnarConsts = map[string][]string{
	"smallint": {"0::int2", "-1::int2", "7::int2"}, "integer": {"0", "1", "-3", "100", "2147483647"}, "bigint": {"0::int8", "5::int8", "-9223372036854775808", "4294967296"},
	"numeric": {"0.00", "1.5", "-2.25", "100.000001", "99999999.99"}, "boolean": {"true", "false"},
	"date":        {"date '2000-01-01'", "date '1999-12-31'", "date '2024-02-29'", "date '0001-01-01'"},
	"timestamp":   {"timestamp '2000-01-01'", "timestamp '2024-02-29 12:34:56.789'", "timestamp '1969-12-31 23:59:59.999999'"},
	"timestamptz": {"timestamptz '2000-01-01 00:00+00'", "timestamptz '2024-03-31 01:30:00+00'"},
	"text":        {"''", "'a'", "'k7'", "'Ä'", "'a%'", "' '"}, "varchar": {"'ab'::varchar", "''::varchar"}, "char": {"'ab'::char(6)", "''::char(6)"},
}

// columnarParams are values of parameters.
var columnarParams = map[string][]string{"integer": {"0", "1", "-20", "2147483647"}, "bigint": {"5", "-9223372036854775808"}, "numeric": {"0.00", "12.5", "-60"},
	"date": {"1999-12-31", "2000-02-29"}, "timestamp": {"2000-01-02 22:10:05.5"}, "text": {"k7", "", "Ä"}, "boolean": {"t", "f"}}

func (g *columnar) leaf(t string) string {
	if list := columnarParams[t]; list != nil && len(g.params) < 3 && g.pick(16) == 0 {
		g.params = append(g.params, []byte(g.one(list...)))
		return fmt.Sprintf("$%d::%s", len(g.params), t)
	}
	if g.pick(5) > 0 {
		for _, i := range g.rnd.Perm(len(g.scope)) {
			if g.scope[i].typ == t {
				return g.scope[i].name
			}
		}
	}
	if g.pick(20) == 0 {
		return "null::" + t
	}
	return g.one(columnarConsts[t]...)
}

func (g *columnar) expr(t string, depth int) string {
	if depth <= 0 {
		return g.leaf(t)
	}
	sub := func(t string) string { return g.expr(t, depth-1-g.pick(2)) }
	if t == "boolean" {
		return g.condition(depth)
	}
	switch g.pick(8) {
	case 0:
		return g.leaf(t)
	case 1:
		return fmt.Sprintf("case when %s then %s else %s end", sub("boolean"), sub(t), sub(t))
	case 2:
		return fmt.Sprintf("coalesce(%s, %s)", sub(t), sub(t))
	case 3:
		return fmt.Sprintf("nullif(%s, %s)", sub(t), sub(t))
	}
	number := func() string {
		return fmt.Sprintf("(%s %s %s)", sub(t), g.one("+", "-", "*"), sub(t))
	}
	switch t {
	case "smallint":
		return fmt.Sprintf("(%s %s %s)", sub(t), g.one("/", "%"), g.one("2::int2", "7::int2", "-3::int2", sub(t)))
	case "integer":
		switch g.pick(5) {
		case 0:
			return fmt.Sprintf("(%s %s %s)", sub(t), g.one("/", "%"), g.one("2", "7", "-10", sub(t)))
		case 1:
			return "length(" + sub("text") + ")"
		case 2:
			return fmt.Sprintf("(%s - %s)", sub("date"), sub("date"))
		case 3:
			return sub("smallint") + "::int4"
		}
		return number()
	case "bigint":
		if g.pick(3) == 0 {
			return sub("integer") + "::int8"
		}
		return number()
	case "numeric":
		switch g.pick(5) {
		case 4:
			return fmt.Sprintf("(%s / %s)", sub(t), g.one("3.00", "-7", "0.25", sub(t)))
		case 0:
			return sub(g.one("integer", "bigint", "smallint")) + "::numeric"
		case 1:
			return fmt.Sprintf("extract(%s from %s)", g.one("year", "month", "day", "dow", "doy", "week", "quarter"), sub(g.one("date", "timestamp")))
		}
		return number()
	case "date":
		return sub("timestamp") + "::date"
	case "timestamp":
		if g.pick(2) == 0 {
			return sub("date") + "::timestamp"
		}
		return fmt.Sprintf("date_trunc('%s', %s)", g.one("second", "minute", "hour", "day", "week", "month", "quarter", "year"), sub(t))
	case "text":
		switch g.pick(5) {
		case 4:
			return fmt.Sprintf("regexp_replace(%s, '%s', '%s')", g.one("a.u", sub(t)), g.one(`^https?://(?:www\.)?([^/]+)/.*$`, "^(a*)(b*)(.*)$", "^x?(?:ab)?(.*)$",
				"^([ab]*)b(.*)$", "^a?b?(b*)(x)?.*$", "^(.)(.+)$"), g.one(`\1`, `<\1>`, "", "y"))
		case 0:
			return fmt.Sprintf("substring(%s from %d for %d)", sub(t), 1+g.pick(4), g.pick(4))
		case 1:
			return sub("varchar") + "::text"
		case 2:
			return sub("char") + "::text"
		}
		return fmt.Sprintf("(%s || %s)", sub(t), sub(t))
	}
	return g.leaf(t)
}

func (g *columnar) condition(depth int) string {
	sub := func(t string) string { return g.expr(t, depth-1-g.pick(2)) }
	t := columnarTypes[g.pick(len(columnarTypes))]
	switch g.pick(13) {
	case 12:
		return fmt.Sprintf("(%s %s '%s')", g.one("a.u", sub("text")), g.one("~", "!~"), g.one("^k[0-9]$", "b+|a(bx)*", "a.b", "[^a]$", `\.`, "^.?$", "(ab|b)+x"))
	case 0:
		return fmt.Sprintf("(%s and %s)", sub("boolean"), sub("boolean"))
	case 1:
		return fmt.Sprintf("(%s or %s)", sub("boolean"), sub("boolean"))
	case 2:
		return fmt.Sprintf("(not %s)", sub("boolean"))
	case 3:
		return fmt.Sprintf("(%s is %snull)", sub(t), g.one("", "not "))
	case 4:
		return fmt.Sprintf("(%s in (%s, %s))", sub(t), g.one(columnarConsts[t]...), g.one(columnarConsts[t]...))
	case 5:
		return fmt.Sprintf("(%s between %s and %s)", sub(t), sub(t), sub(t))
	case 6:
		return fmt.Sprintf("(%s %slike '%s')", sub("text"), g.one("", "not "), g.one("a%", "%", "k_", "%b%", "", `\_%`))
	case 7:
		return fmt.Sprintf("(%s is distinct from %s)", sub(t), sub(t))
	case 8:
		if g.subs < 1 {
			return g.subquery(depth)
		}
	}
	return fmt.Sprintf("(%s %s %s)", sub(t), g.one("=", "<>", "<", "<=", ">", ">="), sub(t))
}

// subquery is a condition over another table.
func (g *columnar) subquery(depth int) string {
	outer := g.scope
	g.subs++
	g.scope = append(columnsOfG("s"), outer...)
	inner := g.condition(depth - 1)
	g.scope = columnsOfG("s")
	alone := g.condition(depth - 1)
	g.scope = outer
	g.subs--
	t := g.one("integer", "text", "date")
	col := map[string]string{"integer": "s.i4", "text": "s.t", "date": "s.da"}[t]
	switch g.pick(5) {
	case 0:
		return fmt.Sprintf("%sexists (select from g s where %s = %s and %s)", g.one("", "not "), col, g.leaf(t), inner)
	case 1:
		return fmt.Sprintf("(%s %sin (select %s from h s where %s))", g.leaf(t), g.one("", "not "), col, alone)
	case 2:
		return fmt.Sprintf("(%s > (select %s(%s) from g s where %s))", g.leaf(t), g.one("min", "max"), col, alone)
	case 3:
		return fmt.Sprintf("((select count(*) from g s where %s = %s) > %d)", col, g.leaf(t), g.pick(3))
	}
	if g.pick(2) == 0 {
		return fmt.Sprintf("((select avg(s.n3) from g s where s.i4 = %s) < %s)", g.leaf("integer"), g.leaf("numeric"))
	}
	return fmt.Sprintf("((select sum(s.n3) from g s where s.i4 = %s) < %s)", g.leaf("integer"), g.leaf("numeric"))
}

func (g *columnar) from() string {
	g.scope = columnsOfF("a")
	table := g.one("f", "f", "l") + " a"
	if g.pick(2) == 0 {
		return table
	}
	g.scope = append(g.scope, columnsOfG("d")...)
	on := g.one("a.i4 = d.i4", "a.t = d.t", "a.da = d.da", "a.id = d.k", "a.n2 = d.n3", "a.i4 = d.i4 and a.t = d.t")
	join := g.one("join", "left join", "right join", "full join")
	if join != "full join" && g.pick(3) == 0 {
		on += " and " + g.condition(1)
	}
	return fmt.Sprintf("%s %s %s d on %s", table, join, g.one("g", "h"), on)
}

func (g *columnar) anyExpr(depth int) string {
	return g.expr(columnarTypes[g.pick(len(columnarTypes))], depth)
}

func (g *columnar) aggregate() string {
	filter := ""
	if g.pick(4) == 0 {
		filter = " filter (where " + g.condition(1) + ")"
	}
	distinct := g.one("", "", "", "distinct ")
	switch g.pick(6) {
	case 0:
		return "count(*)" + filter
	case 1:
		return "count(" + distinct + g.anyExpr(1) + ")" + filter
	case 2:
		return "sum(" + distinct + g.expr(g.one("smallint", "integer", "bigint", "numeric"), 1) + ")" + filter
	case 3:
		return "avg(" + g.expr(g.one("smallint", "integer", "bigint", "numeric"), 1) + ")" + filter
	case 4:
		return g.one("bool_and", "bool_or") + "(" + g.expr("boolean", 1) + ")" + filter
	}
	return g.one("min", "max") + "(" + g.expr(g.one("integer", "bigint", "numeric", "date", "timestamp", "timestamptz", "text"), 1) + ")" + filter
}

// sets is a query with GROUPING SETS.
func (g *columnar) sets(from, where string) string {
	inner := fmt.Sprintf("select %s x, %s y, %s z, a.* from %s%s", g.anyExpr(1), g.anyExpr(1), g.anyExpr(0), from, where)
	g.scope = columnsOfF("q")
	by := g.one("rollup (x, y)", "cube (x, y)", "cube (x, y, z)", "grouping sets ((x, y), (y, z), ())", "x, rollup (y, z)", "grouping sets ((x), (x), (y))", "grouping sets (())")
	having := g.one("", "", " having count(*) > 2", " having avg(q.n2) > 5")
	names := "null"
	for _, name := range []string{"x", "y", "z"} {
		if strings.Contains(by, name) {
			names += ", " + name + ", grouping(" + name + ")"
		}
	}
	return fmt.Sprintf("select %s, %s, %s from (%s) q group by %s%s", names, g.aggregate(), g.aggregate(), inner, by, having)
}

// over is a window whose order leaves no choice where it is total.
func (g *columnar) over(total bool) string {
	s := ""
	if g.pick(2) == 0 {
		s = "partition by " + g.anyExpr(1)
	}
	order := fmt.Sprintf("%s%s%s", g.anyExpr(1), g.one("", " desc"), g.one("", " nulls first", " nulls last"))
	if total {
		order += ", q.n"
	}
	return s + " order by " + order
}

func (g *columnar) frame() string {
	bound := func(list ...string) string { return g.one(list...) }
	start := bound("unbounded preceding", "2 preceding", "0 preceding", "current row", "1 following")
	end := bound("unbounded following", "2 following", "0 following", "current row")
	if start == "1 following" {
		end = bound("unbounded following", "3 following", "1 following")
	}
	return fmt.Sprintf(" %s between %s and %s%s", g.one("rows", "groups"), start, end, g.one("", "", " exclude current row", " exclude group", " exclude ties"))
}

// windowCall is a window function over q, whose rows are numbered by n.
func (g *columnar) windowCall() string {
	t := columnarTypes[g.pick(len(columnarTypes))]
	switch g.pick(8) {
	case 0:
		return fmt.Sprintf("%s() over (%s)", g.one("rank", "dense_rank", "percent_rank", "cume_dist"), g.over(false))
	case 1:
		return fmt.Sprintf("%s over (%s)", g.one("row_number()", "ntile(3)", "ntile(100)"), g.over(true))
	case 2:
		return fmt.Sprintf("%s(%s%s) over (%s)", g.one("lag", "lead"), g.expr(t, 1), g.one("", ", 2", ", 0", ", -1", ", 1, null"), g.over(true))
	case 3:
		return fmt.Sprintf("%s(%s) over (%s%s)", g.one("first_value", "last_value"), g.expr(t, 1), g.over(true), g.frame())
	case 4:
		return fmt.Sprintf("nth_value(%s, %d) over (%s%s)", g.expr(t, 1), 1+g.pick(3), g.over(true), g.frame())
	case 5:
		return fmt.Sprintf("%s over (%s)", g.windowed(), g.over(false))
	case 6:
		return fmt.Sprintf("%s over (order by q.%s range between %s and %s)", g.windowed(), g.one("i2", "i4", "i8", "i4 desc"), g.one("3 preceding", "current row", "unbounded preceding"), g.one("10 following", "current row", "unbounded following"))
	}
	return fmt.Sprintf("%s over (%s%s)", g.windowed(), g.over(true), g.frame())
}

// windowed is an aggregate that may have a window.
func (g *columnar) windowed() string {
	for {
		if a := g.aggregate(); !strings.Contains(a, "distinct") || strings.Contains(a, " is distinct") {
			return a
		}
	}
}

func (g *columnar) windows(from, where string) string {
	inner := fmt.Sprintf("select row_number() over (order by %s) n, a.* from %s%s", g.key(from), from, where)
	if from == "f a" {
		inner = fmt.Sprintf("select a.id n, a.* from f a%s", where)
	}
	g.scope = columnsOfF("q")
	q := fmt.Sprintf("select q.n, %s, %s, %s from (%s) q", g.windowCall(), g.windowCall(), g.anyExpr(1), inner)
	if g.pick(4) == 0 {
		q = fmt.Sprintf("select r, count(*) from (select %s r from (%s) q) w group by r", g.windowCall(), inner)
	}
	return q
}

// key tells the rows of from apart, those that are equal in all aside.
func (g *columnar) key(from string) string {
	if !strings.Contains(from, " d on ") {
		return "a.id"
	}
	return "a.id, d.k"
}

// query makes a query whose rows are compared as a multiset: where it has a LIMIT, its order leaves no choice.
func (g *columnar) query() string {
	g.subs, g.params = 0, nil
	from := g.from()
	where := ""
	if g.pick(4) > 0 {
		where = " where " + g.condition(2)
	}
	switch g.pick(11) {
	case 7, 8:
		return g.windows(from, where)
	case 9:
		return g.sets(from, where)
	case 10:
		e := g.anyExpr(1)
		return fmt.Sprintf("select %s k, avg(a.n2), %s from %s%s group by 1 having avg(%s) %s %s order by avg(a.n2) %s, 1 limit 7", e, g.aggregate(), from, where,
			g.expr(g.one("integer", "numeric"), 0), g.one("<", ">", "<=", "<>"), g.one("0", "12.5", "avg(a.n2)"), g.one("", "desc nulls last"))
	case 0:
		e := g.anyExpr(2)
		return fmt.Sprintf("select %s, count(*), %s from %s%s group by 1 order by 2 desc, 1 limit %d", e, g.one("sum(a.n2)", "max(a.t)", "min(a.i8)"), from, where, 1+g.pick(9))
	case 1:
		return fmt.Sprintf("select distinct %s from %s%s order by 1", g.anyExpr(1), from, where)
	case 2:
		return fmt.Sprintf("select %s, %s from %s%s", g.aggregate(), g.aggregate(), from, where)
	case 3:
		q := fmt.Sprintf("select %s, %s, %s, %s from %s%s group by 1, 2", g.anyExpr(1), g.anyExpr(1), g.aggregate(), g.aggregate(), from, where)
		if g.pick(3) == 0 {
			q += g.one(" having count(*) > 1", " having avg(a.n2) > 3.5", " having sum(a.i4) / count(*) > 2")
		}
		return q
	case 4:
		t := columnarTypes[g.pick(len(columnarTypes))]
		first := fmt.Sprintf("select %s from %s%s", g.expr(t, 1), from, where)
		from = g.from()
		return fmt.Sprintf("%s %s select %s from %s", first, g.one("union", "union all", "intersect", "except"), g.expr(t, 1), from)
	case 5:
		inner := fmt.Sprintf("select %s x, %s y, a.t z from %s%s", g.expr("integer", 1), g.expr("numeric", 1), from, where)
		return fmt.Sprintf("with q as (%s) select z, count(*), sum(x), max(y) from q where x is not null group by z having sum(y) > 0 or count(*) > %d", inner, g.pick(3))
	}
	return fmt.Sprintf("select %s, %s from %s%s%s", g.anyExpr(2), g.anyExpr(1), from, where, g.one("", "", fmt.Sprintf(" order by 1, 2 limit %d", 1+g.pick(20))))
}

package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// expr is a made-up expression: its parts are kept to find the smallest that differs.
type expr struct {
	sql   string
	typ   string
	parts []*expr
}

// column is one that a query can name.
type column struct{ name, typ string }

// generator makes expressions and queries.
type generator struct {
	rnd  *rand.Rand
	cat  *catalog
	cols []column // of the FROM items in scope; none: constants only
	subs int      // nesting of subqueries
}

func (g *generator) pick(n int) int    { return g.rnd.IntN(n) }
func (g *generator) chance(n int) bool { return g.rnd.IntN(n) == 0 }

func (g *generator) anyType() string { return types[g.pick(len(types))].name }

func quote(s string) string {
	if strings.Contains(s, "\\") {
		return "E'" + strings.NewReplacer("\\", "\\\\", "'", "''").Replace(s) + "'"
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// leaf is a column or a constant of a type.
func (g *generator) leaf(t string) *expr {
	if len(g.cols) > 0 && !g.chance(4) {
		for range 6 {
			if c := g.cols[g.pick(len(g.cols))]; c.typ == t {
				return &expr{sql: c.name, typ: t}
			}
		}
		for _, c := range g.cols {
			if c.typ == t {
				return &expr{sql: c.name, typ: t}
			}
		}
	}
	if g.chance(12) {
		return &expr{sql: "null::" + t, typ: t}
	}
	for i := range types {
		if types[i].name == t {
			s := types[i].consts[g.pick(len(types[i].consts))]
			return &expr{sql: quote(s) + "::" + t, typ: t}
		}
	}
	panic("no constants of type " + t)
}

// make makes an expression of a type.
func (g *generator) make(t string, depth int) *expr {
	if depth <= 0 {
		return g.leaf(t)
	}
	sub := func(t string) *expr { return g.make(t, depth-1-g.pick(2)) }
	if t == "boolean" && !g.chance(3) {
		if e := g.condition(depth, sub); e != nil {
			return e
		}
	}
	switch g.pick(10) {
	case 0:
		return g.leaf(t)
	case 1:
		return g.special(t, sub)
	}
	list := g.cat.byRet[t]
	if len(list) == 0 {
		return g.leaf(t)
	}
	r := list[g.pick(len(list))]
	e := &expr{typ: t}
	var args []string
	for _, a := range r.args {
		p := sub(a)
		e.parts, args = append(e.parts, p), append(args, p.sql)
	}
	e.sql = r.sql(args)
	return e
}

// special are the forms that are not calls.
func (g *generator) special(t string, sub func(string) *expr) *expr {
	a, b := sub(t), sub(t)
	switch g.pick(5) {
	case 0:
		c := sub("boolean")
		return &expr{fmt.Sprintf("case when %s then %s else %s end", c.sql, a.sql, b.sql), t, []*expr{c, a, b}}
	case 1:
		return &expr{fmt.Sprintf("coalesce(%s, %s)", a.sql, b.sql), t, []*expr{a, b}}
	case 2:
		if len(g.cols) > 0 { // of constants, it hides them from PostgreSQL's folding
			return &expr{fmt.Sprintf("(select %s)", a.sql), t, []*expr{a}}
		}
	case 3:
		if ordered(t) {
			return &expr{fmt.Sprintf("greatest(%s, %s)", a.sql, b.sql), t, []*expr{a, b}}
		}
	case 4:
		if ordered(t) {
			return &expr{fmt.Sprintf("nullif(%s, %s)", a.sql, b.sql), t, []*expr{a, b}}
		}
	}
	return a
}

func ordered(t string) bool { return t != "jsonpath" }

// condition makes predicates; nil: make an ordinary boolean expression.
func (g *generator) condition(depth int, sub func(string) *expr) *expr {
	t := g.anyType()
	for !ordered(t) {
		t = g.anyType()
	}
	form := func(f string, parts ...*expr) *expr {
		var args []any
		for _, p := range parts {
			args = append(args, p.sql)
		}
		return &expr{"(" + fmt.Sprintf(f, args...) + ")", "boolean", parts}
	}
	switch g.pick(12) {
	case 0:
		return form("%s and %s", sub("boolean"), sub("boolean"))
	case 1:
		return form("%s or %s", sub("boolean"), sub("boolean"))
	case 2:
		return form("not %s", sub("boolean"))
	case 3:
		return form("%s is null", sub(t))
	case 4:
		return form("%s is distinct from %s", sub(t), sub(t))
	case 5:
		return form("%s in (%s, %s)", sub(t), sub(t), sub(t))
	case 6:
		return form("%s between %s and %s", sub(t), sub(t), sub(t))
	case 7:
		return form("%s like %s", sub("text"), sub("text"))
	case 8:
		return form("%s is not true", sub("boolean"))
	case 9:
		return form("%s not in (%s, %s)", sub(t), sub(t), g.leaf(t))
	case 10:
		if len(g.cols) == 0 || g.subs > 0 {
			return nil
		}
		return g.exists(depth)
	}
	op := []string{"=", "<>", "<", "<=", ">", ">="}[g.pick(6)]
	return form("%s "+op+" %s", sub(t), sub(t))
}

// exists is a subquery over the other table that may name the outer one's columns.
func (g *generator) exists(depth int) *expr {
	outer := g.cols
	g.subs++
	g.cols = append(append([]column(nil), tableColumns("s", "e")...), outer...)
	p := g.make("boolean", depth-1)
	t := []string{"integer", "text", "numeric"}[g.pick(3)]
	inner := map[string]string{"integer": "s.i4", "text": "s.t", "numeric": "s.n"}[t]
	g.cols = outer
	g.subs--
	switch g.pick(4) {
	case 0:
		return &expr{sql: fmt.Sprintf("exists (select from e s where %s)", p.sql), typ: "boolean"}
	case 1:
		return &expr{sql: fmt.Sprintf("(%s in (select %s from e s where %s))", g.leaf(t).sql, inner, p.sql), typ: "boolean"}
	case 2:
		return &expr{sql: fmt.Sprintf("(%s not in (select %s from e s where %s))", g.leaf(t).sql, inner, p.sql), typ: "boolean"}
	}
	return &expr{sql: fmt.Sprintf("(%s > (select max(%s) from e s where %s))", g.leaf(t).sql, inner, p.sql), typ: "boolean"}
}

// columnList reads name:type pairs as columns under an alias; _ stands for the spaces of a type.
func columnList(alias, list string) (out []column) {
	for _, c := range strings.Fields(list) {
		name, t, _ := strings.Cut(c, ":")
		out = append(out, column{alias + "." + name, strings.ReplaceAll(t, "_", " ")})
	}
	return out
}

// tableColumns are a table's columns under an alias.
func tableColumns(alias, table string) []column {
	if table == "e" {
		return columnList(alias, "id:integer k:integer i4:integer t:text n:numeric da:date b:boolean")
	}
	return columnList(alias, "id:integer b:boolean i2:smallint i4:integer i8:bigint n:numeric n2:numeric f8:double_precision t:text v:character_varying c:character(5) "+
		"da:date ts:timestamp_without_time_zone tz:timestamp_with_time_zone ti:time_without_time_zone iv:interval by:bytea u:uuid ai:integer[] at:text[] j:jsonb r:int4range")
}

// from chooses FROM items, whose columns come into scope.
func (g *generator) from() string {
	g.cols = tableColumns("a", "d")
	switch g.pick(5) {
	case 0:
		g.cols = tableColumns("a", "e")
		return "e a"
	case 1, 2:
		return "d a"
	}
	join := []string{"join", "left join", "right join", "full join"}[g.pick(4)]
	on := []string{"a.i4 = b.i4", "a.t = b.t", "a.id = b.k", "a.da = b.da", "a.id = b.id and a.b = b.b", "a.n = b.n"}[g.pick(6)]
	g.cols = append(g.cols, tableColumns("b", "e")...)
	if join != "full join" && g.chance(3) {
		on += " and " + g.make("boolean", 1).sql
	}
	return fmt.Sprintf("d a %s e b on %s", join, on)
}

// query makes a query whose rows are compared as a multiset.
func (g *generator) query() string {
	from := g.from()
	where := ""
	if !g.chance(4) {
		where = " where " + g.make("boolean", 2).sql
	}
	switch g.pick(4) {
	case 0:
		return fmt.Sprintf("select %s from %s%s", g.exprs(1+g.pick(3), 2), from, where)
	case 1:
		return fmt.Sprintf("select distinct %s from %s%s", g.exprs(1, 1), from, where)
	case 2:
		key := g.make([]string{"integer", "text", "boolean", "numeric", "date"}[g.pick(5)], 1).sql
		q := fmt.Sprintf("select %s, count(*), %s from %s%s group by 1", key, g.aggregate(), from, where)
		if g.chance(3) {
			q += " having count(*) > 1"
		}
		return q
	}
	t := g.anyType()
	op := []string{"union", "union all", "intersect", "except"}[g.pick(4)]
	first := fmt.Sprintf("select %s from %s%s", g.make(t, 1).sql, from, where)
	from = g.from()
	return fmt.Sprintf("%s %s select %s from %s", first, op, g.make(t, 1).sql, from)
}

func (g *generator) exprs(n, depth int) string {
	var out []string
	for range n {
		t := g.anyType()
		for !ordered(t) {
			t = g.anyType()
		}
		out = append(out, g.make(t, depth).sql)
	}
	return strings.Join(out, ", ")
}

func (g *generator) aggregate() string {
	r := g.cat.aggs[g.pick(len(g.cat.aggs))]
	var args []string
	for _, a := range r.args {
		args = append(args, g.make(a, 1).sql)
	}
	switch {
	case orderMatters(r.name):
		order := "a.id"
		if g.cols[len(g.cols)-1].name[0] == 'b' {
			order += ", b.id"
		}
		return fmt.Sprintf("%s(%s order by %s)", r.name, strings.Join(args, ", "), order)
	case g.chance(5):
		return fmt.Sprintf("%s(%s) filter (where %s)", r.name, strings.Join(args, ", "), g.make("boolean", 1).sql)
	}
	return r.sql(args)
}

func orderMatters(name string) bool {
	return strings.HasSuffix(name, "_agg") || strings.HasPrefix(name, "json")
}

package exec_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tarndb/tarn/sql/plan"
)

// TestRandomQueries compares random queries over small tables full of NULLs and duplicates with PostgreSQL, under every
// set of plans. TARN_RANDOM is how many; 0 or unset: none.
func TestRandomQueries(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("TARN_RANDOM"))
	if n == 0 {
		t.Skip("TARN_RANDOM is not set")
	}
	ctx := context.Background()
	pg, err := pgconn.Connect(ctx, "host=/tmp/pgo port=5499 user=postgres dbname=exectest")
	if err != nil {
		t.Skip(err)
	}
	defer pg.Close(ctx)
	if _, err := pg.Exec(ctx, "set statement_timeout = '5s'; set client_min_messages = error; drop schema if exists public cascade; create schema public").ReadAll(); err != nil {
		t.Fatal(err)
	}
	seed := uint64(1)
	if s, err := strconv.Atoi(os.Getenv("TARN_SEED")); err == nil {
		seed = uint64(s)
	}
	g := &generator{r: rand.New(rand.NewPCG(seed, 2))}
	s := newDB(t).session()
	for _, sql := range g.tables() {
		s.must(sql)
		if _, err := pg.Exec(ctx, sql).ReadAll(); err != nil {
			t.Fatal(sql, err)
		}
	}
	modes := []struct {
		mem     int64
		rewrite func(plan.Node) plan.Node
	}{{4 << 20, nil}, {1 << 10, nil}, {4 << 20, sorted}, {1 << 10, sorted}, {4 << 20, looped}}
	bad, failed, empty := 0, 0, 0
	defer func() { t.Logf("%d queries: %d errors, %d empty", n, failed, empty) }()
	for i := range n {
		sql := g.query(2)
		var want string
		res, err := pg.Exec(ctx, sql).ReadAll()
		if err != nil {
			want = "ERROR " + err.(*pgconn.PgError).Code
		} else {
			var lines []string
			for _, row := range res[0].Rows {
				cells := make([]string, len(row))
				for i, v := range row {
					if cells[i] = string(v); v == nil {
						cells[i] = "NULL"
					}
				}
				lines = append(lines, strings.Join(cells, "|"))
			}
			slices.Sort(lines)
			want = strings.Join(lines, "\n")
		}
		switch {
		case strings.HasPrefix(want, "ERROR"):
			failed++
		case want == "":
			empty++
		}
		for j, m := range modes {
			s.workMem, s.rewrite = m.mem, m.rewrite
			got := s.exec(sql)
			if strings.HasPrefix(got, "ERROR") {
				got = got[:11]
			} else {
				lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
				slices.Sort(lines)
				got = strings.Join(lines, "\n")
			}
			if got != want {
				t.Errorf("%d, mode %d:\n%s;\ngot\n%s\nwant\n%s", i, j, sql, clip(got), clip(want))
				if bad++; bad > 10 {
					t.FailNow()
				}
				break
			}
		}
	}
}

func clip(s string) string {
	if len(s) > 600 {
		return s[:600] + " …"
	}
	return s
}

type generator struct {
	r    *rand.Rand
	next int
}

func (g *generator) tables() []string {
	out := []string{
		"create table t0 (a int, b int, c text)",
		"create table t1 (a int primary key, b int, c text)",
		"create table t2 (a int, b int, c text)",
		"create index t2_a on t2 (a, b)",
		"create unique index t1_b on t1 (b desc, a)",
	}
	val := func(n int) string {
		if g.r.IntN(5) == 0 {
			return "null"
		}
		return strconv.Itoa(g.r.IntN(n))
	}
	text := func() string {
		if g.r.IntN(5) == 0 {
			return "null"
		}
		return "'" + string(rune('p'+g.r.IntN(4))) + "'"
	}
	for i := range 25 {
		out = append(out, fmt.Sprintf("insert into t0 values (%s, %s, %s)", val(8), val(4), text()),
			fmt.Sprintf("insert into t1 values (%d, %s, %s)", i, val(6), text()),
			fmt.Sprintf("insert into t2 values (%s, %s, %s)", val(12), val(4), text()))
	}
	return out
}

func (g *generator) pick(s ...string) string { return s[g.r.IntN(len(s))] }

// from makes a FROM item; names gets the aliases whose columns a, b, c can be named.
func (g *generator) from(depth int, names *[]string, outer []string) string {
	switch g.r.IntN(7) {
	case 0, 1, 2:
		if depth > 0 {
			l := g.from(depth-1, names, outer)
			var right []string
			if g.r.IntN(4) == 0 {
				g.next++
				alias := fmt.Sprint("x", g.next)
				kind := g.pick("join", "left join")
				sub := g.query2(depth-1, append(slices.Clone(outer), *names...))
				*names = append(*names, alias)
				return fmt.Sprintf("%s %s lateral (%s) %s (a, b, c) on %s", l, kind, sub, alias, g.cond(1, append(slices.Clone(outer), *names...)))
			}
			r := g.from(depth-1, &right, outer)
			all := append(append(slices.Clone(outer), *names...), right...)
			left := (*names)[g.r.IntN(len(*names))]
			rt := right[g.r.IntN(len(right))]
			on := fmt.Sprintf("%s.%s = %s.%s", left, g.pick("a", "b"), rt, g.pick("a", "b"))
			kind := g.pick("join", "left join", "right join", "full join")
			if g.r.IntN(3) == 0 && kind != "full join" {
				on += " and " + g.cond(1, all)
			}
			*names = append(*names, right...)
			return fmt.Sprintf("(%s %s %s on %s)", l, kind, r, on)
		}
	case 3:
		if depth > 0 {
			g.next++
			alias := fmt.Sprint("x", g.next)
			*names = append(*names, alias)
			return fmt.Sprintf("(%s) %s (a, b, c)", g.query2(depth-1, nil), alias)
		}
	}
	g.next++
	alias := fmt.Sprint("x", g.next)
	*names = append(*names, alias)
	return g.pick("t0", "t1", "t2") + " " + alias
}

func (g *generator) num(depth int, names []string) string {
	switch g.r.IntN(9) {
	case 0:
		return strconv.Itoa(g.r.IntN(6))
	case 1:
		return fmt.Sprintf("(%s + %s)", g.num(depth-1, names), strconv.Itoa(g.r.IntN(3)))
	case 2:
		return fmt.Sprintf("coalesce(%s, %d)", g.num(depth-1, names), g.r.IntN(4))
	case 3:
		if depth > 0 {
			return fmt.Sprintf("case when %s then %s else %s end", g.cond(depth-1, names), g.num(depth-1, names), g.num(depth-1, names))
		}
	case 4:
		if depth > 0 {
			var inner []string
			from := g.from(0, &inner, names)
			return fmt.Sprintf("(select %s(%s) from %s where %s)", g.pick("max", "min", "count", "sum"), g.num(0, inner), from, g.cond(depth-1, append(slices.Clone(names), inner...)))
		}
	}
	return names[g.r.IntN(len(names))] + "." + g.pick("a", "b")
}

func (g *generator) cond(depth int, names []string) string {
	if depth > 0 {
		switch g.r.IntN(10) {
		case 0:
			return fmt.Sprintf("(%s and %s)", g.cond(depth-1, names), g.cond(depth-1, names))
		case 1:
			return fmt.Sprintf("(%s or %s)", g.cond(depth-1, names), g.cond(depth-1, names))
		case 2:
			return fmt.Sprintf("not (%s)", g.cond(depth-1, names))
		case 3, 4:
			var inner []string
			from := g.from(depth-1, &inner, names)
			return fmt.Sprintf("%s (select 1 from %s where %s)", g.pick("exists", "not exists"), from, g.cond(depth-1, append(slices.Clone(names), inner...)))
		case 5, 6:
			var inner []string
			from := g.from(depth-1, &inner, names)
			return fmt.Sprintf("%s %s (select %s from %s where %s)", g.num(0, names), g.pick("in", "not in", "= all", "> any", "<= all"), g.num(0, inner), from, g.cond(depth-1, append(slices.Clone(names), inner...)))
		}
	}
	switch g.r.IntN(6) {
	case 0:
		return g.num(0, names) + g.pick(" is null", " is not null")
	case 1:
		return fmt.Sprintf("%s.c %s '%s'", names[g.r.IntN(len(names))], g.pick("=", "<>", "<", ">="), g.pick("p", "q", "r"))
	case 2:
		return fmt.Sprintf("%s in (%d, %d, %s)", g.num(0, names), g.r.IntN(6), g.r.IntN(6), g.pick("null", "3", "5"))
	case 3:
		return fmt.Sprintf("%s is distinct from %s", g.num(0, names), g.num(0, names))
	}
	return g.num(0, names) + " " + g.pick("=", "=", "=", "<", "<=", ">", ">=", "<>") + " " + g.num(0, names)
}

// query2 is a query of two int columns and a text.
func (g *generator) query2(depth int, outer []string) string {
	var names []string
	from := g.from(depth, &names, outer)
	all := append(slices.Clone(outer), names...)
	where := ""
	if g.r.IntN(3) > 0 {
		where = " where " + g.cond(depth, all)
	}
	text := names[g.r.IntN(len(names))] + ".c"
	switch g.r.IntN(8) {
	case 0:
		return fmt.Sprintf("select %s as a, count(*)::int as b, max(%s) as c from %s%s group by 1%s", g.num(0, names), text, from, where,
			g.pick("", " having count(*) > 1", " having min("+g.num(0, names)+") > 1"))
	case 1:
		return fmt.Sprintf("select distinct %s as a, %s as b, %s as c from %s%s", g.num(0, all), g.num(0, names), text, from, where)
	case 2:
		return fmt.Sprintf("(select %s as a, %s as b, %s as c from %s%s) %s (select a, b, c from %s)", g.num(0, all), g.num(0, names), text, from, where,
			g.pick("union", "union all", "intersect", "except", "intersect all", "except all"), g.pick("t0", "t1", "t2"))
	case 3:
		return fmt.Sprintf("select count(%s)::int as a, sum(%s)::int as b, min(%s) as c from %s%s", g.num(0, names), g.num(0, names), text, from, where)
	case 4:
		x := names[0]
		return fmt.Sprintf("select %s.a, (sum(%s) over (partition by %s.b order by %s.a, %s.c, %s))::int as b, %s.c from %s%s",
			x, g.num(0, names), x, x, x, strings.Join(ordered(names), ", "), x, from, where)
	case 5:
		return fmt.Sprintf("select %s as a, %s as b, %s as c from %s%s order by %s nulls first limit %d", g.num(0, all), g.num(0, names), text, from, where,
			strings.Join(append([]string{"1, 2, 3"}, ordered(names)...), ", "), 1+g.r.IntN(8))
	}
	return fmt.Sprintf("select %s as a, %s as b, %s as c from %s%s", g.num(depth, all), g.num(0, all), text, from, where)
}

// ordered lists all columns, so that an order is total but for equal rows.
func ordered(names []string) []string {
	var out []string
	for _, n := range names {
		out = append(out, n+".a", n+".b", n+".c")
	}
	return out
}

func (g *generator) query(depth int) string { return g.query2(depth, nil) }

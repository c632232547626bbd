package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

func main() {
	tarn := flag.String("tarn", "127.0.0.1:5432", "address of Tarn")
	postgres := flag.String("postgres", "127.0.0.1:5433", "address of PostgreSQL 15")
	limit := flag.Duration("time", 20*time.Second, "how long to go on")
	seed := flag.Uint64("seed", 1, "of the expressions")
	dir := flag.String("dir", "tests/differential", "where the files are")
	most := flag.Int("most", 10, "differences after which to stop")
	columns := flag.Bool("columns", false, "queries over columns, three ways")
	flag.Parse()
	run := run
	if *columns {
		run = runColumns
	}
	if err := run(*tarn, *postgres, *dir, *limit, *seed, *most); err != nil {
		fmt.Fprintln(os.Stderr, "differential:", err)
		os.Exit(1)
	}
}

// run looks for differences until the time is over.
func run(tarn, postgres, dir string, limit time.Duration, seed uint64, most int) error {
	ctx := context.Background()
	exclude, err := readList(filepath.Join(dir, "exclude.txt"))
	if err != nil {
		return err
	}
	schema, err := os.ReadFile(filepath.Join(dir, "schema.sql"))
	if err != nil {
		return err
	}
	c := &check{dialTarn: func() (*pgx.Conn, error) { return dial(ctx, tarn, "differential") }, seen: map[string]bool{}, refused: map[string]int{}}
	for _, s := range []struct {
		addr string
		conn **pgx.Conn
	}{{tarn, &c.tarn}, {postgres, &c.pg}} {
		if *s.conn, err = prepare(ctx, s.addr, string(schema)); err != nil {
			return fmt.Errorf("%s: %w", s.addr, err)
		}
		defer (*s.conn).Close(ctx)
	}
	cat, err := loadCatalog(ctx, c.pg, exclude)
	if err != nil {
		return err
	}
	g := &generator{rnd: rand.New(rand.NewPCG(seed, 0)), cat: cat}
	start := time.Now()
	for c.found < most && time.Since(start) < limit {
		g.cols = nil
		switch n := g.pick(10); {
		case n < 6:
			t := g.anyType()
			for !ordered(t) {
				t = g.anyType()
			}
			c.scalar(ctx, g.make(t, 1+g.pick(3)))
		case n < 8:
			c.rows(ctx, g.query())
		default:
			c.logic(ctx, g)
		}
	}
	fmt.Printf("differential: seed %d, %d expressions, %d queries, %d logic checks in %s; %d undecided, %d refused by Tarn; %d differences\n",
		seed, c.scalars, c.queries, c.logics, time.Since(start).Round(time.Second), c.undecided, c.refusals, c.found)
	if os.Getenv("DIFF_REFUSED") != "" {
		c.printRefused()
	}
	if c.found > 0 {
		return fmt.Errorf("%d differences", c.found)
	}
	return nil
}

// readList reads lines of a name, a tab and a reason.
func readList(path string) (map[string]string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, l := range strings.Split(string(b), "\n") {
		if l == "" || strings.HasPrefix(l, "# ") {
			continue
		}
		name, reason, _ := strings.Cut(l, "\t")
		if reason == "" {
			return nil, fmt.Errorf("%s: %q has no reason", path, name)
		}
		out[name] = reason
	}
	return out, nil
}

func dial(ctx context.Context, addr, db string) (*pgx.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	return pgx.Connect(ctx, fmt.Sprintf("host=%s port=%s user=postgres dbname=%s statement_timeout=1000 timezone=America/New_York options='-c datestyle=ISO,MDY'", host, port, db))
}

// prepare makes the database anew.
func prepare(ctx context.Context, addr, schema string) (*pgx.Conn, error) {
	c, err := dial(ctx, addr, "postgres")
	if err != nil {
		return nil, err
	}
	defer c.Close(ctx)
	for _, q := range []string{"set statement_timeout = 0", "drop database if exists differential", "create database differential template template0"} {
		if _, err := c.Exec(ctx, q); err != nil {
			return nil, err
		}
	}
	d, err := dial(ctx, addr, "differential")
	if err != nil {
		return nil, err
	}
	_, err = d.PgConn().Exec(ctx, schema).ReadAll()
	return d, err
}

// check compares answers and counts.
type check struct {
	tarn, pg                   *pgx.Conn
	dialTarn                   func() (*pgx.Conn, error)
	scalars, queries, logics   int
	undecided, refusals, found int
	seen                       map[string]bool
	refused                    map[string]int
	extended                   bool
	params                     [][]byte // of the query that is asked; without any, simple and extended protocol take turns
}

// answer is the rows of a query as text, or its SQLSTATE.
type answer struct {
	rows [][]string
	oids []uint32
	code string
	msg  string
}

func (c *check) ask(ctx context.Context, conn *pgx.Conn, sql string) (a answer) {
	var err error
	add := func(fields []pgconn.FieldDescription, rows [][][]byte) {
		for _, f := range fields {
			a.oids = append(a.oids, f.DataTypeOID)
		}
		for _, r := range rows {
			row := make([]string, len(r))
			for i, v := range r {
				if v == nil {
					row[i] = "NULL"
				} else {
					row[i] = "=" + string(v)
				}
			}
			a.rows = append(a.rows, row)
		}
	}
	if c.extended || len(c.params) > 0 {
		r := conn.PgConn().ExecParams(ctx, sql, c.params, nil, nil, nil).Read()
		add(r.FieldDescriptions, r.Rows)
		err = r.Err
	} else {
		var rs []*pgconn.Result
		rs, err = conn.PgConn().Exec(ctx, sql).ReadAll()
		for _, r := range rs {
			add(r.FieldDescriptions, r.Rows)
		}
	}
	var pe *pgconn.PgError
	switch {
	case errors.As(err, &pe):
		return answer{code: pe.Code, msg: pe.Message}
	case err != nil:
		return answer{code: "broken", msg: err.Error()}
	}
	return a
}

// both asks both servers; ok is false where nothing is to be compared.
func (c *check) both(ctx context.Context, sql string) (t, p answer, ok bool) {
	c.extended = !c.extended
	p = c.ask(ctx, c.pg, sql)
	if p.code == "57014" || p.code == "XX000" || p.code == "53200" || p.code == "54000" || p.code == "54001" {
		c.undecided++
		return t, p, false
	}
	t = c.ask(ctx, c.tarn, sql)
	switch t.code {
	case "broken":
		c.report("Tarn's connection broke: "+t.msg, sql)
		if conn, err := c.dialTarn(); err == nil {
			c.tarn = conn
		}
		return t, p, false
	case "XX000":
		c.report("internal error: "+t.msg, sql)
		return t, p, false
	case "0A000":
		if p.code != "0A000" {
			c.refusals++
			c.refused[t.msg]++
			return t, p, false
		}
	}
	return t, p, true
}

func (c *check) report(what, sql string) {
	if c.seen[sql] {
		return
	}
	c.seen[sql] = true
	c.found++
	fmt.Printf("-- %s\n%s;\n", what, sql)
}

func (a answer) String() string {
	if a.code != "" {
		return a.code + " " + a.msg
	}
	s := fmt.Sprint(a.rows)
	if len(s) > 300 {
		s = s[:300] + "…"
	}
	return s
}

// scalar compares an expression of constants, and finds the smallest part that differs.
func (c *check) scalar(ctx context.Context, e *expr) {
	c.scalars++
	t, p, ok := c.both(ctx, "select "+e.sql)
	if !ok || same(t, p, true) {
		return
	}
	for again := true; again; {
		again = false
		for _, part := range e.parts {
			t2, p2, ok := c.both(ctx, "select "+part.sql)
			switch {
			case ok && !same(t2, p2, true):
				e, t, p, again = part, t2, p2, true
			case !ok || p2.code != "":
				c.undecided++ // whether a part that fails is evaluated is free
				return
			}
			if again {
				break
			}
		}
	}
	c.report(fmt.Sprintf("PostgreSQL: %s\n-- Tarn:       %s", p, t), "select "+e.sql)
}

// rows compares a query's rows in any order.
func (c *check) rows(ctx context.Context, sql string) {
	c.queries++
	t, p, ok := c.both(ctx, sql)
	if !ok || same(t, p, false) {
		return
	}
	if dataError(t.code) || dataError(p.code) {
		c.undecided++ // what is evaluated first, and for which rows, is free
		return
	}
	c.report(fmt.Sprintf("PostgreSQL: %s\n-- Tarn:       %s", short(p, t), short(t, p)), sql)
}

func dataError(code string) bool { return strings.HasPrefix(code, "22") || code == "42601" }

// short is what one answer has and the other has not.
func short(a, b answer) string {
	if a.code != "" || b.code != "" {
		return a.String()
	}
	n := map[string]int{}
	for _, r := range b.rows {
		n[strings.Join(r, "|")]++
	}
	var only []string
	for _, r := range a.rows {
		k := strings.Join(r, "|")
		if n[k]--; n[k] < 0 {
			only = append(only, k)
		}
	}
	if len(only) > 4 {
		only = append(only[:4], "…")
	}
	return fmt.Sprintf("%d rows, only here: %s", len(a.rows), strings.Join(only, "  "))
}

// logic checks Tarn against itself.
func (c *check) logic(ctx context.Context, g *generator) {
	c.logics++
	from := g.from()
	p := g.make("boolean", 2).sql
	count := func(where string) (int, bool) {
		a := c.ask(ctx, c.tarn, "select count(*) from "+from+where)
		if a.code != "" || len(a.rows) != 1 {
			return 0, false
		}
		n, err := strconv.Atoi(strings.TrimPrefix(a.rows[0][0], "="))
		return n, err == nil
	}
	all, ok1 := count("")
	yes, ok2 := count(" where " + p)
	no, ok3 := count(" where not (" + p + ")")
	null, ok4 := count(" where (" + p + ") is null")
	if !ok1 || !ok2 || !ok3 || !ok4 {
		c.undecided++
		return
	}
	if yes+no+null != all {
		c.report(fmt.Sprintf("%d rows are %d true, %d false, %d null", all, yes, no, null), "select count(*) from "+from+" where "+p)
		return
	}
	a := c.ask(ctx, c.tarn, "select count(*) filter (where x) from (select "+p+" as x from "+from+" offset 0) q")
	if a.code == "" && a.rows[0][0] != "="+strconv.Itoa(yes) {
		c.report(fmt.Sprintf("%d rows are true by WHERE, %s by counting", yes, a.rows[0][0]), "select count(*) from "+from+" where "+p)
	}
}

// same compares answers: rows as multisets, floating point to the last few digits, errors by SQLSTATE where exact is set.
func same(t, p answer, exact bool) bool {
	if t.code != "" || p.code != "" {
		return t.code == p.code || !exact && t.code != "" && p.code != ""
	}
	if len(t.rows) != len(p.rows) || len(t.oids) != len(p.oids) {
		return false
	}
	for i := range t.oids {
		if t.oids[i] != p.oids[i] {
			return false
		}
	}
	for _, rows := range [][][]string{t.rows, p.rows} {
		for _, r := range rows {
			for j := range r {
				if r[j] == "=-0" && (p.oids[j] == 700 || p.oids[j] == 701) {
					r[j] = "=0" // which of the two zeros stands for a group is free
				}
			}
		}
	}
	less := func(rows [][]string) func(i, j int) bool {
		return func(i, j int) bool { return strings.Join(rows[i], "|") < strings.Join(rows[j], "|") }
	}
	sort.Slice(t.rows, less(t.rows))
	sort.Slice(p.rows, less(p.rows))
	for i := range t.rows {
		for j := range t.rows[i] {
			if a, b := t.rows[i][j], p.rows[i][j]; !sameValue(a, b, p.oids[j]) && (exact || p.oids[j] != 1700 || unscaled(a) != unscaled(b)) {
				return false
			}
		}
	}
	return true
}

// unscaled is a numeric without the zeros at its end: which of several equal values stands for a group is free.
func unscaled(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

// sameValue allows for the last digits of floating point, whose library functions are not the same.
func sameValue(t, p string, oid uint32) bool {
	if t == p {
		return true
	}
	if oid != 700 && oid != 701 {
		return false
	}
	a, err1 := strconv.ParseFloat(strings.TrimPrefix(t, "="), 64)
	b, err2 := strconv.ParseFloat(strings.TrimPrefix(p, "="), 64)
	tolerance := 1e-11
	if oid == 700 {
		tolerance = 1e-5
	}
	return err1 == nil && err2 == nil && math.Abs(a-b) <= tolerance*math.Max(math.Abs(a), math.Abs(b))
}

func (c *check) printRefused() {
	var list []string
	for m := range c.refused {
		list = append(list, m)
	}
	sort.Slice(list, func(i, j int) bool { return c.refused[list[i]] > c.refused[list[j]] })
	for _, m := range list {
		fmt.Printf("refused %4d × %s\n", c.refused[m], m)
	}
}

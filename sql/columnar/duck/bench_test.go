package duck_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/tarndb/tarn/sql/columnar/duck"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// TestBenchmarkQueries: every query of TPC-H and ClickBench is one fragment from end to end and has the answer of the
// rows. The tables are small and made up, with the constants of the queries among their values. Where TARN_ORACLE names a PostgreSQL 15
// (make differential does), its answers, and the types of their columns, are the same too.
func TestBenchmarkQueries(t *testing.T) {
	for _, b := range []struct {
		name  string
		rows  int
		whole int // queries that are one fragment; the others' heavy part is
	}{{"tpch", 600, 22}, {"clickbench", 400, 43}} {
		t.Run(b.name, func(t *testing.T) {
			d := newDB(t, duck.Options{Threads: 2})
			dir := filepath.Join("..", "..", "..", "tests", "bench", b.name)
			schema, err := os.ReadFile(filepath.Join(dir, "schema.sql"))
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(filepath.Join(dir, "queries.sql"))
			if err != nil {
				t.Fatal(err)
			}
			script := d.benchTables(string(schema), string(text), b.rows)
			ask := oracle(t, script)
			whole := 0
			// What is much in the benchmark is little here.
			queries := regexp.MustCompile(`(?i)(having count\(\*\) >) 100000`).ReplaceAllString(string(text), "$1 10")
			for _, q := range statements(queries) {
				if d.benchQuery(q, ask) {
					whole++
				}
			}
			if whole != b.whole {
				t.Errorf("%d queries are one fragment, want %d", whole, b.whole)
			}
		})
	}
}

// statements are the queries of a file without its comments.
func statements(text string) (out []string) {
	text = regexp.MustCompile(`(?m)^--.*\n`).ReplaceAllString(text, "")
	for _, q := range strings.Split(text, ";\n") {
		if q = strings.TrimSpace(q); q != "" {
			out = append(out, q)
		}
	}
	return out
}

// answer is a query's rows as texts, in the order of the texts, and its columns' types.
type answer struct {
	rows []string
	typ  []types.OID
}

// oracle makes the tables of a script in PostgreSQL and gives what asks it; nil where there is none.
func oracle(t *testing.T, script []string) func(q string) (answer, error) {
	dsn := os.Getenv("TARN_ORACLE")
	if dsn == "" {
		return nil
	}
	ctx := context.Background()
	c, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(ctx) })
	for _, sql := range append([]string{"set timezone = 'UTC'", "set datestyle = 'ISO'", "set search_path = pg_temp"}, script...) {
		if _, err := c.Exec(ctx, sql).ReadAll(); err != nil {
			t.Fatalf("%.200s: %v", sql, err)
		}
	}
	return func(q string) (a answer, err error) {
		s, err := c.Prepare(ctx, "", q, nil)
		if err != nil {
			return a, err
		}
		for _, f := range s.Fields {
			a.typ = append(a.typ, types.OID(f.DataTypeOID))
		}
		res := c.ExecPrepared(ctx, "", nil, nil, nil).Read()
		if res.Err != nil {
			return a, res.Err
		}
		for _, row := range res.Rows {
			vals := make([]string, len(row))
			for i, v := range row {
				if vals[i] = string(v); v == nil {
					vals[i] = "NULL"
				}
			}
			a.rows = append(a.rows, strings.Join(vals, "|"))
		}
		slices.Sort(a.rows)
		return a, nil
	}
}

var limits = regexp.MustCompile(`(?is)\s+limit\s+\d+(\s+offset\s+\d+)?\s*$`)

// benchQuery compares a query's answers and tells whether the whole of it is a fragment.
func (d *db) benchQuery(q string, ask func(q string) (answer, error)) (whole bool) {
	d.t.Helper()
	_, f, reason, err := d.program(q, true)
	if err != nil {
		d.t.Errorf("%s\n%v", q, err)
		return false
	}
	if f == nil {
		d.t.Errorf("%s\nnot routed: %q", q, reason)
		return false
	}
	whole = d.root == plan.Node(f)
	if !whole {
		d.t.Logf("in part: %s: %s", reason, q)
	}
	// Which of the rows with equal keys come first is free, and so is which of them are within a LIMIT: there the number of rows counts, and
	// the rows without it.
	d.benchAnswers(q, ask, !limits.MatchString(q))
	if all := limits.ReplaceAllString(q, ""); all != q {
		d.benchAnswers(all, ask, true)
	}
	return whole
}

// benchAnswers compares the rows of a query, or only their number.
func (d *db) benchAnswers(q string, ask func(q string) (answer, error), rows bool) {
	d.t.Helper()
	want, werr := d.query(q, nil)
	var typ []types.OID
	for _, o := range d.out {
		typ = append(typ, o.T.OID)
	}
	r := &recorder{ColumnarRunner: d.engine.Runner(d)}
	got, gerr := d.query(q, r)
	slices.Sort(want)
	slices.Sort(got)
	if werr != nil || gerr != nil || r.ran == 0 || len(want) != len(got) || rows && !slices.Equal(want, got) {
		d.t.Errorf("%s\nrows:    %q %v\ncolumns: %q %v %v", q, want, werr, got, gerr, r.err)
	}
	if rows && (len(want) == 0 || strings.Trim(want[0], "NUL|") == "") {
		d.t.Errorf("%s\nno answer: %q", q, want)
	}
	if ask == nil {
		return
	}
	a, err := ask(q)
	if err != nil || len(want) != len(a.rows) || rows && !slices.Equal(want, a.rows) || !slices.Equal(typ, a.typ) {
		d.t.Errorf("%s\nrows:       %q %v\nPostgreSQL: %q %v %v", q, want, typ, a.rows, a.typ, err)
	}
}

// benchTables makes the tables of a schema and fills them; script does the same in PostgreSQL.
func (d *db) benchTables(schema, queries string, rows int) (script []string) {
	d.t.Helper()
	texts := []string{"", "a", "Customer Complaints", "special requests", "forest green", "http://www.google.com/x", "https://a.b/c?d=1", "Google - page", "13-345"}
	for _, m := range regexp.MustCompile(`'([A-Z][A-Za-z0-9 #-]*)'`).FindAllStringSubmatch(queries, -1) {
		texts = append(texts, m[1])
	}
	for _, m := range regexp.MustCompile(`(?s)create table (\w+) \((.*?)\);\n`).FindAllStringSubmatch(schema+"\n", -1) {
		var cols []column
		var defs []string
		for _, c := range regexp.MustCompile(`(\w+) (bigint|int|integer|smallint|timestamp|date|text|(?:char|varchar|numeric)\([0-9,]+\))(?: not null)?(?:,|$|\n)`).FindAllStringSubmatch(m[2], -1) {
			cols, defs = append(cols, benchColumn(c[1], c[2])), append(defs, c[1]+" "+c[2])
		}
		if len(cols) < 3 {
			d.t.Fatalf("columns of %s: %v", m[1], cols)
		}
		tab := d.table(m[1], cols...)
		var list []string
		n, key := rows, ""
		if k, ok := benchKeys[m[1]]; ok {
			n, key = k.rows, k.col
		}
		for i := range n {
			var vals []string
			for _, c := range cols {
				if c.name == key {
					vals = append(vals, strconv.Itoa(i))
					continue
				}
				vals = append(vals, d.benchValue(c, i, texts))
			}
			list = append(list, "("+strings.Join(vals, ", ")+")")
		}
		insert := "insert into " + m[1] + " values " + strings.Join(list, ", ")
		script = append(script, "create temp table "+m[1]+" ("+strings.Join(defs, ", ")+")", insert)
		d.mustExec(insert)
		d.shape(tab, 3)
	}
	return script
}

func benchColumn(name, typ string) column {
	kind, mods, _ := strings.Cut(strings.TrimSuffix(typ, ")"), "(")
	oid := map[string]types.OID{"bigint": types.Int8, "int": types.Int4, "integer": types.Int4, "smallint": types.Int2, "timestamp": types.Timestamp, "date": types.Date,
		"text": types.Text, "char": types.BPChar, "varchar": types.Varchar, "numeric": types.Numeric}[kind]
	mod := int32(-1)
	if p, s, two := strings.Cut(mods, ","); mods != "" {
		n, _ := strconv.Atoi(p)
		if mod = int32(n) + 4; two {
			k, _ := strconv.Atoi(s)
			mod = decimal(int32(n), int32(k))
		}
	}
	return column{strings.ToLower(name), oid, mod}
}

// benchKeys are primary keys, which count from 0, and their tables' rows. Others have the keys of other tables by chance.
var benchKeys = map[string]struct {
	col  string
	rows int
}{"region": {"r_regionkey", 3}, "nation": {"n_nationkey", 7}, "supplier": {"s_suppkey", 20}, "customer": {"c_custkey", 24}, "part": {"p_partkey", 20}, "orders": {"o_orderkey", 120}, "partsupp": {"", 200}}

// benchDomains are values of columns by whose constants TPC-H's queries choose.
var benchDomains = map[string]string{
	"r_name": "AMERICA|ASIA|EUROPE", "n_name": "BRAZIL|CANADA|FRANCE|GERMANY|SAUDI ARABIA", "n_regionkey": "0|1|2", "s_nationkey": "0|1|2|3|4|5|6", "c_nationkey": "0|1|2|3|4|5|6",
	"counterid": "62|7", "isrefresh": "0|1", "dontcounthits": "0|1", "traficsourceid": "-1|6|2", "refererhash": "3594120000172545465|1",
	"urlhash": "2868770270353813622|2", "o_custkey": "0|1|2|3|4|5|6|7|8|9|10|11|12|13|14|15", "o_orderstatus": "F|O|P", "o_orderpriority": "1-URGENT|2-HIGH|5-LOW", "c_mktsegment": "BUILDING|AUTOMOBILE", "c_phone": "13-345|31-1|23-9|40-2",
	"p_size": "1|5|9|14|15|49", "p_type": "ECONOMY ANODIZED STEEL|STANDARD BRASS|PROMO BRASS|MEDIUM POLISHED TIN", "p_brand": "Brand#12|Brand#23|Brand#34|Brand#45",
	"p_container": "SM CASE|MED BOX|LG PKG", "p_name": "forest green|green|blue", "l_returnflag": "R|A|N", "l_linestatus": "F|O", "l_discount": "0.00|0.05|0.06|0.07|0.10",
	"l_tax": "0.00|0.02|0.08", "l_quantity": "1|5|9.50|12|20|23|50|200", "l_shipmode": "AIR|AIR REG|MAIL|SHIP", "l_shipinstruct": "DELIVER IN PERSON|NONE",
	"ps_availqty": "10|100|5000",
}

// benchValue is a value for row i: names of dimensions in turn, others by chance.
func (d *db) benchValue(c column, i int, texts []string) string {
	n := d.rnd.IntN(12)
	if list, ok := benchDomains[c.name]; ok {
		vals := strings.Split(list, "|")
		if c.name != "r_name" && c.name != "n_name" {
			i = d.rnd.IntN(len(vals))
		}
		return "'" + vals[i%len(vals)] + "'"
	}
	switch c.typ {
	case types.Int2, types.Int4, types.Int8:
		if c.typ == types.Int8 && (strings.HasSuffix(c.name, "hash") || c.name == "userid") {
			return []string{"3594120000172545465", "2868770270353813622", "435090932899640449"}[n%3]
		}
		if c.name == "l_orderkey" { // orders with many lines and with few
			return strconv.Itoa(d.rnd.IntN(10 + d.rnd.IntN(110)))
		} else if strings.HasSuffix(c.name, "key") {
			return strconv.Itoa(d.rnd.IntN(20))
		}
		return []string{strconv.Itoa(n), "62"}[d.rnd.IntN(2)]
	case types.Numeric:
		return fmt.Sprintf("%d.%02d", n*n, d.rnd.IntN(100))
	case types.Date:
		if c.name == "eventdate" {
			return fmt.Sprintf("'2013-07-%02d'", 1+d.rnd.IntN(31))
		}
		year := 1993 + d.rnd.IntN(4)
		if c.name == "l_commitdate" && d.rnd.IntN(2) == 0 {
			year = 1997 // kept
		}
		return fmt.Sprintf("'%d-%02d-%02d'", year, 1+n, 1+d.rnd.IntN(28))
	case types.Timestamp:
		return fmt.Sprintf("'2013-07-%02d 12:%02d:30'", 1+d.rnd.IntN(31), d.rnd.IntN(60))
	}
	s := texts[d.rnd.IntN(len(texts))]
	if c.mod > 4 {
		s = string(slices.Clone([]byte(s))[:min(len(s), int(c.mod)-4)])
	}
	return "'" + s + "'"
}

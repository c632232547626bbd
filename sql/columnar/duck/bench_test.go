package duck_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/columnar/duck"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// TestBenchmarkQueries: every query of TPC-H and ClickBench is one fragment from end to end and has the answer of the
// rows. The tables are small and made up, with the constants of the queries among their values.
func TestBenchmarkQueries(t *testing.T) {
	for _, b := range []struct {
		name  string
		rows  int
		whole int // queries that are one fragment; the others' heavy part is
	}{{"tpch", 60, 22}, {"clickbench", 400, 43}} {
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
			d.benchTables(string(schema), string(text), b.rows)
			whole := 0
			for _, q := range statements(string(text)) {
				if d.benchQuery(q) {
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

// benchQuery compares a query's answers and tells whether the whole of it is a fragment.
func (d *db) benchQuery(q string) (whole bool) {
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
	want, werr := d.query(q, nil)
	r := &recorder{ColumnarRunner: d.engine.Runner(d)}
	got, gerr := d.query(q, r)
	// Which of the rows with equal keys come first is free, and so is which of them are within a LIMIT.
	slices.Sort(want)
	slices.Sort(got)
	if limited := strings.Contains(strings.ToLower(outermost(q)), "limit"); werr != nil || gerr != nil || r.ran == 0 || len(want) != len(got) || !limited && !slices.Equal(want, got) {
		d.t.Errorf("%s\nrows:    %q %v\ncolumns: %q %v %v\n%s", q, want, werr, got, gerr, r.err, f.SQL)
	}
	return whole
}

// benchTables makes the tables of a schema and fills them.
func (d *db) benchTables(schema, queries string, rows int) {
	d.t.Helper()
	texts := []string{"", "a", "Customer Complaints", "special requests", "forest green", "http://www.google.com/x", "https://a.b/c?d=1", "Google - page", "13-345"}
	for _, m := range regexp.MustCompile(`'([A-Z][A-Za-z0-9 #-]*)'`).FindAllStringSubmatch(queries, -1) {
		texts = append(texts, m[1])
	}
	for _, m := range regexp.MustCompile(`(?s)create table (\w+) \((.*?)\);\n`).FindAllStringSubmatch(schema+"\n", -1) {
		var cols []column
		for _, c := range regexp.MustCompile(`(\w+) (bigint|int|integer|smallint|timestamp|date|text|(?:char|varchar|numeric)\([0-9,]+\))(?: not null)?(?:,|$|\n)`).FindAllStringSubmatch(m[2], -1) {
			cols = append(cols, benchColumn(c[1], c[2]))
		}
		if len(cols) < 3 {
			d.t.Fatalf("columns of %s: %v", m[1], cols)
		}
		tab := d.table(m[1], cols...)
		var list []string
		for range rows {
			var vals []string
			for _, c := range cols {
				vals = append(vals, d.benchValue(c, texts))
			}
			list = append(list, "("+strings.Join(vals, ", ")+")")
		}
		d.mustExec("insert into " + m[1] + " values " + strings.Join(list, ", "))
		d.shape(tab, 3)
	}
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

func (d *db) benchValue(c column, texts []string) string {
	n := d.rnd.IntN(12)
	switch c.typ {
	case types.Int2, types.Int4, types.Int8:
		if c.typ == types.Int8 && (strings.HasSuffix(c.name, "hash") || c.name == "userid") {
			return []string{"3594120000172545465", "2868770270353813622", "435090932899640449"}[n%3]
		}
		return []string{strconv.Itoa(n), "62"}[d.rnd.IntN(2)]
	case types.Numeric:
		return fmt.Sprintf("%d.%02d", n*n, d.rnd.IntN(100))
	case types.Date:
		if c.name == "eventdate" {
			return fmt.Sprintf("'2013-07-%02d'", 1+d.rnd.IntN(31))
		}
		return fmt.Sprintf("'%d-%02d-%02d'", 1992+d.rnd.IntN(7), 1+n, 1+d.rnd.IntN(28))
	case types.Timestamp:
		return fmt.Sprintf("'2013-07-%02d 12:%02d:30'", 1+d.rnd.IntN(31), d.rnd.IntN(60))
	}
	s := texts[d.rnd.IntN(len(texts))]
	if c.mod > 4 {
		s = string(slices.Clone([]byte(s))[:min(len(s), int(c.mod)-4)])
	}
	return "'" + s + "'"
}

package bind_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

var rewrite = flag.Bool("rewrite", false, "write testdata from what the binder does now")

// testTables are the tables of every test: the same are made in the oracle.
const testTables = `
create table t (a int primary key, b text, c numeric(10,2) default 1.5, d timestamptz, arr int[], j jsonb, v varchar(5));
create table u (a int, x bigint, y text, z double precision);
create table g (id int generated always as identity, n int not null default 7, twice int generated always as (n * 2) stored, check (n > 0));
create unique index on t (lower(b)) where a > 0;
create view vw as select t.a, t.b || 'x' as bx from public.t where t.a > 3;
`

func col(n int16, name string, typ types.OID, mod int32) catalog.Column {
	c := catalog.Column{AttNum: n, Name: name, Type: typ, TypMod: mod}
	if t := types.Lookup(typ); t != nil {
		c.Collation = t.Collation
	}
	return c
}

func testCatalog() *catalog.Catalog {
	base := catalog.New()
	ed := base.Edit(catalog.NewAllocator(base))
	t := &catalog.Table{OID: 20000, RowType: 20001, Schema: catalog.PublicOID, Name: "t", Kind: catalog.RelTable, Persistence: catalog.Permanent,
		Columns: []catalog.Column{col(1, "a", types.Int4, -1), col(2, "b", types.Text, -1), col(3, "c", types.Numeric, 10<<16|2+4),
			col(4, "d", types.TimestampTZ, -1), col(5, "arr", types.Int4Array, -1), col(6, "j", types.JSONB, -1), col(7, "v", types.Varchar, 9)},
		Indexes: []*catalog.Index{{OID: 20003, Name: "t_pkey", ID: 1, Unique: true, Primary: true, Keys: []catalog.IndexKey{{Att: 1, Type: types.Int4}}},
			{OID: 20004, Name: "t_lower_idx", ID: 2, Unique: true, Keys: []catalog.IndexKey{{Expr: "lower(b)", Type: types.Text}}, Pred: "(a > 0)"}},
		Constraints: []*catalog.Constraint{{OID: 20005, Name: "t_pkey", Type: catalog.ConPrimary, Cols: []int16{1}, Index: 20003}},
	}
	t.Columns[0].NotNull = true
	t.Columns[2].Default = "1.5"
	u := &catalog.Table{OID: 20010, RowType: 20011, Schema: catalog.PublicOID, Name: "u", Kind: catalog.RelTable, Persistence: catalog.Permanent,
		Columns: []catalog.Column{col(1, "a", types.Int4, -1), col(2, "x", types.Int8, -1), col(3, "y", types.Text, -1), col(4, "z", types.Float8, -1)}}
	g := &catalog.Table{OID: 20020, RowType: 20021, Schema: catalog.PublicOID, Name: "g", Kind: catalog.RelTable, Persistence: catalog.Permanent,
		Columns:     []catalog.Column{col(1, "id", types.Int4, -1), col(2, "n", types.Int4, -1), col(3, "twice", types.Int4, -1)},
		Constraints: []*catalog.Constraint{{OID: 20023, Name: "g_n_check", Type: catalog.ConCheck, Cols: []int16{2}, Expr: "(n > 0)"}}}
	g.Columns[0].Identity, g.Columns[0].IdentSeq = 'a', 20024
	g.Columns[1].Default = "7"
	g.Columns[2].Generated, g.Columns[2].Default = 's', "(n * 2)"
	vw := &catalog.Table{OID: 20030, RowType: 20031, Schema: catalog.PublicOID, Name: "vw", Kind: catalog.RelView, Persistence: catalog.Permanent,
		Columns: []catalog.Column{col(1, "a", types.Int4, -1), col(2, "bx", types.Text, -1)},
		View:    "SELECT t.a, t.b || 'x' AS bx FROM public.t WHERE t.a > 3"}
	for _, x := range []*catalog.Table{t, u, g, vw} {
		ed.PutTable(x)
	}
	return ed.Catalog()
}

func testEnv(sql string) *bind.Env {
	return &bind.Env{Catalog: testCatalog(), SearchPath: []types.OID{catalog.PublicOID}, Database: "bindtest", Source: sql, Cache: &parser.Cache{}}
}

func bindSQL(sql string) (*plan.Statement, error) {
	stmts, err := parser.Parse(sql)
	if err != nil {
		return nil, err
	}
	return bind.Statement(testEnv(sql), stmts[0].Node, nil)
}

func showError(err error) string {
	e := pgerr.From(err)
	s := e.Code + " " + e.Message
	if e.Position > 0 {
		s += " @" + itoa(e.Position)
	}
	if e.Detail != "" {
		s += "\n  detail: " + e.Detail
	}
	if e.Hint != "" {
		s += "\n  hint: " + e.Hint
	}
	return s + "\n"
}

func itoa(n int) string {
	if n >= 10 {
		return itoa(n/10) + string(rune('0'+n%10))
	}
	return string(rune('0' + n))
}

// TestPlans binds each statement of testdata/*.sql and compares the tree or the error with what stands below it.
//
//	statement;
//	----
//	tree
//	(blank line)
func TestPlans(t *testing.T) {
	files, err := filepath.Glob("testdata/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		for _, chunk := range strings.Split(strings.TrimSpace(string(raw)), "\n\n") {
			sql, want, _ := strings.Cut(chunk, "\n----\n")
			sql = strings.TrimSpace(sql)
			got := ""
			if st, err := bindSQL(sql); err != nil {
				got = "ERROR " + showError(err)
			} else {
				got = dumpStatement(st)
			}
			got = strings.TrimSpace(got)
			out.WriteString(sql + "\n----\n" + got + "\n\n")
			if !*rewrite && got != strings.TrimSpace(want) {
				t.Errorf("%s: %s\ngot:\n%s\nwant:\n%s", f, sql, got, want)
			}
		}
		if *rewrite {
			if err := os.WriteFile(f, []byte(out.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

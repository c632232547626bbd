package opt_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/explain"
	"github.com/tarndb/tarn/sql/opt"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

var rewrite = flag.Bool("rewrite", false, "write testdata from what the optimizer does now")

// A table of the tests: columns as "name type", ! for NOT NULL; indexes as "name: columns [where predicate]", pkey first.
type table struct {
	name    string
	rows    float64
	columns string
	indexes []string
}

var testTables = []table{
	{"region", 5, "r_regionkey int4!, r_name text", []string{"region_pkey: r_regionkey"}},
	{"nation", 25, "n_nationkey int4!, n_name text, n_regionkey int4", []string{"nation_pkey: n_nationkey"}},
	{"supplier", 10000, "s_suppkey int4!, s_name text, s_nationkey int4, s_acctbal numeric", []string{"supplier_pkey: s_suppkey"}},
	{"customer", 150000, "c_custkey int4!, c_name text, c_nationkey int4, c_mktsegment text, c_acctbal numeric", []string{"customer_pkey: c_custkey"}},
	{"part", 200000, "p_partkey int4!, p_name text, p_brand text, p_size int4, p_container text", []string{"part_pkey: p_partkey"}},
	{"partsupp", 800000, "ps_partkey int4!, ps_suppkey int4!, ps_supplycost numeric, ps_availqty int4", []string{"partsupp_pkey: ps_partkey ps_suppkey"}},
	{"orders", 1500000, "o_orderkey int4!, o_custkey int4, o_orderdate date, o_orderpriority text, o_totalprice numeric", []string{"orders_pkey: o_orderkey", "orders_cust: o_custkey"}},
	{"lineitem", 6000000, "l_orderkey int4!, l_linenumber int4!, l_partkey int4, l_suppkey int4, l_quantity numeric, l_extendedprice numeric, l_discount numeric, l_shipdate date, l_commitdate date, l_receiptdate date, l_returnflag text, l_linestatus text",
		[]string{"lineitem_pkey: l_orderkey l_linenumber", "lineitem_part: l_partkey"}},
	{"users", 100000, "id int4!, email text!, name text, active bool, created timestamptz", []string{"users_pkey: id", "users_email: email", "users_active: created where active", "users_lower: lower(email)"}},
	{"posts", 1000000, "id int4!, user_id int4!, title text, body text, at timestamptz", []string{"posts_pkey: id", "posts_user: user_id at"}},
}

type rowCounts map[string]float64

func (r rowCounts) Rows(t *catalog.Table) float64 { return r[t.Name] }

func testCatalog() (*catalog.Catalog, rowCounts) {
	base := catalog.New()
	ed := base.Edit(catalog.NewAllocator(base))
	rows := rowCounts{}
	oid := types.OID(20000)
	next := func() types.OID { oid++; return oid }
	for _, spec := range testTables {
		rows[spec.name] = spec.rows
		t := &catalog.Table{OID: next(), RowType: next(), Schema: catalog.PublicOID, Name: spec.name, Kind: catalog.RelTable, Persistence: catalog.Permanent}
		for i, c := range strings.Split(spec.columns, ", ") {
			name, typ, _ := strings.Cut(c, " ")
			y := types.LookupName(strings.TrimSuffix(typ, "!"))
			t.Columns = append(t.Columns, catalog.Column{AttNum: int16(i + 1), Name: name, Type: y.OID, TypMod: -1, Collation: y.Collation, Kind: y.Kind, NotNull: strings.HasSuffix(typ, "!")})
		}
		for i, x := range spec.indexes {
			name, keys, _ := strings.Cut(x, ": ")
			keys, pred, _ := strings.Cut(keys, " where ")
			ix := &catalog.Index{OID: next(), Name: name, ID: uint16(i + 1), Unique: i == 0 || name == "users_email", Primary: i == 0, Pred: pred}
			for _, k := range strings.Fields(keys) {
				if c := t.ColumnByName(k); c != nil {
					ix.Keys = append(ix.Keys, catalog.IndexKey{Att: c.AttNum, Type: c.Type, Kind: c.Kind})
				} else {
					text := types.Lookup(types.Text)
					ix.Keys = append(ix.Keys, catalog.IndexKey{Expr: k, Type: text.OID, Kind: text.Kind})
				}
			}
			t.Indexes = append(t.Indexes, ix)
		}
		ed.PutTable(t)
	}
	return ed.Catalog(), rows
}

type planner struct {
	cat  *catalog.Catalog
	rows rowCounts
	bind parser.Cache
	off  func(string) bool
}

func (p *planner) env(sql string) *bind.Env {
	return &bind.Env{Catalog: p.cat, SearchPath: []types.OID{catalog.PublicOID}, Database: "test", Source: sql, Cache: &p.bind}
}

func (p *planner) optEnv() *opt.Env {
	return &opt.Env{Catalog: p.cat, Stats: p.rows, Disabled: p.off, StoredExpr: func(t *catalog.Table, sql string, cols []plan.Col) (plan.Expr, error) {
		e, named, err := bind.TableExpr(p.env(""), t, sql, plan.Type{Mod: -1})
		if err != nil {
			return nil, err
		}
		to := map[plan.ColID]plan.ColID{}
		for att, c := range named {
			for _, want := range cols {
				if want.AttNum == att {
					to[c.ID] = want.ID
				}
			}
		}
		return plan.MapExpr(e, func(e plan.Expr) plan.Expr {
			if r, ok := e.(*plan.ColRef); ok {
				c := *r
				c.Col = to[r.Col]
				return &c
			}
			return e
		}), nil
	}}
}

func (p *planner) bound(sql string) (*plan.Statement, error) {
	stmts, err := parser.Parse(sql)
	if err != nil {
		return nil, err
	}
	return bind.Statement(p.env(sql), stmts[0].Node, nil)
}

func (p *planner) text(sql string) string {
	st, err := p.bound(sql)
	if err != nil {
		return "ERROR " + err.Error() + "\n"
	}
	phys, err := opt.Optimize(p.optEnv(), st)
	if err != nil {
		return "ERROR " + err.Error() + "\n"
	}
	return strings.Join(explain.Text(phys, explain.Options{}, nil, explain.Run{}), "\n") + "\n"
}

// TestPlans plans each statement of testdata/plans.sql and compares with the text below it.
func TestPlans(t *testing.T) {
	const file = "testdata/plans.sql"
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p := &planner{}
	p.cat, p.rows = testCatalog()
	var out strings.Builder
	for _, chunk := range strings.Split(strings.TrimSpace(string(raw)), "\n\n") {
		sql, want, _ := strings.Cut(chunk, "\n----\n")
		got := p.text(sql)
		out.WriteString(sql + "\n----\n" + got + "\n")
		if !*rewrite && strings.TrimSpace(got) != strings.TrimSpace(want) {
			t.Errorf("%s\ngot:\n%s\nwant:\n%s", sql, got, want)
		}
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func benchmark(b *testing.B, sql string) {
	p := &planner{}
	p.cat, p.rows = testCatalog()
	st, err := p.bound(sql)
	if err != nil {
		b.Fatal(err)
	}
	env := p.optEnv()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := opt.Optimize(env, st); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPointSelect(b *testing.B) { benchmark(b, "select title from posts where id = $1") }

func BenchmarkJoin8(b *testing.B) {
	benchmark(b, `select count(*) from part, supplier, lineitem, orders, customer, nation n1, nation n2, region
		where p_partkey = l_partkey and s_suppkey = l_suppkey and l_orderkey = o_orderkey and o_custkey = c_custkey
		and c_nationkey = n1.n_nationkey and n1.n_regionkey = r_regionkey and s_nationkey = n2.n_nationkey`)
}

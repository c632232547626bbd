package ruleutils_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
)

// conditions over table ru (a int, b text, c numeric(10,2), d timestamptz, arr int[], j jsonb): how a check constraint with
// them prints, plain and pretty. TestOracle asks PostgreSQL the same.
var conditions = []struct{ src, plain, pretty string }{
	{"a > 0", "CHECK ((a > 0))", "CHECK (a > 0)"},
	{"a > 0 and b <> 'x' or c is null", "CHECK ((((a > 0) AND (b <> 'x'::text)) OR (c IS NULL)))", "CHECK (a > 0 AND b <> 'x'::text OR c IS NULL)"},
	{"a in (1, 2)", "CHECK ((a = ANY (ARRAY[1, 2])))", "CHECK (a = ANY (ARRAY[1, 2]))"},
	{"(a + 1) * 2 - 3 > 4 - (5 - a)", "CHECK (((((a + 1) * 2) - 3) > (4 - (5 - a))))", "CHECK (((a + 1) * 2 - 3) > (4 - (5 - a)))"},
	{"c > 1", "CHECK ((c > (1)::numeric))", "CHECK (c > 1::numeric)"},
	{"a::bigint > -1", "CHECK (((a)::bigint > '-1'::integer))", "CHECK (a::bigint > '-1'::integer)"},
	{"not (a = 1 and b like 'q%')", "CHECK ((NOT ((a = 1) AND (b ~~ 'q%'::text))))", "CHECK (NOT (a = 1 AND b ~~ 'q%'::text))"},
	{"lower(b) = 'it''s'", "CHECK ((lower(b) = 'it''s'::text))", "CHECK (lower(b) = 'it''s'::text)"},
	{"coalesce(a, 0) = 1 and arr[1] = 2 and (j -> 'k') is not null", "CHECK (((COALESCE(a, 0) = 1) AND (arr[1] = 2) AND ((j -> 'k'::text) IS NOT NULL)))",
		"CHECK (COALESCE(a, 0) = 1 AND arr[1] = 2 AND (j -> 'k'::text) IS NOT NULL)"},
	{"b collate \"C\" < 'z'", "CHECK (((b COLLATE \"C\") < 'z'::text))", "CHECK ((b COLLATE \"C\") < 'z'::text)"},
	{"extract(year from d) > 2000", "CHECK ((EXTRACT(year FROM d) > (2000)::numeric))", "CHECK (EXTRACT(year FROM d) > 2000::numeric)"},
	{"a between 1 and 5", "CHECK (((a >= 1) AND (a <= 5)))", "CHECK (a >= 1 AND a <= 5)"},
	{"d < '2020-01-01'::timestamptz", "", ""},
	{"b is distinct from 'x' and (a > 1) is true", "CHECK (((b IS DISTINCT FROM 'x'::text) AND ((a > 1) IS TRUE)))", "CHECK (b IS DISTINCT FROM 'x'::text AND (a > 1) IS TRUE)"},
	{"c = 1.5::numeric(10,2)", "CHECK ((c = 1.5::numeric(10,2)))", "CHECK (c = 1.5::numeric(10,2))"},
	{"length(b || 'x' || b) > 3", "CHECK ((length(((b || 'x'::text) || b)) > 3))", "CHECK (length((b || 'x'::text) || b) > 3)"},
	{"a = any (arr)", "CHECK ((a = ANY (arr)))", "CHECK (a = ANY (arr))"},
	{"greatest(a, 1) > least(2, a) and nullif(a, 1) > 0", "CHECK (((GREATEST(a, 1) > LEAST(2, a)) AND (NULLIF(a, 1) > 0)))", "CHECK (GREATEST(a, 1) > LEAST(2, a) AND NULLIF(a, 1) > 0)"},
}

func table() (*catalog.Catalog, *catalog.Table) {
	base := catalog.New()
	ed := base.Edit(catalog.NewAllocator(base))
	t := &catalog.Table{OID: 20000, RowType: 20001, Schema: catalog.PublicOID, Name: "ru", Kind: catalog.RelTable}
	for i, c := range []struct {
		name string
		typ  types.OID
		mod  int32
	}{{"a", types.Int4, -1}, {"b", types.Text, -1}, {"c", types.Numeric, 10<<16 | 2 + 4}, {"d", types.TimestampTZ, -1}, {"arr", types.Int4Array, -1}, {"j", types.JSONB, -1}} {
		t.Columns = append(t.Columns, catalog.Column{AttNum: int16(i + 1), Name: c.name, Type: c.typ, TypMod: c.mod, Collation: types.Lookup(c.typ).Collation})
	}
	ed.PutTable(t)
	return ed.Catalog(), t
}

func namer(cat *catalog.Catalog, pretty bool) *ruleutils.Namer {
	env := &bind.Env{Catalog: cat, SearchPath: []types.OID{catalog.PublicOID}}
	return &ruleutils.Namer{Pretty: pretty, Relation: func(t *catalog.Table) string { return ruleutils.QuoteIdent(t.Name) },
		Expr: func(t *catalog.Table, sql string, pretty bool) (string, error) {
			return bind.ExprSQL(env, t, sql, pretty, nil)
		}}
}

func TestConstraints(t *testing.T) {
	cat, tab := table()
	for _, c := range conditions {
		if c.plain == "" {
			continue
		}
		con := &catalog.Constraint{Name: "k", Type: catalog.ConCheck, Expr: c.src, Validated: true}
		for _, form := range []struct {
			pretty bool
			want   string
		}{{false, c.plain}, {true, c.pretty}} {
			got, err := ruleutils.ConstraintDef(tab, con, nil, namer(cat, form.pretty))
			if err != nil || got != form.want {
				t.Errorf("%s\ngot  %s %v\nwant %s", c.src, got, err, form.want)
			}
		}
	}
}

func TestKeysAndIndexes(t *testing.T) {
	cat, tab := table()
	n := namer(cat, false)
	ix := &catalog.Index{OID: 20010, Name: "ru idx", Unique: true, Keys: []catalog.IndexKey{{Att: 1, Type: types.Int4, Desc: true, NullsFirst: true},
		{Expr: "lower(b)", Type: types.Text}, {Expr: "(a + 1)", Type: types.Int4, NullsFirst: true}}, Include: []int16{3}, Pred: "(a > 0)"}
	got, err := ruleutils.IndexDef(tab, ix, 0, n)
	if want := `CREATE UNIQUE INDEX "ru idx" ON ru USING btree (a DESC, lower(b), ((a + 1)) NULLS FIRST) INCLUDE (c) WHERE (a > 0)`; err != nil || got != want {
		t.Errorf("got  %s %v\nwant %s", got, err, want)
	}
	if got, _ := ruleutils.IndexDef(tab, ix, 2, n); got != "lower(b)" {
		t.Errorf("second key: %s", got)
	}
	fk := &catalog.Constraint{Type: catalog.ConForeign, Cols: []int16{1}, RefCols: []int16{1}, OnDelete: 'c', OnUpdate: 'a', Match: 'f', Deferrable: true, Deferred: true, Validated: true}
	got, err = ruleutils.ConstraintDef(tab, fk, tab, n)
	if want := "FOREIGN KEY (a) REFERENCES ru(a) MATCH FULL ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED"; err != nil || got != want {
		t.Errorf("got  %s %v\nwant %s", got, err, want)
	}
}

func TestQuoting(t *testing.T) {
	for in, want := range map[string]string{"a": "a", "A": `"A"`, "select": `"select"`, "name": "name", "a b": `"a b"`, `q"q`: `"q""q"`, "": `""`, "1a": `"1a"`, "é": `"é"`, "left": `"left"`} {
		if got := ruleutils.QuoteIdent(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

// TestOracle compares the table above with PostgreSQL 15.
func TestOracle(t *testing.T) {
	dsn := os.Getenv("TARN_ORACLE")
	if dsn == "" {
		dsn = "host=/tmp/pgo port=5499 user=postgres dbname=postgres"
	}
	ctx := context.Background()
	c, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		t.Skip("no oracle:", err)
	}
	defer c.Close(ctx)
	cat, tab := table()
	for _, cond := range conditions {
		res, err := c.Exec(ctx, "begin; create temp table ru (a int, b text, c numeric(10,2), d timestamptz, arr int[], j jsonb, constraint k check ("+cond.src+
			")); select pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) from pg_constraint where conname = 'k'; rollback").ReadAll()
		if err != nil {
			t.Fatal(cond.src, err)
		}
		row := res[2].Rows[0]
		con := &catalog.Constraint{Name: "k", Type: catalog.ConCheck, Expr: cond.src, Validated: true}
		for i, pretty := range []bool{false, true} {
			got, err := ruleutils.ConstraintDef(tab, con, nil, namer(cat, pretty))
			if want := string(row[i]); err != nil || got != want {
				if strings.Contains(cond.src, "timestamptz") {
					continue // prints in the session's time zone
				}
				t.Errorf("%s (pretty %v)\ngot  %s %v\nwant %s", cond.src, pretty, got, err, want)
			}
		}
	}
}

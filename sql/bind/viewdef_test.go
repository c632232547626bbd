package bind_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/types"
)

func trimDef(s string) string { return strings.TrimSuffix(strings.TrimSpace(s), ";") }

// classNames resolves regclass among the system tables.
type classNames struct {
	anyName
	cat *catalog.Catalog
}

func (r classNames) RegName(_ types.RegKind, oid types.OID) (string, bool) {
	if t := r.cat.Table(oid); t != nil {
		return t.Name, true
	}
	return "", false
}

func (r classNames) RegOID(_ types.RegKind, name string) (types.OID, error) {
	t, _ := r.cat.Relation(catalog.PgCatalogOID, strings.TrimPrefix(name, "pg_catalog."))
	if t == nil {
		return 1, nil
	}
	return t.OID, nil
}

// TestSystemViews: PostgreSQL's own definitions of its views, bound and printed again, are the same text.
func TestSystemViews(t *testing.T) {
	cat := catalog.New()
	same, different := 0, 0
	for _, r := range pgdata.Load("system_views").Rows {
		var tab *catalog.Table
		cat.Tables(func(x *catalog.Table) bool {
			if x.Name == *r[2] && x.Kind == catalog.RelView && cat.SchemaByOID(x.Schema).Name == *r[1] {
				tab = x
			}
			return tab == nil
		})
		env := &bind.Env{Catalog: cat, SearchPath: []types.OID{catalog.PublicOID}, Cache: &parser.Cache{}, Types: &types.Env{Resolver: classNames{cat: cat}}}
		if tab == nil {
			continue
		}
		got, err := bind.ViewSQL(env, tab, bind.DefOptions{Qualify: func(t *catalog.Table) bool { return t.Schema != catalog.PgCatalogOID }})
		if err != nil {
			t.Errorf("%s: %v", *r[2], err)
			different++
			continue
		}
		// information_schema's views lose their domains in Tarn: that they bind and print is what counts there.
		if *r[1] == "pg_catalog" && trimDef(got) != trimDef(*r[3]) {
			different++
			t.Errorf("%s\n%s", *r[2], firstDiff(got, *r[3]))
			continue
		}
		same++
	}
	t.Logf("%d same, %d different", same, different)
}

func firstDiff(a, b string) string {
	x, y := strings.Split(trimDef(a), "\n"), strings.Split(trimDef(b), "\n")
	for i := range x {
		if i >= len(y) || x[i] != y[i] {
			w := ""
			if i < len(y) {
				w = y[i]
			}
			return "  got  " + x[i] + "\n  want " + w
		}
	}
	return "longer"
}

// TestViewDefinitions makes the views of testdata/views/views.sql on PostgreSQL and compares pg_get_viewdef, plain and pretty,
// with what is printed here from the same source text.
func TestViewDefinitions(t *testing.T) {
	c := oracle(t)
	for _, sql := range []string{"drop schema if exists public cascade; create schema public", testTables} {
		if _, err := c.Exec(context.Background(), sql).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile("testdata/views/views.sql")
	if err != nil {
		t.Fatal(err)
	}
	cat := mirrorCatalog(t, c)
	for _, sql := range strings.Split(string(raw), ";\n") {
		if sql = strings.TrimSpace(sql); sql == "" {
			continue
		}
		if _, err := c.Exec(context.Background(), "create or replace view v_x as "+sql).ReadAll(); err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		want := rows(t, c, "select pg_get_viewdef('v_x'::regclass), pg_get_viewdef('v_x'::regclass, true)")
		stmts, err := parser.Parse(sql)
		if err != nil {
			t.Fatal(err)
		}
		for i, pretty := range []bool{false, true} {
			env := &bind.Env{Catalog: cat, SearchPath: []types.OID{catalog.PublicOID}, Cache: &parser.Cache{}}
			got, err := bind.QuerySQL(env, stmts[0].Node, bind.DefOptions{Pretty: pretty, Qualify: func(*catalog.Table) bool { return false }})
			if err != nil {
				t.Errorf("%s: %v", sql, err)
				continue
			}
			if trimDef(got) != trimDef(want[0][i]) {
				t.Errorf("%s (pretty %v)\ngot\n%s\nwant\n%s", sql, pretty, got, want[0][i])
			}
		}
		if _, err := c.Exec(context.Background(), "drop view v_x").ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
}

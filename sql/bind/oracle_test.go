package bind_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// oracle connects to a PostgreSQL 15 that the test may use; it skips the test where there is none.
func oracle(t *testing.T) *pgconn.PgConn {
	dsn := os.Getenv("TARN_ORACLE")
	if dsn == "" {
		dsn = "host=/tmp/pgo port=5499 user=postgres dbname=bindtest"
	}
	c, err := pgconn.Connect(context.Background(), dsn)
	if err != nil {
		t.Skip("no oracle:", err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

func rows(t *testing.T, c *pgconn.PgConn, sql string) [][]string {
	t.Helper()
	res, err := c.Exec(context.Background(), sql).ReadAll()
	if err != nil {
		t.Fatal(sql, err)
	}
	var out [][]string
	for _, r := range res[len(res)-1].Rows {
		row := make([]string, len(r))
		for i, v := range r {
			row[i] = string(v)
		}
		out = append(out, row)
	}
	return out
}

func num(s string) int64 { n, _ := strconv.ParseInt(s, 10, 64); return n }

// mirrorCatalog builds the catalog that the oracle's tables have, OIDs included.
func mirrorCatalog(t *testing.T, c *pgconn.PgConn) *catalog.Catalog {
	base := catalog.New()
	ed := base.Edit(catalog.NewAllocator(base))
	tabs := map[int64]*catalog.Table{}
	for _, r := range rows(t, c, `select c.oid, relname, relkind, reltype, coalesce(case when relkind='v' then pg_get_viewdef(c.oid) end,''), relnamespace
		from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r','v','S','m','p') order by 1`) {
		kind := catalog.RelKind(r[2][0])
		if kind == 'p' {
			kind = catalog.RelTable
		}
		tabs[num(r[0])] = &catalog.Table{OID: types.OID(num(r[0])), Name: r[1], Kind: kind, RowType: types.OID(num(r[3])),
			Schema: catalog.PublicOID, View: strings.TrimSuffix(r[4], ";"), Persistence: catalog.Permanent}
	}
	for _, r := range rows(t, c, `select attrelid, attnum, attname, atttypid, atttypmod, attcollation, attnotnull, attisdropped, attidentity, attgenerated,
		coalesce(pg_get_expr(adbin, adrelid),'') from pg_attribute left join pg_attrdef on adrelid=attrelid and adnum=attnum where attnum > 0 order by 1,2`) {
		tab := tabs[num(r[0])]
		if tab == nil {
			continue
		}
		c := catalog.Column{AttNum: int16(num(r[1])), Name: r[2], Type: types.OID(num(r[3])), TypMod: int32(num(r[4])), Collation: types.OID(num(r[5])),
			NotNull: r[6] == "t", Dropped: r[7] == "t", Default: r[10]}
		if r[8] != "" {
			c.Identity = r[8][0]
		}
		if r[9] != "" {
			c.Generated = r[9][0]
		}
		tab.Columns = append(tab.Columns, c)
	}
	for _, r := range rows(t, c, `select indrelid, indexrelid, relname, indisunique, indisprimary, indkey, coalesce(pg_get_expr(indpred, indrelid),''), indnkeyatts
		from pg_index join pg_class c on c.oid = indexrelid where relnamespace = 'public'::regnamespace`) {
		tab := tabs[num(r[0])]
		if tab == nil {
			continue
		}
		ix := &catalog.Index{OID: types.OID(num(r[1])), Name: r[2], Unique: r[3] == "t", Primary: r[4] == "t", Pred: r[6]}
		for i, k := range strings.Fields(r[5]) {
			key := catalog.IndexKey{Att: int16(num(k))}
			if key.Att == 0 {
				key.Expr = rows(t, c, fmt.Sprintf("select pg_get_indexdef(%s, %d, true)", r[1], i+1))[0][0]
			}
			ix.Keys = append(ix.Keys, key)
		}
		tab.Indexes = append(tab.Indexes, ix)
	}
	for _, r := range rows(t, c, `select conrelid, conname, contype, conindid, coalesce(pg_get_expr(conbin, conrelid),''), condeferrable from pg_constraint where connamespace = 'public'::regnamespace`) {
		if tab := tabs[num(r[0])]; tab != nil {
			tab.Constraints = append(tab.Constraints, &catalog.Constraint{Name: r[1], Type: catalog.ConType(r[2][0]), Index: types.OID(num(r[3])), Expr: r[4], Deferrable: r[5] == "t"})
		}
	}
	for _, tab := range tabs {
		ed.PutTable(tab)
	}
	return ed.Catalog()
}

// describe is what the oracle says to Parse and Describe.
func describe(c *pgconn.PgConn, sql string) (string, string) {
	sd, err := c.Prepare(context.Background(), "", sql, nil)
	if err != nil {
		var pe *pgconn.PgError
		if !errors.As(err, &pe) {
			return "", err.Error()
		}
		e := pgerr.New(pe.Code, "%s", pe.Message).WithPosition(int(pe.Position))
		e.Detail, e.Hint = pe.Detail, pe.Hint
		return pe.Code, "ERROR " + showError(e)
	}
	var s strings.Builder
	for _, f := range sd.Fields {
		fmt.Fprintf(&s, "%s %d/%d from %d.%d\n", f.Name, f.DataTypeOID, f.TypeModifier, f.TableOID, f.TableAttributeNumber)
	}
	fmt.Fprintf(&s, "params %v\n", sd.ParamOIDs)
	return "", s.String()
}

func bound(env *bind.Env, sql string) (string, string) {
	env.Source = sql
	stmts, err := parser.Parse(sql)
	if err != nil {
		return pgerr.Code(err), "ERROR " + showError(err)
	}
	st, err := bind.Statement(env, stmts[0].Node, nil)
	if err != nil {
		return pgerr.Code(err), "ERROR " + showError(err)
	}
	var s strings.Builder
	for _, c := range st.Out {
		fmt.Fprintf(&s, "%s %d/%d from %d.%d\n", c.Name, c.T.OID, c.T.Mod, c.Table, uint16(c.AttNum))
	}
	fmt.Fprintf(&s, "params %v\n", append([]types.OID{}, st.Params...))
	return "", s.String()
}

// reprinted prints a query and binds the text; "" where it cannot be printed.
func reprinted(env *bind.Env, sql string) (text, out string) {
	stmts, err := parser.Parse(sql)
	if err != nil || strings.Contains(sql, "$") {
		return "", ""
	}
	text, err = bind.QuerySQL(env, stmts[0].Node, bind.DefOptions{})
	if err != nil {
		return "", ""
	}
	_, out = bound(env, text)
	return text, out
}

func withoutOrigin(s string) string {
	var out []string
	for _, line := range strings.Split(s, "\n") {
		line, _, _ = strings.Cut(line, " from ")
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// anyName resolves every reg* literal, so that statements with them can be compared.
type anyName struct{}

func (anyName) UserType(types.OID) *types.Type                  { return nil }
func (anyName) RegName(types.RegKind, types.OID) (string, bool) { return "", false }
func (anyName) RegOID(types.RegKind, string) (types.OID, error) { return 1, nil }

// TestOracle prepares every statement of testdata/oracle/*.sql (or of the files in TARN_BIND_CORPUS) on PostgreSQL and here:
// result columns, parameter types, and errors with position and hint must be the same. Statements are separated by lines
// that end in a semicolon.
func TestOracle(t *testing.T) {
	c := oracle(t)
	for _, sql := range []string{"drop schema if exists public cascade; create schema public", testTables} {
		if _, err := c.Exec(context.Background(), sql).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	dir := os.Getenv("TARN_BIND_CORPUS")
	corpus := dir != ""
	if !corpus {
		dir = "testdata/oracle"
	}
	files, _ := filepath.Glob(dir + "/*.sql")
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if setup, err := os.ReadFile(strings.TrimSuffix(f, ".sql") + ".setup"); err == nil {
			c.Exec(context.Background(), "reset all; set statement_timeout = '5s'; set client_min_messages = error; drop schema if exists public cascade; create schema public").ReadAll()
			for _, sql := range strings.Split(string(setup), "\x00") {
				c.Exec(context.Background(), sql).ReadAll()
			}
			c.Exec(context.Background(), "rollback; reset all").ReadAll()
		}
		cat := mirrorCatalog(t, c)
		good, bad, unsupported := 0, 0, 0
		for _, sql := range strings.Split(string(raw), ";\n") {
			sql = strings.TrimSpace(sql)
			if sql == "" {
				continue
			}
			env := &bind.Env{Catalog: cat, SearchPath: []types.OID{catalog.PublicOID}, Database: "bindtest", Cache: &parser.Cache{}, Types: &types.Env{Resolver: anyName{}}}
			wcode, want := describe(c, sql)
			code, got := bound(env, sql)
			if code == "" {
				if printed, again := reprinted(env, sql); printed != "" && withoutOrigin(again) != withoutOrigin(got) {
					t.Errorf("%s\nprints as\n%s\nwhich gives %s", sql, printed, again)
				}
			}
			switch {
			case got == want:
				good++
			case code == "0A000" && wcode != code && strings.HasSuffix(strings.TrimSpace(got), "is not supported"):
				unsupported++
				if os.Getenv("TARN_BIND_VERBOSE") != "" {
					t.Logf("%s\n%s", sql, got)
				}
			default:
				bad++
				t.Errorf("%s\ngot  %swant %s", sql, got, want)
			}
		}
		t.Logf("%s: %d same, %d different, %d not built", filepath.Base(f), good, bad, unsupported)
	}
}

package ddl

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tarndb/tarn/sql/parser"
)

// TestScripts runs testdata/*.sql. What must come out, testdata/*.golden, is PostgreSQL 15's answer; `TARN_ORACLE=record go test`
// asks a server for it again.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal(err, len(files))
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".sql"), func(t *testing.T) {
			script, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(f, ".sql") + ".golden"
			if os.Getenv("TARN_ORACLE") == "record" {
				if err := os.WriteFile(golden, []byte(record(t, string(script))), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			// Once more with every index built from files.
			bulk := newSession(t)
			bulk.bulkMin = 1
			if got := bulk.run(string(script)); got != string(want) {
				t.Error("from files:", diff(got, string(want)))
			}
			got := newSession(t).run(string(script))
			if got != string(want) {
				t.Error(diff(got, string(want)))
				if dir := os.Getenv("TARN_GOT"); dir != "" {
					if err := os.WriteFile(filepath.Join(dir, filepath.Base(golden)), []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

// diff shows the first lines that differ, with those around them.
func diff(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	i := 0
	for i < len(g) && i < len(w) && g[i] == w[i] {
		i++
	}
	lo := max(i-6, 0)
	return fmt.Sprintf("line %d:\ngot:\n%s\nwant:\n%s", i+1, strings.Join(g[lo:min(i+12, len(g))], "\n"), strings.Join(w[lo:min(i+12, len(w))], "\n"))
}

// record runs a script in a fresh database of PostgreSQL.
func record(t *testing.T, script string) string {
	ctx := context.Background()
	const dsn = "host=/tmp/pgo port=5499 user=postgres dbname="
	admin, err := pgconn.Connect(ctx, dsn+"postgres")
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(ctx)
	db := fmt.Sprintf("tarn_ddl_%d", os.Getpid())
	for _, sql := range []string{"drop database if exists " + db, "create database " + db} {
		if _, err := admin.Exec(ctx, sql).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	cfg, err := pgconn.ParseConfig(dsn + db)
	if err != nil {
		t.Fatal(err)
	}
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		fmt.Fprintf(&out, "%s:  %s\n", n.Severity, n.Message)
		if n.Detail != "" {
			fmt.Fprintf(&out, "DETAIL:  %s\n", n.Detail)
		}
	}
	conn, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	stmts, err := parser.Parse(script)
	if err != nil {
		t.Fatal(err)
	}
	for _, st := range stmts {
		fmt.Fprintf(&out, "%s;\n", st.Text)
		r := conn.ExecParams(ctx, st.Text, nil, nil, nil, nil)
		for r.NextRow() {
			for i, v := range r.Values() {
				if i > 0 {
					out.WriteByte('|')
				}
				out.Write(v)
			}
			out.WriteByte('\n')
		}
		tag, err := r.Close()
		if pe, ok := err.(*pgconn.PgError); ok {
			fmt.Fprintf(&out, "ERROR:  %s: %s\n", pe.Code, pe.Message)
			if pe.Detail != "" {
				fmt.Fprintf(&out, "DETAIL:  %s\n", pe.Detail)
			}
			if pe.Hint != "" {
				fmt.Fprintf(&out, "HINT:  %s\n", pe.Hint)
			}
			continue
		}
		fmt.Fprintf(&out, "%s\n", tag)
	}
	conn.Close(ctx)
	if _, err := admin.Exec(ctx, "drop database "+db).ReadAll(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

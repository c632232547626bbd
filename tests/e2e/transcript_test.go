package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestTranscripts runs testdata/*.sql, statement by statement. What must come out, the .golden beside it, is PostgreSQL 15's answer:
// TARN_ORACLE=connection string writes it anew.
func TestTranscripts(t *testing.T) {
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
			if dsn := os.Getenv("TARN_ORACLE"); dsn != "" {
				if err := os.WriteFile(golden, []byte(transcript(t, dsn, string(script))), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			server, stop := startServer(t, t.TempDir(), "--mirror=false")
			defer stop()
			if got := transcript(t, server.dsn(), string(script)); got != string(want) {
				t.Error(firstDifference(got, string(want)))
			}
		})
	}
}

// transcript runs statements, which end with a semicolon at the end of a line, each as a query string.
func transcript(t *testing.T, dsn, script string) string {
	t.Helper()
	ctx := context.Background()
	cfg, err := pgconn.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { answer(&out, n.Severity, n.Message, n.Detail, n.Hint) }
	var c *pgconn.PgConn
	for range 100 {
		if c, err = pgconn.ConnectConfig(ctx, cfg); err == nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	for _, sql := range strings.SplitAfter(script, ";\n") {
		if sql = strings.TrimSpace(sql); sql == "" {
			continue
		}
		out.WriteString(sql + "\n")
		r := c.Exec(ctx, sql)
		for r.NextResult() {
			rows := r.ResultReader()
			for rows.NextRow() {
				for i, v := range rows.Values() {
					if i > 0 {
						out.WriteString("|")
					}
					out.Write(v)
				}
				out.WriteString("\n")
			}
			if tag, err := rows.Close(); err == nil {
				fmt.Fprintf(&out, "[%s]\n", tag)
			}
		}
		if e, ok := r.Close().(*pgconn.PgError); ok {
			answer(&out, e.Severity+" "+e.Code, e.Message, e.Detail, e.Hint)
		}
	}
	return out.String()
}

func answer(out *strings.Builder, severity, message, detail, hint string) {
	fmt.Fprintf(out, "%s: %s\n", severity, message)
	if detail != "" {
		fmt.Fprintf(out, "DETAIL: %s\n", detail)
	}
	if hint != "" {
		fmt.Fprintf(out, "HINT: %s\n", hint)
	}
}

// firstDifference shows the first lines that differ, with those before them.
func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			from := max(0, i-6)
			return fmt.Sprintf("line %d\n%s\ngot:\n%s\nwant:\n%s", i+1, strings.Join(g[from:i], "\n"), strings.Join(g[i:min(i+8, len(g))], "\n"), strings.Join(w[i:min(i+8, len(w))], "\n"))
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

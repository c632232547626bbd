package exec_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tarndb/tarn/sql/plan"
)

var record = flag.Bool("record", false, "write testdata/*.out from what PostgreSQL answers")

// TestSQL runs testdata/*.sql through parser, binder, optimizer and executor, with much memory and with next to none, and
// compares the output with what PostgreSQL 15 gave (testdata/*.out). Rows of a query without ORDER BY at its end are
// sorted by text.
func TestSQL(t *testing.T) {
	files, err := filepath.Glob("testdata/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".sql")
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		stmts := split(string(raw))
		golden := strings.TrimSuffix(file, ".sql") + ".out"
		if *record {
			if err := os.WriteFile(golden, []byte(oracle(t, stmts)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		for _, mode := range []struct {
			name    string
			workMem int64
			rewrite func(plan.Node) plan.Node
			analyze bool
		}{
			{"memory", 4 << 20, nil, false}, {"spill", 8 << 10, nil, false}, {"sorted", 4 << 20, sorted, false},
			{"sorted-spill", 8 << 10, sorted, true}, {"looped", 4 << 20, looped, true}, {"columnar", 4 << 20, columnar, false},
		} {
			if mode.name != "memory" && testing.Short() {
				continue
			}
			t.Run(name+"/"+mode.name, func(t *testing.T) {
				s := newDB(t).session()
				s.workMem, s.rewrite, s.opts.Analyze = mode.workMem, mode.rewrite, mode.analyze
				compare(t, stmts, string(want), s.exec)
			})
		}
	}
}

const separator = "\n--\n"

func split(raw string) []string {
	var out []string
	for _, s := range strings.Split(raw, ";\n") {
		var lines []string
		for _, l := range strings.Split(s, "\n") {
			if !strings.HasPrefix(l, "--") {
				lines = append(lines, l)
			}
		}
		if s = strings.TrimSpace(strings.Join(lines, "\n")); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func compare(t *testing.T, stmts []string, want string, run func(string) string) {
	t.Helper()
	parts := strings.Split(want, separator)
	if len(parts) != len(stmts) {
		t.Fatalf("%d statements, %d recorded answers: run with -record", len(stmts), len(parts))
	}
	bad := 0
	for i, sql := range stmts {
		start := time.Now()
		got := strings.TrimSuffix(normal(sql, run(sql)), "\n")
		if d := time.Since(start); d > 300*time.Millisecond {
			t.Log(d.Round(time.Millisecond), sql)
		}
		_, exp, _ := strings.Cut(parts[i], "\n=>\n")
		if strings.HasPrefix(got, "ERROR 0A000: ") && strings.HasSuffix(got, ") is not supported") && !strings.HasPrefix(exp, "ERROR") {
			t.Logf("not built: %s", got) // package builtin's to give
			continue
		}
		if got != strings.TrimSuffix(exp, "\n") {
			t.Errorf("%s\ngot\n%s\nwant\n%s", sql, got, exp)
			if bad++; bad > 25 {
				t.Fatal("and so on")
			}
		}
	}
}

// normal sorts the rows of a query that has no order.
func normal(sql, out string) string {
	tail := strings.ToLower(sql[strings.LastIndexByte(sql, ')')+1:])
	if strings.Contains(tail, "order by") || strings.HasPrefix(out, "ERROR") {
		return out
	}
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	tag := ""
	if n := len(lines) - 1; !strings.HasPrefix(strings.ToLower(sql), "select") && !strings.HasPrefix(strings.ToLower(sql), "with") {
		tag, lines = lines[n], lines[:n]
	}
	slices.Sort(lines)
	if tag != "" {
		lines = append(lines, tag)
	}
	return strings.Join(lines, "\n")
}

// oracle runs the statements on PostgreSQL.
func oracle(t *testing.T, stmts []string) string {
	dsn := os.Getenv("TARN_ORACLE")
	if dsn == "" {
		dsn = "host=/tmp/pgo port=5499 user=postgres dbname=exectest"
	}
	ctx := context.Background()
	c, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		t.Skip("no oracle:", err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, "set client_min_messages = error; drop schema if exists public cascade; create schema public; set timezone = 'UTC'").ReadAll(); err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, sql := range stmts {
		var b strings.Builder
		res, err := c.Exec(ctx, sql).ReadAll()
		var pe *pgconn.PgError
		if errors.As(err, &pe) {
			b.WriteString("ERROR " + pe.Code + ": " + pe.Message + "\n")
			if pe.Detail != "" {
				b.WriteString("DETAIL: " + pe.Detail + "\n")
			}
			if pe.ConstraintName != "" {
				b.WriteString("CONSTRAINT: " + pe.SchemaName + "." + pe.TableName + " " + pe.ConstraintName + "\n")
			}
			// The block is over in the harness too.
			if _, err := c.Exec(ctx, "rollback").ReadAll(); err != nil {
				t.Fatal(err)
			}
		} else if err != nil {
			t.Fatal(sql, err)
		} else {
			for _, r := range res {
				for _, row := range r.Rows {
					for i, v := range row {
						if i > 0 {
							b.WriteByte('|')
						}
						if v == nil {
							b.WriteString("NULL")
						} else {
							b.Write(v)
						}
					}
					b.WriteByte('\n')
				}
				tag := r.CommandTag.String()
				if strings.HasPrefix(tag, "INSERT") {
					tag = "INSERT" + strings.TrimPrefix(tag, "INSERT 0")
				}
				if !strings.HasPrefix(tag, "SELECT") {
					b.WriteString(tag + "\n")
				}
			}
		}
		parts = append(parts, sql+"\n=>\n"+strings.TrimSuffix(normal(sql, b.String()), "\n"))
	}
	return strings.Join(parts, separator) + "\n"
}

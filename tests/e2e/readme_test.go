package e2e

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestReadmeTour pastes the SQL of the README: each statement runs, and one whose line ends in "-- value" answers that.
func TestReadmeTour(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, tour, _ := strings.Cut(string(text), "```sql\n")
	tour, _, ok := strings.Cut(tour, "```\n")
	if !ok {
		t.Fatal("README.md has no block of SQL")
	}
	db, stop := startServer(t, t.TempDir())
	defer stop()
	var lines []string
	answers := 0
	for _, line := range strings.Split(tour, "\n") {
		if name, ok := strings.CutPrefix(line, "\\c "); ok {
			db.close()
			if db.c, err = pgconn.Connect(context.Background(), fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s", db.port, name)); err != nil {
				t.Fatal(err)
			}
			continue
		}
		sql, want, _ := strings.Cut(line, "-- ")
		lines = append(lines, sql)
		if !strings.HasSuffix(strings.TrimSpace(sql), ";") {
			continue
		}
		got := db.run(strings.Join(lines, "\n"))
		if strings.HasPrefix(line, "EXPLAIN") && !strings.Contains(got, "Columnar") {
			t.Errorf("%s\nis not columnar:\n%s", line, got)
		}
		if want != "" {
			answers++
			if strings.TrimSpace(got) != want {
				t.Errorf("%s\nanswers %s", line, got)
			}
		}
		lines = nil
	}
	if answers == 0 {
		t.Error("the tour shows no answer")
	}
}

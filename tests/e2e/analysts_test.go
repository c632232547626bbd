package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// all gives the rows of a statement as lines, or its error.
func (c *client) all(sql string) string {
	results, err := c.c.Exec(context.Background(), sql).ReadAll()
	if err != nil {
		return err.Error()
	}
	var out []string
	for _, r := range results {
		for _, row := range r.Rows {
			var cells []string
			for _, v := range row {
				cells = append(cells, string(v))
			}
			out = append(out, strings.Join(cells, "|"))
		}
	}
	return strings.Join(out, "\n")
}

// TestAnalysts: fifty sessions ask over columns at once in little memory, and each gets the rows' answer; statements that are cancelled or
// run out of time end, whatever DuckDB is in, and the server goes on.
func TestAnalysts(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a server for seconds")
	}
	config := filepath.Join(t.TempDir(), "tarn.conf")
	if err := os.WriteFile(config, []byte("tarn.columnar_nice = 0\ntarn.columnar_memory = 128MB\n"), 0o600); err != nil { // tests run beside other tests
		t.Fatal(err)
	}
	server, stop := startServer(t, t.TempDir(), "--config", config)
	defer stop()
	const rows = 60_000
	server.run("create table facts (id int primary key, k int, note text, amount numeric(12,2))")
	server.run(fmt.Sprintf("insert into facts select n, n %% 1000, md5(n::text) || md5((-n)::text) || repeat('x', 600), n * 7 %% 1000 from generate_series(1, %d) n", rows))
	server.run("analyze facts")
	server.run("select tarn.mirror_sync()")

	const group, sort = "select count(*), min(note) from (select note, count(*) from facts group by note) x",
		"select note from (select note, row_number() over (order by note desc) r from facts) x where r in (1, 40000, 60000) order by r"
	queries := []string{group, sort, // in more memory than the engine has
		"select k, sum(amount), round(avg(amount), 10), count(distinct note) from facts group by k order by k limit 3",
		"select count(*), sum(a.amount) from facts a join facts b on a.note = b.note",
	}
	server.run("set tarn.columnar = off")
	want := make([]string, len(queries))
	for i, q := range queries {
		want[i] = server.all(q)
	}
	server.run("reset tarn.columnar")
	for _, q := range queries {
		if p := server.all("explain " + q); !strings.Contains(p, "Columnar") {
			t.Errorf("%s is not routed:\n%s", q, p)
		}
	}
	var wg sync.WaitGroup
	for i := range 50 {
		c := server.another()
		t.Cleanup(c.close)
		wg.Go(func() {
			k := i % len(queries)
			if got := c.all(queries[k]); got != want[k] {
				t.Errorf("%s\ngives %s\nwant  %s", queries[k], got, want[k])
			}
		})
	}
	wg.Wait()
	// Two fragments at a time may be out of memory where one would not be: then rows have the answer.
	if got := server.all("select ran + failed >= 50 and ran > 40, ran, unavailable, failed from tarn.columnar_stats"); !strings.HasPrefix(got, "t|") {
		t.Errorf("fragments that ran, were unavailable, failed: %s", got)
	}

	// What DuckDB interrupts at once, and what late: then a fast machine may be done before.
	const endless = "select count(*) from facts a, facts b where a.k + b.k = -1"
	for _, q := range []string{endless, group, sort} {
		for _, how := range []string{"cancel", "timeout"} {
			c := server.another()
			t.Cleanup(c.close)
			const after = 100 * time.Millisecond
			sql, began := q, time.Now()
			if how == "cancel" {
				asked := time.AfterFunc(after, func() {
					if err := c.c.CancelRequest(context.Background()); err != nil {
						t.Error(err)
					}
				})
				defer asked.Stop()
			} else {
				sql = fmt.Sprintf("set statement_timeout = %d; %s", after.Milliseconds(), q)
			}
			_, err := c.c.Exec(context.Background(), sql).ReadAll()
			late := time.Since(began) - after
			var ended *pgconn.PgError
			switch {
			case err == nil && q != endless:
				continue
			case !errors.As(err, &ended) || ended.Code != "57014":
				t.Errorf("%s: %s: %v", q, how, err)
			case late > 10*time.Second: // figures are in docs/benchmarks.md; this is a cancel that waits for the end
				t.Errorf("%s: %s took %s", q, how, late)
			}
			t.Logf("%s after %s", how, late)
			if got := c.all("set statement_timeout = 0; select count(*) from facts"); got != fmt.Sprint(rows) {
				t.Errorf("after %s: %s", how, got)
			}
		}
	}
}

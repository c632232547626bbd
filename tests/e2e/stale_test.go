package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestColumnarIsNeverStale moves amounts between rows of three tables while others read their sum over columns: it is 0 in every snapshot
// of every isolation level, a writer sees its own last commit, and a repeatable read sees the same twice, while files are published,
// compacted and removed under them (I2, I4).
func TestColumnarIsNeverStale(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a server for seconds")
	}
	config := filepath.Join(t.TempDir(), "tarn.conf")
	if err := os.WriteFile(config, []byte("tarn.columnar_nice = 0\n"), 0o600); err != nil { // tests run beside other tests
		t.Fatal(err)
	}
	server, stop := startServer(t, t.TempDir(), "--config", config)
	defer stop()
	opened := uint64(0)
	connect := func() *pgconn.PgConn {
		opened++
		c := server.another()
		t.Cleanup(c.close)
		return c.c
	}
	// run gives the last column of all rows.
	run := func(c *pgconn.PgConn, sql string) string {
		results, err := c.Exec(context.Background(), sql).ReadAll()
		if err != nil {
			return err.Error()
		}
		var out []string
		for _, r := range results {
			for _, row := range r.Rows {
				out = append(out, string(row[len(row)-1]))
			}
		}
		return strings.Join(out, " ")
	}
	must := func(c *pgconn.PgConn, sql string) string {
		out := run(c, sql)
		if strings.Contains(out, "SQLSTATE") {
			t.Fatalf("%s: %s", sql, out)
		}
		return out
	}

	const rows, writers = 300, 3
	const fixed = 50 // rows 1 to fixed stay in their tables: what goes to them arrives
	admin := connect()
	for _, table := range []string{"a", "b", "c"} {
		must(admin, fmt.Sprintf("create table %s (id int primary key, v int8 not null, note text); insert into %[1]s select n, 0, repeat('x', n %% 50) from generate_series(1, %d) n", table, rows))
	}
	must(admin, fmt.Sprintf("create table last (writer int primary key, n int8 not null); insert into last select n, 0 from generate_series(1, %d) n", writers))
	must(admin, "select tarn.mirror_sync()")

	const sum = "select (select sum(v) from a) + (select sum(v) from b) + (select sum(v) from c)"
	end := time.Now().Add(8 * time.Second)
	var wg sync.WaitGroup
	work := func(f func(c *pgconn.PgConn, rnd *rand.Rand) bool) {
		c := connect()
		must(c, "set tarn.columnar = on")
		rnd := rand.New(rand.NewPCG(1, opened))
		wg.Go(func() {
			for time.Now().Before(end) && !t.Failed() && f(c, rnd) {
			}
		})
	}
	for w := range writers {
		n := 0
		work(func(c *pgconn.PgConn, rnd *rand.Rand) bool {
			tables := []string{"a", "b", "c"}
			rnd.Shuffle(3, func(i, j int) { tables[i], tables[j] = tables[j], tables[i] })
			amount, id, to := rnd.IntN(100), fixed+1+rnd.IntN(rows-fixed), 1+rnd.IntN(fixed)
			var sql string
			switch rnd.IntN(4) {
			case 0: // a row goes to another table, or its amount does where that has one
				sql = fmt.Sprintf(`with d as (delete from %s where id = %d returning id, v, note) insert into %s as t select * from d on conflict (id) do update set v = t.v + excluded.v`,
					tables[0], id, tables[1])
			case 1: // many rows at once
				sql = fmt.Sprintf(`with u as (update %s set v = v - 1 where id %% 7 = %d returning 1) update %s set v = v + (select count(*) from u) where id = %d`,
					tables[0], id%7, tables[1], to)
			default:
				sql = fmt.Sprintf(`with u as (update %s set v = v - %d where id = %d returning 1) update %s set v = v + %[2]d * (select count(*) from u) where id = %[5]d`,
					tables[0], amount, id, tables[1], to)
			}
			out := run(c, fmt.Sprintf("begin; %s; update last set n = %d where writer = %d; commit", sql, n+1, w+1))
			if out == "" {
				n++
			} else if !strings.Contains(out, "40P01") { // deadlock detected
				t.Errorf("%s: %s", sql, out)
			} else {
				run(c, "rollback")
			}
			if got := run(c, fmt.Sprintf("select n from last where writer = %d", w+1)); got != strconv.Itoa(n) {
				t.Errorf("writer %d has committed %d and reads %s", w+1, n, got)
			}
			return true
		})
	}
	for _, level := range []string{"read committed", "repeatable read", "serializable"} {
		for range 2 {
			work(func(c *pgconn.PgConn, rnd *rand.Rand) bool {
				const all = "select count(*), sum(length(note)) from (select note from a union all select note from b union all select note from c) x"
				out := run(c, "begin isolation level "+level+" read only; "+sum)
				first := run(c, all)
				second := run(c, sum+"; "+all+"; commit")
				if out != "0" || !strings.HasPrefix(second, "0 ") {
					t.Errorf("%s: sums %s, %s", level, out, second)
				}
				if level != "read committed" && second != "0 "+first {
					t.Errorf("%s: %s, then %s", level, first, second)
				}
				return true
			})
		}
	}
	work(func(c *pgconn.PgConn, _ *rand.Rand) bool {
		if out := run(c, "select tarn.mirror_sync()"); strings.Contains(out, "SQLSTATE") {
			t.Error(out)
		}
		return true
	})
	wg.Wait()
	must(admin, "set tarn.columnar = on")
	if got := must(admin, sum); got != "0" {
		t.Errorf("in the end %s", got)
	}
	counts := must(admin, "select ran, failed, concat_ws(' ', ran > 20, unavailable, failed) from tarn.columnar_stats")
	t.Log(counts, must(admin, "select count(*), sum(n) from last"))
	if !strings.HasPrefix(counts, "t ") || !strings.HasSuffix(counts, " 0") {
		t.Errorf("fragments that ran, were unavailable, failed: %s", counts)
	}
}

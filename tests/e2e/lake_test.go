package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Sessions that meet on a row find the same in a lake table as in a heap table: with its rows in the inbox, in files, and
// going from one to the other between two statements.
//
// A step is "session statement"; "session& statement" begins one that has to wait, "session." waits for its end; "sync" publishes.
var lakeMeetings = []struct{ name, steps string }{
	{"update after an update", `
		a begin
		a update t set v = v + 10 where k = 1
		b& update t set v = v + 100 where k = 1 returning k, v
		a commit
		b.
		a select k, v from t order by k, v`},
	{"update after updates by two", `
		a begin
		a update t set v = v + 10 where k = 1
		b& update t set v = v + 100 where k = 1 returning k, v
		c& update t set v = v * 2 where k = 1 returning k, v
		a commit
		b.
		c.
		a select k, v from t order by k, v`},
	{"the condition is checked again", `
		a begin
		a update t set v = 7 where k = 1
		b& update t set v = v + 100 where v = 1 returning k, v
		a commit
		b.
		a select k, v from t order by k, v`},
	{"update after a delete", `
		a begin
		a delete from t where k = 1
		b& update t set v = v + 100 where k <= 2 returning k, v
		a commit
		b.
		a select k, v from t order by k, v`},
	{"after a rollback", `
		a begin
		a delete from t where k = 1
		b& update t set v = v + 100 where k = 1 returning k, v
		a rollback
		b.
		a select k, v from t order by k, v`},
	{"repeatable read", `
		b begin isolation level repeatable read
		b select sum(v) from t
		a update t set v = v + 10 where k = 1
		sync
		b select sum(v) from t
		b update t set v = 0 where k = 1
		b rollback
		a select k, v from t order by k, v`},
	{"repeatable read after a delete", `
		b begin isolation level repeatable read
		b select sum(v) from t
		a delete from t where k = 1
		sync
		a insert into t values (9, 9)
		sync
		b select sum(v), count(*) from t
		b delete from t where k = 1
		b rollback
		b select sum(v), count(*) from t`},
	{"a row that was only locked", `
		b begin isolation level repeatable read
		b select sum(v) from t
		a begin
		a select v from t where k = 1 for update
		a commit
		sync
		b update t set v = v + 1 where k = 1
		b commit
		a select k, v from t order by k, v`},
	{"for update, nowait, skip locked", `
		a begin
		a select v from t where k = 1 for update
		b select v from t where k = 1 for update nowait
		b select k, v from t order by k limit 2 for update skip locked
		b& select v from t where k = 1 for update
		a update t set v = 50 where k = 1
		a commit
		b.
		a select k, v from t order by k, v`},
	{"write skew", `
		a begin isolation level serializable
		b begin isolation level serializable
		a select sum(v) from t
		b select sum(v) from t
		a insert into t values (20, 1)
		b delete from t where k = 2
		a commit
		sync
		b commit
		a select k, v from t order by k, v`},
	{"merge and on conflict", `
		a begin
		a update t set v = v + 10 where k = 1
		b& merge into t using (values (1), (77)) s(k) on t.k = s.k when matched then update set v = t.v * 10 when not matched then insert values (s.k, 0)
		a commit
		b.
		a select k, v from t order by k, v`},
	{"cursor over a change", `
		a begin
		a declare c scroll cursor for select k, v from t order by k
		a declare d cursor for select k, v from t
		a fetch 1 from c
		a fetch 1 from d
		b update t set v = v + 1000
		sync
		a fetch 2 from c
		a fetch all from d
		a fetch backward 2 from c
		a update t set v = 5 where k = 3
		a fetch all from c
		a commit
		a select k, v from t order by k, v`},
	{"savepoints and own rows", `
		a begin
		a insert into t values (30, 30), (31, 31)
		a update t set v = v + 1
		a savepoint s
		a delete from t where k in (1, 30)
		a update t set v = v + 1 where k > 2
		a select k, v from t order by k, v
		a rollback to s
		a select k, v from t order by k, v
		a delete from t where k = 31
		a update t set k = k + 100 where k = 30
		a commit
		sync
		a select k, v from t order by k, v`},
}

func TestLakeMeetings(t *testing.T) {
	server, stop := startServer(t, t.TempDir())
	defer stop()
	dsn := server.dsn()
	for i, m := range lakeMeetings {
		t.Run(strings.ReplaceAll(m.name, " ", "-"), func(t *testing.T) {
			want := meet(t, dsn, fmt.Sprintf("h%d", i), "", false, m.steps)
			for _, published := range []bool{false, true} {
				if got := meet(t, dsn, fmt.Sprintf("l%d_%v", i, published), "using delta", published, m.steps); got != want {
					t.Errorf("published before: %v\n%s", published, firstDifference(got, want))
				}
			}
		})
	}
}

// meet runs the steps on a table of its own and returns what came out.
func meet(t *testing.T, dsn, table, using string, published bool, steps string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	sessions, waiting := map[string]*pgconn.PgConn{}, map[string]chan string{}
	for _, name := range []string{"a", "b", "c", "z"} {
		var c *pgconn.PgConn
		for tries := 0; c == nil; tries++ {
			var err error
			if c, err = pgconn.Connect(ctx, dsn); err != nil {
				if tries == 100 {
					t.Fatal(err)
				}
				time.Sleep(50 * time.Millisecond)
			}
		}
		defer c.Close(ctx)
		sessions[name] = c
	}
	run := func(name, sql string) string {
		var out strings.Builder
		// Tables have names of their own; "t" is in each statement.
		results, err := sessions[name].Exec(ctx, strings.NewReplacer(" t ", " "+table+" ", "t.", table+".").Replace(sql+" ")).ReadAll()
		for _, r := range results {
			for _, row := range r.Rows {
				for _, v := range row {
					out.Write(append(v, '|'))
				}
				out.WriteString("\n")
			}
			if err == nil {
				fmt.Fprintln(&out, r.CommandTag)
			}
		}
		if pe, ok := err.(*pgconn.PgError); ok {
			fmt.Fprintln(&out, pe.Code, pe.Message)
		} else if err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	sync := func() {
		// What is published is adopted soon after.
		run("z", "select tarn.mirror_sync(), pg_sleep(0.15)")
	}
	run("z", "create table t (k int, v int) "+using)
	run("z", "insert into t values (1, 1), (2, 2), (3, 3)")
	if published {
		sync()
	}
	var out strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(steps), "\n") {
		line = strings.TrimSpace(line)
		name, sql, _ := strings.Cut(line, " ")
		switch {
		case line == "sync":
			if using != "" {
				sync()
			}
		case strings.HasSuffix(name, "&"):
			name = strings.TrimSuffix(name, "&")
			done := make(chan string, 1)
			waiting[name] = done
			go func() { done <- run(name, sql) }()
			time.Sleep(50 * time.Millisecond)
			fmt.Fprintln(&out, line, len(done), "done")
		case strings.HasSuffix(name, "."):
			name = strings.TrimSuffix(name, ".")
			fmt.Fprint(&out, line, "\n", <-waiting[name])
		default:
			fmt.Fprint(&out, line, "\n", run(name, sql))
		}
	}
	run("z", "drop table t")
	return strings.ReplaceAll(out.String(), table, "t")
}

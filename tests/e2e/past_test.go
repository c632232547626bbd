package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// moved is what one transaction of the ledger has done, and when: it is not visible at before, and visible at after.
type moved struct {
	account, amount         int
	before, after           uint64 // log positions
	beforeTime, afterCommit time.Time
}

const pastAccounts, pastWriters = 40, 3

const pastTables = `create table account (id int primary key, balance bigint not null);
	insert into account select i, 0 from generate_series(0, 39) i;
	create table history (client int, n int, account int, amount int, primary key (client, n));
	create table fact (client int, n int, account int, amount int) using delta;
	create table total (client int, amount bigint) using delta;
	insert into total select i, 0 from generate_series(0, 2) i;`

// query gives the cells of all rows.
func query(c *pgconn.PgConn, sql string) ([]string, error) {
	results, err := c.Exec(context.Background(), sql).ReadAll()
	var out []string
	for _, r := range results {
		for _, row := range r.Rows {
			for _, v := range row {
				out = append(out, string(v))
			}
		}
	}
	return out, err
}

func parsePosition(t *testing.T, s string) uint64 {
	hi, lo, _ := strings.Cut(s, "/")
	h, err1 := strconv.ParseUint(hi, 16, 32)
	l, err2 := strconv.ParseUint(lo, 16, 32)
	if err := errors.Join(err1, err2); err != nil {
		t.Error(err)
	}
	return h<<32 | l
}

// move is one transaction of a writer.
func move(t *testing.T, c *pgconn.PgConn, client, n int, rng *rand.Rand) (moved, error) {
	m := moved{account: rng.IntN(pastAccounts), amount: rng.IntN(2000) - 1000, beforeTime: time.Now()}
	cells, err := query(c, fmt.Sprintf(`begin;
		update account set balance = balance + %[3]d where id = %[4]d;
		insert into history values (%[1]d, %[2]d, %[4]d, %[3]d);
		insert into fact values (%[1]d, %[2]d, %[4]d, %[3]d);
		update total set amount = amount + %[3]d where client = %[1]d;
		select pg_current_wal_lsn(); commit; select pg_current_wal_lsn()`, client, n, m.amount, m.account))
	if err != nil {
		return m, err
	}
	m.before, m.after, m.afterCommit = parsePosition(t, cells[0]), parsePosition(t, cells[1]), time.Now()
	return m, nil
}

// checkPast compares a branch with the ledger: it has of each writer a run of transactions from its first on, all that were
// visible at the point and none that was begun after it, and every table has exactly what they did.
func checkPast(t *testing.T, c *client, branch string, ledger [][]moved, visible, begun func(m *moved) bool) {
	t.Helper()
	b := c.on("postgres@" + branch)
	defer b.close()
	ask := func(sql string) string {
		cells, err := query(b.c, sql)
		if err != nil {
			t.Fatalf("%s: %s: %v", branch, sql, err)
		}
		return strings.Join(cells, " ")
	}
	balances := make([]int, pastAccounts)
	var totals []string
	for w, list := range ledger {
		n, err := strconv.Atoi(ask(fmt.Sprintf("select count(*) from history where client = %d", w)))
		if err != nil || n > len(list) {
			t.Fatalf("%s: writer %d has %d transactions of %d, %v", branch, w, n, len(list), err)
		}
		if n < len(list) && visible(&list[n]) {
			t.Errorf("%s: writer %d: transaction %d is missing", branch, w, n)
		}
		if n > 0 && !begun(&list[n-1]) {
			t.Errorf("%s: writer %d: transaction %d is there and was begun later", branch, w, n-1)
		}
		sum := 0
		for _, m := range list[:n] {
			balances[m.account] += m.amount
			sum += m.amount
		}
		totals = append(totals, fmt.Sprint(sum))
		want := fmt.Sprintf("%d %d %d", n, max(0, n*(n-1)/2), sum)
		for _, table := range []string{"history", "fact"} {
			if got := ask(fmt.Sprintf("select count(*), coalesce(sum(n), 0), coalesce(sum(amount), 0) from %s where client = %d", table, w)); got != want {
				t.Errorf("%s: %s of writer %d: %s, want %s", branch, table, w, got, want)
			}
		}
	}
	if got := ask("select balance from account order by id"); got != strings.Trim(fmt.Sprint(balances), "[]") {
		t.Errorf("%s: balances %s, want %v", branch, got, balances)
	}
	if got := ask("select amount from total order by client"); got != strings.Join(totals, " ") {
		t.Errorf("%s: totals %s, want %v", branch, got, totals)
	}
	if got := ask("set tarn.columnar = on; select sum(amount) - (select sum(balance) from account), count(*) - (select count(*) from history) from fact"); got != "0 0" && got != " 0" {
		t.Errorf("%s: over columns %s", branch, got)
	}
}

// TestBranchesOfThePast: under load, a branch at any position or moment equals what the writers' ledger says of it, in rows and in lake
// tables; after kill -9 the branches are what they were, and other ones can be made of what was before.
func TestBranchesOfThePast(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a server for seconds")
	}
	data := t.TempDir()
	server, stop := startServer(t, data, "--log-level", "error")
	must := func(sql string) string {
		t.Helper()
		cells, err := query(server.c, sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		return strings.Join(cells, " ")
	}
	must(pastTables)
	start, startTime := parsePosition(t, must("select pg_current_wal_lsn()")), time.Now()
	ledger := make([][]moved, pastWriters)
	done := make(chan struct{})
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range pastWriters {
		c := server.another()
		rng := rand.New(rand.NewPCG(uint64(w), 7))
		wg.Go(func() {
			defer c.close()
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				m, err := move(t, c.c, w, n, rng)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				ledger[w] = append(ledger[w], m)
				mu.Unlock()
			}
		})
	}
	type cut struct {
		name string
		lsn  uint64
		at   time.Time
	}
	var cuts []cut
	rng := rand.New(rand.NewPCG(3, 4))
	branch := func(c cut) {
		t.Helper()
		point := fmt.Sprintf("lsn '%X/%X'", c.lsn>>32, uint32(c.lsn))
		if c.lsn == 0 {
			point = fmt.Sprintf("timestamp '%s'", c.at.UTC().Format("2006-01-02 15:04:05.000000+00"))
		}
		must(fmt.Sprintf("create branch %s at %s", c.name, point))
		cuts = append(cuts, c)
	}
	for i := range 6 {
		time.Sleep(400 * time.Millisecond)
		now := parsePosition(t, must("select pg_current_wal_lsn()"))
		c := cut{name: fmt.Sprintf("p%d", i), lsn: start + rng.Uint64N(now-start)}
		if i%3 == 2 {
			c = cut{name: c.name, at: startTime.Add(time.Duration(rng.Int64N(int64(time.Since(startTime)))))}
		}
		branch(c)
	}
	close(done)
	wg.Wait()
	check := func(c cut) {
		t.Helper()
		checkPast(t, server, c.name, ledger, func(m *moved) bool {
			return c.lsn != 0 && m.after <= c.lsn || c.lsn == 0 && m.afterCommit.Before(c.at)
		}, func(m *moved) bool {
			return c.lsn != 0 && m.before < c.lsn || c.lsn == 0 && !m.beforeTime.After(c.at)
		})
	}
	for _, c := range cuts {
		check(c)
	}
	stop()
	server, stop = startServer(t, data, "--log-level", "error")
	defer stop()
	end := parsePosition(t, must("select pg_current_wal_lsn()"))
	must("drop table fact; select pg_sleep(0.3)")
	for i := range 3 {
		branch(cut{name: fmt.Sprintf("q%d", i), lsn: start + rng.Uint64N(end-start)})
	}
	for _, c := range cuts {
		check(c)
	}
	// A reset to the past, which can be undone.
	b := server.on("postgres@p0")
	grown, err := query(b.c, "insert into account values (1000, 5); select count(*) from account")
	if err != nil {
		t.Fatal(err)
	}
	after, err := query(b.c, "select pg_current_wal_lsn()")
	if err != nil {
		t.Fatal(err)
	}
	b.close()
	must(fmt.Sprintf("alter branch p0 reset to lsn '%X/%X'", cuts[0].lsn>>32, uint32(cuts[0].lsn)))
	check(cuts[0])
	must(fmt.Sprintf("alter branch p0 reset to lsn '%s'", after[0]))
	b = server.on("postgres@p0")
	if cells, err := query(b.c, "select count(*) from account"); err != nil || cells[0] != grown[0] {
		t.Errorf("a reset that is undone: %v, %v, want %v", cells, err, grown)
	}
	b.close()
	must(fmt.Sprintf("alter branch p0 reset to lsn '%X/%X'", cuts[0].lsn>>32, uint32(cuts[0].lsn)))
	// A branch of a branch reads its parent's history before it, and its own after.
	first := cuts[0]
	c := cut{name: "deep", lsn: start + (first.lsn-start)/2}
	must(fmt.Sprintf("create branch deep from %s at lsn '%X/%X'", first.name, c.lsn>>32, uint32(c.lsn)))
	check(c)
	if got := must("select parent from tarn.branches where name = 'deep'"); got != "main" {
		t.Errorf("parent %s", got)
	}
	stop()
	if out, err := exec.Command(binary(t), "check", data).CombinedOutput(); err != nil {
		t.Errorf("check: %v\n%s", err, out)
	}
}

// TestKilledWhileBranchesOfThePastAreMade kills the server between the steps of CREATE BRANCH AT: the branch is not there, nothing of it
// is left, and it can be made.
func TestKilledWhileBranchesOfThePastAreMade(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	data := t.TempDir()
	server, stop := startServer(t, data, "--log-level", "error")
	var point string
	for _, sql := range []string{"create table fact (id int) using delta; create table heap (id int primary key)",
		"insert into fact select generate_series(1, 1000); insert into heap select generate_series(1, 1000)",
		"select tarn.mirror_sync()", "select pg_sleep(0.3)", "select pg_current_wal_lsn()", "delete from fact; delete from heap"} {
		cells, err := query(server.c, sql)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(sql, "pg_current") {
			point = cells[0]
		}
	}
	stop()
	stores := func() int {
		found, _ := filepath.Glob(filepath.Join(data, "stores", "*", "*"))
		houses, _ := os.ReadDir(filepath.Join(data, "warehouse"))
		return len(found)<<8 | len(houses)
	}
	before := stores()
	for _, step := range []string{"restored", "restored log", "copied lakes"} {
		t.Setenv("TARN_FAILPOINT", step)
		server, stop = startServer(t, data, "--log-level", "error")
		if _, err := query(server.c, fmt.Sprintf("create branch past at lsn '%s'", point)); err == nil {
			t.Errorf("%s: the server was not killed", step)
		}
		stop()
		os.Unsetenv("TARN_FAILPOINT")
		server, stop = startServer(t, data, "--log-level", "error")
		if cells, err := query(server.c, "select name from tarn.branches"); err != nil || strings.Join(cells, " ") != "main" {
			t.Errorf("%s: branches %v, %v", step, cells, err)
		}
		if n := stores(); n != before {
			t.Errorf("%s: %x directories, were %x", step, n, before)
		}
		if _, err := query(server.c, fmt.Sprintf("create branch past at lsn '%s'", point)); err != nil {
			t.Errorf("%s: %v", step, err)
		}
		b := server.on("postgres@past")
		if cells, err := query(b.c, "select (select count(*) from fact), (select count(*) from heap)"); err != nil || strings.Join(cells, " ") != "1000 1000" {
			t.Errorf("%s: branch has %v, %v", step, cells, err)
		}
		b.close()
		if _, err := query(server.c, "drop branch past"); err != nil {
			t.Errorf("%s: %v", step, err)
		}
		stop()
	}
	if out, err := exec.Command(binary(t), "check", data).CombinedOutput(); err != nil {
		t.Errorf("check: %v\n%s", err, out)
	}
}

// TestBranchCommand: tarn branch does what the statements do, and says so as a table or in JSON.
func TestBranchCommand(t *testing.T) {
	server, stop := startServer(t, t.TempDir(), "--log-level", "error")
	defer stop()
	run := func(args ...string) (string, error) {
		args = append(append([]string{"branch"}, args...), "--dsn", server.dsn())
		out, err := exec.Command(binary(t), args...).CombinedOutput()
		return string(out), err
	}
	must := func(args ...string) string {
		t.Helper()
		out, err := run(args...)
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return out
	}
	if _, err := query(server.c, "create table t (i int); insert into t values (1)"); err != nil {
		t.Fatal(err)
	}
	at, err := query(server.c, "select pg_current_wal_lsn()")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := query(server.c, "insert into t values (2)"); err != nil {
		t.Fatal(err)
	}
	var made []struct {
		Name, Parent string
		Protected    bool
		Branch_LSN   string
		Expires_At   *string
	}
	if err := json.Unmarshal([]byte(must("create", "it's \"past\"", "--at-lsn", at[0], "--ttl", "1 day", "--json")), &made); err != nil {
		t.Fatal(err)
	}
	if len(made) != 1 || made[0].Name != "it's \"past\"" || made[0].Parent != "main" || made[0].Branch_LSN != at[0] || made[0].Expires_At == nil {
		t.Errorf("created %+v", made)
	}
	must("create", "dev", "--from", "main", "--schema-only")
	must("rename", "dev", "prod")
	must("reset", "prod")
	b := server.on("postgres@prod")
	if cells, err := query(b.c, "select count(*) from t"); err != nil || cells[0] != "2" {
		t.Errorf("%v, %v", cells, err)
	}
	b.close()
	must("create", "work")
	w := server.on("postgres@work")
	w.run("insert into t values (3); create table u (i int primary key); insert into u values (1)")
	w.close()
	var rows []map[string]any
	if err := json.Unmarshal([]byte(must("diff", "work", "main", "--table", "t", "--json")), &rows); err != nil || len(rows) != 1 || rows[0]["op"] != "insert" ||
		rows[0]["conflict"] != false || fmt.Sprint(rows[0]["key"]) != "map[i:3]" || rows[0]["target_row"] != nil {
		t.Errorf("diff: %v, %v", rows, err)
	}
	if out := must("schema-diff", "work", "main"); !strings.Contains(out, "relation public.u  created") {
		t.Errorf("schema-diff: %s", out)
	}
	must("merge", "work", "--dry-run")
	if out := must("merge", "work", "--into", "main", "--on-conflict", "use-source", "--json"); !strings.Contains(out, `"inserted": 1`) {
		t.Errorf("merge: %s", out)
	}
	if got := server.run("select count(*) from u"); got != "1\n" {
		t.Errorf("merged: %s", got)
	}
	must("drop", "work")
	if out := must("list"); !strings.Contains(out, "branch_lsn") || strings.Count(out, "\n") != 4 {
		t.Errorf("list: %s", out)
	}
	must("drop", "prod", "--cascade")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"drop", "prod"}, "branch \"prod\" does not exist (42704)"},
		{[]string{"create", "x", "--at-lsn", "FFFF/0"}, "outside of the restore window"},
		{[]string{"create", "x", "--at-lsn", "0/1", "--at-time", "now"}, "both a position and a moment"},
		{[]string{"create"}, "0 names given, want 1"},
		{[]string{"fork"}, "there is no command \"fork\""},
		{[]string{"merge", "main", "--on-conflict", "never"}, "want abort, use-source or use-target"},
	} {
		if out, err := run(c.args...); err == nil || !strings.Contains(out, c.want) {
			t.Errorf("%v: %v\n%s", c.args, err, out)
		}
	}
}

// TestRestoreWindowThatCameLater: moments before a database's restore window was turned on are refused; and a branch of a moment at which its parent had no commit of its own leads to that one's parent for what was before.
func TestRestoreWindowThatCameLater(t *testing.T) {
	data := t.TempDir()
	server, _ := startServer(t, data, "--log-level", "error")
	now := func() string { return strings.TrimSpace(server.run("select clock_timestamp()")) }
	server.run("alter database postgres set tarn.restore_window = 0")
	server.shutdown()
	server, _ = startServer(t, data, "--log-level", "error")
	server.run("create table t (a int)")
	server.run("insert into t values (1)")
	between := now()
	server.run("insert into t values (2)")
	server.run("alter database postgres reset tarn.restore_window")
	server.shutdown()
	server, _ = startServer(t, data, "--log-level", "error")
	refused := func(sql string) {
		t.Helper()
		_, err := query(server.c, sql)
		var pe *pgconn.PgError
		if !errors.As(err, &pe) || pe.Code != "22023" {
			t.Errorf("%s: %v", sql, err)
		}
	}
	time.Sleep(100 * time.Millisecond) // the first base is named
	refused("create branch x at timestamp '" + between + "'")
	refused("begin; set local tarn.as_of = '" + between + "'; select 1")
	server.run("rollback")
	after := now()
	server.run("insert into t values (3)")
	server.run("create branch y at timestamp '" + after + "'")
	// calm has no commit of its own.
	server.run("insert into t values (4)")
	four := now()
	server.run("insert into t values (5)")
	server.run("create branch calm")
	calm := server.on("postgres@calm")
	calm.run("select 1")
	calm.close()
	time.Sleep(100 * time.Millisecond)
	server.run("create branch calmer from calm at timestamp '" + now() + "'")
	server.run("create branch before from calmer at timestamp '" + four + "'")
	for branch, want := range map[string]string{"y": "1\n2\n", "calmer": "1\n2\n3\n4\n5\n", "before": "1\n2\n3\n4\n"} {
		b := server.on("postgres@" + branch)
		if got := b.run("select a from t order by a"); got != want {
			t.Errorf("%s has %q, want %q", branch, got, want)
		}
		b.close()
	}
	if got := server.run("select parent from tarn.branches where name = 'before'"); got != "main\n" {
		t.Errorf("before comes from %s", got)
	}
	server.shutdown()
	if out, err := exec.Command(binary(t), "check", data).CombinedOutput(); err != nil {
		t.Errorf("check: %v\n%s", err, out)
	}
}

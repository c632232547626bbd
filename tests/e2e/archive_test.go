package e2e

import (
	"fmt"
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

// acked is a transaction of TestArchive that has been acknowledged: the ledger has the rows 1 to n then.
type acked struct {
	n   int
	lsn string // at or after its commit, before the next one's
	at  time.Time
}

// archiveWriter inserts rows, every one a transaction, until the server is gone.
type archiveWriter struct {
	mu   sync.Mutex
	list []acked
	done chan struct{}
}

func (w *archiveWriter) last() acked {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.list[len(w.list)-1]
}

func (w *archiveWriter) run(c *pgconn.PgConn, t *testing.T) {
	defer close(w.done)
	for n := 1; ; n++ {
		sql := fmt.Sprintf(`begin; insert into ledger values (%[1]d, nextval('s')); insert into lake values (%[1]d, %[1]d * 2); update total set n = n + %[1]d; delete from lake where id = %[1]d - 50; commit`, n)
		if _, err := c.Exec(t.Context(), sql).ReadAll(); err != nil {
			return
		}
		r, err := c.Exec(t.Context(), "select pg_current_wal_lsn()").ReadAll()
		if err != nil {
			return
		}
		w.mu.Lock()
		w.list = append(w.list, acked{n, string(r[0].Rows[0][0]), time.Now()})
		w.mu.Unlock()
	}
}

// A server is killed in the middle of writing and its data directory is lost: what the archive has said to have is restored from it alone, rows,
// sequences, lake tables and branches of one moment, at the newest position, at any other, and at a time. Damage is found and leaves nothing.
func TestArchive(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	conf := at("conf")
	if err := os.WriteFile(conf, []byte("tarn.archive = '"+at("archive")+"'\ntarn.archive_timeout = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	house := at("warehouse")
	flags := []string{"--config", conf, "--warehouse", house, "--http", ""}
	c, stop := startServer(t, at("data"), flags...)
	c.run(`create role reader login; create sequence s; create table ledger (id int primary key, at bigint); create table total (n bigint); insert into total values (0)`)
	c.run(`create table lake (id int, v int) using delta; grant select on ledger to reader`)
	c.run(`create database other`)
	c.run(`create database unused`)
	c.run(`create branch dev`)
	other, dev := c.on("other"), c.on("postgres@dev")
	other.run(`create table o as select generate_series(1, 1000) as i`)
	dev.run(`insert into ledger values (-1, 0)`)
	w := &archiveWriter{done: make(chan struct{})}
	go w.run(c.another().c, t)
	archived := func(database, branch string) string {
		return strings.TrimSpace(c.run(fmt.Sprintf("select coalesce(archived_lsn, '0/0') from tarn.archive where database = '%s' and branch = '%s'", database, branch)))
	}
	reaches := func(database, branch, lsn string) {
		t.Helper()
		for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			if c.run(fmt.Sprintf("select '%s'::pg_lsn >= '%s'", archived(database, branch), lsn)) == "t\n" {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s@%s is archived up to %s, not %s", database, branch, archived(database, branch), lsn)
			}
		}
	}
	var middle acked
	for i := range 6 {
		time.Sleep(300 * time.Millisecond)
		c.run(`select tarn.mirror_sync()`)
		if i == 2 {
			middle = w.last()
		}
	}
	newest := w.last()
	reaches("postgres", "main", newest.lsn)
	reaches("postgres", "dev", strings.TrimSpace(dev.run("select pg_current_wal_lsn()")))
	reaches("other", "main", strings.TrimSpace(other.run("select pg_current_wal_lsn()")))
	said := archived("postgres", "main")
	stop() // kill -9
	<-w.done
	if err := os.RemoveAll(at("data")); err != nil {
		t.Fatal(err)
	}
	tarn := func(args ...string) (string, error) {
		out, err := exec.Command(binary(t), args...).CombinedOutput()
		return string(out), err
	}
	if out, err := tarn("check", at("archive")); err != nil {
		t.Fatal(out)
	}
	restored := func(name string, args ...string) (*client, func()) {
		t.Helper()
		args = append([]string{"restore", "--from", at("archive"), "--data", at(name), "--warehouse", house}, args...)
		out, err := tarn(args...)
		if err != nil {
			t.Fatalf("%v: %s", args, out)
		}
		if name == "newest" && !strings.Contains(out, "unused@main: left out: ") {
			t.Errorf("nothing is said of a database that was never open: %s", out)
		}
		return startServer(t, at(name), "--warehouse", house, "--http", "")
	}
	// ledger compares the ledger with all that was written in the same transactions, and returns how far it goes.
	ledger := func(c *client) int {
		t.Helper()
		got := strings.Fields(c.run(`select count(*) from ledger; select coalesce(max(id), 0) from ledger; select n from total;
			select coalesce(sum(id), 0) from ledger; select coalesce(max(at), 0) <= last_value from ledger, s group by last_value union all select true limit 1`))
		n, _ := strconv.Atoi(got[0])
		sum := strconv.Itoa(n * (n + 1) / 2)
		if got[1] != got[0] || got[2] != sum || got[3] != sum || got[4] != "t" {
			t.Errorf("ledger %v", got)
		}
		first := max(1, n-49)
		want := fmt.Sprintf("%d\n%d\n%d\n", n-first+1, n*(n+1)-first*(first-1), n*(n+1)-first*(first-1))
		for _, columnar := range []string{"off", "on"} {
			if got := c.run(fmt.Sprintf("set tarn.columnar = %s; select count(*) from lake; select coalesce(sum(v), 0) from lake; select coalesce(sum(2 * id), 0) from lake", columnar)); got != want && n > 0 {
				t.Errorf("the lake table with columnar %s has %q, want %q", columnar, got, want)
			}
		}
		return n
	}

	a, stopA := restored("newest")
	if n := ledger(a); n < newest.n || n > w.last().n+1 {
		t.Errorf("restored %d rows; %s was archived, %d acknowledged by then, %d in all", n, said, newest.n, w.last().n)
	}
	if got := a.on("postgres@dev").run("select count(*) from ledger where id = -1; select string_agg(name || coalesce(parent, ''), ' ' order by name) from tarn.branches"); got != "1\ndev main\n" {
		t.Errorf("branches %q", got)
	}
	if got := a.on("other").run("select sum(i) from o"); got != "500500\n" {
		t.Errorf("another database has %q", got)
	}
	if got := a.run("select has_table_privilege('reader', 'ledger', 'SELECT'); insert into ledger select max(id) + 1, nextval('s') from ledger; insert into lake values (0, 0); select tarn.mirror_sync() is not null; select count(*) > 0 from lake"); got != "t\nt\nt\n" {
		t.Errorf("after the restore %q", got)
	}
	// What it writes is nobody else's.
	a.shutdown()
	stopA()
	if out, err := tarn("check", "--warehouse", house, at("newest")); err != nil && !strings.Contains(out, "is no branch's") || strings.Contains(out, "missing") {
		t.Error(out)
	}

	b, stopB := restored("middle", "--database", "postgres", "--to-lsn", middle.lsn)
	if n := ledger(b); n != middle.n {
		t.Errorf("at %s there are %d rows, want %d", middle.lsn, n, middle.n)
	}
	if got := b.run("select string_agg(datname, ' ' order by datname) from pg_database where datname in ('postgres', 'other'); select string_agg(name, ' ') from tarn.branches"); got != "postgres\nmain\n" {
		t.Errorf("databases and branches %q", got)
	}
	stopB()

	// Commits bear the times of their records: between two that lie apart there is no doubt.
	e, stopE := restored("time", "--to-time", middle.at.UTC().Format(time.RFC3339Nano))
	if got := e.run("select string_agg(name, ' ' order by name) from tarn.branches"); got != "dev main\n" {
		t.Errorf("branches that were idle at the time are not there: %q", got)
	}
	if n := ledger(e); n < middle.n-1 || n > middle.n+1 {
		t.Errorf("at %s there are %d rows, want %d", middle.at, n, middle.n)
	}
	stopE()

	d, stopD := restored("branch", "--database", "postgres", "--branch", "dev")
	if got := d.run("select count(*) from ledger where id = -1; select string_agg(name, ' ') from tarn.branches"); got != "1\nmain\n" {
		t.Errorf("the branch as main: %q", got)
	}
	stopD()

	houses := func() string {
		es, err := os.ReadDir(house)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range es {
			names = append(names, e.Name())
		}
		return strings.Join(names, " ")
	}
	before := houses()
	for _, args := range [][]string{
		{"--to-lsn", "0/10"}, {"--database", "postgres", "--to-lsn", "7FFFFFFF/0"}, {"--database", "nosuch"}, {"--database", "unused"}, {"--database", "postgres", "--branch", "nosuch"},
		{"--timeline", "nosuch"}, {"--to-time", "yesterday"}, {"--to-time", "2001-01-01T00:00:00Z"}, {"--to-time", "2099-01-01T00:00:00Z"}, {"--database", "postgres", "--branch", "dev", "--to-time", "2099-01-01T00:00:00Z"},
	} {
		if out, err := tarn(append([]string{"restore", "--from", at("archive"), "--data", at("bad"), "--warehouse", house}, args...)...); err == nil || !strings.Contains(out, "tarn: ") {
			t.Errorf("%v: %v %s", args, err, out)
		}
		if es, err := os.ReadDir(at("bad")); err == nil && len(es) > 0 {
			t.Errorf("%v left %v", args, es)
		}
	}
	if out, err := tarn("restore", "--from", at("archive"), "--data", at("newest")); err == nil || !strings.Contains(out, "not empty") {
		t.Error("restored over a data directory:", out)
	}
	runs, err := filepath.Glob(at("archive/*/store/*/*/wal/*"))
	if err != nil || len(runs) == 0 {
		t.Fatal(runs, err)
	}
	raw, err := os.ReadFile(runs[0])
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)/2] ^= 1
	if err := os.WriteFile(runs[0], raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := tarn("restore", "--from", at("archive"), "--data", at("bad"), "--warehouse", house); err == nil || !strings.Contains(out, "damaged") {
		t.Error("damage is restored:", out)
	}
	if out, err := tarn("check", at("archive")); err == nil || !strings.Contains(out, filepath.Base(runs[0])) {
		t.Error("the check says", out)
	}
	if es, err := os.ReadDir(at("bad")); err == nil && len(es) > 0 {
		t.Errorf("damage left %v", es)
	}
	if now := houses(); now != before {
		t.Errorf("restores that failed left in the warehouse: %s, before %s", now, before)
	}
}

// Databases whose names are alike as parts of keys have directories of their own in the warehouse after a restore, too.
func TestArchiveNamesAlike(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(at("conf"), []byte("tarn.archive = '"+at("archive")+"'\ntarn.archive_timeout = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	house := at("warehouse")
	c, stop := startServer(t, at("data"), "--config", at("conf"), "--warehouse", house, "--http", "")
	names := []string{"дом", "кот"}
	for i, name := range names {
		c.run(fmt.Sprintf(`create database "%s"`, name))
		c.on(name).run(fmt.Sprintf(`create table lake (id int) using delta; insert into lake select generate_series(1, %d); select tarn.mirror_sync()`, 10*(i+1)))
	}
	c.shutdown()
	stop()
	if out, err := exec.Command(binary(t), "restore", "--from", at("archive"), "--data", at("new"), "--warehouse", house).CombinedOutput(); err != nil {
		t.Fatal(string(out))
	}
	a, stopA := startServer(t, at("new"), "--warehouse", house, "--http", "")
	defer stopA()
	for i, name := range names {
		d := a.on(name)
		if got := d.run("select count(*) from lake; insert into lake values (0); select tarn.mirror_sync() is not null; select count(*) from lake"); got != fmt.Sprintf("%d\nt\n%d\n", 10*(i+1), 10*(i+1)+1) {
			t.Errorf("%s has %q", name, got)
		}
	}
	entries, err := os.ReadDir(house)
	if err != nil {
		t.Fatal(err)
	}
	restored := 0
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "___-") && len(e.Name()) > 16 {
			restored++
		}
	}
	if restored != len(names) {
		t.Errorf("the warehouse has %d directories of the restored databases: %v", restored, entries)
	}
}

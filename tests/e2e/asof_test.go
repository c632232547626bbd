package e2e

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestAsOf reads the past in transactions: rows, a lake table and a table that has been dropped, by position and by time, while the present
// goes on; and what such a transaction must not do.
func TestAsOf(t *testing.T) {
	c, stop := startServer(t, t.TempDir())
	defer stop()
	defer c.close()
	run := func(sql string) string {
		t.Helper()
		return strings.TrimSpace(c.run(sql))
	}
	fails := func(code, sql string) {
		t.Helper()
		_, err := query(c.c, sql)
		var e *pgconn.PgError
		if !errors.As(err, &e) || e.Code != code {
			t.Errorf("%s: %v, want %s", sql, err, code)
		}
		if _, err := query(c.c, "rollback"); err != nil {
			t.Fatal(err)
		}
	}
	one := func(sql string) string {
		t.Helper()
		cells, err := query(c.c, sql)
		if err != nil {
			t.Fatal(sql, err)
		}
		return strings.Join(cells, " ")
	}
	run("create table t (id int primary key, v text); insert into t select i, 'old' from generate_series(1, 1000) i")
	run("create table f (n int) using delta; insert into f select generate_series(1, 500)")
	run("create table gone (a int); insert into gone values (7)")
	run("create domain even as int check (value % 2 = 0)")
	run("create role reader login; grant select on t, gone to reader")
	run("prepare q as select count(*), min(v), max(v) from t")
	lsn, at := one("select pg_current_wal_lsn()"), one("select clock_timestamp()")
	run("update t set v = 'new' where id <= 10; delete from t where id > 900; insert into f values (1000)")
	run("drop table gone; alter table t add column more int default 5")
	run("drop domain even; create domain even as int check (value % 3 = 0)")

	for _, point := range []string{lsn, at} {
		got := one("begin; set local tarn.as_of = '" + point + "'; select count(*), min(v), max(v) from t; execute q; select * from t where id = 1; select count(*) from f; table gone; " +
			"show tarn.as_of; select 4::even; commit")
		if want := "1000 old old 1000 old old 1 old 500 7 " + point + " 4"; got != want {
			t.Errorf("as of %s: %s, want %s", point, got, want)
		}
		if got := one("execute q; select * from t where id = 1; select count(*) from f; show tarn.as_of; select 3::even"); got != "900 new old 1 new 5 501  3" {
			t.Errorf("at present: %s", got)
		}
	}
	// Another transaction's commits do not show, and a savepoint and a cursor work.
	other := c.another()
	defer other.close()
	one("begin; set local tarn.as_of = '" + lsn + "'")
	other.run("update t set v = 'newer'")
	if got := one("savepoint s; declare k cursor for select v from t order by id; fetch 2 from k; rollback to s; select count(*) filter (where v = 'old') from t; rollback"); got != "old old 1000" {
		t.Errorf("past beside a writer: %s", got)
	}
	if got := one("select count(*) from tarn.branches"); got != "1" {
		t.Errorf("%s branches are left", got)
	}
	past := "begin; set local tarn.as_of = '" + lsn + "'; "
	fails("25006", past+"insert into t values (5000)")
	fails("25006", past+"create table n (a int)")
	fails("25006", past+"create temp table n (a int)")
	fails("25006", past+"copy t from stdin")
	fails("25001", past+"set transaction read write")
	fails("25001", "begin; select 1 from t; set local tarn.as_of = '"+lsn+"'")
	fails("55000", "set tarn.as_of = '"+lsn+"'")
	fails("55000", "set local tarn.as_of = '"+lsn+"'")
	fails("55000", past+"set local tarn.as_of = '"+lsn+"'")
	fails("55P02", "begin; select set_config('tarn.as_of', '"+lsn+"', true)")
	fails("22023", "begin; set local tarn.as_of = '0/10'")
	fails("22007", "begin; set local tarn.as_of = 'nonsense'")
	run("create temp table mine (a int)")
	fails("55000", past+"select 1")
	run("drop table mine")
	// What a role could read then it reads only if it still may.
	run("set role reader")
	if got := one(past + "select count(*) from t; commit"); got != "1000" {
		t.Errorf("reader: %s", got)
	}
	fails("42501", past+"table gone")
	run("reset role; revoke select on t from reader; set role reader")
	fails("42501", past+"select count(*) from t")
	run("reset role")
	if got := one("select count(*) from t; select count(*) from tarn.branches"); got != "900 1" {
		t.Errorf("at the end: %s", got)
	}
}

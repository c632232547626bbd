package exec_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/tarndb/tarn/storage/txn"
)

// The same steps in PostgreSQL 15's isolation tester give the same answers (manual 13.2.1, 13.2.2).

// blocked runs a statement that has to wait for a lock: it returns when the wait has begun, and later the output comes.
func (s *session) blocked(sql string) <-chan string {
	done := make(chan string, 1)
	waiting := func() int {
		n := 0
		for _, l := range s.db.mgr.Locks().List() {
			if !l.Granted {
				n++
			}
		}
		return n
	}
	before := waiting()
	go func() { done <- s.exec(sql) }()
	for waiting() == before {
		select {
		case out := <-done:
			s.db.t.Errorf("%s did not wait: %s", sql, out)
			done <- out
			return done
		default:
			runtime.Gosched()
		}
	}
	return done
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got = strings.TrimSpace(got); got != strings.TrimSpace(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", what, got, want)
	}
}

func twoSessions(t *testing.T) (a, b *session) {
	d := newDB(t)
	a, b = d.session(), d.session()
	a.must("create table t (id int primary key, v int, w text)")
	a.must("insert into t values (1, 10, 'a'), (2, 20, 'b'), (3, 30, 'c')")
	return a, b
}

func TestReadCommittedUpdateSeesNewestVersion(t *testing.T) {
	a, b := twoSessions(t)
	a.must("begin")
	a.must("update t set v = v + 1 where id = 1")
	out := b.blocked("update t set v = v * 2 where id = 1 returning v")
	a.must("commit")
	expect(t, "update", <-out, "22\nUPDATE 1")
}

func TestReadCommittedRecheckDropsRow(t *testing.T) {
	a, b := twoSessions(t)
	a.must("begin")
	a.must("update t set v = 99 where id = 1")
	out := b.blocked("update t set w = 'x' where v = 10")
	a.must("commit")
	expect(t, "update", <-out, "UPDATE 0")

	a.must("begin")
	a.must("delete from t where id = 2")
	out = b.blocked("delete from t where id = 2")
	a.must("commit")
	expect(t, "delete", <-out, "DELETE 0")

	a.must("begin")
	a.must("update t set v = 31 where id = 3")
	out = b.blocked("update t set w = u.x from (values (3, 'j')) u (k, x) where t.id = u.k and t.v < 100 returning t.*")
	a.must("commit")
	expect(t, "join", <-out, "3|31|j\nUPDATE 1")
}

func TestRollbackLetsTheWaiterGoOn(t *testing.T) {
	a, b := twoSessions(t)
	a.must("begin")
	a.must("update t set v = 99 where id = 1")
	out := b.blocked("update t set v = v + 1 where v = 10 returning v")
	a.must("rollback")
	expect(t, "update", <-out, "11\nUPDATE 1")
}

func TestRepeatableReadFails(t *testing.T) {
	a, b := twoSessions(t)
	b.iso = txn.RepeatableRead
	b.must("begin")
	expect(t, "snapshot", b.must("select v from t where id = 1"), "10")
	a.must("update t set v = 11 where id = 1")
	expect(t, "snapshot", b.must("select v from t where id = 1"), "10")
	expect(t, "update", b.exec("update t set v = v + 1 where id = 1"), "ERROR 40001: could not serialize access due to concurrent update")
	b.must("begin")
	b.must("select v from t where id = 2")
	a.must("delete from t where id = 2")
	expect(t, "delete", b.exec("delete from t where id = 2"), "ERROR 40001: could not serialize access due to concurrent delete")
	b.must("begin")
	b.must("select 1 from t")
	a.must("update t set v = 5 where id = 3")
	expect(t, "lock", b.exec("select * from t where id = 3 for update"), "ERROR 40001: could not serialize access due to concurrent update")
}

func TestDeadlock(t *testing.T) {
	a, b := twoSessions(t)
	a.must("begin")
	b.must("begin")
	a.must("update t set v = 1 where id = 1")
	b.must("update t set v = 1 where id = 2")
	out := a.blocked("update t set v = 2 where id = 2")
	if got := b.exec("update t set v = 2 where id = 1"); !strings.HasPrefix(got, "ERROR 40P01: deadlock detected") {
		t.Error(got)
	}
	expect(t, "survivor", <-out, "UPDATE 1")
}

func TestSelectForUpdate(t *testing.T) {
	a, b := twoSessions(t)
	a.must("begin")
	a.must("select * from t where id = 1 for update")
	expect(t, "skip", b.must("select id from t order by id for update skip locked"), "2\n3")
	expect(t, "nowait", b.exec("select id from t where id = 1 for update nowait"), "ERROR 55P03: could not obtain lock on row in relation \"t\"")
	expect(t, "read", b.must("select v from t where id = 1"), "10")
	a.must("update t set v = 15 where id = 1")
	out := b.blocked("select v, w from t where id = 1 for update")
	a.must("commit")
	expect(t, "newest", <-out, "15|a")
	a.must("begin")
	a.must("update t set v = 16, w = 'z' where id = 1")
	out = b.blocked("select t.v from t, (values ('a'), ('b')) x (w) where t.w = x.w and t.id < 3 order by t.v for update of t")
	a.must("commit")
	expect(t, "conditions on the newest", <-out, "20")
	a.must("begin")
	a.must("update t set v = 17 where v = 16")
	out = b.blocked("select id from t where v = 16 for update")
	a.must("commit")
	expect(t, "filter on the newest", <-out, "")
	a.must("begin")
	a.must("select * from t where id = 1 for key share")
	expect(t, "no conflict", b.must("update t set v = 16 where id = 1"), "UPDATE 1")
	out = b.blocked("delete from t where id = 1")
	a.must("commit")
	expect(t, "delete", <-out, "DELETE 1")
}

func TestConcurrentInsertOfOneKey(t *testing.T) {
	a, b := twoSessions(t)
	a.must("begin")
	a.must("insert into t values (7, 1, 'mine')")
	out := b.blocked("insert into t values (7, 2, 'theirs') on conflict (id) do update set w = t.w || '+' || excluded.w returning w")
	a.must("commit")
	expect(t, "upsert", <-out, "mine+theirs\nINSERT 1")
	a.must("begin")
	a.must("insert into t values (8, 1, 'mine')")
	out = b.blocked("insert into t values (8, 2, 'theirs') returning w")
	a.must("rollback")
	expect(t, "insert", <-out, "theirs\nINSERT 1")
	a.must("begin")
	a.must("insert into t values (9, 1, 'mine')")
	out = b.blocked("insert into t values (9, 2, 'theirs')")
	a.must("commit")
	if got := <-out; !strings.HasPrefix(got, "ERROR 23505") {
		t.Error(got)
	}
}

func TestForeignKeyAndConcurrentDelete(t *testing.T) {
	a, b := twoSessions(t)
	a.must("create table r (id int primary key, tid int references t)")
	a.must("begin")
	a.must("insert into r values (1, 1)")
	expect(t, "non-key update", b.must("update t set v = 0 where id = 1"), "UPDATE 1")
	out := b.blocked("delete from t where id = 1")
	a.must("commit")
	if got := <-out; !strings.HasPrefix(got, "ERROR 23503") {
		t.Error(got)
	}
	a.must("begin")
	a.must("delete from t where id = 2")
	out = b.blocked("insert into r values (2, 2)")
	a.must("commit")
	if got := <-out; !strings.HasPrefix(got, "ERROR 23503") {
		t.Error(got)
	}
}

// tests/isolation/specs/key-moved.spec shows the rest.
func TestRowIsFollowedToItsNewKey(t *testing.T) {
	a, b := twoSessions(t)
	a.must("begin")
	a.must("update t set id = 100, v = v + 1 where id = 1")
	out := b.blocked("update t set v = v * 2 where w = 'a' returning id, v")
	a.must("commit")
	expect(t, "after the move", <-out, "100|22\nUPDATE 1")

	a.must("begin")
	a.must("update t set id = 0 where id = 2")
	a.must("update t set id = 2 where id = 3")
	a.must("update t set id = 3 where id = 0")
	out = b.blocked("update t set v = v + 1 where id in (2, 3) returning w, v")
	a.must("commit")
	expect(t, "two rows have changed places", <-out, "b|21\nc|31\nUPDATE 2")

	a.must("begin")
	a.must("delete from t where id = 2")
	a.must("insert into t values (2, 7, 'new')")
	out = b.blocked("update t set v = 0 where id = 2 returning w")
	a.must("commit")
	expect(t, "another row at the key is not the row", <-out, "UPDATE 0")

	b.iso = txn.RepeatableRead
	b.must("begin")
	b.must("select 1 from t")
	a.must("update t set id = 200 where id = 100")
	if got := b.exec("delete from t where w = 'a'"); !strings.Contains(got, "40001") {
		t.Errorf("repeatable read: %s", got)
	}
}

func TestConflictLeavesTheRowUnlocked(t *testing.T) {
	a, b := twoSessions(t)
	a.must("begin")
	a.must("insert into t values (1, 0, 'x') on conflict do nothing")
	if got := strings.TrimSpace(b.exec("update t set v = 11 where id = 1 returning v")); got != "11\nUPDATE 1" {
		t.Errorf("after DO NOTHING: %s", got)
	}
	b.must("begin")
	b.must("select 1 from t where id = 2 for update")
	a.must("insert into t values (2, 0, 'x') on conflict do nothing") // does not wait
	b.must("commit")
	b.must("begin")
	b.must("delete from t where id = 3")
	out := a.blocked("insert into t values (3, 0, 'x') on conflict do nothing returning w")
	b.must("commit")
	expect(t, "the row has gone", <-out, "x\nINSERT 1")
}

// The deletion of a row in the way may commit at any moment of an insert that began after it.
func TestExclusionSeesDeletionThatCommits(t *testing.T) {
	d := newDB(t)
	a, b := d.session(), d.session()
	a.must("create table x (during int4range, exclude using gist (during with &&))")
	for range 400 {
		a.must("insert into x values ('[1,10)')")
		a.must("begin")
		a.must("delete from x")
		done := make(chan string)
		go func() { done <- b.exec("insert into x values ('[5,6)') on conflict do nothing") }()
		a.must("commit")
		expect(t, "insert", <-done, "INSERT 1")
		if t.Failed() {
			return
		}
		a.must("delete from x")
	}
}

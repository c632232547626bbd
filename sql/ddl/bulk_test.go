package ddl

import (
	"strings"
	"testing"
)

// TestBulkBuild builds indexes that are large enough for files of their own: the answers are those of small ones.
func TestBulkBuild(t *testing.T) {
	s := newSession(t)
	s.bulkMin = 10_000
	s.run("create table t (a int, b text, c int)")
	s.run("insert into t select (g * 7919) % 10007, repeat('x', 100) || g, g from generate_series(1, 10000) g")
	for _, c := range []struct{ sql, want string }{
		{"alter table t add primary key (a)", "ALTER TABLE"},
		{"select count(*), count(distinct a), sum(a) from t", ""},
		{"create unique index on t (b)", "CREATE INDEX"},
		{"create index on t (c desc)", "CREATE INDEX"},
		{"select a, c from t where a = 7919", "7919|1"},
		{"select c from t where b = repeat('x', 100) || '777'", "777"},
		{"insert into t values (7919, 'y', 1)", "23505"},
		{"insert into t values (10008, repeat('x', 100) || '777', 1)", "23505"},
		{"update t set a = 20000 where c = 5", "UPDATE 1"},
		{"select count(*) from t where c = 5 and a = 20000", "1"},
		{"insert into t values (10008, 'dup', 1)", "INSERT 0 1"},
		{"create unique index dup on t (c)", "Key (c)=(1) is duplicated"},
		{"select count(*) from t", "10001"},
		{"alter table t drop constraint t_pkey", "ALTER TABLE"},
		{"select count(*), min(a), max(a) from t", "10001|"},
		{"delete from t where c < 5000", "DELETE 5000"},
		{"select count(*) from t where c > 0", "5001"},
	} {
		if got := s.run(c.sql); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", c.sql, got, c.want)
		}
	}
	if s.bulks < 3 {
		t.Errorf("%d indexes were built from files", s.bulks)
	}
}

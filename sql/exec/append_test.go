package exec_test

import (
	"testing"

	"github.com/tarndb/tarn/storage/tuple"
)

// A plan that prunes at run time goes by the partitions that it was made with, whatever has been attached or detached since: with the
// numbers of newer ones it would read the wrong partition.
func TestPruningKeepsToThePlan(t *testing.T) {
	for name, x := range map[string]struct{ make, change string }{
		"list": {"create table p (a int, b text) partition by list (a); create table p5 partition of p for values in (5); " +
			"create table p6 partition of p for values in (6); create table p9 partition of p default",
			"create table p1 partition of p for values in (1); create table p2 partition of p for values in (2); drop table p6"},
		"range": {"create table p (a int, b text) partition by range (a); create table p5 partition of p for values from (5) to (6); " +
			"create table p6 partition of p for values from (6) to (7)",
			"create table p1 partition of p for values from (1) to (3); create table p7 partition of p for values from (7) to (9)"},
		"hash": {"create table p (a int, b text) partition by hash (a); create table p5 partition of p for values with (modulus 2, remainder 0); " +
			"create table p6 partition of p for values with (modulus 2, remainder 1)",
			"alter table p detach partition p5; alter table p attach partition p5 for values with (modulus 4, remainder 0)"},
		"two levels": {"create table p (a int, b text) partition by list (b); create table q partition of p for values in ('b') partition by list (a); " +
			"create table p5 partition of q for values in (5); create table p6 partition of q for values in (6); create table p7 partition of p for values in ('c')",
			"create table p0 partition of p for values in ('a'); create table p1 partition of q for values in (1)"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newDB(t).session()
			s.must(x.make)
			s.must("insert into p values (5, 'b'), (6, 'b')")
			prog, err := s.parsePrepare("select a from p where a = $1::int")
			if err != nil {
				t.Fatal(err)
			}
			look := func() {
				t.Helper()
				s.begin()
				if got, err := s.run(prog, tuple.Int(5)); err != nil || got != "5\n" {
					t.Errorf("%q, %v", got, err)
				}
				if err := s.commit(); err != nil {
					t.Fatal(err)
				}
			}
			look()
			s.must(x.change)
			look()
		})
	}
}

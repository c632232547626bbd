package exec_test

import (
	"testing"

	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Statements of pgbench's kind run on pooled instances: next to nothing is allocated per execution. The bounds include
// the transaction, not the session.
func TestAllocations(t *testing.T) {
	if testing.Short() {
		t.Skip()
	}
	s := pgbench(t)
	for _, c := range []struct {
		sql    string
		params []types.Datum
		max    float64
	}{
		{"select abalance from accounts where aid = $1", []types.Datum{aid(1)}, 3},
		{"update accounts set abalance = abalance + $1 where aid = $2", []types.Datum{tuple.Int(5), aid(2)}, 8},
		{"insert into history (tid, bid, aid, delta, mtime) values (1, 1, $1, $2, current_timestamp)", []types.Datum{aid(3), tuple.Int(5)}, 8},
		{"select sum(abalance), count(*) from accounts where aid between $1 and $2", []types.Datum{tuple.Int(100), tuple.Int(900)}, 20},
	} {
		run := s.runner(t, prepareSQL(t, s, c.sql))
		if n := testing.AllocsPerRun(200, func() { run(c.params...) }); n > c.max {
			t.Errorf("%s: %v allocations", c.sql, n)
		}
	}
}

package exec_test

import (
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
)

// pgbench makes a small version of pgbench's tables.
func pgbench(t testing.TB) *session {
	s := newDB(t).session()
	s.must("create table accounts (aid int primary key, bid int, abalance int, filler char(84))")
	s.must("create table history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22))")
	s.must("insert into accounts select i, 1, 0, '' from generate_series(1, 10000) i")
	return s
}

func prepareSQL(t testing.TB, s *session, sql string) *exec.Program {
	t.Helper()
	p, err := s.parsePrepare(sql)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// runner executes a prepared statement in transactions of its own, without the harness's printing.
func (s *session) runner(t testing.TB, p *exec.Program) func(params ...types.Datum) int64 {
	ec := s.context()
	return func(params ...types.Datum) int64 {
		ec.Txn = s.db.mgr.Begin(txn.Options{Owner: s.owner})
		ec.Params = params
		n, err := p.Exec(ec, func([]types.Datum) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ec.Txn.Commit(s.ctx, engine.Async); err != nil {
			t.Fatal(err)
		}
		return n
	}
}

func benchmark(b *testing.B, sql string, params func(i int) []types.Datum) {
	s := pgbench(b)
	run := s.runner(b, prepareSQL(b, s, sql))
	args := make([][]types.Datum, 1024)
	for i := range args {
		args[i] = params(i)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		run(args[i%1024]...)
	}
}

func aid(i int) types.Datum { return tuple.Int(int64(i*7919%10000 + 1)) }

func BenchmarkPointSelect(b *testing.B) {
	benchmark(b, "select abalance from accounts where aid = $1", func(i int) []types.Datum { return []types.Datum{aid(i)} })
}

func BenchmarkPointUpdate(b *testing.B) {
	benchmark(b, "update accounts set abalance = abalance + $1 where aid = $2", func(i int) []types.Datum { return []types.Datum{tuple.Int(5), aid(i)} })
}

func BenchmarkInsert(b *testing.B) {
	benchmark(b, "insert into history (tid, bid, aid, delta, mtime) values ($1, $2, $3, $4, current_timestamp)", func(i int) []types.Datum {
		return []types.Datum{tuple.Int(1), tuple.Int(1), aid(i), tuple.Int(7)}
	})
}

func BenchmarkScanSum(b *testing.B) {
	benchmark(b, "select sum(abalance), count(*) from accounts where aid > $1", func(i int) []types.Datum { return []types.Datum{tuple.Int(0)} })
}

// One transaction of 1000 rows, row by row and as COPY does it.
func BenchmarkLoad(b *testing.B) {
	for _, each := range []bool{false, true} {
		name := "exec"
		if each {
			name = "each"
		}
		b.Run(name, func(b *testing.B) {
			s := newDB(b).session()
			s.must("create table accounts (aid int primary key, bid int, abalance int, filler char(84))")
			prog := prepareSQL(b, s, "insert into accounts values ($1, $2, $3, $4)")
			filler := tuple.String(strings.Repeat(" ", 84))
			b.ReportAllocs()
			for i := range b.N {
				ec := s.context()
				ec.Txn = s.db.mgr.Begin(txn.Options{Owner: s.owner})
				if _, err := ec.Txn.LockTable(s.ctx, uint64(prog.Plan().Stmt.Tables[0].Table.OID), lock.AccessExclusive, lock.Options{}); err != nil {
					b.Fatal(err)
				}
				ec.Params = []types.Datum{tuple.Int(1), tuple.Int(1), tuple.Int(0), filler}
				at := 0
				next := func(p []types.Datum, _ int64) (bool, error) {
					p[0] = tuple.Int(int64(i*1000 + at))
					at++
					return at <= 1000, nil
				}
				if each {
					if _, err := prog.ExecEach(ec, next, nil); err != nil {
						b.Fatal(err)
					}
				} else {
					for {
						if ok, _ := next(ec.Params, 0); !ok {
							break
						}
						if _, err := prog.Exec(ec, nil); err != nil {
							b.Fatal(err)
						}
					}
				}
				if _, err := ec.Txn.Commit(s.ctx, engine.Async); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

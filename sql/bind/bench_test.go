package bind_test

import (
	"testing"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/parser"
)

// BenchmarkStatement is what binding adds to parsing for pgbench's statements.
func BenchmarkStatement(b *testing.B) {
	for _, sql := range []string{
		"select b from t where a = $1",
		"update t set c = c + $1 where a = $2",
		"insert into u (a, x, y, z) values ($1, $2, $3, 1)",
		"select t.b, count(*), sum(u.x) from t join u on t.a = u.a where u.x > 5 group by t.b order by 2 desc limit 10",
	} {
		b.Run(sql[:12], func(b *testing.B) {
			stmts, err := parser.Parse(sql)
			if err != nil {
				b.Fatal(err)
			}
			env := testEnv(sql)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := bind.Statement(env, stmts[0].Node, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package parser

import "testing"

// Constants are replaced where PostgreSQL sees constants: not in ORDER BY 1, type modifiers and names.
func TestIdentify(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{"SELECT 1", "SELECT $1"},
		{" select a+1.5, 'x' , NULL, true FROM t WHERE b = -3 ", "select a+$1, $2 , $3, $4 FROM t WHERE b = $5"},
		{"SELECT * FROM t WHERE a = $1 AND b = 5", "SELECT * FROM t WHERE a = $1 AND b = $2"},
		{"SELECT a, b FROM t GROUP BY 1, 2 ORDER BY 1 LIMIT 10", "SELECT a, b FROM t GROUP BY 1, 2 ORDER BY 1 LIMIT $1"},
		{"SELECT a::numeric(10,2), 'x'::varchar(3) FROM t", "SELECT a::numeric(10,2), $1::varchar(3) FROM t"},
		{"PREPARE p AS SELECT a FROM t WHERE b = $1 AND c = 'x'", "PREPARE p AS SELECT a FROM t WHERE b = $1 AND c = $2"},
		{"SELECT a FROM t LIMIT 5 OFFSET 1;", "SELECT a FROM t LIMIT $1 OFFSET $2"},
		{"INSERT INTO t VALUES (1, 'a'), (2, $$b$$)", "INSERT INTO t VALUES ($1, $2), ($3, $4)"},
	} {
		got, _, err := Identify(c.sql)
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", c.sql, got, err, c.want)
		}
	}
	same := func(a, b string, want bool) {
		_, x, err := Identify(a)
		_, y, err2 := Identify(b)
		if err != nil || err2 != nil || (x == y) != want {
			t.Errorf("%q and %q: %x, %x, %v, %v", a, b, x, y, err, err2)
		}
	}
	same("SELECT 1 + a FROM t", "select  2\n+ A /* x */ from T -- y", true)
	same("SELECT a FROM t", `SELECT "A" FROM t`, false)
	same("SELECT 'a'", "SELECT 'b'", true)
	same("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = $1", false)
	same("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = -5;", true)
	same("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = NULL", false)
	same("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = '1'", false)
	same("SELECT a FROM t WHERE b = 1", "PREPARE p(int) AS SELECT a FROM t WHERE b = 2", true)
	same("SELECT a FROM t ORDER BY 1", "SELECT a FROM t ORDER BY 2", false)
	same("SELECT a FROM t WHERE b IN (1, 2)", "SELECT a FROM t WHERE b IN (1, 2, 3)", false)
}

func FuzzIdentify(f *testing.F) {
	f.Add("SELECT $1, 'a' FROM t")
	f.Fuzz(func(t *testing.T, sql string) {
		_, _, _ = Identify(sql)
	})
}

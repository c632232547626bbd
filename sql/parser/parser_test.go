package parser

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
)

func TestStatementsKeepTextAndOffset(t *testing.T) {
	stmts, err := Parse(" select 1 ;; create branch dev from main at lsn '0/16B3748' with (ttl = '7 days', protected); select 'a;b' ")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range stmts {
		got = append(got, fmt.Sprintf("%d %T %s", s.Offset, s.Node, strings.TrimSpace(s.Text)))
	}
	want := []string{
		"1 *ast.SelectStmt select 1",
		"13 *ast.CreateBranchStmt create branch dev from main at lsn '0/16B3748' with (ttl = '7 days', protected)",
		"94 *ast.SelectStmt select 'a;b'",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	b := stmts[1].Node.(*ast.CreateBranchStmt)
	if b.Name != "dev" || b.From != "main" || b.At.LSN != "0/16B3748" || b.Options["ttl"] != "7 days" || b.Options["protected"] != "true" {
		t.Errorf("%+v", b)
	}
}

func TestSyntaxErrorPositions(t *testing.T) {
	for sql, want := range map[string]string{
		"select * form t":                     `42601 syntax error at or near "form" 10`,
		"create branch":                       `42601 syntax error at end of input 14`,
		"select 1; create branch a b":         `42601 syntax error at or near "b" 27`,
		"create branch é; select * fro m x y": `42601 syntax error at or near "fro" 27`,
	} {
		_, err := Parse(sql)
		if err == nil {
			t.Errorf("%s: no error", sql)
			continue
		}
		e := errString(err)
		if e != want {
			t.Errorf("%s: %s, want %s", sql, e, want)
		}
	}
}

func TestNormalize(t *testing.T) {
	long := strings.Repeat("it''s ", 1000)
	for _, c := range []struct{ in, text, lits string }{
		{"SELECT abalance FROM pgbench_accounts WHERE aid = 4711;", "SELECT abalance FROM pgbench_accounts WHERE aid = $1", "i:4711"},
		{"UPDATE t SET a = a + -5 WHERE id = 12345678901", "UPDATE t SET a = a + -$1 WHERE id = $2", "i:5 l:12345678901"},
		{"INSERT INTO h (a,b,c) VALUES (1, 'it''s', 1.5)", "INSERT INTO h (a,b,c) VALUES ($1, $2, $3)", "i:1 s:it's n:1.5"},
		{"select * from t where a = '1'::int", "", ""},
		{"select date '2020-01-01'", "", ""},
		{"select a from t order by 1", "", ""},
		{"select 1; select 2", "", ""},
		{"select $1 + 1", "", ""},
		{"select E'a\\n'", "", ""},
		{"select 'a' 'b'", "", ""},
		{"begin", "", ""},
		{"insert into t values (1, '" + long + "', 2)", "insert into t values ($1, $2, $3)", "i:1 s:" + strings.Repeat("it's ", 1000) + " i:2"},
		{"insert into t values ('" + long, "", ""},
		{"select a + a" + strings.Repeat(" + a", 2000) + " from t where b = 1", "", ""},
		{"select 1 from t where " + strings.Repeat("abcdefgh = 1 and ", 60) + strings.Repeat("b", maxNormalized), "", ""},
	} {
		key, n, lits, ok := Normalize(c.in, nil, nil)
		if !ok {
			if c.text != "" {
				t.Errorf("%s: not normalised", c.in)
			}
			continue
		}
		var ls []string
		for _, l := range lits {
			ls = append(ls, string(l.Kind)+":"+l.Text)
		}
		if string(key[:n]) != c.text || strings.Join(ls, " ") != c.lits {
			t.Errorf("%s: %s | %s", c.in, key[:n], strings.Join(ls, " "))
		}
	}
}

func FuzzNormalize(f *testing.F) {
	f.Add("select a, 'x' from t where b = 1")
	f.Fuzz(func(t *testing.T, sql string) {
		Normalize(sql, nil, nil)
		splitTarn(sql + " branch")
	})
}

func BenchmarkNormalize(b *testing.B) {
	buf, lits := make([]byte, 0, 512), make([]Literal, 0, 8)
	for b.Loop() {
		Normalize("SELECT abalance FROM pgbench_accounts WHERE aid = 4711;", buf, lits)
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		Parse("SELECT abalance FROM pgbench_accounts WHERE aid = 4711;")
	}
}

func errString(err error) string {
	var e *pgerr.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	return fmt.Sprintf("%s %s %d", e.Code, e.Message, e.Position)
}

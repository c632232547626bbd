package bind_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/pgerr"
)

// FuzzStatement: whatever parses is bound or refused with an SQLSTATE; nothing panics, and what is printed binds again.
func FuzzStatement(f *testing.F) {
	files, _ := filepath.Glob("testdata/oracle/*.sql")
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, sql := range strings.Split(string(raw), ";\n") {
			f.Add(sql)
		}
	}
	f.Fuzz(func(t *testing.T, sql string) {
		stmts, err := parser.Parse(sql)
		if err != nil || len(stmts) == 0 {
			return
		}
		env := testEnv(sql)
		st, err := bind.Statement(env, stmts[0].Node, nil)
		if err != nil {
			if pgerr.Code(err) == "" {
				t.Fatalf("%s: error without SQLSTATE: %v", sql, err)
			}
			return
		}
		if st.Tag != "SELECT" || len(st.Params) > 0 {
			return
		}
		text, err := bind.QuerySQL(env, stmts[0].Node, bind.DefOptions{})
		if err != nil {
			return // not every query can be printed
		}
		again, err := parser.Parse(text)
		if err != nil {
			t.Fatalf("%s\nprints as\n%s\n%v", sql, text, err)
		}
		env.Source = text
		st2, err := bind.Statement(env, again[0].Node, nil)
		if err != nil {
			t.Fatalf("%s\nprints as\n%s\n%v", sql, text, err)
		}
		if len(st2.Out) != len(st.Out) {
			t.Fatalf("%s\nprints as\n%s\nwith %d columns", sql, text, len(st2.Out))
		}
		for i := range st.Out {
			if st.Out[i].T.OID != st2.Out[i].T.OID {
				t.Fatalf("%s\nprints as\n%s\ncolumn %d is of another type", sql, text, i+1)
			}
		}
	})
}

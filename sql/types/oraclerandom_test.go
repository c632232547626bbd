package types

import (
	"strconv"
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/numeric"
)

// randomNumeric has up to 24 digits before and after the point, mostly few.
func randomNumeric(r interface{ IntN(int) int }) string {
	var b strings.Builder
	if r.IntN(2) == 0 {
		b.WriteByte('-')
	}
	length := func() int {
		if r.IntN(4) == 0 {
			return r.IntN(24)
		}
		return r.IntN(8)
	}
	digits := func(n int) {
		for range n {
			b.WriteByte("0001234567899950"[r.IntN(16)])
		}
	}
	digits(1 + length())
	if n := length(); n > 0 && r.IntN(4) > 0 {
		b.WriteByte('.')
		digits(n)
	}
	return b.String()
}

// The short ways through 64 and 128 bits and the long one through big integers round as PostgreSQL does.
func TestOracleRandomNumeric(t *testing.T) {
	c := oracle(t)
	r := newRand("numeric")
	var pairs [][]string
	for range 1500 {
		pairs = append(pairs, []string{randomNumeric(r), randomNumeric(r)})
	}
	for _, o := range []op{num2("$1 + $2", numeric.Add), num2("$1 - $2", numeric.Sub), num2("$1 * $2", numeric.Mul), num2("$1 / $2", numeric.Div), num2("$1 % $2", numeric.Mod), num2("div($1,$2)", numeric.DivTrunc),
		num2("round($1, 2) + trunc($2, 3)", func(a, b Datum) (Datum, error) {
			x, err := numeric.Round(a, 2)
			if err != nil {
				return x, err
			}
			y, err := numeric.Trunc(b, 3)
			if err != nil {
				return y, err
			}
			return numeric.Add(x, y)
		}),
		num2("sqrt(abs($1)) + ceil($2)", func(a, b Datum) (Datum, error) {
			x, err := numeric.Sqrt(numeric.Abs(a))
			if err != nil {
				return x, err
			}
			y, err := numeric.Ceil(b)
			if err != nil {
				return y, err
			}
			return numeric.Add(x, y)
		})} {
		want := runOp(t, c, o, pairs)
		bad := 0
		for i, p := range pairs {
			got := ""
			if d, err := o.f([]Datum{mustParse(t, Numeric, p[0]), mustParse(t, Numeric, p[1])}); err != nil {
				e := pgerr.From(err)
				got = errString(e.Code, e.Message, e.Detail, e.Hint)
			} else {
				got = Lookup(Numeric).Text(d, nil)
			}
			if got != want[i] {
				if bad++; bad < 5 {
					t.Errorf("%s of %q\n   got %s\n  want %s", o.sql, p, got, want[i])
				}
			}
		}
	}
	var lits []string
	for range 3000 { // floats of all magnitudes, as shortest text
		lits = append(lits, randomNumeric(r)+"e"+strconv.Itoa(r.IntN(600)-310))
	}
	compareAnswers(t, "float8", lits, askAll(t, c, "float8", Float8, lits), Float8, nil)
	for i := range lits {
		m, _, _ := strings.Cut(lits[i], "e")
		lits[i] = m + "e" + strconv.Itoa(r.IntN(80)-45)
	}
	compareAnswers(t, "float4", lits, askAll(t, c, "float4", Float4, lits), Float4, nil)
}

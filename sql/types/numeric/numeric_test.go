package numeric

import (
	"strings"
	"testing"

	"github.com/tarndb/tarn/storage/tuple"
)

func parse(tb testing.TB, s string) tuple.Value {
	tb.Helper()
	d, err := Parse(s)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

func text(d tuple.Value) string { return string(Of(d).AppendText(nil)) }

// The answers are PostgreSQL 15's. The oracle test of sql/types compares many more.
func TestArithmetic(t *testing.T) {
	ops := map[string]func(a, b tuple.Value) (tuple.Value, error){"+": Add, "-": Sub, "*": Mul, "/": Div, "%": Mod, "^": Power, "log": Log, "div": DivTrunc, "gcd": GCD, "lcm": LCM}
	for _, c := range []string{
		"12345.67 + -89.1 = 12256.57", "12345.67 * -89.1 = -1099999.197", "12345.67 / -89.1 = -138.5597081930415264", "12345.67 % -89.1 = 49.87",
		"2.5 ^ -3.5 = 0.04047715405015526", "2 log 10 = 3.3219280948873623", "7 div -2 = -3", "12.5 gcd 7.5 = 2.5", "4 lcm 6 = 12",
		"NaN + 1 = NaN", "Infinity - Infinity = NaN", "1 / 0 = division by zero", "-1 ^ 0.5 = a negative number raised to a non-integer power yields a complex result",
	} {
		f := strings.SplitN(c, " ", 5)
		d, err := ops[f[1]](parse(t, f[0]), parse(t, f[2]))
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = text(d)
		}
		if !strings.Contains(got, f[4]) || err == nil && got != f[4] {
			t.Errorf("%s: %s", c, got)
		}
	}
}

// A binary value reads back as itself, and typmods round or refuse.
func TestFormats(t *testing.T) {
	for _, s := range []string{"0", "-0.00", "1e20", "123456789.987654321", "NaN", "Infinity", "-Infinity", "0.0001"} {
		d := parse(t, s)
		back, err := ParseBinary(AppendBinary(nil, d))
		if err != nil || text(back) != text(d) {
			t.Errorf("%s: %s, %v", s, text(back), err)
		}
	}
	if d, err := ApplyTypmod(parse(t, "-12.345"), 4<<16+2+typmodBase); err != nil || text(d) != "-12.35" {
		t.Errorf("%s, %v", text(d), err)
	}
	if _, err := ApplyTypmod(parse(t, "100"), 4<<16+2+typmodBase); err == nil || !strings.Contains(err.Error(), "numeric field overflow") {
		t.Error(err)
	}
}

// A result of its own bytes is all that arithmetic of small numbers allocates.
func TestAllocations(t *testing.T) {
	a, b := parse(t, "12345.67"), parse(t, "-89.1")
	for name, f := range map[string]func(){
		"add": func() { Add(a, b) }, "sub": func() { Sub(a, b) }, "mul": func() { Mul(a, b) }, "div": func() { Div(a, b) }, "mod": func() { Mod(a, b) },
		"round": func() { Round(a, 1) },
	} {
		if n := testing.AllocsPerRun(100, f); n > 1 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkArithmetic(b *testing.B) {
	x, y := parse(b, "12345.67"), parse(b, "-89.1")
	for name, f := range map[string]func(a, b tuple.Value) (tuple.Value, error){"add": Add, "mul": Mul, "div": Div} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f(x, y)
			}
		})
	}
}

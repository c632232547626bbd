package queryint

import (
	"slices"
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/pgerr"
)

// Expressions and how PostgreSQL 15 prints them.
func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"1": "1", " 1 ": "1", "1&2|3": "1 & 2 | 3", "1|2&3": "1 | 2 & 3", "1|2|3": "( 1 | 2 ) | 3", "1&(2|3)": "1 & ( 2 | 3 )",
		"!1": "!1", "!(1|2)": "!( 1 | 2 )", "!!1": "!( !1 )", "1&(2&3)": "1 & 2 & 3", "(1|2)&3": "( 1 | 2 ) & 3", "010": "8", "-": "0", "089": "0", "-5": "-5",
		"": "syntax error", "()": "syntax error", "1 2": "syntax error", "(1": "syntax error", "1)": "syntax error", "2147483648": "syntax error",
		"-2147483648": "-2147483648", "1&": "syntax error", "a": "syntax error", strings.Repeat("!", 16) + "1": "", strings.Repeat("!", 17) + "1": "statement too complex",
		strings.Repeat("(", 100000): "stack depth limit exceeded", "1\t": "syntax error",
	} {
		d, err := Parse(in)
		if err != nil {
			if got := pgerr.From(err).Message; got != want {
				t.Errorf("%.40s: %s, want %s", in, got, want)
			}
			continue
		}
		if got := string(AppendText(nil, d)); want != "" && got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestHolds(t *testing.T) {
	has := func(n int32) bool { return slices.Contains([]int32{1, 2, 3}, n) }
	for in, want := range map[string]bool{"1": true, "4": false, "1&4": false, "1|4": true, "!4": true, "!(1&2)|3": true, "!(1&2)&3": false, "1&!4": true, "4|(5|1)": true} {
		d, err := Parse(in)
		if err != nil || Holds(d, has) != want {
			t.Errorf("%s: %v, want %v (%v)", in, !want, want, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"1&2|3", "!(1|2)", "((1))", "-0|010"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := Parse(s)
		if err != nil {
			return
		}
		Holds(d, func(n int32) bool { return n%2 == 0 })
		text := string(AppendText(nil, d))
		again, err := Parse(text)
		if err != nil && !strings.Contains(err.Error(), "too complex") {
			t.Fatalf("%q prints %q: %v", s, text, err)
		}
		if err == nil && string(AppendText(nil, again)) != text {
			t.Fatalf("%q prints %q and then %q", s, text, AppendText(nil, again))
		}
	})
}

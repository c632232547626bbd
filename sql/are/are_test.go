package are

import (
	"fmt"
	"testing"
)

// Matches as PostgreSQL gives them: the extent of the match and of each group.
func TestFind(t *testing.T) {
	for _, c := range []struct{ pattern, text, want string }{
		{"foo|foobar", "xfoobar", "[1 7]"},                                // the longest alternative, not the first
		{"XY*?", "XYYY", "[0 1]"},                                         // prefers shortest
		{"Y*?([0-9]{1,3})", "XY1234Z", "[1 3 2 3]"},                       // so the whole is shortest
		{"Y*([0-9]{1,3}?)", "XY1234Z", "[1 5 2 5]"},                       // the whole is longest
		{`(?:(.*?)(\d+)(.*)){1,1}`, "abc01234xyz", "[0 11 0 3 3 8 8 11]"}, // groups keep their own preference
		{`(\w)\1`, "hello", "[2 4 2 3]"},
		{`\mfoo\M`, "a foo b", "[2 5]"},
		{"^b", "a\nb", "[]"},
		{"(?n)^b", "a\nb", "[2 3]"},
		{"***=a.c", "abc a.c", "[4 7]"},
		{"[[:alpha:]]+", "12été", "[2 7]"},
		{"", "x", "[0 0]"},
	} {
		re, err := Compile(c.pattern, Flags{})
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		loc, err := re.Find(c.text, 0, nil)
		if got := fmt.Sprint(loc); err != nil || got != c.want {
			t.Errorf("%s on %q: %s %v, want %s", c.pattern, c.text, got, err, c.want)
		}
	}
}

// A later search does not take its start for the text's.
func TestFindLater(t *testing.T) {
	re, err := Compile("^a", Flags{})
	if err != nil {
		t.Fatal(err)
	}
	if loc, _ := re.Find("aaa", 1, nil); loc != nil {
		t.Errorf("found %v", loc)
	}
}

func TestErrors(t *testing.T) {
	for pattern, want := range map[string]string{
		"(": errParens.Error(), "a)": errParens.Error(), "[a": errBrackets.Error(), "a{3,2}": errCount.Error(), "a**": errOperand.Error(),
		`\`: errEscape.Error(), "[b-a]": errRange.Error(), "[[:foo:]]": errClass.Error(), `\1`: errBackref.Error(), "a{256}": errCount.Error(),
	} {
		if _, err := Compile(pattern, Flags{}); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", pattern, err, want)
		}
	}
}

// Whatever the pattern, an error or a match within the text comes back.
func FuzzCompile(f *testing.F) {
	for _, s := range []string{"a", "(a|b)*c", `\d+`, "[^a-c]", "(?i)x", "a{2,3}?", `(\w)\1`, "[[:alpha:]]", "***:a", "(?x) a b # c"} {
		f.Add(s, "abcabc 123")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		re, err := Compile(pattern, Flags{})
		if err != nil || len(pattern) > 50 || len(text) > 50 {
			return
		}
		loc, err := re.Find(text, 0, nil)
		if err == nil && loc != nil && (loc[0] < 0 || loc[1] < loc[0] || loc[1] > len(text) || len(loc) != 2*re.Groups()+2) {
			t.Errorf("%q on %q: %v", pattern, text, loc)
		}
	})
}

package columnar

import "testing"

func TestSameMatches(t *testing.T) {
	for p, want := range map[string]bool{
		"abc": true, "^abc$": true, `a\.b`: true, "a|b": true, "(a|bc)*d": true, "[a-z0-9_]+@[^ ]+": true, ".*": true, "(?:ab)+c?": true, "ä[ö-]": true, "": false,
		"^a|b": false, "a|": false, "|a": false, "(a|)": false, "()": false, "(a": false, "a)": false, "*a": false, "a**": false, "a*?": false, "a{2}": false, "{": false,
		`\d`: false, `\ba`: false, `(a)\1`: false, `\`: false, "(?i)a": false, "(?=a)": false, "***=a": false, "[[:alpha:]]": false, "[]a]": false, "[a": false, `[\d]`: false,
		"[b-a]": false, "[!-~]": false, "a^b": false, "a$b": false, `a\$`: true, "(^a)": false, "[a-c-e]": false, "a]": false,
	} {
		if sameMatches(p) != want {
			t.Errorf("%s: %v", p, !want)
		}
	}
}

func TestSameParts(t *testing.T) {
	for p, want := range map[string]int{
		`^https?://(?:www\.)?([^/]+)/.*$`: 1, "^(a*)(b)c$": 2, "^a*b$": 0, "^(abc)x?$": 1, "^x(?:ab)?(.*)$": 1, `^.*\$$`: 0,
		"^(a*)": -1, "(a*)$": -1, "^(a|b)$": -1, "^(a?b?)$": -1, "^((a)b)$": -1, "^(?:a*)b$": -1, "^(a)?b$": -1, "^(?:ab)*c$": -1, "^a?(?:ab)?(b*)$": -1, "^a*a?b$": -1,
		`^(a)\$`: -1, "^[a-c]?x?b?(.)$": -1, "^(?:a?)?b$": -1,
	} {
		n, ok := sameParts(p)
		if !ok {
			n = -1
		}
		if n != want {
			t.Errorf("%s: %d, want %d", p, n, want)
		}
	}
}

// FuzzRegexp: a pattern is read to its end whatever it is.
func FuzzRegexp(f *testing.F) {
	for _, p := range []string{`^https?://(?:www\.)?([^/]+)/.*$`, "(((", "[^", `\`, "a|b", "[a-z]*", "é+"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		_, parts := sameParts(p)
		if parts && !sameMatches(p) {
			t.Errorf("%q has the same parts and not the same matches", p)
		}
	})
}

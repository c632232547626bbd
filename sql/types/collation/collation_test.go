package collation

import (
	"bytes"
	"slices"
	"testing"
	"unicode/utf8"
)

func open(t testing.TB, locale string, deterministic bool) *Collator {
	t.Helper()
	c, err := Open(ICU, locale, deterministic)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Words come in the order of their language, upper case where the locale says so, numbers by their values.
func TestOrder(t *testing.T) {
	for _, x := range []struct {
		locale string
		want   []string
	}{
		{"und", []string{"a", "A", "ä", "b", "B", "z"}},
		{"", []string{"côte", "coté", "d"}[1:]},
		{"sv", []string{"a", "z", "å", "ä", "ö"}},
		{"sv-SE", []string{"z", "å", "ä", "ö"}},
		{"sv_SE", []string{"z", "å", "ä", "ö"}},
		{"de@collation=phonebook", []string{"ad", "ä", "af"}},
		{"de-u-co-phonebk", []string{"ad", "ä", "af"}},
		{"und-u-kf-upper", []string{"A", "a", "Ab", "ab", "aB", "B", "b"}[:4]},
		{"@colCaseFirst=upper", []string{"A", "a", "B", "b"}},
		{"@colCaseFirst=lower", []string{"a", "A", "b", "B"}},
		{"en-u-kn", []string{"a2", "a10", "a100"}},
		{"@colNumeric=yes", []string{"a2", "a10"}},
		{"fr-CA-u-kb-true", []string{"cote", "côte", "coté", "côté"}},
	} {
		c := open(t, x.locale, true)
		got := slices.Clone(x.want)
		slices.Reverse(got)
		slices.SortFunc(got, func(a, b string) int { return c.Compare([]byte(a), []byte(b)) })
		if !slices.Equal(got, x.want) {
			t.Errorf("%s: %q, want %q", x.locale, got, x.want)
		}
	}
}

func TestEqual(t *testing.T) {
	for _, x := range []struct {
		locale, a, b string
		want         bool
	}{
		{"und-u-ks-level2", "Abc", "aBC", true}, {"und-u-ks-level2", "abc", "äbc", false},
		{"und-u-ks-level1", "ABC", "äbc", true}, {"und-u-ks-level1-kc-true", "abc", "äbc", true},
		{"und-u-ks-level1-kc-true", "Abc", "äbc", false}, {"und", "a\u0308", "ä", true}, {"und", "a", "A", false},
		{"@colStrength=secondary", "Abc", "aBC", true}, {"und-u-ka-shifted", "a-b", "ab", true},
	} {
		if got := open(t, x.locale, false).Equal([]byte(x.a), []byte(x.b)); got != x.want {
			t.Errorf("%s: %q = %q is %v", x.locale, x.a, x.b, got)
		}
		if open(t, x.locale, true).Equal([]byte(x.a), []byte(x.b)) {
			t.Errorf("%s: different bytes are equal though it is deterministic", x.locale)
		}
	}
}

func TestRefused(t *testing.T) {
	for locale, want := range map[string]error{
		"und-u-kr-latn-digit": Unsupported{What: "collation option kr-latn"},
		"de-u-co-nonsense":    Unsupported{What: `collation type "nonsense" of locale "de-u-co-nonsense"`},
		"a b":                 Malformed{"a b"},
		"@colStrength":        Malformed{"@colStrength"},
	} {
		if _, err := Open(ICU, locale, true); err != want {
			t.Errorf("%s: %v", locale, err)
		}
	}
	if _, err := Open(Libc, "de_DE.UTF-8", true); err != (Unsupported{What: `locale "de_DE.UTF-8" of provider libc`}) {
		t.Error(err)
	}
}

func TestCase(t *testing.T) {
	for _, x := range []struct {
		provider         byte
		locale           string
		fold             Fold
		text, want       string
		leftToTheCallers bool
	}{
		{ICU, "tr", Upper, "i", "İ", false}, {ICU, "de", Upper, "straße", "STRASSE", false}, {ICU, "en", Title, "hello WORLD", "Hello World", false},
		{Libc, "C", Upper, "aé1b", "Aé1B", false}, {Libc, "C", Title, "a1b cD", "A1b Cd", false}, {Libc, "C.UTF-8", Upper, "é", "", true},
	} {
		c, err := Open(x.provider, x.locale, true)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := c.Case(x.fold, x.text); got != x.want || ok == x.leftToTheCallers {
			t.Errorf("%s %d %q: %q, %v", x.locale, x.fold, x.text, got, ok)
		}
	}
}

// Compare is the order of the keys, a strict one for deterministic collations, whatever the texts are.
func FuzzKey(f *testing.F) {
	f.Add("abc", "ABC", "b")
	f.Add("a\u0300\u0323", "\u0323\u0300", "ﷺ")
	f.Add("\u0001", "", "12345678901234567890")
	locales := []string{"und", "und-u-kf-upper", "und-u-ks-level1-kc-true", "en-u-kn-true", "fr-CA-u-kb-true", "ja", "und-u-ka-shifted", "und-u-ks-level4-ka-shifted"}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) || !utf8.ValidString(c) {
			t.Skip()
		}
		for _, locale := range locales {
			for _, det := range []bool{true, false} {
				l := open(t, locale, det)
				x, y, z := l.AppendKey(nil, []byte(a)), l.AppendKey(nil, []byte(b)), l.AppendKey(nil, []byte(c))
				if got, want := l.Compare([]byte(a), []byte(b)), bytes.Compare(x, y); got != want {
					t.Errorf("%s: %q and %q compare as %d, their keys as %d", locale, a, b, got, want)
				}
				if det && a != b && bytes.Equal(x, y) {
					t.Errorf("%s: one key for %q and %q", locale, a, b)
				}
				// Appended to each other, keys that are escaped stay in order; a text's key does not depend on the one before.
				if again := l.AppendKey(z, []byte(a)); !bytes.Equal(again[len(z):], x) {
					t.Errorf("%s: %q has another key after %q", locale, a, c)
				}
			}
		}
	})
}

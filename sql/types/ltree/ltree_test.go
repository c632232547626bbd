package ltree

import (
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	const path = "Top.Science.Astro_nomy.b"
	for in, want := range map[string]bool{
		"*": true, "Top.*": true, "*.b": true, "Top.*{2}.b": true, "Top.*{3}.b": false, "Top.*{1,}.b": true, "Top.*{,1}.b": false,
		"top@.*": true, "top.*": false, "Sci*.*": false, "*.Sci*.*": true, "*.astro%@.*": true, "*.nomy%.*": true, "*.nom%.*": false, "*.nom%*.*": true,
		"!Top.*": false, "!Bottom.*": true, "Top.!Arts|History.*": true, "Top.!Arts|Science.*": false, "a|Top.*": true,
		"!x{4}": true, "!x{,3}": false, "!Top{1}.*": false, "Top.Science.Astro_nomy.b": true, "Top.Science": false, "*{0}": false, "*{4}": true,
	} {
		q, err := ParseQuery(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if q.Match(path) != want {
			t.Errorf("%s: %v, want %v", in, !want, want)
		}
		if got := string(q.AppendText(nil)); got != in {
			t.Errorf("%s is printed as %s", in, got)
		}
	}
	for in, want := range map[string]bool{
		"Top & b": true, "Top & c": false, "top@ | x": true, "!x & !( Top & c )": true, "nom%*": true, "Sci": false, "Sci*": true,
	} {
		q, err := ParseTextQuery(in)
		if err != nil || q.Match(path) != want || string(q.AppendText(nil)) != in {
			t.Errorf("%s: not %v (%v)", in, want, err)
		}
	}
}

// A pattern whose every item may take any number of labels is matched in no time.
func TestMatchIsBounded(t *testing.T) {
	q, err := ParseQuery(strings.Repeat("*.a.", 500) + "b")
	if err != nil {
		t.Fatal(err)
	}
	if q.Match(strings.TrimSuffix(strings.Repeat("a.", 3000), ".")) {
		t.Error("there is no b")
	}
}

func FuzzQuery(f *testing.F) {
	for _, s := range []string{"*", "a.*{1,2}.!b|c@*%", "a{,3}.*{2,}", "!", "a|", "*{1", "é.ü@"} {
		f.Add(s, "a.b.c")
	}
	f.Fuzz(func(t *testing.T, s, path string) {
		q, err := ParseQuery(s)
		if err != nil {
			return
		}
		text := string(q.AppendText(nil))
		again, err := ParseQuery(text)
		if err != nil || string(again.AppendText(nil)) != text {
			t.Fatalf("%q prints %q: %v", s, text, err)
		}
		if p, err := Parse(path); err == nil && q.Match(p) != again.Match(p) {
			t.Fatalf("%q and %q differ on %q", s, text, p)
		}
	})
}

func FuzzTextQuery(f *testing.F) {
	for _, s := range []string{"a", "a & !b | ( c & d@*% )", "!!a", "(", "a b"} {
		f.Add(s, "a.b.c")
	}
	f.Fuzz(func(t *testing.T, s, path string) {
		q, err := ParseTextQuery(s)
		if err != nil {
			return
		}
		text := string(q.AppendText(nil))
		again, err := ParseTextQuery(text)
		if err != nil || string(again.AppendText(nil)) != text {
			t.Fatalf("%q prints %q: %v", s, text, err)
		}
		if p, err := Parse(path); err == nil && q.Match(p) != again.Match(p) {
			t.Fatalf("%q and %q differ on %q", s, text, p)
		}
	})
}

package fuzzystrmatch

import (
	"bufio"
	"os"
	"strings"
	"testing"
)

// testdata/words.txt holds words, made up to meet the rules, with what PostgreSQL 15 answers: word, metaphone(word, 20), dmetaphone,
// dmetaphone_alt, soundex.
func TestSounds(t *testing.T) {
	f, err := os.Open("testdata/words.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for s := bufio.NewScanner(f); s.Scan(); n++ {
		p := strings.Split(s.Text(), "|")
		first, second := doubleMetaphone(p[0])
		for i, got := range []string{metaphone(p[0], 20), first, second, soundex(p[0])} {
			if got != p[i+1] {
				t.Errorf("%q: code %d is %q, want %q", p[0], i+1, got, p[i+1])
			}
		}
	}
	if n < 500 {
		t.Errorf("%d words", n)
	}
}

// No text makes the codes read outside of it, and metaphone keeps to its length.
func FuzzSounds(f *testing.F) {
	for _, s := range []string{"", "X", "SCHW", "WICZ", "\xff\x00GH"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		first, second := doubleMetaphone(s)
		if len(first) > codeLen || len(second) > codeLen || len(metaphone(s, 3)) > 4 || len(soundex(s)) > soundexLen {
			t.Error("too long")
		}
	})
}

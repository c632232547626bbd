package trgm

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/sql/types/tsearch"
)

// trigram is three bytes: three characters of one byte each, or a checksum of the characters.
type trigram [3]byte

// compare has PostgreSQL's order on machines whose char is signed.
func (t trigram) compare(u trigram) int {
	for i := range t {
		if c := cmp.Compare(int8(t[i]), int8(u[i])); c != 0 {
			return c
		}
	}
	return 0
}

func (t trigram) String() string {
	for _, c := range t {
		if c < ' ' || c > '~' {
			return fmt.Sprintf("0x%02x%02x%02x", t[0], t[1], t[2])
		}
	}
	return string(t[:])
}

// pack makes a trigram of three characters.
func pack(s string) trigram {
	if len(s) == 3 {
		return trigram([]byte(s))
	}
	sum := tsearch.Checksum(s)
	return trigram{byte(sum), byte(sum >> 8), byte(sum >> 16)}
}

// words calls f for each word of a text, letters and digits, in lower case, with two blanks before and one behind it.
func words(s string, f func(padded string)) {
	for {
		start := strings.IndexFunc(s, input.IsLetter)
		if start < 0 {
			return
		}
		s = s[start:]
		end := strings.IndexFunc(s, func(r rune) bool { return !input.IsLetter(r) })
		if end < 0 {
			end = len(s)
		}
		f("  " + input.Lower(s[:end]) + " ")
		s = s[end:]
	}
}

// appendTrigrams appends those of one padded word, in order.
func appendTrigrams(dst []trigram, word string) []trigram {
	for i := 0; ; {
		_, first := utf8.DecodeRuneInString(word[i:])
		_, second := utf8.DecodeRuneInString(word[i+first:])
		_, third := utf8.DecodeRuneInString(word[i+first+second:])
		if third == 0 {
			return dst
		}
		dst = append(dst, pack(word[i:i+first+second+third]))
		i += first
	}
}

// sequence is all trigrams of a text as they come.
func sequence(s string) []trigram {
	var out []trigram
	words(s, func(w string) { out = appendTrigrams(out, w) })
	return out
}

// set is the different trigrams of a text, in order.
func set(s string) []trigram {
	out := sequence(s)
	slices.SortFunc(out, trigram.compare)
	return slices.Compact(out)
}

// ratio is the size of an intersection to the size of the union.
func ratio(common, a, b int) float32 { return float32(common) / float32(a+b-common) }

// similarity of two sets.
func similarity(a, b []trigram) float32 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	common, i, j := 0, 0, 0
	for i < len(a) && j < len(b) {
		switch c := a[i].compare(b[j]); {
		case c < 0:
			i++
		case c > 0:
			j++
		default:
			common++
			i++
			j++
		}
	}
	return ratio(common, len(a), len(b))
}

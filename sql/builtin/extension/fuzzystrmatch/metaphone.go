package fuzzystrmatch

import (
	"strings"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// maxMetaphone is the length of metaphone's input and output, in bytes.
const maxMetaphone = 255

func metaphoneFn(_ *call.Call, a []types.Datum) (types.Datum, error) {
	s, n := a[0].Str(), a[1].Int()
	switch {
	case s == "":
		return call.Text("")
	case len(s) > maxMetaphone:
		return types.Null, pgerr.New(pgerr.InvalidParameterValue, "argument exceeds the maximum length of %d bytes", maxMetaphone)
	case n > maxMetaphone:
		return types.Null, pgerr.New(pgerr.InvalidParameterValue, "output exceeds the maximum length of %d bytes", maxMetaphone)
	case n <= 0:
		return types.Null, pgerr.New(pgerr.ZeroLengthCharacterString, "output cannot be empty string")
	}
	return call.Text(metaphone(s, int(n)))
}

// word is a text in capitals; bytes outside of it are 0.
type word string

func (w word) at(i int) byte {
	if i < 0 || i >= len(w) {
		return 0
	}
	return upper(w[i])
}

func in(c byte, set string) bool { return c != 0 && strings.IndexByte(set, c) >= 0 }

const (
	vowels    = "AEIOU"
	softeners = "EIY"   // what makes C and G before it soft
	aspirated = "CGPST" // what swallows an H after it
	noGH      = "BDH"   // what, three letters before, keeps GH silent
)

// metaphone is Lawrence Philips' first metaphone, in at most n sounds. X is the sound of sh, 0 that of th.
func metaphone(s string, n int) string {
	w := word(s)
	i := 0
	for i < len(w) && !letter(w[i]) {
		i++
	}
	var out []byte
	put := func(c ...byte) { out = append(out, c...) }
	i += beginning(w, i, put)
	for ; i < len(w) && len(out) < n; i++ {
		if c := w.at(i); letter(c) && (c != w.at(i-1) || c == 'C') {
			i += sound(w, i, put)
		}
	}
	return string(out)
}

// beginning puts what the first letters sound like where that is special, and returns how many they are.
func beginning(w word, i int, put func(...byte)) int {
	c, next := w.at(i), w.at(i+1)
	switch c {
	case 'A':
		if next == 'E' {
			put('E')
			return 2
		}
		put('A')
		return 1
	case 'G', 'K', 'P':
		if next == 'N' {
			put('N')
			return 2
		}
	case 'X':
		put('S')
		return 1
	case 'E', 'I', 'O', 'U':
		put(c)
		return 1
	case 'W':
		switch {
		case next == 'R':
			put('R')
			return 2
		case next == 'H':
			put('H')
			return 2
		case in(next, vowels):
			put('W')
			return 2
		}
	}
	return 0
}

// sound puts what a letter sounds like, and returns how many letters after it belong to it.
func sound(w word, i int, put func(...byte)) int {
	last, c, next, after := w.at(i-1), w.at(i), w.at(i+1), w.at(i+2)
	switch c {
	case 'B':
		if last != 'M' {
			put('B')
		}
	case 'C':
		switch {
		case in(next, softeners):
			switch {
			case next == 'I' && after == 'A':
				put('X')
			case last != 'S':
				put('S')
			}
			return 0
		case next == 'H':
			if after == 'R' || last == 'S' {
				put('K')
			} else {
				put('X')
			}
			return 1
		}
		put('K')
	case 'D':
		if next == 'G' && in(after, softeners) {
			put('J')
			return 1
		}
		put('T')
	case 'G':
		switch {
		case next == 'H':
			if !in(w.at(i-3), noGH) && w.at(i-4) != 'H' {
				put('F')
				return 1
			}
		case next == 'N':
			if letter(after) && !(after == 'E' && w.at(i+3) == 'D') {
				put('K')
			}
		case in(next, softeners) && last != 'G':
			put('J')
		default:
			put('K')
		}
	case 'H':
		if in(next, vowels) && !in(last, aspirated) {
			put('H')
		}
	case 'K':
		if last != 'C' {
			put('K')
		}
	case 'P':
		if next == 'H' {
			put('F')
		} else {
			put('P')
		}
	case 'Q':
		put('K')
	case 'S':
		switch {
		case next == 'I' && in(after, "OA"):
			put('X')
		case next == 'H':
			put('X')
			return 1
		case next == 'C' && after == 'H' && w.at(i+3) == 'W':
			put('X')
			return 2
		default:
			put('S')
		}
	case 'T':
		switch {
		case next == 'I' && in(after, "OA"):
			put('X')
		case next == 'H':
			put('0')
			return 1
		default:
			put('T')
		}
	case 'V':
		put('F')
	case 'W', 'Y':
		if in(next, vowels) {
			put(c)
		}
	case 'X':
		put('K', 'S')
	case 'Z':
		put('S')
	case 'F', 'J', 'L', 'M', 'N', 'R':
		put(c)
	}
	return 0
}

package input

import (
	"unicode"
	"unicode/utf8"
)

// IsLetter reports what C's iswalpha and iswdigit take in the locale C.UTF-8: letters, what is written like one, and digits of every
// script.
func IsLetter(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'z'
	}
	return unicode.In(r, unicode.L, unicode.Nd, unicode.Nl, unicode.Other_Alphabetic)
}

// Lower is s in lower case, character by character; bytes that are no character stay.
func Lower(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			b = append(b, s[i])
		} else {
			b = utf8.AppendRune(b, unicode.ToLower(r))
		}
		i += n
	}
	return string(b)
}

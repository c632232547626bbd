package tuple

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// appendFolded appends text in lower case, as lower() of SQL makes it: character by character.
func appendFolded(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			dst = append(dst, c)
			i++
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		dst = utf8.AppendRune(dst, unicode.ToLower(r))
		i += n
	}
	return dst
}

// FoldedKey is what a value of KindFolded is compared by. It is text itself where that has nothing to fold.
func FoldedKey(text []byte) []byte {
	for i, c := range text {
		if c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return appendFolded(append(make([]byte, 0, len(text)+8), text[:i]...), text[i:])
		}
	}
	return text
}

func compareFolded(a, b []byte) int { return bytes.Compare(FoldedKey(a), FoldedKey(b)) }

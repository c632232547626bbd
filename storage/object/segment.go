package object

import "strings"

// Segment makes a name a part of a key: letters, digits, _, - and @ stay, all else is _; at least one byte, at most 100.
func Segment(name string) string {
	n := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-', r == '@':
			return r
		}
		return '_'
	}, name)
	if n == "" {
		n = "_"
	}
	return n[:min(len(n), 100)]
}

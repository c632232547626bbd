// Package ltree is the types of PostgreSQL's contrib module ltree: paths of labels (ltree), patterns of paths (lquery) and boolean
// expressions over labels (ltxtquery).
//
// A value of each is held as the text that its output function prints. The order of paths is the order of these bytes, since the
// dot stands before every character of a label. Patterns and expressions are compiled to be matched.
package ltree

import (
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/input"
)

const (
	// MaxLevels is the most labels of a path, and items of a pattern.
	MaxLevels = 65535
	maxLabel  = 255 // characters
)

func isLabel(r rune) bool { return r == '_' || input.IsLetter(r) }

// Parse checks a path: labels of letters, digits and underscores with dots between them; the empty path has none.
func Parse(s string) (string, error) {
	if err := input.CheckUTF8(s); err != nil {
		return "", err
	}
	if n := strings.Count(s, ".") + 1; n > MaxLevels {
		return "", pgerr.New(pgerr.ProgramLimitExceeded, "number of ltree labels (%d) exceeds the maximum allowed (%d)", n, MaxLevels)
	}
	pos, length := 1, 0
	for _, r := range s {
		switch {
		case isLabel(r):
			length++
		case r == '.' && length > 0:
			if err := checkLabel(length, pos); err != nil {
				return "", err
			}
			length = 0
		default:
			return "", pgerr.New(pgerr.SyntaxError, "ltree syntax error at character %d", pos)
		}
		pos++
	}
	if s != "" && length == 0 {
		return "", pgerr.New(pgerr.SyntaxError, "ltree syntax error").WithDetail("Unexpected end of input.")
	}
	return s, checkLabel(length, pos)
}

func checkLabel(length, pos int) error {
	if length <= maxLabel {
		return nil
	}
	return pgerr.New(pgerr.NameTooLong, "label string is too long").
		WithDetail("Label length is %d, must be at most %d, at character %d.", length, maxLabel, pos)
}

// Levels is the number of labels of a path.
func Levels(path string) int {
	if path == "" {
		return 0
	}
	return strings.Count(path, ".") + 1
}

// Labels lists the labels of a path.
func Labels(path string) []string {
	if path == "" {
		return nil
	}
	return strings.Split(path, ".")
}

// Contains reports whether ancestor is path or one of the paths above it.
func Contains(ancestor, path string) bool {
	return ancestor == "" || strings.HasPrefix(path, ancestor) && (len(path) == len(ancestor) || path[len(ancestor)] == '.')
}

// Join is both paths in one.
func Join(a, b string) (string, error) {
	if n := Levels(a) + Levels(b); n > MaxLevels {
		return "", pgerr.New(pgerr.ProgramLimitExceeded, "number of ltree levels (%d) exceeds the maximum allowed (%d)", n, MaxLevels)
	}
	switch {
	case a == "":
		return b, nil
	case b == "":
		return a, nil
	}
	return a + "." + b, nil
}

// variant is a label of a pattern or an expression with its modifiers.
type variant struct {
	label                string
	words, fold, anyTail bool // %, @ and *
}

// modifier sets what a character asks for; false: it is none.
func (v *variant) modifier(r rune) bool {
	switch r {
	case '%':
		v.words = true
	case '@':
		v.fold = true
	case '*':
		v.anyTail = true
	default:
		return false
	}
	return true
}

func (v *variant) modified() bool { return v.words || v.fold || v.anyTail }

func (v *variant) appendText(dst []byte) []byte {
	dst = append(dst, v.label...)
	for _, m := range []struct {
		on bool
		c  byte
	}{{v.words, '%'}, {v.fold, '@'}, {v.anyTail, '*'}} {
		if m.on {
			dst = append(dst, m.c)
		}
	}
	return dst
}

// matches compares a label, or with % each word of v with some word of the label.
func (v *variant) matches(label string) bool {
	if !v.words {
		return v.equal(v.label, label)
	}
	for want := range words(v.label) {
		found := false
		for have := range words(label) {
			if v.equal(want, have) {
				found = true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

func (v *variant) equal(want, have string) bool {
	if len(have) < len(want) || len(have) > len(want) && !v.anyTail {
		return false
	}
	have = have[:len(want)]
	return have == want || v.fold && input.Lower(have) == input.Lower(want)
}

// words are the parts between underscores.
func words(s string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for w := range strings.SplitSeq(s, "_") {
			if w != "" && !yield(w) {
				return
			}
		}
	}
}

package types

import (
	"strings"

	"github.com/tarndb/tarn/storage/tuple"
)

var boolCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		if d.Bool() {
			return append(dst, 't')
		}
		return append(dst, 'f')
	},
	in: func(_ *Type, s string, _ int32, _ *Env) (Datum, error) {
		v, ok := ParseBool(trimSpace(s))
		if !ok {
			return Null, syntaxError("boolean", s)
		}
		return tuple.Bool(v), nil
	},
	send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		if d.Bool() {
			return append(dst, 1)
		}
		return append(dst, 0)
	},
	recv: func(_ *Type, b []byte, _ int32, _ *Env) (Datum, error) {
		if err := sized(b, 1); err != nil {
			return Null, err
		}
		return tuple.Bool(b[0] != 0), nil
	},
}

// ParseBool reads PostgreSQL's spellings and their unique prefixes (manual: 8.6); blanks are the caller's to trim.
func ParseBool(s string) (v, ok bool) {
	is := func(word string, least int) bool {
		return len(s) >= least && len(s) <= len(word) && strings.EqualFold(s, word[:len(s)])
	}
	switch {
	case is("true", 1), is("yes", 1), is("on", 2), s == "1":
		return true, true
	case is("false", 1), is("no", 1), is("off", 2), s == "0":
		return false, true
	}
	return false, false
}

// isSpace is C's isspace, which PostgreSQL's input functions skip.
func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func trimSpace(s string) string { return trimRightSpace(trimLeftSpace(s)) }

func trimLeftSpace(s string) string {
	for len(s) > 0 && isSpace(s[0]) {
		s = s[1:]
	}
	return s
}

func trimRightSpace(s string) string {
	for len(s) > 0 && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isAlnum(c byte) bool { return isDigit(c) || isAlpha(c) }

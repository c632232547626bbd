package types

import (
	"strings"

	"github.com/tarndb/tarn/sql/types/input"
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
		v, ok := ParseBool(input.TrimSpace(s))
		if !ok {
			return Null, input.SyntaxError("boolean", s)
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
		if err := input.Sized(b, 1); err != nil {
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

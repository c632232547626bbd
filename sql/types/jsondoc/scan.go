package jsondoc

import (
	"strings"

	"github.com/tarndb/tarn/storage/tuple"
)

// Look-ups in a jsonb scan its canonical text and allocate nothing.

// NodeOf parses a jsonb value, which is valid by construction.
func NodeOf(d tuple.Value) Node {
	n, err := Parse(d.Str(), true)
	if err != nil {
		panic("jsondoc: damaged jsonb: " + err.Error())
	}
	return n
}

// KindOf is the type of a jsonb value.
func KindOf(d tuple.Value) Kind {
	switch d.Str()[0] {
	case '{':
		return Object
	case '[':
		return List
	case '"':
		return String
	case 't', 'f':
		return Bool
	case 'n':
		return Null
	}
	return Number
}

// jsonEnd is where the value that starts at i ends in canonical text.
func valueEnd(s string, i int) int {
	depth := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '"':
			i = stringEnd(s, i) - 1
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return i
}

// jsonStringEnd is the position behind the closing quote of the string that starts at i.
func stringEnd(s string, i int) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return i
}

// jsonIs compares a string literal of canonical text, quotes included, with a decoded string.
func literalIs(lit, s string) bool {
	lit = lit[1 : len(lit)-1]
	if strings.IndexByte(lit, '\\') < 0 {
		return lit == s
	}
	return unquote(lit) == s
}

func unquote(body string) string {
	n, err := Parse("\""+body+"\"", false)
	if err != nil {
		return body
	}
	return n.Text
}

// Members calls f for each member of an object or element of an array in order, key being "" for elements and raw
// a part of d; f returns false to stop.
func Members(d tuple.Value, f func(key string, raw tuple.Value) bool) {
	s := d.Str()
	object := s[0] == '{'
	if s[0] != '[' && !object || s[1] == ']' || s[1] == '}' {
		return
	}
	for i := 1; i < len(s); {
		key := ""
		if object {
			end := stringEnd(s, i)
			if key = s[i+1 : end-1]; strings.IndexByte(key, '\\') >= 0 {
				key = unquote(key)
			}
			i = end + 2
		}
		end := valueEnd(s, i)
		if !f(key, tuple.String(s[i:end])) {
			return
		}
		if s[end] != ',' {
			return
		}
		i = end + 2
	}
}

// Field is the value of an object's key; ok is false if d is no object or lacks the key. The result is a part of d.
func Field(d tuple.Value, key string) (v tuple.Value, ok bool) {
	s := d.Str()
	if s[0] != '{' || s[1] == '}' {
		return tuple.Null, false
	}
	for i := 1; ; {
		end := stringEnd(s, i)
		match := literalIs(s[i:end], key)
		i = end + 2
		if end = valueEnd(s, i); match {
			return tuple.String(s[i:end]), true
		}
		if s[end] != ',' {
			return tuple.Null, false
		}
		i = end + 2
	}
}

// Elem is an array's element, counted from 0, or from the end with -1; ok is false if there is none.
func Elem(d tuple.Value, index int) (v tuple.Value, ok bool) {
	s := d.Str()
	if s[0] != '[' && s[0] != '{' && (index == 0 || index == -1) {
		return d, true // a bare scalar stands for an array of one
	}
	if s[0] != '[' || s[1] == ']' {
		return tuple.Null, false
	}
	if index < 0 {
		if index += Len(d); index < 0 {
			return tuple.Null, false
		}
	}
	for i := 1; ; index-- {
		end := valueEnd(s, i)
		if index == 0 {
			return tuple.String(s[i:end]), true
		}
		if s[end] != ',' {
			return tuple.Null, false
		}
		i = end + 2
	}
}

// Len is the number of an array's elements or an object's members; 0 for scalars.
func Len(d tuple.Value) int {
	n := 0
	Members(d, func(string, tuple.Value) bool { n++; return true })
	return n
}

// Text is what ->> gives: a string's own text, NULL for null, else the value's text. The result may be a part of d.
func Text(d tuple.Value) tuple.Value {
	s := d.Str()
	switch s[0] {
	case 'n':
		return tuple.Null
	case '"':
		if body := s[1 : len(s)-1]; strings.IndexByte(body, '\\') >= 0 {
			return tuple.String(unquote(body))
		}
		return tuple.String(s[1 : len(s)-1])
	}
	return d
}

// Exists is the ? operator: a key of an object, a string element of an array, or the string itself.
func Exists(d tuple.Value, key string) bool {
	switch KindOf(d) {
	case Object:
		_, ok := Field(d, key)
		return ok
	case String:
		return literalIs(d.Str(), key)
	case List:
		found := false
		Members(d, func(_ string, raw tuple.Value) bool {
			found = raw.Str()[0] == '"' && literalIs(raw.Str(), key)
			return !found
		})
		return found
	}
	return false
}

func (n *Node) scalar() bool { return n.Kind != List && n.Kind != Object }

package types

import (
	"strings"

	"github.com/tarndb/tarn/storage/tuple"
)

// Look-ups in a jsonb scan its canonical text and allocate nothing.

// JSONBNode parses a jsonb value, which is valid by construction.
func JSONBNode(d tuple.Value) JSONNode {
	n, err := ParseJSON(d.Str(), true)
	if err != nil {
		panic("types: damaged jsonb: " + err.Error())
	}
	return n
}

// JSONBKind is the type of a jsonb value.
func JSONBKind(d tuple.Value) JSONKind {
	switch d.Str()[0] {
	case '{':
		return JSONObject
	case '[':
		return JSONList
	case '"':
		return JSONString
	case 't', 'f':
		return JSONBool
	case 'n':
		return JSONNull
	}
	return JSONNumber
}

// jsonEnd is where the value that starts at i ends in canonical text.
func jsonEnd(s string, i int) int {
	depth := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '"':
			i = jsonStringEnd(s, i) - 1
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
func jsonStringEnd(s string, i int) int {
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
func jsonIs(lit, s string) bool {
	lit = lit[1 : len(lit)-1]
	if strings.IndexByte(lit, '\\') < 0 {
		return lit == s
	}
	return jsonUnquote(lit) == s
}

func jsonUnquote(body string) string {
	n, err := ParseJSON("\""+body+"\"", false)
	if err != nil {
		return body
	}
	return n.Text
}

// JSONBMembers calls f for each member of an object or element of an array in order, key being "" for elements and raw
// a part of d; f returns false to stop.
func JSONBMembers(d tuple.Value, f func(key string, raw tuple.Value) bool) {
	s := d.Str()
	object := s[0] == '{'
	if s[0] != '[' && !object || s[1] == ']' || s[1] == '}' {
		return
	}
	for i := 1; i < len(s); {
		key := ""
		if object {
			end := jsonStringEnd(s, i)
			if key = s[i+1 : end-1]; strings.IndexByte(key, '\\') >= 0 {
				key = jsonUnquote(key)
			}
			i = end + 2
		}
		end := jsonEnd(s, i)
		if !f(key, tuple.String(s[i:end])) {
			return
		}
		if s[end] != ',' {
			return
		}
		i = end + 2
	}
}

// JSONBField is the value of an object's key; ok is false if d is no object or lacks the key. The result is a part of d.
func JSONBField(d tuple.Value, key string) (v tuple.Value, ok bool) {
	s := d.Str()
	if s[0] != '{' || s[1] == '}' {
		return tuple.Null, false
	}
	for i := 1; ; {
		end := jsonStringEnd(s, i)
		match := jsonIs(s[i:end], key)
		i = end + 2
		if end = jsonEnd(s, i); match {
			return tuple.String(s[i:end]), true
		}
		if s[end] != ',' {
			return tuple.Null, false
		}
		i = end + 2
	}
}

// JSONBElem is an array's element, counted from 0, or from the end with -1; ok is false if there is none.
func JSONBElem(d tuple.Value, index int) (v tuple.Value, ok bool) {
	s := d.Str()
	if s[0] != '[' && s[0] != '{' && (index == 0 || index == -1) {
		return d, true // a bare scalar stands for an array of one
	}
	if s[0] != '[' || s[1] == ']' {
		return tuple.Null, false
	}
	if index < 0 {
		if index += JSONBLen(d); index < 0 {
			return tuple.Null, false
		}
	}
	for i := 1; ; index-- {
		end := jsonEnd(s, i)
		if index == 0 {
			return tuple.String(s[i:end]), true
		}
		if s[end] != ',' {
			return tuple.Null, false
		}
		i = end + 2
	}
}

// JSONBLen is the number of an array's elements or an object's members; 0 for scalars.
func JSONBLen(d tuple.Value) int {
	n := 0
	JSONBMembers(d, func(string, tuple.Value) bool { n++; return true })
	return n
}

// JSONBText is what ->> gives: a string's own text, NULL for null, else the value's text. The result may be a part of d.
func JSONBText(d tuple.Value) tuple.Value {
	s := d.Str()
	switch s[0] {
	case 'n':
		return tuple.Null
	case '"':
		if body := s[1 : len(s)-1]; strings.IndexByte(body, '\\') >= 0 {
			return tuple.String(jsonUnquote(body))
		}
		return tuple.String(s[1 : len(s)-1])
	}
	return d
}

// JSONBExists is the ? operator: a key of an object, a string element of an array, or the string itself.
func JSONBExists(d tuple.Value, key string) bool {
	switch JSONBKind(d) {
	case JSONObject:
		_, ok := JSONBField(d, key)
		return ok
	case JSONString:
		return jsonIs(d.Str(), key)
	case JSONList:
		found := false
		JSONBMembers(d, func(_ string, raw tuple.Value) bool {
			found = raw.Str()[0] == '"' && jsonIs(raw.Str(), key)
			return !found
		})
		return found
	}
	return false
}

func (n *JSONNode) scalar() bool { return n.Kind != JSONList && n.Kind != JSONObject }

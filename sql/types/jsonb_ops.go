package types

import (
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/tuple"
)

// Operations on jsonb. Look-ups scan the canonical text and allocate nothing; changes parse it.

// JSONBNode parses a jsonb value, which is valid by construction.
func JSONBNode(d Datum) JSONNode {
	n, err := ParseJSON(d.Str(), true)
	if err != nil {
		panic("types: damaged jsonb: " + err.Error())
	}
	return n
}

// JSONBKind is the type of a jsonb value.
func JSONBKind(d Datum) JSONKind {
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
func JSONBMembers(d Datum, f func(key string, raw Datum) bool) {
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
func JSONBField(d Datum, key string) (v Datum, ok bool) {
	s := d.Str()
	if s[0] != '{' || s[1] == '}' {
		return Null, false
	}
	for i := 1; ; {
		end := jsonStringEnd(s, i)
		match := jsonIs(s[i:end], key)
		i = end + 2
		if end = jsonEnd(s, i); match {
			return tuple.String(s[i:end]), true
		}
		if s[end] != ',' {
			return Null, false
		}
		i = end + 2
	}
}

// JSONBElem is an array's element, counted from 0, or from the end with -1; ok is false if there is none.
func JSONBElem(d Datum, index int) (v Datum, ok bool) {
	s := d.Str()
	if s[0] != '[' && s[0] != '{' && (index == 0 || index == -1) {
		return d, true // a bare scalar stands for an array of one
	}
	if s[0] != '[' || s[1] == ']' {
		return Null, false
	}
	if index < 0 {
		if index += JSONBLen(d); index < 0 {
			return Null, false
		}
	}
	for i := 1; ; index-- {
		end := jsonEnd(s, i)
		if index == 0 {
			return tuple.String(s[i:end]), true
		}
		if s[end] != ',' {
			return Null, false
		}
		i = end + 2
	}
}

// JSONBLen is the number of an array's elements or an object's members; 0 for scalars.
func JSONBLen(d Datum) int {
	n := 0
	JSONBMembers(d, func(string, Datum) bool { n++; return true })
	return n
}

// JSONBPath follows text path elements (#>): keys of objects and integers for arrays; ok is false where it ends.
func JSONBPath(d Datum, path []string) (v Datum, ok bool) {
	for _, p := range path {
		switch JSONBKind(d) {
		case JSONObject:
			d, ok = JSONBField(d, p)
		case JSONList:
			i, isInt := pathIndex(p)
			if !isInt {
				return Null, false
			}
			d, ok = JSONBElem(d, i)
		default:
			ok = false
		}
		if !ok {
			return Null, false
		}
	}
	return d, true
}

func pathIndex(p string) (int, bool) {
	i, err := strconv.ParseInt(trimLeftSpace(p), 10, 32)
	return int(i), err == nil
}

// JSONBText is what ->> gives: a string's own text, NULL for null, else the value's text. The result may be a part of d.
func JSONBText(d Datum) Datum {
	s := d.Str()
	switch s[0] {
	case 'n':
		return Null
	case '"':
		if body := s[1 : len(s)-1]; strings.IndexByte(body, '\\') >= 0 {
			return tuple.String(jsonUnquote(body))
		}
		return tuple.String(s[1 : len(s)-1])
	}
	return d
}

// JSONBExists is the ? operator: a key of an object, a string element of an array, or the string itself.
func JSONBExists(d Datum, key string) bool {
	switch JSONBKind(d) {
	case JSONObject:
		_, ok := JSONBField(d, key)
		return ok
	case JSONString:
		return jsonIs(d.Str(), key)
	case JSONList:
		found := false
		JSONBMembers(d, func(_ string, raw Datum) bool {
			found = raw.Str()[0] == '"' && jsonIs(raw.Str(), key)
			return !found
		})
		return found
	}
	return false
}

// JSONBContains is a @> b (manual: 8.14.3).
func JSONBContains(a, b Datum) bool {
	x, y := JSONBNode(a), JSONBNode(b)
	if x.Kind == JSONList && y.Kind != JSONList && y.Kind != JSONObject {
		// On the top level an array may contain a bare scalar.
		return containsElem(&x, &y)
	}
	return contains(&x, &y)
}

func contains(x, y *JSONNode) bool {
	if x.Kind != y.Kind {
		return false
	}
	switch x.Kind {
	case JSONObject:
		for i, k := range y.Keys {
			at := x.Find(k)
			if at < 0 || !contains(&x.Elems[at], &y.Elems[i]) {
				return false
			}
		}
		return true
	case JSONList:
		for i := range y.Elems {
			if !containsElem(x, &y.Elems[i]) {
				return false
			}
		}
		return true
	}
	return sameScalar(x, y)
}

func containsElem(list, e *JSONNode) bool {
	for i := range list.Elems {
		if contains(&list.Elems[i], e) {
			return true
		}
	}
	return false
}

func sameScalar(x, y *JSONNode) bool {
	switch {
	case x.Kind != y.Kind:
		return false
	case x.Kind == JSONNumber && x.Text != y.Text:
		a, _ := ParseNumeric(x.Text)
		b, _ := ParseNumeric(y.Text)
		return NumericCmp(a, b) == 0
	}
	return x.Text == y.Text && x.Bool == y.Bool
}

func (n *JSONNode) scalar() bool { return n.Kind != JSONList && n.Kind != JSONObject }

// JSONBConcat is a || b: objects merge, all else is joined as arrays.
func JSONBConcat(a, b Datum) (Datum, error) {
	x, y := JSONBNode(a), JSONBNode(b)
	if x.Kind == JSONObject && y.Kind == JSONObject {
		x.Keys = append(x.Keys, y.Keys...)
		x.Elems = append(x.Elems, y.Elems...)
		x.SortKeys()
		return x.JSONB(), nil
	}
	list := func(n JSONNode) []JSONNode {
		if n.Kind == JSONList {
			return n.Elems
		}
		return []JSONNode{n}
	}
	r := JSONNode{Kind: JSONList, Elems: append(append([]JSONNode(nil), list(x)...), list(y)...)}
	return r.JSONB(), nil
}

// JSONBDeleteKeys is jsonb - text and jsonb - text[]: the keys of an object, or an array's string elements.
func JSONBDeleteKeys(d Datum, keys ...string) (Datum, error) {
	n := JSONBNode(d)
	if n.scalar() {
		return Null, pgerr.New(pgerr.InvalidParameterValue, "cannot delete from scalar")
	}
	drop := func(s string) bool {
		for _, k := range keys {
			if k == s {
				return true
			}
		}
		return false
	}
	w := 0
	for i := range n.Elems {
		if n.Kind == JSONObject && drop(n.Keys[i]) || n.Kind == JSONList && n.Elems[i].Kind == JSONString && drop(n.Elems[i].Text) {
			continue
		}
		n.Elems[w] = n.Elems[i]
		if n.Kind == JSONObject {
			n.Keys[w] = n.Keys[i]
		}
		w++
	}
	n.truncate(w)
	return n.JSONB(), nil
}

func (n *JSONNode) truncate(w int) {
	n.Elems = n.Elems[:w]
	if n.Kind == JSONObject {
		n.Keys = n.Keys[:w]
	}
}

func (n *JSONNode) remove(i int) {
	n.Elems = append(n.Elems[:i], n.Elems[i+1:]...)
	if n.Kind == JSONObject {
		n.Keys = append(n.Keys[:i], n.Keys[i+1:]...)
	}
}

// JSONBDeleteIndex is jsonb - integer.
func JSONBDeleteIndex(d Datum, index int) (Datum, error) {
	n := JSONBNode(d)
	switch {
	case n.scalar():
		return Null, pgerr.New(pgerr.InvalidParameterValue, "cannot delete from scalar")
	case n.Kind == JSONObject:
		return Null, pgerr.New(pgerr.InvalidParameterValue, "cannot delete from object using integer index")
	}
	if index < 0 {
		index += len(n.Elems)
	}
	if index < 0 || index >= len(n.Elems) {
		return d, nil
	}
	n.remove(index)
	return n.JSONB(), nil
}

// JSONBDeletePath is jsonb #- text[].
func JSONBDeletePath(d Datum, path []string) (Datum, error) {
	n := JSONBNode(d)
	if n.scalar() {
		return Null, pgerr.New(pgerr.InvalidParameterValue, "cannot delete path in scalar")
	}
	if len(path) == 0 || len(n.Elems) == 0 {
		return d, nil
	}
	if err := n.change(path, 0, pathDelete, nil); err != nil {
		return Null, err
	}
	return n.JSONB(), nil
}

// JSONBSet is jsonb_set(d, path, value, create).
func JSONBSet(d Datum, path []string, value Datum, create bool) (Datum, error) {
	n := JSONBNode(d)
	if n.scalar() {
		return Null, pgerr.New(pgerr.InvalidParameterValue, "cannot set path in scalar")
	}
	if len(path) == 0 || len(n.Elems) == 0 && !create {
		return d, nil
	}
	mode := pathReplace
	if create {
		mode = pathCreate
	}
	v := JSONBNode(value)
	if err := n.change(path, 0, mode, &v); err != nil {
		return Null, err
	}
	return n.JSONB(), nil
}

// JSONBInsert is jsonb_insert(d, path, value, after).
func JSONBInsert(d Datum, path []string, value Datum, after bool) (Datum, error) {
	n := JSONBNode(d)
	if n.scalar() {
		return Null, pgerr.New(pgerr.InvalidParameterValue, "cannot set path in scalar")
	}
	if len(path) == 0 {
		return d, nil
	}
	mode := pathInsertBefore
	if after {
		mode = pathInsertAfter
	}
	v := JSONBNode(value)
	if err := n.change(path, 0, mode, &v); err != nil {
		return Null, err
	}
	return n.JSONB(), nil
}

type pathMode uint8

const (
	pathDelete pathMode = iota
	pathReplace
	pathCreate // or replace
	pathInsertBefore
	pathInsertAfter
)

// change walks the path from level on and changes what its last element names.
func (n *JSONNode) change(path []string, level int, mode pathMode, v *JSONNode) error {
	last := level == len(path)-1
	switch n.Kind {
	case JSONObject:
		i := n.Find(path[level])
		switch {
		case i < 0:
			if last && mode >= pathCreate {
				n.Keys = append(n.Keys, path[level])
				n.Elems = append(n.Elems, *v)
				n.SortKeys()
			}
		case !last:
			return n.Elems[i].change(path, level+1, mode, v)
		case mode == pathDelete:
			n.remove(i)
		case mode >= pathInsertBefore:
			return pgerr.New(pgerr.InvalidParameterValue, "cannot replace existing key").
				WithHint("Try using the function jsonb_set to replace key value.")
		default:
			n.Elems[i] = *v
		}
	case JSONList:
		i, ok := pathIndex(path[level])
		if !ok {
			return pgerr.New(pgerr.InvalidTextRepresentation, "path element at position %d is not an integer: \"%s\"", level+1, path[level])
		}
		if i < 0 {
			i += len(n.Elems)
		}
		insert := func(at int) {
			n.Elems = append(n.Elems, JSONNode{})
			copy(n.Elems[at+1:], n.Elems[at:])
			n.Elems[at] = *v
		}
		if i < 0 || i >= len(n.Elems) {
			if last && mode >= pathCreate { // beyond an end: at that end
				insert(min(max(i, 0), len(n.Elems)))
			}
			return nil
		}
		switch {
		case !last:
			return n.Elems[i].change(path, level+1, mode, v)
		case mode == pathDelete:
			n.remove(i)
		case mode == pathInsertBefore:
			insert(i)
		case mode == pathInsertAfter:
			insert(i + 1)
		default:
			n.Elems[i] = *v
		}
	}
	return nil
}

// StripNulls drops object members that are null, at every depth.
func (n *JSONNode) StripNulls() {
	if n.Kind == JSONObject {
		w := 0
		for i := range n.Elems {
			if n.Elems[i].Kind != JSONNull {
				n.Elems[w], n.Keys[w] = n.Elems[i], n.Keys[i]
				w++
			}
		}
		n.truncate(w)
	}
	for i := range n.Elems {
		n.Elems[i].StripNulls()
	}
}

// AppendPretty appends jsonb_pretty's form: one member a line, four blanks a level.
func (n *JSONNode) AppendPretty(dst []byte) []byte { return n.pretty(dst, 0) }

func (n *JSONNode) pretty(dst []byte, depth int) []byte {
	if n.scalar() {
		return n.AppendJSONB(dst)
	}
	open, end := byte('['), byte(']')
	if n.Kind == JSONObject {
		open, end = '{', '}'
	}
	dst = append(dst, open)
	line := func(depth int) {
		dst = append(dst, '\n')
		for range depth {
			dst = append(dst, "    "...)
		}
	}
	for i := range n.Elems {
		if i > 0 {
			dst = append(dst, ',')
		}
		line(depth + 1)
		if n.Kind == JSONObject {
			dst = append(AppendJSONString(dst, n.Keys[i]), ':', ' ')
		}
		dst = n.Elems[i].pretty(dst, depth+1)
	}
	line(depth)
	return append(dst, end)
}

package jsondoc

import (
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/storage/tuple"
)

// ParseJSONB reads a JSON text into a jsonb.
func ParseJSONB(s string) (tuple.Value, error) {
	n, err := Parse(s, true)
	if err != nil {
		return tuple.Null, err
	}
	return tuple.Bytes(n.AppendJSONB(make([]byte, 0, len(s)+len(s)/8))), nil
}

// Kind is the type of a JSON value.
type Kind uint8

const (
	Null Kind = iota
	String
	Number
	Bool
	List
	Object
)

// Node is one value of a parsed JSON text.
type Node struct {
	Kind     Kind
	Bool     bool
	Text     string   // string: decoded; number: as written, or as numeric prints it if parsed for jsonb
	Keys     []string // object: the members' names; for jsonb sorted and without duplicates, else as written
	Elems    []Node   // array: elements; object: values, in the order of Keys
	From, To int      // the value's place in the text
}

// Parse reads a JSON text. Errors are PostgreSQL's 22P02 with detail and context. With jsonb, numbers are
// normalised, keys sorted and made unique, and \u0000 is 22P05.
func Parse(s string, jsonb bool) (Node, error) {
	if jsonb {
		if err := input.CheckUTF8(s); err != nil {
			return Node{}, err
		}
	}
	p := parser{lexer: lexer{s: s, decode: true, zero: !jsonb}, build: true, jsonb: jsonb}
	n, err := p.document()
	return n, err
}

// Check reports whether s is JSON as the type json accepts it.
func Check(s string) error {
	if err := input.CheckUTF8(s); err != nil {
		return err
	}
	p := parser{lexer: lexer{s: s}}
	_, err := p.document()
	return err
}

type token uint8

const (
	tokNone token = iota
	tokEnd
	tokString
	tokNumber
	tokTrue
	tokFalse
	tokNull
	tokPunct // one of {}[],:
)

// jsonLexer cuts tokens. start, end and line describe the current token for error messages.
type lexer struct {
	s          string
	decode     bool // keep strings decoded in str, and check surrogate pairs
	zero       bool // \u0000 is let through (as U+FFFD) because the text form is what counts
	tok        token
	punct      byte
	start, end int
	line       int // start of the line
	lineNo     int
	str        string
}

// jsonMaxDepth bounds the nesting, in place of PostgreSQL's stack limit.
const maxDepth = 20000

func (l *lexer) fail(code, detail string, args ...any) error {
	msg := "invalid input syntax for type json"
	if code == pgerr.UntranslatableCharacter {
		msg = "unsupported Unicode escape sequence"
	}
	from := l.line
	for l.end-from >= 50 {
		_, n := utf8.DecodeRuneInString(l.s[from:])
		from += n
	}
	if from-l.line <= 3 {
		from = l.line
	}
	prefix, suffix := "", ""
	if from > l.line {
		prefix = "..."
	}
	if l.tok != tokEnd && l.end < len(l.s) && l.s[l.end] != '\n' && l.s[l.end] != '\r' {
		suffix = "..."
	}
	return pgerr.New(code, "%s", msg).WithDetail(detail, args...).
		WithWhere("JSON data, line %d: %s%s%s", l.lineNo+1, prefix, l.s[from:l.end], suffix)
}

func (l *lexer) invalidToken() error {
	return l.fail(pgerr.InvalidTextRepresentation, "Token \"%s\" is invalid.", l.s[l.start:l.end])
}

func wordByte(c byte) bool { return input.IsAlnum(c) || c == '_' || c >= 0x80 }

func (l *lexer) next() error {
	i := l.end
	for i < len(l.s) {
		switch l.s[i] {
		case '\n':
			l.lineNo++
			l.line = i + 1
			fallthrough
		case ' ', '\t', '\r':
			i++
			continue
		}
		break
	}
	l.start = i
	if i == len(l.s) {
		l.end, l.tok = i, tokEnd
		return nil
	}
	switch c := l.s[i]; {
	case c == '{' || c == '}' || c == '[' || c == ']' || c == ',' || c == ':':
		l.tok, l.punct, l.end = tokPunct, c, i+1
		return nil
	case c == '"':
		if err := l.lexString(); err != nil {
			return err
		}
		l.tok = tokString
		return nil
	case c == '-' || input.IsDigit(c):
		return l.lexNumber()
	}
	l.end = input.Skip(l.s, i, wordByte)
	switch l.s[i:l.end] {
	case "true":
		l.tok = tokTrue
	case "false":
		l.tok = tokFalse
	case "null":
		l.tok = tokNull
	case "":
		l.end = i + 1
		return l.invalidToken()
	default:
		return l.invalidToken()
	}
	return nil
}

func (l *lexer) lexNumber() error {
	s, i := l.s, l.start
	if s[i] == '-' {
		i++
	}
	good := true
	digits := func() {
		n := input.Skip(s, i, input.IsDigit)
		good = good && n > i
		i = n
	}
	if i < len(s) && s[i] == '0' {
		i++
	} else {
		digits()
	}
	if i < len(s) && s[i] == '.' {
		i++
		digits()
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		digits()
	}
	l.end = input.Skip(s, i, wordByte)
	if !good || l.end > i {
		return l.invalidToken()
	}
	l.tok = tokNumber
	return nil
}

// lexString checks a string and, if asked, decodes it. A string without escapes is a part of the input.
func (l *lexer) lexString() error {
	s := l.s
	var buf []byte
	from, high := l.start+1, rune(-1)
	badHigh := func(at int) error {
		l.end = at
		return l.fail(pgerr.InvalidTextRepresentation, "Unicode low surrogate must follow a high surrogate.")
	}
	for i := l.start + 1; ; i++ {
		if i >= len(s) {
			l.end = len(s)
			return l.invalidToken()
		}
		c := s[i]
		switch {
		case c == '"':
			if high >= 0 {
				return badHigh(i + 1)
			}
			l.end = i + 1
			if l.decode {
				l.str = s[from:i]
				if buf != nil {
					l.str = string(append(buf, s[from:i]...))
				}
			}
			return nil
		case c < 0x20:
			l.end = i
			return l.fail(pgerr.InvalidTextRepresentation, "Character with value 0x%02x must be escaped.", c)
		case c != '\\':
			if high >= 0 {
				return badHigh(i + input.CharOffset(s[i:], 1))
			}
			continue
		}
		if i+1 >= len(s) {
			l.end = len(s)
			return l.invalidToken()
		}
		if l.decode {
			buf = append(buf, s[from:i]...)
			if buf == nil {
				buf = []byte{}
			}
		}
		i++
		if s[i] == 'u' {
			r, err := l.hex4(i)
			if err != nil {
				return err
			}
			i += 4
			from = i + 1
			if !l.decode {
				continue
			}
			l.end = i + 1
			switch {
			case r >= 0xd800 && r <= 0xdbff:
				if high >= 0 {
					return l.fail(pgerr.InvalidTextRepresentation, "Unicode high surrogate must not follow a high surrogate.")
				}
				high = r
				continue
			case r >= 0xdc00 && r <= 0xdfff:
				if high < 0 {
					return badHigh(i + 1)
				}
				r = (high-0xd800)<<10 + (r - 0xdc00) + 0x10000
				high = -1
			case high >= 0:
				return badHigh(i + 1)
			case r == 0 && !l.zero:
				return l.fail(pgerr.UntranslatableCharacter, "\\u0000 cannot be converted to text.")
			}
			buf = utf8.AppendRune(buf, r)
			continue
		}
		if high >= 0 {
			return badHigh(i + input.CharOffset(s[i:], 1))
		}
		at := strings.IndexByte("\"\\/bfnrt", s[i])
		if at < 0 {
			l.start = i
			l.end = i + input.CharOffset(s[i:], 1)
			return l.fail(pgerr.InvalidTextRepresentation, "Escape sequence \"\\%s\" is invalid.", s[l.start:l.end])
		}
		from = i + 1
		if l.decode {
			buf = append(buf, "\"\\/\b\f\n\r\t"[at])
		}
	}
}

// hex4 reads the four digits after the u at i.
func (l *lexer) hex4(i int) (rune, error) {
	var r rune
	for k := 1; k <= 4; k++ {
		if i+k >= len(l.s) {
			l.end = len(l.s)
			return 0, l.invalidToken()
		}
		d, ok := input.Unhex(l.s[i+k])
		if !ok {
			l.end = i + k + input.CharOffset(l.s[i+k:], 1)
			return 0, l.fail(pgerr.InvalidTextRepresentation, "\"\\u\" must be followed by four hexadecimal digits.")
		}
		r = r<<4 | rune(d)
	}
	return r, nil
}

type parser struct {
	lexer
	build, jsonb bool
	depth        int
}

func (p *parser) expected(what string) error {
	if p.tok == tokEnd {
		return p.fail(pgerr.InvalidTextRepresentation, "The input string ended unexpectedly.")
	}
	return p.fail(pgerr.InvalidTextRepresentation, "Expected %s, but found \"%s\".", what, p.s[p.start:p.end])
}

func (p *parser) is(c byte) bool { return p.tok == tokPunct && p.punct == c }

func (p *parser) document() (Node, error) {
	if err := p.next(); err != nil {
		return Node{}, err
	}
	n, err := p.value()
	if err == nil && p.tok != tokEnd {
		err = p.expected("end of input")
	}
	return n, err
}

// value reads one value; the current token is its first, and afterwards the one behind it.
func (p *parser) value() (n Node, err error) {
	n.From = p.start
	switch {
	case p.is('{'), p.is('['):
		if p.depth++; p.depth > maxDepth {
			return n, pgerr.New(pgerr.StatementTooComplex, "stack depth limit exceeded")
		}
		n.Kind = List
		if p.punct == '{' {
			n.Kind = Object
		}
		if err = p.next(); err == nil {
			if n.Kind == Object {
				err = p.object(&n)
			} else {
				err = p.array(&n)
			}
		}
		p.depth--
		return n, err
	case p.tok == tokString:
		n.Kind, n.Text = String, p.str
	case p.tok == tokNumber:
		n.Kind, n.Text = Number, p.s[p.start:p.end]
		if p.jsonb && !plainInteger(n.Text) {
			d, err := numeric.Parse(n.Text)
			if err != nil {
				return n, err
			}
			n.Text = string(numeric.Of(d).AppendText(nil))
		}
	case p.tok == tokTrue, p.tok == tokFalse:
		n.Kind, n.Bool = Bool, p.tok == tokTrue
	case p.tok == tokNull:
	default:
		return n, p.expected("JSON value")
	}
	n.To = p.end
	return n, p.next()
}

// plainInteger reports digits that numeric prints as they are.
func plainInteger(s string) bool { return input.AllDigits(s) && (s[0] != '0' || len(s) == 1) }

// array reads from behind the bracket.
func (p *parser) array(n *Node) error {
	for !p.is(']') {
		e, err := p.value()
		if err != nil {
			return err
		}
		if p.build {
			n.Elems = append(n.Elems, e)
		}
		if !p.is(',') {
			if !p.is(']') {
				return p.expected("\",\" or \"]\"")
			}
			break
		}
		if err = p.next(); err != nil {
			return err
		}
		if p.is(']') {
			return p.expected("JSON value")
		}
	}
	n.To = p.end
	return p.next()
}

// object reads from behind the brace.
func (p *parser) object(n *Node) error {
	if p.tok != tokString && !p.is('}') {
		return p.expected("string or \"}\"")
	}
	for !p.is('}') {
		if p.tok != tokString {
			return p.expected("string")
		}
		key := p.str
		if err := p.next(); err != nil {
			return err
		}
		if !p.is(':') {
			return p.expected("\":\"")
		}
		if err := p.next(); err != nil {
			return err
		}
		e, err := p.value()
		if err != nil {
			return err
		}
		if p.build {
			n.Keys = append(n.Keys, key)
			n.Elems = append(n.Elems, e)
		}
		if !p.is(',') {
			if !p.is('}') {
				return p.expected("\",\" or \"}\"")
			}
			break
		}
		if err = p.next(); err != nil {
			return err
		}
		if p.is('}') {
			return p.expected("string")
		}
	}
	if p.jsonb {
		n.SortKeys()
	}
	n.To = p.end
	return p.next()
}

// SortKeys puts an object's members into jsonb's order and keeps the last of each key.
func (n *Node) SortKeys() {
	if sorted(n.Keys) {
		return
	}
	sort.Stable(byKey{n})
	w := 0
	for i := range n.Keys {
		if i+1 < len(n.Keys) && n.Keys[i] == n.Keys[i+1] {
			continue
		}
		n.Keys[w], n.Elems[w] = n.Keys[i], n.Elems[i]
		w++
	}
	n.Keys, n.Elems = n.Keys[:w], n.Elems[:w]
}

// CompareKeys is the order of an object's keys in a jsonb: shorter ones first, then by bytes.
func CompareKeys(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

func sorted(keys []string) bool {
	for i := 1; i < len(keys); i++ {
		if CompareKeys(keys[i-1], keys[i]) >= 0 {
			return false
		}
	}
	return true
}

type byKey struct{ n *Node }

func (k byKey) Len() int           { return len(k.n.Keys) }
func (k byKey) Less(i, j int) bool { return CompareKeys(k.n.Keys[i], k.n.Keys[j]) < 0 }
func (k byKey) Swap(i, j int) {
	n := k.n
	n.Keys[i], n.Keys[j] = n.Keys[j], n.Keys[i]
	n.Elems[i], n.Elems[j] = n.Elems[j], n.Elems[i]
}

// Find is the position of a key in a node parsed for jsonb; -1 if it is not there.
func (n *Node) Find(key string) int {
	i := sort.Search(len(n.Keys), func(i int) bool { return CompareKeys(n.Keys[i], key) >= 0 })
	if i < len(n.Keys) && n.Keys[i] == key {
		return i
	}
	return -1
}

// AppendJSONB appends canonical text; the node must have been parsed for jsonb or be sorted.
func (n *Node) AppendJSONB(dst []byte) []byte {
	switch n.Kind {
	case Null:
		return append(dst, "null"...)
	case Bool:
		return strconv.AppendBool(dst, n.Bool)
	case Number:
		return append(dst, n.Text...)
	case String:
		return AppendString(dst, n.Text)
	}
	open, end := byte('['), byte(']')
	if n.Kind == Object {
		open, end = '{', '}'
	}
	dst = append(dst, open)
	for i := range n.Elems {
		if i > 0 {
			dst = append(dst, ',', ' ')
		}
		if n.Kind == Object {
			dst = AppendString(dst, n.Keys[i])
			dst = append(dst, ':', ' ')
		}
		dst = n.Elems[i].AppendJSONB(dst)
	}
	return append(dst, end)
}

// JSONB is the node as a jsonb value.
func (n *Node) JSONB() tuple.Value { return tuple.Bytes(n.AppendJSONB(nil)) }

// AppendString appends s in quotes, escaped as PostgreSQL escapes: only what JSON demands.
func AppendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}

package jsonpath

import (
	"strings"
	"unicode/utf8"

	"github.com/tarndb/tarn/sql/pgerr"
)

type tokenKind uint8

const (
	tokEnd tokenKind = iota
	tokPunct
	tokWord // a name or, by its lower case, a key word
	tokString
	tokVariable
	tokNumber  // with a point or an exponent
	tokInteger // digits
)

// token is a lexical element. near is the text that PostgreSQL's scanner holds when it returns the token, which is what
// its errors show: a word ends in front of what ended it.
type token struct {
	kind tokenKind
	text string // decoded; the operator of a tokPunct
	word string // a key word, in lower case
	near string
}

// The key words; those of value true are lower case only.
var keywords = map[string]bool{
	"is": false, "to": false, "abs": false, "lax": false, "flag": false, "last": false, "null": true, "size": false, "true": true,
	"type": false, "with": false, "false": true, "floor": false, "double": false, "exists": false, "starts": false, "strict": false,
	"ceiling": false, "unknown": false, "datetime": false, "keyvalue": false, "like_regex": false,
}

type lexer struct {
	s   string
	pos int
}

const (
	blanks  = " \t\n\r\f"
	special = "?%$.[]{}()|&!=<>@#,*:-+/"
)

// other is a byte that a name may have.
func other(c byte) bool {
	return strings.IndexByte(special, c) < 0 && strings.IndexByte(blanks, c) < 0 && c != '\\' && c != '"'
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func hexDigit(c byte) int {
	switch {
	case digit(c):
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

func errNear(msg, near string) error {
	if near == "" {
		return pgerr.New(pgerr.SyntaxError, "%s at end of jsonpath input", msg)
	}
	return pgerr.New(pgerr.SyntaxError, "%s at or near \"%s\" of jsonpath input", msg, near)
}

func (l *lexer) rest() string { return l.s[l.pos:] }

func (l *lexer) next() (token, error) {
	for {
		for l.pos < len(l.s) && strings.IndexByte(blanks, l.s[l.pos]) >= 0 {
			l.pos++
		}
		if !strings.HasPrefix(l.rest(), "/*") {
			break
		}
		if err := l.comment(); err != nil {
			return token{}, err
		}
	}
	if l.pos == len(l.s) {
		return token{kind: tokEnd}, nil
	}
	c := l.s[l.pos]
	switch {
	case digit(c) || c == '.' && l.pos+1 < len(l.s) && digit(l.s[l.pos+1]):
		return l.number()
	case c == '"':
		l.pos++
		s, err := l.quoted()
		return token{kind: tokString, text: s, near: `"`}, err
	case c == '$':
		return l.variable()
	case strings.IndexByte(special, c) >= 0:
		for _, op := range [...]string{"&&", "||", "**", "<=", "==", "<>", "!=", ">="} {
			if strings.HasPrefix(l.rest(), op) {
				l.pos += 2
				return token{kind: tokPunct, text: op, near: op}, nil
			}
		}
		l.pos++
		return token{kind: tokPunct, text: string(c), near: string(c)}, nil
	}
	return l.word()
}

func (l *lexer) comment() error {
	end := strings.Index(l.s[l.pos+2:], "*/")
	if end < 0 {
		l.pos = len(l.s)
		return errNear("unexpected end of comment", "")
	}
	l.pos += end + 4
	return nil
}

func (l *lexer) variable() (token, error) {
	start := l.pos
	l.pos++
	if l.pos < len(l.s) && l.s[l.pos] == '"' {
		l.pos++
		s, err := l.quoted()
		return token{kind: tokVariable, text: s, near: `"`}, err
	}
	for l.pos < len(l.s) && other(l.s[l.pos]) {
		l.pos++
	}
	if l.pos == start+1 {
		return token{kind: tokPunct, text: "$", near: "$"}, nil
	}
	return token{kind: tokVariable, text: l.s[start+1 : l.pos], near: l.s[start:l.pos]}, nil
}

// number reads 12, 1.5, .5, 1., 1e5. A letter right after it is junk.
func (l *lexer) number() (token, error) {
	s := l.rest()
	i, kind := 0, tokInteger
	digits := func() {
		for i < len(s) && digit(s[i]) {
			i++
		}
	}
	if s[0] == '0' {
		i = 1
	} else {
		digits()
	}
	if i < len(s) && s[i] == '.' {
		kind = tokNumber
		i++
		digits()
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		mantissa := i
		i++
		sign := i < len(s) && (s[i] == '+' || s[i] == '-')
		if sign {
			i++
		}
		first := i
		digits()
		switch {
		case i > first:
			kind = tokNumber
		case sign:
			return token{}, errNear("invalid numeric literal", s[:i])
		default:
			i = mantissa
		}
	}
	if i < len(s) && other(s[i]) {
		_, n := utf8.DecodeRuneInString(s[i:])
		return token{}, errNear("trailing junk after numeric literal", s[:i+n])
	}
	l.pos += i
	return token{kind: kind, text: s[:i], near: s[:i]}, nil
}

// word reads a name. A comment right behind it swallows it, as in PostgreSQL 15.
func (l *lexer) word() (token, error) {
	var b strings.Builder
	for l.pos < len(l.s) {
		c := l.s[l.pos]
		switch {
		case c == '\\':
			if err := l.escape(&b); err != nil {
				return token{}, err
			}
			continue
		case other(c):
			b.WriteByte(c)
			l.pos++
			continue
		case strings.HasPrefix(l.rest(), "/*"):
			if err := l.comment(); err != nil {
				return token{}, err
			}
			return l.next()
		}
		break
	}
	t := token{kind: tokWord, text: b.String()}
	n := 0
	for l.pos+n < len(l.s) && strings.IndexByte(blanks, l.s[l.pos+n]) >= 0 {
		n++
	}
	t.near = l.s[l.pos : l.pos+n]
	if low := strings.ToLower(t.text); len(low) <= len("like_regex") {
		if exact, ok := keywords[low]; ok && (!exact || low == t.text) {
			t.word = low
		}
	}
	return t, nil
}

// quoted reads up to the closing quote, which the opening one is behind.
func (l *lexer) quoted() (string, error) {
	var b strings.Builder
	for l.pos < len(l.s) {
		switch c := l.s[l.pos]; c {
		case '"':
			l.pos++
			return b.String(), nil
		case '\\':
			if err := l.escape(&b); err != nil {
				return "", err
			}
		default:
			b.WriteByte(c)
			l.pos++
		}
	}
	return "", errNear("unexpected end of quoted string", "")
}

var simpleEscapes = map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

// escape reads what stands behind a backslash.
func (l *lexer) escape(b *strings.Builder) error {
	s := l.rest()
	if len(s) == 1 {
		l.pos++
		return errNear("unexpected end after backslash", `\`)
	}
	c := s[1]
	if r, ok := simpleEscapes[c]; ok {
		b.WriteByte(r)
		l.pos += 2
		return nil
	}
	switch c {
	case 'u':
		return l.unicode(b)
	case 'x':
		v, n := 0, 2
		for n < 4 && n < len(s) && hexDigit(s[n]) >= 0 {
			v = v<<4 | hexDigit(s[n])
			n++
		}
		if n < 4 {
			return errNear("invalid hex character sequence", s[:n])
		}
		l.pos += n
		return writeRune(b, v)
	}
	_, n := utf8.DecodeRuneInString(s[1:])
	b.WriteString(s[1 : 1+n])
	l.pos += 1 + n
	return nil
}

func writeRune(b *strings.Builder, v int) error {
	if v == 0 {
		return pgerr.New(pgerr.UntranslatableCharacter, "unsupported Unicode escape sequence").
			WithDetail("\\u0000 cannot be converted to text.")
	}
	if v > utf8.MaxRune {
		return pgerr.New(pgerr.SyntaxError, "invalid Unicode code point")
	}
	b.WriteRune(rune(v))
	return nil
}

// unicode reads a run of \uXXXX and \u{X…}; a pair of surrogates is one character.
func (l *lexer) unicode(b *strings.Builder) error {
	start, high := l.pos, -1
	bad := func(detail string) error {
		return pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type jsonpath").WithDetail("%s", detail)
	}
	const orphan = "Unicode low surrogate must follow a high surrogate."
	var found []int
	for strings.HasPrefix(l.rest(), `\u`) {
		s := l.rest()
		v, n, braces := 0, 2, len(s) > 2 && s[2] == '{'
		most := 4
		if braces {
			n, most = 3, 6
		}
		first := n
		for n < len(s) && n < first+most && hexDigit(s[n]) >= 0 {
			v = v<<4 | hexDigit(s[n])
			n++
		}
		ok := n == first+most
		if braces {
			if ok = n > first && n < len(s) && s[n] == '}'; ok {
				n++
			}
		}
		if !ok {
			return errNear("invalid unicode sequence", l.s[start:l.pos+n])
		}
		l.pos += n
		found = append(found, v)
	}
	for _, v := range found {
		switch {
		case v >= 0xd800 && v <= 0xdbff:
			if high >= 0 {
				return bad("Unicode high surrogate must not follow a high surrogate.")
			}
			high = v
			continue
		case v >= 0xdc00 && v <= 0xdfff:
			if high < 0 {
				return bad(orphan)
			}
			v = 0x10000 + (high&0x3ff)<<10 + v&0x3ff
			high = -1
		case high >= 0:
			return bad(orphan)
		}
		if err := writeRune(b, v); err != nil {
			return err
		}
	}
	if high >= 0 {
		return bad(orphan)
	}
	return nil
}

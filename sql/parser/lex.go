package parser

import "strings"

// tokenKind classes tokens by PostgreSQL's lexical rules (manual 4.1).
type tokenKind uint8

const (
	tokEOF    tokenKind = iota
	tokIdent            // unquoted: keyword or name
	tokQuoted           // "name"
	tokInt
	tokFloat
	tokString  // '…' without escapes of its own
	tokEString // E'…', B'…', X'…', U&'…', N'…'
	tokDollar  // $tag$…$tag$
	tokParam   // $1
	tokOp      // operator characters, or ::
	tokPunct   // ( ) [ ] , ; . :
	tokBad     // unterminated: left to PostgreSQL's parser to report
)

type token struct {
	kind       tokenKind
	start, end int
}

// lexer walks a query string; comments and white space are skipped.
type lexer struct {
	s string
	i int
}

func (l *lexer) text(t token) string { return l.s[t.start:t.end] }

// is reports whether t is the unquoted word, which is given in lower case.
func (l *lexer) is(t token, word string) bool {
	return t.kind == tokIdent && t.end-t.start == len(word) && strings.EqualFold(l.s[t.start:t.end], word)
}

func (l *lexer) next() token {
	if !l.skip() {
		return token{tokBad, l.i, len(l.s)}
	}
	at := l.i
	if at == len(l.s) {
		return token{tokEOF, at, at}
	}
	c := l.s[at]
	switch {
	case identStart(c):
		for l.i++; l.i < len(l.s) && identPart(l.s[l.i]); l.i++ {
		}
		if l.i < len(l.s) && l.s[l.i] == '\'' && l.i-at == 1 && strings.IndexByte("eEbBxXnN", c) >= 0 {
			return l.quoted(at, '\'', tokEString, c == 'e' || c == 'E')
		}
		if l.i+1 < len(l.s) && l.s[l.i] == '&' && l.i-at == 1 && (c == 'u' || c == 'U') && (l.s[l.i+1] == '\'' || l.s[l.i+1] == '"') {
			l.i++
			return l.quoted(at, l.s[l.i], tokEString, false)
		}
		return token{tokIdent, at, l.i}
	case digit(c) || c == '.' && at+1 < len(l.s) && digit(l.s[at+1]):
		return l.number(at)
	case c == '\'':
		return l.quoted(at, '\'', tokString, false)
	case c == '"':
		return l.quoted(at, '"', tokQuoted, false)
	case c == '$':
		return l.dollar(at)
	case strings.IndexByte("()[],;.", c) >= 0:
		l.i++
		return token{tokPunct, at, l.i}
	case c == ':':
		l.i++
		if l.i < len(l.s) && (l.s[l.i] == ':' || l.s[l.i] == '=') {
			l.i++
			return token{tokOp, at, l.i}
		}
		return token{tokPunct, at, l.i}
	case opChar(c):
		for l.i++; l.i < len(l.s) && opChar(l.s[l.i]) && !l.comment(); l.i++ {
		}
		return token{tokOp, at, l.i}
	}
	l.i++
	return token{tokBad, at, l.i}
}

// skip passes over white space and comments; false for an unterminated comment.
func (l *lexer) skip() bool {
	for l.i < len(l.s) {
		switch c := l.s[l.i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v':
			l.i++
		case c == '-' && strings.HasPrefix(l.s[l.i:], "--"):
			n := strings.IndexAny(l.s[l.i:], "\r\n")
			if n < 0 {
				l.i = len(l.s)
				return true
			}
			l.i += n
		case c == '/' && strings.HasPrefix(l.s[l.i:], "/*"):
			depth := 0
			for {
				rest := l.s[l.i:]
				switch {
				case rest == "":
					return false
				case strings.HasPrefix(rest, "/*"):
					depth++
					l.i += 2
				case strings.HasPrefix(rest, "*/"):
					depth--
					l.i += 2
				default:
					l.i++
				}
				if depth == 0 {
					break
				}
			}
		default:
			return true
		}
	}
	return true
}

func (l *lexer) comment() bool {
	return strings.HasPrefix(l.s[l.i:], "--") || strings.HasPrefix(l.s[l.i:], "/*")
}

func (l *lexer) quoted(at int, q byte, kind tokenKind, backslash bool) token {
	for l.i++; l.i < len(l.s); l.i++ {
		if !backslash {
			n := strings.IndexByte(l.s[l.i:], q)
			if n < 0 {
				break
			}
			l.i += n
		}
		switch c := l.s[l.i]; {
		case c == '\\' && backslash:
			l.i++
		case c == q:
			if l.i+1 < len(l.s) && l.s[l.i+1] == q {
				l.i++
				continue
			}
			l.i++
			return token{kind, at, l.i}
		}
	}
	l.i = len(l.s)
	return token{tokBad, at, l.i}
}

func (l *lexer) number(at int) token {
	kind := tokInt
	for l.i < len(l.s) && digit(l.s[l.i]) {
		l.i++
	}
	if l.i < len(l.s) && l.s[l.i] == '.' && !strings.HasPrefix(l.s[l.i:], "..") {
		kind = tokFloat
		for l.i++; l.i < len(l.s) && digit(l.s[l.i]); l.i++ {
		}
	}
	if l.i < len(l.s) && (l.s[l.i] == 'e' || l.s[l.i] == 'E') {
		j := l.i + 1
		if j < len(l.s) && (l.s[j] == '+' || l.s[j] == '-') {
			j++
		}
		if j < len(l.s) && digit(l.s[j]) {
			kind = tokFloat
			for l.i = j; l.i < len(l.s) && digit(l.s[l.i]); l.i++ {
			}
		}
	}
	if l.i < len(l.s) && identStart(l.s[l.i]) {
		return token{tokBad, at, l.i}
	}
	return token{kind, at, l.i}
}

func (l *lexer) dollar(at int) token {
	l.i++
	if l.i < len(l.s) && digit(l.s[l.i]) {
		for ; l.i < len(l.s) && digit(l.s[l.i]); l.i++ {
		}
		return token{tokParam, at, l.i}
	}
	for l.i < len(l.s) && identPart(l.s[l.i]) && l.s[l.i] != '$' {
		l.i++
	}
	if l.i == len(l.s) || l.s[l.i] != '$' {
		return token{tokBad, at, l.i}
	}
	l.i++
	tag := l.s[at:l.i]
	n := strings.Index(l.s[l.i:], tag)
	if n < 0 {
		l.i = len(l.s)
		return token{tokBad, at, l.i}
	}
	l.i += n + len(tag)
	return token{tokDollar, at, l.i}
}

func digit(c byte) bool      { return c >= '0' && c <= '9' }
func identStart(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= 0x80 }
func identPart(c byte) bool  { return identStart(c) || digit(c) || c == '$' }
func opChar(c byte) bool     { return strings.IndexByte("+-*/<>=~!@#%^&|`?", c) >= 0 }

package plpgsql

import (
	"strings"
	"unicode/utf8"

	"github.com/tarndb/tarn/sql/pgerr"
)

type tokenKind uint8

const (
	tokEOF    tokenKind = iota
	tokIdent            // text is folded; quoted says whether it was in double quotes
	tokString           // text is the value
	tokNumber
	tokParam // $1
	tokOp    // operators and punctuation
)

// token is a piece of the body: src[pos:end].
type token struct {
	kind     tokenKind
	text     string
	quoted   bool
	pos, end int
}

// scanner cuts a body into tokens.
type scanner struct {
	src  string
	toks []token
	at   int
}

func scan(src string) (*scanner, error) {
	s := &scanner{src: src}
	for i := 0; ; {
		i = skipBlank(src, i)
		if i < 0 {
			return nil, pgerr.New(pgerr.SyntaxError, "unterminated /* comment").WithPosition(1)
		}
		if i == len(src) {
			s.toks = append(s.toks, token{kind: tokEOF, pos: i, end: i})
			return s, nil
		}
		t, err := scanToken(src, i)
		if err != nil {
			return nil, err
		}
		s.toks = append(s.toks, t)
		i = t.end
	}
}

// skipBlank passes white space and comments; -1 for a comment without end.
func skipBlank(s string, i int) int {
	for i < len(s) {
		switch {
		case strings.IndexByte(" \t\r\n\f\v", s[i]) >= 0:
			i++
		case strings.HasPrefix(s[i:], "--"):
			for i < len(s) && s[i] != '\n' && s[i] != '\r' {
				i++
			}
		case strings.HasPrefix(s[i:], "/*"):
			depth := 0
			for {
				switch {
				case i >= len(s):
					return -1
				case strings.HasPrefix(s[i:], "/*"):
					depth++
					i += 2
					continue
				case strings.HasPrefix(s[i:], "*/"):
					depth--
					i += 2
				default:
					i++
					continue
				}
				if depth == 0 {
					break
				}
			}
		default:
			return i
		}
	}
	return i
}

func identStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func scanToken(s string, i int) (token, error) {
	c := s[i]
	next := func(k int) byte {
		if i+k < len(s) {
			return s[i+k]
		}
		return 0
	}
	switch {
	case (c == 'e' || c == 'E') && next(1) == '\'':
		return scanString(s, i, i+1, true)
	case (c == 'b' || c == 'B' || c == 'x' || c == 'X' || c == 'n' || c == 'N') && next(1) == '\'':
		return scanString(s, i, i+1, false)
	case identStart(c):
		j := i + 1
		for j < len(s) && (identStart(s[j]) || digit(s[j]) || s[j] == '$') {
			j++
		}
		return token{kind: tokIdent, text: strings.ToLower(s[i:j]), pos: i, end: j}, nil
	case c == '"':
		var b strings.Builder
		for j := i + 1; j < len(s); j++ {
			if s[j] == '"' {
				if j+1 < len(s) && s[j+1] == '"' {
					j++
				} else {
					return token{kind: tokIdent, text: b.String(), quoted: true, pos: i, end: j + 1}, nil
				}
			}
			b.WriteByte(s[j])
		}
		return token{}, errAt(s, i, "unterminated quoted identifier")
	case c == '\'':
		return scanString(s, i, i, false)
	case c == '$' && digit(next(1)):
		j := i + 1
		for j < len(s) && digit(s[j]) {
			j++
		}
		return token{kind: tokParam, text: s[i+1 : j], pos: i, end: j}, nil
	case c == '$':
		j := i + 1
		for j < len(s) && (identStart(s[j]) || digit(s[j])) {
			j++
		}
		if j < len(s) && s[j] == '$' {
			tag := s[i : j+1]
			if k := strings.Index(s[j+1:], tag); k >= 0 {
				return token{kind: tokString, text: s[j+1 : j+1+k], pos: i, end: j + 1 + k + len(tag)}, nil
			}
			return token{}, errAt(s, i, "unterminated dollar-quoted string")
		}
		return token{kind: tokOp, text: "$", pos: i, end: i + 1}, nil
	case digit(c) || c == '.' && digit(next(1)):
		j := i
		for j < len(s) && digit(s[j]) {
			j++
		}
		if j < len(s) && s[j] == '.' && !(j+1 < len(s) && s[j+1] == '.') {
			for j++; j < len(s) && digit(s[j]); j++ {
			}
		}
		if j < len(s) && (s[j] == 'e' || s[j] == 'E') {
			k := j + 1
			if k < len(s) && (s[k] == '+' || s[k] == '-') {
				k++
			}
			if k < len(s) && digit(s[k]) {
				for j = k; j < len(s) && digit(s[j]); j++ {
				}
			}
		}
		return token{kind: tokNumber, text: s[i:j], pos: i, end: j}, nil
	}
	for _, op := range []string{":=", "..", "<<", ">>", "::", "=>", "<=", ">=", "<>", "!="} {
		if strings.HasPrefix(s[i:], op) {
			return token{kind: tokOp, text: op, pos: i, end: i + 2}, nil
		}
	}
	_, n := utf8.DecodeRuneInString(s[i:])
	return token{kind: tokOp, text: s[i : i+n], pos: i, end: i + n}, nil
}

// scanString reads a quoted string whose quote stands at q.
func scanString(s string, pos, q int, escapes bool) (token, error) {
	var b strings.Builder
	for j := q + 1; j < len(s); j++ {
		switch {
		case s[j] == '\\' && escapes && j+1 < len(s):
			j++
			switch s[j] {
			case 'n':
				b.WriteByte('\n')
			case 't':
				b.WriteByte('\t')
			case 'r':
				b.WriteByte('\r')
			default:
				b.WriteByte(s[j])
			}
			continue
		case s[j] == '\'':
			if j+1 < len(s) && s[j+1] == '\'' {
				j++
			} else {
				return token{kind: tokString, text: b.String(), pos: pos, end: j + 1}, nil
			}
		}
		b.WriteByte(s[j])
	}
	return token{}, errAt(s, pos, "unterminated quoted string")
}

// errAt is a syntax error at a byte offset of the body; Position counts its characters.
func errAt(src string, off int, format string, args ...any) *pgerr.Error {
	return pgerr.New(pgerr.SyntaxError, format, args...).WithPosition(utf8.RuneCountInString(src[:min(off, len(src))]) + 1)
}

// lineOf is the line of a byte offset, from 1. A line break right at the start of the body does not count, as in PostgreSQL.
func lineOf(src string, off int) int {
	n := 1 + strings.Count(src[:min(off, len(src))], "\n")
	return n
}

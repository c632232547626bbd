package parser

import "strings"

// Literal is a constant that Normalize has taken out of a statement. Text of a string is without quotes, with doubled
// quotes folded.
type Literal struct {
	Kind LiteralKind
	Text string
}

// LiteralKind tells how PostgreSQL types the constant: an integer by its size, a string as unknown.
type LiteralKind byte

const (
	LitInt4    LiteralKind = 'i'
	LitInt8    LiteralKind = 'l'
	LitNumeric LiteralKind = 'n'
	LitString  LiteralKind = 's'
)

// maxNormalized bounds the statements that Normalize takes, in bytes without their constants; maxLiterals their constants.
const (
	maxNormalized = 4096
	maxLiterals   = 64
)

// Normalize replaces the constants of a single SELECT, INSERT, UPDATE or DELETE by $1, $2 … and appends them to lits.
// key is the new statement text, the kinds of its literals behind a zero byte, appended to buf: statements with the same
// key have the same plan but for the parameters' values. text is key up to the zero byte.
//
// ok is false for everything in which a constant's text may matter to the parse (type names with modifiers, typed
// literals, casts, ORDER BY and GROUP BY positions, FETCH, intervals), which has parameters of its own, or which is not
// one plain statement: such a statement takes the ordinary way. Cost is about 5 ns per byte and no allocation.
func Normalize(sql string, buf []byte, lits []Literal) (key []byte, text int, out []Literal, ok bool) {
	l := lexer{s: sql}
	t := l.next()
	if !(l.is(t, "select") || l.is(t, "insert") || l.is(t, "update") || l.is(t, "delete")) {
		return buf, 0, lits, false
	}
	copied, first := t.start, len(buf)
	var prev token
	for ; ; prev, t = t, l.next() {
		if len(buf)-first+t.start-copied > maxNormalized {
			return buf, 0, lits, false
		}
		switch t.kind {
		case tokEOF:
			return finish(append(buf, strings.TrimRight(sql[copied:], " \t\r\n\f")...), lits)
		case tokInt, tokFloat, tokString:
			if prev.kind == tokString || prev.kind == tokIdent && t.kind == tokString && !clauseWord(l.text(prev)) || len(lits) == maxLiterals {
				return buf, 0, lits, false
			}
			lit, fine := literal(t.kind, l.text(t))
			if !fine {
				return buf, 0, lits, false
			}
			lits = append(lits, lit)
			buf = append(buf, sql[copied:t.start]...)
			buf = appendParam(buf, len(lits))
			copied = t.end
		case tokIdent:
			if opaqueWord(l.text(t)) {
				return buf, 0, lits, false
			}
		case tokPunct:
			if l.text(t) == ";" {
				if end := l.next(); end.kind != tokEOF {
					return buf, 0, lits, false
				}
				return finish(append(buf, sql[copied:t.start]...), lits)
			}
			if c := l.text(t); c == "[" || c == ":" {
				return buf, 0, lits, false
			}
		case tokOp:
			if l.text(t) == "::" {
				return buf, 0, lits, false
			}
		case tokQuoted:
		default:
			return buf, 0, lits, false
		}
	}
}

func finish(buf []byte, lits []Literal) ([]byte, int, []Literal, bool) {
	n := len(buf)
	buf = append(buf, 0)
	for _, l := range lits {
		buf = append(buf, byte(l.Kind))
	}
	return buf, n, lits, true
}

func literal(kind tokenKind, s string) (Literal, bool) {
	switch kind {
	case tokInt:
		switch {
		case len(s) < 10 || len(s) == 10 && s <= "2147483647":
			return Literal{LitInt4, s}, true
		case len(s) < 19 || len(s) == 19 && s <= "9223372036854775807":
			return Literal{LitInt8, s}, true
		}
		return Literal{LitNumeric, s}, true
	case tokFloat:
		return Literal{LitNumeric, s}, true
	}
	s = s[1 : len(s)-1]
	if strings.IndexByte(s, '\\') >= 0 {
		return Literal{}, false // standard_conforming_strings may be off
	}
	if strings.IndexByte(s, '\'') >= 0 {
		s = strings.ReplaceAll(s, "''", "'")
	}
	return Literal{LitString, s}, true
}

func appendParam(b []byte, n int) []byte {
	b = append(b, '$')
	if n >= 10 {
		b = append(b, byte('0'+n/10))
	}
	return append(b, byte('0'+n%10))
}

// clauseWord are the words after which a string constant is a plain value, not a typed literal.
func clauseWord(s string) bool {
	for _, w := range [...]string{"and", "or", "not", "in", "like", "ilike", "select", "when", "then", "else", "between", "distinct", "where", "values", "returning", "is", "from", "on", "by", "set", "limit", "offset"} {
		if strings.EqualFold(s, w) {
			return true
		}
	}
	return false
}

// opaqueWord are the words that make constants part of the statement's shape.
func opaqueWord(s string) bool {
	for _, w := range [...]string{"order", "group", "cast", "interval", "fetch", "union", "intersect", "except", "with", "over", "window", "json", "xmlelement", "rows", "tablesample", "collate", "current", "for"} {
		if strings.EqualFold(s, w) {
			return true
		}
	}
	return false
}

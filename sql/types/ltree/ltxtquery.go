package ltree

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/boolexpr"
	"github.com/tarndb/tarn/sql/types/input"
)

// TextQuery is a compiled expression.
type TextQuery struct{ expr boolexpr.Expr[variant] }

const (
	maxOperand = 255   // bytes of a label
	maxWords   = 65535 // bytes of the labels before one, each with one more
)

// ParseTextQuery reads an expression: labels with modifiers, !, & and | between them and parentheses.
func ParseTextQuery(s string) (*TextQuery, error) {
	if err := input.CheckUTF8(s); err != nil {
		return nil, err
	}
	p := wordReader{}
	e, err := boolexpr.Parse(s, &boolexpr.Grammar[variant]{
		Operand: p.word,
		Blank:   unicode.IsSpace,
		Waiting: 32,
		TooMany: func() error { return pgerr.Internal("stack too short") },
	})
	return &TextQuery{expr: e}, err
}

// wordReader counts the bytes of the labels that it has read.
type wordReader struct{ before int }

func (p *wordReader) word(s string, i int) (v variant, end int, err error) {
	start := i
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case isLabel(r) && v.modified():
			return v, i, pgerr.New(pgerr.SyntaxError, "modifiers syntax error")
		case isLabel(r):
			v.label = s[start : i+n]
		case v.label == "" || !v.modifier(r):
			return v, i, p.check(&v)
		}
		i += n
	}
	return v, i, p.check(&v)
}

func (p *wordReader) check(v *variant) error {
	refuse := func(msg string) error { return pgerr.New(pgerr.InvalidParameterValue, "%s", msg) }
	switch n := len(v.label); {
	case n == 0:
		return pgerr.New(pgerr.SyntaxError, "operand syntax error")
	case n > maxWords:
		return refuse("word is too long")
	case p.before > maxWords:
		return refuse("value is too big")
	case n > maxOperand:
		return refuse("operand is too long")
	default:
		p.before += n + 1
	}
	return nil
}

// AppendText prints an expression.
func (q *TextQuery) AppendText(dst []byte) []byte {
	return q.expr.AppendText(dst, func(dst []byte, v *variant) []byte { return v.appendText(dst) })
}

// Match reports whether the expression holds for the labels of a path.
func (q *TextQuery) Match(path string) bool {
	labels := Labels(path)
	return q.expr.Holds(func(v *variant) bool { return slices.ContainsFunc(labels, v.matches) })
}

// Version is the first byte of the binary formats; the text follows.
const Version = 1

// TextOf takes the text out of a binary value of the named type.
func TextOf(b []byte, typ string) (string, error) {
	if len(b) == 0 {
		return "", input.Short()
	}
	if b[0] != Version {
		return "", pgerr.Internal("unsupported %s version number %d", typ, b[0])
	}
	return strings.Clone(input.String(b[1:])), nil
}

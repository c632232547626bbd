package are

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// Flags are a regular expression's options (manual: table 9.24).
type Flags struct {
	IgnoreCase bool
	NewlineDot bool // . and [^…] do not match a newline
	NewlineAnc bool // ^ and $ match at newlines
	Expanded   bool // white space and comments are ignored
	Literal    bool // the pattern is a plain string
	Basic      bool // POSIX basic syntax
	Extended   bool // POSIX extended syntax: no escapes, no Perl extensions
}

// What is wrong with a pattern, in the words of PostgreSQL's library.
var (
	errParens   = errors.New("parentheses () not balanced")
	errBrackets = errors.New("brackets [] not balanced")
	errBraces   = errors.New("braces {} not balanced")
	errCount    = errors.New("invalid repetition count(s)")
	errOperand  = errors.New("quantifier operand invalid")
	errEscape   = errors.New("invalid escape \\ sequence")
	errRange    = errors.New("invalid character range")
	errClass    = errors.New("invalid character class")
	errCollate  = errors.New("invalid collating element")
	errBackref  = errors.New("invalid backreference number")
	errOption   = errors.New("invalid embedded option")
	errTooBig   = errors.New("regular expression is too complex")
)

const maxCount = 255 // largest bound of a quantifier

type parser struct {
	s      string
	f      Flags
	groups int
	closed []bool // group number: its parenthesis is closed
	depth  int
}

func parse(pattern string, f Flags) (*tree, *parser, error) {
	p := &parser{s: pattern, f: f, closed: []bool{true}}
	if err := p.prefix(); err != nil {
		return nil, nil, err
	}
	if p.f.Literal {
		t := &tree{kind: kConcat}
		for _, r := range p.s {
			t.sub = append(t.sub, &tree{kind: kChar, r: r})
		}
		return t, p, nil
	}
	t, err := p.alternatives()
	if err == nil && p.s != "" {
		err = errParens
	}
	return t, p, err
}

// prefix reads *** directors and (?…) options.
func (p *parser) prefix() error {
	if rest, ok := strings.CutPrefix(p.s, "***"); ok && !p.f.Literal {
		switch {
		case strings.HasPrefix(rest, "="):
			p.s, p.f.Literal = rest[1:], true
			return nil
		case strings.HasPrefix(rest, ":"):
			p.s, p.f.Basic, p.f.Extended = rest[1:], false, false
		default:
			return errOperand
		}
	}
	if p.f.Basic || p.f.Extended || p.f.Literal || !strings.HasPrefix(p.s, "(?") || len(p.s) < 3 || !letter(p.s[2]) {
		return nil
	}
	end := strings.IndexByte(p.s, ')')
	if end < 0 {
		return errOption
	}
	for _, c := range []byte(p.s[2:end]) {
		if !p.f.Set(c) {
			return errOption
		}
	}
	p.s = p.s[end+1:]
	return nil
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// Set applies one option letter; false if there is none such.
func (f *Flags) Set(c byte) bool {
	switch c {
	case 'b':
		f.Basic, f.Extended, f.Literal = true, false, false
	case 'c':
		f.IgnoreCase = false
	case 'e':
		f.Basic, f.Extended, f.Literal = false, true, false
	case 'i':
		f.IgnoreCase = true
	case 'm', 'n':
		f.NewlineDot, f.NewlineAnc = true, true
	case 'p':
		f.NewlineDot, f.NewlineAnc = true, false
	case 'q':
		f.Literal, f.Basic, f.Extended = true, false, false
	case 's':
		f.NewlineDot, f.NewlineAnc = false, false
	case 't':
		f.Expanded = false
	case 'w':
		f.NewlineDot, f.NewlineAnc = false, true
	case 'x':
		f.Expanded = true
	default:
		return false
	}
	return true
}

// skip leaves out white space and comments of the expanded syntax, and (?#…).
func (p *parser) skip() {
	for p.s != "" {
		switch {
		case p.f.Expanded && strings.IndexByte(" \t\n\r\v\f", p.s[0]) >= 0:
			p.s = p.s[1:]
		case p.f.Expanded && p.s[0] == '#':
			i := strings.IndexByte(p.s, '\n')
			if i < 0 {
				i = len(p.s) - 1
			}
			p.s = p.s[i+1:]
		case !p.f.Basic && !p.f.Extended && strings.HasPrefix(p.s, "(?#"):
			i := strings.IndexByte(p.s, ')')
			if i < 0 {
				i = len(p.s) - 1
			}
			p.s = p.s[i+1:]
		default:
			return
		}
	}
}

func (p *parser) alternatives() (*tree, error) {
	var alts []*tree
	for {
		t, err := p.branch()
		if err != nil {
			return nil, err
		}
		alts = append(alts, t)
		if p.f.Basic || !strings.HasPrefix(p.s, "|") {
			break
		}
		p.s = p.s[1:]
	}
	if len(alts) == 1 {
		return alts[0], nil
	}
	return &tree{kind: kAlt, sub: alts}, nil
}

func (p *parser) atClose() bool {
	if p.f.Basic {
		return strings.HasPrefix(p.s, `\)`)
	}
	return strings.HasPrefix(p.s, ")")
}

func (p *parser) branch() (*tree, error) {
	t := &tree{kind: kConcat}
	for {
		p.skip()
		if p.s == "" || p.atClose() && p.depth > 0 || !p.f.Basic && p.s[0] == '|' {
			return t, nil
		}
		atom, err := p.atom(len(t.sub) == 0)
		if err != nil {
			return nil, err
		}
		if atom, err = p.quantified(atom); err != nil {
			return nil, err
		}
		t.sub = append(t.sub, atom)
	}
}

func (p *parser) atom(first bool) (*tree, error) {
	if p.f.Basic {
		return p.basicAtom(first)
	}
	c := p.s[0]
	switch c {
	case '(':
		return p.group()
	case ')':
		if p.depth == 0 {
			return nil, errParens
		}
	case '[':
		return p.bracket()
	case '.':
		p.s = p.s[1:]
		return &tree{kind: kAny}, nil
	case '^':
		p.s = p.s[1:]
		return &tree{kind: kBegin}, nil
	case '$':
		p.s = p.s[1:]
		return &tree{kind: kEnd}, nil
	case '*', '+', '?':
		return nil, errOperand
	case '{':
		if len(p.s) > 1 && p.s[1] >= '0' && p.s[1] <= '9' {
			return nil, errOperand
		}
	case '\\':
		return p.escape()
	}
	return p.char(), nil
}

func (p *parser) char() *tree {
	r, n := utf8.DecodeRuneInString(p.s)
	p.s = p.s[n:]
	return &tree{kind: kChar, r: r}
}

func (p *parser) basicAtom(first bool) (*tree, error) {
	switch {
	case strings.HasPrefix(p.s, `\(`):
		return p.capture(p.s[2:], `\)`)
	case strings.HasPrefix(p.s, `\)`):
		return nil, errParens
	case p.s[0] == '[':
		return p.bracket()
	case p.s[0] == '.':
		p.s = p.s[1:]
		return &tree{kind: kAny}, nil
	case p.s[0] == '^' && first:
		p.s = p.s[1:]
		return &tree{kind: kBegin}, nil
	case p.s[0] == '$' && (len(p.s) == 1 || strings.HasPrefix(p.s[1:], `\)`)):
		p.s = p.s[1:]
		return &tree{kind: kEnd}, nil
	case p.s[0] == '\\':
		if len(p.s) == 1 {
			return nil, errEscape
		}
		switch c := p.s[1]; {
		case c == '<':
			p.s = p.s[2:]
			return &tree{kind: kWordBegin}, nil
		case c == '>':
			p.s = p.s[2:]
			return &tree{kind: kWordEnd}, nil
		case c >= '1' && c <= '9':
			return p.backref(1)
		}
		p.s = p.s[1:]
	}
	return p.char(), nil
}

// capture reads a capturing group whose opening has been seen.
func (p *parser) capture(rest, end string) (*tree, error) {
	p.s = rest
	p.groups++
	n := p.groups
	p.closed = append(p.closed, false)
	t, err := p.inner(end)
	if err != nil {
		return nil, err
	}
	p.closed[n] = true
	return &tree{kind: kGroup, n: n, sub: []*tree{t}}, nil
}

// inner reads up to the closing parenthesis.
func (p *parser) inner(end string) (*tree, error) {
	if p.depth++; p.depth > 1000 {
		return nil, errTooBig
	}
	t, err := p.alternatives()
	p.depth--
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(p.s, end) {
		return nil, errParens
	}
	p.s = p.s[len(end):]
	return t, nil
}

func (p *parser) group() (*tree, error) {
	if !p.f.Extended {
		for _, g := range []struct {
			open        string
			kind        kind
			behind, not bool
		}{{"(?:", kPlain, false, false}, {"(?=", kLook, false, false}, {"(?!", kLook, false, true}, {"(?<=", kLook, true, false}, {"(?<!", kLook, true, true}} {
			if rest, ok := strings.CutPrefix(p.s, g.open); ok {
				p.s = rest
				t, err := p.inner(")")
				if err != nil {
					return nil, err
				}
				return &tree{kind: g.kind, behind: g.behind, not: g.not, sub: []*tree{t}}, nil
			}
		}
		if strings.HasPrefix(p.s, "(?") {
			return nil, errOperand
		}
	}
	return p.capture(p.s[1:], ")")
}

// quantified reads the quantifier that may follow an atom.
func (p *parser) quantified(atom *tree) (*tree, error) {
	p.skip()
	if p.s == "" {
		return atom, nil
	}
	t := &tree{kind: kRepeat, sub: []*tree{atom}, max: -1, quant: true}
	open := "{"
	if p.f.Basic {
		open = `\{`
	}
	switch {
	case p.s[0] == '*':
		p.s = p.s[1:]
	case !p.f.Basic && p.s[0] == '+':
		p.s, t.min = p.s[1:], 1
	case !p.f.Basic && p.s[0] == '?':
		p.s, t.max = p.s[1:], 1
	case strings.HasPrefix(p.s, open) && (p.f.Basic || p.f.Extended || len(p.s) > 1 && p.s[1] >= '0' && p.s[1] <= '9'):
		if err := p.bounds(t, len(open)); err != nil {
			return nil, err
		}
	default:
		return atom, nil
	}
	if !p.f.Basic && !p.f.Extended && strings.HasPrefix(p.s, "?") {
		p.s, t.lazy = p.s[1:], true
	}
	switch atom.kind {
	case kBegin, kEnd, kStart, kStop, kWordBegin, kWordEnd, kWordEdge, kWordInner, kLook:
		return nil, errOperand
	}
	p.skip()
	if p.s != "" && (p.s[0] == '*' || !p.f.Basic && (p.s[0] == '+' || p.s[0] == '?')) {
		return nil, errOperand
	}
	return t, nil
}

func (p *parser) number() (int, bool, error) {
	n, i := 0, 0
	for i < len(p.s) && p.s[i] >= '0' && p.s[i] <= '9' {
		n = n*10 + int(p.s[i]-'0')
		if n > maxCount {
			return 0, false, errCount
		}
		i++
	}
	p.s = p.s[i:]
	return n, i > 0, nil
}

func (p *parser) bounds(t *tree, open int) error {
	p.s = p.s[open:]
	end := "}"
	if p.f.Basic {
		end = `\}`
	}
	n, ok, err := p.number()
	if err != nil {
		return err
	}
	if !ok {
		return errCount
	}
	t.min, t.max = n, n
	t.quant = strings.HasPrefix(p.s, ",")
	if strings.HasPrefix(p.s, ",") {
		p.s = p.s[1:]
		if t.max, ok, err = p.number(); err != nil {
			return err
		}
		if !ok {
			t.max = -1
		} else if t.max < t.min {
			return errCount
		}
	}
	if !strings.HasPrefix(p.s, end) {
		if p.s == "" {
			return errBraces
		}
		return errCount
	}
	p.s = p.s[len(end):]
	return nil
}

func (p *parser) backref(skip int) (*tree, error) {
	s := p.s[skip:]
	n, i := 0, 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' && (i == 0 || n*10+int(s[i]-'0') <= p.groups) {
		n = n*10 + int(s[i]-'0')
		i++
	}
	if n >= len(p.closed) || !p.closed[n] {
		return nil, errBackref
	}
	p.s = s[i:]
	return &tree{kind: kBack, n: n}, nil
}

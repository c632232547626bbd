package tsearch

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tarndb/tarn/sql/pgerr"
)

// Syntax is how a query is written.
type Syntax uint8

const (
	Standard  Syntax = iota // to_tsquery
	Plain                   // the whole text is one operand
	WebSearch               // words, "phrases", or, -
)

// PushFunc adds an operand's text to a query that is being read: nothing, one word, or several with operators between
// them, through a Builder.
type PushFunc func(b *Builder, text string, weight uint8, prefix bool) error

// Builder collects a query in the order of its operands and operators (operands first).
type Builder struct {
	stack  []*Node
	syntax Syntax
	all    string
	quoted bool // of WebSearch: the operand stood in double quotes
	text   int
}

// Quoted reports whether the operand that is pushed stood in double quotes of a web search.
func (b *Builder) Quoted() bool { return b.quoted }

// Word pushes a word.
func (b *Builder) Word(word string, weight uint8, prefix bool) error {
	if len(word) >= MaxWord {
		return pgerr.New(pgerr.ProgramLimitExceeded, "word is too long in tsquery: \"%s\"", b.all)
	}
	if b.text >= MaxText {
		return pgerr.New(pgerr.ProgramLimitExceeded, "value is too big in tsquery: \"%s\"", b.all)
	}
	b.text += len(word) + 1
	b.stack = append(b.stack, &Node{Word: word, Weight: weight, Prefix: prefix})
	return nil
}

// Stop pushes a stop word.
func (b *Builder) Stop() { b.stack = append(b.stack, &Node{Op: OpStop}) }

// Operator takes its operands from what was pushed before.
func (b *Builder) Operator(op Op, distance int) error {
	need := 2
	if op == OpNot {
		need = 1
	}
	if len(b.stack) < need {
		return internal("malformed tsquery: operand not found")
	}
	n := &Node{Op: op}
	if op == OpPhrase {
		n.Distance = distance
	}
	n.Right = b.stack[len(b.stack)-1]
	if op != OpNot {
		n.Left = b.stack[len(b.stack)-2]
	}
	b.stack = append(b.stack[:len(b.stack)-need], n)
	return nil
}

// AsIs is the PushFunc of tsqueryin: operands are words.
func AsIs(b *Builder, text string, weight uint8, prefix bool) error {
	return b.Word(text, weight, prefix)
}

// ParseQuery reads a query. notice gets PostgreSQL's notice about a text without words or with stop words only; it may
// be nil.
func ParseQuery(s string, syntax Syntax, push PushFunc, notice func(*pgerr.Error)) (Query, error) {
	p := &queryParser{
		b: Builder{syntax: syntax, all: s}, push: push, state: wantFirst,
		sc: scanner{all: s, s: s, query: true, web: syntax == WebSearch},
	}
	if err := p.expression(0); err != nil {
		return nil, err
	}
	if len(p.b.stack) == 0 {
		if notice != nil {
			notice(pgerr.Notice(pgerr.SeverityNotice, pgerr.SuccessfulCompletion, "text-search query doesn't contain lexemes: \"%s\"", s))
		}
		return nil, nil
	}
	if len(p.b.stack) > 1 {
		return nil, internal("malformed tsquery: extra nodes")
	}
	q := p.b.stack[0]
	if !q.hasStop() {
		return q, nil
	}
	return q.withoutStops(notice), nil
}

type parseState uint8

const (
	wantFirst parseState = iota
	wantOperand
	wantOperator
)

// tokens
type tokenKind uint8

const (
	tokEnd tokenKind = iota
	tokError
	tokOperand
	tokOperator
	tokOpen
	tokClose
)

type token struct {
	kind     tokenKind
	op       Op
	distance int
	text     string
	weight   uint8
	prefix   bool
}

type queryParser struct {
	sc    scanner
	b     Builder
	push  PushFunc
	state parseState
	depth int // of parentheses
	done  bool
}

type pendingOp struct {
	op       Op
	distance int
}

// maxPending is PostgreSQL's STACKDEPTH.
const maxPending = 32

// expression reads up to the end or a closing parenthesis.
func (p *queryParser) expression(depth int) error {
	if depth > maxDepth {
		return pgerr.New(pgerr.StatementTooComplex, "stack depth limit exceeded")
	}
	var ops []pendingOp
	reduce := func(op Op) error {
		for len(ops) > 0 {
			top := ops[len(ops)-1]
			if op != OpNot && priority[op] > priority[top.op] || op == OpNot && priority[op] >= priority[top.op] {
				break
			}
			ops = ops[:len(ops)-1]
			if err := p.b.Operator(top.op, top.distance); err != nil {
				return err
			}
		}
		return nil
	}
	for {
		t, err := p.next()
		if err != nil {
			return err
		}
		switch t.kind {
		case tokEnd, tokClose:
			return reduce(OpOr)
		case tokOperand:
			if err := p.push(&p.b, t.text, t.weight, t.prefix); err != nil {
				return err
			}
		case tokOperator:
			if err := reduce(t.op); err != nil {
				return err
			}
			if len(ops) == maxPending {
				return internal("tsquery stack too small")
			}
			ops = append(ops, pendingOp{t.op, t.distance})
		case tokOpen:
			if err := p.expression(depth + 1); err != nil {
				return err
			}
		default:
			return p.sc.bad()
		}
	}
}

func (p *queryParser) next() (token, error) {
	p.b.quoted = false
	switch p.b.syntax {
	case Plain:
		if p.sc.s == "" || p.done {
			return token{}, nil
		}
		p.done = true
		t := token{kind: tokOperand, text: p.sc.s}
		p.sc.s = ""
		return t, nil
	case WebSearch:
		return p.nextWeb()
	}
	return p.nextStandard()
}

func (p *queryParser) nextStandard() (token, error) {
	for p.sc.space() {
		p.sc.char()
	}
	if p.state != wantOperator {
		switch {
		case p.sc.at('!'):
			p.sc.char()
			p.state = wantOperand
			return token{kind: tokOperator, op: OpNot}, nil
		case p.sc.at('('):
			p.sc.char()
			p.state = wantOperand
			p.depth++
			return token{kind: tokOpen}, nil
		case p.sc.at(':'):
			return token{}, p.sc.bad()
		}
		word, _, ok, err := p.sc.next()
		switch {
		case err != nil:
			return token{}, err
		case ok:
			t := token{kind: tokOperand, text: word}
			t.weight, t.prefix = p.modifiers()
			p.state = wantOperator
			return t, nil
		case p.state == wantFirst:
			return token{}, nil
		}
		return token{}, pgerr.New(pgerr.SyntaxError, "no operand in tsquery: \"%s\"", p.sc.all)
	}
	switch {
	case p.sc.at('&'), p.sc.at('|'):
		t := token{kind: tokOperator, op: OpAnd}
		if p.sc.char() == "|" {
			t.op = OpOr
		}
		p.state = wantOperand
		return t, nil
	case p.sc.at('<'):
		distance, ok, err := p.phrase()
		if err != nil || !ok {
			return token{kind: tokError}, err
		}
		p.state = wantOperand
		return token{kind: tokOperator, op: OpPhrase, distance: distance}, nil
	case p.sc.at(')'):
		p.sc.char()
		if p.depth--; p.depth >= 0 {
			return token{kind: tokClose}, nil
		}
	case p.sc.s == "" && p.depth == 0:
		return token{}, nil
	}
	return token{kind: tokError}, nil
}

// phrase reads <-> or <N>.
func (p *queryParser) phrase() (distance int, ok bool, err error) {
	rest := p.sc.s[1:]
	if r, found := strings.CutPrefix(rest, "->"); found {
		p.sc.s = r
		return 1, r != "", nil // at the end it is no operator, and the error another one
	}
	n := 0
	for n < len(rest) && digit(rest[n]) {
		n++
	}
	if n == 0 {
		return 0, false, nil
	}
	v, err := strconv.ParseInt(rest[:n], 10, 64)
	if err != nil || v > MaxPosition+1 {
		return 0, false, pgerr.New(pgerr.InvalidParameterValue, "distance in phrase operator must be an integer value between zero and %d inclusive", MaxPosition+1)
	}
	if !strings.HasPrefix(rest[n:], ">") {
		return 0, false, nil
	}
	p.sc.s = rest[n+1:]
	return int(v), p.sc.s != "", nil
}

// modifiers reads :*ABCD behind an operand.
func (p *queryParser) modifiers() (weight uint8, prefix bool) {
	if !p.sc.at(':') {
		return 0, false
	}
	p.sc.char()
	for p.sc.s != "" {
		switch c := p.sc.s[0]; {
		case c == '*':
			prefix = true
		case strings.IndexByte("dcba", c|0x20) >= 0 && c >= 'A':
			weight |= 1 << strings.IndexByte("dcba", c|0x20)
		default:
			return weight, prefix
		}
		p.sc.char()
	}
	return weight, prefix
}

func (p *queryParser) nextWeb() (token, error) {
	for {
		if p.state == wantOperator {
			switch {
			case p.sc.s == "":
				return token{}, nil
			case p.or():
				p.state = wantOperand
				return token{kind: tokOperator, op: OpOr}, nil
			case p.sc.operator(), p.sc.space():
				p.sc.char()
			default: // AND goes without saying
				p.state = wantOperand
				return token{kind: tokOperator, op: OpAnd}, nil
			}
			continue
		}
		switch {
		case p.sc.at('-'):
			p.sc.char()
			p.state = wantOperand
			return token{kind: tokOperator, op: OpNot}, nil
		case p.sc.at('"'):
			text, rest, _ := strings.Cut(p.sc.s[1:], "\"")
			p.sc.s = rest
			p.state = wantOperator
			p.b.quoted = true
			return token{kind: tokOperand, text: text}, nil
		case p.sc.operator():
			p.sc.char()
			p.state = wantOperand
			continue
		case p.sc.space():
			p.sc.char()
			continue
		}
		word, _, ok, err := p.sc.next()
		switch {
		case err != nil:
			return token{}, err
		case ok:
			p.state = wantOperator
			return token{kind: tokOperand, text: word}, nil
		case p.state != wantFirst: // an operator needs an operand
			p.b.Stop()
		}
		return token{}, nil
	}
}

// or takes the word OR if an operand may follow it.
func (p *queryParser) or() bool {
	s := p.sc.s
	if len(s) < 3 || !strings.EqualFold(s[:2], "or") {
		return false
	}
	r, n := utf8.DecodeRuneInString(s[2:])
	if r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) {
		return false
	}
	for _, c := range s[2+n:] {
		if !isSpace(c) {
			p.sc.s = s[2:]
			return true
		}
	}
	return false
}

// Package boolexpr is expressions of operands with !, & and | and parentheses, as PostgreSQL's contrib modules intarray and ltree read
// and print them; ! binds closest, then &. What an operand is, its caller knows.
package boolexpr

import (
	"unicode/utf8"

	"github.com/tarndb/tarn/sql/pgerr"
)

// Step is an operator, or with Op 0 an operand.
type Step[T any] struct {
	Op      byte
	Operand T
}

// Expr is an expression in postfix order.
type Expr[T any] []Step[T]

// maxDepth bounds parentheses and the tree, in place of PostgreSQL's stack limit.
const maxDepth = 10000

func errDepth() error {
	return pgerr.New(pgerr.StatementTooComplex, "stack depth limit exceeded").
		WithHint("Increase the configuration parameter \"max_stack_depth\" (currently 2048kB), after ensuring the platform's stack depth limit is adequate.")
}

// Grammar is what differs between types.
type Grammar[T any] struct {
	// Operand reads one at s[i:], or says what is wrong there. end is behind it.
	Operand func(s string, i int) (v T, end int, err error)
	// Blank reports characters that may stand before an operand; before an operator only ' ' may.
	Blank func(r rune) bool
	// Waiting is how many operators may wait for their right operand in one pair of parentheses, TooMany the error beyond.
	Waiting int
	TooMany func() error
}

// Parse reads a whole text.
func Parse[T any](s string, g *Grammar[T]) (Expr[T], error) {
	p := parser[T]{Grammar: g, s: s}
	if err := p.expression(0); err != nil {
		return nil, err
	}
	if p.out.depth() > maxDepth {
		return nil, errDepth()
	}
	return p.out, nil
}

type parser[T any] struct {
	*Grammar[T]
	s   string
	i   int
	out Expr[T]
}

// release puts out the operators that wait, from the last one on: those that bind closer than |, or all.
func (p *parser[T]) release(waiting []byte, all bool) []byte {
	for len(waiting) > 0 && (all || waiting[len(waiting)-1] != '|') {
		p.out = append(p.out, Step[T]{Op: waiting[len(waiting)-1]})
		waiting = waiting[:len(waiting)-1]
	}
	return waiting
}

// expression reads to the end of the text, or in parentheses to behind the closing one.
func (p *parser[T]) expression(depth int) error {
	if depth > maxDepth {
		return errDepth()
	}
	var waiting []byte
	for {
		not, err := p.operand(depth)
		if err != nil {
			return err
		}
		if not {
			if len(waiting) == p.Waiting {
				return p.TooMany()
			}
			waiting = append(waiting, '!')
			continue
		}
		waiting = p.release(waiting, false)
		switch c := p.operator(); {
		case c == '|' && len(waiting) > 0:
			p.out = append(p.out, Step[T]{Op: '|'}) // of what stands before; this one takes its place
		case c == '|' || c == '&':
			waiting = append(waiting, c)
		case c == 0 && depth == 0, c == ')' && depth > 0:
			p.release(waiting, true)
			return nil
		default:
			return pgerr.New(pgerr.SyntaxError, "syntax error")
		}
	}
}

// operand reads one operand or a part in parentheses; not tells of an exclamation mark instead.
func (p *parser[T]) operand(depth int) (not bool, err error) {
	for p.i < len(p.s) {
		r, n := utf8.DecodeRuneInString(p.s[p.i:])
		switch {
		case r == '!':
			p.i++
			return true, nil
		case r == '(':
			p.i++
			return false, p.expression(depth + 1)
		case !p.Blank(r):
			return false, p.read()
		}
		p.i += n
	}
	return false, p.read()
}

func (p *parser[T]) read() error {
	v, end, err := p.Operand(p.s, p.i)
	p.i = end
	p.out = append(p.out, Step[T]{Operand: v})
	return err
}

// operator takes the byte behind blanks; 0 is the end.
func (p *parser[T]) operator() byte {
	for p.i < len(p.s) && p.s[p.i] == ' ' {
		p.i++
	}
	if p.i == len(p.s) {
		return 0
	}
	p.i++
	return p.s[p.i-1]
}

// depth is how many operators stand over the deepest operand.
func (e Expr[T]) depth() int {
	var stack []int
	for i := range e {
		top := len(stack) - 1
		switch e[i].Op {
		case 0:
			stack = append(stack, 0)
		case '!':
			stack[top]++
		default:
			stack = append(stack[:top-1], max(stack[top-1], stack[top])+1)
		}
	}
	return stack[0]
}

// Holds evaluates the expression.
func (e Expr[T]) Holds(operand func(*T) bool) bool {
	var stack []bool
	for i := range e {
		top := len(stack) - 1
		switch e[i].Op {
		case 0:
			stack = append(stack, operand(&e[i].Operand))
		case '!':
			stack[top] = !stack[top]
		case '&':
			stack = append(stack[:top-1], stack[top-1] && stack[top])
		case '|':
			stack = append(stack[:top-1], stack[top-1] || stack[top])
		}
	}
	return stack[0]
}

// AppendText prints the expression: an | that stands below another operator is in parentheses, and all that is below an !.
func (e Expr[T]) AppendText(dst []byte, operand func([]byte, *T) []byte) []byte {
	left := make([]int, len(e)) // where the left operand of an operator ends
	var ends []int              // of the operands that wait
	for i := range e {
		switch e[i].Op {
		case 0:
			ends = append(ends, i)
		case '!':
			ends[len(ends)-1] = i
		default:
			left[i] = ends[len(ends)-2]
			ends = append(ends[:len(ends)-2], i)
		}
	}
	var print func(i int, alone bool)
	print = func(i int, alone bool) {
		switch op := e[i].Op; op {
		case 0:
			dst = operand(dst, &e[i].Operand)
		case '!':
			if e[i-1].Op == 0 {
				dst = append(dst, '!')
				print(i-1, false)
				return
			}
			dst = append(dst, "!( "...)
			print(i-1, true)
			dst = append(dst, " )"...)
		default:
			wrap := op == '|' && !alone
			if wrap {
				dst = append(dst, "( "...)
			}
			print(left[i], false)
			dst = append(dst, ' ', op, ' ')
			print(i-1, false)
			if wrap {
				dst = append(dst, " )"...)
			}
		}
	}
	print(len(e)-1, true)
	return dst
}

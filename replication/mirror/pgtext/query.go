package pgtext

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strconv"
)

// Texts of types that are trees of operators.

// node is an operator, or an operand with its text.
type node struct {
	op          byte
	text        []byte
	left, right *node // NOT has right only
	distance    int
}

// appendQueryInt reads what sql/types/queryint packs: steps of five bytes in postfix order, 0 and a number or an operator.
func appendQueryInt(dst, b []byte) []byte {
	var stack []*node
	for ; len(b) >= 5; b = b[5:] {
		n, top := &node{op: b[0]}, len(stack)
		switch b[0] {
		case 0:
			n.text = strconv.AppendInt(nil, int64(int32(binary.LittleEndian.Uint32(b[1:]))), 10)
		case '!':
			n.right, top = stack[top-1], top-1
		default:
			n.left, n.right, top = stack[top-2], stack[top-1], top-2
		}
		stack = append(stack[:top], n)
	}
	return appendIntExpr(dst, stack[0], true)
}

// appendIntExpr puts an | that stands below another operator into parentheses, and all that is not a number below an !.
func appendIntExpr(dst []byte, n *node, alone bool) []byte {
	open := n.op == '|' && !alone
	switch {
	case n.op == 0:
		return append(dst, n.text...)
	case n.op == '!' && n.right.op == 0:
		return append(append(dst, '!'), n.right.text...)
	case n.op == '!':
		return append(appendIntExpr(append(dst, "!( "...), n.right, true), " )"...)
	case open:
		dst = append(dst, "( "...)
	}
	dst = append(appendIntExpr(dst, n.left, false), ' ', n.op, ' ')
	dst = appendIntExpr(dst, n.right, false)
	if open {
		dst = append(dst, " )"...)
	}
	return dst
}

// Operators of a tsquery, in the numbers of its binary form.
const (
	tsNot = iota + 1
	tsAnd
	tsOr
	tsPhrase
)

// tsPriority says which operator binds more tightly.
var tsPriority = [...]int{tsOr: 1, tsAnd: 2, tsPhrase: 3, tsNot: 4}

// appendTSQuery reads what sql/types/tsearch packs: a key with its length before it, and the query in its binary form: an
// operator, then its right and its left operand.
func appendTSQuery(dst, b []byte) []byte {
	b = b[4+binary.LittleEndian.Uint32(b):]
	if binary.BigEndian.Uint32(b) == 0 {
		return dst
	}
	n, _ := readTSQuery(b[4:])
	return appendTSExpr(dst, n, 0, false)
}

func readTSQuery(b []byte) (*node, []byte) {
	if b[0] == 1 {
		end := 3 + bytes.IndexByte(b[3:], 0)
		return &node{text: appendOperand(nil, b[3:end], b[1], b[2] != 0)}, b[end+1:]
	}
	n := &node{op: b[1]}
	b = b[2:]
	if n.op == tsPhrase {
		n.distance, b = int(binary.BigEndian.Uint16(b)), b[2:]
	}
	n.right, b = readTSQuery(b)
	if n.op != tsNot {
		n.left, b = readTSQuery(b)
	}
	return n, b
}

// appendTSExpr puts parentheses around what binds less tightly than its parent, and around a phrase to the right in one.
func appendTSExpr(dst []byte, n *node, parent int, inPhrase bool) []byte {
	if n.op == 0 {
		return append(dst, n.text...)
	}
	own := tsPriority[n.op]
	open := own < parent || inPhrase && n.op == tsPhrase
	if open {
		dst = append(dst, "( "...)
	}
	switch n.op {
	case tsNot:
		dst = append(dst, '!')
	default:
		dst = appendTSExpr(dst, n.left, own, false)
		dst = append(dst, ' ')
		switch {
		case n.op == tsAnd:
			dst = append(dst, '&')
		case n.op == tsOr:
			dst = append(dst, '|')
		case n.distance == 1:
			dst = append(dst, "<->"...)
		default:
			dst = append(strconv.AppendInt(append(dst, '<'), int64(n.distance), 10), '>')
		}
		dst = append(dst, ' ')
	}
	dst = appendTSExpr(dst, n.right, own, n.op == tsPhrase)
	if open {
		dst = append(dst, " )"...)
	}
	return dst
}

// appendOperand prints a word of a tsquery with its weights.
func appendOperand(dst, word []byte, weights byte, prefix bool) []byte {
	dst = appendLexeme(dst, word)
	if weights == 0 && !prefix {
		return dst
	}
	dst = append(dst, ':')
	if prefix {
		dst = append(dst, '*')
	}
	for i, c := range []byte("ABCD") {
		if weights&(8>>i) != 0 {
			dst = append(dst, c)
		}
	}
	return dst
}

// appendLexeme quotes a word as tsvector and tsquery print it.
func appendLexeme(dst, word []byte) []byte {
	dst = append(slices.Grow(dst, len(word)+2), '\'')
	for _, c := range word {
		if c == '\'' || c == '\\' {
			dst = append(dst, c)
		}
		dst = append(dst, c)
	}
	return append(dst, '\'')
}

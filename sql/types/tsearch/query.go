package tsearch

import (
	"encoding/binary"
	"hash/crc32"
	"strconv"

	"github.com/tarndb/tarn/sql/pgerr"
)

// Op says what a node of a query is; the numbers of operators are those of the binary format.
type Op uint8

const (
	OpWord   Op = 0
	OpNot    Op = 1
	OpAnd    Op = 2
	OpOr     Op = 3
	OpPhrase Op = 4
	OpStop   Op = 5 // a stop word, which Clean takes out
)

// priority of operators; the higher binds more tightly.
var priority = [...]int{OpNot: 4, OpAnd: 2, OpOr: 1, OpPhrase: 3}

// Node is one node of a query. Operators have Left and Right; NOT has Right only.
type Node struct {
	Op          Op
	Left, Right *Node
	Distance    int // of OpPhrase: how many positions right is behind left
	Word        string
	Weight      uint8 // bits of the weights that match, 8 for A; 0: all
	Prefix      bool
}

// Query is a tsquery; nil is the empty one.
type Query = *Node

// Size is the number of nodes.
func (n *Node) Size() int {
	if n == nil {
		return 0
	}
	return 1 + n.Left.Size() + n.Right.Size()
}

// each calls f in the order of the binary format: an operator, its right and then its left operand.
func (n *Node) each(f func(*Node)) {
	if n != nil {
		f(n)
		n.Right.each(f)
		n.Left.each(f)
	}
}

// Words calls f for each operand from left to right.
func (n *Node) Words(f func(*Node)) {
	if n == nil {
		return
	}
	n.Left.Words(f)
	n.Right.Words(f)
	if n.Op == OpWord {
		f(n)
	}
}

// AppendQueryText prints a query.
func AppendQueryText(dst []byte, q Query) []byte {
	if q == nil {
		return dst
	}
	return q.appendText(dst, -1, false)
}

// appendText puts parentheses around what binds less tightly than its parent, and around a phrase that is the right
// operand of one.
func (n *Node) appendText(dst []byte, parent int, rightOfPhrase bool) []byte {
	if n.Op == OpWord {
		return n.appendOperand(dst)
	}
	p := priority[n.Op]
	paren := p < parent || n.Op == OpPhrase && rightOfPhrase
	if paren {
		dst = append(dst, "( "...)
	}
	if n.Op == OpNot {
		dst = n.Right.appendText(append(dst, '!'), p, false)
	} else {
		dst = n.Left.appendText(dst, p, false)
		switch {
		case n.Op == OpOr:
			dst = append(dst, " | "...)
		case n.Op == OpAnd:
			dst = append(dst, " & "...)
		case n.Distance == 1:
			dst = append(dst, " <-> "...)
		default:
			dst = append(strconv.AppendInt(append(dst, " <"...), int64(n.Distance), 10), "> "...)
		}
		dst = n.Right.appendText(dst, p, n.Op == OpPhrase)
	}
	if paren {
		dst = append(dst, " )"...)
	}
	return dst
}

func (n *Node) appendOperand(dst []byte) []byte {
	dst = appendWord(dst, n.Word)
	if n.Weight == 0 && !n.Prefix {
		return dst
	}
	dst = append(dst, ':')
	if n.Prefix {
		dst = append(dst, '*')
	}
	for i := range 4 {
		if n.Weight&(8>>i) != 0 {
			dst = append(dst, 'A'+byte(i))
		}
	}
	return dst
}

const (
	itemWord     = 1 // QI_VAL
	itemOperator = 2 // QI_OPR
)

// AppendQueryBinary writes what tsquerysend sends.
func AppendQueryBinary(dst []byte, q Query) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(q.Size()))
	q.each(func(n *Node) {
		if n.Op == OpWord {
			prefix := byte(0)
			if n.Prefix {
				prefix = 1
			}
			dst = append(append(append(dst, itemWord, n.Weight, prefix), n.Word...), 0)
			return
		}
		dst = append(dst, itemOperator, byte(n.Op))
		if n.Op == OpPhrase {
			dst = binary.BigEndian.AppendUint16(dst, uint16(n.Distance))
		}
	})
	return dst
}

// ParseQueryBinary reads what tsqueryrecv reads. valid tests a word's encoding.
func ParseQueryBinary(b []byte, valid func(string) error) (Query, error) {
	r := &reader{b: b}
	size := r.uint32()
	if size > (1<<30-1)/12 {
		return nil, internal("invalid size of tsquery")
	}
	if size == 0 {
		return nil, r.done()
	}
	p := &queryReader{reader: r, left: int(size), valid: valid}
	q := p.node(0)
	switch {
	case p.err != nil:
		return nil, p.err
	case !r.short && p.left > 0:
		return nil, internal("malformed tsquery: extra nodes")
	}
	if err := r.done(); err != nil {
		return nil, err
	}
	return q, nil
}

type queryReader struct {
	*reader
	left, text int
	valid      func(string) error
	err        error
}

// maxDepth bounds the nesting of queries that are read.
const maxDepth = 5000

func (p *queryReader) node(depth int) *Node {
	if p.err != nil || p.short {
		return nil
	}
	if p.left == 0 {
		p.err = internal("malformed tsquery: operand not found")
		return nil
	}
	if depth > maxDepth {
		p.err = pgerr.New(pgerr.StatementTooComplex, "stack depth limit exceeded")
		return nil
	}
	p.left--
	switch kind := p.take(1)[0]; {
	case p.short:
		return nil
	case kind == itemWord:
		return p.operand()
	case kind != itemOperator:
		p.err = internal("unrecognized tsquery node type: %d", int8(kind))
		return nil
	}
	n := &Node{Op: Op(p.take(1)[0])}
	switch {
	case p.short:
		return nil
	case n.Op < OpNot || n.Op > OpPhrase:
		p.err = internal("invalid tsquery: unrecognized operator type %d", int8(n.Op))
		return nil
	case p.left == 0:
		p.err = internal("invalid pointer to right operand")
		return nil
	case n.Op == OpPhrase:
		n.Distance = int(int16(p.uint16()))
	}
	n.Right = p.node(depth + 1)
	if n.Op != OpNot {
		n.Left = p.node(depth + 1)
	}
	return n
}

func (p *queryReader) operand() *Node {
	head := p.take(2)
	n := &Node{Weight: head[0], Prefix: head[1] != 0, Word: p.word()}
	if p.short {
		return nil
	}
	if p.err = p.valid(n.Word); p.err != nil {
		return nil
	}
	switch {
	case n.Weight > 15:
		p.err = internal("invalid tsquery: invalid weight bitmap")
	case len(n.Word) > MaxWord:
		p.err = internal("invalid tsquery: operand too long")
	case p.text > MaxText:
		p.err = internal("invalid tsquery: total operand length exceeded")
	}
	p.text += len(n.Word) + 1
	return n
}

// PackQuery packs a tsquery.
func PackQuery(q Query) []byte {
	b := q.appendKey(make([]byte, 4, 64))
	binary.LittleEndian.PutUint32(b, uint32(len(b)-4))
	return AppendQueryBinary(b, q)
}

// QueryOf unpacks a tsquery; its words refer to the packed bytes.
func QueryOf(b []byte) Query {
	q, err := ParseQueryBinary(b[4+binary.LittleEndian.Uint32(b):], func(string) error { return nil })
	if err != nil {
		panic("tsearch: " + err.Error())
	}
	return q
}

// appendKey makes bytes that order as PostgreSQL's CompareTSQ: fewer nodes first, then shorter words in all; then node
// by node, operators before words, OR before AND before NOT …, the greater checksum of a word first.
func (n *Node) appendKey(dst []byte) []byte {
	text := 0
	n.Words(func(w *Node) { text += len(w.Word) + 1 })
	dst = binary.BigEndian.AppendUint32(dst, uint32(n.Size()))
	dst = binary.BigEndian.AppendUint32(dst, uint32(text))
	if n == nil {
		return dst
	}
	return n.appendNodeKey(dst)
}

func (n *Node) appendNodeKey(dst []byte) []byte {
	if n.Op == OpWord {
		dst = append(dst, 0xff-itemWord)
		dst = binary.BigEndian.AppendUint32(dst, ^(Checksum(n.Word) ^ 1<<31))
		return append(append(dst, n.Word...), 0)
	}
	dst = append(dst, 0xff-itemOperator, ^byte(n.Op))
	dst = n.Right.appendNodeKey(dst)
	if n.Left != nil {
		dst = n.Left.appendNodeKey(dst)
	}
	if n.Op == OpPhrase {
		dst = binary.BigEndian.AppendUint16(dst, ^(uint16(n.Distance) ^ 1<<15))
	}
	return dst
}

// Checksum is PostgreSQL's legacy CRC-32: the usual polynomial's table walked the other way around.
func Checksum(s string) uint32 {
	crc := ^uint32(0)
	for i := range len(s) {
		crc = crc32.IEEETable[byte(crc>>24)^s[i]] ^ crc<<8
	}
	return ^crc
}

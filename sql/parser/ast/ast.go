// Package ast is PostgreSQL's raw parse tree as plain Go structs, with PostgreSQL's own node and field names
// (src/include/nodes/parsenodes.h), and the nodes of Tarn's own statements.
//
// nodes_gen.go is written by sql/parser/internal/astgen. Locations are byte offsets into the statement's source
// string, -1 or 0 where unknown. Trees are immutable once parsed: they are shared between sessions.
package ast

import "strconv"

// Node is any node of the tree.
type Node interface {
	node()
	children(f func(Node))
}

// Children calls f for every direct child of n that is not nil, in field order.
func Children(n Node, f func(Node)) { n.children(f) }

// Walk calls f for n and, where f returns true, for all nodes below it.
func Walk(n Node, f func(Node) bool) {
	if n == nil || !f(n) {
		return
	}
	n.children(func(c Node) { Walk(c, f) })
}

// Text is a constant as options and settings take it: a string, a number as it is written, true or false. "" for other nodes.
func Text(n Node) string {
	switch v := n.(type) {
	case *A_Const:
		return Text(v.Val)
	case *String:
		return v.Sval
	case *Integer:
		return strconv.Itoa(int(v.Ival))
	case *Float:
		return v.Fval
	case *Boolean:
		return strconv.FormatBool(v.Boolval)
	}
	return ""
}

// Stmt is one statement of a query string. Text is its source without leading blanks and the closing semicolon;
// Offset is where Text starts in the whole string, so that error positions can be given in it.
type Stmt struct {
	Node   Node
	Text   string
	Offset int
}

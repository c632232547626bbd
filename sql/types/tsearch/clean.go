package tsearch

import "github.com/tarndb/tarn/sql/pgerr"

func (n *Node) hasStop() bool {
	return n != nil && (n.Op == OpStop || n.Left.hasStop() || n.Right.hasStop())
}

func (n *Node) withoutStops(notice func(*pgerr.Error)) Query {
	q, _, _ := n.dropStops()
	if q == nil && notice != nil {
		notice(pgerr.Notice(pgerr.SeverityNotice, pgerr.SuccessfulCompletion, "text-search query contains only stop words or doesn't contain lexemes, ignored"))
	}
	return q
}

// dropStops takes stop words out. Where a phrase loses an operand, its distance goes to the phrase operator on the left or
// on the right of what stays: b <-> (the <-> c) is b <2> c. left and right are what is to be added there; a subtree of
// which nothing stays gives the same for both, and counts once.
func (n *Node) dropStops() (out *Node, left, right int) {
	switch n.Op {
	case OpWord:
		return n, 0, 0
	case OpStop:
		return nil, 0, 0
	case OpNot:
		child, l, r := n.Right.dropStops()
		if child == nil {
			return nil, l, r
		}
		return &Node{Op: OpNot, Right: child}, l, r
	}
	a, al, ar := n.Left.dropStops()
	b, bl, br := n.Right.dropStops()
	phrase := n.Op == OpPhrase
	switch {
	case a == nil && b == nil:
		if !phrase {
			w := max(al, bl)
			return nil, w, w
		}
		w := al + n.Distance + bl
		return nil, w, w
	case a == nil && phrase:
		return b, al + n.Distance + bl, br
	case a == nil:
		return b, bl, br
	case b == nil && phrase:
		return a, al, ar + n.Distance + br
	case b == nil:
		return a, al, ar
	}
	keep := &Node{Op: n.Op, Left: a, Right: b, Distance: n.Distance}
	if !phrase {
		return keep, 0, 0
	}
	keep.Distance += ar + bl
	return keep, al, br
}

// WithoutNot is the part of a query that an index can look for: an operand under NOT may be anything. nil: everything
// may match.
func (n *Node) WithoutNot() Query {
	switch n.Op {
	case OpWord:
		return n
	case OpNot:
		return nil
	}
	a, b := n.Left.WithoutNot(), n.Right.WithoutNot()
	switch {
	case a != nil && b != nil:
		return &Node{Op: n.Op, Left: a, Right: b, Distance: n.Distance}
	case n.Op == OpOr:
		return nil
	case a == nil:
		return b
	}
	return a
}

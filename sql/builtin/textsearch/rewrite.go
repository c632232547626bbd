package textsearch

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/types/tsearch"
)

// tree is a query whose ANDs and ORs have any number of operands, in the order of compareTrees, so that operands that were
// grouped otherwise or written in another order are found.
type tree struct {
	node  *tsearch.Node // of words, and of operators what they are
	kids  []*tree       // right before left
	fixed bool          // put in by the rewriting that is going on: not looked at
}

func treeOf(n *tsearch.Node) *tree {
	t := &tree{node: n}
	if n.Right != nil {
		t.kids = append(t.kids, treeOf(n.Right))
	}
	if n.Left != nil {
		t.kids = append(t.kids, treeOf(n.Left))
	}
	return t
}

func (t *tree) word() bool { return t.node.Op == tsearch.OpWord }

func (t *tree) joins() bool { return t.node.Op == tsearch.OpAnd || t.node.Op == tsearch.OpOr }

// flatten gives an AND the operands of ANDs among its own, and sorts.
func (t *tree) flatten() *tree {
	var kids []*tree
	for _, k := range t.kids {
		if k.flatten(); t.joins() && k.node.Op == t.node.Op {
			kids = append(kids, k.kids...)
			continue
		}
		kids = append(kids, k)
	}
	t.kids = kids
	t.sort()
	return t
}

func (t *tree) sort() {
	if t.node.Op != tsearch.OpPhrase {
		slices.SortStableFunc(t.kids, compareTrees)
	}
}

func (t *tree) sortAll() {
	for _, k := range t.kids {
		k.sortAll()
	}
	t.sort()
}

func compareTrees(a, b *tree) int {
	if a.word() != b.word() {
		if a.word() {
			return 1
		}
		return -1
	}
	if a.word() {
		x, y := int32(tsearch.Checksum(a.node.Word)), int32(tsearch.Checksum(b.node.Word))
		return cmp.Or(cmp.Compare(y, x), strings.Compare(a.node.Word, b.node.Word))
	}
	if c := cmp.Or(cmp.Compare(b.node.Op, a.node.Op), cmp.Compare(len(b.kids), len(a.kids))); c != 0 {
		return c
	}
	if c := slices.CompareFunc(a.kids, b.kids, compareTrees); c != 0 {
		return c
	}
	return cmp.Compare(b.node.Distance, a.node.Distance)
}

func (t *tree) clone() *tree {
	out := &tree{node: t.node, fixed: t.fixed}
	for _, k := range t.kids {
		out.kids = append(out.kids, k.clone())
	}
	return out
}

// query makes operators binary again: the first two operands are joined first, and the last one comes next.
func (t *tree) query() tsearch.Query {
	if t.word() {
		return t.node
	}
	kids := make([]*tsearch.Node, len(t.kids))
	for i, k := range t.kids {
		kids[i] = k.query()
	}
	for len(kids) > 2 {
		joined := &tsearch.Node{Op: t.node.Op, Right: kids[0], Left: kids[1]}
		kids[0], kids[1] = joined, kids[len(kids)-1]
		kids = kids[:len(kids)-1]
	}
	out := &tsearch.Node{Op: t.node.Op, Distance: t.node.Distance, Right: kids[0]}
	if len(kids) == 2 {
		out.Left = kids[1]
	}
	return out
}

// replaced is a copy of what comes instead of a match; nil removes it.
func replaced(by *tree) *tree {
	if by == nil {
		return nil
	}
	out := by.clone()
	out.fixed = true
	return out
}

// replaceHere looks for target at t itself, or as some of the operands of an AND or OR.
func (t *tree) replaceHere(target, by *tree) *tree {
	switch {
	case t.fixed || t.word() != target.word() || t.node.Op != target.node.Op:
		return t
	case t.word() || len(t.kids) == len(target.kids):
		if compareTrees(t, target) == 0 {
			return replaced(by)
		}
		return t
	case len(t.kids) < len(target.kids):
		return t
	}
	var rest []*tree
	want := target.kids
	for _, k := range t.kids {
		if len(want) > 0 && compareTrees(k, want[0]) == 0 {
			want = want[1:]
			continue
		}
		rest = append(rest, k)
	}
	if len(want) > 0 {
		return t
	}
	if r := replaced(by); r != nil {
		rest = append(rest, r)
	}
	t.kids = rest
	t.sortAll()
	return t
}

// replace puts by where target is found; nil if nothing is left.
func (t *tree) replace(target, by *tree) *tree {
	t = t.replaceHere(target, by)
	if t == nil || t.fixed || t.word() {
		return t
	}
	kids := t.kids[:0]
	for _, k := range t.kids {
		if r := k.replace(target, by); r != nil {
			kids = append(kids, r)
		}
	}
	t.kids = kids
	switch {
	case len(kids) == 0:
		return nil
	case len(kids) == 1 && t.node.Op != tsearch.OpNot:
		return kids[0]
	}
	return t
}

// rewrite is ts_rewrite(query, target, substitute).
func rewrite(q, target, by tsearch.Query) tsearch.Query {
	if q == nil || target == nil {
		return q
	}
	var sub *tree
	if by != nil {
		sub = treeOf(by)
	}
	t := treeOf(q).flatten().replace(treeOf(target).flatten(), sub)
	if t == nil {
		return nil
	}
	return t.query()
}

package textsearch

import (
	"math"
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/types/tsearch"
)

// answer is what is known of a match: without positions a phrase may only perhaps be there.
type answer uint8

const (
	no answer = iota
	maybe
	yes
)

// places is where a part of a phrase matches: at these positions or, with negate, everywhere else. A match of several
// lexemes ends at its position and is width longer than one lexeme.
type places struct {
	pos    []int
	negate bool
	width  int
}

// lookup finds an operand. Positions are wanted within a phrase only; maybe says that there are none.
type lookup func(n *tsearch.Node, positions bool) (answer, []int)

// matches evaluates a query (manual: 9.13).
func matches(q tsearch.Query, find lookup) bool { return q != nil && evaluate(q, find) != no }

func evaluate(n *tsearch.Node, find lookup) answer {
	switch n.Op {
	case tsearch.OpWord:
		a, _ := find(n, false)
		return a
	case tsearch.OpNot:
		return yes - evaluate(n.Right, find)
	case tsearch.OpAnd:
		if l := evaluate(n.Left, find); l != no {
			return min(l, evaluate(n.Right, find))
		}
		return no
	case tsearch.OpOr:
		if l := evaluate(n.Left, find); l != yes {
			return max(l, evaluate(n.Right, find))
		}
		return yes
	}
	if a, _ := phrase(n, find); a == yes {
		return yes
	}
	return no // perhaps is not enough
}

// Which positions of two lists a merge gives.
const (
	leftOnly = 1 << iota
	rightOnly
	inBoth
)

// phrase evaluates below a phrase operator.
func phrase(n *tsearch.Node, find lookup) (answer, places) {
	if n.Op == tsearch.OpWord {
		a, pos := find(n, true)
		return a, places{pos: pos}
	}
	if n.Op == tsearch.OpNot {
		a, p := phrase(n.Right, find)
		switch {
		case a == no:
			return yes, places{negate: true}
		case a == yes && len(p.pos) == 0: // everywhere becomes nowhere
			return no, places{}
		}
		p.negate = !p.negate
		return a, p
	}
	la, l := phrase(n.Left, find)
	if la == no && n.Op != tsearch.OpOr {
		return no, places{}
	}
	ra, r := phrase(n.Right, find)
	switch {
	case ra == no && (n.Op != tsearch.OpOr || la == no):
		return no, places{}
	case la == maybe || ra == maybe:
		return maybe, places{}
	}
	if la == no {
		l.width = 0
	}
	if ra == no {
		r.width = 0
	}
	out := places{width: max(l.width, r.width)}
	lshift, rshift := out.width-l.width, out.width-r.width
	if n.Op == tsearch.OpPhrase {
		out.width = n.Distance + l.width + r.width
		lshift, rshift = n.Distance+r.width, 0
	}
	emit := 0
	emit, out.negate = combine(n.Op == tsearch.OpOr, l.negate, r.negate)
	out.pos = merge(l.pos, r.pos, lshift, rshift, emit)
	if len(out.pos) == 0 && !out.negate {
		return no, places{}
	}
	return yes, out
}

// combine says which positions of two lists an operator gives, and whether those are where it does not match.
func combine(or, l, r bool) (emit int, negate bool) {
	switch {
	case or && l && r:
		return inBoth, true
	case or && l:
		return leftOnly, true
	case or && r:
		return rightOnly, true
	case or:
		return inBoth | leftOnly | rightOnly, false
	case l && r:
		return inBoth | leftOnly | rightOnly, true
	case l:
		return rightOnly, false
	case r:
		return leftOnly, false
	}
	return inBoth, false
}

func merge(l, r []int, lshift, rshift, emit int) []int {
	var out []int
	for len(l) > 0 || len(r) > 0 {
		lp, rp := math.MaxInt, math.MaxInt
		if len(l) > 0 {
			lp = l[0] + lshift
		}
		if len(r) > 0 {
			rp = r[0] + rshift
		}
		at, kind := lp, leftOnly
		switch {
		case lp == rp:
			kind = inBoth
		case lp > rp:
			at, kind = rp, rightOnly
		}
		if kind != rightOnly {
			l = l[1:]
		}
		if kind != leftOnly {
			r = r[1:]
		}
		if emit&kind != 0 && at > 0 {
			out = append(out, at)
		}
	}
	return out
}

// inVector looks operands up in a tsvector.
func inVector(v tsearch.Vector) lookup {
	return func(n *tsearch.Node, positions bool) (answer, []int) {
		at, found := v.Find(n.Word)
		if !n.Prefix {
			if !found {
				return no, nil
			}
			return inLexeme(v[at], n.Weight, positions)
		}
		best := no
		var all []int
		for ; at < len(v) && strings.HasPrefix(v[at].Word, n.Word); at++ {
			a, pos := inLexeme(v[at], n.Weight, positions)
			if positions && a == maybe {
				return maybe, nil
			}
			best, all = max(best, a), append(all, pos...)
		}
		slices.Sort(all)
		return best, slices.Compact(all)
	}
}

// inLexeme tests weights; a lexeme without positions has none and passes.
func inLexeme(l tsearch.Lexeme, weight uint8, positions bool) (answer, []int) {
	if len(l.Pos) == 0 {
		if positions {
			return maybe, nil
		}
		return yes, nil
	}
	var pos []int
	for _, p := range l.Pos {
		if weight == 0 || weight&(1<<p.Weight) != 0 {
			if !positions {
				return yes, nil
			}
			pos = append(pos, int(p.At))
		}
	}
	if pos == nil {
		return no, nil
	}
	return yes, pos
}

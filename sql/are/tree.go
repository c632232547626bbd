package are

import "unicode"

// kind of a tree node.
type kind uint8

const (
	kEmpty kind = iota
	kChar       // r
	kAny        // any character; not the end of a line where newlines are special
	kSet        // a bracket expression
	kBegin      // ^
	kEnd        // $
	kStart      // \A
	kStop       // \Z
	kWordBegin
	kWordEnd
	kWordEdge
	kWordInner
	kGroup // capturing
	kPlain // (?:…)
	kLook  // look-around
	kBack  // back reference
	kConcat
	kAlt
	kRepeat
)

type tree struct {
	kind     kind
	r        rune
	set      *set
	sub      []*tree
	min, max int // kRepeat; max -1 is unbounded
	lazy     bool
	quant    bool // kRepeat: has a preference of its own ({m} with one count has none)
	n        int  // kGroup, kBack: number
	behind   bool // kLook
	not      bool // kLook
}

// set is a bracket expression: ranges, and classes as they are written in both engines.
type set struct {
	not     bool
	ranges  []unicode.Range32
	classes []string // "\pL", or a list of ranges
}

func (s *set) add(lo, hi rune) {
	s.ranges = append(s.ranges, unicode.Range32{Lo: uint32(lo), Hi: uint32(hi), Stride: 1})
}

// prefers is an expression's preference for length: 1 longest, -1 shortest, 0 none (manual: 9.7.3.5).
func (t *tree) prefers() int {
	switch t.kind {
	case kRepeat:
		if !t.quant {
			return t.sub[0].prefers()
		}
		if t.lazy {
			return -1
		}
		return 1
	case kGroup, kPlain:
		return t.sub[0].prefers()
	case kConcat:
		for _, s := range t.sub {
			if p := s.prefers(); p != 0 {
				return p
			}
		}
	case kAlt:
		return 1
	}
	return 0
}

// needsBacktracking reports constructs that Go's regexp does not have.
func (t *tree) needsBacktracking() bool {
	switch t.kind {
	case kLook, kBack, kWordBegin, kWordEnd, kWordEdge, kWordInner:
		return true
	case kRepeat:
		if t.min > 1000 || t.max > 1000 {
			return true
		}
	}
	for _, s := range t.sub {
		if s.needsBacktracking() {
			return true
		}
	}
	return false
}

// hasStart reports an anchor to the start of the text or of a line.
func (t *tree) hasStart() bool {
	if t.kind == kBegin || t.kind == kStart {
		return true
	}
	for _, s := range t.sub {
		if s.hasStart() {
			return true
		}
	}
	return false
}

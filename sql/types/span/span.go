// Package span is the arithmetic of ranges and multiranges (manual: 9.20), over storage/tuple's values and without
// types: a Space says what a range's bounds are, and everything else follows from their order.
//
// It promises PostgreSQL 15's answers, the errors included. Ranges that come in are canonical and ranges that go out
// are: Space.Make is the only way to a new one.
package span

import (
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/tuple"
)

// Space is the values that one range type ranges over.
type Space struct {
	Kind    tuple.Kind
	Subtype uint32
	// Next is the value after v, of a discrete subtype; a v without one (infinity) stays. nil: continuous.
	Next func(v tuple.Value) (tuple.Value, error)
}

// Range is a range taken apart. Its values point into the packed range.
type Range struct {
	Lower, Upper tuple.Bound
	Empty        bool
}

// Of takes a packed range apart.
func Of(v tuple.Value) Range {
	r := tuple.Range(v.Bytes())
	if r.Empty() {
		return Range{Empty: true}
	}
	return Range{Lower: r.Lower(), Upper: r.Upper()}
}

// Pack packs a canonical range.
func (s Space) Pack(r Range) tuple.Value {
	if r.Empty {
		return tuple.Bytes(tuple.AppendEmptyRange(nil, s.Kind, s.Subtype))
	}
	return tuple.Bytes(tuple.AppendRange(nil, s.Kind, s.Subtype, r.Lower, r.Upper))
}

// Make is the range between two bounds in canonical form; 22000 if they are the wrong way round.
func (s Space) Make(lower, upper tuple.Bound) (Range, error) {
	lower.Lower, upper.Lower = true, false
	r, err := s.ordered(lower, upper)
	if err != nil || r.Empty || s.Next == nil {
		return r, err
	}
	if !lower.Infinite && !lower.Inclusive {
		if err := s.step(&lower); err != nil {
			return Range{}, err
		}
	}
	if !upper.Infinite && upper.Inclusive {
		if err := s.step(&upper); err != nil {
			return Range{}, err
		}
	}
	return s.ordered(lower, upper)
}

func (s Space) step(b *tuple.Bound) error {
	v, err := s.Next(b.Value)
	if err == nil && tuple.Compare(s.Kind, v, b.Value) != 0 {
		b.Value, b.Inclusive = v, !b.Inclusive
	}
	return err
}

// ordered is PostgreSQL's range_serialize: bounds that meet without both being in are the empty range.
func (s Space) ordered(lower, upper tuple.Bound) (Range, error) {
	if lower.Infinite {
		lower.Inclusive = false
	}
	if upper.Infinite {
		upper.Inclusive = false
	}
	if !lower.Infinite && !upper.Infinite {
		c := tuple.Compare(s.Kind, lower.Value, upper.Value)
		if c > 0 {
			return Range{}, pgerr.New(pgerr.DataException, "range lower bound must be less than or equal to range upper bound")
		}
		if c == 0 && !(lower.Inclusive && upper.Inclusive) {
			return Range{Empty: true}, nil
		}
	}
	return Range{Lower: lower, Upper: upper}, nil
}

func (s Space) cmp(a, b tuple.Bound) int { return tuple.CompareBounds(s.Kind, a, b) }

// Compare is the order of the range types' btree operator class.
func (s Space) Compare(a, b Range) int {
	switch {
	case a.Empty && b.Empty:
		return 0
	case a.Empty:
		return -1
	case b.Empty:
		return 1
	}
	if c := s.cmp(a.Lower, b.Lower); c != 0 {
		return c
	}
	return s.cmp(a.Upper, b.Upper)
}

// Before is a << b.
func (s Space) Before(a, b Range) bool { return !a.Empty && !b.Empty && s.cmp(a.Upper, b.Lower) < 0 }

// OverLeft is a &< b.
func (s Space) OverLeft(a, b Range) bool { return !a.Empty && !b.Empty && s.cmp(a.Upper, b.Upper) <= 0 }

// OverRight is a &> b.
func (s Space) OverRight(a, b Range) bool {
	return !a.Empty && !b.Empty && s.cmp(a.Lower, b.Lower) >= 0
}

// Overlaps is a && b.
func (s Space) Overlaps(a, b Range) bool {
	return !a.Empty && !b.Empty && s.cmp(a.Lower, b.Upper) <= 0 && s.cmp(b.Lower, a.Upper) <= 0
}

// Contains is a @> b.
func (s Space) Contains(a, b Range) bool {
	switch {
	case b.Empty:
		return true
	case a.Empty:
		return false
	}
	return s.cmp(a.Lower, b.Lower) <= 0 && s.cmp(a.Upper, b.Upper) >= 0
}

// ContainsValue is a @> v.
func (s Space) ContainsValue(a Range, v tuple.Value) bool {
	at := tuple.Bound{Value: v, Inclusive: true}
	return !a.Empty && s.cmp(a.Lower, at) <= 0 && s.cmp(at, a.Upper) <= 0
}

// Adjacent is a -|- b.
func (s Space) Adjacent(a, b Range) bool {
	return !a.Empty && !b.Empty && (s.meets(a.Upper, b.Lower) || s.meets(b.Upper, a.Lower))
}

// meets reports whether a range that begins at lower follows on one that ends at upper with nothing between them.
func (s Space) meets(upper, lower tuple.Bound) bool {
	if upper.Infinite || lower.Infinite {
		return false
	}
	c := tuple.Compare(s.Kind, upper.Value, lower.Value)
	if c == 0 {
		return upper.Inclusive != lower.Inclusive
	}
	if c > 0 || s.Next == nil {
		return false
	}
	upper.Inclusive, lower.Inclusive = !upper.Inclusive, !lower.Inclusive
	gap, err := s.Make(upper, lower)
	return err == nil && gap.Empty
}

func (s Space) hull(a, b Range) Range {
	out := a
	if s.cmp(b.Lower, a.Lower) < 0 {
		out.Lower = b.Lower
	}
	if s.cmp(b.Upper, a.Upper) > 0 {
		out.Upper = b.Upper
	}
	return out
}

// Merge is range_merge(a, b): the smallest range over both.
func (s Space) Merge(a, b Range) Range {
	switch {
	case a.Empty:
		return b
	case b.Empty:
		return a
	}
	return s.hull(a, b)
}

// Union is a + b.
func (s Space) Union(a, b Range) (Range, error) {
	if !a.Empty && !b.Empty && !s.Overlaps(a, b) && !s.Adjacent(a, b) {
		return Range{}, pgerr.New(pgerr.DataException, "result of range union would not be contiguous")
	}
	return s.Merge(a, b), nil
}

// Intersect is a * b.
func (s Space) Intersect(a, b Range) Range {
	if !s.Overlaps(a, b) {
		return Range{Empty: true}
	}
	out := a
	if s.cmp(b.Lower, a.Lower) > 0 {
		out.Lower = b.Lower
	}
	if s.cmp(b.Upper, a.Upper) < 0 {
		out.Upper = b.Upper
	}
	return out
}

// Minus is a - b.
func (s Space) Minus(a, b Range) (Range, error) {
	if !s.Overlaps(a, b) {
		return a, nil
	}
	left, right := s.cmp(a.Lower, b.Lower) < 0, s.cmp(a.Upper, b.Upper) > 0
	switch {
	case left && right:
		return Range{}, pgerr.New(pgerr.DataException, "result of range difference would not be contiguous")
	case left:
		return s.leftOf(a, b)
	case right:
		return s.rightOf(a, b)
	}
	return Range{Empty: true}, nil
}

// leftOf is the part of a below b.
func (s Space) leftOf(a, b Range) (Range, error) {
	end := b.Lower
	end.Inclusive = !end.Inclusive
	return s.Make(a.Lower, end)
}

// rightOf is the part of a above b.
func (s Space) rightOf(a, b Range) (Range, error) {
	start := b.Upper
	start.Inclusive = !start.Inclusive
	return s.Make(start, a.Upper)
}

package tuple

import (
	"cmp"
	"encoding/binary"
	"fmt"
)

// A packed range:
//
//	0            4      5       6   8             12
//	+------------+------+-------+---+-------------+-------+-------+
//	| subtype OID| kind | flags | 0 | lower's size| lower | upper |
//	+------------+------+-------+---+-------------+-------+-------+
//
// A bound of a fixed kind takes its width; an infinite one, and both of an empty range, take nothing. An infinite
// bound is never inclusive, and an empty range has no other flag. Ranges are held as their type's canonical form.
//
// A packed multirange is a packed array of one dimension (or none) whose elements are ranges: not empty, in order,
// neither overlapping nor adjacent, no NULL among them.
const (
	rangeHeader = 12

	rangeEmpty    = 1 << 0
	rangeLowerInc = 1 << 1
	rangeUpperInc = 1 << 2
	rangeLowerInf = 1 << 3
	rangeUpperInf = 1 << 4
)

// Bound is one end of a range. Value counts only if it is not Infinite.
type Bound struct {
	Value               Value
	Infinite, Inclusive bool
	Lower               bool // the lower end
}

// Range is a view of a packed range.
type Range []byte

// AppendRange packs a range that is not empty. It takes the bounds as they are.
func AppendRange(dst []byte, kind Kind, subtype uint32, lower, upper Bound) []byte {
	if !kind.Valid() {
		panic(fmt.Sprintf("tuple: range of kind %d", kind))
	}
	flags := byte(0)
	for _, f := range [...]struct {
		set bool
		bit byte
	}{
		{lower.Infinite, rangeLowerInf}, {upper.Infinite, rangeUpperInf},
		{!lower.Infinite && lower.Inclusive, rangeLowerInc}, {!upper.Infinite && upper.Inclusive, rangeUpperInc},
	} {
		if f.set {
			flags |= f.bit
		}
	}
	dst = binary.LittleEndian.AppendUint32(dst, subtype)
	dst = append(dst, byte(kind), flags, 0, 0, 0, 0, 0, 0)
	start := len(dst)
	if !lower.Infinite {
		dst = appendScalar(dst, kind, lower.Value)
	}
	binary.LittleEndian.PutUint32(dst[start-4:], uint32(len(dst)-start))
	if !upper.Infinite {
		dst = appendScalar(dst, kind, upper.Value)
	}
	return dst
}

// AppendEmptyRange packs the empty range.
func AppendEmptyRange(dst []byte, kind Kind, subtype uint32) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, subtype)
	return append(dst, byte(kind), rangeEmpty, 0, 0, 0, 0, 0, 0)
}

func (r Range) Subtype() uint32 { return binary.LittleEndian.Uint32(r) }
func (r Range) Kind() Kind      { return Kind(r[4]) }
func (r Range) Empty() bool     { return r[5]&rangeEmpty != 0 }

// Lower is the lower bound; its Value points into the range. An empty range has none.
func (r Range) Lower() Bound {
	n := int(binary.LittleEndian.Uint32(r[8:]))
	return r.bound(r[rangeHeader:rangeHeader+n:rangeHeader+n], rangeLowerInf, rangeLowerInc, true)
}

// Upper is the upper bound; its Value points into the range. An empty range has none.
func (r Range) Upper() Bound {
	n := int(binary.LittleEndian.Uint32(r[8:]))
	return r.bound(r[rangeHeader+n:], rangeUpperInf, rangeUpperInc, false)
}

func (r Range) bound(b []byte, inf, inc byte, lower bool) Bound {
	out := Bound{Infinite: r[5]&inf != 0, Inclusive: r[5]&inc != 0, Lower: lower, Value: Null}
	switch {
	case out.Infinite || r.Empty():
	case r.Kind().Width() != 0:
		out.Value = getFixed(b, r.Kind())
	default:
		out.Value = Bytes(b)
	}
	return out
}

// CompareBounds orders two ends of ranges over values of one kind, as PostgreSQL's range_cmp_bounds: an exclusive
// lower bound is just above its value, an exclusive upper one just below.
func CompareBounds(kind Kind, a, b Bound) int {
	if a.Infinite || b.Infinite {
		return cmp.Compare(infiniteSide(a), infiniteSide(b))
	}
	if c := Compare(kind, a.Value, b.Value); c != 0 {
		return c
	}
	return cmp.Compare(exclusiveSide(a), exclusiveSide(b))
}

func infiniteSide(b Bound) int {
	switch {
	case !b.Infinite:
		return 0
	case b.Lower:
		return -1
	}
	return 1
}

func exclusiveSide(b Bound) int {
	switch {
	case b.Inclusive:
		return 0
	case b.Lower:
		return 1
	}
	return -1
}

func compareRange(a, b Range) int {
	if a.Empty() || b.Empty() {
		return cmp.Compare(boolInt(!a.Empty()), boolInt(!b.Empty()))
	}
	if c := CompareBounds(a.Kind(), a.Lower(), b.Lower()); c != 0 {
		return c
	}
	return CompareBounds(a.Kind(), a.Upper(), b.Upper())
}

func boolInt(v bool) int {
	if v {
		return 1
	}
	return 0
}

func compareMultirange(a, b Array) int {
	na, nb := a.Len(), b.Len()
	for i := range min(na, nb) {
		if c := compareRange(Range(a.elem(i, na).Bytes()), Range(b.elem(i, nb).Bytes())); c != 0 {
			return c
		}
	}
	return cmp.Compare(na, nb)
}

// keyRange appends range_cmp's order: 0 for empty; else 1 and both bounds, each a mark (0 infinite lower, 1 value,
// 2 infinite upper), the value, and 1 for the side of the exclusive lower or the inclusive upper bound.
func keyRange(dst []byte, r Range) []byte {
	if r.Empty() {
		return append(dst, 0)
	}
	dst = append(dst, 1)
	for _, b := range [...]Bound{r.Lower(), r.Upper()} {
		if b.Infinite {
			dst = append(dst, byte(1+infiniteSide(b)))
			continue
		}
		dst = appendKeyValue(append(dst, 1), r.Kind(), b.Value)
		dst = append(dst, byte(boolInt(b.Inclusive != b.Lower)))
	}
	return dst
}

// keyMultirange appends its ranges, each after a 1, and a 0.
func keyMultirange(dst []byte, a Array) []byte {
	n := a.Len()
	for i := range n {
		dst = keyRange(append(dst, 1), Range(a.elem(i, n).Bytes()))
	}
	return append(dst, 0)
}

func validRange(b []byte, depth int) error {
	if depth >= maxPackedDepth {
		return fmt.Errorf("%w: values nested deeper than %d", ErrCorruptRow, maxPackedDepth)
	}
	if len(b) < rangeHeader || b[6]|b[7] != 0 || !Range(b).Kind().Valid() {
		return fmt.Errorf("%w: range header", ErrCorruptRow)
	}
	r, flags, rest := Range(b), b[5], b[rangeHeader:]
	lower := binary.LittleEndian.Uint32(b[8:])
	const both = rangeLowerInf | rangeLowerInc
	switch {
	case flags&^(2*rangeUpperInf-1) != 0, flags&rangeEmpty != 0 && flags != rangeEmpty,
		flags&both == both, flags&(both<<1) == both<<1, uint64(lower) > uint64(len(rest)):
		return fmt.Errorf("%w: range flags", ErrCorruptRow)
	}
	for _, part := range [...]struct {
		b    []byte
		none bool
	}{
		{rest[:lower], flags&(rangeEmpty|rangeLowerInf) != 0},
		{rest[lower:], flags&(rangeEmpty|rangeUpperInf) != 0},
	} {
		if w := r.Kind().Width(); part.none && len(part.b) != 0 || !part.none && w != 0 && len(part.b) != w {
			return fmt.Errorf("%w: range bound of %d bytes", ErrCorruptRow, len(part.b))
		}
		if !part.none {
			if err := validField(r.Kind(), part.b, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

func validMultirange(b []byte, depth int) error {
	if err := validArray(b, depth); err != nil {
		return err
	}
	if a := Array(b); a.ElemKind() != KindRange || a.NumDims() > 1 || a.HasNulls() {
		return fmt.Errorf("%w: multirange", ErrCorruptRow)
	}
	return nil
}

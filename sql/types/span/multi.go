package span

import (
	"slices"

	"github.com/tarndb/tarn/storage/tuple"
)

// Multi is a multirange: ranges in order, none empty, with gaps between them.
type Multi []Range

// MultiOf takes a packed multirange apart.
func MultiOf(v tuple.Value) Multi {
	a := tuple.Array(v.Bytes())
	out := make(Multi, a.Len())
	for i := range out {
		out[i] = Of(a.Elem(i))
	}
	return out
}

// PackMulti packs a multirange over the range type with that OID.
func (s Space) PackMulti(rangeOID uint32, m Multi) tuple.Value {
	var dims []tuple.ArrayDim
	elems := make([]tuple.Value, len(m))
	for i := range m {
		elems[i] = s.Pack(m[i])
	}
	if len(m) > 0 {
		dims = []tuple.ArrayDim{{Len: len(m), Lower: 1}}
	}
	return tuple.Bytes(tuple.AppendArray(nil, tuple.KindRange, rangeOID, dims, elems))
}

// MakeMulti puts ranges in order and joins those that overlap or meet. It reorders the slice that it is given.
func (s Space) MakeMulti(ranges []Range) Multi {
	slices.SortStableFunc(ranges, s.Compare)
	out := ranges[:0]
	for _, r := range ranges {
		switch last := len(out) - 1; {
		case r.Empty:
		case last >= 0 && (s.Overlaps(out[last], r) || s.Adjacent(out[last], r)):
			out[last] = s.hull(out[last], r)
		default:
			out = append(out, r)
		}
	}
	return Multi(out)
}

// Hull is the smallest range over a multirange.
func (m Multi) Hull() Range {
	if len(m) == 0 {
		return Range{Empty: true}
	}
	return Range{Lower: m[0].Lower, Upper: m[len(m)-1].Upper}
}

// Single is a range as a multirange.
func Single(r Range) Multi {
	if r.Empty {
		return nil
	}
	return Multi{r}
}

// UnionMulti is a + b.
func (s Space) UnionMulti(a, b Multi) Multi { return s.MakeMulti(slices.Concat(a, b)) }

// IntersectMulti is a * b.
func (s Space) IntersectMulti(a, b Multi) Multi {
	var out Multi
	for i, j := 0, 0; i < len(a) && j < len(b); {
		if r := s.Intersect(a[i], b[j]); !r.Empty {
			out = append(out, r)
		}
		if s.cmp(a[i].Upper, b[j].Upper) < 0 {
			i++
		} else {
			j++
		}
	}
	return out
}

// MinusMulti is a - b.
func (s Space) MinusMulti(a, b Multi) (Multi, error) {
	var out Multi
	for _, r := range a {
		rest := r
		for _, cut := range b {
			if rest.Empty || s.Before(rest, cut) {
				break
			}
			if !s.Overlaps(rest, cut) {
				continue
			}
			if s.cmp(rest.Lower, cut.Lower) < 0 {
				left, err := s.leftOf(rest, cut)
				if err != nil {
					return nil, err
				}
				if !left.Empty {
					out = append(out, left)
				}
			}
			if s.cmp(rest.Upper, cut.Upper) <= 0 {
				rest = Range{Empty: true}
				break
			}
			var err error
			if rest, err = s.rightOf(rest, cut); err != nil {
				return nil, err
			}
		}
		if !rest.Empty {
			out = append(out, rest)
		}
	}
	return out, nil
}

// OverlapsMulti is a && b.
func (s Space) OverlapsMulti(a, b Multi) bool {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		if s.Overlaps(a[i], b[j]) {
			return true
		}
		if s.cmp(a[i].Upper, b[j].Upper) < 0 {
			i++
		} else {
			j++
		}
	}
	return false
}

// ContainsMulti is a @> b.
func (s Space) ContainsMulti(a, b Multi) bool {
	i := 0
	for _, r := range b {
		for i < len(a) && s.Before(a[i], r) {
			i++
		}
		if i == len(a) || !s.Contains(a[i], r) {
			return false
		}
	}
	return true
}

// MultiContainsValue is m @> v.
func (s Space) MultiContainsValue(m Multi, v tuple.Value) bool {
	at := tuple.Bound{Value: v, Inclusive: true}
	_, found := slices.BinarySearchFunc(m, at, func(r Range, at tuple.Bound) int {
		switch {
		case s.cmp(r.Upper, at) < 0:
			return -1
		case s.cmp(at, r.Lower) < 0:
			return 1
		}
		return 0
	})
	return found
}

// CompareMulti is the order of the multirange types' btree operator class.
func (s Space) CompareMulti(a, b Multi) int { return slices.CompareFunc(a, b, s.Compare) }

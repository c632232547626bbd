package rowstore

import (
	"math"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Range limits an index scan: the first len(Eq) key columns have these values, the next one lies between Lo and Hi (nil:
// open; NULLs are not in a range that has a bound). A NULL anywhere makes the range empty, as SQL's comparisons do. Integer
// values may be out of the key column's own range.
type Range struct {
	Eq     []types.Datum
	Lo, Hi *Bound
}

type Bound struct {
	Val       types.Datum
	Inclusive bool
}

// Marks of tuple keys that a range needs: values stand between the two places of NULL.
const (
	valueMark = 0x01
	afterMark = 0x02
)

// KeyRange gives the keys [lo, hi) of a range in an index, written into the buffers. ok is false for an empty range.
func (r *Rel) KeyRange(ix *catalog.Index, rng Range, lo, hi []byte) (l, h []byte, ok bool) {
	prefix := r.prefix
	keys := r.keys
	if ix != nil {
		if x := r.index(ix); x != nil {
			prefix, keys = x.prefix, x.keys
		}
	}
	lo = append(lo, prefix[:]...)
	for i, v := range rng.Eq {
		k := &keys[i]
		if v.IsNull() || intSide(k.Kind, v) != 0 {
			return lo, hi, false
		}
		lo = k.append(lo, v)
	}
	hi = append(hi, lo...)
	if rng.Lo == nil && rng.Hi == nil {
		return lo, prefixEnd(hi), true
	}
	k := &keys[len(rng.Eq)]
	base := len(lo)
	// Values of the column stand between these two, in either direction.
	lo, hi = append(lo, valueMark), append(hi, afterMark)
	low, high := rng.Lo, rng.Hi
	if k.Desc {
		low, high = high, low
	}
	for _, b := range []*Bound{rng.Lo, rng.Hi} {
		if b != nil && b.Val.IsNull() {
			return lo, hi, false
		}
	}
	// An integer bound outside the column's range holds for all of its values or for none.
	if b := rng.Lo; b != nil {
		switch intSide(k.Kind, b.Val) {
		case 1:
			return lo, hi, false
		case -1:
			if k.Desc {
				high = nil
			} else {
				low = nil
			}
		}
	}
	if b := rng.Hi; b != nil {
		switch intSide(k.Kind, b.Val) {
		case -1:
			return lo, hi, false
		case 1:
			if k.Desc {
				low = nil
			} else {
				high = nil
			}
		}
	}
	if low != nil {
		lo = k.append(lo[:base], low.Val)
		if !low.Inclusive {
			lo = prefixEnd(lo)
		}
	}
	if high != nil {
		hi = k.append(hi[:base], high.Val)
		if high.Inclusive {
			hi = prefixEnd(hi)
		}
	}
	return lo, hi, true
}

// intSide tells whether an integer lies below (-1), in (0) or above (1) what the kind holds.
func intSide(k tuple.Kind, v types.Datum) int {
	var min, max int64
	switch k {
	case tuple.KindInt16:
		min, max = math.MinInt16, math.MaxInt16
	case tuple.KindInt32:
		min, max = math.MinInt32, math.MaxInt32
	default:
		return 0
	}
	switch n := v.Int(); {
	case n < min:
		return -1
	case n > max:
		return 1
	}
	return 0
}

// prefixEnd turns a prefix, in place, into the first key after all keys that start with it.
func prefixEnd(p []byte) []byte {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i]++; p[i] != 0 {
			return p[:i+1]
		}
	}
	return p[:0]
}

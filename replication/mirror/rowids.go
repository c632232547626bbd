package mirror

import (
	"fmt"
	"sort"
)

// rowIDs is the ascending set of the row ids of a file: position ↔ id. It is immutable.
//
// Bulk loads give long runs of consecutive ids, interleaved small transactions give none; the smaller form is kept.
type rowIDs struct {
	n    int
	runs []idRun  // or
	base uint64   // of offs
	offs []uint32 // id - base
	ids  []uint64 // ids that span more than 32 bits
}

// idRun is a run of consecutive ids from first on, the first of which stands at position pos.
type idRun struct {
	first uint64
	pos   uint32
}

func denseIDs(first uint64, n int) *rowIDs {
	return &rowIDs{n: n, runs: []idRun{{first, 0}}}
}

// newRowIDs takes ids in ascending order; it does not keep the slice.
func newRowIDs(ids []uint64) (*rowIDs, error) {
	r := &rowIDs{n: len(ids)}
	runs := 0
	for i, id := range ids {
		if i > 0 && id <= ids[i-1] {
			return nil, fmt.Errorf("row ids do not ascend: %d after %d", id, ids[i-1])
		}
		if i == 0 || id != ids[i-1]+1 {
			runs++
		}
	}
	switch {
	case runs <= len(ids)/4+1:
		r.runs = make([]idRun, 0, runs)
		for i, id := range ids {
			if i == 0 || id != ids[i-1]+1 {
				r.runs = append(r.runs, idRun{id, uint32(i)})
			}
		}
	case ids[len(ids)-1]-ids[0] < 1<<32:
		r.base, r.offs = ids[0], make([]uint32, len(ids))
		for i, id := range ids {
			r.offs[i] = uint32(id - r.base)
		}
	default:
		r.ids = append([]uint64(nil), ids...)
	}
	return r, nil
}

// position returns where id stands, if the set has it.
func (r *rowIDs) position(id uint64) (uint32, bool) {
	switch {
	case r.runs != nil:
		i := sort.Search(len(r.runs), func(i int) bool { return r.runs[i].first > id }) - 1
		if i < 0 {
			return 0, false
		}
		end := r.n
		if i+1 < len(r.runs) {
			end = int(r.runs[i+1].pos)
		}
		off := id - r.runs[i].first
		if off >= uint64(end-int(r.runs[i].pos)) {
			return 0, false
		}
		return r.runs[i].pos + uint32(off), true
	case r.offs != nil:
		if id < r.base || id-r.base >= 1<<32 {
			return 0, false
		}
		want := uint32(id - r.base)
		i := sort.Search(len(r.offs), func(i int) bool { return r.offs[i] >= want })
		return uint32(i), i < len(r.offs) && r.offs[i] == want
	}
	i := sort.Search(len(r.ids), func(i int) bool { return r.ids[i] >= id })
	return uint32(i), i < len(r.ids) && r.ids[i] == id
}

// at is the id at a position.
func (r *rowIDs) at(pos uint32) uint64 {
	switch {
	case r.runs != nil:
		i := sort.Search(len(r.runs), func(i int) bool { return r.runs[i].pos > pos }) - 1
		return r.runs[i].first + uint64(pos-r.runs[i].pos)
	case r.offs != nil:
		return r.base + uint64(r.offs[pos])
	}
	return r.ids[pos]
}

func (r *rowIDs) min() uint64 { return r.at(0) }
func (r *rowIDs) max() uint64 { return r.at(uint32(r.n - 1)) }

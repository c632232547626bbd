package exec

import (
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// arena owns copies of values, in blocks: one allocation for many rows. What it gave out lives until reset.
type arena struct {
	datums []types.Datum // rest of the current block
	bytes  []byte
	used   int64 // bytes of all blocks
	dBlock int   // size of the next block
	bBlock int
}

const (
	datumSize     = 16
	minDatumBlock = 64
	maxDatumBlock = 4 << 10
	minByteBlock  = 1 << 10
	maxByteBlock  = 64 << 10
)

func (a *arena) reset() { *a = arena{} }

// row returns space for n values.
func (a *arena) row(n int) []types.Datum {
	if len(a.datums) < n {
		a.dBlock = min(max(2*a.dBlock, minDatumBlock), maxDatumBlock)
		size := max(a.dBlock, n)
		a.datums = make([]types.Datum, size)
		a.used += int64(size) * datumSize
	}
	r := a.datums[:n:n]
	a.datums = a.datums[n:]
	return r
}

// clone copies the bytes of a value.
func (a *arena) clone(v types.Datum) types.Datum {
	if v.IsScalar() || v.IsNull() || v.Len() == 0 {
		return v
	}
	n := v.Len()
	if len(a.bytes) < n {
		if n > maxByteBlock/4 {
			a.used += int64(n)
			return v.Clone()
		}
		a.bBlock = min(max(2*a.bBlock, minByteBlock), maxByteBlock)
		size := max(a.bBlock, n)
		a.bytes = make([]byte, size)
		a.used += int64(size)
	}
	b := a.bytes[:n:n]
	a.bytes = a.bytes[n:]
	copy(b, v.Bytes())
	return tuple.Bytes(b)
}

// keep copies the values of slots.
func (a *arena) keep(f *frame, slots []int) []types.Datum {
	r := a.row(len(slots))
	for i, s := range slots {
		r[i] = a.clone(f.s[s])
	}
	return r
}

// rowBuf is a copy of one row that is overwritten again and again.
type rowBuf struct {
	vals  []types.Datum
	bytes []byte
}

func (r *rowBuf) load(f *frame, slots []int) {
	if cap(r.vals) < len(slots) {
		r.vals = make([]types.Datum, len(slots))
	}
	r.vals = r.vals[:len(slots)]
	n := 0
	for _, s := range slots {
		if v := f.s[s]; !v.IsScalar() && !v.IsNull() {
			n += v.Len()
		}
	}
	if cap(r.bytes) < n {
		r.bytes = make([]byte, 0, 2*n)
	}
	b := r.bytes[:0]
	for i, s := range slots {
		v := f.s[s]
		if v.IsScalar() || v.IsNull() {
			r.vals[i] = v
			continue
		}
		at := len(b)
		b = append(b, v.Bytes()...)
		r.vals[i] = tuple.Bytes(b[at:len(b):len(b)])
	}
}

package frame

import (
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Arena owns copies of values, in blocks: one allocation for many rows. What it gave out lives until reset.
type Arena struct {
	datums []types.Datum // rest of the current block
	bytes  []byte
	used   int64 // bytes of all blocks
	dBlock int   // size of the next block
	bBlock int
	// Blocks of the largest sizes that recycle has freed, and those in use that it will.
	dFree, dFull [][]types.Datum
	bFree, bFull [][]byte
}

const (
	DatumSize     = 16
	minDatumBlock = 64
	maxDatumBlock = 4 << 10
	minByteBlock  = 1 << 10
	maxByteBlock  = 64 << 10
)

// Size is what its blocks take, in bytes.
func (a *Arena) Size() int64 { return a.used }

// Reset gives everything up.
func (a *Arena) Reset() { *a = Arena{} }

// Recycle is reset for an arena that is filled again at once: it keeps its large blocks.
func (a *Arena) Recycle() {
	*a = Arena{dBlock: a.dBlock, bBlock: a.bBlock, dFree: append(a.dFree, a.dFull...), bFree: append(a.bFree, a.bFull...)}
}

func (a *Arena) datumBlock(size int) []types.Datum {
	a.used += int64(size) * DatumSize
	if size != maxDatumBlock {
		return make([]types.Datum, size)
	}
	var b []types.Datum
	if n := len(a.dFree); n > 0 {
		b, a.dFree = a.dFree[n-1], a.dFree[:n-1]
	} else {
		b = make([]types.Datum, size)
	}
	a.dFull = append(a.dFull, b)
	return b
}

func (a *Arena) byteBlock(size int) []byte {
	a.used += int64(size)
	if size != maxByteBlock {
		return make([]byte, size)
	}
	var b []byte
	if n := len(a.bFree); n > 0 {
		b, a.bFree = a.bFree[n-1], a.bFree[:n-1]
	} else {
		b = make([]byte, size)
	}
	a.bFull = append(a.bFull, b)
	return b
}

// Take returns n bytes to fill.
func (a *Arena) Take(n int) []byte {
	if len(a.bytes) < n {
		if n > maxByteBlock/4 {
			a.used += int64(n)
			return make([]byte, n)
		}
		a.bBlock = min(max(2*a.bBlock, minByteBlock), maxByteBlock)
		a.bytes = a.byteBlock(max(a.bBlock, n))
	}
	b := a.bytes[:n:n]
	a.bytes = a.bytes[n:]
	return b
}

// Row returns space for n values.
func (a *Arena) Row(n int) []types.Datum {
	if len(a.datums) < n {
		a.dBlock = min(max(2*a.dBlock, minDatumBlock), maxDatumBlock)
		a.datums = a.datumBlock(max(a.dBlock, n))
	}
	r := a.datums[:n:n]
	a.datums = a.datums[n:]
	return r
}

// Clone copies the bytes of a value.
func (a *Arena) Clone(v types.Datum) types.Datum {
	if v.IsScalar() || v.IsNull() || v.Len() == 0 {
		return v
	}
	b := a.Take(v.Len())
	copy(b, v.Bytes())
	return tuple.Bytes(b)
}

// Keep copies the values of slots.
func (a *Arena) Keep(f *Frame, slots []int) []types.Datum {
	r := a.Row(len(slots))
	for i, s := range slots {
		r[i] = a.Clone(f.S[s])
	}
	return r
}

// Row is a copy of one row that is overwritten again and again.
type Row struct {
	Vals  []types.Datum
	bytes []byte
}

// Load copies the values of slots into r.
func (r *Row) Load(f *Frame, slots []int) {
	if cap(r.Vals) < len(slots) {
		r.Vals = make([]types.Datum, len(slots))
	}
	r.Vals = r.Vals[:len(slots)]
	n := 0
	for _, s := range slots {
		if v := f.S[s]; !v.IsScalar() && !v.IsNull() {
			n += v.Len()
		}
	}
	if cap(r.bytes) < n {
		r.bytes = make([]byte, 0, 2*n)
	}
	b := r.bytes[:0]
	for i, s := range slots {
		v := f.S[s]
		if v.IsScalar() || v.IsNull() {
			r.Vals[i] = v
			continue
		}
		at := len(b)
		b = append(b, v.Bytes()...)
		r.Vals[i] = tuple.Bytes(b[at:len(b):len(b)])
	}
}

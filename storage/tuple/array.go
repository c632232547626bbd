package tuple

import (
	"encoding/binary"
	"fmt"
	"math"
)

// A packed array:
//
//	0      1       2     3   4              8        +8*ndim      +B       +4*N        (variable kinds)
//	+------+-------+-----+---+--------------+--------+------------+--------+-----------+-------+
//	| ndim | flags | kind| 0 | element OID  | dims   | null bitmap| end offsets of N elements, | bytes |
//	|      |       |     |   |              |        |            | or N fixed-width elements  |       |
//	+------+-------+-----+---+--------------+--------+------------+--------+-----------+-------+
//
// dims is ndim times {length u32, lower bound i32}; elements are in row-major order. The bitmap (1 = NULL) is there
// with arrayNulls. A NULL element keeps its place as zeros (fixed kinds) or an empty range. ndim 0 is the empty array
// and has no elements.
const (
	arrayHeader = 8
	arrayNulls  = 1 << 0

	// MaxArrayDims is PostgreSQL's MAXDIM.
	MaxArrayDims = 6
	// maxArrayElems is PostgreSQL's MaxArraySize, roughly: 1 GB of the smallest datum.
	maxArrayElems = 1<<27 - 1
	// maxPackedDepth bounds arrays of records of arrays …
	maxPackedDepth = 64
)

// ArrayDim is one dimension: its number of elements (at least 1) and its lower bound.
type ArrayDim struct {
	Len   int
	Lower int
}

// Array is a view of a packed array.
type Array []byte

// AppendArray packs an array. len(elems) must be the product of the dimensions' lengths; no dims (and no elems) is
// the empty array.
func AppendArray(dst []byte, kind Kind, elemOID uint32, dims []ArrayDim, elems []Value) []byte {
	n := 0
	if len(dims) > 0 {
		n = 1
		for _, d := range dims {
			n *= d.Len
		}
	}
	if n != len(elems) || len(dims) > MaxArrayDims || !kind.Valid() {
		panic(fmt.Sprintf("tuple: array of kind %d with %d elements in dimensions %v", kind, len(elems), dims))
	}
	var flags byte
	for i := range elems {
		if elems[i].IsNull() {
			flags |= arrayNulls
			break
		}
	}
	dst = append(dst, byte(len(dims)), flags, byte(kind), 0)
	dst = binary.LittleEndian.AppendUint32(dst, elemOID)
	for _, d := range dims {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(d.Len))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(int32(d.Lower)))
	}
	if flags&arrayNulls != 0 {
		dst = appendNulls(dst, elems)
	}
	if w := kind.Width(); w != 0 {
		start := len(dst)
		dst = grow(dst, w*n)
		clear(dst[start:])
		for i := range elems {
			if !elems[i].IsNull() {
				putFixed(dst[start+w*i:], kind, elems[i])
			}
		}
		return dst
	}
	end := uint32(0)
	for i := range elems {
		if !elems[i].IsNull() {
			end += uint32(elems[i].Len())
		}
		dst = binary.LittleEndian.AppendUint32(dst, end)
	}
	for i := range elems {
		if !elems[i].IsNull() {
			dst = append(dst, elems[i].Bytes()...)
		}
	}
	return dst
}

func appendNulls(dst []byte, vals []Value) []byte {
	start := len(dst)
	dst = grow(dst, (len(vals)+7)/8)
	clear(dst[start:])
	for i := range vals {
		if vals[i].IsNull() {
			dst[start+i/8] |= 1 << (i % 8)
		}
	}
	return dst
}

func (a Array) NumDims() int    { return int(a[0]) }
func (a Array) ElemKind() Kind  { return Kind(a[2]) }
func (a Array) ElemOID() uint32 { return binary.LittleEndian.Uint32(a[4:]) }
func (a Array) HasNulls() bool  { return a[1]&arrayNulls != 0 }

// Dim is the i-th dimension, the outermost being number 0.
func (a Array) Dim(i int) ArrayDim {
	b := a[arrayHeader+8*i:]
	return ArrayDim{Len: int(binary.LittleEndian.Uint32(b)), Lower: int(int32(binary.LittleEndian.Uint32(b[4:])))}
}

// Dims appends all dimensions to buf.
func (a Array) Dims(buf []ArrayDim) []ArrayDim {
	for i := range a.NumDims() {
		buf = append(buf, a.Dim(i))
	}
	return buf
}

// Len is the number of elements in all dimensions.
func (a Array) Len() int {
	if a.NumDims() == 0 {
		return 0
	}
	n := 1
	for i := range a.NumDims() {
		n *= a.Dim(i).Len
	}
	return n
}

// Elem is the i-th element in row-major order, counted from 0. Its Value points into the array.
func (a Array) Elem(i int) Value { return a.elem(i, a.Len()) }

// Elems appends all elements to buf.
func (a Array) Elems(buf []Value) []Value {
	n := a.Len()
	for i := range n {
		buf = append(buf, a.elem(i, n))
	}
	return buf
}

func (a Array) elem(i, n int) Value {
	pos := arrayHeader + 8*a.NumDims()
	if a.HasNulls() {
		if a[pos+i/8]&(1<<(i%8)) != 0 {
			return Null
		}
		pos += (n + 7) / 8
	}
	if w := a.ElemKind().Width(); w != 0 {
		return getFixed(a[pos+w*i:], a.ElemKind())
	}
	data, lo := pos+4*n, 0
	if i > 0 {
		lo = int(binary.LittleEndian.Uint32(a[pos+4*i-4:]))
	}
	hi := int(binary.LittleEndian.Uint32(a[pos+4*i:]))
	return Bytes(a[data+lo : data+hi : data+hi])
}

func validArray(b []byte, depth int) error {
	if depth >= maxPackedDepth {
		return fmt.Errorf("%w: values nested deeper than %d", ErrCorruptRow, maxPackedDepth)
	}
	a := Array(b)
	if len(b) < arrayHeader || a.NumDims() > MaxArrayDims || b[1]&^arrayNulls != 0 || b[3] != 0 ||
		!a.ElemKind().Valid() || len(b) < arrayHeader+8*a.NumDims() {
		return fmt.Errorf("%w: array header", ErrCorruptRow)
	}
	n := uint64(0)
	for i := range a.NumDims() {
		d := a.Dim(i)
		if i == 0 {
			n = 1
		}
		n *= uint64(d.Len)
		if d.Len == 0 || n > maxArrayElems || int64(d.Lower)+int64(d.Len) > math.MaxInt32 {
			return fmt.Errorf("%w: array dimensions", ErrCorruptRow)
		}
	}
	pos := arrayHeader + 8*a.NumDims()
	if a.HasNulls() {
		if uint64(len(b)-pos) < (n+7)/8 || n == 0 {
			return fmt.Errorf("%w: array shorter than its null bitmap", ErrCorruptRow)
		}
		if err := validBitmap(b[pos:], int(n)); err != nil {
			return err
		}
		pos += int(n+7) / 8
	}
	return a.validElems(b[pos:], int(n), depth)
}

func (a Array) validElems(b []byte, n, depth int) error {
	k := a.ElemKind()
	w := k.Width()
	if w != 0 && len(b) != w*n || w == 0 && len(b) < 4*n {
		return fmt.Errorf("%w: array of %d elements in %d bytes", ErrCorruptRow, n, len(b))
	}
	nulls := []byte(nil)
	if a.HasNulls() {
		nulls = a[arrayHeader+8*a.NumDims():]
	}
	data, prev := 4*n, 0
	for i := range n {
		null := nulls != nil && nulls[i/8]&(1<<(i%8)) != 0
		if w != 0 {
			if err := validFixed(b[w*i:w*i+w], k, null); err != nil {
				return err
			}
			continue
		}
		end := int(binary.LittleEndian.Uint32(b[4*i:]))
		if end < prev || end > len(b)-data || null && end != prev {
			return fmt.Errorf("%w: array element ends at %d of %d", ErrCorruptRow, end, len(b)-data)
		}
		if !null {
			if err := validPacked(k, b[data+prev:data+end], depth+1); err != nil {
				return err
			}
		}
		prev = end
	}
	if w == 0 && data+prev != len(b) {
		return fmt.Errorf("%w: bytes after the last array element", ErrCorruptRow)
	}
	return nil
}

func validFixed(b []byte, k Kind, null bool) error {
	if null {
		return allZero(b)
	}
	if k == KindBool && b[0] > 1 {
		return fmt.Errorf("%w: bool %d", ErrCorruptRow, b[0])
	}
	return nil
}

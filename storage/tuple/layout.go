package tuple

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// A row:
//
//	0         8       10      11   12           +B        +F            +w*V
//	+---------+-------+-------+----+------------+---------+-------------+---------------+
//	| row id  | natts | flags | 0  | null bitmap| fixed   | end offsets | variable bytes|
//	+---------+-------+-------+----+------------+---------+-------------+---------------+
//
// Integers are little endian. The null bitmap (B bytes, one bit per column, 1 = NULL, low bit first) is there only
// with flagNulls. The fixed part holds every fixed-width column in column order; a NULL keeps its place as zeros, so
// that offsets depend on natts only. Then one end offset per variable column (w = 2 bytes, 4 with flagWide), counted
// from the start of the variable bytes; a NULL has an empty range.
const (
	rowHeader = 12

	flagNulls = 1 << 0
	flagWide  = 1 << 1
	// 1 << 2 is kept for compressed values; no reader knows it yet, so Validate refuses it.

	// MaxColumns is the largest number of columns of a row (PostgreSQL's MaxTupleAttributeNumber is 1664).
	MaxColumns = 1664
)

// ErrCorruptRow is wrapped by every error about row bytes that Append cannot have written (I8).
var ErrCorruptRow = errors.New("row is damaged")

// Layout knows where the columns of a table's rows are. It is immutable and safe for concurrent use.
type Layout struct {
	cols    []colPos
	missing []Value
	// fixed[n] and vars[n] are the size of the fixed part and the number of variable columns of a row of n columns.
	fixed []uint16
	vars  []uint16
}

type colPos struct {
	kind  Kind
	width uint8  // 0 = variable
	pos   uint16 // offset in the fixed part, or number among the variable columns
}

// Width is the number of bytes that a value of the kind takes in the fixed part of a row; 0 for a variable kind.
func (k Kind) Width() int { return int(kindWidth[k]) }

var kindWidth = [256]uint8{
	KindBool: 1, KindInt8: 1, KindInt16: 2, KindInt32: 4, KindInt64: 8, KindUint32: 4, KindUint64: 8,
	KindFloat32: 4, KindFloat64: 8, KindUUID: 16, KindTimeTZ: 12, KindInterval: 16,
}

// Valid reports whether the kind is one that rows can hold.
func (k Kind) Valid() bool { return k > KindInvalid && k <= KindFolded }

// NewLayout makes the layout of rows with these columns, dropped ones included. missing holds the values that rows
// written before a column was added give for it; nil, or a shorter slice, stands for NULL. It panics on an invalid
// kind and on more than MaxColumns columns.
func NewLayout(kinds []Kind, missing []Value) *Layout {
	if len(kinds) > MaxColumns {
		panic("tuple: too many columns")
	}
	l := &Layout{
		cols:    make([]colPos, len(kinds)),
		missing: make([]Value, len(kinds)),
		fixed:   make([]uint16, len(kinds)+1),
		vars:    make([]uint16, len(kinds)+1),
	}
	for i := range l.missing {
		l.missing[i] = Null
	}
	copy(l.missing, missing)
	for i, k := range kinds {
		if !k.Valid() {
			panic(fmt.Sprintf("tuple: column %d has invalid kind %d", i, k))
		}
		w := kindWidth[k]
		l.fixed[i+1], l.vars[i+1] = l.fixed[i]+uint16(w), l.vars[i]
		l.cols[i] = colPos{kind: k, width: w, pos: l.fixed[i]}
		if w == 0 {
			l.cols[i].pos = l.vars[i]
			l.vars[i+1]++
		}
	}
	return l
}

// Len is the number of columns.
func (l *Layout) Len() int { return len(l.cols) }

// Kind is the kind of a column.
func (l *Layout) Kind(col int) Kind { return l.cols[col].kind }

// RowID is the id of the row version; 0 until its transaction commits.
func RowID(row []byte) uint64 { return binary.LittleEndian.Uint64(row) }

// SetRowID writes the id in place.
func SetRowID(row []byte, id uint64) { binary.LittleEndian.PutUint64(row, id) }

// NumColumns is the number of columns that the row was written with.
func NumColumns(row []byte) int { return int(binary.LittleEndian.Uint16(row[8:])) }

// Append appends a row of the values. len(vals) may be smaller than Len: the rest then reads as missing.
func (l *Layout) Append(dst []byte, rowID uint64, vals []Value) []byte {
	n := len(vals)
	var flags byte
	varBytes := 0
	for i := range vals {
		if vals[i].IsNull() {
			flags |= flagNulls
		} else if l.cols[i].width == 0 {
			varBytes += vals[i].Len()
		}
	}
	bitmap, w := 0, 2
	if flags&flagNulls != 0 {
		bitmap = (n + 7) / 8
	}
	if varBytes > math.MaxUint16 {
		flags |= flagWide
		w = 4
	}
	fixed, vars := int(l.fixed[n]), int(l.vars[n])
	head := rowHeader + bitmap + fixed + w*vars
	start := len(dst)
	dst = grow(dst, head+varBytes)
	row := dst[start : start+head+varBytes]
	clear(row[:head])
	binary.LittleEndian.PutUint64(row, rowID)
	binary.LittleEndian.PutUint16(row[8:], uint16(n))
	row[10] = flags
	fix, ends, data := row[rowHeader+bitmap:], row[rowHeader+bitmap+fixed:], row[head:]
	end := 0
	for i := range vals {
		c := l.cols[i]
		null := vals[i].IsNull()
		if null {
			row[rowHeader+i/8] |= 1 << (i % 8)
		}
		if c.width != 0 {
			if !null {
				putFixed(fix[c.pos:], c.kind, vals[i])
			}
			continue
		}
		if !null {
			end += copy(data[end:], vals[i].Bytes())
		}
		if w == 2 {
			binary.LittleEndian.PutUint16(ends[2*int(c.pos):], uint16(end))
		} else {
			binary.LittleEndian.PutUint32(ends[4*int(c.pos):], uint32(end))
		}
	}
	return dst[:start+len(row)]
}

// Get reads one column. The row must have come from Append or have passed Check; the Value points into it.
func (l *Layout) Get(row []byte, col int) Value {
	n := NumColumns(row)
	if col >= n {
		return l.missing[col]
	}
	base := rowHeader
	flags := row[10]
	if flags&flagNulls != 0 {
		if row[rowHeader+col/8]&(1<<(col%8)) != 0 {
			return Null
		}
		base += (n + 7) / 8
	}
	c := l.cols[col]
	if c.width != 0 {
		return getFixed(row[base+int(c.pos):], c.kind)
	}
	lo, hi := l.varRange(row, base+int(l.fixed[n]), int(l.vars[n]), int(c.pos), flags)
	return Bytes(row[lo:hi:hi])
}

func (l *Layout) varRange(row []byte, ends, vars, i int, flags byte) (lo, hi int) {
	if flags&flagWide == 0 {
		data := ends + 2*vars
		if i > 0 {
			lo = int(binary.LittleEndian.Uint16(row[ends+2*i-2:]))
		}
		return data + lo, data + int(binary.LittleEndian.Uint16(row[ends+2*i:]))
	}
	data := ends + 4*vars
	if i > 0 {
		lo = int(binary.LittleEndian.Uint32(row[ends+4*i-4:]))
	}
	return data + lo, data + int(binary.LittleEndian.Uint32(row[ends+4*i:]))
}

// Decode writes the values of the columns cols into dst[0:len(cols)]; with cols nil, all columns into dst[0:Len()].
// The Values point into the row. It checks the header but, like Get, trusts the rest (block checksums cover it, I8).
func (l *Layout) Decode(row []byte, cols []int, dst []Value) error {
	if err := l.Check(row); err != nil {
		return err
	}
	if cols != nil {
		for i, c := range cols {
			dst[i] = l.Get(row, c)
		}
		return nil
	}
	l.decodeAll(row, dst)
	return nil
}

func (l *Layout) decodeAll(row []byte, dst []Value) {
	n := NumColumns(row)
	flags := row[10]
	base := rowHeader
	if flags&flagNulls != 0 {
		base += (n + 7) / 8
	}
	ends := base + int(l.fixed[n])
	vars := int(l.vars[n])
	for i := range n {
		c := l.cols[i]
		switch {
		case flags&flagNulls != 0 && row[rowHeader+i/8]&(1<<(i%8)) != 0:
			dst[i] = Null
		case c.width != 0:
			dst[i] = getFixed(row[base+int(c.pos):], c.kind)
		default:
			lo, hi := l.varRange(row, ends, vars, int(c.pos), flags)
			dst[i] = Bytes(row[lo:hi:hi])
		}
	}
	copy(dst[n:len(l.cols)], l.missing[n:])
}

// Check is the cheap test of a row's header against the layout: enough for Get and Decode to stay inside the row's
// fixed part. Errors wrap ErrCorruptRow.
func (l *Layout) Check(row []byte) error {
	if len(row) < rowHeader {
		return fmt.Errorf("%w: %d bytes, shorter than its header", ErrCorruptRow, len(row))
	}
	n := NumColumns(row)
	if n > len(l.cols) {
		return fmt.Errorf("%w: %d columns, the table has %d", ErrCorruptRow, n, len(l.cols))
	}
	flags := row[10]
	if flags&^(flagNulls|flagWide) != 0 || row[11] != 0 {
		return fmt.Errorf("%w: unknown flags %#x", ErrCorruptRow, flags)
	}
	if head := l.headSize(n, flags); len(row) < head {
		return fmt.Errorf("%w: %d bytes, its columns need %d", ErrCorruptRow, len(row), head)
	}
	return nil
}

func (l *Layout) headSize(n int, flags byte) int {
	size := rowHeader + int(l.fixed[n])
	if flags&flagNulls != 0 {
		size += (n + 7) / 8
	}
	if flags&flagWide != 0 {
		return size + 4*int(l.vars[n])
	}
	return size + 2*int(l.vars[n])
}

// Validate tests everything that Append guarantees, the inside of packed values included: the row has one encoding
// only. Errors wrap ErrCorruptRow.
func (l *Layout) Validate(row []byte) error {
	if err := l.Check(row); err != nil {
		return err
	}
	n := NumColumns(row)
	flags := row[10]
	if flags&flagNulls != 0 {
		if err := validBitmap(row[rowHeader:], n); err != nil {
			return err
		}
	}
	head := l.headSize(n, flags)
	prev := head
	for i := range n {
		if err := l.validColumn(row, i, &prev); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	if prev != len(row) {
		return fmt.Errorf("%w: %d bytes, its columns end at %d", ErrCorruptRow, len(row), prev)
	}
	if wide := len(row)-head > math.MaxUint16; wide != (flags&flagWide != 0) {
		return fmt.Errorf("%w: offset width does not fit the size", ErrCorruptRow)
	}
	return nil
}

// validColumn tests column i; *prev is where its bytes must begin if it is variable, and becomes where they end.
func (l *Layout) validColumn(row []byte, i int, prev *int) error {
	n := NumColumns(row)
	flags := row[10]
	c := l.cols[i]
	base := rowHeader
	null := false
	if flags&flagNulls != 0 {
		base += (n + 7) / 8
		null = row[rowHeader+i/8]&(1<<(i%8)) != 0
	}
	if c.width != 0 {
		b := row[base+int(c.pos):][:c.width]
		if null {
			return allZero(b)
		}
		if c.kind == KindBool && b[0] > 1 {
			return fmt.Errorf("%w: bool %d", ErrCorruptRow, b[0])
		}
		return nil
	}
	lo, hi := l.varRange(row, base+int(l.fixed[n]), int(l.vars[n]), int(c.pos), flags)
	if lo != *prev || hi < lo || hi > len(row) {
		return fmt.Errorf("%w: bytes %d to %d of %d", ErrCorruptRow, lo, hi, len(row))
	}
	*prev = hi
	if null {
		if hi != lo {
			return fmt.Errorf("%w: NULL with bytes", ErrCorruptRow)
		}
		return nil
	}
	return validPacked(c.kind, row[lo:hi], 0)
}

// validPacked tests the inside of a variable value.
func validPacked(k Kind, b []byte, depth int) error {
	switch k {
	case KindNumeric:
		return validNumeric(b)
	case KindArray:
		return validArray(b, depth)
	case KindRecord:
		return validRecord(b, depth)
	case KindRange:
		return validRange(b, depth)
	case KindMultirange:
		return validMultirange(b, depth)
	case KindKeyed:
		return validKeyed(b)
	}
	return nil
}

// validBitmap tests that a null bitmap of n bits has a bit set (or it would not be there) and none after the n-th.
func validBitmap(b []byte, n int) error {
	b = b[:(n+7)/8]
	any := byte(0)
	for _, x := range b {
		any |= x
	}
	if any == 0 {
		return fmt.Errorf("%w: null bitmap without a NULL", ErrCorruptRow)
	}
	if n%8 != 0 && b[len(b)-1]>>(n%8) != 0 {
		return fmt.Errorf("%w: null bits after the last column", ErrCorruptRow)
	}
	return nil
}

func allZero(b []byte) error {
	for _, x := range b {
		if x != 0 {
			return fmt.Errorf("%w: NULL with bits", ErrCorruptRow)
		}
	}
	return nil
}

// putFixed writes a value of a fixed-width kind; b has at least its width.
func putFixed(b []byte, k Kind, v Value) {
	switch k {
	case KindBool, KindInt8:
		b[0] = byte(v.n)
	case KindInt16:
		binary.LittleEndian.PutUint16(b, uint16(v.n))
	case KindInt32, KindUint32:
		binary.LittleEndian.PutUint32(b, uint32(v.n))
	case KindInt64, KindUint64, KindFloat64:
		binary.LittleEndian.PutUint64(b, v.n)
	case KindFloat32:
		binary.LittleEndian.PutUint32(b, math.Float32bits(float32(v.Float())))
	case KindUUID, KindInterval:
		copy(b[:16], v.Bytes())
	case KindTimeTZ:
		copy(b[:12], v.Bytes())
	}
}

// getFixed is the twin of putFixed.
func getFixed(b []byte, k Kind) Value {
	switch k {
	case KindBool, KindInt8:
		return Value{n: uint64(b[0])}
	case KindInt16:
		return Int(int64(int16(binary.LittleEndian.Uint16(b))))
	case KindInt32:
		return Int(int64(int32(binary.LittleEndian.Uint32(b))))
	case KindUint32:
		return Value{n: uint64(binary.LittleEndian.Uint32(b))}
	case KindInt64, KindUint64, KindFloat64:
		return Value{n: binary.LittleEndian.Uint64(b)}
	case KindFloat32:
		return Float(float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
	case KindUUID, KindInterval:
		return Bytes(b[:16:16])
	case KindTimeTZ:
		return Bytes(b[:12:12])
	}
	panic("tuple: not a fixed-width kind")
}

// appendScalar appends a value as arrays and records hold it: fixed kinds in their width, others as they are.
func appendScalar(dst []byte, k Kind, v Value) []byte {
	w := int(kindWidth[k])
	if w == 0 {
		return append(dst, v.Bytes()...)
	}
	start := len(dst)
	dst = grow(dst, w)
	dst = dst[:start+w]
	putFixed(dst[start:], k, v)
	return dst
}

// grow returns b with room for n more bytes.
func grow(b []byte, n int) []byte {
	if cap(b)-len(b) >= n {
		return b[:len(b)+n]
	}
	nb := make([]byte, len(b)+n, max(2*cap(b), len(b)+n))
	copy(nb, b)
	return nb
}

package stats

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Table is the result of one ANALYZE.
type Table struct {
	Rows     float64 // counted
	Analyzed int64   // µs since 1970
	Storage  uint32  // the rows that were counted: another storage id has others
	Columns  []Column
}

// Keep takes over the columns of an earlier ANALYZE that this one did not look at.
func (t *Table) Keep(old *Table) {
	if old == nil {
		return
	}
	for i := range old.Columns {
		if t.Column(old.Columns[i].AttNum) == nil {
			t.Columns = append(t.Columns, old.Columns[i])
		}
	}
}

// Column returns the statistics of a column, or nil.
func (t *Table) Column(att int16) *Column {
	if t == nil {
		return nil
	}
	for i := range t.Columns {
		if t.Columns[i].AttNum == att {
			return &t.Columns[i]
		}
	}
	return nil
}

// Encoded form, little endian, floats as IEEE bits:
//
//	version 2 | rows f64 | analyzed i64 | storage id u32 | columns uvarint | column…
//	column: attnum u16 | type u32 | null f64 | width uvarint | n_distinct f64 | correlation f64
//	        common uvarint | (share f64, value)… | bounds uvarint | value…
//	value:  0 | scalar u64     1 | length uvarint | bytes
const version = 2

// Encode appends the form that is kept in the store.
func (t *Table) Encode(b []byte) []byte {
	b = append(b, version)
	b = appendFloat(b, t.Rows)
	b = binary.LittleEndian.AppendUint64(b, uint64(t.Analyzed))
	b = binary.LittleEndian.AppendUint32(b, t.Storage)
	b = binary.AppendUvarint(b, uint64(len(t.Columns)))
	for i := range t.Columns {
		c := &t.Columns[i]
		b = binary.LittleEndian.AppendUint16(b, uint16(c.AttNum))
		b = binary.LittleEndian.AppendUint32(b, uint32(c.Type))
		b = appendFloat(b, c.NullFrac)
		b = binary.AppendUvarint(b, uint64(c.Width))
		b = appendFloat(appendFloat(b, c.NDistinct), c.Correlation)
		b = binary.AppendUvarint(b, uint64(len(c.MCV)))
		for j, v := range c.MCV {
			b = appendValue(appendFloat(b, c.Freq[j]), v)
		}
		b = binary.AppendUvarint(b, uint64(len(c.Hist)))
		for _, v := range c.Hist {
			b = appendValue(b, v)
		}
	}
	return b
}

func appendFloat(b []byte, f float64) []byte {
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(f))
}

func appendValue(b []byte, v types.Datum) []byte {
	if v.IsScalar() {
		return binary.LittleEndian.AppendUint64(append(b, 0), v.Uint())
	}
	b = binary.AppendUvarint(append(b, 1), uint64(v.Len()))
	return append(b, v.Bytes()...)
}

var errCorrupt = errors.New("statistics: encoded form is damaged")

// Decode is Encode's inverse. The result does not refer to b.
func Decode(b []byte) (*Table, error) {
	r := reader{b: append([]byte(nil), b...)}
	if r.byte() != version {
		return nil, errCorrupt
	}
	t := &Table{Rows: r.float(), Analyzed: int64(r.u64()), Storage: r.u32()}
	for n := r.count(33); n > 0 && !r.bad; n-- {
		c := Column{AttNum: int16(r.u16()), Type: types.OID(r.u32()), NullFrac: r.float(), Width: int(r.uvarint()), NDistinct: r.float(), Correlation: r.float()}
		for m := r.count(10); m > 0 && !r.bad; m-- {
			c.Freq = append(c.Freq, r.float())
			c.MCV = append(c.MCV, r.value())
		}
		for m := r.count(2); m > 0 && !r.bad; m-- {
			c.Hist = append(c.Hist, r.value())
		}
		t.Columns = append(t.Columns, c)
	}
	if r.bad || len(r.b) != 0 {
		return nil, errCorrupt
	}
	return t, nil
}

type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n < 0 || n > len(r.b) {
		r.bad = true
		return make([]byte, min(max(n, 0), 8))
	}
	p := r.b[:n:n]
	r.b = r.b[n:]
	return p
}

func (r *reader) byte() byte     { return r.take(1)[0] }
func (r *reader) u16() uint16    { return binary.LittleEndian.Uint16(r.take(2)) }
func (r *reader) u32() uint32    { return binary.LittleEndian.Uint32(r.take(4)) }
func (r *reader) u64() uint64    { return binary.LittleEndian.Uint64(r.take(8)) }
func (r *reader) float() float64 { return math.Float64frombits(r.u64()) }

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || r.bad {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count reads a number of things that take at least size bytes each.
func (r *reader) count(size int) int {
	n := r.uvarint()
	if n > uint64(len(r.b)/size) {
		r.bad = true
		return 0
	}
	return int(n)
}

func (r *reader) value() types.Datum {
	if r.byte() == 0 {
		return tuple.Int(int64(r.u64()))
	}
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.bad = true
		return types.Null
	}
	return tuple.Bytes(r.take(int(n)))
}

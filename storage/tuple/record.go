package tuple

import (
	"encoding/binary"
	"fmt"
)

// A packed record:
//
//	0       2   4                                        +12*n
//	+-------+---+----------------------------------------+-------+
//	| n u16 | 0 | n × {OID u32, kind u8, null u8, 0 u16, | bytes |
//	|       |   |      end u32}                          |       |
//	+-------+---+----------------------------------------+-------+
//
// end is where the field's bytes end, counted from the start of the bytes; fixed kinds take their width, a NULL
// nothing.
const (
	recordHeader = 4
	recordField  = 12
)

// Field is one field of a record.
type Field struct {
	OID   uint32 // of its type
	Kind  Kind
	Value Value
}

// Record is a view of a packed record.
type Record []byte

// AppendRecord packs a record of at most MaxColumns fields.
func AppendRecord(dst []byte, fields []Field) []byte {
	if len(fields) > MaxColumns {
		panic("tuple: too many fields")
	}
	start := len(dst)
	dst = grow(dst, recordHeader+recordField*len(fields))
	clear(dst[start:])
	binary.LittleEndian.PutUint16(dst[start:], uint16(len(fields)))
	data := len(dst)
	for i, f := range fields {
		if !f.Kind.Valid() {
			panic(fmt.Sprintf("tuple: field %d has invalid kind %d", i, f.Kind))
		}
		null := byte(1)
		if !f.Value.IsNull() {
			dst = appendScalar(dst, f.Kind, f.Value)
			null = 0
		}
		b := dst[start+recordHeader+recordField*i:]
		binary.LittleEndian.PutUint32(b, f.OID)
		b[4], b[5] = byte(f.Kind), null
		binary.LittleEndian.PutUint32(b[8:], uint32(len(dst)-data))
	}
	return dst
}

// Len is the number of fields.
func (r Record) Len() int { return int(binary.LittleEndian.Uint16(r)) }

// Field is the i-th field, counted from 0. Its Value points into the record.
func (r Record) Field(i int) Field {
	b := r[recordHeader+recordField*i:]
	f := Field{OID: binary.LittleEndian.Uint32(b), Kind: Kind(b[4]), Value: Null}
	if b[5] != 0 {
		return f
	}
	lo, hi := r.fieldRange(i)
	if f.Kind.Width() != 0 {
		f.Value = getFixed(r[lo:hi], f.Kind)
	} else {
		f.Value = Bytes(r[lo:hi:hi])
	}
	return f
}

func (r Record) fieldRange(i int) (lo, hi int) {
	data := recordHeader + recordField*r.Len()
	if i > 0 {
		lo = int(binary.LittleEndian.Uint32(r[recordHeader+recordField*i-4:]))
	}
	return data + lo, data + int(binary.LittleEndian.Uint32(r[recordHeader+recordField*i+8:]))
}

func validRecord(b []byte, depth int) error {
	if depth >= maxPackedDepth {
		return fmt.Errorf("%w: values nested deeper than %d", ErrCorruptRow, maxPackedDepth)
	}
	r := Record(b)
	if len(b) < recordHeader || b[2]|b[3] != 0 || r.Len() > MaxColumns || len(b) < recordHeader+recordField*r.Len() {
		return fmt.Errorf("%w: record header", ErrCorruptRow)
	}
	prev := recordHeader + recordField*r.Len()
	for i := range r.Len() {
		f := b[recordHeader+recordField*i:]
		k := Kind(f[4])
		if !k.Valid() || f[5] > 1 || f[6]|f[7] != 0 {
			return fmt.Errorf("%w: header of record field %d", ErrCorruptRow, i)
		}
		_, hi := r.fieldRange(i)
		if hi < prev || hi > len(b) || f[5] == 1 && hi != prev || f[5] == 0 && k.Width() != 0 && hi-prev != k.Width() {
			return fmt.Errorf("%w: record field %d ends at %d", ErrCorruptRow, i, hi)
		}
		if f[5] == 0 {
			if err := validField(k, b[prev:hi], depth); err != nil {
				return err
			}
		}
		prev = hi
	}
	if prev != len(b) {
		return fmt.Errorf("%w: bytes after the last record field", ErrCorruptRow)
	}
	return nil
}

func validField(k Kind, b []byte, depth int) error {
	if k.Width() != 0 {
		return validFixed(b, k, false)
	}
	return validPacked(k, b, depth+1)
}

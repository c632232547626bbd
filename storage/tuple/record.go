package tuple

import (
	"encoding/binary"
	"fmt"
	"strconv"
)

// A packed record:
//
//	0       2       3   4                                        +12*n
//	+-------+-------+---+----------------------------------------+-------+-------------------------+
//	| n u16 | flags | 0 | n × {OID u32, kind u8, null u8, 0 u16, | bytes | n × {length u16, bytes} |
//	|       |       |   |      end u32}                          |       |                         |
//	+-------+-------+---+----------------------------------------+-------+-------------------------+
//
// end is where the field's bytes end, counted from the start of the bytes; fixed kinds take their width, a NULL
// nothing. flags 1: the names of the fields follow. A record of an anonymous type has them unless they are f1, f2 …;
// they are no part of its value: neither order nor hash nor key sees them.
const (
	recordHeader = 4
	recordField  = 12
	recordNamed  = 1
)

// Field is one field of a record.
type Field struct {
	OID   uint32 // of its type
	Kind  Kind
	Value Value
}

// FieldNames are the names of a record's fields as they are packed, or nil.
type FieldNames []byte

// PackFieldNames is nil for f1, f2 …, which are the names of fields that have none.
func PackFieldNames(names []string) FieldNames {
	var out FieldNames
	plain := true
	for i, name := range names {
		plain = plain && name == "f"+strconv.Itoa(i+1)
		out = append(binary.LittleEndian.AppendUint16(out, uint16(len(name))), name...)
	}
	if plain {
		return nil
	}
	return out
}

// Next is the first name and the names behind it.
func (n FieldNames) Next() (name []byte, rest FieldNames) {
	end := 2 + int(binary.LittleEndian.Uint16(n))
	return n[2:end], n[end:]
}

// Record is a view of a packed record.
type Record []byte

// AppendRecord packs a record of at most MaxColumns fields.
func AppendRecord(dst []byte, fields []Field) []byte { return AppendNamedRecord(dst, fields, nil) }

// AppendNamedRecord is AppendRecord with the names of all fields, or nil.
func AppendNamedRecord(dst []byte, fields []Field, names FieldNames) []byte {
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
	if names != nil {
		dst[start+2] = recordNamed
	}
	return append(dst, names...)
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

// Names is nil where the record does not tell them. It points into the record.
func (r Record) Names() FieldNames {
	if r[2]&recordNamed == 0 {
		return nil
	}
	_, end := r.fieldRange(r.Len() - 1)
	return FieldNames(r[end:])
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
	if len(b) < recordHeader || b[2] > recordNamed || b[3] != 0 || r.Len() > MaxColumns || len(b) < recordHeader+recordField*r.Len() {
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
	if b[2] == recordNamed {
		return validNames(b[prev:], r.Len())
	}
	if prev != len(b) {
		return fmt.Errorf("%w: bytes after the last record field", ErrCorruptRow)
	}
	return nil
}

func validNames(b []byte, n int) error {
	for range n {
		if len(b) < 2 || len(b)-2 < int(binary.LittleEndian.Uint16(b)) {
			return fmt.Errorf("%w: names of record fields", ErrCorruptRow)
		}
		_, b = FieldNames(b).Next()
	}
	if n == 0 || len(b) > 0 {
		return fmt.Errorf("%w: bytes after the names of %d record fields", ErrCorruptRow, n)
	}
	return nil
}

func validField(k Kind, b []byte, depth int) error {
	if k.Width() != 0 {
		return validFixed(b, k, false)
	}
	return validPacked(k, b, depth+1)
}

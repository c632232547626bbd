package parquet

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	pq "github.com/parquet-go/parquet-go"
	"github.com/tarndb/tarn/storage/tuple"
)

// RowIDColumn is the hidden column of row ids (see the package comment).
const RowIDColumn = "_tarn_row_id"

// RowGroupRows is the size of a full row group: DuckDB's unit of parallelism.
const RowGroupRows = 122880

// rowGroupValues bounds a row group of many columns: whoever merges files has one in memory.
const rowGroupValues = 16 << 20

// TypeID is a Delta type.
type TypeID uint8

const (
	Invalid TypeID = iota
	Boolean
	Byte
	Short
	Integer
	Long
	Float
	Double
	Decimal
	String
	Binary
	Date
	Timestamp
	TimestampNTZ
	Array
	Map
	Struct
	Void // never stored: always NULL
)

var typeNames = [...]string{"invalid", "boolean", "byte", "short", "integer", "long", "float", "double", "decimal",
	"string", "binary", "date", "timestamp", "timestamp_ntz", "array", "map", "struct", "void"}

// Type is a column's Delta type.
type Type struct {
	ID               TypeID
	Precision, Scale uint8   // of Decimal: 1 <= Precision <= 38, Scale <= Precision
	NoNulls          bool    // of Array and Map: elements, values are never NULL
	Elem             *Type   // of Array: the elements; of Map: the values
	Key              *Type   // of Map
	Fields           []Field // of Struct
}

// Field is one field of a struct, and one column of a table's schema.
type Field struct {
	Name     string
	Type     Type
	Nullable bool
	ID       int            // Parquet field id, 0 for none; see Column
	Metadata map[string]any // what the Delta schema says besides
}

func (t Type) String() string {
	switch t.ID {
	case Decimal:
		return fmt.Sprintf("decimal(%d,%d)", t.Precision, t.Scale)
	case Array:
		return "array<" + t.Elem.String() + ">"
	case Map:
		return "map<" + t.Key.String() + "," + t.Elem.String() + ">"
	case Struct:
		var fields []string
		for _, f := range t.Fields {
			fields = append(fields, f.Name+":"+f.Type.String())
		}
		return "struct<" + strings.Join(fields, ",") + ">"
	}
	return typeNames[t.ID]
}

// Equal reports whether two types have the same values: names and types of fields count, what may be NULL does not.
func (t Type) Equal(o Type) bool {
	same := func(a, b *Type) bool { return a == b || a != nil && b != nil && a.Equal(*b) }
	return t.ID == o.ID && t.Precision == o.Precision && t.Scale == o.Scale && same(t.Elem, o.Elem) && same(t.Key, o.Key) &&
		slices.EqualFunc(t.Fields, o.Fields, func(a, b Field) bool { return a.Name == b.Name && a.Type.Equal(b.Type) })
}

// Nested reports whether values of the type are made of other values.
func (t Type) Nested() bool { return t.ID == Array || t.ID == Map || t.ID == Struct }

// ScalarByName returns a primitive type by its Delta name, decimals excepted.
func ScalarByName(name string) (Type, bool) {
	for i, n := range typeNames {
		if t := (Type{ID: TypeID(i)}); n == name && t.ID != Invalid && t.ID != Decimal && !t.Nested() {
			return t, true
		}
	}
	return Type{}, false
}

// Column is one column of a file. Every column may hold NULLs. With an ID it is found in a file by its Parquet field id
// and by nothing else, which is how column mapping in mode id works; without, by its name. Fields of a struct in Type
// are found in the same ways.
type Column struct {
	Name string
	Type Type
	ID   int
}

func (t Type) node() pq.Node {
	switch t.ID {
	case Boolean:
		return pq.Leaf(pq.BooleanType)
	case Byte:
		return pq.Int(8)
	case Short:
		return pq.Int(16)
	case Integer:
		return pq.Leaf(pq.Int32Type)
	case Long:
		return pq.Leaf(pq.Int64Type)
	case Float:
		return pq.Leaf(floatType())
	case Double:
		return pq.Leaf(doubleType())
	case Decimal:
		typ := pq.Int32Type
		switch {
		case t.Precision > 18:
			typ = wideDecimal(t.Precision)
		case t.Precision > 9:
			typ = pq.Int64Type
		}
		return pq.Decimal(int(t.Scale), int(t.Precision), typ)
	case String:
		return pq.String()
	case Binary:
		return pq.Leaf(pq.ByteArrayType)
	case Date:
		return pq.Date()
	case Timestamp:
		return pq.TimestampAdjusted(pq.Microsecond, true)
	case TimestampNTZ:
		return pq.TimestampAdjusted(pq.Microsecond, false)
	case Array:
		return pq.List(pq.Optional(t.Elem.node()))
	case Map:
		return pq.Map(pq.Required(t.Key.node()), pq.Optional(t.Elem.node()))
	case Struct:
		g := newGroup()
		for _, f := range t.Fields {
			if f.Type.ID != Void {
				g.add(f.Name, f.ID, f.Type.node())
			}
		}
		return g
	}
	panic("parquet: invalid column type " + t.String())
}

// List form of a nested value: an array is the list of its elements, a map of keys and values in turn, a struct of its
// fields in the order of its type.
//
//	u32 count | count × element
//	element = 0x00 (NULL) | 0x01, 8 bytes LE (scalar) | 0x02, u32 length, bytes

// AppendList appends the list of the elements to dst.
func AppendList(dst []byte, elems []tuple.Value) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(elems)))
	for _, v := range elems {
		switch {
		case v.IsNull():
			dst = append(dst, 0)
		case v.IsScalar():
			dst = binary.LittleEndian.AppendUint64(append(dst, 1), v.Uint())
		default:
			dst = binary.LittleEndian.AppendUint32(append(dst, 2), uint32(v.Len()))
			dst = append(dst, v.Bytes()...)
		}
	}
	return dst
}

// DecodeList appends the elements of a list to dst; their bytes belong to b.
func DecodeList(dst []tuple.Value, b []byte) ([]tuple.Value, error) {
	bad := func() ([]tuple.Value, error) { return nil, fmt.Errorf("list value is damaged") }
	if len(b) < 4 {
		return bad()
	}
	n := binary.LittleEndian.Uint32(b)
	b = b[4:]
	for range n {
		if len(b) == 0 {
			return bad()
		}
		tag := b[0]
		b = b[1:]
		switch tag {
		case 0:
			dst = append(dst, tuple.Null)
		case 1:
			if len(b) < 8 {
				return bad()
			}
			dst = append(dst, tuple.Uint(binary.LittleEndian.Uint64(b)))
			b = b[8:]
		case 2:
			if len(b) < 4 || uint64(len(b)-4) < uint64(binary.LittleEndian.Uint32(b)) {
				return bad()
			}
			l := binary.LittleEndian.Uint32(b)
			dst = append(dst, tuple.Bytes(b[4:4+l:4+l]))
			b = b[4+l:]
		default:
			return bad()
		}
	}
	if len(b) != 0 {
		return bad()
	}
	return dst, nil
}

// Order compares values of a type as they stand in files: integers, times, decimals of one number (up to 18 digits), texts by their bytes.
// nil: the values of others have no order here.
func (t Type) Order() func(a, b tuple.Value) int {
	switch t.ID {
	case Short, Integer, Long, Date, Timestamp, TimestampNTZ:
		return compareInts
	case Decimal:
		if t.Precision <= 18 {
			return compareInts
		}
	case String:
		return compareBytes
	}
	return nil
}

func compareInts(a, b tuple.Value) int  { return cmp.Compare(a.Int(), b.Int()) }
func compareBytes(a, b tuple.Value) int { return bytes.Compare(a.Bytes(), b.Bytes()) }

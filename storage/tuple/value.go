package tuple

import (
	"math"
	"unsafe"
)

// Value is one SQL value in its physical form. It carries no type: what the bits mean is known from the column,
// plan or log schema that it stands in. It is one of
//
//	NULL    p == &nullMark
//	scalar  p == nil, n holds the bits (see Kind)
//	bytes   p points at n bytes that nobody changes while the Value lives
//
// A Value never owns memory. Bytes that come from a storage buffer are valid as long as that buffer is
// (one row of an iterator, one message of a connection); Clone copies them out.
type Value struct {
	n uint64
	p unsafe.Pointer
}

var (
	nullMark  byte
	emptyMark byte
)

// Null is the SQL NULL of every type.
var Null = Value{p: unsafe.Pointer(&nullMark)}

// Int holds every signed integer kind, sign-extended: int2, int4, int8, date (days since 2000-01-01),
// time, timestamp and timestamptz (microseconds; since 2000-01-01 for the latter two).
func Int(v int64) Value { return Value{n: uint64(v)} }

// Uint holds oid and the reg* types.
func Uint(v uint64) Value { return Value{n: v} }

// Bool holds 0 or 1.
func Bool(v bool) Value {
	if v {
		return Value{n: 1}
	}
	return Value{}
}

// Float holds float8 as its IEEE bits. float4 is held widened to float64, so that both share Float().
func Float(v float64) Value { return Value{n: math.Float64bits(v)} }

// Bytes refers to b without copying it.
func Bytes(b []byte) Value {
	if len(b) == 0 {
		return Value{p: unsafe.Pointer(&emptyMark)}
	}
	return Value{n: uint64(len(b)), p: unsafe.Pointer(unsafe.SliceData(b))}
}

// String refers to s without copying it.
func String(s string) Value {
	if len(s) == 0 {
		return Value{p: unsafe.Pointer(&emptyMark)}
	}
	return Value{n: uint64(len(s)), p: unsafe.Pointer(unsafe.StringData(s))}
}

func (v Value) IsNull() bool { return v.p == unsafe.Pointer(&nullMark) }

// IsScalar reports whether the value holds bits and not bytes (false for NULL).
func (v Value) IsScalar() bool { return v.p == nil }
func (v Value) Int() int64     { return int64(v.n) }
func (v Value) Uint() uint64   { return v.n }
func (v Value) Bool() bool     { return v.n != 0 }
func (v Value) Float() float64 { return math.Float64frombits(v.n) }
func (v Value) Len() int       { return int(v.n) }

// Bytes returns the bytes that the value refers to; the caller must not change them.
func (v Value) Bytes() []byte { return unsafe.Slice((*byte)(v.p), int(v.n)) }

// Str is Bytes as a string, without a copy: it lives as long as the bytes do.
func (v Value) Str() string { return unsafe.String((*byte)(v.p), int(v.n)) }

// Clone returns a value that owns its bytes.
func (v Value) Clone() Value {
	if v.p == nil || v.n == 0 || v.IsNull() {
		return v
	}
	return Bytes(append([]byte(nil), v.Bytes()...))
}

// Kind is how a value is laid out in a row and ordered in a key. It is the whole knowledge that storage has of a
// type; numbers are part of the on-disk format (docs/formats/rows.md).
type Kind uint8

const (
	KindInvalid    Kind = iota
	KindBool            // 1 byte
	KindInt8            // 1 byte, PostgreSQL's "char" (unsigned order)
	KindInt16           // 2 bytes
	KindInt32           // 4 bytes: int4, date
	KindInt64           // 8 bytes: int8, time, timestamp, timestamptz, money
	KindUint32          // 4 bytes: oid, reg*, xid, cid
	KindUint64          // 8 bytes: xid8, pg_lsn
	KindFloat32         // 4 bytes
	KindFloat64         // 8 bytes
	KindBytes           // variable: bytea, json text, bit strings; byte order
	KindText            // variable: text, varchar, name; UTF-8, byte order (collation C)
	KindBpchar          // variable: char(n), blank-padded; trailing blanks do not count in keys
	KindNumeric         // variable: packed decimal (numeric.go)
	KindUUID            // variable: 16 bytes
	KindTimeTZ          // variable: 12 bytes: int64 µs local time, int32 zone seconds west of UTC, little endian
	KindInterval        // variable: 16 bytes: int64 µs, int32 days, int32 months, little endian
	KindArray           // variable: packed array (array.go)
	KindRecord          // variable: packed record (record.go)
	KindJSONB           // variable: jsonb's canonical text, keys sorted by length then bytes, no duplicates
	KindRange           // variable: packed range (range.go)
	KindMultirange      // variable: packed array of ranges (range.go)
	KindKeyed           // variable: {size u32, key, rest}: the key's bytes are its order, the rest does not count
	KindFolded          // variable: citext; UTF-8, ordered by the bytes in lower case (folded.go)
)

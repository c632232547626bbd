package tuple

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// One column of a key: a mark, and unless it is NULL the value in an order-preserving form (all bytes inverted for
// DESC). Forms, big endian:
//
//	bool, "char"       1 byte
//	signed integers    2, 4 or 8 bytes, sign bit flipped
//	unsigned integers  4 or 8 bytes
//	floats             4 or 8 bytes; positive: sign bit flipped, negative: all bits flipped; -0 = 0, one NaN, above all
//	bytes, text, char  0x00 written as 00 FF, end 00 01; char(n) without its trailing blanks
//	numeric            class byte, weight, digits (keyNumeric)
//	uuid               16 bytes
//	timetz             8 bytes UTC time, 4 bytes zone, both sign-flipped
//	interval           12 bytes: months*30 and days as µs plus µs, sign-flipped
//	array, record,     an inner form (keyArray …) written like bytes
//	jsonb, range,
//	multirange
//	keyed              its key, written like bytes
//	folded             the text in lower case, written like bytes
const (
	markNullFirst = 0x00
	markValue     = 0x01
	markNullLast  = 0x02

	keyEscape = 0x00
	keyEsc00  = 0xff
	keyEnd    = 0x01
)

// ErrBadKey is wrapped by errors about key bytes that AppendKey cannot have written (I8).
var ErrBadKey = errors.New("key is damaged")

// ErrKeyNotDecodable says that values of the kind cannot be made from their keys: read the row instead.
var ErrKeyNotDecodable = errors.New("values of this kind cannot be decoded from a key")

// KeyPrefixLen is the size of what AppendPrefix writes.
const KeyPrefixLen = 6

// AppendPrefix appends the start of every key of an index: table storage id and index number (1 = primary).
func AppendPrefix(dst []byte, table uint32, index uint16) []byte {
	dst = binary.BigEndian.AppendUint32(dst, table)
	return binary.BigEndian.AppendUint16(dst, index)
}

// KeyPrefix is the twin of AppendPrefix; key has at least KeyPrefixLen bytes.
func KeyPrefix(key []byte) (table uint32, index uint16) {
	return binary.BigEndian.Uint32(key), binary.BigEndian.Uint16(key[4:])
}

// AppendKey appends one key column. desc inverts the order of the values; where NULL stands is nullsFirst's alone.
// A packed value (numeric, array, record, jsonb) must be valid.
func AppendKey(dst []byte, kind Kind, v Value, desc, nullsFirst bool) []byte {
	if v.IsNull() {
		if nullsFirst {
			return append(dst, markNullFirst)
		}
		return append(dst, markNullLast)
	}
	dst = append(dst, markValue)
	start := len(dst)
	dst = appendKeyValue(dst, kind, v)
	if desc {
		invert(dst[start:])
	}
	return dst
}

func invert(b []byte) {
	for i := range b {
		b[i] = ^b[i]
	}
}

func appendKeyValue(dst []byte, kind Kind, v Value) []byte {
	switch kind {
	case KindBool, KindInt8:
		return append(dst, byte(v.n))
	case KindInt16:
		return binary.BigEndian.AppendUint16(dst, uint16(v.n)^1<<15)
	case KindInt32:
		return binary.BigEndian.AppendUint32(dst, uint32(v.n)^1<<31)
	case KindInt64:
		return binary.BigEndian.AppendUint64(dst, v.n^1<<63)
	case KindUint32:
		return binary.BigEndian.AppendUint32(dst, uint32(v.n))
	case KindUint64:
		return binary.BigEndian.AppendUint64(dst, v.n)
	case KindFloat32:
		return binary.BigEndian.AppendUint32(dst, float32Key(float32(v.Float())))
	case KindFloat64:
		return binary.BigEndian.AppendUint64(dst, float64Key(v.Float()))
	case KindBytes, KindText:
		return appendEscaped(dst, v.Bytes())
	case KindKeyed:
		return appendEscaped(dst, keyOf(v))
	case KindFolded:
		return appendEscaped(dst, FoldedKey(v.Bytes()))
	case KindBpchar:
		return appendEscaped(dst, bytes.TrimRight(v.Bytes(), " "))
	case KindNumeric:
		return keyNumeric(dst, Numeric(v.Bytes()))
	case KindUUID:
		return append(dst, v.Bytes()...)
	case KindTimeTZ:
		us, zone := timeTZ(v.Bytes())
		dst = binary.BigEndian.AppendUint64(dst, uint64(us+int64(zone)*1e6)^1<<63)
		return binary.BigEndian.AppendUint32(dst, uint32(zone)^1<<31)
	case KindInterval:
		hi, lo := intervalSpan(v.Bytes())
		dst = binary.BigEndian.AppendUint32(dst, uint32(hi)^1<<31)
		return binary.BigEndian.AppendUint64(dst, lo)
	case KindArray, KindRecord, KindJSONB, KindRange, KindMultirange:
		start := len(dst)
		return escapeTail(keyInner(dst, kind, v), start)
	}
	panic(fmt.Sprintf("tuple: key of invalid kind %d", kind))
}

// keyInner appends the form of a nested kind that escapeTail then makes self-delimiting.
func keyInner(dst []byte, kind Kind, v Value) []byte {
	switch kind {
	case KindArray:
		return keyArray(dst, Array(v.Bytes()))
	case KindRecord:
		return keyRecord(dst, Record(v.Bytes()))
	case KindRange:
		return keyRange(dst, Range(v.Bytes()))
	case KindMultirange:
		return keyMultirange(dst, Array(v.Bytes()))
	}
	return keyJSONB(dst, v.Bytes())
}

func float64Key(f float64) uint64 {
	switch {
	case f != f:
		return math.MaxUint64
	case f == 0:
		return 1 << 63
	}
	if b := math.Float64bits(f); b>>63 != 0 {
		return ^b
	} else {
		return b | 1<<63
	}
}

func float32Key(f float32) uint32 {
	switch {
	case f != f:
		return math.MaxUint32
	case f == 0:
		return 1 << 31
	}
	if b := math.Float32bits(f); b>>31 != 0 {
		return ^b
	} else {
		return b | 1<<31
	}
}

func appendEscaped(dst, b []byte) []byte {
	for {
		i := bytes.IndexByte(b, keyEscape)
		if i < 0 {
			break
		}
		dst = append(append(dst, b[:i]...), keyEscape, keyEsc00)
		b = b[i+1:]
	}
	dst = append(dst, b...)
	return append(dst, keyEscape, keyEnd)
}

// escapeTail turns dst[start:] in place into what appendEscaped writes for it.
func escapeTail(dst []byte, start int) []byte {
	zeros := bytes.Count(dst[start:], []byte{keyEscape})
	n := len(dst)
	dst = grow(dst, zeros)
	for i, o := n-1, len(dst)-1; zeros > 0; i-- {
		if dst[i] == keyEscape {
			dst[o], dst[o-1] = keyEsc00, keyEscape
			o -= 2
			zeros--
		} else {
			dst[o] = dst[i]
			o--
		}
	}
	return append(dst, keyEscape, keyEnd)
}

func timeTZ(b []byte) (us int64, zone int32) {
	return int64(binary.LittleEndian.Uint64(b)), int32(binary.LittleEndian.Uint32(b[8:]))
}

// intervalSpan is PostgreSQL's interval_cmp_value: µs with 24-hour days and 30-day months, as a 96-bit integer.
func intervalSpan(b []byte) (hi int32, lo uint64) {
	us := int64(binary.LittleEndian.Uint64(b))
	days := int64(int32(binary.LittleEndian.Uint32(b[8:]))) + 30*int64(int32(binary.LittleEndian.Uint32(b[12:])))
	return addMul(us, days, 86400*1e6)
}

// addMul is us + a*b over 128 bits, of which the low 96 are returned (|a| < 2^36 and b < 2^37 keep it below 2^95).
func addMul(us, a, b int64) (hi int32, lo uint64) {
	phi, plo := mulSigned(a, b)
	lo = plo + uint64(us)
	if lo < plo {
		phi++
	}
	phi += us >> 63
	return int32(phi), lo
}

const (
	numClassNegInf = iota + 1
	numClassNeg
	numClassZero
	numClassPos
	numClassInf
	numClassNaN
)

// keyNumeric appends a class byte and, for classes neg and pos: weight as 2 bytes sign-flipped, each digit plus 256
// as 2 bytes, and a zero byte; all of these inverted for neg. Scales do not show: 1.0 and 1.00 give the same key.
func keyNumeric(dst []byte, n Numeric) []byte {
	switch {
	case n.IsNaN():
		return append(dst, numClassNaN)
	case n.IsInf(1):
		return append(dst, numClassInf)
	case n.IsInf(-1):
		return append(dst, numClassNegInf)
	case n.IsZero():
		return append(dst, numClassZero)
	}
	class := byte(numClassPos)
	if n.Neg() {
		class = numClassNeg
	}
	dst = append(dst, class)
	start := len(dst)
	dst = binary.BigEndian.AppendUint16(dst, uint16(n.Weight())^1<<15)
	for i := range n.NumDigits() {
		dst = binary.BigEndian.AppendUint16(dst, uint16(n.Digit(i))+256)
	}
	dst = append(dst, 0)
	if n.Neg() {
		invert(dst[start:])
	}
	return dst
}

// keyArray appends array_cmp's order: the elements (NULL above all), then their number, the number of dimensions, the
// lengths, the lower bounds.
func keyArray(dst []byte, a Array) []byte {
	n := a.Len()
	for i := range n {
		dst = AppendKey(dst, a.ElemKind(), a.elem(i, n), false, false)
	}
	dst = append(dst, 0, byte(a.NumDims()))
	for i := range a.NumDims() {
		dst = binary.BigEndian.AppendUint32(dst, uint32(a.Dim(i).Len))
	}
	for i := range a.NumDims() {
		dst = binary.BigEndian.AppendUint32(dst, uint32(int32(a.Dim(i).Lower))^1<<31)
	}
	return dst
}

// keyRecord appends record_cmp's order: field by field, NULL above all.
func keyRecord(dst []byte, r Record) []byte {
	for i := range r.Len() {
		f := r.Field(i)
		dst = AppendKey(dst, f.Kind, f.Value, false, false)
	}
	return append(dst, 0)
}

// PrefixEnd turns prefix in place into the smallest key above all keys that begin with it, and returns it. It is nil
// if there is none (all bytes 0xff).
func PrefixEnd(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			prefix[i]++
			return prefix[:i+1]
		}
	}
	return nil
}

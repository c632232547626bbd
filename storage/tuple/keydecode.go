package tuple

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
)

// KeyExact reports whether DecodeKey gives back the very value. Otherwise it gives an equal one (floats: -0 becomes
// 0; numeric: the smallest scale that shows all digits; char(n): no trailing blanks), or ErrKeyNotDecodable
// (interval, array, record, jsonb, range, multirange, keyed, folded).
func KeyExact(kind Kind) bool {
	switch kind {
	case KindFloat32, KindFloat64, KindNumeric, KindBpchar, KindInterval, KindArray, KindRecord, KindJSONB, KindRange, KindMultirange, KindKeyed, KindFolded:
		return false
	}
	return kind.Valid()
}

// SkipKey returns what follows the first column of key.
func SkipKey(key []byte, kind Kind, desc bool) (rest []byte, err error) {
	if len(key) == 0 {
		return nil, fmt.Errorf("%w: column missing", ErrBadKey)
	}
	switch key[0] {
	case markNullFirst, markNullLast:
		return key[1:], nil
	case markValue:
	default:
		return nil, fmt.Errorf("%w: mark %#x", ErrBadKey, key[0])
	}
	n, err := keyValueLen(key[1:], kind, desc)
	if err != nil {
		return nil, err
	}
	return key[1+n:], nil
}

// keyValueLen is the size of the encoded value that b begins with.
func keyValueLen(b []byte, kind Kind, desc bool) (int, error) {
	n := kind.Width()
	switch kind {
	case KindNumeric:
		n = numericKeyLen(b, desc)
	case KindInterval:
		n = 12
	case KindBytes, KindText, KindBpchar, KindArray, KindRecord, KindJSONB, KindRange, KindMultirange, KindKeyed, KindFolded:
		n = escapedLen(b, desc)
	}
	if n <= 0 || n > len(b) {
		return 0, fmt.Errorf("%w: column of kind %d not complete", ErrBadKey, kind)
	}
	return n, nil
}

// escapedLen is the size of an escaped value with its end, 0 if it has none or a bad escape.
func escapedLen(b []byte, desc bool) int {
	var flip byte
	if desc {
		flip = 0xff
	}
	for i := 0; ; {
		j := bytes.IndexByte(b[i:], keyEscape^flip)
		if j < 0 || i+j+1 >= len(b) {
			return 0
		}
		i += j + 2
		switch b[i-1] ^ flip {
		case keyEnd:
			return i
		case keyEsc00:
		default:
			return 0
		}
	}
}

func numericKeyLen(b []byte, desc bool) int {
	if len(b) == 0 {
		return 0
	}
	flip := byte(0)
	if desc {
		flip = 0xff
	}
	class := b[0] ^ flip
	switch {
	case class < numClassNegInf || class > numClassNaN:
		return 0
	case class != numClassNeg && class != numClassPos:
		return 1
	}
	if class == numClassNeg {
		flip = ^flip
	}
	for i := 3; i < len(b); i += 2 {
		if b[i] == flip {
			return i + 1
		}
	}
	return 0
}

// DecodeKey decodes the first column of key and returns what follows it. Values that are not scalars are put at the
// end of buf, which is returned grown: they live as long as it does, so pass it on from column to column and use the
// Values before it is reset. Errors wrap ErrBadKey or ErrKeyNotDecodable.
func DecodeKey(key, buf []byte, kind Kind, desc bool) (v Value, rest, newBuf []byte, err error) {
	rest, err = SkipKey(key, kind, desc)
	if err != nil || key[0] != markValue {
		return Null, rest, buf, err
	}
	start := len(buf)
	buf = append(buf, key[1:len(key)-len(rest)]...)
	b := buf[start:]
	if desc {
		invert(b)
	}
	switch kind {
	case KindBool, KindInt8, KindInt16, KindInt32, KindInt64, KindUint32, KindUint64, KindFloat32, KindFloat64:
		return scalarFromKey(b, kind), rest, buf[:start], nil
	case KindUUID:
		return Bytes(b), rest, buf, nil
	case KindTimeTZ:
		return timeTZFromKey(b), rest, buf, nil
	case KindBytes, KindText, KindBpchar:
		b = unescape(b)
		return Bytes(b), rest, buf[:start+len(b)], nil
	case KindNumeric:
		n, err := appendNumericFromKey(buf, b)
		if err != nil {
			return Null, rest, buf[:start], err
		}
		return Bytes(n[start+len(b):]), rest, n, nil
	}
	return Null, rest, buf[:start], ErrKeyNotDecodable
}

func scalarFromKey(b []byte, kind Kind) Value {
	switch kind {
	case KindBool, KindInt8:
		return Uint(uint64(b[0]))
	case KindInt16:
		return Int(int64(int16(binary.BigEndian.Uint16(b) ^ 1<<15)))
	case KindInt32:
		return Int(int64(int32(binary.BigEndian.Uint32(b) ^ 1<<31)))
	case KindInt64:
		return Int(int64(binary.BigEndian.Uint64(b) ^ 1<<63))
	case KindUint32:
		return Uint(uint64(binary.BigEndian.Uint32(b)))
	case KindUint64:
		return Uint(binary.BigEndian.Uint64(b))
	case KindFloat32:
		u := binary.BigEndian.Uint32(b)
		if u>>31 != 0 {
			u ^= 1 << 31
		} else {
			u = ^u
		}
		return Float(canonNaN(float64(math.Float32frombits(u))))
	}
	u := binary.BigEndian.Uint64(b)
	if u>>63 != 0 {
		u ^= 1 << 63
	} else {
		u = ^u
	}
	return Float(canonNaN(math.Float64frombits(u)))
}

func canonNaN(f float64) float64 {
	if f != f {
		return math.NaN()
	}
	return f
}

func timeTZFromKey(b []byte) Value {
	utc := int64(binary.BigEndian.Uint64(b) ^ 1<<63)
	zone := int32(binary.BigEndian.Uint32(b[8:]) ^ 1<<31)
	binary.LittleEndian.PutUint64(b, uint64(utc-int64(zone)*1e6))
	binary.LittleEndian.PutUint32(b[8:], uint32(zone))
	return Bytes(b[:12])
}

// unescape is the twin of appendEscaped, in place; b is complete (escapedLen).
func unescape(b []byte) []byte {
	b = b[:len(b)-2]
	o := bytes.IndexByte(b, keyEscape)
	if o < 0 {
		return b
	}
	for i := o; i < len(b); i++ {
		b[o] = b[i]
		o++
		if b[i] == keyEscape {
			i++
		}
	}
	return b[:o]
}

func appendNumericFromKey(dst, b []byte) ([]byte, error) {
	switch b[0] {
	case numClassNaN:
		return append(dst, NumericNaN.Bytes()...), nil
	case numClassInf:
		return append(dst, NumericInf.Bytes()...), nil
	case numClassNegInf:
		return append(dst, NumericNegInf.Bytes()...), nil
	case numClassZero:
		return AppendNumericInt(dst, 0), nil
	}
	neg := b[0] == numClassNeg
	b = b[1:]
	if neg {
		invert(b)
	}
	weight := int(int16(binary.BigEndian.Uint16(b) ^ 1<<15))
	var arr [32]uint16
	digits := arr[:0]
	for b = b[2:]; len(b) > 1; b = b[2:] {
		d := binary.BigEndian.Uint16(b) - 256
		if d >= NumericBase {
			return dst, fmt.Errorf("%w: decimal digit %d", ErrBadKey, d)
		}
		digits = append(digits, d)
	}
	if len(digits) == 0 || digits[0] == 0 || digits[len(digits)-1] == 0 {
		return dst, fmt.Errorf("%w: decimal with zeros at an end", ErrBadKey)
	}
	scale := 4 * (len(digits) - 1 - weight)
	for last := digits[len(digits)-1]; last%10 == 0; last /= 10 {
		scale--
	}
	dst, err := AppendNumeric(dst, neg, weight, max(scale, 0), digits)
	if err != nil {
		return dst, fmt.Errorf("%w: %w", ErrBadKey, err)
	}
	return dst, nil
}

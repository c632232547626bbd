package types

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/storage/tuple"
)

// Compare orders two values of the type that are not NULL as its default btree operator class does; text by bytes
// (collation C).
func (t *Type) Compare(a, b Datum) int {
	if t.OID == OidVector { // the one type whose kind does not tell its order: shorter vectors first
		if la, lb := tuple.Array(a.Bytes()).Len(), tuple.Array(b.Bytes()).Len(); la != lb {
			return la - lb
		}
	}
	return CompareKind(t.Kind, a, b)
}

// CompareKind is Compare for callers that know the kind.
func CompareKind(k tuple.Kind, a, b Datum) int { return tuple.Compare(k, a, b) }

// Equal reports whether the type's = holds; it is Compare == 0, and quicker for most kinds.
func (t *Type) Equal(a, b Datum) bool { return EqualKind(t.Kind, a, b) }

// EqualKind is Equal for callers that know the kind.
func EqualKind(k tuple.Kind, a, b Datum) bool {
	switch k {
	case tuple.KindText, tuple.KindBytes, tuple.KindUUID, tuple.KindTimeTZ:
		return a.Len() == b.Len() && bytes.Equal(a.Bytes(), b.Bytes())
	case tuple.KindBool, tuple.KindInt8, tuple.KindInt16, tuple.KindInt32, tuple.KindInt64, tuple.KindUint32, tuple.KindUint64:
		return a.Uint() == b.Uint()
	}
	return tuple.Compare(k, a, b) == 0
}

// Hash agrees with Equal: what is equal hashes alike. Hashes of different types are not comparable.
func (t *Type) Hash(d Datum, seed uint64) uint64 { return HashKind(t.Kind, d, seed) }

// HashKind is Hash for callers that know the kind. NULL has a hash of its own.
func HashKind(k tuple.Kind, d Datum, seed uint64) uint64 {
	if d.IsNull() {
		return mix(seed, 0x9e3779b97f4a7c15)
	}
	switch k {
	case tuple.KindFloat32, tuple.KindFloat64:
		f := d.Float()
		switch {
		case f == 0:
			f = 0 // -0 equals 0
		case f != f:
			f = math.NaN()
		}
		return mix(seed, math.Float64bits(f))
	case tuple.KindBpchar:
		return hashBytes(bytes.TrimRight(d.Bytes(), " "), seed)
	case tuple.KindFolded:
		return hashBytes(tuple.FoldedKey(d.Bytes()), seed)
	case tuple.KindNumeric:
		return hashNumeric(d, seed)
	case tuple.KindInterval:
		hi, lo := intervalSpan(d)
		return mix(mix(seed, uint64(hi)), lo)
	case tuple.KindJSONB: // numbers that differ in scale only are equal: the key form leaves the scale out
		return hashBytes(tuple.AppendKey(nil, k, d, false, false), seed)
	case tuple.KindArray:
		a := tuple.Array(d.Bytes())
		seed = mix(seed, uint64(a.Len()))
		for i := range a.Len() {
			seed = HashKind(a.ElemKind(), a.Elem(i), seed)
		}
		return seed
	case tuple.KindKeyed, tuple.KindRange, tuple.KindMultirange: // bounds may be of any kind: the key form leaves out what does not count
		return hashBytes(tuple.AppendKey(nil, k, d, false, false), seed)
	case tuple.KindRecord:
		r := tuple.Record(d.Bytes())
		seed = mix(seed, uint64(r.Len()))
		for i := range r.Len() {
			f := r.Field(i)
			seed = HashKind(f.Kind, f.Value, seed)
		}
		return seed
	}
	if d.IsScalar() {
		return mix(seed, d.Uint())
	}
	return hashBytes(d.Bytes(), seed)
}

// hashNumeric leaves the display scale out.
func hashNumeric(d Datum, seed uint64) uint64 {
	n := numeric.Of(d)
	b := d.Bytes()
	if len(b) < 4 {
		return hashBytes(b, seed)
	}
	head := uint64(binary.LittleEndian.Uint16(b[2:])) << 1
	if n.Neg() {
		head |= 1
	}
	return hashBytes(b[4:], mix(seed, head))
}

// intervalSpan is the interval in µs as PostgreSQL compares it (months of 30 days, days of 24 hours), 128 bits.
func intervalSpan(d Datum) (hi int64, lo uint64) { return temporal.IntervalOf(d).Span() }

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0xa0761d6478bd642f, b^0xe7037ed1a0b428db)
	return hi ^ lo ^ b
}

func hashBytes(b []byte, seed uint64) uint64 {
	h := mix(seed, uint64(len(b)))
	for len(b) >= 8 {
		h = mix(h, binary.LittleEndian.Uint64(b))
		b = b[8:]
	}
	if len(b) > 0 {
		var tail [8]byte
		copy(tail[:], b)
		h = mix(h, binary.LittleEndian.Uint64(tail[:]))
	}
	return h
}

package types

import (
	"bytes"

	"github.com/tarndb/tarn/sql/types/collation"
	"github.com/tarndb/tarn/storage/tuple"
)

// Collations that are always there.
const (
	DefaultCollation OID = 100
	CCollation       OID = 950
	PosixCollation   OID = 951
)

// Ordered gives a value whose order by kind is that of v under a collation: text as its sort key, arrays with such elements. What has no
// text in it stays. The second result is the kind to compare it as.
func Ordered(c *collation.Collator, k tuple.Kind, v Datum) (Datum, tuple.Kind) {
	if c == nil || v.IsNull() {
		return v, k
	}
	switch k {
	case tuple.KindText:
		return tuple.Bytes(c.AppendKey(nil, v.Bytes())), k
	case tuple.KindBpchar:
		return tuple.Bytes(c.AppendKey(nil, bytes.TrimRight(v.Bytes(), " "))), tuple.KindText
	case tuple.KindArray:
		a := tuple.Array(v.Bytes())
		ek := a.ElemKind()
		if ek != tuple.KindText && ek != tuple.KindBpchar || a.Len() == 0 {
			return v, k
		}
		elems := a.Elems(nil)
		for i := range elems {
			elems[i], _ = Ordered(c, ek, elems[i])
		}
		return tuple.Bytes(tuple.AppendArray(nil, tuple.KindText, a.ElemOID(), a.Dims(nil), elems)), k
	}
	return v, k
}

// AppendOrderedKey is tuple.AppendKey under a collation; nil: that of bytes.
func AppendOrderedKey(dst []byte, c *collation.Collator, k tuple.Kind, v Datum, desc, nullsFirst bool) []byte {
	if c != nil {
		v, k = Ordered(c, k, v)
	}
	return tuple.AppendKey(dst, k, v, desc, nullsFirst)
}

// CompareOrdered is CompareKind under a collation.
func CompareOrdered(c *collation.Collator, k tuple.Kind, a, b Datum) int {
	switch {
	case c == nil:
		return CompareKind(k, a, b)
	case k == tuple.KindText:
		return c.Compare(a.Bytes(), b.Bytes())
	}
	a, to := Ordered(c, k, a)
	b, _ = Ordered(c, k, b)
	return CompareKind(to, a, b)
}

// EqualOrdered is EqualKind under a collation.
func EqualOrdered(c *collation.Collator, k tuple.Kind, a, b Datum) bool {
	if c.Deterministic() {
		return EqualKind(k, a, b)
	}
	return CompareOrdered(c, k, a, b) == 0
}

// HashOrdered agrees with EqualOrdered.
func HashOrdered(c *collation.Collator, k tuple.Kind, v Datum, seed uint64) uint64 {
	if !c.Deterministic() {
		v, k = Ordered(c, k, v)
	}
	return HashKind(k, v, seed)
}

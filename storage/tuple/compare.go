package tuple

import (
	"bytes"
	"cmp"
	"math/bits"
)

// Compare orders two values that are not NULL as their keys do, that is as PostgreSQL's default btree operator class
// (text in collation C). jsonb is compared through its keys, which allocates; all else does not.
func Compare(kind Kind, a, b Value) int {
	switch kind {
	case KindBool, KindInt8, KindUint32, KindUint64:
		return cmp.Compare(a.n, b.n)
	case KindInt16, KindInt32, KindInt64:
		return cmp.Compare(int64(a.n), int64(b.n))
	case KindFloat32, KindFloat64:
		return compareFloat(a.Float(), b.Float())
	case KindBytes, KindText, KindUUID:
		return bytes.Compare(a.Bytes(), b.Bytes())
	case KindBpchar:
		return bytes.Compare(bytes.TrimRight(a.Bytes(), " "), bytes.TrimRight(b.Bytes(), " "))
	case KindNumeric:
		return CompareNumeric(Numeric(a.Bytes()), Numeric(b.Bytes()))
	case KindTimeTZ:
		return compareTimeTZ(a.Bytes(), b.Bytes())
	case KindInterval:
		ah, al := intervalSpan(a.Bytes())
		bh, bl := intervalSpan(b.Bytes())
		return cmp.Or(cmp.Compare(ah, bh), cmp.Compare(al, bl))
	case KindArray:
		return compareArray(Array(a.Bytes()), Array(b.Bytes()))
	case KindRecord:
		return compareRecord(Record(a.Bytes()), Record(b.Bytes()))
	case KindRange:
		return compareRange(Range(a.Bytes()), Range(b.Bytes()))
	case KindMultirange:
		return compareMultirange(Array(a.Bytes()), Array(b.Bytes()))
	case KindFolded:
		return compareFolded(a.Bytes(), b.Bytes())
	case KindKeyed:
		return bytes.Compare(keyOf(a), keyOf(b))
	case KindJSONB:
		return bytes.Compare(keyJSONB(nil, a.Bytes()), keyJSONB(nil, b.Bytes()))
	}
	panic("tuple: compare of invalid kind")
}

// compareFloat puts NaN above everything and equal to itself.
func compareFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	case a == a:
		return -1
	case b == b:
		return 1
	}
	return 0
}

func compareTimeTZ(a, b []byte) int {
	aus, azone := timeTZ(a)
	bus, bzone := timeTZ(b)
	return cmp.Or(cmp.Compare(aus+int64(azone)*1e6, bus+int64(bzone)*1e6), cmp.Compare(azone, bzone))
}

func compareArray(a, b Array) int {
	na, nb := a.Len(), b.Len()
	for i := range min(na, nb) {
		if c := compareNullable(a.ElemKind(), a.elem(i, na), b.elem(i, nb)); c != 0 {
			return c
		}
	}
	if c := cmp.Or(cmp.Compare(na, nb), cmp.Compare(a.NumDims(), b.NumDims())); c != 0 {
		return c
	}
	for i := range a.NumDims() {
		if c := cmp.Compare(a.Dim(i).Len, b.Dim(i).Len); c != 0 {
			return c
		}
	}
	for i := range a.NumDims() {
		if c := cmp.Compare(a.Dim(i).Lower, b.Dim(i).Lower); c != 0 {
			return c
		}
	}
	return 0
}

func compareRecord(a, b Record) int {
	na, nb := a.Len(), b.Len()
	for i := range min(na, nb) {
		fa, fb := a.Field(i), b.Field(i)
		if c := compareNullable(fa.Kind, fa.Value, fb.Value); c != 0 {
			return c
		}
	}
	return cmp.Compare(na, nb)
}

// compareNullable puts NULL above everything and equal to itself.
func compareNullable(kind Kind, a, b Value) int {
	switch an, bn := a.IsNull(), b.IsNull(); {
	case an && bn:
		return 0
	case an:
		return 1
	case bn:
		return -1
	}
	return Compare(kind, a, b)
}

// mulSigned is the 128-bit product of two signed integers.
func mulSigned(a, b int64) (hi int64, lo uint64) {
	h, lo := bits.Mul64(uint64(a), uint64(b))
	hi = int64(h)
	if a < 0 {
		hi -= b
	}
	if b < 0 {
		hi -= a
	}
	return hi, lo
}

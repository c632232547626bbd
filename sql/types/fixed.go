package types

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/tarndb/tarn/storage/tuple"
)

// Fixed-length types whose parts have numbers from 0: point[0] is x (manual: 9.11). A box and a segment have points, a
// line its three coefficients, a name its bytes.
const rawSubscriptHandler = 6180

// FixedElems is how many parts a value of such a type has; 0 for every other type.
func (t *Type) FixedElems() int {
	if t.Subscript != rawSubscriptHandler {
		return 0
	}
	elem := Lookup(t.Elem)
	if elem == nil || elem.Len <= 0 {
		return 0
	}
	return int(t.Len) / int(elem.Len)
}

// FixedElem is part i, counted from 0 and below FixedElems.
func (t *Type) FixedElem(d Datum, i int) Datum {
	if t.OID == Name {
		if i < d.Len() {
			return tuple.Uint(uint64(d.Bytes()[i]))
		}
		return tuple.Uint(0)
	}
	n := int(Lookup(t.Elem).Len)
	part := d.Bytes()[n*i : n*i+n]
	if t.Elem == Float8 {
		return tuple.Float(math.Float64frombits(binary.LittleEndian.Uint64(part)))
	}
	return tuple.Bytes(part)
}

// SetFixedElem is a copy of d with part i replaced.
func (t *Type) SetFixedElem(d Datum, i int, v Datum) Datum {
	if t.OID == Name {
		b := make([]byte, t.Len)
		copy(b, d.Bytes())
		b[i] = byte(v.Uint())
		end := bytes.IndexByte(b, 0)
		if end < 0 {
			end = NameLen
		}
		return tuple.String(TruncateName(string(b[:end])))
	}
	n := int(Lookup(t.Elem).Len)
	b := bytes.Clone(d.Bytes())
	if t.Elem == Float8 {
		binary.LittleEndian.PutUint64(b[n*i:], math.Float64bits(v.Float()))
	} else {
		copy(b[n*i:], v.Bytes())
	}
	return tuple.Bytes(b)
}

package tuple

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
)

var allKinds = func() (ks []Kind) {
	for k := KindBool; k <= KindFolded; k++ {
		ks = append(ks, k)
	}
	return ks
}()

// randomValue makes values that collide often and sit at edges.
func randomValue(r *rand.Rand, k Kind, depth int) Value {
	switch k {
	case KindBool:
		return Bool(r.IntN(2) == 1)
	case KindInt8:
		return Uint(uint64(r.IntN(256)))
	case KindInt16:
		return Int(int64(int16(edge(r))))
	case KindInt32:
		return Int(int64(int32(edge(r))))
	case KindInt64:
		return Int(int64(edge(r)))
	case KindUint32:
		return Uint(uint64(uint32(edge(r))))
	case KindUint64:
		return Uint(edge(r))
	case KindFloat32:
		return Float(float64(float32(randomFloat(r))))
	case KindFloat64:
		return Float(randomFloat(r))
	case KindBytes, KindText, KindBpchar, KindFolded:
		return String(randomString(r))
	case KindNumeric:
		return Bytes(mustNumeric(randomNumeric(r)))
	case KindUUID:
		b := make([]byte, 16)
		b[r.IntN(16)] = byte(r.IntN(256))
		return Bytes(b)
	case KindTimeTZ:
		b := binary.LittleEndian.AppendUint64(nil, uint64(r.IntN(3))*3600e6)
		return Bytes(binary.LittleEndian.AppendUint32(b, uint32(int32(r.IntN(5)-2)*3600)))
	case KindInterval:
		b := binary.LittleEndian.AppendUint64(nil, edge(r)%(1<<50))
		b = binary.LittleEndian.AppendUint32(b, uint32(edge(r)))
		return Bytes(binary.LittleEndian.AppendUint32(b, uint32(edge(r))))
	case KindArray:
		return Bytes(randomArray(r, depth))
	case KindRecord:
		fields := make([]Field, 3)
		for i := range fields {
			fields[i] = Field{OID: uint32(i), Kind: nestedKind(r, depth)}
			fields[i].Value = nullable(r, fields[i].Kind, depth+1)
		}
		var names FieldNames
		if r.IntN(2) == 0 {
			names = PackFieldNames([]string{randomString(r), "f2", randomString(r)})
		}
		return Bytes(AppendNamedRecord(nil, fields, names))
	case KindRange:
		return Bytes(randomRange(r, depth))
	case KindMultirange:
		return Bytes(randomMultirange(r))
	case KindKeyed:
		key := randomString(r)
		b := binary.LittleEndian.AppendUint32(nil, uint32(len(key)))
		return Bytes(append(append(b, key...), randomString(r)...))
	case KindJSONB:
		return String(randomJSON(r, 0))
	}
	panic(k)
}

func nestedKind(r *rand.Rand, depth int) Kind {
	if depth > 1 {
		return KindInt16
	}
	return allKinds[r.IntN(len(allKinds))]
}

func nullable(r *rand.Rand, k Kind, depth int) Value {
	if r.IntN(6) == 0 {
		return Null
	}
	return randomValue(r, k, depth)
}

func edge(r *rand.Rand) uint64 {
	switch r.IntN(4) {
	case 0:
		return uint64(r.IntN(3)) - 1
	case 1:
		return 1<<(r.IntN(64)) - uint64(r.IntN(2))
	case 2:
		return r.Uint64() >> r.IntN(64)
	}
	return -(r.Uint64() >> r.IntN(64))
}

func randomFloat(r *rand.Rand) float64 {
	special := []float64{0, math.Copysign(0, -1), math.NaN(), math.Inf(1), math.Inf(-1), 1, -1, math.SmallestNonzeroFloat64, math.MaxFloat64}
	if r.IntN(2) == 0 {
		return special[r.IntN(len(special))]
	}
	return r.NormFloat64() * math.Pow(10, float64(r.IntN(40)-20))
}

func randomString(r *rand.Rand) string {
	b := make([]byte, r.IntN(5))
	for i := range b {
		b[i] = []byte{0, 1, 2, ' ', 'a', 'b', 0xfe, 0xff}[r.IntN(8)]
	}
	return string(b)
}

func randomNumeric(r *rand.Rand) string {
	if r.IntN(8) == 0 {
		return []string{"NaN", "Infinity", "-Infinity", "0", "0.00"}[r.IntN(5)]
	}
	s := fmt.Sprint(r.Uint64() >> r.IntN(64))
	if r.IntN(3) == 0 {
		s += strings.Repeat("0", r.IntN(20))
	}
	if r.IntN(2) == 0 {
		s += "." + strings.Repeat("0", r.IntN(9)) + fmt.Sprint(r.Uint64()>>r.IntN(64))
	}
	if r.IntN(2) == 0 {
		s = "-" + s
	}
	return s
}

func mustNumeric(s string) []byte {
	b, err := AppendNumericText(nil, s)
	if err != nil {
		panic(fmt.Sprint(s, err))
	}
	return b
}

func randomArray(r *rand.Rand, depth int) []byte {
	k := KindInt16
	if depth == 0 && r.IntN(2) == 0 {
		k = KindText
	}
	return randomArrayOf(r, k)
}

func randomArrayOf(r *rand.Rand, k Kind) []byte {
	n := r.IntN(4)
	if n == 0 {
		return AppendArray(nil, k, 25, nil, nil)
	}
	dims := []ArrayDim{{Len: n, Lower: r.IntN(2)}}
	if r.IntN(3) == 0 {
		dims = append(dims, ArrayDim{Len: 2, Lower: 1})
		n *= 2
	}
	elems := make([]Value, n)
	for i := range elems {
		elems[i] = nullable(r, k, 2)
	}
	return AppendArray(nil, k, 25, dims, elems)
}

// randomRange makes ranges that need not be canonical: storage does not care which bound is the greater one.
func randomRange(r *rand.Rand, depth int) []byte {
	kind := []Kind{KindInt32, KindNumeric, KindText, KindArray, KindFloat64}[r.IntN(5)]
	if depth > 0 {
		kind = KindInt32
	}
	return randomRangeOf(r, kind)
}

func randomRangeOf(r *rand.Rand, kind Kind) []byte {
	if r.IntN(6) == 0 {
		return AppendEmptyRange(nil, kind, 23)
	}
	bound := func(lower bool) Bound {
		b := Bound{Lower: lower, Infinite: r.IntN(5) == 0, Inclusive: r.IntN(2) == 0}
		if !b.Infinite {
			b.Value = randomValue(r, kind, 2)
		}
		return b
	}
	return AppendRange(nil, kind, 23, bound(true), bound(false))
}

func randomMultirange(r *rand.Rand) []byte {
	var dims []ArrayDim
	elems := make([]Value, r.IntN(3))
	for i := range elems {
		elems[i] = Bytes(randomRangeOf(r, KindInt32))
	}
	if len(elems) > 0 {
		dims = []ArrayDim{{Len: len(elems), Lower: 1}}
	}
	return AppendArray(nil, KindRange, 3904, dims, elems)
}

func randomJSON(r *rand.Rand, depth int) string {
	n := 7
	if depth > 1 {
		n = 5
	}
	switch r.IntN(n) {
	case 0:
		return "null"
	case 1:
		return `"` + []string{"", "a", `\u0000`, `b\"`, "é"}[r.IntN(5)] + `"`
	case 2:
		return []string{"0", "1", "1.0", "-2", "1.5e10"}[r.IntN(5)]
	case 3:
		return "true"
	case 4:
		return "false"
	case 5:
		parts := make([]string, r.IntN(3))
		for i := range parts {
			parts[i] = randomJSON(r, depth+1)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	parts := make([]string, r.IntN(3))
	for i := range parts {
		parts[i] = fmt.Sprintf(`"%c": %s`, 'a'+2*i+r.IntN(2), randomJSON(r, depth+1))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// sameValue reports equal bits; NaN equals itself.
func sameValue(k Kind, a, b Value) bool {
	if a.IsNull() || b.IsNull() {
		return a.IsNull() && b.IsNull()
	}
	if a.IsScalar() {
		return a.n == b.n || (k == KindFloat32 || k == KindFloat64) && a.Float() != a.Float() && b.Float() != b.Float()
	}
	return a.Str() == b.Str()
}

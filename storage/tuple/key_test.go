package tuple

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func sign(i int) int {
	switch {
	case i < 0:
		return -1
	case i > 0:
		return 1
	}
	return 0
}

// TestKeyOrder: keys order as Compare does, in both directions, with NULL where it was asked to be.
func TestKeyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, k := range allKinds {
		for range 4000 {
			a, b := nullable(r, k, 0), nullable(r, k, 0)
			if k == KindArray {
				a, b = Bytes(randomArrayOf(r, KindText)), Bytes(randomArrayOf(r, KindText))
			}
			if k == KindRange {
				a, b = Bytes(randomRangeOf(r, KindText)), Bytes(randomRangeOf(r, KindText))
			}
			if k == KindRecord {
				b = sameShape(r, a)
			}
			checkOrder(t, k, a, b)
		}
	}
}

// sameShape makes a record with a's field kinds: others do not compare.
func sameShape(r *rand.Rand, a Value) Value {
	if a.IsNull() {
		return a
	}
	rec := Record(a.Bytes())
	fields := make([]Field, rec.Len())
	for i := range fields {
		fields[i] = rec.Field(i)
		if fields[i].Kind != KindArray && fields[i].Kind != KindRecord && r.IntN(2) == 0 {
			fields[i].Value = nullable(r, fields[i].Kind, 3)
		}
	}
	return Bytes(AppendRecord(nil, fields))
}

func checkOrder(t *testing.T, k Kind, a, b Value) {
	t.Helper()
	for _, desc := range []bool{false, true} {
		for _, nullsFirst := range []bool{false, true} {
			ka, kb := AppendKey(nil, k, a, desc, nullsFirst), AppendKey(nil, k, b, desc, nullsFirst)
			if got, want := bytes.Compare(ka, kb), wantOrder(k, a, b, desc, nullsFirst); got != want {
				t.Fatalf("kind %d: %v against %v (desc %v, nulls first %v): keys % x, % x compare %d, want %d",
					k, a, b, desc, nullsFirst, ka, kb, got, want)
			}
			// No key is a proper prefix of another, so that columns can follow each other.
			if !bytes.Equal(ka, kb) && (bytes.HasPrefix(ka, kb) || bytes.HasPrefix(kb, ka)) {
				t.Fatalf("kind %d: % x is a prefix of % x", k, ka, kb)
			}
		}
	}
}

func wantOrder(k Kind, a, b Value, desc, nullsFirst bool) int {
	first := 1
	if nullsFirst {
		first = -1
	}
	switch {
	case a.IsNull() && b.IsNull():
		return 0
	case a.IsNull():
		return first
	case b.IsNull():
		return -first
	case desc:
		return -sign(Compare(k, a, b))
	}
	return sign(Compare(k, a, b))
}

// TestKeyDecode: decoding gives back the value (or an equal one) and the rest of the key.
func TestKeyDecode(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	var buf []byte
	for _, k := range allKinds {
		for range 2000 {
			v, desc := nullable(r, k, 0), r.IntN(2) == 0
			key := append(AppendKey(nil, k, v, desc, false), "rest"...)
			orig := bytes.Clone(key)
			got, rest, nb, err := DecodeKey(key, buf[:0], k, desc)
			buf = nb
			if string(rest) != "rest" || !bytes.Equal(key, orig) {
				t.Fatalf("kind %d: rest %q", k, rest)
			}
			if errors.Is(err, ErrKeyNotDecodable) {
				if KeyExact(k) || v.IsNull() {
					t.Fatalf("kind %d not decodable", k)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			equal := sameValue(k, got, v)
			if !KeyExact(k) && !equal && !v.IsNull() {
				equal = Compare(k, got, v) == 0
			}
			if !equal {
				t.Fatalf("kind %d: %v came back as %v", k, v, got)
			}
		}
	}
}

// TestKeyOrderPostgres: lists in the order that PostgreSQL 15 gives (select … order by 1), equal values on one line.
func TestKeyOrderPostgres(t *testing.T) {
	interval := func(us int64, days, months int32) Value {
		b := binary.LittleEndian.AppendUint64(nil, uint64(us))
		b = binary.LittleEndian.AppendUint32(b, uint32(days))
		return Bytes(binary.LittleEndian.AppendUint32(b, uint32(months)))
	}
	timetz := func(us int64, zone int32) Value {
		return Bytes(binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint64(nil, uint64(us)), uint32(zone)))
	}
	texts := func(lines ...[]string) (out [][]Value) {
		for _, l := range lines {
			var vs []Value
			for _, s := range l {
				vs = append(vs, String(s))
			}
			out = append(out, vs)
		}
		return out
	}
	numerics := func(lines ...[]string) (out [][]Value) {
		for _, l := range lines {
			var vs []Value
			for _, s := range l {
				vs = append(vs, Bytes(mustNumeric(s)))
			}
			out = append(out, vs)
		}
		return out
	}
	ints := func(dims []ArrayDim, elems ...any) []Value {
		vs := make([]Value, len(elems))
		for i, e := range elems {
			vs[i] = Null
			if e != nil {
				vs[i] = Int(int64(e.(int)))
			}
		}
		return []Value{Bytes(AppendArray(nil, KindInt32, 23, dims, vs))}
	}
	dim := func(n, lower int) []ArrayDim { return []ArrayDim{{n, lower}} }
	for name, c := range map[string]struct {
		kind  Kind
		lines [][]Value
	}{
		"float8": {KindFloat64, [][]Value{{Float(math.Inf(-1))}, {Float(-1)}, {Float(0), Float(math.Copysign(0, -1))}, {Float(1)}, {Float(math.Inf(1))}, {Float(math.NaN()), Float(-math.NaN())}}},
		"numeric": {KindNumeric, numerics([]string{"-Infinity"}, []string{"-10000"}, []string{"-9999.9"}, []string{"-1.5", "-1.50"}, []string{"-0.0001"},
			[]string{"0", "0.00", "-0"}, []string{"0.00001"}, []string{"0.0001"}, []string{"1", "1.0", "1.00000"}, []string{"1.0001"}, []string{"9999"}, []string{"10000", "1e4"}, []string{"1e20"}, []string{"Infinity"}, []string{"NaN"})},
		"bpchar": {KindBpchar, texts([]string{"", "  "}, []string{"a", "a  "}, []string{"a\tb"}, []string{"ab", "ab "})},
		"interval": {KindInterval, [][]Value{
			{interval(0, 0, math.MinInt32)}, {interval(0, -31, 1), interval(-86400e6, 0, 0)}, {interval(0, 0, 0)}, {interval(1, 0, 0)}, {interval(0, 1, 0), interval(86400e6, 0, 0)},
			{interval(0, 0, 1), interval(0, 30, 0), interval(30*86400e6, 0, 0)}, {interval(1, 30, 0)}, {interval(math.MaxInt64, 0, 0)}, {interval(math.MaxInt64, 1, 0)}, {interval(0, 0, math.MaxInt32)}}},
		// 11:00+00, then the same instant 12:00+01 and 12:00+00 …: at equal instants the zone west of UTC decides.
		"timetz": {KindTimeTZ, [][]Value{{timetz(12*3600e6, -3600)}, {timetz(11*3600e6, 0)}, {timetz(10*3600e6, 3600)}, {timetz(12*3600e6, 0)}}},
		"int4[]": {KindArray, [][]Value{
			ints(nil), ints(dim(1, 1), 1), ints(dim(2, 0), 1, 2), ints(dim(2, 1), 1, 2), ints([]ArrayDim{{1, 1}, {2, 1}}, 1, 2), ints([]ArrayDim{{2, 1}, {1, 1}}, 1, 2),
			ints(dim(3, 1), 1, 2, 3), ints(dim(2, 1), 1, nil), ints(dim(1, 1), 2), ints(dim(1, 1), nil), ints(dim(2, 1), nil, nil)}},
		"jsonb": {KindJSONB, texts([]string{"[]"}, []string{"null"}, []string{`""`}, []string{`"a"`}, []string{`"b"`}, []string{"-1"}, []string{"1", "1.0"}, []string{"2"}, []string{"false"}, []string{"true"},
			[]string{"[null]"}, []string{"[1]"}, []string{"[[]]"}, []string{"[{}]"}, []string{"[0, 0]"}, []string{"[1, 2]"}, []string{"{}"},
			[]string{`{"a": 1}`}, []string{`{"a": 2}`}, []string{`{"b": 1}`}, []string{`{"b": 1, "d": 1}`}, []string{`{"c": 1, "aa": 1}`})},
	} {
		t.Run(name, func(t *testing.T) {
			var prev []byte
			for i, line := range c.lines {
				first := AppendKey(nil, c.kind, line[0], false, false)
				if i > 0 && bytes.Compare(prev, first) >= 0 {
					t.Errorf("line %d: % x is not above % x", i, first, prev)
				}
				for _, v := range line[1:] {
					if k := AppendKey(nil, c.kind, v, false, false); !bytes.Equal(k, first) {
						t.Errorf("line %d: % x differs from % x", i, k, first)
					}
				}
				prev = first
			}
		})
	}
}

func TestPrefixEnd(t *testing.T) {
	for _, c := range []struct{ in, want []byte }{
		{[]byte{1, 2}, []byte{1, 3}}, {[]byte{1, 0xff}, []byte{2}}, {[]byte{0xff, 0xff}, nil}, {nil, nil},
	} {
		if got := PrefixEnd(slices.Clone(c.in)); !bytes.Equal(got, c.want) || (got == nil) != (c.want == nil) {
			t.Errorf("% x: % x", c.in, got)
		}
	}
}

// FuzzDecodeKey: any bytes decode or fail, and what decodes exactly encodes back.
func FuzzDecodeKey(f *testing.F) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, k := range allKinds {
		for range 5 {
			f.Add(AppendKey(nil, k, nullable(r, k, 0), r.IntN(2) == 0, false), byte(k), r.IntN(2) == 0)
		}
	}
	f.Fuzz(func(t *testing.T, key []byte, kind byte, desc bool) {
		k := Kind(kind)
		if !k.Valid() {
			return
		}
		v, rest, _, err := DecodeKey(key, nil, k, desc)
		if err != nil || v.IsNull() {
			return
		}
		used := key[:len(key)-len(rest)]
		if again := AppendKey(nil, k, v, desc, false); !bytes.Equal(again, used) && (KeyExact(k) || k == KindNumeric) {
			t.Fatalf("kind %d: % x decodes to %v, which encodes as % x", k, used, v, again)
		}
	})
}

func BenchmarkAppendKeyInt32(b *testing.B) {
	buf := make([]byte, 0, 64)
	for b.Loop() {
		AppendKey(AppendPrefix(buf, 1000, 1), KindInt32, Int(12345), false, false)
	}
}

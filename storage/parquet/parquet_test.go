package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tarndb/tarn/storage/tuple"
)

func col(name string, typ Type) Column { return Column{Name: name, Type: typ} }

func allTypes() []Column {
	arr := func(t Type) Type { return Type{ID: Array, Elem: &t} }
	mapOf := func(k, v Type) Type { return Type{ID: Map, Key: &k, Elem: &v} }
	inner := Type{ID: Struct, Fields: []Field{{Name: "x y", Type: Type{ID: Long}, ID: 7}, {Name: "l", Type: arr(Type{ID: Date})}}}
	return []Column{
		col("z flag", Type{ID: Boolean}), col("by", Type{ID: Byte}), col("sh", Type{ID: Short}), col("in", Type{ID: Integer}),
		col("a_b", Type{ID: Long}), col("a b", Type{ID: Float}), col("do", Type{ID: Double}),
		col("d9", Type{ID: Decimal, Precision: 9, Scale: 2}), col("d18", Type{ID: Decimal, Precision: 18}),
		col("d38", Type{ID: Decimal, Precision: 38, Scale: 10}), col("st", Type{ID: String}),
		col("bi", Type{ID: Binary}), col("da", Type{ID: Date}), col("ts", Type{ID: Timestamp}), col("tn", Type{ID: TimestampNTZ}),
		col("al", arr(Type{ID: Long})), col("as", arr(Type{ID: String})), {Name: "strc", Type: inner, ID: 99}, col("aa", arr(arr(Type{ID: Short}))),
		col("ms", mapOf(Type{ID: String}, inner)), col("am", arr(mapOf(Type{ID: Integer}, arr(inner)))), col(RowIDColumn, Type{ID: Long}),
	}
}

func randomValue(r *rand.Rand, t Type) tuple.Value {
	if r.IntN(7) == 0 {
		return tuple.Null
	}
	switch t.ID {
	case Boolean:
		return tuple.Bool(r.IntN(2) == 0)
	case Byte:
		return tuple.Int(int64(int8(r.Uint32())))
	case Short:
		return tuple.Int(int64(int16(r.Uint32())))
	case Integer, Date:
		return tuple.Int(int64(int32(r.Uint32())))
	case Float:
		return tuple.Float(float64(float32(r.NormFloat64())))
	case Double:
		return tuple.Float(r.NormFloat64())
	case Decimal:
		if t.Precision <= 9 {
			return tuple.Int(r.Int64N(1999999999) - 999999999)
		}
		if t.Precision > 18 {
			n := new(big.Int).Mul(big.NewInt(r.Int64()-r.Int64()), big.NewInt(r.Int64()))
			return tuple.Bytes(AppendInt128(nil, n))
		}
		return tuple.Int(r.Int64N(1e18) - 5e17)
	case String, Binary:
		b := make([]byte, r.IntN(20))
		for i := range b {
			b[i] = 'a' + byte(r.IntN(26))
		}
		return tuple.Bytes(b)
	case Array:
		var el []tuple.Value
		for range r.IntN(4) {
			el = append(el, randomValue(r, *t.Elem))
		}
		return tuple.Bytes(AppendList(nil, el))
	case Map:
		var el []tuple.Value
		for range r.IntN(3) {
			key := randomValue(r, *t.Key)
			for key.IsNull() {
				key = randomValue(r, *t.Key)
			}
			el = append(el, key, randomValue(r, *t.Elem))
		}
		return tuple.Bytes(AppendList(nil, el))
	case Struct:
		var el []tuple.Value
		for _, f := range t.Fields {
			el = append(el, randomValue(r, f.Type))
		}
		return tuple.Bytes(AppendList(nil, el))
	}
	return tuple.Int(int64(r.Uint64()))
}

func show(v tuple.Value) string {
	switch {
	case v.IsNull():
		return "null"
	case v.IsScalar():
		return fmt.Sprint(v.Uint())
	}
	return fmt.Sprintf("%q", v.Bytes())
}

// Every type comes back as it was written, across batches and row groups, and the statistics bound the values.
func TestRoundTrip(t *testing.T) {
	cols := allTypes()
	for _, rows := range []int{1, 5000, RowGroupRows + 10} {
		if rows > 5000 && testing.Short() {
			continue
		}
		r := rand.New(rand.NewPCG(1, uint64(rows)))
		var file bytes.Buffer
		w := NewWriter(&file, cols, WriterOptions{Codec: Codec(rows % 2)})
		want := make([][]tuple.Value, len(cols))
		for done := 0; done < rows; {
			n := min(rows-done, 1+r.IntN(9000))
			batch := make([][]tuple.Value, len(cols))
			for c := range cols {
				for i := range n {
					v := randomValue(r, cols[c].Type)
					if cols[c].Name == RowIDColumn {
						v = tuple.Int(int64(10 * (done + i)))
					}
					batch[c] = append(batch[c], v)
				}
				want[c] = append(want[c], batch[c]...)
			}
			if err := w.Write(batch); err != nil {
				t.Fatal(err)
			}
			done += n
		}
		st, err := w.Close()
		if err != nil {
			t.Fatal(err)
		}
		if st.Rows != int64(rows) || st.Bytes != int64(file.Len()) {
			t.Fatalf("stats say %d rows, %d bytes; want %d, %d", st.Rows, st.Bytes, rows, file.Len())
		}
		rd, err := NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
		if err != nil {
			t.Fatal(err)
		}
		if g := (rows + RowGroupRows - 1) / RowGroupRows; rd.RowGroups() != g {
			t.Fatalf("%d row groups, want %d", rd.RowGroups(), g)
		}
		for c, col := range cols {
			var got []tuple.Value
			nulls := int64(0)
			for g := range rd.RowGroups() {
				if got, err = rd.Column(got, g, col.Name, col.Type); err != nil {
					t.Fatal(err)
				}
			}
			s := newStats(col.Type)
			for i := range want[c] {
				if show(got[i]) != show(want[c][i]) {
					t.Fatalf("%s row %d: read %s, wrote %s", col.Name, i, show(got[i]), show(want[c][i]))
				}
				if want[c][i].IsNull() {
					nulls++
				}
			}
			cs := st.Columns[c]
			if cs.Nulls != nulls {
				t.Errorf("%s: %d nulls, stats say %d", col.Name, nulls, cs.Nulls)
			}
			if !cs.Ranged {
				continue
			}
			s.add([]tuple.Value{cs.Min, cs.Max})
			s.add(want[c])
			if r := s.result(); show(r.Min) != show(cs.Min) || show(r.Max) != show(cs.Max) {
				t.Errorf("%s: a value is outside of the range of the statistics", col.Name)
			}
		}
	}
}

func TestColumnThatTheFileLacksIsNull(t *testing.T) {
	var file bytes.Buffer
	w := NewWriter(&file, []Column{col("a", Type{ID: Long})}, WriterOptions{})
	if err := w.Write([][]tuple.Value{{tuple.Int(1), tuple.Int(2)}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	rd, err := NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	vals, err := rd.Column(nil, 0, "b", Type{ID: String})
	if err != nil || len(vals) != 2 || !vals[0].IsNull() || !vals[1].IsNull() {
		t.Fatalf("%v %v", vals, err)
	}
	if _, err := rd.Column(nil, 0, "a", Type{ID: String}); !errors.Is(err, ErrType) {
		t.Fatal("a long was read as a string")
	}
}

// Fields that are found by id, fields that the file lacks, and the file's own schema.
func TestNestedColumnsByID(t *testing.T) {
	long, str := Type{ID: Long}, Type{ID: String}
	point := Type{ID: Struct, Fields: []Field{{Name: "x", Type: long, ID: 2, Nullable: true}, {Name: "y", Type: str, ID: 3, Nullable: true}}}
	var file bytes.Buffer
	w := NewWriter(&file, []Column{{Name: "p", Type: Type{ID: Array, Elem: &point}, ID: 1}}, WriterOptions{})
	pt := func(v ...tuple.Value) tuple.Value { return tuple.Bytes(AppendList(nil, v)) }
	if err := w.Write([][]tuple.Value{{pt(pt(tuple.Int(5), tuple.String("five")), tuple.Null, pt(tuple.Null, tuple.Null)), tuple.Null, pt()}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	rd, err := NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	fields, err := rd.Fields()
	if err != nil || len(fields) != 1 || !fields[0].Type.Equal(Type{ID: Array, Elem: &point}) || fields[0].ID != 1 {
		t.Fatalf("%+v %v", fields, err)
	}
	for _, c := range []struct {
		fields []Field
		want   []tuple.Value
	}{
		{[]Field{{Name: "renamed", Type: str, ID: 3}, {Name: "x", Type: long, ID: 9}},
			[]tuple.Value{pt(pt(tuple.String("five"), tuple.Null), tuple.Null, pt(tuple.Null, tuple.Null)), tuple.Null, pt()}},
		{[]Field{{Name: "none", Type: str}}, []tuple.Value{pt(pt(tuple.Null), tuple.Null, pt(tuple.Null)), tuple.Null, pt()}},
	} {
		typ := Type{ID: Array, Elem: &Type{ID: Struct, Fields: c.fields}}
		s, err := rd.Scan(0, []Column{{Name: "q", Type: typ, ID: 1}})
		if err != nil {
			t.Fatal(err)
		}
		got := make([][]tuple.Value, 1)
		for {
			n, err := s.Next(got, 2)
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				break
			}
		}
		s.Close()
		for i := range c.want {
			if show(got[0][i]) != show(c.want[i]) {
				t.Errorf("%s row %d: read %s, want %s", typ, i, show(got[0][i]), show(c.want[i]))
			}
		}
	}
}

func TestNaNHasNoRange(t *testing.T) {
	s := newStats(Type{ID: Double})
	s.add([]tuple.Value{tuple.Float(1), tuple.Float(math.NaN()), tuple.Null})
	if r := s.result(); r.Ranged || r.Nulls != 1 {
		t.Fatalf("%+v", r)
	}
}

// Damage of the pages is an error or, where their checksums do not reach, another value: never a panic. (Of the footer
// it is Verify's to find.)
func FuzzPages(f *testing.F) {
	long, str := Type{ID: Long}, Type{ID: String}
	pair := Type{ID: Struct, Fields: []Field{{Name: "x", Type: long}, {Name: "y", Type: str}}}
	cols := []Column{col("a", long), col("b", str), col("l", Type{ID: Array, Elem: &pair}), col("m", Type{ID: Map, Key: &str, Elem: &long})}
	list := func(v ...tuple.Value) tuple.Value { return tuple.Bytes(AppendList(nil, v)) }
	var file bytes.Buffer
	w := NewWriter(&file, cols, WriterOptions{})
	w.Write([][]tuple.Value{{tuple.Int(1), tuple.Null}, {tuple.String("x"), tuple.String("y")},
		{list(list(tuple.Int(1), tuple.Null), tuple.Null), list()}, {list(tuple.String("k"), tuple.Int(1)), tuple.Null}})
	w.Close()
	good := file.Bytes()
	footer := len(good) - 8 - int(binary.LittleEndian.Uint32(good[len(good)-8:]))
	f.Add(uint16(7), byte(1))
	f.Fuzz(func(t *testing.T, at uint16, flip byte) {
		b := bytes.Clone(good)
		b[int(at)%footer] ^= flip
		rd, err := NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		for g := range rd.RowGroups() {
			s, err := rd.Scan(g, cols)
			if err != nil {
				continue
			}
			out := make([][]tuple.Value, len(cols))
			for n := 1; n > 0 && err == nil; {
				n, err = s.Next(out, 100)
			}
			s.Close()
		}
	})
}

// Any flipped byte of a file is found before the file is decoded (I8).
func TestVerifyFindsEveryFlip(t *testing.T) {
	var file bytes.Buffer
	w := NewWriter(&file, []Column{col("a", Type{ID: Long})}, WriterOptions{})
	if err := w.Write([][]tuple.Value{{tuple.Int(1), tuple.Null}}); err != nil {
		t.Fatal(err)
	}
	st, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	b := file.Bytes()
	check := func() error { return Verify(bytes.NewReader(b), int64(len(b)), st.CRC) }
	if err := check(); err != nil {
		t.Fatal(err)
	}
	for i := range b {
		b[i] ^= 0x40
		if err := check(); !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d: %v", i, err)
		}
		b[i] ^= 0x40
	}
}

func FuzzList(f *testing.F) {
	f.Add(AppendList(nil, []tuple.Value{tuple.Int(7), tuple.Null, tuple.String("abc")}))
	f.Fuzz(func(t *testing.T, b []byte) {
		elems, err := DecodeList(nil, b)
		if err == nil && !bytes.Equal(AppendList(nil, elems), b) {
			t.Fatalf("%x decodes to something else", b)
		}
	})
}

// Large texts make small row groups, so that none takes much memory to read.
func TestRowGroupsOfLargeTexts(t *testing.T) {
	var file bytes.Buffer
	w := NewWriter(&file, []Column{{Name: "s", Type: Type{ID: String}}}, WriterOptions{})
	long := tuple.String(strings.Repeat("x", 1<<20))
	const rows = 200
	for range rows {
		if err := w.Write([][]tuple.Value{{long}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	rd, err := NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if want := (rows<<20 + rowGroupBytes - 1) / rowGroupBytes; rd.RowGroups() != want || rd.Rows() != rows {
		t.Errorf("%d rows in %d row groups, want %d", rd.Rows(), rd.RowGroups(), want)
	}
}

// A long text is in its file once, not in the headers of its pages, too; its bounds are its beginning.
func TestLongTexts(t *testing.T) {
	const size = 1 << 20
	rnd := rand.New(rand.NewPCG(1, 2))
	long := func(first byte) tuple.Value {
		b := make([]byte, size)
		for i := range b {
			b[i] = 'a' + byte(rnd.UintN(26))
		}
		b[0] = first
		return tuple.Bytes(b)
	}
	vals := []tuple.Value{long('m'), long('b'), tuple.Null, long('x'), tuple.String("é")}
	var out bytes.Buffer
	w := NewWriter(&out, []Column{{Name: "t", Type: Type{ID: String}}}, WriterOptions{})
	if err := w.Write([][]tuple.Value{vals}); err != nil {
		t.Fatal(err)
	}
	st, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	// Each value once, and the footer's smallest and largest.
	if limit := 6*size - size/2; out.Len() > limit {
		t.Errorf("%d bytes of texts make a file of %d", 3*size, out.Len())
	}
	c := st.Columns[0]
	if !c.Ranged || c.Nulls != 1 || string(c.Min.Bytes()) != string(vals[1].Bytes()[:boundBytes]) || c.Max.Str() != "é" {
		t.Errorf("bounds: %d nulls, %.20q of %d, %.20q of %d", c.Nulls, c.Min.Bytes(), c.Min.Len(), c.Max.Bytes(), c.Max.Len())
	}
	r, err := NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Column(nil, 0, "t", Type{ID: String})
	if err != nil || len(got) != len(vals) {
		t.Fatalf("%d values, %v", len(got), err)
	}
	for i := range vals {
		if got[i].IsNull() != vals[i].IsNull() || !got[i].IsNull() && got[i].Str() != vals[i].Str() {
			t.Errorf("value %d differs", i)
		}
	}
}

// beginning cuts between characters.
func TestBeginning(t *testing.T) {
	for pad := range utf8.UTFMax {
		s := strings.Repeat("x", boundBytes-pad) + "€uro"
		got := string(beginning([]byte(s)))
		if !utf8.ValidString(got) || !strings.HasPrefix(s, got) || len(got) > boundBytes || len(got) < boundBytes-utf8.UTFMax {
			t.Errorf("%d before the end: %d bytes, %q", pad, len(got), got[len(got)-4:])
		}
	}
}

// A thousand columns do not each have the page buffer of one.
func TestManyColumnsInLittleMemory(t *testing.T) {
	cols, batch := make([]Column, 1600), make([][]tuple.Value, 1600)
	for i := range cols {
		cols[i] = Column{Name: fmt.Sprintf("c%d", i), Type: Type{ID: Integer}}
		for k := range int64(100) {
			batch[i] = append(batch[i], tuple.Int(k*int64(i)))
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w := NewWriter(io.Discard, cols, WriterOptions{})
	if err := w.Write(batch); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if w.groupRows > 1<<24/1600 {
		t.Errorf("row groups of %d rows", w.groupRows)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 400<<20 {
		t.Errorf("%d MB were allocated", used>>20)
	}
}

// A long value is in the file once: neither its footer nor its column index repeats it, and it is read back whole.
func TestLongValue(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", longValue/16)
	var out bytes.Buffer
	w := NewWriter(&out, []Column{{Name: "v", Type: Type{ID: String}}, {Name: "s", Type: Type{ID: String}}}, WriterOptions{})
	if err := w.Write([][]tuple.Value{{tuple.String(long)}, {tuple.String("short")}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	vals, err := r.Column(nil, 0, "v", Type{ID: String})
	if err != nil || len(vals) != 1 || vals[0].Str() != long {
		t.Fatal(len(vals), err)
	}
	// The value compresses to a twentieth; a second copy in the footer would not be compressed.
	if out.Len() > longValue/4 {
		t.Errorf("the file has %d bytes", out.Len())
	}
	if !bytes.Contains(out.Bytes(), []byte("short")) {
		t.Error("a column of short values has lost its bounds")
	}
}

// Bounds hold for every value of their row group, and are told for the types that have an order.
func TestBounds(t *testing.T) {
	cols := append(allTypes(), col("none", Type{ID: Long}))
	r := rand.New(rand.NewPCG(7, 7))
	var buf bytes.Buffer
	w := NewWriter(&buf, cols, WriterOptions{})
	groups := 0
	for range 3 {
		batch := make([][]tuple.Value, len(cols))
		for i, c := range cols {
			for range 500 {
				v := randomValue(r, c.Type)
				if c.Name == "none" {
					v = tuple.Null
				}
				batch[i] = append(batch[i], v)
			}
		}
		if err := w.Write(batch); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := NewReader(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	if err != nil {
		t.Fatal(err)
	}
	told := map[TypeID]bool{}
	for g := range f.RowGroups() {
		groups++
		for _, c := range cols {
			lo, hi, ok := f.Bounds(g, c.Name, c.Type)
			order := c.Type.Order()
			if !ok {
				continue
			}
			told[c.Type.ID] = true
			vals, err := f.Column(nil, g, c.Name, c.Type)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range vals {
				if !v.IsNull() && order != nil && (order(lo, v) > 0 || order(v, hi) > 0) {
					t.Fatalf("%s: %s is not between %s and %s", c.Name, show(v), show(lo), show(hi))
				}
			}
			if c.Name == "none" {
				t.Error("a column without values has bounds")
			}
		}
	}
	for _, id := range []TypeID{Integer, Long, Date, Timestamp, Decimal, String} {
		if !told[id] {
			t.Errorf("no bounds of type %d", id)
		}
	}
	if _, _, ok := f.Bounds(0, "absent", Type{ID: Long}); ok || groups == 0 {
		t.Error("bounds of a column that is not there")
	}
}

package parquet

import (
	"bytes"
	"math"
	"math/big"
	"testing"

	pq "github.com/parquet-go/parquet-go"
	"github.com/tarndb/tarn/storage/tuple"
)

// What a file says of the smallest and largest values of a wide decimal, in its footer and its column index, holds for all of them as numbers:
// of both signs, in several pages, beside pages of NULLs, in lists too.
func TestWideDecimalsHaveNoWrongBounds(t *testing.T) {
	typ := Type{ID: Decimal, Precision: 20, Scale: 6}
	var out bytes.Buffer
	w := NewWriter(&out, []Column{{Name: "n", Type: typ}, {Name: "a", Type: Type{ID: Array, Elem: &typ}}}, WriterOptions{})
	wide := func(n int64) tuple.Value { return tuple.Bytes(AppendInt128(nil, big.NewInt(n))) }
	const rows = 300_000
	n, a := make([]tuple.Value, rows), make([]tuple.Value, rows)
	for i := range n {
		if n[i], a[i] = tuple.Null, tuple.Null; i < rows/2 {
			continue // pages of NULLs
		}
		n[i] = wide(int64(i-3*rows/4) * 1_000_003)
		a[i] = tuple.Bytes(AppendList(nil, []tuple.Value{n[i]}))
	}
	if err := w.Write([][]tuple.Value{n, a}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := pq.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	lo, hi := Int128(wide(-rows/4*1_000_003).Bytes()), Int128(wide((rows/4-1)*1_000_003).Bytes())
	holds := func(where string, least, most []byte) {
		t.Helper()
		if Int128(least).Cmp(lo) > 0 || Int128(most).Cmp(hi) < 0 {
			t.Errorf("%s: %s to %s", where, Int128(least), Int128(most))
		}
	}
	pages := 0
	for _, g := range f.Metadata().RowGroups {
		for _, c := range g.Columns {
			if st := c.MetaData.Statistics; len(st.MinValue)+len(st.MaxValue) > 0 {
				holds("footer", st.MinValue, st.MaxValue)
			}
		}
	}
	for _, x := range f.ColumnIndexes() {
		if len(x.MinValues) != len(x.NullPages) || len(x.MaxValues) != len(x.NullPages) {
			t.Fatalf("%d and %d bounds for %d pages", len(x.MinValues), len(x.MaxValues), len(x.NullPages))
		}
		for i, null := range x.NullPages {
			if !null {
				pages++
				holds("column index", x.MinValues[i], x.MaxValues[i])
			}
		}
	}
	if pages < 2 {
		t.Errorf("%d pages", pages)
	}
	r, err := NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for g := range r.RowGroups() {
		vals, err := r.Column(nil, g, "n", typ)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range vals {
			if v.IsNull() != n[at].IsNull() || !v.IsNull() && !bytes.Equal(v.Bytes(), n[at].Bytes()) {
				t.Fatalf("row %d differs", at)
			}
			at++
		}
	}
	if at != rows {
		t.Errorf("%d rows", at)
	}
}

// A file tells no bounds of floats that its NaNs are not within, and what its column index has holds for all numbers.
func TestFloatsHaveNoWrongBounds(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out, []Column{{Name: "d", Type: Type{ID: Double}}, {Name: "f", Type: Type{ID: Float}}}, WriterOptions{})
	vals := []tuple.Value{tuple.Float(-7), tuple.Float(math.NaN()), tuple.Float(1000), tuple.Null}
	if err := w.Write([][]tuple.Value{vals, vals}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := pq.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range f.Metadata().RowGroups[0].Columns {
		if st := c.MetaData.Statistics; len(st.MinValue)+len(st.MaxValue) > 0 {
			t.Errorf("column %d: the footer has bounds % x and % x", i, st.MinValue, st.MaxValue)
		}
		x := f.ColumnIndexes()[i]
		kind := f.Root().Columns()[i].Type().Kind()
		if lo, hi := kind.Value(x.MinValues[0]), kind.Value(x.MaxValues[0]); i == 0 && (lo.Double() > -7 || hi.Double() < 1000) || i == 1 && (lo.Float() > -7 || hi.Float() < 1000) {
			t.Errorf("column %d: the column index has bounds %s and %s", i, lo, hi)
		}
	}
	r, err := NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []Column{{Name: "d", Type: Type{ID: Double}}, {Name: "f", Type: Type{ID: Float}}} {
		got, err := r.Column(nil, 0, c.Name, c.Type)
		if err != nil || len(got) != 4 || got[0].Float() != -7 || !math.IsNaN(got[1].Float()) || got[2].Float() != 1000 || !got[3].IsNull() || !r.Plain(c) {
			t.Errorf("column %s: %v %v", c.Name, got, err)
		}
	}
}

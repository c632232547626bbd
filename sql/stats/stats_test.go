package stats

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// sampleOf builds the statistics of one int4 column.
func sampleOf(rows int, f func(i int) types.Datum) *Table {
	s := NewSampler(SampleRows, 1)
	for i := range rows {
		if s.Next() {
			s.Keep([]types.Datum{f(i)})
		}
	}
	return s.Build([]int16{1}, []*types.Type{types.Lookup(types.Int4)}, []int{Target})
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s is %v, want about %v", what, got, want)
	}
}

func TestUniqueColumn(t *testing.T) {
	st := sampleOf(100000, func(i int) types.Datum { return tuple.Int(int64(i)) })
	c, y := st.Column(1), types.Lookup(types.Int4)
	near(t, "rows", st.Rows, 100000, 0)
	near(t, "n_distinct", c.NDistinct, -1, 0.01)
	near(t, "correlation", c.Correlation, 1, 0.001)
	near(t, "buckets", float64(len(c.Hist)), Target+1, 0)
	near(t, "share of one value", c.EqSel(y, tuple.Int(5), st.Rows), 1e-5, 1e-6)
	for _, v := range []int64{0, 100, 25000, 50000, 99000} {
		f, ok := c.LessSel(y, tuple.Int(v))
		if !ok {
			t.Fatal("no histogram")
		}
		near(t, "share below", f, float64(v)/100000, 0.01)
	}
}

func TestSkewAndNulls(t *testing.T) {
	st := sampleOf(50000, func(i int) types.Datum {
		switch {
		case i%10 == 0:
			return types.Null
		case i%2 == 0:
			return tuple.Int(7)
		}
		return tuple.Int(int64(i % 1000))
	})
	c, y := st.Column(1), types.Lookup(types.Int4)
	near(t, "null_frac", c.NullFrac, 0.1, 0.01)
	near(t, "share of 7", c.EqSel(y, tuple.Int(7), st.Rows), 0.4, 0.02)
	near(t, "share of 501", c.EqSel(y, tuple.Int(501), st.Rows), 0.001, 0.0006)
	near(t, "n_distinct", c.Distinct(st.Rows), 500, 30)
	back, err := Decode(st.Encode(nil))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back.Encode(nil), st.Encode(nil)) {
		t.Error("decoded statistics encode differently")
	}
}

// A sample of one range is as good as one joined of two, whatever their sizes: every row has the same chance.
func TestJoinedSamplesAreUniform(t *testing.T) {
	for _, cut := range []int{0, 100, 60_000, 190_000, 200_000} {
		parts := []*Sampler{NewSampler(SampleRows, 1), NewSampler(SampleRows, 2)}
		for i := range 200_000 {
			s := parts[0]
			if i >= cut {
				s = parts[1]
			}
			if s.Next() {
				s.Keep([]types.Datum{tuple.Int(int64(i))})
			}
		}
		parts[0].Join(parts[1])
		st := parts[0].Build([]int16{1}, []*types.Type{types.Lookup(types.Int8)}, []int{Target})
		c := st.Column(1)
		near(t, "rows", st.Rows, 200_000, 0)
		near(t, "n_distinct", c.NDistinct, -1, 0)
		near(t, "correlation", c.Correlation, 1, 1e-9)
		for i, b := range c.Hist {
			near(t, "bound", float64(b.Int()), 200_000*float64(i)/float64(len(c.Hist)-1), 2500)
		}
	}
}

func TestFewValuesAreAllCommon(t *testing.T) {
	st := sampleOf(1000, func(i int) types.Datum { return tuple.Int(int64(i % 4)) })
	c := st.Column(1)
	if len(c.MCV) != 4 || c.NDistinct != 4 || len(c.Hist) != 0 {
		t.Errorf("%d common values, %v distinct, %d bounds", len(c.MCV), c.NDistinct, len(c.Hist))
	}
}

func TestColumnsWithoutValuesKeepTheirShare(t *testing.T) {
	st := sampleOf(10, func(int) types.Datum { return types.Null })
	back, err := Decode(st.Encode(nil))
	if err != nil {
		t.Fatal(err)
	}
	near(t, "null_frac", back.Column(1).NullFrac, 1, 0)
}

func TestWideValuesAreCountedAndNotKept(t *testing.T) {
	s := NewSampler(SampleRows, 1)
	for i := range 100 {
		if s.Next() {
			s.Keep([]types.Datum{tuple.String(strings.Repeat(string(rune('a'+i%3)), 5000))})
		}
	}
	st := s.Build([]int16{1}, []*types.Type{types.Lookup(types.Text)}, []int{Target})
	c := st.Column(1)
	near(t, "width", float64(c.Width), 5004, 0)
	near(t, "n_distinct", c.NDistinct, -1, 0)
	if n := len(st.Encode(nil)); n > 200 {
		t.Errorf("encoded form has %d bytes", n)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(sampleOf(300, func(i int) types.Datum { return tuple.Int(int64(i % 7)) }).Encode(nil))
	f.Add([]byte{version})
	f.Fuzz(func(t *testing.T, b []byte) {
		st, err := Decode(b)
		if err != nil {
			return
		}
		if _, err := Decode(st.Encode(nil)); err != nil {
			t.Fatal(err)
		}
	})
}

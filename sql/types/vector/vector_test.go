package vector

import (
	"bytes"
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/tuple"
)

// format stands for what sql/types fills in; it reads plain decimal numbers.
var format = Floats{
	Scan: func(s string) (float32, int, bool) {
		n := 0
		for n < len(s) && strings.IndexByte("+-.0123456789eEinfINFaA", s[n]) >= 0 {
			n++
		}
		v, err := strconv.ParseFloat(s[:n], 32)
		if err != nil && !math.IsInf(v, 0) {
			return 0, 0, false
		}
		return float32(v), n, err != nil
	},
	Append: func(dst []byte, v float32) []byte { return strconv.AppendFloat(dst, float64(v), 'g', -1, 32) },
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		typ      *Dense
		in, want string
	}{
		{Full, "[1,2,3]", "[1,2,3]"}, {Full, " [ 1.5 , -2 ] ", "[1.5,-2]"}, {Full, "[1e-50]", "[0]"}, {Half, "[1.0001,65504]", "[1,65504]"},
		{Half, "[65519]", "[65504]"}, {Half, "[65520]", `"65520" is out of range for type halfvec`}, {Half, "[1e-8,6e-8]", "[0,5.9604645e-08]"},
		{Full, "", `invalid input syntax for type vector: "" (Vector contents must start with "[".)`}, {Full, "[", `invalid input syntax for type vector: "["`},
		{Full, "[]", "vector must have at least 1 dimension"}, {Full, "[1,]", `invalid input syntax for type vector: "[1,]"`}, {Full, "[1] x", `invalid input syntax for type vector: "[1] x" (Junk after closing right brace.)`},
		{Full, "[NaN]", "NaN not allowed in vector"}, {Half, "[-inf]", "infinite value not allowed in halfvec"}, {Full, "[4e38]", `"4e38" is out of range for type vector`},
		{Full, "[" + strings.Repeat("1,", MaxDim) + "1]", "vector cannot have more than 16000 dimensions"},
	} {
		d, err := c.typ.Parse(c.in, -1, format)
		if got := result(d, err, func(d tuple.Value) []byte { return AppendText(nil, d, format) }); got != c.want {
			t.Errorf("%.40s: %s, want %s", c.in, got, c.want)
		}
	}
}

func result(d tuple.Value, err error, text func(tuple.Value) []byte) string {
	if err == nil {
		return string(text(d))
	}
	var e *pgerr.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	if e.Detail != "" {
		return e.Message + " (" + e.Detail + ")"
	}
	return e.Message
}

func TestSparseText(t *testing.T) {
	for in, want := range map[string]string{
		"{1:1.5,3:-2}/5": "{1:1.5,3:-2}/5", "{3:1, 1:2 }/ 5": "{1:2,3:1}/5", "{}/3": "{}/3", "{1:0}/3": "{}/3",
		"{4:1}/3": "sparsevec index out of bounds", "{0:1}/3": "sparsevec index out of bounds", "{1:1,1:2}/3": "sparsevec indices must not contain duplicates",
		"{1:1}": `invalid input syntax for type sparsevec: "{1:1}"`, "{}/0": "sparsevec must have at least 1 dimension", "{1:1}/1000000001": "sparsevec cannot have more than 1000000000 dimensions",
		"{1:1e-50}/1": `"1e-50" is out of range for type sparsevec`, "{,}/1": `invalid input syntax for type sparsevec: "{,}/1"`, "{-2147483648:1}/1": "sparsevec index out of bounds",
	} {
		d, err := ParseSparse(in, -1, format)
		if got, _, _ := strings.Cut(result(d, err, func(d tuple.Value) []byte { return AppendSparseText(nil, d, format) }), " (U"); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// Every half is the nearest to itself, and every float32 goes to the nearest half.
func TestHalf(t *testing.T) {
	for h := range uint32(0x10000) {
		f := fromHalf(uint16(h))
		if f == f && halfBits(f) != uint16(h) {
			t.Fatalf("%#x is %v and that is %#x", h, f, halfBits(f))
		}
	}
	for h := range uint16(halfInf - 1) {
		low, high := fromHalf(h), fromHalf(h+1)
		mid := (low + high) / 2
		even := h + h&1
		if got := halfBits(mid); got != even {
			t.Fatalf("%v between %#x and the next goes to %#x", mid, h, got)
		}
		if halfBits(math.Nextafter32(mid, low)) != h || halfBits(math.Nextafter32(mid, high)) != h+1 {
			t.Fatalf("beside %v", mid)
		}
	}
}

// Sparse vectors order as the dense ones do, whose order is that of arrays.
func TestSparseOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		var x [2][]float32
		for i := range x {
			x[i] = make([]float32, 1+rng.IntN(5))
			for j := range x[i] {
				x[i][j] = float32(rng.IntN(5) - 2)
			}
		}
		a, _ := SparseOfDense(slices.Clone(x[0]), -1)
		b, _ := SparseOfDense(slices.Clone(x[1]), -1)
		got := bytes.Compare(a.Bytes(), b.Bytes())
		if want := slices.Compare(x[0], x[1]); got != want || want != cmp.Compare(tuple.Compare(tuple.KindArray, Pack(x[0]), Pack(x[1])), 0) {
			t.Fatalf("%v and %v: %d, want %d", x[0], x[1], got, want)
		}
		s := SparseOf(a)
		if !slices.Equal(s.Floats(), x[0]) {
			t.Fatalf("%v comes back as %v", x[0], s.Floats())
		}
	}
}

// Distances of dense and sparse vectors agree with plain loops.
func TestDistances(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for n := 1; n < 70; n++ {
		x, y := make([]float32, n), make([]float32, n)
		var l2, inner, l1 float32
		for i := range x {
			x[i], y[i] = float32(rng.IntN(9)-4), float32(rng.IntN(9)-4)
			d := x[i] - y[i]
			l2, inner, l1 = l2+d*d, inner+x[i]*y[i], l1+max(d, -d)
		}
		a, b := Of(Pack(x)), Of(Pack(y))
		p, _ := SparseOfDense(x, -1)
		q, _ := SparseOfDense(y, -1)
		s, u := SparseOf(p), SparseOf(q)
		if SquaredL2(a, b) != l2 || Inner(a, b) != inner || L1(a, b) != l1 {
			t.Fatalf("dense %v and %v", x, y)
		}
		if SparseSquaredL2(s, u) != l2 || SparseInner(s, u) != inner || SparseL1(s, u) != l1 {
			t.Fatalf("sparse %v and %v", x, y)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"[1,2.5]", "{1:1,3:-2}/4", "[", "{}/1", "[1e40]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, typ := range []*Dense{Full, Half} {
			d, err := typ.Parse(s, -1, format)
			if err != nil {
				continue
			}
			if again, err := typ.Parse(string(AppendText(nil, d, format)), -1, format); err != nil || !bytes.Equal(again.Bytes(), d.Bytes()) {
				t.Fatalf("%q: %v", s, err)
			}
			if again, err := typ.ParseBinary(typ.AppendBinary(nil, d), -1); err != nil || !bytes.Equal(again.Bytes(), d.Bytes()) {
				t.Fatalf("%q in binary: %v", s, err)
			}
		}
		if d, err := ParseSparse(s, -1, format); err == nil {
			if again, err := ParseSparse(string(AppendSparseText(nil, d, format)), -1, format); err != nil || !bytes.Equal(again.Bytes(), d.Bytes()) {
				t.Fatalf("%q: %v", s, err)
			}
			if again, err := ParseSparseBinary(AppendSparseBinary(nil, d), -1); err != nil || !bytes.Equal(again.Bytes(), d.Bytes()) {
				t.Fatalf("%q in binary: %v", s, err)
			}
		}
	})
}

func FuzzBinary(f *testing.F) {
	f.Add(Full.AppendBinary(nil, Pack([]float32{1, 2})))
	f.Add(Half.AppendBinary(nil, Pack([]float32{1, 2})))
	s, _ := SparseOfDense([]float32{0, 1}, -1)
	f.Add(AppendSparseBinary(nil, s))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, typ := range []*Dense{Full, Half} {
			if d, err := typ.ParseBinary(b, -1); err == nil && !bytes.Equal(typ.AppendBinary(nil, d), b) {
				t.Fatal("does not come back")
			}
		}
		if d, err := ParseSparseBinary(b, -1); err == nil && !bytes.Equal(AppendSparseBinary(nil, d), b) {
			t.Fatal("does not come back")
		}
	})
}

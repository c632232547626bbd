package tuple

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"testing"
)

func TestNumericText(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0", "-0": "0", "0.000": "0.000", "1": "1", "-1": "-1", "10000": "10000", "1.50": "1.50", "00012.0300": "12.0300",
		".5": "0.5", "5.": "5", "1e3": "1000", "1e-3": "0.001", "1.5e1": "15", "1.25e1": "12.5", "12345678901234567890.123456789": "12345678901234567890.123456789",
		"100000000": "100000000", "0.00001": "0.00001", "NaN": "NaN", "Infinity": "Infinity", "-Infinity": "-Infinity", "+7": "+7"[1:], "1e-10": "0.0000000001", "0.0001e4": "1", "0e5": "0",
	} {
		b, err := AppendNumericText(nil, in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if err := validNumeric(b); err != nil {
			t.Errorf("%s: %v", in, err)
		}
		if got := Numeric(b).String(); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
	for _, bad := range []string{"", "-", ".", "1.2.3", "x", "1e", "e5", "1 ", "--1", "nan", "1e+", "0x10"} {
		if _, err := AppendNumericText(nil, bad); !errors.Is(err, ErrNumericSyntax) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, far := range []string{"1e200000", "1e-20000", "1e99999999999999999999"} {
		if _, err := AppendNumericText(nil, far); !errors.Is(err, ErrNumericRange) {
			t.Errorf("%q: %v", far, err)
		}
	}
}

func TestNumericConversions(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for range 5000 {
		s := randomNumeric(r)
		n := Numeric(mustNumeric(s))
		if n.IsSpecial() {
			continue
		}
		rat, ok := new(big.Rat).SetString(s)
		if !ok {
			t.Fatal(s)
		}
		wantF, _ := strconv.ParseFloat(s, 64)
		if got := n.Float64(); got != wantF && !(got == 0 && wantF == 0) {
			t.Fatalf("%s as float: %v, want %v", s, got, wantF)
		}
		for _, scale := range []int{0, 2, n.Scale()} {
			scaled := new(big.Rat).Mul(rat, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)))
			gotBig, ok := n.UnscaledBig(scale)
			if ok != scaled.IsInt() || ok && gotBig.Cmp(scaled.Num()) != 0 {
				t.Fatalf("%s at scale %d: %v %v", s, scale, gotBig, ok)
			}
			got, ok := n.Unscaled(scale)
			if want := scaled.IsInt() && scaled.Num().IsInt64(); ok && (!want || got != scaled.Num().Int64()) {
				t.Fatalf("%s at scale %d as int64: %d", s, scale, got)
			} else if !ok && want && n.NumDigits() <= 4 {
				t.Fatalf("%s at scale %d fits int64", s, scale)
			}
		}
		m := Numeric(mustNumeric(randomNumeric(r)))
		if other, ok := new(big.Rat).SetString(m.String()); ok && sign(CompareNumeric(n, m)) != rat.Cmp(other) {
			t.Fatalf("compare %s and %s", n, m)
		}
	}
}

func TestNumericInt(t *testing.T) {
	for _, v := range []int64{0, 1, -1, 9999, 10000, -10000, math.MaxInt64, math.MinInt64, 100000000} {
		n := Numeric(AppendNumericInt(nil, v))
		if got, ok := n.Int64(); !ok || got != v || n.String() != strconv.FormatInt(v, 10) {
			t.Errorf("%d: %d %v %s", v, got, ok, n)
		}
	}
}

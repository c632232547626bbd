package sampling

import (
	"encoding/binary"
	"testing"

	"github.com/tarndb/tarn/storage/tuple"
)

func sampled(t *testing.T, m Method, percent, seed float64) map[int]bool {
	t.Helper()
	s, err := New(m, tuple.Float(percent), tuple.Float(seed))
	if err != nil {
		t.Fatal(err)
	}
	out := map[int]bool{}
	for i := 1; i <= 100_000; i++ {
		if s.Takes(binary.BigEndian.AppendUint64([]byte("table"), uint64(i)), uint64(i)) {
			out[i] = true
		}
	}
	return out
}

// A sample has its share of the rows, is the same for the same seed, another for another one, and grows with the share.
func TestShare(t *testing.T) {
	for _, m := range []Method{Bernoulli, System} {
		for _, p := range []float64{0, 1, 10, 50, 90, 100} {
			a, slack := sampled(t, m, p, 3), 1500
			if m == System {
				slack = 8000
			}
			want := int(p * 1000)
			if p == 0 || p == 100 {
				slack = 0
			}
			if d := len(a) - want; d > slack || d < -slack {
				t.Errorf("%v(%v): %d rows of 100000", m, p, len(a))
			}
			if b := sampled(t, m, p, 3); len(b) != len(a) {
				t.Errorf("%v(%v): %d rows, then %d", m, p, len(a), len(b))
			}
			if p == 10 {
				big, other := sampled(t, m, 50, 3), sampled(t, m, 10, 4)
				same := 0
				for i := range a {
					if !big[i] {
						t.Errorf("%v: row %d is in 10 %% and not in 50 %%", m, i)
						break
					}
					if other[i] {
						same++
					}
				}
				if same > len(a)/2 {
					t.Errorf("%v: %d of %d rows are the same for another seed", m, same, len(a))
				}
			}
		}
	}
}

// SYSTEM takes neighbours together.
func TestBlocks(t *testing.T) {
	a := sampled(t, System, 50, 1)
	for i := 64; i < 99_968; i++ {
		if a[i] != a[i/64*64] {
			t.Fatalf("row %d is apart from its block", i)
		}
	}
}

package content

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestEntriesSort compares what comes back from memory and from runs with what went in.
func TestEntriesSort(t *testing.T) {
	for _, limit := range []int{1 << 20, 2000} {
		e := newEntries(t.TempDir())
		e.limit = limit
		r := rand.New(rand.NewPCG(1, 2))
		want := map[string]string{}
		for range 3000 {
			k := fmt.Sprintf("k%d", r.IntN(1<<30))
			want[k] = strings.Repeat("v", r.IntN(20)) + k
			if err := e.add([]byte(k), []byte(want[k])); err != nil {
				t.Fatal(err)
			}
		}
		if (limit == 2000) != (len(e.runs) > 10) {
			t.Fatalf("%d runs", len(e.runs))
		}
		var last []byte
		n := 0
		err := e.each(func(key, value []byte) error {
			if last != nil && bytes.Compare(last, key) > 0 {
				t.Fatalf("%s after %s", key, last)
			}
			last = append(last[:0], key...)
			if want[string(key)] != string(value) {
				t.Fatalf("%s: %s", key, value)
			}
			n++
			return nil
		})
		if err != nil || n != 3000 {
			t.Fatal(n, err)
		}
		if err := e.close(); err != nil {
			t.Fatal(err)
		}
	}
}

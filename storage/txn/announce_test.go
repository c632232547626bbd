package txn

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/lock"
)

// TestAnnounced: a key is announced until its transaction ends or withdraws it, to others and in its range only.
func TestAnnounced(t *testing.T) {
	m := openManager(t, Config{})
	a, b, c := indexKey(ownTable, "a"), indexKey(ownTable, "b"), indexKey(ownTable, "c")
	one, two := m.Begin(Options{}), m.Begin(Options{})
	seen := func(x *Txn, key, lo, hi []byte) (out []string) {
		t.Helper()
		list, err := x.Announce(bg, key, []byte("p"), lo, hi, lock.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			out = append(out, string(e.Key))
		}
		return out
	}
	if got := seen(one, a, a, c); got != nil {
		t.Errorf("its own key: %q", got)
	}
	if got := seen(two, b, a, c); len(got) != 1 || got[0] != string(a) {
		t.Errorf("the other's key: %q", got)
	}
	if got := seen(two, b, b, c); got != nil {
		t.Errorf("outside of the range: %q", got)
	}
	two.Withdraw(b)
	if got := seen(one, a, a, c); got != nil {
		t.Errorf("withdrawn: %q", got)
	}
	one.Rollback()
	if got := seen(two, b, a, c); got != nil {
		t.Errorf("after the end: %q", got)
	}
	two.Rollback()
	if n := m.announced.byKey.Len(); n != 0 {
		t.Errorf("%d keys are left", n)
	}
}

// TestExclusion: of concurrent inserts of overlapping intervals none two are committed.
func TestExclusion(t *testing.T) {
	m := openManager(t, Config{})
	lo, hi := indexKey(ownTable, ""), indexKey(ownTable, "~")
	overlap := func(a, b []byte) bool { return a[0] < b[1] && b[0] < a[1] }
	insert := func(x *Txn, key, span []byte) (bool, error) {
		for {
			others, err := x.Announce(bg, key, span, lo, hi, lock.Options{})
			if err != nil {
				return false, err
			}
			waited := false
			for _, o := range others {
				if overlap(span, o.Payload) {
					if _, err := x.Await(bg, o.Key, lock.Options{}); err != nil {
						return false, err
					}
					waited = true
				}
			}
			if waited {
				continue
			}
			v := x.Latest()
			defer v.Release()
			it := v.NewIter(lo, hi)
			free := true
			for ok := it.First(); ok; ok = it.Next() {
				free = free && !overlap(span, it.Value())
			}
			if err := it.Close(); err != nil || !free {
				return false, err
			}
			return true, x.Put(key, span, 0)
		}
	}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(2, uint64(w)))
			for i := range 60 {
				x := m.Begin(Options{})
				from := byte(r.IntN(100))
				ok, err := insert(x, indexKey(ownTable, fmt.Sprint(w, " ", i)), []byte{from, from + 1 + byte(r.IntN(20))})
				var dead *lock.DeadlockError
				if err != nil && !errors.As(err, &dead) {
					t.Error(err)
				}
				if !ok || err != nil || r.IntN(3) == 0 {
					x.Rollback()
				} else if _, err := x.Commit(bg, engine.Async); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	x := m.Begin(Options{})
	defer x.Rollback()
	v := x.Latest()
	defer v.Release()
	it := v.NewIter(lo, hi)
	var spans [][]byte
	for ok := it.First(); ok; ok = it.Next() {
		for _, s := range spans {
			if overlap(s, it.Value()) {
				t.Errorf("%v and %v", s, it.Value())
			}
		}
		spans = append(spans, append([]byte(nil), it.Value()...))
	}
	if err := it.Close(); err != nil || len(spans) == 0 {
		t.Error(err, len(spans))
	}
}

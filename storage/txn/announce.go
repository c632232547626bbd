package txn

import (
	"context"
	"sync"

	"github.com/tarndb/tarn/storage/lock"
	"github.com/tidwall/btree"
)

// announcements are the keys that transactions under way have written, or are about to, into indexes in which different keys may
// exclude each other. Uncommitted writes are nobody else's to see, so that locks on equal keys do not help: who is about to write looks
// here for what may be in its way.
type announcements struct {
	mu    sync.Mutex // protects byKey; held for moments, below no other lock
	byKey btree.Map[string, announcement]
}

type announcement struct {
	t       *Txn
	payload []byte
}

// Announced is a key of another transaction under way. Await on it waits for that transaction's end.
type Announced struct{ Key, Payload []byte }

// Announce tells others of a key that the transaction writes, until it ends or Withdraw, and returns the other transactions' keys in
// [lo, hi). Of two transactions that announce at the same time exactly one finds the other's key. A rollback to a savepoint takes nothing
// back: others wait for longer than they need then. What the committed state holds is to be looked at afterwards: keys of transactions
// that end are in it before they go from here.
func (t *Txn) Announce(ctx context.Context, key, payload, lo, hi []byte, o lock.Options) (others []Announced, err error) {
	if _, err := t.lockOwner().LockRow(ctx, key, lock.Write, o); err != nil {
		return nil, err
	}
	a := &t.m.announced
	a.mu.Lock()
	defer a.mu.Unlock()
	k := string(key)
	if old, ok := a.byKey.Get(k); !ok || old.t != t {
		t.announced = append(t.announced, k)
	}
	a.byKey.Set(k, announcement{t: t, payload: append([]byte(nil), payload...)})
	a.byKey.Ascend(string(lo), func(k string, x announcement) bool {
		if k >= string(hi) {
			return false
		}
		if x.t != t {
			others = append(others, Announced{Key: []byte(k), Payload: x.payload})
		}
		return true
	})
	return others, nil
}

// Withdraw takes a key back that has not been written.
func (t *Txn) Withdraw(key []byte) {
	a := &t.m.announced
	a.mu.Lock()
	defer a.mu.Unlock()
	if x, ok := a.byKey.Get(string(key)); ok && x.t == t {
		a.byKey.Delete(string(key))
	}
}

// withdrawAll runs at the transaction's end, when its writes are visible or gone and before its locks are given back.
func (t *Txn) withdrawAll() {
	if len(t.announced) == 0 {
		return
	}
	a := &t.m.announced
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, k := range t.announced {
		if x, ok := a.byKey.Get(k); ok && x.t == t {
			a.byKey.Delete(k)
		}
	}
	clear(t.announced)
	t.announced = t.announced[:0]
}

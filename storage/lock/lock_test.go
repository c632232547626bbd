package lock

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// TestConflictTables: conflicts are mutual, and each class's strongest mode covers all others.
func TestConflictTables(t *testing.T) {
	for c, strongest := range map[Class]Mode{Row: Update, Table: AccessExclusive, Advisory: AdvisoryExclusive} {
		for a := Mode(1); a <= strongest; a++ {
			for b := Mode(1); b <= strongest; b++ {
				if conflicts[c][a].has(b) != conflicts[c][b].has(a) {
					t.Errorf("%s: %s and %s", c, a.Name(c), b.Name(c))
				}
			}
			if !covers[c][a].has(strongest) || !covers[c][a].has(a) {
				t.Errorf("%s: %s is not covered", c, a.Name(c))
			}
		}
	}
}

func TestTimeouts(t *testing.T) {
	m := NewManager()
	a, b := m.NewOwner(1), m.NewOwner(2)
	ctx := context.Background()
	if _, err := a.LockRow(ctx, []byte("k"), Update, Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.LockRow(ctx, []byte("k"), Update, Options{Timeout: time.Millisecond}); !errors.Is(err, ErrTimeout) {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancelCause(ctx)
	why := errors.New("why")
	cancel(why)
	if _, err := b.LockRow(gone, []byte("k"), Update, Options{}); !errors.Is(err, why) {
		t.Fatal(err)
	}
	a.End(0)
	if n := left(m); n != 0 {
		t.Fatal(n, "locks left")
	}
}

// TestDeadlockAfter: with a delayed search the circle is found by whoever's delay ends first.
func TestDeadlockAfter(t *testing.T) {
	m := NewManager()
	a, b := m.NewOwner(1), m.NewOwner(2)
	ctx := context.Background()
	a.LockRow(ctx, []byte("k"), Update, Options{})
	b.LockRow(ctx, []byte("l"), Update, Options{})
	result := make(chan error, 1)
	go func() {
		_, err := b.LockRow(ctx, []byte("k"), Update, Options{DeadlockAfter: time.Hour})
		result <- err
	}()
	_, err := a.LockRow(ctx, []byte("l"), Update, Options{DeadlockAfter: time.Millisecond})
	for ; err == nil; _, err = a.LockRow(ctx, []byte("l"), Update, Options{DeadlockAfter: time.Millisecond}) {
		t.Fatal("granted what b holds")
	}
	var dead *DeadlockError
	if !errors.As(err, &dead) || len(dead.Cycle) != 2 {
		t.Fatal(err)
	}
	a.End(0)
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	b.End(0)
}

// left is the number of locks in m, those that List passes over too.
func left(m *Manager) int {
	n := len(m.List())
	for i := range m.shards {
		n += m.shards[i].soles.count
	}
	return n
}

// TestSoles: the table of slots holds what a map holds.
func TestSoles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var table soles
	want := map[uint64]sole{}
	for round := range 200000 {
		hash := r.Uint64N(3000) << 5 // full runs of slots: homes are close to each other
		x := table.find(hash)
		if w, ok := want[hash]; ok != (x != nil) || ok && *x != w {
			t.Fatal(round, hash, x, w)
		}
		switch {
		case x == nil:
			table.add(hash, uint32(round), Write)
			want[hash] = sole{hash, uint32(round), 1 << Write}
		case round/20000%2 == 1 || r.IntN(3) == 0:
			table.remove(x)
			delete(want, hash)
		}
		if table.count != len(want) {
			t.Fatal(table.count, len(want))
		}
	}
	for hash := range want {
		table.remove(table.find(hash))
	}
	if table.count != 0 || table.find(0) != nil {
		t.Fatal("not empty")
	}
}

// TestManyRows: a transaction's row locks take tens of bytes each, keep others away, and go with it.
func TestManyRows(t *testing.T) {
	m := NewManager()
	a, b := m.NewOwner(1), m.NewOwner(2)
	ctx := context.Background()
	const n = 100000
	key := make([]byte, 8)
	for i := range uint64(n) {
		if _, err := a.LockRow(ctx, binary.BigEndian.AppendUint64(key[:0], i), Write, Options{}); err != nil {
			t.Fatal(err)
		}
	}
	slots := 0
	for i := range m.shards {
		slots += len(m.shards[i].soles.slots)
	}
	if slots > 3*n || left(m) != n {
		t.Fatal(slots, left(m))
	}
	for i := uint64(0); i < n; i += 999 {
		if _, err := b.LockRow(ctx, binary.BigEndian.AppendUint64(key[:0], i), KeyShare, Options{Policy: NoWait}); !errors.Is(err, ErrNotAvailable) {
			t.Fatal(i, err)
		}
	}
	a.End(7)
	if left(m) != 0 {
		t.Fatal(left(m), "locks left")
	}
	if _, err := b.LockRow(ctx, binary.BigEndian.AppendUint64(key[:0], n-1), Write, Options{Policy: NoWait}); err != nil || m.Stamp(key[:8]) != 7 {
		t.Fatal(err, m.Stamp(key[:8]))
	}
	b.End(0)
}

func TestStamp(t *testing.T) {
	m := NewManager()
	o := m.NewOwner(1)
	k := []byte("k")
	if m.Stamp(k) != 0 {
		t.Fatal("stamp of an untouched key")
	}
	o.LockRow(context.Background(), k, KeyShare, Options{})
	o.End(10)
	if m.Stamp(k) != 0 {
		t.Fatal("KEY SHARE changes nothing")
	}
	o.LockRow(context.Background(), k, NoKeyUpdate, Options{})
	o.End(20)
	if m.Stamp(k) != 20 {
		t.Fatal(m.Stamp(k))
	}
}

// TestExclusion: under load nobody is ever inside with somebody whose mode conflicts, deadlocks end, and nothing is
// left over.
func TestExclusion(t *testing.T) {
	m := NewManager()
	const keys, owners = 4, 8
	rounds := 1500
	if testing.Short() {
		rounds = 200
	}
	var inside [keys]struct {
		sync.Mutex
		modes map[*Owner]modeSet
	}
	for i := range inside {
		inside[i].modes = map[*Owner]modeSet{}
	}
	var wg sync.WaitGroup
	for n := range owners {
		wg.Go(func() {
			o := m.NewOwner(uint32(n))
			r := rand.New(rand.NewPCG(uint64(n), 1))
			for range rounds {
				var mine []int
				for range 1 + r.IntN(4) {
					k, mode := r.IntN(keys), Mode(1+r.IntN(4))
					_, err := o.LockRow(context.Background(), fmt.Append(nil, k), mode, Options{})
					if err != nil {
						break
					}
					in := &inside[k]
					in.Lock()
					for other, modes := range in.modes {
						if other != o && conflicts[Row][mode]&modes != 0 {
							t.Errorf("%s of %d meets %b", mode.Name(Row), k, modes)
						}
					}
					in.modes[o] |= 1 << mode
					in.Unlock()
					mine = append(mine, k)
				}
				for _, k := range mine {
					inside[k].Lock()
					delete(inside[k].modes, o)
					inside[k].Unlock()
				}
				o.End(1)
			}
		})
	}
	wg.Wait()
	if n := left(m); n != 0 {
		t.Errorf("%d left over: %v", n, m.List())
	}
}

func TestUncontendedAllocations(t *testing.T) {
	m := NewManager()
	o := m.NewOwner(1)
	ctx, k := context.Background(), []byte("some key of a row")
	if n := testing.AllocsPerRun(1000, func() {
		o.LockRow(ctx, k, NoKeyUpdate, Options{})
		o.LockTable(ctx, 5, RowExclusive, Options{})
		o.End(1)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkUncontended(b *testing.B) {
	m := NewManager()
	o := m.NewOwner(1)
	ctx, k := context.Background(), []byte("some key of a row")
	for b.Loop() {
		o.LockRow(ctx, k, NoKeyUpdate, Options{})
		o.End(1)
	}
}

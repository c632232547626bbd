package lock

import (
	"context"
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
	if n := len(m.List()); n != 0 {
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
	if left := m.List(); len(left) != 0 {
		t.Errorf("left over: %v", left)
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

package hnsw

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/tarndb/tarn/storage/tuple"
)

// fakeStore is a store with one index; reading it stops at gate, if there is one.
type fakeStore struct {
	mu      sync.Mutex
	lsn     uint64
	entries map[string][]byte
	gate    chan struct{}
	reading chan struct{}
}

func (s *fakeStore) Entries(ctx context.Context, _ Name, f func(label, vector []byte) error) (uint64, error) {
	s.mu.Lock()
	lsn, all := s.lsn, map[string][]byte{}
	for k, v := range s.entries {
		all[k] = v
	}
	s.mu.Unlock()
	if s.gate != nil {
		s.reading <- struct{}{}
		select {
		case <-s.gate:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	for k, v := range all {
		if err := f([]byte(k), v); err != nil {
			return 0, err
		}
	}
	return lsn, nil
}

func pack(v ...float32) []byte {
	var b []byte
	for _, f := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b
}

func unpack(b []byte, buf []float32) []float32 {
	for ; len(b) > 0; b = b[4:] {
		buf = append(buf, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return buf
}

// commit writes an entry as a transaction does; the index learns of it before it can be seen.
func (s *fakeStore) commit(x *Indexes, n Name, label string, v ...float32) {
	defer x.End(x.Begin())
	x.Put(append(n[:], label...), pack(v...))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lsn++
	s.entries[label] = pack(v...)
}

func (s *fakeStore) position() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lsn
}

func untilReady(t *testing.T, ix *Index) {
	t.Helper()
	for range 1000 {
		if ix.Ready() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("the graph is not built")
}

func testName() (n Name) {
	tuple.AppendPrefix(n[:0], 7, 2)
	return n
}

// What commits bring while a graph is being built is in it, and snapshots from before it are not answered.
func TestBuildUnderCommits(t *testing.T) {
	s := &fakeStore{entries: map[string][]byte{}, gate: make(chan struct{}), reading: make(chan struct{})}
	x := NewIndexes(Config{Store: s, Decode: unpack})
	defer x.Close()
	n, p := testName(), Params{Dim: 2, M: 4, EfCons: 16, Metric: L2}
	s.commit(x, n, "before", 1, 1)
	early := s.position()
	s.commit(x, n, "before2", 2, 2)

	// A commit that is under way when the index is first asked for is waited for: it has not told the index.
	gen := x.Begin()
	ix := x.Get(n, p)
	if _, _, ok := ix.Search([]float32{1, 1}, 10, s.position()); ok {
		t.Error("an index that is not built answers")
	}
	select {
	case <-s.reading:
		t.Error("the store is read while a commit from before is under way")
	case <-time.After(20 * time.Millisecond):
	}
	s.mu.Lock()
	s.lsn++
	s.entries["meanwhile"] = pack(3, 3)
	s.mu.Unlock()
	x.End(gen)
	<-s.reading
	s.commit(x, n, "pending", 4, 4)
	close(s.gate)
	untilReady(t, ix)
	s.commit(x, n, "after", 5, 5)
	hits, all, ok := ix.Search([]float32{0, 0}, 10, s.position())
	if got := fmt.Sprint(labelsOf(hits)); got != "[before before2 meanwhile pending after]" || !all || !ok {
		t.Errorf("found %s, all %v, ok %v", got, all, ok)
	}
	if hits[0].Sum != p.Sum([]float32{1, 1}) || hits[0].Sum == p.Sum([]float32{1, 2}) {
		t.Error("a hit's sum is not its vector's")
	}
	if _, _, ok := ix.Search([]float32{0, 0}, 10, early); ok {
		t.Error("a snapshot is answered that the graph does not know")
	}
	if x.Get(n, p) != ix {
		t.Error("the same index has two graphs")
	}
	s.gate = nil
	p.M = 5
	if other := x.Get(n, p); other == ix || ix.Ready() {
		t.Error("an index with other options has the old one's graph")
	}
	x.Ingested(7, 2)
	if m := x.open.Load(); len(*m) != 0 {
		t.Error("files went past the graph")
	}
}

// The graphs of a store stay within its bound, and give back what they had.
func TestLimit(t *testing.T) {
	s := &fakeStore{entries: map[string][]byte{}}
	x := NewIndexes(Config{Store: s, Decode: unpack, Limit: 600 << 10})
	defer x.Close()
	n, p := testName(), Params{Dim: 2, M: 4, EfCons: 8, Metric: L2}
	fill := func(from, to int) {
		for i := from; i < to; i++ {
			s.commit(x, n, fmt.Sprint(i), float32(i), float32(i%17))
		}
	}
	fill(0, 1000)
	ix := x.Get(n, p)
	untilReady(t, ix)
	if used := x.used.Load(); used <= 0 || used > 600<<10 {
		t.Errorf("%d bytes are used", used)
	}
	fill(1000, 20_000)
	for range 1000 {
		ix.mu.Lock()
		idle := !ix.building
		ix.mu.Unlock()
		if idle {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if ix.Ready() {
		t.Error("the graph is larger than its bound")
	}
	if used := x.used.Load(); used != 0 {
		t.Errorf("%d bytes are used by nothing", used)
	}
	x.Forget(func(Name) bool { return true })
	if again := x.Get(n, p); again == ix {
		t.Error("a forgotten index is still there")
	}
}

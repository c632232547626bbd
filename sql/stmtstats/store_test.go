package stmtstats

import (
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func sorted(s *Store) []Row {
	rows := s.Rows()
	slices.SortFunc(rows, func(a, b Row) int { return strings.Compare(fmt.Sprint(a.Key), fmt.Sprint(b.Key)) })
	return rows
}

// Mean and deviation are those of the durations, whatever their order.
func TestTimes(t *testing.T) {
	e := New(0).Entry(Key{ID: 1}, "SELECT $1")
	for _, ms := range []int{8, 2, 4, 4, 5, 5, 7, 9} {
		e.Ran(time.Duration(ms)*time.Millisecond, 2)
	}
	x := e.Execs
	if x.Count != 8 || x.Total != 44 || x.Min != 2 || x.Max != 9 || math.Abs(x.Mean-5.5) > 1e-9 || math.Abs(x.Deviation()-math.Sqrt(38./8)) > 1e-9 || e.Rows != 16 {
		t.Errorf("%+v, deviation %v, %d rows", x, x.Deviation(), e.Rows)
	}
}

// A store keeps to its limit, the entries that are used stay, and those that go say so.
func TestEvict(t *testing.T) {
	s := New(100)
	busy := s.Entry(Key{ID: -1}, "busy")
	for range 1000 {
		busy.Ran(time.Microsecond, 1)
	}
	idle := s.Entry(Key{ID: -2}, "idle")
	for i := range 1000 {
		s.Entry(Key{ID: int64(i)}, "x").Ran(time.Microsecond, 1)
		if n := len(s.Rows()); n > 100 {
			t.Fatalf("%d entries", n)
		}
	}
	if !busy.Ran(0, 0) || idle.Ran(0, 0) {
		t.Error("the wrong ones went")
	}
	if n, _ := s.Info(); n == 0 {
		t.Error("nothing was counted as dropped")
	}
}

func TestReset(t *testing.T) {
	s := New(0)
	keys := []Key{{1, 1, 1, true}, {1, 2, 1, true}, {2, 1, 1, true}, {2, 2, 2, false}}
	fill := func() {
		for _, k := range keys {
			s.Entry(k, "x").Ran(1, 1)
		}
	}
	_, since := s.Info()
	for _, c := range []struct {
		user, db uint32
		id       int64
		left     int
	}{{1, 0, 0, 2}, {0, 2, 0, 2}, {0, 0, 1, 1}, {1, 2, 1, 3}, {3, 0, 0, 4}, {0, 0, 0, 0}} {
		fill()
		if s.Reset(c.user, c.db, c.id); len(s.Rows()) != c.left {
			t.Errorf("reset(%d, %d, %d) leaves %d", c.user, c.db, c.id, len(s.Rows()))
		}
	}
	if _, now := s.Info(); !now.After(since) {
		t.Error("the time of the reset is the old one")
	}
}

// What is saved is read again, once.
func TestSave(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	s := New(0)
	for i := range 20 {
		e := s.Entry(Key{ID: int64(i), User: 10, TopLevel: i%2 == 0}, strings.Repeat("é", i))
		e.Ran(time.Duration(i)*time.Millisecond, int64(i))
		e.Planned(time.Millisecond)
	}
	if err := s.Save(path); err != nil {
		t.Fatal(err)
	}
	again := New(0)
	if err := again.Load(path); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(sorted(s), sorted(again)) {
		t.Error("other entries")
	}
	if err := New(0).Load(path); err != nil {
		t.Error(err)
	}
}

// A text is not kept beyond its bound, nor cut within a character.
func TestLongText(t *testing.T) {
	s := New(0)
	s.Entry(Key{}, "x"+strings.Repeat("é", maxTextLength))
	if n := len(s.Rows()[0].Text); n != maxTextLength-1 {
		t.Error(n)
	}
}

func TestManySessions(t *testing.T) {
	s := New(50)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			var e *Entry
			for i := range 2000 {
				if k := (Key{ID: int64(i * (g + 1) % 97)}); e == nil || !e.Ran(1, 1) || i%3 == 0 {
					e = s.Entry(k, "x")
				}
				if i%500 == 0 {
					s.Reset(0, 0, 0)
				}
				s.Rows()
			}
		})
	}
	wg.Wait()
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"Version":1,"Entries":[{"ID":1,"Text":"x"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := New(3)
		_ = s.decode(data)
		if len(s.Rows()) > 3 {
			t.Error("too many")
		}
	})
}

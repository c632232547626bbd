package mirror

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tarndb/tarn/replication/mirror/pgtext"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/tuple"
)

// brokenRig is a mirror whose warehouse takes nothing while broken is set.
func brokenRig(t *testing.T, opt Options) (r *rig, broken *atomic.Bool) {
	broken = &atomic.Bool{}
	var ready atomic.Pointer[rig]
	opt.Step = func(where string) error {
		if broken.Load() && where == "files" {
			return errors.New("warehouse is broken")
		}
		return nil
	}
	opt.Bootstrap = func(context.Context, *engine.Snapshot) ([]*change.Schema, error) {
		r := ready.Load()
		if r == nil {
			return nil, nil
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		var out []*change.Schema
		for _, tab := range r.tabs {
			out = append(out, tab.schema)
		}
		return out, nil
	}
	r = newRig(t, opt)
	ready.Store(r)
	r.commit(func(g *change.Group) {
		for id := uint32(200); id < 203; id++ {
			r.define(g, twoColumns(r, id))
		}
	})
	for id := uint32(200); id < 203; id++ {
		r.fill(id, 0, 20)
	}
	r.sync()
	return r, broken
}

func (r *rig) state(id uint32) (State, string) {
	for _, s := range r.m.Status() {
		if s.Table == id {
			return s.State, s.LastError
		}
	}
	return "", ""
}

func (r *rig) until(what string, done func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s, e := r.state(200)
			r.t.Fatalf("%s: not in time (table 200 is %s, %q)", what, s, e)
		}
	}
}

// A warehouse that takes nothing does not keep the log for ever: the changes are given up, the state says so, and the table
// is copied as soon as the warehouse is well. Tables that are not concerned are left alone.
func TestPinnedLogIsBounded(t *testing.T) {
	for _, c := range []struct {
		name   string
		memory int64 // little: the tail stands still meanwhile
	}{{"tail goes on", 0}, {"tail is held up", 64 << 10}} {
		t.Run(c.name, func(t *testing.T) {
			const limit = 256 << 10
			r, broken := brokenRig(t, Options{MaxLag: time.Millisecond, MaxLog: limit, MemoryBytes: c.memory})
			broken.Store(true)
			held := r.eng.DurableLSN()
			row := text(string(make([]byte, 4<<10)))
			r.until("overrun", func() bool {
				r.commit(func(g *change.Group) { r.put(g, 200, 3, row, tuple.Int(1)) })
				s, _ := r.state(200)
				return s == StateOverrun
			})
			if behind := r.eng.DurableLSN() - held; behind < limit {
				t.Errorf("given up after %d bytes", behind)
			}
			if _, e := r.state(200); e == "" {
				t.Error("no error is shown")
			}
			r.until("log let go", func() bool {
				r.commit(func(g *change.Group) { r.put(g, 200, 4, row, tuple.Int(2)) })
				return r.m.Metrics().Saved > held+limit/2
			})
			if _, err := r.m.View(bg, []uint32{200}, r.eng.VisibleLSN()); !errors.Is(err, ErrNotReady) {
				t.Errorf("view of a table that is given up: %v", err)
			}
			broken.Store(false)
			for id := uint32(200); id < 203; id++ {
				r.fill(id, 10, 30)
			}
			r.sync()
			if s, e := r.state(200); s != StateActive {
				t.Errorf("state %s, %q", s, e)
			}
			for id := uint32(200); id < 203; id++ {
				r.compareNow(id)
				r.validate(id)
			}
			r.reopen()
			r.sync()
			r.compareNow(200)
		})
	}
}

// What happened in the log that a mirror leaves out is found by its snapshot: tables made, altered and dropped.
func TestLeapOverSchemaChanges(t *testing.T) {
	r, broken := brokenRig(t, Options{MaxLag: time.Millisecond, MaxLog: 128 << 10, MemoryBytes: 32 << 10})
	broken.Store(true)
	r.commit(func(g *change.Group) { r.put(g, 200, 1, text("x"), tuple.Int(1)) })
	r.until("held up", func() bool {
		r.commit(func(g *change.Group) { r.put(g, 200, 2, text(string(make([]byte, 2<<10))), tuple.Int(1)) })
		r.m.mu.Lock()
		defer r.m.mu.Unlock()
		return r.m.room != nil
	})
	r.alter(201, func(s *change.Schema) { s.Columns = append(s.Columns, col("d", 4, pgtext.OIDDate, tuple.KindInt32)) })
	gone, _ := r.m.DeltaPath(202)
	r.commit(func(g *change.Group) {
		r.alterIn(g, 202, func(s *change.Schema) { s.Dropped = true })
		r.define(g, twoColumns(r, 203))
	})
	r.mu.Lock()
	delete(r.tabs, 202)
	r.mu.Unlock()
	for k := range int64(40) {
		r.commit(func(g *change.Group) {
			r.put(g, 201, k, text(string(make([]byte, 4<<10))), tuple.Int(k), tuple.Int(k))
			r.put(g, 203, k, text(fmt.Sprint(k)), tuple.Int(k))
		})
	}
	broken.Store(false)
	r.until("leap", func() bool { return r.m.Metrics().Applied >= r.eng.DurableLSN() })
	r.sync()
	for _, id := range []uint32{200, 201, 203} {
		r.compareNow(id)
		r.validate(id)
	}
	if got, want := r.columns(201), basic+", d date"; got != want {
		t.Errorf("columns %s, want %s", got, want)
	}
	if now, ok := r.m.DeltaPath(202); ok {
		t.Errorf("the dropped table %s is still mirrored at %s", gone, now)
	}
}

// One transaction over many tables holds no more memory than one over a single table.
func TestLargeTransactionOverManyTables(t *testing.T) {
	r := newRig(t, Options{MaxLag: time.Hour, MemoryBytes: 1 << 20})
	r.commit(func(g *change.Group) {
		for id := uint32(200); id < 210; id++ {
			r.define(g, twoColumns(r, id))
		}
	})
	r.commit(func(g *change.Group) {
		for id := uint32(200); id < 210; id++ {
			for k := range int64(100) {
				r.put(g, id, k, text(string(make([]byte, 2<<10))), tuple.Int(k))
			}
		}
	})
	if _, err := r.m.tail.Position().Wait(bg, r.eng.DurableLSN()); err != nil {
		t.Fatal(err)
	}
	if n := r.m.Metrics().TailBytes; n > 1<<20 {
		t.Errorf("tails hold %d bytes", n)
	}
	r.sync()
	for id := uint32(200); id < 210; id++ {
		r.compareNow(id)
	}
}

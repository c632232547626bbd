package mirror

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tarndb/tarn/replication/mirror/pgtext"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/tuple"
)

// TPC-B's writes straight on the engine, with and without a mirror, everything synced.
func BenchmarkTPCB(b *testing.B) {
	for _, on := range []string{"off", "on"} {
		b.Run("mirror="+on, func(b *testing.B) { benchTPCB(b, on == "on") })
	}
}

func benchTPCB(b *testing.B, on bool) {
	dir := b.TempDir()
	eng, err := engine.Open(bg, engine.Options{Dir: filepath.Join(dir, "s")})
	if err != nil {
		b.Fatal(err)
	}
	defer eng.Close()
	r := &rig{dir: dir, eng: eng, tabs: map[uint32]*rigTable{}}
	const accounts = 200000
	filler := text(string(make([]byte, 84)))
	cols := func(id uint32) *change.Schema {
		return r.schemaOf(id, col("id", 1, pgtext.OIDInt8, tuple.KindInt64), col("b", 2, pgtext.OIDInt4, tuple.KindInt32), col("f", 3, 25, tuple.KindText))
	}
	commit := func(g *change.Group) {
		if _, err := eng.Commit(bg, g, engine.Sync); err != nil {
			b.Fatal(err)
		}
	}
	var g change.Group
	for id := uint32(200); id < 204; id++ {
		r.define(&g, cols(id))
	}
	commit(&g)
	for lo := int64(0); lo < accounts; lo += 10000 {
		g.Reset()
		for k := lo; k < lo+10000; k++ {
			g.Put(r.key(200, k), r.tabs[200].layout.Append(nil, 0, []tuple.Value{tuple.Int(k), tuple.Int(0), filler}), 0)
		}
		commit(&g)
	}
	if on {
		wh, err := object.OpenLocal(filepath.Join(dir, "lake"), object.Options{})
		if err != nil {
			b.Fatal(err)
		}
		m, err := Open(Options{Engine: eng, Warehouse: wh, Database: "app", SlotDir: filepath.Join(dir, "slot")})
		if err != nil {
			b.Fatal(err)
		}
		defer m.Close()
		start := time.Now()
		if _, err := m.Sync(bg, eng.VisibleLSN(), 0); err != nil {
			b.Fatal(err)
		}
		b.Logf("initial load %d rows in %v", accounts, time.Since(start))
	}
	const clients = 8
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for c := range clients {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(1, uint64(c)))
			var g change.Group
			put := func(id uint32, k int64, fresh bool) {
				key := r.key(id, k)
				old := uint64(0)
				if !fresh {
					if v, cl, ok, _ := eng.GetLatest(key); ok {
						old = tuple.RowID(v)
						cl.Close()
					}
				}
				g.Put(key, r.tabs[id].layout.Append(nil, 0, []tuple.Value{tuple.Int(k), tuple.Int(int64(rnd.Int32())), filler}), old)
			}
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					return
				}
				g.Reset()
				put(200, rnd.Int64N(accounts/clients)*clients+int64(c), false)
				put(201, int64(c), false)
				put(202, rnd.Int64N(10)*clients+int64(c), false)
				put(203, n, true)
				commit(&g)
			}
		})
	}
	wg.Wait()
	b.StopTimer()
}

// What the tail costs per changed row.
func BenchmarkAppendRow(b *testing.B) {
	r := &rig{tabs: map[uint32]*rigTable{}}
	var g change.Group
	r.define(&g, r.schemaOf(200, col("id", 1, pgtext.OIDInt8, tuple.KindInt64), col("b", 2, pgtext.OIDInt4, tuple.KindInt32), col("f", 3, 25, tuple.KindText)))
	mp, _, err := newMapping(r.tabs[200].schema, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	row := r.tabs[200].layout.Append(nil, 0, []tuple.Value{tuple.Int(1), tuple.Int(0), text(string(make([]byte, 84)))})
	var scratch []tuple.Value
	s := newSegment(0, mp)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%100000 == 0 {
			s = newSegment(0, mp)
		}
		if scratch, err = s.appendRow(r.tabs[200].layout, uint64(i+1), row, scratch); err != nil {
			b.Fatal(err)
		}
	}
}

// accounts is a store with pgbench's accounts; its groups are of 10,000 rows.
func accountsRig(b *testing.B, rows int64) *rig {
	dir := b.TempDir()
	eng, err := engine.Open(bg, engine.Options{Dir: filepath.Join(dir, "s")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { eng.Close() })
	r := &rig{dir: dir, eng: eng, tabs: map[uint32]*rigTable{}}
	var g change.Group
	r.define(&g, r.schemaOf(200, col("aid", 1, pgtext.OIDInt4, tuple.KindInt32), col("bid", 2, pgtext.OIDInt4, tuple.KindInt32), col("abalance", 3, pgtext.OIDInt4, tuple.KindInt32),
		col("filler", 4, 1042, tuple.KindBpchar)))
	filler := text(strings.Repeat(" ", 84))
	for lo := int64(0); lo < rows; lo += 10000 {
		for k := lo; k < lo+10000; k++ {
			g.Put(r.key(200, k), r.tabs[200].layout.Append(nil, 0, []tuple.Value{tuple.Int(k), tuple.Int(k / 100000), tuple.Int(k * 7919 % 10007), filler}), 0)
		}
		if _, err := eng.Commit(bg, &g, engine.Sync); err != nil {
			b.Fatal(err)
		}
		g.Reset()
	}
	return r
}

func benchMirror(b *testing.B, bootstrap bool) {
	const rows = 500000
	r := accountsRig(b, rows)
	for b.Loop() {
		dir := b.TempDir()
		wh, err := object.OpenLocal(filepath.Join(dir, "lake"), object.Options{})
		if err != nil {
			b.Fatal(err)
		}
		o := Options{Engine: r.eng, Warehouse: wh, Database: "app", SlotDir: filepath.Join(dir, "slot")}
		if bootstrap {
			o.Bootstrap = func(context.Context, *engine.Snapshot) ([]*change.Schema, error) {
				return []*change.Schema{r.tabs[200].schema}, nil
			}
		}
		m, err := Open(o)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := m.Sync(bg, r.eng.VisibleLSN(), 0); err != nil {
			b.Fatal(err)
		}
		m.Close()
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// What a first copy of a table takes, and what following the log takes, up to the durable Delta commit.
func BenchmarkCopy(b *testing.B)   { benchMirror(b, true) }
func BenchmarkFollow(b *testing.B) { benchMirror(b, false) }

package mirror

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/tarndb/tarn/replication/mirror/pgtext"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// The curve goes through every point once, and from each to a neighbour.
func TestHilbertGoesFromNeighbourToNeighbour(t *testing.T) {
	for _, c := range []struct{ dims, bits int }{{1, 5}, {2, 1}, {2, 4}, {3, 3}, {4, 2}} {
		n := 1 << (c.dims * c.bits)
		at := make([][]uint32, n)
		for i := range n {
			p := make([]uint32, c.dims)
			for d := range p {
				p[d] = uint32(i>>(d*c.bits)) & (1<<c.bits - 1)
			}
			k := hilbert(slices.Clone(p), c.bits)
			if k >= uint64(n) || at[k] != nil {
				t.Fatalf("%+v: %v is at %d", c, p, k)
			}
			at[k] = p
		}
		for k := 1; k < n; k++ {
			steps := 0
			for d := range at[k] {
				steps += int(max(at[k][d], at[k-1][d]) - min(at[k][d], at[k-1][d]))
			}
			if steps != 1 {
				t.Fatalf("%+v: from %v to %v", c, at[k-1], at[k])
			}
		}
	}
}

// clusteredRows puts rows whose columns 3 and 4 are random numbers below a thousand, one in ten of them NULL.
func clusteredRows(r *rig, rnd *rand.Rand, from, n int64) {
	number := func() tuple.Value {
		if rnd.IntN(10) == 0 {
			return tuple.Null
		}
		return tuple.Int(rnd.Int64N(1000))
	}
	for lo := from; lo < from+n; lo += 500 {
		r.commit(func(g *change.Group) {
			for k := lo; k < min(lo+500, from+n); k++ {
				r.put(g, 200, k, text(fmt.Sprint("row ", k)), number(), number())
			}
		})
	}
}

func clusteredTable(r *rig, options ...change.Option) {
	r.commit(func(g *change.Group) {
		s := r.schemaOf(200, col("id", 1, pgtext.OIDInt8, tuple.KindInt64), col("v", 2, 25, tuple.KindText), col("x", 3, pgtext.OIDInt4, tuple.KindInt32),
			col("y", 4, pgtext.OIDInt4, tuple.KindInt32))
		s.Options = options
		r.define(g, s)
	})
}

// read is how many of the table's files a query for a part of a column has to read.
func (r *rig) filesFor(att int, lo, hi int64) (n, of int) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	v := r.m.tables[200].newest()
	where := v.m.conditions([]engine.Condition{{Column: att - 1, Op: tuple.GreaterEqual, Value: tuple.Int(lo)},
		{Column: att - 1, Op: tuple.LessEqual, Value: tuple.Int(hi)}})
	for _, f := range v.files {
		if !v.m.excludes(f.f, where) {
			n++
		}
	}
	return n, len(v.files)
}

func (r *rig) optimize(how Rewriting) {
	r.t.Helper()
	if err := r.m.Optimize(bg, 200, how); err != nil {
		r.t.Fatal(err)
	}
}

// Files of a clustered table are narrow in both columns, and the rows are what they were, though neither the parts fit in memory nor
// one distribution is enough.
func TestOptimizeClusters(t *testing.T) {
	r := newRig(t, Options{MaxLag: time.Hour, ClusterFile: 3000, clusterBuffer: 60_000, SmallFile: 1, MergeFiles: 1000, KeepVersions: time.Millisecond})
	clusteredTable(r, change.Option{Name: optClusterBy, Value: "3,4"})
	rnd := rand.New(rand.NewPCG(1, 2))
	clusteredRows(r, rnd, 0, 30_000)
	r.sync()
	if n, of := r.filesFor(3, 500, 510); n != of {
		t.Errorf("%d of %d files before", n, of)
	}
	r.optimize(Rewriting{})
	r.compareNow(200)
	for _, att := range []int{3, 4} {
		n, of := r.filesFor(att, 500, 510)
		t.Logf("column %d: %d of %d files", att, n, of)
		if of < clusterFanOut || n > of/5 {
			t.Errorf("column %d: %d of %d files", att, n, of)
		}
	}
	r.validate(200)
	_, files := r.filesFor(3, 0, 1000)

	// What comes later is loose: it becomes a cube of its own, unless the other is not much larger.
	clusteredRows(r, rnd, 30_000, 3000)
	r.commit(func(g *change.Group) {
		for k := range int64(50) {
			r.del(g, 200, k*7)
		}
	})
	r.sync()
	r.optimize(Rewriting{})
	r.compareNow(200)
	rep := r.validate(200)
	if rep.Rows != 32_950 || rep.Deleted != 0 {
		t.Errorf("%+v", rep)
	}
	if n, of := r.filesFor(3, 500, 510); of < files || n > of/4 {
		t.Errorf("later: %d of %d files", n, of)
	}
	before := r.m.tables[200].newest().number
	r.optimize(Rewriting{})
	if now := r.m.tables[200].newest().number; now != before {
		t.Errorf("an OPTIMIZE of a table without loose files made version %d of %d", now, before)
	}
	r.optimize(Rewriting{Full: true})
	r.compareNow(200)
	if n, of := r.filesFor(3, 500, 510); n > of/5 {
		t.Errorf("full: %d of %d files", n, of)
	}
	r.validate(200)

	// A dry run names what would go.
	var would []string
	for deadline := time.Now().Add(20 * time.Second); len(would) == 0 && time.Now().Before(deadline); {
		var err error
		if would, err = r.m.Vacuum(bg, 200, 0, true); err != nil {
			t.Fatal(err)
		}
	}
	if len(would) == 0 {
		t.Fatal("nothing would go")
	}
	if _, err := os.Stat(would[0]); err != nil {
		t.Error(err)
	}
	if _, err := r.m.Vacuum(bg, 200, 0, false); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(would[0]); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is there: %v", would[0], err)
	}
}

// Rows that are deleted while they are clustered stay deleted.
func TestDeletesDuringClustering(t *testing.T) {
	var r *rig
	during := func() {}
	r = newRig(t, Options{MaxLag: time.Hour, ClusterFile: 3000, clusterBuffer: 20_000, SmallFile: 1, MergeFiles: 1000, Step: func(at string) error {
		if at == "merged" {
			during()
		}
		return nil
	}})
	clusteredTable(r)
	clusteredRows(r, rand.New(rand.NewPCG(1, 2)), 0, 4000)
	r.sync()
	during = func() {
		during = func() {}
		r.commit(func(g *change.Group) {
			for k := range int64(4000) {
				if k < 1200 || k%5 == 0 {
					r.del(g, 200, k)
				}
			}
		})
	}
	r.optimize(Rewriting{ZOrder: []int16{4}})
	r.compareNow(200)
	r.sync()
	if rep := r.validate(200); rep.Rows != 2240 {
		t.Errorf("%+v", rep)
	}
	if n, of := r.filesFor(4, 500, 510); of < 5 || n > of/3 {
		t.Errorf("%d of %d files", n, of)
	}
	// Only files that may have the rows are written anew.
	_, before := r.filesFor(4, 0, 1000)
	r.optimize(Rewriting{ZOrder: []int16{3}, Where: []engine.Condition{{Column: 3, Op: tuple.Less, Value: tuple.Int(100)}}})
	r.compareNow(200)
	if n, of := r.filesFor(4, 500, 510); n > of/3 || of < before/2 {
		t.Errorf("after a part: %d of %d files", n, of)
	}
}

// The background clusters what has become loose, and tells other engines by what.
func TestBackgroundClusters(t *testing.T) {
	r := newRig(t, Options{MaxLag: 5 * time.Millisecond, ClusterFile: 20_000})
	clusteredTable(r)
	clusteredRows(r, rand.New(rand.NewPCG(1, 2)), 0, 6000)
	r.sync()
	s := *r.tabs[200].schema
	s.Version, s.Options = 2, []change.Option{{Name: optClusterBy, Value: "4"}}
	r.commit(func(g *change.Group) { r.define(g, &s) })
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if n, of := r.filesFor(4, 500, 510); of > 3 && n <= of/2 {
			break
		}
		if time.Now().After(deadline) {
			n, of := r.filesFor(4, 500, 510)
			t.Fatalf("%d of %d files", n, of)
		}
	}
	r.compareNow(200)
	tab := r.m.tables[200]
	domain := func() string {
		tab.pub.Lock()
		defer tab.pub.Unlock()
		snap := tab.log.Snapshot()
		if !snap.Protocol.Has("clustering") || !snap.Protocol.Has("domainMetadata") || snap.Protocol.MinReaderVersion != 1 {
			t.Errorf("protocol %+v", snap.Protocol)
		}
		return snap.Domains[domainClustering].Configuration
	}
	if got, want := domain(), `{"clusteringColumns":[["y"]],"domainName":"delta.clustering"}`; got != want {
		t.Errorf("domain %s", got)
	}
	r.validate(200)
	none := s
	none.Version, none.Options = 3, nil
	r.commit(func(g *change.Group) { r.define(g, &none) })
	r.sync()
	if got, want := domain(), `{"clusteringColumns":[],"domainName":"delta.clustering"}`; got != want {
		t.Errorf("domain without clustering %s", got)
	}
}

func TestRankBounds(t *testing.T) {
	order := parquet.Type{ID: parquet.Long}.Order()
	var vals []tuple.Value
	for i := range int64(100) {
		vals = append(vals, tuple.Int(i/2), tuple.Null)
	}
	if b := rankBounds(vals, order, 1000); len(b) != 50 || b[0].Int() != 0 || b[49].Int() != 49 {
		t.Errorf("%d bounds", len(b))
	}
	if b := rankBounds(vals, order, 5); len(b) != 5 || b[0].Int() != 0 || b[4].Int() != 40 {
		t.Errorf("%v", b)
	}
}

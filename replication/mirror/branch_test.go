package mirror

import (
	"maps"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tarndb/tarn/replication/mirror/pgtext"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/tuple"
)

// A copy that was cut short at any step leaves the parent as it was, and the next one, over what it has left in the warehouse, is
// whole: also of a table whose files the parent has replaced and swept meanwhile.
func TestCopyOverOneThatWasCutShort(t *testing.T) {
	for _, at := range []string{"copied store", "cloned files", "copied lakes"} {
		var fail atomic.Bool
		r := newRig(t, Options{MaxLag: 5 * time.Millisecond, FileRetention: time.Millisecond, MergeFiles: 2, Step: func(where string) error {
			if where == at && fail.Load() {
				return errKilled
			}
			return nil
		}})
		h := &lakeHistory{rig: r, rnd: rand.New(rand.NewPCG(1, 2)), rows: map[uint64]string{}, storage: change.LakeStorage | 1000, depth: 9}
		r.commit(func(g *change.Group) {
			s := r.schemaOf(lakeID, col("k", 1, pgtext.OIDInt8, tuple.KindInt64), col("v", 2, 25, tuple.KindText))
			s.StorageID, s.PrimaryKey = h.storage, nil
			r.define(g, s)
		})
		write := func() {
			h.change(20, 5)
			r.sync()
			h.adoptedWhole()
			h.change(3, 3) // in the inbox, and tombstones
		}
		write()
		c := &rig{t: t, dir: t.TempDir(), name: "app@dev", lake: r.lake, tabs: maps.Clone(r.tabs), opt: Options{MaxLag: 5 * time.Millisecond}}
		fail.Store(true)
		if _, err := r.m.Copy(bg, r.target(c)); err == nil {
			t.Fatalf("no error at %s", at)
		}
		fail.Store(false)
		write()
		if err := os.RemoveAll(c.dir); err != nil {
			t.Fatal(err)
		}
		if _, err := r.m.Copy(bg, r.target(c)); err != nil {
			t.Fatal(err)
		}
		want := h.rows
		write()
		r.compareNow(lakeID)
		c.opt.Bootstrap = bootstrapOf(c)
		c.open()
		s := c.eng.Snapshot()
		k := &lakeHistory{rig: c, rnd: h.rnd, rows: want, storage: h.storage}
		k.checkSnapshot(lakeSnapshot{s: s, rows: want, schema: c.tabs[lakeID].schema})
		s.Release()
		c.compareNow(lakeID)
		c.sync()
		k.adoptedWhole()
		if rep := c.validate(lakeID); rep.Rows != int64(len(want)) {
			t.Errorf("%s: %d rows, want %d", at, rep.Rows, len(want))
		}
		c.close()
	}
}

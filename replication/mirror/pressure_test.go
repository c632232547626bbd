package mirror

import (
	"fmt"
	"testing"
	"time"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/object"
)

// The retention of files that the newest version does not name ends early where they take more than their budget, the oldest first, and never
// before two minutes; not of a table with a change data feed, nor of a lake table.
func TestShortenedRetention(t *testing.T) {
	const mb = 1 << 20 // the table has 20 MB of live rows: past versions may keep 21
	vector := &delta.DVDescriptor{StorageType: "u", PathOrInlineDV: "vBn[lx{q8@P<9BNH/isA"}
	vectorKey, err := vector.Key()
	if err != nil {
		t.Fatal(err)
	}
	type past struct {
		minutes int // since a version lost it
		size    int64
		vector  bool
	}
	for _, c := range []struct {
		name   string
		past   []past
		change func(tab *table)
		want   int // minutes
	}{
		{"little", []past{{1, 10 * mb, false}, {14, 10 * mb, false}}, nil, 15},
		{"the oldest goes", []past{{1, 10 * mb, false}, {9, 10 * mb, false}, {3, 10 * mb, false}}, nil, 9},
		{"all but the newest go", []past{{3, 20 * mb, false}, {4, 20 * mb, false}, {9, mb, false}}, nil, 4},
		{"too young to go", []past{{0, 50 * mb, false}, {1, 50 * mb, false}}, nil, 2},
		{"vectors", []past{{3, mb, false}, {5, 30 * mb, true}}, nil, 5},
		{"with a feed", []past{{3, 50 * mb, false}}, func(tab *table) {
			tab.m.columns = make([]column, 1)
			tab.m.schema.Options = []change.Option{{Name: optFeed, Value: "on"}}
		}, 15},
		{"a lake table", []past{{3, 50 * mb, false}}, func(tab *table) { tab.wasLake = true }, 15},
	} {
		m := &Mirror{opt: Options{}.withDefaults()}
		schema := &change.Schema{}
		tab := &table{vers: []*version{fakeVersion(4, 10*mb, 500)}, schema: schema, m: &mapping{schema: schema}}
		if c.change != nil {
			c.change(tab)
		}
		snap := &delta.Snapshot{Tombstones: map[delta.FileKey]*delta.Remove{}}
		named := map[string]bool{"live": true}
		infos := []object.Info{{Key: "live", Size: 1 << 40}}
		lost := func(key string, minutes int, dv *delta.DVDescriptor) {
			at := time.Now().Add(-time.Duration(minutes) * time.Minute).UnixMilli()
			snap.Tombstones[delta.FileKey{Path: key, DV: dv.ID()}] = &delta.Remove{Path: key, DeletionTimestamp: &at, DeletionVector: dv}
		}
		for i, p := range c.past {
			key, file := fmt.Sprint("file", i), fmt.Sprint("file", i)
			var dv *delta.DVDescriptor
			if p.vector { // a live file had other deleted rows
				key, file, dv = "live", vectorKey, vector
			}
			lost(key, p.minutes, dv)
			infos = append(infos, object.Info{Key: file, Size: p.size})
		}
		got, err := m.shortened(tab, snap, named, infos, 15*time.Minute)
		if want := time.Duration(c.want) * time.Minute; err != nil || got < want || got > want+5*time.Second {
			t.Errorf("%s: %v, want %v, %v", c.name, got, want, err)
		}
	}
}

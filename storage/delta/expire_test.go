package delta

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tarndb/tarn/storage/object"
)

// The log of other writers' tables expires up to a checkpoint of any kind; sidecars that no checkpoint names go, and the
// newest version still reads the same.
func TestExpireLogsOfOtherWriters(t *testing.T) {
	dir := t.TempDir()
	unpack(t, dir, "golden.tar.gz", "kernel.tar.gz")
	for table, want := range map[string]struct {
		keep     int64 // the oldest version that is left
		sidecars int
	}{
		"kernel/v2-checkpoints-json-with-sidecars":    {6, 2},
		"kernel/v2-checkpoints-parquet-with-sidecars": {6, 2},
		"kernel/v1-multi-part-struct-stats-only":      {5, 0},
		"golden/multi-part-checkpoint":                {1, 0},
	} {
		root := filepath.Join(dir, table)
		store, err := object.OpenLocal(root, object.Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		tab := NewTable(store, TableOptions{})
		rows, hash, err := content(t, tab, -1)
		if err != nil {
			t.Fatal(table, err)
		}
		old := time.Now().Add(-48 * time.Hour)
		filepath.WalkDir(root, func(path string, _ os.DirEntry, _ error) error { return os.Chtimes(path, old, old) })
		snap, err := tab.Snapshot(ctx, -1)
		if err != nil {
			t.Fatal(err)
		}
		log := &Log{store: store, snap: snap}
		n, err := log.Expire(ctx, time.Now(), time.Hour, math.MaxInt64)
		if err != nil {
			t.Fatal(table, err)
		}
		files, err := listLog(ctx, store, 0)
		if err != nil {
			t.Fatal(err)
		}
		side, err := store.List(ctx, sidecarDir, "")
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d deleted, first %d, %d sidecars", table, n, files[0].version, len(side))
		if files[0].version != want.keep || len(side) != want.sidecars {
			t.Errorf("%s: the first version is %d, %d sidecars; want %d, %d", table, files[0].version, len(side), want.keep, want.sidecars)
		}
		if r, h, err := content(t, tab, -1); r != rows || h != hash || err != nil {
			t.Errorf("%s: %d rows %s %v, had %d %s", table, r, h, err, rows, hash)
		}
	}
}

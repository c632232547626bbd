package mirror

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/object"
)

// minRetention is how long files stay in any case that the newest version does not name: readers of other engines are at them.
const minRetention = 2 * time.Minute

// liveBytes is what the live rows of a version take in its files.
func (v *version) liveBytes() (n int64) {
	for _, f := range v.files {
		n += f.f.bytes * f.live() / f.f.rows
	}
	return n
}

// pastBudget is what files and vectors of past versions may take when their retention ends early: a quarter of what the live rows take, and some.
func pastBudget(live int64) int64 { return live/4 + 16<<20 }

// pressedLocked reports whether past versions have kept so much since the last sweep that it should not wait.
func (m *Mirror) pressedLocked(t *table) bool {
	return t.garbage > pastBudget(t.newest().liveBytes())/4 && time.Since(t.swept) > min(minRetention, m.opt.FileRetention)/4
}

// shortened is the retention of a sweep by the background: that which is asked for, or as much less, down to minRetention, as brings what past
// versions keep within their budget. named are the files of the newest version, infos all that there are. Versions of a table with the
// change data feed say with their files what became of rows, and those of a lake table belong to the restore window: both keep theirs.
func (m *Mirror) shortened(t *table, snap *delta.Snapshot, named map[string]bool, infos []object.Info, retention time.Duration) (time.Duration, error) {
	m.mu.Lock()
	exempt := t.isLake() || t.m == nil || t.m.feed() || len(t.vers) == 0
	var budget int64
	if !exempt {
		budget = pastBudget(t.newest().liveBytes())
	}
	m.mu.Unlock()
	if exempt {
		return retention, nil
	}
	sizes := map[string]int64{}
	for _, i := range infos {
		sizes[i.Key] = i.Size
	}
	lost := map[string]int64{} // when a version lost the file, the newest time
	lose := func(key string, err error, at int64) error {
		if err == nil && !named[key] {
			lost[key] = max(lost[key], at)
		}
		return err
	}
	for _, r := range snap.Tombstones {
		if r.DeletionTimestamp == nil {
			continue
		}
		key, err := delta.DataKey(r.Path)
		if err := lose(key, err, *r.DeletionTimestamp); err != nil {
			return 0, err
		}
		if r.DeletionVector == nil {
			continue
		}
		key, err = r.DeletionVector.Key()
		if err := lose(key, err, *r.DeletionTimestamp); err != nil {
			return 0, err
		}
	}
	newestFirst := slices.SortedFunc(maps.Keys(lost), func(a, b string) int { return cmp.Compare(lost[b], lost[a]) })
	left := budget
	for _, key := range newestFirst {
		if left -= sizes[key]; left < 0 {
			age := time.Since(time.UnixMilli(lost[key]))
			if age < minRetention {
				m.mu.Lock()
				t.garbage = budget // they will be old enough soon
				m.mu.Unlock()
			}
			return min(max(age, minRetention), retention), nil
		}
	}
	return retention, nil
}

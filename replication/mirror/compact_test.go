package mirror

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
)

// fakeVersion has files of 1,000 rows each.
func fakeVersion(files, bytes int64, deleted uint64) *version {
	var list []*fileState
	for i := range files {
		f := &fileState{f: &dataFile{rows: 1000, bytes: bytes, first: uint64(i * 1000), last: uint64(i*1000 + 999)}}
		if deleted > 0 {
			f.dead = roaring.New()
			f.dead.AddRange(0, deleted)
		}
		list = append(list, f)
	}
	return newVersion(1, 1, nil, list)
}

// Compactions replace no more than there is room for, until small files are too many.
func TestPlanKeepsToItsRoom(t *testing.T) {
	m := &Mirror{opt: Options{}.withDefaults()}
	for _, c := range []struct {
		name         string
		files, bytes int64
		deleted      uint64
		spare        int64
		want         int
	}{
		{"nothing deleted", 3, 20 << 20, 0, 1 << 40, 0},
		{"much deleted", 1, 20 << 20, 400, 20 << 20, 1},
		{"much deleted, no room", 1, 20 << 20, 400, 20<<20 - 1, 0},
		{"room for two", 5, 20 << 20, 400, 45 << 20, 2},
		{"small", 16, 64 << 10, 0, 1 << 30, 16},
		{"small, no room", 16, 64 << 10, 0, 1 << 20, 0},
		{"too many small ones", 64, 1 << 20, 0, 0, 64},
	} {
		if got := len(m.plan(fakeVersion(c.files, c.bytes, c.deleted), c.spare)); got != c.want {
			t.Errorf("%s: %d files, want %d", c.name, got, c.want)
		}
	}
}

// Replaced files take room until they expire.
func TestRoomForReplacedFiles(t *testing.T) {
	m := &Mirror{opt: Options{FileRetention: time.Minute}.withDefaults()}
	tab := &table{vers: []*version{fakeVersion(4, 10<<20, 500)}}
	const half = 10 << 20 // of the live rows
	if got := m.spareLocked(tab); got != half+slack {
		t.Errorf("at first %d", got)
	}
	now := time.Now()
	tab.retired = []retirement{{now.Add(-2 * time.Minute), 1 << 40}, {now, 30 << 20}}
	if got := m.spareLocked(tab); got != half+slack-30<<20 || len(tab.retired) != 1 {
		t.Errorf("with 30 MB replaced %d, %d commits", got, len(tab.retired))
	}
	tab.retired = append(tab.retired, retirement{now, 1 << 40})
	if got := m.spareLocked(tab); got != 0 {
		t.Errorf("with a terabyte replaced %d", got)
	}
}

func TestPace(t *testing.T) {
	m := &Mirror{opt: Options{CompactRate: 1 << 20}.withDefaults()}
	start := time.Now()
	if err := m.pace(bg, start, 50<<10); err != nil || time.Since(start) < 40*time.Millisecond {
		t.Errorf("%v after %v", err, time.Since(start))
	}
	ctx, cancel := context.WithCancelCause(bg)
	cancel(ErrClosed)
	if err := m.pace(ctx, time.Now(), 1<<40); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

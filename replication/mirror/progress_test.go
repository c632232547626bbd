package mirror

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/tuple"
)

// seen collects what Progress shows at each step of the mirror.
type seen struct {
	mu   sync.Mutex
	r    *rig
	work map[string]Work // the last of each kind, phase and step
}

func (s *seen) step(where string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.r.m == nil {
		return nil
	}
	for _, w := range s.r.m.Progress() {
		s.work[fmt.Sprintf("%s: %s at %s", w.Kind, w.Phase, where)] = w
	}
	return nil
}

func (s *seen) at(t *testing.T, what string) Work {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	w, ok := s.work[what]
	if !ok {
		var have []string
		for k := range s.work {
			have = append(have, k)
		}
		t.Fatalf("no %q was shown, but %s", what, strings.Join(have, ", "))
	}
	return w
}

// Copies, merges and removals of files show what they have done while they run, and nothing afterwards.
func TestProgress(t *testing.T) {
	const rows = 2500
	s := &seen{work: map[string]Work{}}
	r := &rig{t: t, dir: t.TempDir(), tabs: map[uint32]*rigTable{}, opt: Options{MaxLag: time.Hour, Workers: 1, FileRows: 1000, FileRetention: time.Hour, Step: s.step}}
	s.r = r
	t.Cleanup(func() { r.close() })
	r.open()
	r.commit(func(g *change.Group) { r.define(g, twoColumns(r, 200)) })
	r.fill(200, 0, rows)
	r.sync()
	// A position without its tables is a mirror that starts anew: a copy.
	r.m.mu.Lock()
	r.m.startCopyLocked(r.m.tables[200], nil)
	r.m.mu.Unlock()
	r.sync()
	w := s.at(t, "copy: committing at files")
	if w.Table != 200 || w.TableName != "t200" || w.Rows != rows || w.Files != 3 || w.Bytes == 0 || !w.Background || time.Since(w.Started) > time.Minute {
		t.Errorf("copy: %+v", w)
	}
	r.commit(func(g *change.Group) {
		for k := range int64(10) {
			r.put(g, 200, k, text("new"), tuple.Int(k))
		}
	})
	if err := r.m.Optimize(bg, 200, Rewriting{}); err != nil {
		t.Fatal(err)
	}
	w = s.at(t, "optimize: committing at merged")
	if w.Table != 200 || w.Rows != rows || w.RowsTotal != rows || w.Files != 4 || w.FilesTotal != 4 || w.Bytes == 0 || w.Background {
		t.Errorf("optimize: %+v", w)
	}
	if _, err := r.m.Vacuum(bg, 200, 0, false); err != nil {
		t.Fatal(err)
	}
	w = s.at(t, "vacuum: removing files at expire")
	if w.Table != 200 || w.FilesTotal == 0 || w.Files != w.FilesTotal-1 || w.BytesTotal <= w.Bytes || w.Background {
		t.Errorf("vacuum: %+v", w)
	}
	if left := r.m.Progress(); len(left) != 0 {
		t.Errorf("when all is done: %+v", left)
	}
}

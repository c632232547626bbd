package mirror

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/tuple"
)

// freeze is what a kill -9 leaves: a copy of warehouse and slot made between two steps of a commit.
type freeze struct {
	mu    sync.Mutex
	at    string // step
	skip  int    // passes of that step
	src   string
	dst   string
	taken bool
	err   error
}

func (f *freeze) step(where string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.taken || where != f.at {
		return nil
	}
	if f.skip--; f.skip >= 0 {
		return nil
	}
	f.taken = true
	for _, d := range []string{"lake", "slots"} {
		if err := os.CopyFS(filepath.Join(f.dst, d), os.DirFS(filepath.Join(f.src, d))); err != nil {
			f.err = err
		}
	}
	return nil
}

// The mirror is killed between any two steps of a publication, a compaction, a checkpoint or a copy, and started again
// on what was there: every change is in the Delta table once, and what no commit names is removed.
func TestKilledAtEveryStep(t *testing.T) {
	steps := []string{"files", "log", "linked", "committed", "checkpoint", "checkpointed", "merged", "compacted", "feed"}
	seeds := 2
	if testing.Short() {
		seeds = 1
	}
	for _, at := range steps {
		for seed := range seeds {
			t.Run(fmt.Sprintf("%s %d", strings.ReplaceAll(at, " ", "-"), seed), func(t *testing.T) {
				t.Parallel()
				killedOnce(t, at, uint64(seed))
			})
		}
	}
}

func killedOnce(t *testing.T, at string, seed uint64) {
	f := &freeze{at: at, skip: int(seed) * 2}
	r := &rig{t: t, dir: t.TempDir(), name: "app", tabs: map[uint32]*rigTable{}, opt: Options{MaxLag: time.Hour, Workers: 1, CheckpointLog: 4,
		MergeFiles: 4, FileRetention: time.Hour, Step: f.step}}
	f.src, f.dst = r.dir, t.TempDir()
	t.Cleanup(func() { r.close() })
	r.open()
	r.commit(func(g *change.Group) { r.define(g, withFeed(twoColumns(r, 200))) })
	rnd := rand.New(rand.NewPCG(seed, 7))
	for range 30 {
		for range 1 + rnd.IntN(5) {
			r.commit(func(g *change.Group) {
				k := rnd.Int64N(60)
				if rnd.IntN(3) == 0 && r.old(r.key(200, k)) != 0 {
					r.del(g, 200, k)
				} else {
					r.put(g, 200, k, text(fmt.Sprint(rnd.Int())), tuple.Int(rnd.Int64N(100)))
				}
			})
		}
		r.sync()
		r.quiesce()
	}
	f.mu.Lock()
	taken, err := f.taken, f.err
	f.mu.Unlock()
	if !taken || err != nil {
		t.Fatalf("step %s was not reached, %v", at, err)
	}
	if _, err := r.eng.Log().Hold("test", 0); err != nil { // as the slot that is put back would
		t.Fatal(err)
	}
	r.m.Close()
	for _, d := range []string{"lake", "slots"} {
		if err := os.RemoveAll(filepath.Join(r.dir, d)); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(f.dst, d), filepath.Join(r.dir, d)); err != nil {
			t.Fatal(err)
		}
	}
	r.opt.MergeFiles = 1000
	r.openMirror()
	r.sync()
	r.quiesce()
	r.compareNow(200)
	r.validate(200)
	r.noOrphans(200)
	if r.feedTells(200) == 0 && at == "feed" {
		t.Error("the feed says nothing")
	}
}

// quiesce waits until no compaction runs, so that a frozen directory is that of one moment.
func (r *rig) quiesce() {
	for {
		r.m.mu.Lock()
		busy := false
		for _, t := range r.m.tables {
			busy = busy || t.busy || t.compacting || t.wantMerge || t.swept.IsZero()
		}
		r.m.mu.Unlock()
		if !busy {
			return
		}
		r.m.poke()
		time.Sleep(time.Millisecond)
	}
}

// noOrphans checks that each file is named by the log.
func (r *rig) noOrphans(id uint32) {
	r.t.Helper()
	dir, _ := r.m.DeltaPath(id)
	r.m.mu.Lock()
	store := r.m.tables[id].store
	r.m.mu.Unlock()
	snap, err := delta.Load(bg, store, -1)
	if err != nil {
		r.t.Fatal(err)
	}
	named := map[string]bool{}
	for _, a := range snap.Files {
		named[a.Path] = true
		if a.DeletionVector != nil {
			k, _ := a.DeletionVector.Key()
			named[k] = true
		}
	}
	for _, a := range snap.Tombstones {
		named[a.Path] = true
		if a.DeletionVector != nil {
			k, _ := a.DeletionVector.Key()
			named[k] = true
		}
	}
	ents, err := os.ReadDir(dir)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range ents {
		if !e.IsDir() && !named[e.Name()] {
			r.t.Errorf("%s is an orphan", e.Name())
		}
	}
}

// A kill between DROP TABLE and the removal of its files leaves them; the next start removes them, and nothing else.
func TestFilesOfDroppedTableAfterKill(t *testing.T) {
	r := ddlRig(t)
	r.commit(func(g *change.Group) { r.define(g, twoColumns(r, 201)) })
	r.fill(201, 0, 5)
	r.sync()
	dir, _ := r.m.DeltaPath(201)
	kept, _ := r.m.DeltaPath(200)
	keep := t.TempDir()
	if err := os.CopyFS(keep, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(filepath.Dir(dir), "foreign")
	if err := os.CopyFS(foreign, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(foreign, "_delta_log")); err != nil {
		t.Fatal(err)
	}
	r.alter(201, func(s *change.Schema) { s.Dropped = true })
	r.sync()
	r.close()
	os.RemoveAll(dir)
	if err := os.CopyFS(dir, os.DirFS(keep)); err != nil {
		t.Fatal(err)
	}
	r.open()
	r.sync()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if m, _ := filepath.Glob(filepath.Join(dir, "*.parquet")); len(m) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("files are still there")
		}
	}
	r.compareNow(200)
	for _, d := range []string{foreign, kept} {
		if m, _ := filepath.Glob(filepath.Join(d, "*.parquet")); len(m) == 0 {
			t.Errorf("%s lost its files", d)
		}
	}
}

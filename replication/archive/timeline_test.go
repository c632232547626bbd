package archive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tarndb/tarn/storage/engine"
)

// With a bound on how far the archive reaches, what is before the base that leads there goes, and all that is left can be restored.
func TestRetention(t *testing.T) {
	reach := time.Duration(1 << 62)
	r := newRig(t, engine.Options{MemTableBytes: 64 << 10, SegmentBytes: 128 << 10, WindowBytes: 64 << 20},
		Options{BaseBytes: 100 << 10, runBytes: 16 << 10, Keep: func() time.Duration { return reach }})
	r.write(50)
	r.start()
	index := func() *Index {
		x, err := Load(t.Context(), r.source().Objects)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	r.until("bases", func() bool { r.write(50); r.drain(); return len(index().Bases) >= 4 })
	before := index()
	r.stop()
	reach = 0
	r.start()
	r.until("old bases to go", func() bool { r.write(50); r.drain(); return index().Bases[0].Valid > before.Bases[3].Valid })
	r.stop()
	x := index()
	if len(x.Bases) > 2 {
		t.Errorf("%d bases are left", len(x.Bases))
	}
	for _, run := range x.Runs {
		if run.To <= x.Bases[0].Keep {
			t.Errorf("the run from %s to %s is left; the oldest base needs the log from %s", run.From, run.To, x.Bases[0].Keep)
		}
	}
	r.mustRestore(engine.Point{})
	r.mustRestore(engine.Point{LSN: x.Bases[0].Valid})
	var outside *OutsideError
	if _, err := r.restore(engine.Point{LSN: before.Bases[0].Valid}); !errors.As(err, &outside) {
		t.Error(err)
	}
}

// The clean-up takes files that no base names and stores that are gone, and nothing else; the check says what is wrong.
func TestSweepAndCheck(t *testing.T) {
	r := newRig(t, engine.Options{MemTableBytes: 64 << 10}, Options{})
	r.write(200)
	line := OpenTimeline(r.local, "0123456789abcdef")
	ctx := t.Context()
	tree := []byte("a tree")
	if err := errors.Join(line.Mark(ctx), line.Mark(ctx)); err != nil {
		t.Fatal(err)
	}
	for range keepTrees + 3 {
		if err := line.PutTree(ctx, tree); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := line.trees(ctx); err != nil || len(n) != keepTrees || n[keepTrees-1] != keepTrees+3 {
		t.Fatal(n, err)
	}
	if ids, err := Timelines(ctx, r.local); err != nil || len(ids) != 1 || ids[0] != line.ID() {
		t.Fatal(ids, err)
	}
	archived := func(db, branch uint32) {
		t.Helper()
		a := line.Archive(db, branch, Options{Engine: r.eng, Timeout: time.Millisecond})
		if err := a.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		a.Close()
	}
	archived(5, 6)
	r.write(200) // files of a base of its own
	archived(5, 7)
	check := func() (string, error) {
		var out bytes.Buffer
		err := line.Check(ctx, &out, func(raw []byte) error {
			if !bytes.Equal(raw, tree) {
				return errors.New("another tree")
			}
			return nil
		})
		return out.String(), err
	}
	if out, err := check(); err != nil || strings.Contains(out, "left over") {
		t.Fatal(out, err)
	}
	stray := filePrefix + strings.Repeat("ab", 32)
	if err := line.all.Put(ctx, stray, []byte("of a base that did not come to be")); err != nil {
		t.Fatal(err)
	}
	if out, err := check(); err != nil || !strings.Contains(out, "left over: "+stray) {
		t.Fatal(out, err)
	}
	files := func() int {
		infos, err := line.all.List(ctx, filePrefix, "")
		if err != nil {
			t.Fatal(err)
		}
		return len(infos)
	}
	all := files()
	sweep := func(before time.Time) {
		t.Helper()
		if err := line.Sweep(ctx, func(k StoreKey) bool { return k == StoreKey{5, 6} }, before); err != nil {
			t.Fatal(err)
		}
	}
	sweep(time.Now().Add(-time.Hour)) // what is gone is gone for less long
	if n := files(); n != all-1 {
		t.Errorf("%d files, want %d", n, all-1)
	}
	if out, err := check(); err != nil || !strings.Contains(out, "store 5/7") || strings.Contains(out, "left over") {
		t.Fatal(out, err)
	}
	sweep(time.Now().Add(time.Hour))
	out, err := check()
	if err != nil || strings.Contains(out, "store 5/7") || strings.Contains(out, "left over") {
		t.Fatal(out, err)
	}
	dir := filepath.Join(r.dir, "again")
	if _, err := line.Store(5, 6).Restore(context.Background(), dir, engine.Point{}, nil); err != nil {
		t.Fatal(err)
	}

	// Each kind of object, with a byte changed and gone.
	seen := map[string]bool{}
	infos, err := line.all.List(ctx, "", "")
	if err != nil {
		t.Fatal(err)
	}
	for i := len(infos) - 1; i >= 0; i-- { // of the trees the newest counts
		key := infos[i].Key
		kind, _, _ := strings.Cut(strings.TrimPrefix(key, "store/5/6/"), "/")
		if seen[kind] || infos[i].Size == 0 {
			continue
		}
		seen[kind] = true
		path := filepath.Join(r.dir, "archive", line.ID(), key)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		bad := bytes.Clone(whole)
		bad[len(bad)/2] ^= 1
		for _, b := range [][]byte{bad, whole[:len(whole)-1]} {
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := check(); err == nil {
				t.Errorf("%s is damaged, and the check says\n%s", key, out)
			}
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := check(); err != nil {
		t.Fatal(out, err)
	}
	if !seen["wal"] || !seen["base"] || !seen["file"] || !seen["tree"] || !seen["more"] {
		t.Error("kinds of objects:", seen)
	}
	if err := line.Check(ctx, io.Discard, func([]byte) error { return errors.New("no tree") }); err == nil {
		t.Error("no tree is readable")
	}
}

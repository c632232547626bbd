package engine

import (
	"bytes"
	"context"
	"errors"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tarndb/tarn/storage/change"
)

// TestCheckAccountsForFiles plants files of every kind in a store with a restore window: Check names each, tells what the next start
// removes from what nobody does, and the next start does remove it. A sorted file that a base needs and that is gone is missing.
func TestCheckAccountsForFiles(t *testing.T) {
	fs := vfs.NewMem()
	o := Options{FS: fs, Dir: "db", Window: time.Hour, WindowBytes: 1 << 30}
	e := mustOpen(t, o)
	mustCommit(t, e, Sync, func(g *change.Group) { g.Put(rowKey(1), rowValue("one"), 0) })
	if err := e.tendWindow(); err != nil {
		t.Fatal(err)
	}
	if err := bulkTable(t, e, testTable+1, func() {}); err != nil {
		t.Fatal(err)
	}
	mustClose(t, e)
	look := func() (string, error) {
		var out bytes.Buffer
		err := Check(context.Background(), &out, fs, "db", func(name string) (Unused, bool) {
			return Unused{Left: []string{name + "/old"}}, name == "slot"
		})
		return out.String(), err
	}
	if out, err := look(); err != nil || strings.Contains(out, "left over") {
		t.Fatalf("%v\n%s", err, out)
	}
	bases, err := fs.List("db/base")
	if err != nil || len(bases) != 1 {
		t.Fatalf("bases %v, %v", bases, err)
	}
	plant := func(name string) {
		t.Helper()
		if err := fs.MkdirAll(path.Dir("db/"+name), 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := fs.Create("db/"+name, vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	left := []string{"kv/999999.sst", "kv/bulk/x-1-0.sst", "kv/temporary.000099.dbtmp", "wal/0000000002000000.wal.new", "wal/7.more.new",
		"wal/00000000000000FF.more", "base/.new/000001.sst", "base/" + bases[0] + ".gone/000001.sst", "ingested/nonsense", "archive/000001.sst"}
	for _, name := range left {
		plant(name)
	}
	plant("slot/old")
	out, err := look()
	if err != nil {
		t.Errorf("what the next start removes is a problem: %v\n%s", err, out)
	}
	for _, name := range append(left, "slot/old") {
		top := name
		if strings.HasPrefix(name, baseDir+"/") || strings.HasPrefix(name, archiveDir+"/") {
			top = path.Dir(name)
		}
		if !strings.Contains(out, "left over: "+top+",") {
			t.Errorf("%s is not named:\n%s", top, out)
		}
	}
	foreign := []string{"notes.txt", "kv/notes.txt", "wal/notes.txt", "base/" + bases[0] + "/777777.sst"}
	e = mustOpen(t, o)
	if err := e.tendWindow(); err != nil {
		t.Fatal(err)
	}
	mustClose(t, e)
	if err := fs.RemoveAll("db/slot"); err != nil {
		t.Fatal(err)
	}
	if out, err := look(); err != nil || strings.Contains(out, "left over") {
		t.Errorf("after a start: %v\n%s", err, out)
	}
	for _, name := range foreign {
		plant(name)
		if out, err := look(); !errors.Is(err, ErrCorrupt) || !strings.Contains(out, "unreferenced: "+name+"\n") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		if err := fs.Remove("db/" + name); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := fs.List("db/ingested")
	if err != nil || len(kept) == 0 {
		t.Fatalf("%v, %v", kept, err)
	}
	if err := fs.Rename("db/ingested/"+kept[0], "away"); err != nil {
		t.Fatal(err)
	}
	if out, err := look(); !errors.Is(err, ErrCorrupt) || !strings.Contains(out, "missing: sorted file "+kept[0][17:]) {
		t.Errorf("a sorted file is gone: %v\n%s", err, out)
	}
	if err := fs.Rename("away", "db/ingested/"+kept[0]); err != nil {
		t.Fatal(err)
	}
	names, err := fs.List("db/kv")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !strings.HasSuffix(name, ".sst") {
			continue
		}
		if err := fs.Rename("db/kv/"+name, "away"); err != nil {
			t.Fatal(err)
		}
		if out, err := look(); !errors.Is(err, ErrCorrupt) || !strings.Contains(out, strings.TrimSuffix(name, ".sst")) {
			t.Errorf("%s is gone: %v\n%s", name, err, out)
		}
		if err := fs.Rename("away", "db/kv/"+name); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := look(); err != nil {
		t.Errorf("all is there again: %v\n%s", err, out)
	}
}

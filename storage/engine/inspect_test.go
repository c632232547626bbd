package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/kv"
	"github.com/tarndb/tarn/storage/wal"
)

func TestInspect(t *testing.T) {
	fs := vfs.NewMem()
	e := mustOpen(t, Options{FS: fs, Dir: "db"})
	mustCommit(t, e, Sync, func(g *change.Group) {
		g.Put(rowKey(1), rowValue("one"), 0)
		g.Put(change.AppendKeyPrefix(nil, testTable, 2), nil, 0)
	})
	if err := e.kv.Flush(); err != nil {
		t.Fatal(err)
	}
	mustCommit(t, e, Sync, func(g *change.Group) { g.Delete(rowKey(1), 1) })
	if err := InspectLog(&bytes.Buffer{}, fs, "db", wal.InspectOptions{}); err == nil {
		t.Fatal("inspects an open store")
	}
	mustClose(t, e)
	var out bytes.Buffer
	for _, err := range []error{
		InspectLog(&out, fs, "db", wal.InspectOptions{}),
		InspectKV(&out, fs, "db", kv.InspectOptions{Table: testTable}),
		InspectKV(&out, fs, "db", kv.InspectOptions{Summary: true}),
		Check(context.Background(), &out, fs, "db", nil),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	got := regexp.MustCompile(`committed \S+ [\d:.]+`).ReplaceAllString(out.String(), "committed T")
	got = strings.ReplaceAll(got, e.manifest.Store, "S")
	want := `store S, format 1
segment 0000000001000000.wal from 0/1000000, written by store S
0/1000000 to 0/1000048, 42 bytes: xid 3, committed T
  open epoch 1
0/1000048 to 0/10000B0, 79 bytes: xid 4, committed T, row ids 1 to 1
  put 100/1/0000000000000001 row 1 11 bytes
  put 100/2/ 0 bytes
0/10000B0 to 0/1000108, 57 bytes: xid 5, committed T
  delete 100/1/0000000000000001 row 1
end of log at 0/1000108
store S, format 1
applied 0/10000B0, next row id 2, next xid 5, epoch 1
100/1/0000000000000001 row 1 11 bytes
100/2/ 0 bytes
store S, format 1
applied 0/10000B0, next row id 2, next xid 5, epoch 1
table 0 index 0: 1 entries, 13 bytes of keys, 32 bytes of values
table 100 index 1: 1 entries, 14 bytes of keys, 11 bytes of values
table 100 index 2: 1 entries, 6 bytes of keys, 0 bytes of values
store S, format 1
log: 3 records from 0/1000000 to 0/1000108
key-value state: 3 entries, applied 0/10000B0
no problems found
`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestCheckFindsFlippedBytes flips a byte in each file of a store and expects Check to notice, or Open to have
// ignored the byte for a reason: it was in the unused tail of a file, or in a file that only helps.
func TestCheckFindsFlippedBytes(t *testing.T) {
	fs := vfs.NewMem()
	e := mustOpen(t, Options{FS: fs, Dir: "db", SegmentBytes: 20_000})
	for i := range uint64(100) {
		mustCommit(t, e, Sync, func(g *change.Group) { g.Put(rowKey(i), rowValue(fmt.Sprintf("%900d", i)), 0) })
	}
	if err := e.kv.Flush(); err != nil {
		t.Fatal(err)
	}
	mustClose(t, e)
	if err := Check(context.Background(), &bytes.Buffer{}, fs, "db", nil); err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, dir := range []string{"db/wal", "db/kv"} {
		names, err := fs.List(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if !strings.HasSuffix(name, ".wal") && !strings.HasSuffix(name, ".sst") {
				continue
			}
			b, err := fs.UnsafeGetFileDataBuffer(dir + "/" + name)
			if err != nil {
				t.Fatal(err)
			}
			used := len(bytes.TrimRight(b, "\x00"))
			for i := 0; i < used; i += max(used/50, 1) {
				b[i] ^= 4
				var out bytes.Buffer
				if err := Check(context.Background(), &out, fs, "db", nil); err == nil {
					t.Errorf("%s, byte %d of %d: not noticed\n%s", name, i, used, &out)
				} else if !errors.Is(err, ErrCorrupt) {
					t.Errorf("%s, byte %d of %d: %v", name, i, used, err)
				}
				b[i] ^= 4
				checked++
			}
		}
	}
	if checked < 100 {
		t.Fatalf("only %d bytes tried", checked)
	}
}

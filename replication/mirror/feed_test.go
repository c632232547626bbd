package mirror

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tarndb/tarn/replication/mirror/pgtext"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/tuple"
)

func withFeed(s *change.Schema) *change.Schema {
	s.Options = append(s.Options, change.Option{Name: optFeed, Value: "on"})
	return s
}

func (r *rig) deltaTable(id uint32) *delta.Table {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	return delta.NewTable(r.m.tables[id].store, delta.TableOptions{})
}

func rowTexts(b *delta.Batch) []string {
	out := make([]string, b.Rows)
	for i := range out {
		var row []string
		for _, c := range b.Columns {
			v := c[i]
			switch {
			case v.IsNull():
				row = append(row, "NULL")
			case v.IsScalar():
				row = append(row, fmt.Sprint(v.Int()))
			default:
				row = append(row, v.Str())
			}
		}
		out[i] = strings.Join(row, "|")
	}
	return out
}

// versionRows are the rows of a version with how often each is there.
func (r *rig) versionRows(tab *delta.Table, version int64, columns []string) map[string]int {
	r.t.Helper()
	snap, err := tab.Snapshot(bg, version)
	if err != nil {
		r.t.Fatal(err)
	}
	scan, err := tab.Scan(snap, delta.ScanOptions{Columns: columns})
	if err != nil {
		r.t.Fatal(err)
	}
	defer scan.Close()
	out := map[string]int{}
	for {
		b, err := scan.Next(bg)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			r.t.Fatal(err)
		}
		for _, row := range rowTexts(b) {
			out[row]++
		}
	}
}

// changesOf are the changes of a version, by what its feed says.
func (r *rig) changesOf(tab *delta.Table, version int64) (lines []string, columns []string) {
	r.t.Helper()
	scan, err := tab.Changes(bg, version, version, delta.ChangeOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	defer scan.Close()
	for _, f := range scan.Fields() {
		columns = append(columns, f.Name)
	}
	for {
		b, err := scan.Next(bg)
		if errors.Is(err, io.EOF) {
			slices.Sort(lines)
			return lines, columns
		}
		if err != nil {
			r.t.Fatal(err)
		}
		for i, row := range rowTexts(&b.Batch) {
			lines = append(lines, b.Changes[i].String()+" "+row)
		}
	}
}

// feedTells checks that the feed of each version from the one on that has it leads from the rows of the version before to its own: an
// update has both of its halves, by the key in the first column.
func (r *rig) feedTells(id uint32) (told int) {
	r.t.Helper()
	tab := r.deltaTable(id)
	newest, err := tab.Snapshot(bg, -1)
	if err != nil {
		r.t.Fatal(err)
	}
	for v := newest.Version; v > 0; v-- {
		before, err := tab.Snapshot(bg, v-1)
		if err != nil || before.Metadata.Configuration[delta.PropChangeDataFeed] != "true" {
			break // the log goes no further back, or the feed does not
		}
		lines, columns := r.changesOf(tab, v)
		schema, err := delta.ParseSchema(before.Metadata.SchemaString)
		if err != nil {
			r.t.Fatal(err)
		}
		columns = columns[:len(schema.Fields)] // new ones stand behind
		rows := r.versionRows(tab, v-1, columns)
		halves := map[string]int{}
		for _, l := range lines {
			kind, row, _ := strings.Cut(l, " ")
			row = strings.Join(strings.Split(row, "|")[:len(columns)], "|")
			key, _, _ := strings.Cut(row, "|")
			switch kind {
			case "update_preimage":
				halves[key]++
				rows[row]--
			case "update_postimage":
				halves[key]--
				rows[row]++
			case "delete":
				rows[row]--
			case "insert":
				rows[row]++
			}
		}
		maps.DeleteFunc(rows, func(_ string, n int) bool { return n == 0 })
		if want := r.versionRows(tab, v, columns); !maps.Equal(rows, want) {
			r.t.Errorf("the feed of version %d leads to %v, the version has %v", v, rows, want)
		}
		for key, n := range halves {
			if n != 0 {
				r.t.Errorf("version %d has half of an update of key %s", v, key)
			}
		}
		told += len(lines)
	}
	return told
}

// A version tells what became of each row since the version before: once, however often it changed.
func TestChangeFeed(t *testing.T) {
	for _, deletes := range []string{"vectors", "rewrite"} {
		t.Run(deletes, func(t *testing.T) {
			r := newRig(t, Options{MaxLag: time.Hour, MergeFiles: 1000})
			r.commit(func(g *change.Group) {
				s := withFeed(twoColumns(r, 200))
				s.Options = append(s.Options, change.Option{Name: "mirror_deletes", Value: deletes})
				r.define(g, s)
			})
			seen := int64(-1)
			row := func(g *change.Group, k int64, s string) { r.put(g, 200, k, text(s), tuple.Null) }
			step := func(want string, txns ...func(g *change.Group)) {
				t.Helper()
				for _, f := range txns {
					r.commit(f)
				}
				r.sync()
				r.quiesce()
				tab := r.deltaTable(200)
				snap, err := tab.Snapshot(bg, -1)
				if err != nil {
					t.Fatal(err)
				}
				var lines []string
				for ; seen < snap.Version; seen++ { // the last may be a compaction's, which says nothing
					l, _ := r.changesOf(tab, seen+1)
					lines = append(lines, l...)
				}
				if strings.Join(lines, "\n") != want {
					t.Errorf("version %d says\n%s\nwant\n%s", snap.Version, strings.Join(lines, "\n"), want)
				}
			}
			step("insert 1|a|NULL\ninsert 2|b|NULL\ninsert 3|c|NULL\ninsert 4|d|NULL\ninsert 5|e|NULL", func(g *change.Group) {
				for i, s := range []string{"a", "b", "c", "d", "e"} {
					row(g, int64(i+1), s)
				}
			})
			step("delete 2|b|NULL\ninsert 7|new|NULL\nupdate_postimage 1|a2|NULL\nupdate_preimage 1|a|NULL",
				func(g *change.Group) { row(g, 1, "a1") }, func(g *change.Group) { row(g, 1, "a2") },
				func(g *change.Group) { row(g, 2, "b1") }, func(g *change.Group) { r.del(g, 200, 2) },
				func(g *change.Group) { row(g, 6, "gone") }, func(g *change.Group) { r.del(g, 200, 6) },
				func(g *change.Group) { row(g, 7, "n") }, func(g *change.Group) { row(g, 7, "new") })
			step("delete 3|c|NULL\ninsert 3|again|NULL", func(g *change.Group) { r.del(g, 200, 3) }, func(g *change.Group) { row(g, 3, "again") })
			step("delete 1|a2|NULL\ndelete 3|again|NULL\ndelete 4|d|NULL\ndelete 5|e|NULL\ndelete 7|new|NULL", func(g *change.Group) {
				for _, k := range []int64{1, 3, 4, 5, 7} {
					r.del(g, 200, k)
				}
			})
			step("insert 1|z|NULL", func(g *change.Group) { row(g, 1, "z") })
			r.alter(200, func(s *change.Schema) {
				s.Columns = append(s.Columns, col("more", 4, pgtext.OIDInt4, tuple.KindInt32))
			})
			step("update_postimage 1|y|NULL|4\nupdate_preimage 1|z|NULL|NULL", func(g *change.Group) { r.put(g, 200, 1, text("y"), tuple.Null, tuple.Int(4)) })
			r.feedTells(200)
			r.validate(200)
			snap, err := r.deltaTable(200).Snapshot(bg, -1)
			if err != nil {
				t.Fatal(err)
			}
			if snap.Protocol.Has(delta.FeatureDeletionVectors) != (deletes == "vectors") {
				t.Errorf("features %v", snap.Protocol.WriterFeatures)
			}
		})
	}
}

// The feed comes with ALTER TABLE, and goes with it.
func TestChangeFeedComesAndGoes(t *testing.T) {
	r := newRig(t, Options{MaxLag: time.Hour, MergeFiles: 1000})
	r.commit(func(g *change.Group) { r.define(g, twoColumns(r, 200)) })
	r.fill(200, 0, 5)
	r.sync()
	r.alter(200, func(s *change.Schema) { withFeed(s) })
	r.commit(func(g *change.Group) { r.del(g, 200, 1) })
	r.sync()
	tab := r.deltaTable(200)
	snap, err := tab.Snapshot(bg, -1)
	if err != nil {
		t.Fatal(err)
	}
	if !snap.Protocol.Has(delta.FeatureChangeDataFeed) || snap.Metadata.Configuration[delta.PropChangeDataFeed] != "true" {
		t.Fatalf("no feed: %+v %v", snap.Protocol, snap.Metadata.Configuration)
	}
	if lines, _ := r.changesOf(tab, snap.Version); len(lines) != 1 || !strings.HasPrefix(lines[0], "delete 1|") {
		t.Errorf("version %d says %v", snap.Version, lines)
	}
	r.alter(200, func(s *change.Schema) { s.Options = nil })
	r.commit(func(g *change.Group) { r.del(g, 200, 2) })
	r.sync()
	if snap, err = tab.Snapshot(bg, -1); err != nil {
		t.Fatal(err)
	}
	if _, err := tab.Changes(bg, snap.Version, snap.Version, delta.ChangeOptions{}); err != nil {
		t.Fatal(err)
	}
	if snap.Metadata.Configuration[delta.PropChangeDataFeed] == "true" {
		t.Error("the feed is still on")
	}
	r.validate(200)
}

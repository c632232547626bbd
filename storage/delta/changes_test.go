package delta

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/tuple"
)

// changeLines are the changes between two versions as sorted lines, below the names of the columns.
func changeLines(t *testing.T, tab *Table, from, to int64, opt ChangeOptions) ([]string, error) {
	scan, err := tab.Changes(ctx, from, to, opt)
	if err != nil {
		return nil, err
	}
	defer scan.Close()
	var names, lines []string
	for _, f := range scan.Fields() {
		names = append(names, f.Name)
	}
	for {
		b, err := scan.Next(ctx)
		if errors.Is(err, io.EOF) {
			slices.Sort(lines)
			return append([]string{strings.Join(names, "|")}, lines...), nil
		}
		if err != nil {
			return nil, err
		}
		for r := range b.Rows {
			var row []string
			for c, f := range scan.Fields() {
				row = append(row, form(t, f.Type, b.Columns[c][r]))
			}
			lines = append(lines, strings.Join(append(row, "s"+fmt.Sprint(len(b.Changes[r].String()))+":"+b.Changes[r].String(), fmt.Sprint(b.Version)), "|"))
		}
	}
}

// The changes of the tables that delta-kernel-rs tests its change data feed with. testdata/changes.txt was compared with
// what Python's deltalake reads and, for column mapping and the tables whose paths it cannot open, with the rows that
// stand in delta-kernel-rs's own tests.
func TestChangesOfOtherWriters(t *testing.T) {
	dir := t.TempDir()
	var out strings.Builder
	for _, table := range unpack(t, dir, "kernel.tar.gz") {
		if !strings.HasPrefix(table, "cdf/") && table != "kernel/table-with-cdf" {
			continue
		}
		store, err := object.OpenLocal(filepath.Join(dir, table), object.Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		tab := NewTable(store, TableOptions{})
		times, err := tab.CommitTimes(ctx)
		if err != nil {
			t.Fatal(err)
		}
		last := times[len(times)-1].Version
		for _, from := range slices.Compact([]int64{0, last/2 + last%2, last}) {
			fmt.Fprintf(&out, "%s %d-%d\n", table, from, last)
			lines, err := changeLines(t, tab, from, last, ChangeOptions{})
			if err != nil {
				lines = []string{"refused: " + err.Error()}
			}
			for _, l := range lines {
				fmt.Fprintf(&out, "  %s\n", l)
			}
		}
	}
	want, err := os.ReadFile("testdata/changes.txt")
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		got := filepath.Join(os.TempDir(), "changes.txt")
		os.WriteFile(got, []byte(out.String()), 0o644)
		t.Errorf("changes differ from testdata/changes.txt, see %s", got)
	}
}

// Without cdc files changes are what files gained and lost: appended rows, rows that a deletion vector took or gave back,
// rows of files that went; a rearrangement is none. It needs Inferred, as the table did not promise a feed.
func TestInferredChanges(t *testing.T) {
	tt := newTestTable(t, t.TempDir())
	tt.fill()
	now := time.Now().UnixMilli()
	a := tt.file(200, 203)
	tt.commit(Action{Add: a}, Action{Txn: &Txn{AppID: "tarn/s/1", Version: 40}})
	moved := *a
	moved.Path, moved.DataChange = tt.file(200, 203).Path, false
	tt.commit(Action{Remove: &Remove{Path: a.Path, DeletionTimestamp: &now}}, Action{Add: &moved})
	tab := NewTable(tt.store, TableOptions{})
	if _, err := changeLines(t, tab, 1, 7, ChangeOptions{}); !errors.Is(err, ErrNoFeed) {
		t.Fatalf("a table without a feed: %v", err)
	}
	lines, err := changeLines(t, tab, 3, 7, ChangeOptions{Columns: []string{"id"}, Inferred: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"id"}
	for _, c := range []struct{ lo, hi, version int64 }{{1, 4, 4}, {150, 160, 5}} {
		for id := c.lo; id < c.hi; id++ {
			want = append(want, fmt.Sprintf("%d|s6:delete|%d", id, c.version))
		}
	}
	for _, id := range []int64{0, 9, 99} {
		want = append(want, fmt.Sprintf("%d|s6:delete|3", id))
	}
	for id := 200; id < 203; id++ {
		want = append(want, fmt.Sprintf("%d|s6:insert|6", id))
	}
	slices.Sort(want[1:])
	if !slices.Equal(lines, want) {
		t.Errorf("changes\n%v\nwant\n%v", lines, want)
	}
	if _, err := tab.Changes(ctx, 3, 99, ChangeOptions{}); err == nil {
		t.Error("changes up to a version that does not exist")
	}
}

// What ChangeFile writes is what Changes gives back, instead of what the commit's files would say.
func TestChangeFile(t *testing.T) {
	tt := newTestTable(t, t.TempDir())
	tt.create()
	tt.configure([]string{FeatureChangeDataFeed}, map[string]string{PropChangeDataFeed: "true"})
	a := tt.file(0, 10)
	tt.commit(Action{Add: a})
	f, err := CreateChangeFile(ctx, tt.store, testColumns())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Abort()
	row := func(id int64) [][]tuple.Value {
		out := make([][]tuple.Value, 0, len(testColumns()))
		for _, v := range testRow(id) {
			out = append(out, []tuple.Value{v})
		}
		return out
	}
	for _, c := range []struct {
		id   int64
		kind Change
	}{{3, UpdateBefore}, {1003, UpdateAfter}, {4, Delete}} {
		if err := f.Write(row(c.id), c.kind); err != nil {
			t.Fatal(err)
		}
	}
	cdc, err := f.Close()
	if err != nil {
		t.Fatal(err)
	}
	tt.commit(removeOf(a), Action{Add: tt.file(5, 10)}, Action{CDC: cdc})
	lines, err := changeLines(t, NewTable(tt.store, TableOptions{}), 2, 3, ChangeOptions{Columns: []string{"id"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"id", "1003|s16:update_postimage|3"}
	for id := range 10 {
		want = append(want, fmt.Sprintf("%d|s6:insert|2", id))
	}
	want = append(want, "3|s15:update_preimage|3", "4|s6:delete|3")
	slices.Sort(want[1:])
	if !slices.Equal(lines, want) {
		t.Errorf("changes\n%v\nwant\n%v", lines, want)
	}
	if _, err := Validate(tt.dir); err != nil {
		t.Error(err)
	}
}

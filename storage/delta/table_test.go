package delta

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/tuple"
)

// scanAll reads a version of a table.
func scanAll(tab *Table, snap *Snapshot, opt ScanOptions) ([]Field, []*Batch, error) {
	scan, err := tab.Scan(snap, opt)
	if err != nil {
		return nil, nil, err
	}
	defer scan.Close()
	var out []*Batch
	for {
		b, err := scan.Next(ctx)
		if errors.Is(err, io.EOF) {
			return scan.Fields(), out, nil
		}
		if err != nil {
			return nil, nil, err
		}
		out = append(out, b)
	}
}

// The reader gives the live rows of each version of a table of ours, with the columns that are asked for, and leaves out
// files that the caller's look at the log rules out.
func TestScan(t *testing.T) {
	tt := newTestTable(t, t.TempDir())
	tt.fill()
	tab := NewTable(tt.store, TableOptions{})
	for v, rows := range []int{0, 100, 160, 157, 154, 144} {
		snap, err := tab.Snapshot(ctx, int64(v))
		if err != nil {
			t.Fatal(err)
		}
		fields, batches, err := scanAll(tab, snap, ScanOptions{Columns: []string{"t", "ID"}})
		if err != nil || len(fields) != 2 || fields[1].Name != "id" {
			t.Fatal(fields, err)
		}
		n := 0
		for _, b := range batches {
			for i := range b.Rows {
				id, text := b.Columns[1][i].Int(), b.Columns[0][i]
				if want := testRow(id)[9]; text.IsNull() != want.IsNull() || !text.IsNull() && text.Str() != want.Str() {
					t.Fatalf("version %d: row %d has the text %v", v, id, text)
				}
				if v == 5 && (id < 4 || id == 9 || id == 99 || id >= 150) {
					t.Fatalf("row %d is deleted", id)
				}
			}
			n += b.Rows
		}
		if n != rows {
			t.Errorf("version %d has %d rows, want %d", v, n, rows)
		}
	}
	snap, _ := tab.Snapshot(ctx, -1)
	skipped := 0
	_, batches, err := scanAll(tab, snap, ScanOptions{Columns: []string{}, Skip: func(f FileInfo) bool {
		lo, hi, ok := f.Range("id")
		if !ok || f.Rows() < 1 || f.Nulls("t") < 0 {
			t.Errorf("nothing is known about %s", f.Add.Path)
		}
		if hi.Int() < 120 || lo.Int() > 120 {
			skipped++
			return true
		}
		return false
	}})
	if err != nil || skipped != 1 || len(batches) != 1 || batches[0].Rows != 50 {
		t.Errorf("skipped %d files, got %d batches, %v", skipped, len(batches), err)
	}
	if _, err := tab.Scan(snap, ScanOptions{Columns: []string{"nope"}}); err == nil {
		t.Error("a column that does not exist was read")
	}
}

// A version is found by time: by the commit files' times, or by the times in the commits from where they are enabled on.
func TestSnapshotAt(t *testing.T) {
	tt := newTestTable(t, t.TempDir())
	tt.create()
	tt.commit(Action{Add: tt.file(0, 10)})
	tab := NewTable(tt.store, TableOptions{})
	times, err := tab.CommitTimes(ctx)
	if err != nil || len(times) != 2 || !times[1].Time.After(times[0].Time) {
		t.Fatal(times, err)
	}
	for _, c := range times {
		if snap, err := tab.SnapshotAt(ctx, c.Time); err != nil || snap.Version != c.Version {
			t.Errorf("at %s: %+v %v", c.Time, snap, err)
		}
	}
	if _, err := tab.SnapshotAt(ctx, times[0].Time.Add(-time.Millisecond)); !errors.Is(err, ErrTooEarly) {
		t.Errorf("before the first version: %v", err)
	}
}

func TestAbsolutePaths(t *testing.T) {
	dir := t.TempDir()
	store, _ := object.OpenLocal(dir, object.Options{NoSync: true})
	tab := NewTable(store, TableOptions{})
	for uri, want := range map[string]string{
		"a%20b/c.parquet": "a b/c.parquet", dir + "/x%2fy": "x/y", "file:" + dir + "/x": "x", "file://" + dir + "/x": "x",
		"file:///" + dir + "/x": "x", dir + "/../secret": "", "/etc/passwd": "", "s3://bucket/x": "", "%zz": "",
	} {
		_, key, err := tab.locate(ctx, uri)
		if key != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", uri, key, err)
		}
	}
}

func TestParsePartition(t *testing.T) {
	for _, c := range []struct{ typ, text, want string }{
		{"integer", "-7", "-7"}, {"byte", "128", "error"}, {"boolean", "TRUE", "1"}, {"date", "1969-12-31", "-1"},
		{"timestamp", "1970-01-01 00:00:01", "1000000"}, {"timestamp", "1970-01-01T00:00:01.000001Z", "1000001"},
		{"timestamp", "1970-01-01T02:00:00+02:00", "0"}, {"timestamp_ntz", "1970-01-01 00:00:00.5", "500000"},
		{"decimal(5,2)", "1.50", "150"}, {"decimal(5,2)", "1.505", "error"}, {"decimal(5,2)", "1e2", "10000"},
		{"decimal(5,2)", "3/2", "error"}, {"string", "", "null"}, {"double", "x", "error"},
	} {
		typ, err := parsePrimitive(c.typ)
		if err != nil {
			t.Fatal(err)
		}
		v, err := ParsePartition(typ, &c.text)
		got := fmt.Sprint(v.Int())
		switch {
		case err != nil:
			got = "error"
		case v.IsNull():
			got = "null"
		}
		if got != c.want {
			t.Errorf("%s %q: %s, want %s", c.typ, c.text, got, c.want)
		}
	}
	if v, err := ParsePartition(testColumns()[0].Type, nil); err != nil || v != tuple.Null {
		t.Error(v, err)
	}
}

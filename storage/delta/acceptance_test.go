package delta

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// The Delta Acceptance Tests (github.com/delta-incubator/dat): tables made by Spark and, of some of their versions, the protocol's versions,
// the properties and the rows. TARN_DAT names the directory of the cases, out/reader_tests/generated of an unpacked release, which
// tests/interop/dat.sh fetches.
func TestAcceptance(t *testing.T) {
	dir := os.Getenv("TARN_DAT")
	if dir == "" {
		t.Skip("TARN_DAT is not set")
	}
	cases, err := filepath.Glob(filepath.Join(dir, "*", "test_case_info.json"))
	if err != nil || len(cases) == 0 {
		t.Fatal("no cases", err)
	}
	for _, c := range cases {
		root := filepath.Dir(c)
		t.Run(filepath.Base(root), func(t *testing.T) {
			expected, err := filepath.Glob(filepath.Join(root, "expected", "*", "table_version_metadata.json"))
			if err != nil || len(expected) == 0 {
				t.Fatal("nothing is expected", err)
			}
			for _, e := range expected {
				acceptVersion(t, filepath.Join(root, "delta"), e)
			}
		})
	}
}

// acceptVersion reads the version that a file tells of, the newest one for that of the directory latest.
func acceptVersion(t *testing.T, table, expected string) {
	t.Helper()
	data, err := os.ReadFile(expected)
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Version    int64             `json:"version"`
		Properties map[string]string `json:"properties"`
		Reader     int               `json:"min_reader_version"`
		Writer     int               `json:"min_writer_version"`
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(expected)
	version := want.Version
	if filepath.Base(dir) == "latest" {
		version = -1
	}
	store, err := object.OpenLocal(table, object.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	tab := NewTable(store, TableOptions{})
	snap, err := tab.Snapshot(ctx, version)
	if err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	if snap.Version != want.Version || snap.Protocol.MinReaderVersion != want.Reader || snap.Protocol.MinWriterVersion != want.Writer {
		t.Errorf("%s: version %d, protocol %d/%d; want %+v", dir, snap.Version, snap.Protocol.MinReaderVersion, snap.Protocol.MinWriterVersion, want)
	}
	for name, value := range want.Properties {
		if got := snap.Metadata.Configuration[name]; got != value {
			t.Errorf("%s: property %s is %q, want %q", dir, name, got, value)
		}
	}
	fields, batches, err := scanAll(tab, snap, ScanOptions{})
	if err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	got, rows := rowLines(t, fields, batches), rowLines(t, fields, contentFiles(t, dir, fields))
	if !slices.Equal(got, rows) {
		t.Errorf("%s: %d rows, want %d\n%s\nwant\n%s", dir, len(got), len(rows), strings.Join(got, "\n"), strings.Join(rows, "\n"))
	}
	t.Logf("%s: version %d, %d rows", filepath.Base(dir), snap.Version, len(got))
}

// contentFiles are the rows of table_content.parquet, or of the files in table_content.
func contentFiles(t *testing.T, dir string, fields []Field) (out []*Batch) {
	t.Helper()
	var files []string
	for _, pattern := range []string{"table_content.parquet", "table_content/*.parquet"} {
		m, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, m...)
	}
	if len(files) == 0 {
		t.Fatalf("%s has no content", dir)
	}
	cols := make([]parquet.Column, len(fields))
	for i, f := range fields {
		cols[i] = parquet.Column{Name: f.Name, Type: f.Type}
	}
	for _, name := range files {
		batches, err := readWhole(name, cols)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out = append(out, batches...)
	}
	return out
}

func readWhole(name string, cols []parquet.Column) (out []*Batch, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	r, err := parquet.NewReader(f, info.Size())
	if err != nil {
		return nil, err
	}
	for g := range r.RowGroups() {
		b := &Batch{Rows: int(r.GroupRows(g)), Columns: make([][]tuple.Value, len(cols))}
		for i, c := range cols {
			if !r.Has(c.Name) {
				return nil, errors.New("lacks the column " + c.Name)
			}
			if b.Columns[i], err = r.Column(nil, g, c.Name, c.Type); err != nil {
				return nil, err
			}
		}
		out = append(out, b)
	}
	return out, nil
}

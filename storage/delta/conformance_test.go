package delta

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// unpack extracts the fixture archives (testdata/NOTICE) into a directory and returns the tables in it.
func unpack(t *testing.T, dir string, archives ...string) (tables []string) {
	t.Helper()
	for _, name := range archives {
		f, err := os.Open(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		gz, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		for tr := tar.NewReader(gz); ; {
			h, err := tr.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, filepath.FromSlash(h.Name))
			if h.Typeflag == tar.TypeDir {
				if err := os.MkdirAll(path, 0o755); err != nil {
					t.Fatal(err)
				}
				if filepath.Base(path) == "_delta_log" {
					rel, _ := filepath.Rel(dir, filepath.Dir(path))
					tables = append(tables, filepath.ToSlash(rel))
				}
				continue
			}
			data, err := io.ReadAll(tr)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return tables
}

// form writes a value as testdata/expect.py does.
func form(t *testing.T, typ parquet.Type, v tuple.Value) string {
	if v.IsNull() {
		return "~"
	}
	switch typ.ID {
	case parquet.Boolean:
		return map[bool]string{true: "T", false: "F"}[v.Bool()]
	case parquet.Float, parquet.Double:
		if math.IsNaN(v.Float()) {
			return "fNaN"
		}
		return fmt.Sprintf("f%016x", math.Float64bits(v.Float()))
	case parquet.Decimal:
		return decimalText(typ, v)
	case parquet.String:
		return fmt.Sprintf("s%d:%s", v.Len(), v.Str())
	case parquet.Binary:
		return "x" + hex.EncodeToString(v.Bytes())
	case parquet.Date:
		return time.Unix(v.Int()*86400, 0).UTC().Format(time.DateOnly)
	case parquet.Timestamp:
		return time.UnixMicro(v.Int()).UTC().Format("2006-01-02 15:04:05.000000Z")
	case parquet.TimestampNTZ:
		return time.UnixMicro(v.Int()).UTC().Format("2006-01-02 15:04:05.000000")
	case parquet.Array, parquet.Map, parquet.Struct:
		return nestedForm(t, typ, v)
	}
	return strconv.FormatInt(v.Int(), 10)
}

func nestedForm(t *testing.T, typ parquet.Type, v tuple.Value) string {
	vals, err := parquet.DecodeList(nil, v.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	switch typ.ID {
	case parquet.Array:
		for _, e := range vals {
			parts = append(parts, form(t, *typ.Elem, e))
		}
	case parquet.Struct:
		for i, f := range typ.Fields {
			parts = append(parts, form(t, f.Type, vals[i]))
		}
	default:
		for i := 0; i < len(vals); i += 2 {
			parts = append(parts, "["+form(t, *typ.Key, vals[i])+","+form(t, *typ.Elem, vals[i+1])+"]")
		}
	}
	return "[" + strings.Join(parts, ",") + "]"
}

// rowLines are the rows, sorted.
func rowLines(t *testing.T, fields []Field, batches []*Batch) []string {
	var lines []string
	for _, b := range batches {
		for r := range b.Rows {
			row := make([]string, len(fields))
			for c, f := range fields {
				row[c] = form(t, f.Type, b.Columns[c][r])
			}
			lines = append(lines, strings.Join(row, "|"))
		}
	}
	slices.Sort(lines)
	return lines
}

// content is the number of rows and their hash, or an error.
func content(t *testing.T, tab *Table, version int64) (rows int, hash string, err error) {
	snap, err := tab.Snapshot(ctx, version)
	if err != nil {
		return 0, "", err
	}
	fields, batches, err := scanAll(tab, snap, ScanOptions{})
	if err != nil {
		return 0, "", err
	}
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	lines := rowLines(t, fields, batches)
	h := sha256.New()
	fmt.Fprintln(h, strings.Join(names, "|"))
	for _, l := range lines {
		fmt.Fprintln(h, l)
	}
	return len(lines), hex.EncodeToString(h.Sum(nil)), nil
}

// conformanceLine is one version of a table in conformance.txt or conformance_other.txt.
type conformanceLine struct {
	table   string
	version int64
	want    string
}

func conformanceLines(t *testing.T, file string) (out []conformanceLine) {
	f, err := os.Open(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		line, _, _ := strings.Cut(sc.Text(), " #")
		if line == "" || line[0] == '#' {
			continue
		}
		p := strings.SplitN(strings.TrimSpace(line), " ", 3)
		v, err := strconv.ParseInt(p[1], 10, 64)
		if err != nil {
			t.Fatalf("%s: %q", file, line)
		}
		out = append(out, conformanceLine{p[0], v, p[2]})
	}
	return out
}

// The tables that delta-io/delta and delta-kernel-rs test their readers with, version by version: the rows are those that
// Python's deltalake reads (conformance.txt); where it refuses a table, or the fixture is meant to be damaged or lacks its
// data files, conformance_other.txt says what is right and why.
func TestConformance(t *testing.T) {
	dir := t.TempDir()
	tables := unpack(t, dir, "golden.tar.gz", "kernel.tar.gz")
	seen := map[string]bool{}
	for _, l := range append(conformanceLines(t, "conformance.txt"), conformanceLines(t, "conformance_other.txt")...) {
		seen[l.table] = true
		if !slices.Contains(tables, l.table) {
			t.Errorf("%s is in no archive", l.table)
			continue
		}
		store, err := object.OpenLocal(filepath.Join(dir, l.table), object.Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		tab := NewTable(store, TableOptions{})
		got := ""
		switch kind, _, _ := strings.Cut(l.want, " "); kind {
		case "files":
			snap, err := tab.Snapshot(ctx, l.version)
			if err != nil {
				t.Errorf("%s version %d: %v", l.table, l.version, err)
				continue
			}
			got = fmt.Sprintf("files %d", len(snap.Files))
		default:
			rows, hash, err := content(t, tab, l.version)
			got = fmt.Sprintf("%d %s", rows, hash)
			if err != nil {
				got = "refused: " + err.Error()
				if _, want, ok := strings.Cut(l.want, "refused: "); ok && strings.Contains(got, want) {
					continue
				}
			}
		}
		if got != l.want {
			t.Errorf("%s version %d:\n got %s\nwant %s", l.table, l.version, got, l.want)
		}
	}
	for _, table := range tables {
		if !seen[table] && !strings.HasPrefix(table, "cdf/") {
			t.Errorf("%s is in no list", table)
		}
	}
}

// readByDeltalake compares the newest version of a table of ours with what Python's deltalake reads. TARN_PYTHON names an
// interpreter that has it; without, nothing is compared.
func readByDeltalake(t *testing.T, tt *testTable) {
	t.Helper()
	py := os.Getenv("TARN_PYTHON")
	if py == "" {
		return
	}
	out, err := exec.Command(py, "testdata/expect.py", "--table", tt.dir).CombinedOutput()
	if err != nil {
		t.Errorf("deltalake: %v\n%s", err, out)
		return
	}
	rows, hash, err := content(t, NewTable(tt.store, TableOptions{}), -1)
	if want := fmt.Sprintf("%d %s", rows, hash); err != nil || strings.TrimSpace(string(out)) != want {
		t.Errorf("deltalake reads %swe %s, %v", out, want, err)
	}
}

// What the validator rightly finds in tables that readers read all the same.
var knownDamage = map[string]string{
	"golden/delete-re-add-same-file-different-transactions": "does not exist",
	"kernel/with_checkpoint_no_last_checkpoint":             "does not exist",
	"kernel/parquet_row_group_skipping":                     "checkpoint 1: delta table is damaged: schema differs",
	"kernel/parsed-stats":                                   "ts_col has 100 nulls, statistics say 0",
	"kernel/table-with-cdf":                                 "removes fake/path/1",
}

// The validator passes the tables of other writers whose newest version has rows to compare, with their checkpoints,
// checksum files, in-commit timestamps and row ids.
func TestValidateTablesOfOtherWriters(t *testing.T) {
	dir := t.TempDir()
	unpack(t, dir, "golden.tar.gz", "kernel.tar.gz")
	var total Report
	tables := map[string]bool{}
	for _, l := range conformanceLines(t, "conformance.txt") {
		tables[l.table] = true
	}
	for _, l := range conformanceLines(t, "conformance_other.txt") {
		if strings.Contains(l.want, "refused") {
			delete(tables, l.table)
		}
	}
	for table := range tables {
		rep, err := Validate(filepath.Join(dir, table))
		if want, known := knownDamage[table]; known || err != nil {
			if err == nil || !known || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", table, err)
			}
			continue
		}
		total.Checkpoints += rep.Checkpoints
		total.Checksums += rep.Checksums
		total.Vectors += rep.Vectors
	}
	t.Logf("%+v", total)
	if total.Checkpoints < 30 || total.Checksums < 60 || total.Vectors < 8 {
		t.Errorf("compared %d checkpoints, %d checksums, %d vectors", total.Checkpoints, total.Checksums, total.Vectors)
	}
}

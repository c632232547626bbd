package delta

import (
	"bufio"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

// A table that lists a feature is read and written right, or refused by the feature's name (testdata/features.txt).
func TestFeatures(t *testing.T) {
	f, err := os.Open("testdata/features.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	known := map[string]bool{}
	for sc := bufio.NewScanner(f); sc.Scan(); {
		line, reason, _ := strings.Cut(sc.Text(), "#")
		p := strings.Fields(line)
		if len(p) == 0 {
			continue
		}
		if len(p) != 4 {
			t.Fatalf("%q", line)
		}
		feature, kind, reads, writes := p[0], p[1], p[2], p[3]
		known[feature] = true
		if (reads == "refuses" || writes == "refuses") && reason == "" {
			t.Errorf("%s is refused without a reason", feature)
		}
		tt := listed(t, feature, kind == "rw")
		if got := verdict(t, "reads", "reader feature "+feature, func() error {
			snap, err := Load(ctx, tt.store, -1)
			if err == nil && len(snap.Files) != 1 {
				t.Errorf("%s: %d files", feature, len(snap.Files))
			}
			return err
		}); got != reads {
			t.Errorf("a reader %s %s, the list says %s", got, feature, reads)
		}
		name := "writer feature " + feature
		if reads == "refuses" {
			name = "reader feature " + feature
		}
		if got := verdict(t, "writes", name, func() error {
			_, err := Open(ctx, tt.store)
			return err
		}); got != writes {
			t.Errorf("a writer %s %s, the list says %s", got, feature, writes)
		}
	}
	for _, feature := range append(slices.Clone(readable), writable...) {
		if !known[feature] {
			t.Errorf("%s is not in the list", feature)
		}
	}
}

// listed is a table with one file whose protocol lists the feature.
func listed(t *testing.T, feature string, reader bool) *testTable {
	t.Helper()
	tt := newTestTable(t, t.TempDir())
	p := Protocol{MinReaderVersion: 1, MinWriterVersion: 7, WriterFeatures: []string{feature}}
	if reader {
		p.MinReaderVersion, p.ReaderFeatures = 3, []string{feature}
	}
	schema := Schema{[]Field{{Name: "x", Type: testColumns()[0].Type, Nullable: true}}}
	data, err := EncodeActions([]Action{{Protocol: &p}, {Metadata: &Metadata{ID: "5fba94ed-9794-4965-ba6e-6ee3c0d22af9",
		Format: Format{"parquet", map[string]string{}}, PartitionColumns: []string{}, SchemaString: schema.String()}}, {Add: tt.file(0, 1)}})
	if err == nil {
		err = tt.store.PutIfAbsent(ctx, commitKey(0), data)
	}
	if err != nil {
		t.Fatal(err)
	}
	return tt
}

// verdict is what became of f: done, or refuses if it failed with a feature's name.
func verdict(t *testing.T, done, name string, f func() error) string {
	switch err := f(); {
	case err == nil:
		return done
	case errors.Is(err, ErrFeature) && strings.HasSuffix(err.Error(), name):
		return "refuses"
	default:
		t.Errorf("%s: %v", name, err)
		return "fails at"
	}
}

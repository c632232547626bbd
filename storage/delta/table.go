package delta

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/parquet"
)

// Table reads any Delta table, whoever writes it. It keeps no state; its methods may be used concurrently.
//
//	t := delta.NewTable(store, delta.TableOptions{})
//	snap, err := t.Snapshot(ctx, -1)            // or SnapshotAt(ctx, time)
//	scan, err := t.Scan(snap, delta.ScanOptions{Columns: []string{"id", "name"}})
//	defer scan.Close()
//	for batch, err := scan.Next(ctx); err != io.EOF; batch, err = scan.Next(ctx) { … batch.Columns[0][row] … }
//
// Partition values, deletion vectors and column mapping are dealt with inside; values are in the form of package parquet.
type Table struct {
	store object.Store
	opt   TableOptions
}

// TableOptions of a reader. The zero value is right.
type TableOptions struct {
	// Resolve finds the file at an absolute address outside of the table's directory, which shallow clones have. Without
	// it such a file gives ErrFeature. It decides what the reader may open.
	Resolve func(ctx context.Context, address string) (object.Store, string, error)
}

// NewTable returns the table whose directory is the store.
func NewTable(store object.Store, opt TableOptions) *Table { return &Table{store, opt} }

// Snapshot is the table at a version, the newest one for version < 0.
func (t *Table) Snapshot(ctx context.Context, version int64) (*Snapshot, error) {
	return Load(ctx, t.store, version)
}

// locate finds the object of a path in the log, which is URI-encoded, relative to the table or absolute.
func (t *Table) locate(ctx context.Context, uri string) (object.Store, string, error) {
	decoded, err := url.PathUnescape(uri)
	if err != nil {
		return nil, "", fmt.Errorf("%w: file path %q", ErrCorrupt, uri)
	}
	if !absolute(uri) {
		return t.store, decoded, nil
	}
	if key, ok := below(t.store.URL(""), decoded); ok {
		return t.store, key, nil
	}
	if t.opt.Resolve == nil {
		return nil, "", fmt.Errorf("%w: file at the absolute path %s", ErrFeature, decoded)
	}
	return t.opt.Resolve(ctx, decoded)
}

func absolute(uri string) bool {
	return strings.HasPrefix(uri, "/") || strings.Contains(uri, "://") || strings.HasPrefix(uri, "file:")
}

// below returns the part of address below root; addresses of local files may have their scheme or not.
func below(root, address string) (string, bool) {
	local := func(s string) string {
		if rest, ok := strings.CutPrefix(s, "file:"); ok {
			return "/" + strings.TrimLeft(rest, "/")
		}
		return s
	}
	key, ok := strings.CutPrefix(local(address), strings.TrimSuffix(local(root), "/")+"/")
	return key, ok && key != "" && path.Clean("/"+key) == "/"+key
}

// open opens a data file of the log; a checksum of ours is verified first (I8).
func (t *Table) open(ctx context.Context, uri string, crc *uint32) (object.Object, *parquet.Reader, error) {
	store, key, err := t.locate(ctx, uri)
	if err != nil {
		return nil, nil, err
	}
	o, err := store.Open(ctx, key)
	if err != nil {
		return nil, nil, err
	}
	if crc != nil {
		err = parquet.Verify(o, o.Size(), *crc)
	}
	var r *parquet.Reader
	if err == nil {
		r, err = parquet.NewReader(o, o.Size())
	}
	if err != nil {
		o.Close()
		return nil, nil, err
	}
	return o, r, nil
}

// deleted reads the deletion vector of a file; nil if it has none.
func (t *Table) deleted(ctx context.Context, d *DVDescriptor) (*roaring.Bitmap, error) {
	if d == nil {
		return nil, nil
	}
	if d.StorageType != "p" {
		return ReadDV(ctx, t.store, d)
	}
	store, key, err := t.locate(ctx, d.PathOrInlineDV)
	if err != nil {
		return nil, err
	}
	return readDVFile(ctx, store, key, d)
}

// layout is how a table's columns lie in its files and its log.
type layout struct {
	fields   []Field // logical
	physical []Field
	// partition says which columns have their values in the log.
	partition []bool
}

func (s *Snapshot) layout() (*layout, error) {
	schema, err := s.Schema()
	if err != nil {
		return nil, err
	}
	mode, err := s.mapping()
	if err != nil {
		return nil, err
	}
	l := &layout{fields: schema.Fields, partition: make([]bool, len(schema.Fields))}
	for _, f := range schema.Fields {
		p, err := mode.physical(f)
		if err != nil {
			return nil, err
		}
		l.physical = append(l.physical, p)
	}
	for _, name := range s.Metadata.PartitionColumns {
		i := l.index(name)
		if i < 0 || l.fields[i].Type.Nested() {
			return nil, fmt.Errorf("%w: partition column %s", ErrCorrupt, name)
		}
		l.partition[i] = true
	}
	return l, nil
}

// index finds a column; names of Delta columns differ by more than case.
// all are the numbers of all columns.
func (l *layout) all() []int {
	out := make([]int, len(l.fields))
	for i := range out {
		out[i] = i
	}
	return out
}

func (l *layout) index(name string) int {
	fold := -1
	for i, f := range l.fields {
		if f.Name == name {
			return i
		}
		if strings.EqualFold(f.Name, name) {
			fold = i
		}
	}
	return fold
}

// ErrColumn says that a table lacks a column that was asked for.
var ErrColumn = errors.New("table has no column")

// choose returns the places of the columns that are named, in that order; of all for nil.
func (l *layout) choose(names []string) ([]int, error) {
	if names == nil {
		return l.all(), nil
	}
	var out []int
	for _, name := range names {
		i := l.index(name)
		if i < 0 {
			return nil, fmt.Errorf("%w %s", ErrColumn, name)
		}
		out = append(out, i)
	}
	return out, nil
}

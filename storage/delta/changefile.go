package delta

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// ChangeFile writes the row changes of one commit to a table with the change data feed: once a commit has such a file,
// readers of changes look at nothing else in it, so it must hold all of them. It is not safe for concurrent use.
//
//	f, err := delta.CreateChangeFile(ctx, store, cols)
//	defer f.Abort()
//	err = f.Write(before, delta.UpdateBefore)
//	err = f.Write(after, delta.UpdateAfter)
//	cdc, err := f.Close()
//	version, err := log.Commit(ctx, append(actions, delta.Action{CDC: cdc}))
type ChangeFile struct {
	key    string
	upload object.Upload
	w      *parquet.Writer
	cols   int
}

// CreateChangeFile starts a file for rows of the table's columns.
func CreateChangeFile(ctx context.Context, store object.Store, cols []parquet.Column) (*ChangeFile, error) {
	f := &ChangeFile{key: "_change_data/cdc-" + uuid.NewString() + ".snappy.parquet", cols: len(cols)}
	var err error
	if f.upload, err = store.Create(ctx, f.key); err != nil {
		return nil, fmt.Errorf("create change file: %w", err)
	}
	all := append(append([]parquet.Column{}, cols...), parquet.Column{Name: changeTypeColumn, Type: parquet.Type{ID: parquet.String}})
	f.w = parquet.NewWriter(f.upload, all, parquet.WriterOptions{})
	return f, nil
}

// Write appends rows that all changed in the same way: one slice of values per column.
func (f *ChangeFile) Write(cols [][]tuple.Value, change Change) error {
	if len(cols) != f.cols || len(cols) == 0 {
		return fmt.Errorf("write change file: %d columns, want %d", len(cols), f.cols)
	}
	kind := make([]tuple.Value, len(cols[0]))
	for i := range kind {
		kind[i] = tuple.String(change.String())
	}
	return f.w.Write(append(append([][]tuple.Value{}, cols...), kind))
}

// Key is where the file will be.
func (f *ChangeFile) Key() string { return f.key }

// Rows is the number of rows written.
func (f *ChangeFile) Rows() int64 { return f.w.Rows() }

// Close makes the file durable and returns the action that names it. A file without rows is an error.
func (f *ChangeFile) Close() (*AddCDC, error) {
	st, err := f.w.Close()
	if err != nil {
		return nil, fmt.Errorf("write change file: %w", err)
	}
	if err := f.upload.Commit(); err != nil {
		return nil, fmt.Errorf("write change file: %w", err)
	}
	return &AddCDC{Path: f.key, PartitionValues: map[string]*string{}, Size: st.Bytes}, nil
}

// Abort gives the file up; after Close it does nothing.
func (f *ChangeFile) Abort() { f.upload.Abort() }

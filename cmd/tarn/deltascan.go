package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tarndb/tarn/sql/files"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/object/s3"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

var _ files.Deltas = (*places)(nil)

// OpenDelta reads a table in a directory or a bucket, whoever writes it.
func (p *places) OpenDelta(ctx context.Context, dir string, v files.Version, columns []string) (files.Delta, error) {
	t, err := p.openTable(dir)
	if err != nil {
		return nil, err
	}
	var snap *delta.Snapshot
	if v.At.IsZero() {
		snap, err = t.Snapshot(ctx, v.Number)
	} else {
		snap, err = t.SnapshotAt(ctx, v.At)
	}
	if err != nil {
		return nil, deltaError(dir, err)
	}
	scan, err := t.Scan(snap, delta.ScanOptions{Columns: columns})
	if err != nil {
		return nil, deltaError(dir, err)
	}
	p.noteRows(dir, snap)
	return &deltaVersion{dir, snap.Version, scan, snap.Rows()}, nil
}

// openTable is the Delta table in a directory. Files outside of the directory are not opened: who may read it may not read them.
func (p *places) openTable(dir string) (*delta.Table, error) {
	if !s3.IsAddress(dir) {
		if _, err := os.Stat(filepath.Join(dir, "_delta_log")); errors.Is(err, fs.ErrNotExist) {
			return nil, noDelta(dir, err)
		}
	}
	store, err := p.store(dir)
	var pe *pgerr.Error
	if err != nil && !errors.As(err, &pe) {
		return nil, pgerr.Wrap(err, pgerr.IOError, "could not open directory \"%s\": %v", dir, err)
	}
	if err != nil {
		return nil, err
	}
	return delta.NewTable(store, delta.TableOptions{}), nil
}

func noDelta(dir string, err error) error {
	return pgerr.Wrap(err, pgerr.UndefinedFile, "there is no Delta table at \"%s\"", dir)
}

func deltaError(dir string, err error) error {
	switch {
	case errors.Is(err, delta.ErrColumn):
		return pgerr.Wrap(err, pgerr.FDWColumnNameNotFound, "Delta table at \"%s\": %v", dir, err)
	case errors.Is(err, delta.ErrTooEarly):
		return pgerr.Wrap(err, pgerr.InvalidParameterValue, "the log of the Delta table at \"%s\" does not reach back to that time", dir)
	case errors.Is(err, delta.ErrNoTable):
		return pgerr.Wrap(err, pgerr.UndefinedFile, "there is no Delta table of that version at \"%s\"", dir)
	case errors.Is(err, delta.ErrFeature), errors.Is(err, parquet.ErrType):
		return pgerr.Wrap(err, pgerr.FeatureNotSupported, "Delta table at \"%s\": %v", dir, err)
	case errors.Is(err, delta.ErrCorrupt), errors.Is(err, parquet.ErrDamaged):
		return pgerr.Wrap(err, pgerr.DataCorrupted, "Delta table at \"%s\": %v", dir, err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	var e *s3.Error
	if errors.As(err, &e) {
		return fileError(dir, err)
	}
	return pgerr.Wrap(err, pgerr.IOError, "Delta table at \"%s\": %v", dir, err)
}

// deltaVersion is one version being read.
type deltaVersion struct {
	dir     string
	version int64
	scan    *delta.Scan
	rows    float64
}

func (v *deltaVersion) Version() int64 { return v.version }
func (v *deltaVersion) Rows() float64  { return v.rows }

func (v *deltaVersion) Fields() []parquet.Field { return v.scan.Fields() }
func (v *deltaVersion) Close()                  { v.scan.Close() }

func (v *deltaVersion) Next(ctx context.Context) ([][]tuple.Value, int, error) {
	b, err := v.scan.Next(ctx)
	if errors.Is(err, io.EOF) {
		return nil, 0, io.EOF
	}
	if err != nil {
		return nil, 0, deltaError(v.dir, err)
	}
	return b.Columns, b.Rows, nil
}

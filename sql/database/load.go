package database

import (
	"context"
	"errors"
	"syscall"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/rowstore"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/txn"
)

var _ rowstore.Loads = (*DB)(nil)

// NewLoad begins to write rows of a lake table straight to its files.
func (d *DB) NewLoad(c *catalog.Catalog, t *catalog.Table, add func(txn.Load) error) (rowstore.Load, error) {
	if d.Mirror == nil {
		return nil, nil
	}
	s := SchemaRecord(c, t.OID, t, nil)
	if s == nil {
		return nil, nil
	}
	l, err := d.Mirror.NewLoad(s, add)
	if l == nil || err != nil {
		return nil, err
	}
	return load{l, t}, nil
}

// load tells of a full disk as PostgreSQL does.
type load struct {
	rowstore.Load
	t *catalog.Table
}

func (l load) Add(ctx context.Context, vals []types.Datum) error {
	return l.failed(l.Load.Add(ctx, vals))
}

func (l load) Close(ctx context.Context) error { return l.failed(l.Load.Close(ctx)) }

func (l load) failed(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return pgerr.Wrap(err, pgerr.DiskFull, "could not write to a file of table \"%s\": no space left on device", l.t.Name)
	}
	return err
}

package columnar

import (
	"context"
	"errors"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/wal"
)

// ErrNotAvailable says that the columnar shape of a table cannot be had at that position; rows have the answer.
var ErrNotAvailable = errors.New("columnar shape is not available")

// Source gives the columnar shape of a branch's tables.
type Source interface {
	// Open pins the shape of the tables at a position (I2, I4, I7). Errors: ErrNotAvailable, the cause of ctx.
	Open(ctx context.Context, tables []*catalog.Table, at wal.LSN) (*Snapshot, error)
	// OpenPlace tells the shape of a place for a fragment that reads some attributes of its table. Errors: ErrNotAvailable, also where rows
	// would fail; the cause of ctx.
	OpenPlace(ctx context.Context, t *catalog.Table, reads []int16, p *Place) (Table, error)
}

// Snapshot is the shape of some tables at one position. It is immutable; its files exist until Close.
type Snapshot struct {
	Tables []Table // as asked for
	Close  func()
}

// Table is one table: the rows of Files and of Tail that are not deleted.
type Table struct {
	Columns []Column
	Files   []File
	Tail    []Tail
}

// Column is how a column stands in files.
type Column struct {
	AttNum int16
	Name   string
	Type   parquet.Type
	// Fixed: files do not hold the column, File.Fixed does.
	Fixed bool
	// Physical turns a value of Tail into the form of Type (package parquet); ok is false where Type cannot hold it.
	Physical func(buf []byte, v tuple.Value) (_ []byte, out tuple.Value, ok bool)
}

// File is a parquet file. Deleted are positions of rows; nil: none.
type File struct {
	Path    string // on this machine, if Local is nil
	Root    string // a directory of this machine that Path is below, where that is not one of the server's own; else ""
	Rows    int64
	Deleted *roaring.Bitmap
	// Fixed are the values of columns that are Fixed, by Table.Columns, in DuckDB's SQL.
	Fixed []string
	// Range are bounds of a column's values as they stand in the file; ok is false if there are none, Range nil if there are of no column.
	Range func(name string, t parquet.Type) (lo, hi tuple.Value, ok bool)
	// Local brings a file that is elsewhere to this machine; it stays until release. Errors: ErrNotAvailable, the cause of ctx.
	Local func(ctx context.Context) (path string, release func(), err error)
}

// Tail is a run of rows in memory: Columns by Table.Columns, each of length Rows.
type Tail struct {
	Rows    int
	Columns [][]tuple.Value
	Deleted *roaring.Bitmap
}

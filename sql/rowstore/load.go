package rowstore

import (
	"context"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/txn"
)

// Loads begins loads of lake tables: files of rows that a transaction's commit names, past log and memory.
type Loads interface {
	// NewLoad begins a load whose files become the transaction's by add. nil: the table cannot be loaded now, rows are written one by one.
	NewLoad(c *catalog.Catalog, t *catalog.Table, add func(txn.Load) error) (Load, error)
}

// Load takes the rows of a statement. It is for one goroutine.
type Load interface {
	// Add adds a row, by attribute number - 1; it is copied.
	Add(ctx context.Context, vals []types.Datum) error
	// Close makes what is left part of the transaction; Abort, which may be called after any call, gives it up.
	Close(ctx context.Context) error
	Abort()
}

// The first rows of a statement go through the log, so that small statements make no files.
const (
	loadAfterRows  = 50_000
	loadAfterBytes = 16 << 20
)

// Loader decides which rows of a statement are loaded: those after the first ones, if that can be. Nobody asks for the keys of these
// rows, and nothing of the statement wants to see them before End. A nil Loader takes none.
type Loader struct {
	loads       Loads // nil: no row is taken any more
	load        Load  // nil: not begun
	catalog     *catalog.Catalog
	table       *catalog.Table
	t           *txn.Txn
	rows, bytes int
}

// NewLoader is nil for what has no loads: other tables than lake tables, and transactions whose reads and writes are compared.
func NewLoader(l Loads, c *catalog.Catalog, table *catalog.Table, t *txn.Txn) *Loader {
	if l == nil || !table.Lake() || t.Isolation() == txn.Serializable {
		return nil
	}
	return &Loader{loads: l, catalog: c, table: table, t: t}
}

// Take reports whether it has taken the row; size is about that of a row.
func (l *Loader) Take(ctx context.Context, vals []types.Datum, size int) (bool, error) {
	if l == nil || l.loads == nil {
		return false, nil
	}
	if l.load == nil {
		l.rows++
		l.bytes += size
		if l.rows <= loadAfterRows && l.bytes <= loadAfterBytes {
			return false, nil
		}
		load, err := l.loads.NewLoad(l.catalog, l.table, l.t.AddLoad)
		if load == nil || err != nil {
			l.loads = nil
			return false, err
		}
		l.load = load
	}
	return true, l.load.Add(ctx, vals)
}

// End makes the rows part of the transaction.
func (l *Loader) End(ctx context.Context) error {
	if l == nil || l.load == nil {
		return nil
	}
	return l.load.Close(ctx)
}

// Drop gives up what End has not made part of the transaction.
func (l *Loader) Drop() {
	if l != nil && l.load != nil {
		l.load.Abort()
	}
}

package database

import (
	"context"
	"time"

	"github.com/tarndb/tarn/sql/builtin/system"
	"github.com/tarndb/tarn/sql/catalog/syscat"
	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/rowstore"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/txn"
)

// ColumnarEngine runs fragments over a branch's columnar shape.
type ColumnarEngine interface {
	exec.ColumnarRunner
	// Counts tells what became of the fragments so far.
	Counts() syscat.ColumnarStats
}

// Rewriting says what Optimize does.
type Rewriting struct {
	Where  []engine.Condition // only files that may have rows for which all hold
	ZOrder []int16            // numbers of columns by which all of these files are clustered
	Full   bool               // of a clustered table also files that are clustered
}

// Mirror is the columnar shape of the branch's tables, as SQL functions and views see it. cmd/tarn wires it.
type Mirror interface {
	// Sync publishes what is committed, of one table or (0) of all, and returns the position that it covers.
	Sync(ctx context.Context, table uint32) (lsn uint64, err error)
	// DeltaPath is the directory of a table's Delta table; ok is false for a table without mirror.
	DeltaPath(table uint32) (path string, ok bool)
	// History lists the commits of a table's Delta log that are kept, the newest first.
	History(ctx context.Context, table uint32) ([]system.MirrorCommit, error)
	// Optimize merges or clusters the files of a table.
	Optimize(ctx context.Context, table uint32, how Rewriting) error
	// Vacuum removes the files of a table that no newer version than of so long ago names; retain < 0: as the background does. dry: it
	// only says which.
	Vacuum(ctx context.Context, table uint32, retain time.Duration, dry bool) ([]string, error)
	// NewLoad begins to write rows of a lake table straight to its files; nil: rows have to go through the log.
	NewLoad(s *change.Schema, add func(txn.Load) error) (rowstore.Load, error)
}

package exec

import (
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/exec/write"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/txn"
)

// Context is what one execution needs from its session. The caller keeps it unchanged until the Cursor is closed.
type Context struct {
	run.Context
	// Virtual computes pg_catalog's tables and tarn's views; nil: they answer 0A000.
	Virtual VirtualSource
	// Columnar runs fragments over the columnar shape; nil: their row fallback is used.
	Columnar ColumnarRunner
	// Deferred keeps constraint checks that wait for the commit; nil: deferrable constraints are checked at once.
	Deferred *write.Deferred
}

// Positioned is a Context.Sess with cursors: Current is the row of a table that one stands on, as its locator (WHERE CURRENT OF);
// nil: none. Errors: 34000, 24000.
type Positioned interface {
	Current(cursor string, t *catalog.Table) (loc []byte, err error)
}

// VirtualSource computes the rows of relations without storage.
type VirtualSource interface {
	// ScanVirtual starts a scan. cols are the attribute numbers that the rows must have, in this order. eq are equality
	// conditions that the source may use to give fewer rows: those that remain are checked again by the caller.
	ScanVirtual(ec *run.Context, t *catalog.Table, cols []int16, eq []VirtualKey) (builtin.Rows, error)
}

// VirtualKey is a condition: column = value, which is not NULL, or, with Chars, a column of type "char" is one of these.
type VirtualKey struct {
	AttNum int16
	Val    types.Datum
	Chars  string
}

// ColumnarRunner runs a fragment in the columnar engine.
type ColumnarRunner interface {
	// Accepts reports that n is to run over columns, as far as can be told without its Params: these may be costly to compute.
	Accepts(n *plan.Columnar) bool
	// RunColumnar starts n with the values of its Params. ok false: the fragment cannot run there now, the caller runs
	// the fallback. An error after that is wrapped in ErrColumnarRetry where the fallback should be tried, which is
	// possible until the first row has been given.
	RunColumnar(ec *run.Context, view *txn.View, n *plan.Columnar, params []types.Datum, feeds ColumnarFeeds) (rows ColumnarRows, ok bool, err error)
}

// ColumnarFeeds start to read the tables of a fragment by rows, as the statement sees them; nil: that table is read by columns. The rows
// are valid until the following Next; one table is read after the other.
type ColumnarFeeds []func() (builtin.Rows, error)

// ColumnarRows are the result of a fragment, one Datum per column of its Out.
type ColumnarRows interface {
	builtin.Rows
	Close()
	// Read tells what the fragment has read.
	Read() ColumnarRead
}

// ColumnarRead counts files, the rows in them that are deleted, and rows in memory that were not yet in files.
type ColumnarRead struct{ Files, Pruned, Deleted, Tail int64 }

// Cursor gives the rows of an execution.
type Cursor interface {
	// Next returns the next row; it is valid until the following call.
	Next() (row []types.Datum, ok bool, err error)
	// Close ends the execution; it may be called at any time and more than once.
	Close() error
}

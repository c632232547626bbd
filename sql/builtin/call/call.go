package call

import (
	"github.com/tarndb/tarn/sql/types"
)

// Call is what an implementation may know about its call site and session. One Call serves all rows of a statement;
// implementations must not keep it.
type Call struct {
	Env      *types.Env
	Sess     Session
	Proc     types.OID
	ArgTypes []types.OID // actual types, polymorphic ones resolved
	RetType  types.OID
	Coll     types.OID
	// Variadic: the call was written with VARIADIC, so that a VARIADIC "any" function gets its list as one array.
	Variadic bool
	// RetFields are the columns of a record result that the query declares, FROM f() AS t(a int, b text); else nil.
	RetFields []types.Attr
	// Order is how the input of a hypothetical-set aggregate is sorted, one entry per argument.
	Order []SortKey
	// Cache is for the implementation's own per-call-site state (a compiled pattern, say).
	Cache any
}

// SortKey is the direction of one sort column.
type SortKey struct {
	Desc, NullsFirst bool
	Coll             types.OID
}

// Fn computes one value. For strict functions (pg_proc.proisstrict) the caller has handled NULL arguments. args is the
// caller's buffer; the result may refer to argument bytes.
type Fn func(c *Call, args []types.Datum) (types.Datum, error)

// SetFn starts a set-returning function.
type SetFn func(c *Call, args []types.Datum) (Rows, error)

// Rows yields a set-returning function's rows: one Datum for a scalar result, the fields for a composite one. The slice
// is valid until the next call.
type Rows interface {
	Next() (row []types.Datum, ok bool, err error)
}

// AggState accumulates one group. Add's args are reused by the caller: keep Clones. For strict transition functions
// the caller drops rows with NULL arguments. Final may be called more than once (window frames).
type AggState interface {
	Add(args []types.Datum) error
	Final() (types.Datum, error)
	// Size is about how many bytes the state holds.
	Size() int
}

// AggInverse is an AggState that can take a row out again, for moving window frames. ok false: recompute.
type AggInverse interface {
	Remove(args []types.Datum) (ok bool, err error)
}

// Agg makes states. direct holds the direct arguments of an ordered-set aggregate (its Add gets sorted input).
type Agg struct {
	New func(c *Call, direct []types.Datum) (AggState, error)
	// Strict: rows with a NULL argument are not added.
	Strict bool
}

// WindowFn is a window function that is not an aggregate.
type WindowFn func(c *Call, w Partition) (types.Datum, error)

// Partition is a window function's view of its partition (PostgreSQL's WindowObject). Positions count from 0.
type Partition interface {
	Rows() int
	Current() int
	// Peer reports whether two rows are equal under the window's ORDER BY.
	Peer(a, b int) bool
	// Arg evaluates argument i on the row at pos.
	Arg(i, pos int) (types.Datum, error)
	// FrameStart, FrameEnd bound the current row's frame [start, end), and InFrame applies the exclusion clause.
	FrameStart() (int, error)
	FrameEnd() (int, error)
	InFrame(pos int) (bool, error)
	// State is kept per call and partition.
	State() *any
}

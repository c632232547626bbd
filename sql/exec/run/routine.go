package run

import (
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
)

// Routines runs functions of users. The caller has handled NULL arguments of strict ones. args is the caller's buffer.
type Routines interface {
	// Call runs a function that gives one value, which owns its bytes.
	Call(ec *Context, c *RoutineCall, args []types.Datum) (types.Datum, error)
	// Open runs a function that gives rows (builtin.Rows).
	Open(ec *Context, c *RoutineCall, args []types.Datum) (builtin.Rows, error)
}

// RecordRows are the rows of a function whose result is composite.
type RecordRows interface {
	builtin.Rows
	// FieldTypes are those of a row's values; nil for a scalar result.
	FieldTypes() []*types.Type
	// FieldNames are those of an anonymous record; nil for another result.
	FieldNames() tuple.FieldNames
}

// RoutineCall is one call site of a function of users.
type RoutineCall struct {
	Func     *catalog.Function
	ArgTypes []types.OID // polymorphic ones resolved
	Ret      plan.Type
	Coll     types.OID
	// Fields are the columns that a record result must have, where the query says so; else nil.
	Fields []types.Attr
	// View is what the statement sees: a function that is not volatile sees the same. nil outside of a statement.
	View *txn.View
	// State is the runner's own, for this call site.
	State any
}

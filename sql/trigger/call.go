package trigger

import (
	"context"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/txn"
)

// Caller is the session as those see it who fire triggers.
type Caller interface {
	// When binds a trigger's condition over the columns of the old and the new row (bind.WhenCols).
	When(t *catalog.Table, g *catalog.Trigger) (plan.Expr, []plan.Col, error)
	// Fire calls a trigger's function. view is what a function sees that is not volatile. row is what it has returned, by attribute
	// number - 1, and lives on; nil: NULL, or nothing for the triggers of statements.
	Fire(ctx context.Context, view *txn.View, c *Call) (row []types.Datum, err error)
}

// Call is what a trigger's function is told of one event. Rows are values by attribute number - 1; the function's caller keeps them
// until it returns.
type Call struct {
	Trigger *catalog.Trigger
	Table   *catalog.Table
	Op      catalog.TriggerType // one event
	Old     []types.Datum       // nil: there is none
	New     []types.Datum
	// Cols are the columns that an UPDATE assigns; BEFORE ROW triggers are told.
	Cols []int16
	// OldTable and NewTable are the rows of the transition tables that the trigger names.
	OldTable, NewTable *Rows
}

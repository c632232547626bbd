package trigger

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
)

// Call is what a trigger's function is told of one event. Rows are values by attribute number - 1; the function's caller keeps them
// until it returns.
type Call struct {
	Trigger *catalog.Trigger
	Table   *catalog.Table
	Op      catalog.TriggerType // one event
	Old     []types.Datum       // nil: there is none
	New     []types.Datum
	// OldTable and NewTable are the rows of the transition tables that the trigger names.
	OldTable, NewTable *Rows
}

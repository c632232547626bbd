package write

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/trigger"
	"github.com/tarndb/tarn/sql/types"
)

// A view with INSTEAD OF triggers has nothing of its own to change: its rows come from the source as they are, and what happens to them
// is the triggers' business.

// oldCols are the slots in which the view's columns stand.
func (b *compiler) oldCols(old []plan.Col) []insertCol {
	cols := make([]insertCol, len(old))
	for i, c := range old {
		cols[i] = insertCol{att: int(c.AttNum), slot: b.Slot(c.ID)}
	}
	return cols
}

func (tg *target) loadOld(cols []insertCol) {
	if tg.oldVals == nil {
		tg.oldVals = make([]types.Datum, len(tg.table.Columns))
		for i := range tg.oldVals {
			tg.oldVals[i] = types.Null
		}
	}
	for _, c := range cols {
		tg.oldVals[c.att-1] = tg.in.F.S[c.slot]
	}
}

func (b *compiler) insteadUpdate(o *Change, x *plan.Update) error {
	tg, cols := &o.target, b.oldCols(x.Old)
	sets, err := b.sets(x.Set)
	o.act = func() (bool, error) {
		tg.loadOld(cols)
		if err := tg.assign(sets); err != nil {
			return false, err
		}
		return tg.instead(catalog.TriggerUpdate)
	}
	return err
}

func (b *compiler) insteadDelete(o *Change, x *plan.Delete) {
	tg, cols := &o.target, b.oldCols(x.Old)
	o.act = func() (bool, error) {
		tg.loadOld(cols)
		return tg.instead(catalog.TriggerDelete)
	}
}

// instead fires the INSTEAD OF triggers on oldVals and vals. ok false: one of them says that nothing has been done.
func (tg *target) instead(op catalog.TriggerType) (ok bool, err error) {
	if tg.trig != nil {
		for _, g := range tg.trig.set.At(trigger.InsteadRow, op) {
			c := &trigger.Call{Trigger: g, Table: tg.table, Op: op, Old: tg.oldVals, New: tg.vals}
			switch op {
			case catalog.TriggerInsert:
				c.Old = nil
			case catalog.TriggerDelete:
				c.New = nil
			}
			row, err := tg.in.queue().fire(c)
			if row == nil || err != nil {
				return false, err
			}
			if c.New != nil {
				copy(c.New, row)
			}
		}
	}
	if op != catalog.TriggerDelete {
		tg.row.LoadVals(&tg.in.F, tg.vals)
	}
	return true, nil
}

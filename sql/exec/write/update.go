package write

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/storage/lock"
)

func (b *compiler) update(o *Change, x *plan.Update, source Source) error {
	var err error
	if o.target, err = b.target(x.Table, x.Row, x.Generated, x.Checks); err != nil {
		return err
	}
	o.events(catalog.TriggerUpdate)
	if x.Table.Kind == catalog.RelView {
		return b.insteadUpdate(o, x)
	}
	tg := &o.target
	tg.loc = b.Slot(x.Loc)
	tg.strength, tg.keys = lock.NoKeyWrite, keyCols(x.Table, x.Set)
	tg.given = withSet(nil, x.Set)
	tg.source = source
	if tg.old, err = b.RowCols(x.Table, x.Old); err != nil {
		return err
	}
	if tg.recheck, err = b.Conds(x.Recheck); err != nil {
		return err
	}
	sets, err := b.sets(x.Set)
	if err != nil {
		return err
	}
	tg.allSets = sets
	o.act = func() (bool, error) {
		l, ok, err := tg.lock()
		if !ok || err != nil {
			return false, err
		}
		return l.in.change(sets, l.key, l.row)
	}
	return nil
}

func (b *compiler) delete(o *Change, x *plan.Delete, source Source) error {
	var err error
	if o.target, err = b.target(x.Table, nil, nil, nil); err != nil {
		return err
	}
	o.events(catalog.TriggerDelete)
	if x.Table.Kind == catalog.RelView {
		b.insteadDelete(o, x)
		return nil
	}
	tg := &o.target
	tg.loc = b.Slot(x.Loc)
	tg.strength, tg.deletes = lock.Write, true
	tg.source = source
	if tg.old, err = b.RowCols(x.Table, x.Old); err != nil {
		return err
	}
	if tg.recheck, err = b.Conds(x.Recheck); err != nil {
		return err
	}
	o.act = func() (bool, error) {
		l, ok, err := tg.lock()
		if !ok || err != nil {
			return false, err
		}
		return l.in.remove(l.key, l.row)
	}
	return nil
}

// remove deletes the row that stands at key. ok false: a trigger wants it left alone.
func (tg *target) remove(key, row []byte) (ok bool, err error) {
	if len(tg.fk.refs) > 0 || tg.fires {
		if err := tg.fields(row); err != nil {
			return false, err
		}
	}
	if tg.fires {
		if ok, err := tg.before(catalog.TriggerDelete, key, row); !ok || err != nil {
			return false, err
		}
	}
	if err := tg.w.Delete(tg.in.EC.Ctx, key, row); err != nil {
		return false, constraintError(tg.in.EC, err, tg.table)
	}
	if err := tg.fk.deleted(tg.in, tg.oldVals); err != nil {
		return false, err
	}
	return true, tg.changed(catalog.TriggerDelete, tg.oldVals, nil)
}

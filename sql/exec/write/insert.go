package write

import (
	"errors"
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
)

// insertOp is what INSERT adds to modifyOp.
type insertOp struct {
	o        *Change
	cols     []insertCol
	defaults []setFn
	conflict *conflictOp
}

type insertCol struct{ att, slot int }

// conflictOp is ON CONFLICT.
type conflictOp struct {
	nothing  bool
	indexes  []types.OID
	sets     []setFn
	where    eval.Cond
	existing eval.RowCols
	excluded eval.RowCols
	strength lock.Mode
	key, row []byte
	catalog  *catalog.Catalog
	// target are checks of the row in the way, policies of what it becomes.
	target, policies []rowCheck
}

func (b *compiler) insert(o *Change, x *plan.Insert) error {
	var err error
	if o.target, err = b.target(x.Table, x.Row, x.Generated, x.Checks); err != nil {
		return err
	}
	o.target.inserts, o.target.given = true, x.Targets
	o.events(catalog.TriggerInsert)
	ins := &insertOp{o: o}
	if ins.cols, ins.defaults, err = b.insertCols(x); err != nil {
		return err
	}
	if c := x.Conflict; c != nil {
		cf := &conflictOp{nothing: c.Nothing, indexes: c.Indexes, strength: lock.NoKeyWrite}
		o.target.keys, o.target.given = keyCols(x.Table, c.Set), withSet(x.Targets, c.Set)
		if cf.existing, err = b.RowCols(x.Table, c.Existing); err != nil {
			return err
		}
		if cf.excluded, err = b.RowCols(x.Table, c.Excluded); err != nil {
			return err
		}
		if cf.sets, err = b.sets(c.Set); err != nil {
			return err
		}
		if !c.Nothing {
			o.events(catalog.TriggerInsert, catalog.TriggerUpdate)
		}
		if c.Where != nil {
			if cf.where, err = b.Cond(c.Where); err != nil {
				return err
			}
		}
		if cf.target, err = b.rowChecks(c.Target); err != nil {
			return err
		}
		if cf.policies, err = b.rowChecks(c.Checks); err != nil {
			return err
		}
		ins.conflict, o.target.conflict = cf, cf
	}
	o.act = ins.act
	return nil
}

func (b *compiler) insertCols(x *plan.Insert) ([]insertCol, []setFn, error) {
	if len(x.Targets) != len(x.SourceCols) {
		return nil, nil, pgerr.Internal("insert of %d columns into %d", len(x.SourceCols), len(x.Targets))
	}
	cols := make([]insertCol, len(x.Targets))
	for i, att := range x.Targets {
		cols[i] = insertCol{att: int(att), slot: b.Slot(x.SourceCols[i])}
	}
	defaults, err := b.defaults(x.Table, x.Defaults)
	return cols, defaults, err
}

// defaults compiles them in column order: sequences advance in that order.
func (b *compiler) defaults(t *catalog.Table, m map[int16]plan.Expr) ([]setFn, error) {
	var out []setFn
	for att, e := range m {
		if e == nil {
			continue
		}
		fn, err := b.Fn(e)
		if err != nil {
			return nil, err
		}
		out = append(out, setFn{att: int(att), eval: fn})
	}
	slices.SortFunc(out, func(a, b setFn) int { return a.att - b.att })
	return out, nil
}

func (ins *insertOp) act() (bool, error) {
	tg := &ins.o.target
	f := &tg.in.F
	for i := range tg.vals {
		tg.vals[i] = types.Null
	}
	for _, c := range ins.cols {
		tg.vals[c.att-1] = f.S[c.slot]
	}
	for _, d := range ins.defaults {
		v, err := d.eval()
		if err != nil {
			return false, err
		}
		tg.vals[d.att-1] = v
	}
	if tg.table.Kind == catalog.RelView {
		return tg.instead(catalog.TriggerInsert)
	}
	if ins.conflict != nil {
		l, err := tg.ready()
		if l == nil || err != nil {
			return false, err
		}
		return l.conflict.insert(l)
	}
	return tg.store()
}

// ready completes the row in vals, where it is to be stored; nil: a trigger wants no such row.
func (tg *target) ready() (*target, error) {
	l, err := tg.routed()
	if err != nil {
		return nil, err
	}
	return l.completed(l != tg)
}

// completed is the target itself when the row in vals is ready to be stored; nil: a trigger wants no such row. routed: it is known to
// belong here.
func (tg *target) completed(routed bool) (*target, error) {
	if tg.fires {
		if ok, err := tg.before(catalog.TriggerInsert, nil, nil); !ok || err != nil {
			return nil, err
		}
		routed = routed && tg.trig == nil
	}
	tg.trusted = routed
	return tg, tg.complete()
}

// store completes the row in vals and stores it.
func (tg *target) store() (bool, error) {
	l, err := tg.ready()
	if l == nil || err != nil {
		return false, err
	}
	return true, l.insertRow()
}

// insertRow stores the row in vals.
func (tg *target) insertRow() error {
	if err := tg.putRow(); err != nil {
		return err
	}
	return tg.changed(catalog.TriggerInsert, nil, tg.vals)
}

func (tg *target) putRow() error {
	key, err := tg.w.Insert(tg.in.EC.Ctx, tg.vals)
	if err != nil {
		return constraintError(tg.in.EC, err, tg.table)
	}
	return tg.fk.inserted(tg.in, key, tg.vals)
}

// insert adds the row, or does with the row in the way what ON CONFLICT says. It starts again when that row is gone
// before it is locked.
func (cf *conflictOp) insert(tg *target) (bool, error) {
	in := tg.in
	for {
		key, c, err := tg.w.TryInsert(in.EC.Ctx, tg.vals, cf.indexes)
		if err != nil {
			return false, constraintError(in.EC, err, tg.table)
		}
		if c == nil {
			if err := tg.fk.inserted(in, key, tg.vals); err != nil {
				return false, err
			}
			return true, tg.changed(catalog.TriggerInsert, nil, tg.vals)
		}
		cf.key = append(cf.key[:0], c.Key...)
		if cf.nothing {
			return false, cf.visible(tg)
		}
		done, changed, err := cf.update(tg)
		if done || err != nil {
			return changed, err
		}
		if err := in.Canceled(); err != nil {
			return false, err
		}
	}
}

// visible is the condition of REPEATABLE READ and above for a row in the way: the statement must see this version of it.
func (cf *conflictOp) visible(tg *target) error {
	in := tg.in
	if in.EC.Txn.Isolation() == txn.ReadCommitted || in.View.OwnNew(cf.key) {
		return nil // its own statement's rows are no conflict with others
	}
	seen, ok, err := in.View.Get(nil, cf.key)
	if err != nil {
		return err
	}
	newest, still, err := in.EC.Txn.GetLatest(nil, cf.key)
	if err != nil || ok && still && tuple.RowID(seen) == tuple.RowID(newest) {
		return err
	}
	return pgerr.New(pgerr.SerializationFailure, "could not serialize access due to concurrent update")
}

// update is DO UPDATE on the row at cf.key; done false: the row is gone.
func (cf *conflictOp) update(tg *target) (done, changed bool, err error) {
	in := tg.in
	if in.View.OwnNew(cf.key) {
		return false, false, pgerr.New(pgerr.CardinalityViolation, "ON CONFLICT DO UPDATE command cannot affect row a second time").
			WithHint("Ensure that no rows proposed for insertion within the same command have duplicate constrained values.")
	}
	// The row in the way is the newest one, whatever the statement sees.
	latest := in.EC.Txn.Latest()
	defer latest.Release()
	r, err := latest.LockVersion(in.EC.Ctx, cf.key, 0, cf.strength, in.EC.LockOptions(), cf.row[:0])
	if errors.Is(err, txn.ErrDeparted) {
		return false, false, nil // to another partition: it is in the way no more
	}
	if err != nil {
		return false, false, run.LockError(err, tg.table)
	}
	if r.State == txn.RowGone || string(r.Key) != string(cf.key) {
		return false, false, nil
	}
	var ok bool
	if cf.row, ok, err = in.EC.Txn.GetLatest(cf.row[:0], cf.key); err != nil || !ok {
		return false, false, err
	}
	if in.EC.Txn.Isolation() != txn.ReadCommitted {
		if err := cf.visible(tg); err != nil {
			return false, false, err
		}
	}
	cf.existing.Load(&in.F, tg.rel, cf.key, cf.row)
	cf.excluded.LoadVals(&in.F, tg.vals)
	if cf.where != nil {
		t, err := cf.where()
		if t != eval.True || err != nil {
			return true, false, err
		}
	}
	if err := tg.permitted(cf.target); err != nil {
		return false, false, err
	}
	if err := tg.fields(cf.row); err != nil {
		return false, false, err
	}
	if err := tg.assign(cf.sets); err != nil {
		return false, false, err
	}
	if tg.fires {
		if ok, err := tg.before(catalog.TriggerUpdate, cf.key, cf.row); !ok || err != nil {
			return true, false, err
		}
	}
	if tg.root != nil {
		if ok, err := tg.fits(); err != nil || !ok {
			if err == nil {
				err = pgerr.New(pgerr.FeatureNotSupported, "invalid ON UPDATE specification").
					WithDetail("The result tuple would appear in a different partition than the original tuple.")
			}
			return false, false, err
		}
		tg.trusted = true
	}
	of := tg
	if tg.root != nil {
		of = tg.root
	}
	inserted := of.policies
	of.policies = cf.policies
	err = tg.complete()
	of.policies = inserted
	if err != nil {
		return false, false, err
	}
	return true, true, tg.replace(cf.key, cf.row)
}

package write

import (
	"errors"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/txn"
)

// Applier brings rows that are known as a whole into tables, as replication does: constraints hold, generated columns are computed, no
// trigger fires and no foreign key acts. A reference is looked at when all is there (Finish). The caller has locked the tables against
// other writers.
type Applier struct {
	q    *queue
	view txn.View
}

// NewApplier begins to write in a statement's context.
func NewApplier(ec *run.Context) *Applier {
	a := &Applier{view: ec.Txn.Latest()}
	a.q = &queue{ec: ec, plain: true, view: &a.view, targets: map[catalog.OID]*cascadeTarget{}}
	return a
}

// Close gives up what has not been finished.
func (a *Applier) Close() {
	a.q.drop()
	a.view.Release()
}

// Finish looks at references and other checks that wait. Errors: 23503, 23505, 23P01.
func (a *Applier) Finish() error { return a.q.run() }

// Insert adds a row, by attribute number - 1. Errors: 23502, 23505, 23514, 23P01.
func (a *Applier) Insert(t *catalog.Table, vals []types.Datum) error {
	c, err := a.q.target(t)
	if err != nil {
		return err
	}
	copy(c.vals, vals)
	if err := a.check(c); err != nil {
		return err
	}
	key, err := c.w.Insert(a.q.ec.Ctx, c.vals)
	if err != nil {
		return constraintError(a.q.ec, err, t)
	}
	for _, f := range c.fk.foreign {
		if err := a.q.child(f, key, c.vals); err != nil {
			return err
		}
	}
	return nil
}

// check completes and checks the row in c.vals.
func (a *Applier) check(c *cascadeTarget) error {
	if err := c.complete(a.q.ec); err != nil {
		return err
	}
	if c.table.Bound == nil {
		return nil
	}
	tg := &target{in: &Statement{Run: &run.Run{EC: a.q.ec, Gen: 1}}, table: c.table, vals: c.vals}
	return tg.inBounds()
}

// errGone says that a row which is to be changed is not there.
var errGone = errors.New("row is not there")

// take locks the row at key, and decodes it into c.old.
func (a *Applier) take(t *catalog.Table, key []byte) (*cascadeTarget, error) {
	c, err := a.q.target(t)
	if err != nil {
		return nil, err
	}
	ec := a.q.ec
	if _, err := ec.Txn.LockRow(ec.Ctx, key, lock.Write, ec.LockOptions()); err != nil {
		return nil, run.LockError(err, t)
	}
	var ok bool
	if c.row, ok, err = ec.Txn.GetLatest(c.row[:0], key); err != nil {
		return nil, err
	}
	if !ok {
		return nil, pgerr.Wrap(errGone, pgerr.InternalError, "a row of %s that is to be changed is gone", t.Name)
	}
	return c, c.rel.Decode(c.row, c.old)
}

// Update replaces the row at key, whose primary key stays. Errors: those of Insert.
func (a *Applier) Update(t *catalog.Table, key []byte, vals []types.Datum) error {
	c, err := a.take(t, key)
	if err != nil {
		return err
	}
	copy(c.vals, vals)
	if err := a.check(c); err != nil {
		return err
	}
	fresh, err := c.w.Update(a.q.ec.Ctx, key, c.row, c.vals)
	if err != nil {
		return constraintError(a.q.ec, err, t)
	}
	return c.fk.changed(a.q, key, fresh, c.old, c.vals)
}

// Delete removes the row at key.
func (a *Applier) Delete(t *catalog.Table, key []byte) error {
	c, err := a.take(t, key)
	if err != nil {
		return err
	}
	if err := c.w.Delete(a.q.ec.Ctx, key, c.row); err != nil {
		return constraintError(a.q.ec, err, t)
	}
	for _, f := range c.fk.refs {
		if err := a.q.parent(f, c.old, nil); err != nil {
			return err
		}
	}
	return nil
}

// UniqueBesides reports whether the table has unique keys besides the one that orders its rows, or exclusion constraints: rows that
// trade their values must all have given them up before one gets another's.
func UniqueBesides(t *catalog.Table) bool {
	for _, ix := range t.Indexes {
		if ix.ID != catalog.ClusteredIndexID && (ix.Unique || len(ix.Excludes) > 0) {
			return true
		}
	}
	return false
}

package exec

import (
	"errors"

	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/rowstore"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/txn"
)

// lockRowsOp locks the rows of its input. A row that has changed since the statement began is taken in its newest version,
// if the conditions still hold (manual 13.2.1); one that is gone, or locked under SKIP LOCKED, is left out.
type lockRowsOp struct {
	in      *instance
	child   operator
	items   []lockItem
	recheck condFn
}

type lockItem struct {
	loc      int
	cols     rowCols
	rel      *rowstore.Rel
	strength lock.Mode
	policy   lock.Policy
	buf      []byte
}

func (b *builder) lockRows(x *plan.LockRowsNode) (operator, error) {
	o := &lockRowsOp{in: b.in}
	var err error
	if o.child, err = b.node(x.In); err != nil {
		return nil, err
	}
	for _, it := range x.Items {
		li := lockItem{loc: b.slot(it.Loc)}
		if li.cols, err = b.rowCols(it.Scan.Table, it.Scan.Out); err != nil {
			return nil, err
		}
		switch it.Strength {
		case plan.LockForKeyShare:
			li.strength = lock.KeyShare
		case plan.LockForShare:
			li.strength = lock.Share
		case plan.LockForNoKeyUpdate:
			li.strength = lock.NoKeyUpdate
		default:
			li.strength = lock.Update
		}
		switch it.Policy {
		case plan.WaitSkip:
			li.policy = lock.Skip
		case plan.WaitError:
			li.policy = lock.NoWait
		}
		o.items = append(o.items, li)
	}
	o.recheck, err = b.conds(x.Recheck)
	return o, err
}

func (o *lockRowsOp) open() error {
	for i := range o.items {
		it := &o.items[i]
		if it.rel == nil {
			rel, err := o.in.ec.Rels.Get(it.cols.table)
			if err != nil {
				return err
			}
			it.rel = rel
		}
	}
	return o.child.open()
}

func (o *lockRowsOp) next() (bool, error) {
	for {
		ok, err := o.child.next()
		if !ok || err != nil {
			return false, err
		}
		if ok, err = o.lock(); ok || err != nil {
			return ok, err
		}
		if err := o.in.tick(); err != nil {
			return false, err
		}
	}
}

// lock locks all rows of the input row; false: it is left out.
func (o *lockRowsOp) lock() (bool, error) {
	in, changed := o.in, false
	for i := range o.items {
		it := &o.items[i]
		loc := in.f.s[it.loc]
		if loc.IsNull() {
			continue // the null-extended side of an outer join
		}
		key, id, err := rowstore.ParseLoc(loc.Bytes())
		if err != nil {
			return false, err
		}
		opt := in.ec.lockOptions()
		opt.Policy = it.policy
		r, err := in.view.LockVersion(in.ec.Ctx, key, id, it.strength, opt, it.buf[:0])
		if err != nil {
			if it.policy == lock.Skip && errors.Is(err, lock.ErrNotAvailable) {
				return false, nil
			}
			return false, lockError(err, it.cols.table)
		}
		switch r.State {
		case txn.RowChanged:
			it.buf = r.Row
			// The locator that is loaded too refers to cols' own memory, the key to the row read before.
			it.cols.load(&in.f, it.rel, append([]byte(nil), key...), r.Row)
			changed = true
		case txn.RowGone, txn.RowOwn:
			return false, nil
		}
	}
	if changed && o.recheck != nil {
		t, err := o.recheck()
		return t == triTrue, err
	}
	return true, nil
}

func (o *lockRowsOp) close() { o.child.close() }

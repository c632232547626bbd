package exec

import (
	"errors"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/pgerr"
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
	recheck eval.Cond
}

type lockItem struct {
	loc      int
	table    *catalog.Table
	cols     eval.RowCols
	rel      *rowstore.Rel
	strength lock.Mode
	policy   lock.Policy
	buf      []byte
	parts    map[uint32]*lockItem // of a table with children, by storage id
}

func (b *builder) lockRows(x *plan.LockRowsNode) (operator, error) {
	o := &lockRowsOp{in: b.in}
	var err error
	if o.child, err = b.node(x.In); err != nil {
		return nil, err
	}
	for _, it := range x.Items {
		li := lockItem{loc: b.Slot(it.Loc), table: it.Scan.Table}
		if li.cols, err = b.RowCols(it.Scan.Table, it.Scan.Out); err != nil {
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
	if x.Recheck != nil {
		o.recheck, err = b.Conds(x.Recheck)
		return o, err
	}
	var cs []eval.Cond
	if cs, err = b.rowConds(nil, x.In); err != nil {
		return nil, err
	}
	o.recheck = eval.All(cs)
	return o, nil
}

// rowConds collects the conditions that every row of a plan satisfies, down to where rows are made anew (aggregates, set
// operations: nothing there can be locked) or NULL-extended.
func (b *builder) rowConds(cs []eval.Cond, n plan.Node) ([]eval.Cond, error) {
	add := func(es []plan.Expr) error {
		for _, e := range es {
			c, err := b.Cond(e)
			if err != nil {
				return err
			}
			cs = append(cs, c)
		}
		return nil
	}
	switch x := n.(type) {
	case *plan.TableScan:
		if err := add(x.Conds); err != nil {
			return nil, err
		}
		err := add(x.Filter)
		return cs, err
	case *plan.Result:
		if x.In == nil {
			return cs, nil
		}
		if err := add(x.Filter); err != nil {
			return nil, err
		}
		return b.rowConds(cs, x.In)
	case *plan.Append:
		// All inputs have the same conditions, in one place or the other.
		if x.Inherit && len(x.In) > 0 {
			return b.rowConds(cs, x.In[0])
		}
	case *plan.SortNode:
		return b.rowConds(cs, x.In)
	case *plan.LimitNode:
		return b.rowConds(cs, x.In)
	case *plan.Materialize:
		return b.rowConds(cs, x.In)
	case *plan.NestLoop:
		return b.joinConds(cs, x.Kind, x.On, x.Outer, x.Inner)
	case *plan.HashJoin:
		if x.Kind == plan.InnerJoin {
			for i := range x.OuterKeys {
				l, err := b.Expr(x.OuterKeys[i])
				if err != nil {
					return nil, err
				}
				r, err := b.Expr(x.InnerKeys[i])
				if err != nil {
					return nil, err
				}
				kind, err := b.Kind(x.OuterKeys[i].Type().OID)
				if err != nil {
					return nil, err
				}
				cs = append(cs, b.Equal(kind, x.Colls[i], l, r))
			}
		}
		return b.joinConds(cs, x.Kind, x.On, x.Outer, x.Inner)
	case *plan.MergeJoin:
		if x.Kind == plan.InnerJoin {
			for i := range x.OuterKeys {
				kind, err := b.Kind(x.OuterKeys[i].T.OID)
				if err != nil {
					return nil, err
				}
				cs = append(cs, b.Equal(kind, x.OuterKeys[i].T.Coll, eval.Operand{Slot: b.Slot(x.OuterKeys[i].Col)}, eval.Operand{Slot: b.Slot(x.InnerKeys[i].Col)}))
			}
		}
		return b.joinConds(cs, x.Kind, x.On, x.Outer, x.Inner)
	}
	return cs, nil
}

func (b *builder) joinConds(cs []eval.Cond, kind plan.JoinKind, on []plan.Expr, outer, inner plan.Node) ([]eval.Cond, error) {
	var err error
	switch kind {
	case plan.InnerJoin:
		for _, e := range on {
			c, err := b.Cond(e)
			if err != nil {
				return nil, err
			}
			cs = append(cs, c)
		}
		if cs, err = b.rowConds(cs, outer); err != nil {
			return nil, err
		}
		return b.rowConds(cs, inner)
	case plan.LeftJoin, plan.SemiJoin, plan.AntiJoin:
		return b.rowConds(cs, outer)
	case plan.RightJoin:
		return b.rowConds(cs, inner)
	}
	return cs, nil
}

func (o *lockRowsOp) open() error {
	for i := range o.items {
		it := &o.items[i]
		if it.table.Partitioned() {
			continue
		}
		if it.rel == nil {
			rel, err := o.in.EC.Rels.Get(it.table)
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
		if err := o.in.Tick(); err != nil {
			return false, err
		}
	}
}

// lock locks all rows of the input row; false: it is left out.
func (o *lockRowsOp) lock() (bool, error) {
	in, changed := o.in, false
	for i := range o.items {
		it := &o.items[i]
		loc := in.F.S[it.loc]
		if loc.IsNull() {
			continue // the null-extended side of an outer join
		}
		key, id, err := rowstore.ParseLoc(loc.Bytes())
		if err != nil {
			return false, err
		}
		if it, err = o.part(it, key); err != nil {
			return false, err
		}
		opt := in.EC.LockOptions()
		opt.Policy = it.policy
		r, err := in.View.LockVersion(in.EC.Ctx, key, id, it.strength, opt, it.buf[:0])
		if err != nil {
			if it.policy == lock.Skip && errors.Is(err, lock.ErrNotAvailable) {
				return false, nil
			}
			return false, run.LockError(err, it.table)
		}
		switch r.State {
		case txn.RowChanged:
			it.buf = r.Row
			// The locator that is loaded too refers to cols' own memory, the key to the row read before.
			it.cols.Load(&in.F, it.rel, append([]byte(nil), r.Key...), r.Row)
			changed = true
		case txn.RowGone, txn.RowOwn:
			return false, nil
		}
	}
	if changed && o.recheck != nil {
		t, err := o.recheck()
		return t == eval.True, err
	}
	return true, nil
}

// part is the item for the table of the tree that a row stands in.
func (o *lockRowsOp) part(it *lockItem, key []byte) (*lockItem, error) {
	id := storageOf(key)
	if id == it.table.StorageID && !it.table.Partitioned() {
		return it, nil
	}
	if p := it.parts[id]; p != nil {
		return p, nil
	}
	ec := o.in.EC
	for _, t := range ec.Catalog.Descendants(it.table) {
		if t.StorageID != id {
			continue
		}
		rel, err := ec.Rels.Get(t)
		if err != nil {
			return nil, err
		}
		p := *it
		p.table, p.cols, p.rel, p.buf, p.parts = t, it.cols.Over(t, catalog.AttMap(it.table, t)), rel, nil, nil
		if it.parts == nil {
			it.parts = map[uint32]*lockItem{}
		}
		it.parts[id] = &p
		return &p, nil
	}
	return nil, pgerr.Internal("a row of %s stands in an unknown table", it.table.Name)
}

func (o *lockRowsOp) close() { o.child.close() }

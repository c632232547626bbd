package exec

import (
	"github.com/tarndb/tarn/sql/plan"
)

// sortOp sorts; with a limit it keeps that many rows only.
type sortOp struct {
	in     *instance
	child  operator
	limit  evalFn // or nil
	deps   *deps
	sorter sorter
	stats  *NodeStats
}

func (o *sortOp) note(st *NodeStats) { o.stats = st }

func (b *builder) sortNode(x *plan.SortNode) (operator, error) {
	o := &sortOp{in: b.in}
	var err error
	if o.child, err = b.node(x.In); err != nil {
		return nil, err
	}
	cols, err := b.sortCols(x.Keys)
	if err != nil {
		return nil, err
	}
	o.sorter = newSorter(&b.in.budget, &b.in.F, cols, b.colSlots(x.In.Cols()))
	o.deps = b.deps(x)
	o.limit, err = b.evalFor(x.Limit)
	return o, err
}

func (o *sortOp) open() error {
	if o.deps.same() {
		return o.sorter.rewind()
	}
	o.deps.drop()
	o.sorter.reset()
	top := 0
	if o.limit != nil {
		v, err := o.limit()
		if err != nil {
			return err
		}
		// A limit of none or a bad one is LimitNode's to say.
		if n := v.Int(); !v.IsNull() && n > 0 && n < 1<<20 {
			top = int(n)
		}
	}
	o.sorter.keepFirst(top)
	if err := o.child.open(); err != nil {
		return err
	}
	for {
		ok, err := o.child.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := o.sorter.add(); err != nil {
			return err
		}
	}
	o.deps.keep()
	if err := o.sorter.done(); err != nil || o.stats == nil {
		return err
	}
	o.stats.memory(o.sorter.mem())
	o.stats.Disk = max(o.stats.Disk, o.sorter.written())
	o.stats.Method = o.sorter.method()
	return nil
}

func (o *sortOp) next() (bool, error) { return o.sorter.next() }

func (o *sortOp) close() {
	o.child.close()
	o.sorter.reset()
	o.deps.drop()
}

package exec

import (
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/spill"
	"github.com/tarndb/tarn/sql/plan"
)

// sortOp sorts; with a limit it keeps that many rows only.
type sortOp struct {
	in     *instance
	child  operator
	limit  eval.Fn // or nil
	deps   *deps
	sorter spill.Sorter
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
	o.sorter = spill.NewSorter(&b.in.budget, &b.in.F, cols, b.ColSlots(x.In.Cols()))
	o.deps = b.deps(x)
	o.limit, err = b.Fn(x.Limit)
	return o, err
}

func (o *sortOp) open() error {
	if o.deps.same() {
		return o.sorter.Rewind()
	}
	o.deps.drop()
	o.sorter.Reset()
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
	o.sorter.KeepFirst(top)
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
		if err := o.sorter.Add(); err != nil {
			return err
		}
	}
	o.deps.keep()
	if err := o.sorter.Done(); err != nil || o.stats == nil {
		return err
	}
	o.stats.memory(o.sorter.Mem())
	o.stats.Disk = max(o.stats.Disk, o.sorter.Written())
	o.stats.Method = o.sorter.Method()
	return nil
}

func (o *sortOp) next() (bool, error) { return o.sorter.Next() }

func (o *sortOp) close() {
	o.child.close()
	o.sorter.Reset()
	o.deps.drop()
}

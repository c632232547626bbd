package exec

import (
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/plan"
)

// resultOp filters and projects; without child it gives one row.
type resultOp struct {
	in    *instance
	child operator  // or nil
	cond  eval.Cond // or nil
	loads []func() error
	done  bool
	stats *NodeStats
}

func (o *resultOp) note(st *NodeStats) { o.stats = st }

func (b *builder) result(x *plan.Result) (operator, error) {
	o := &resultOp{in: b.in}
	var err error
	if x.In != nil {
		if o.child, err = b.node(x.In); err != nil {
			return nil, err
		}
	} else {
		single := b.Single
		b.Single = b.rescan == 0
		defer func() { b.Single = single }()
	}
	if o.cond, err = b.Conds(x.Filter); err != nil {
		return nil, err
	}
	for i, e := range x.Exprs {
		dst := b.Slot(x.Out[i].ID)
		if ref, ok := e.(*plan.ColRef); ok && b.Slot(ref.Col) == dst {
			continue
		}
		load, err := b.Into(e, dst)
		if err != nil {
			return nil, err
		}
		o.loads = append(o.loads, load)
	}
	return o, nil
}

func (o *resultOp) open() error {
	o.done = false
	if o.child != nil {
		return o.child.open()
	}
	return nil
}

func (o *resultOp) next() (bool, error) {
	for {
		if o.child == nil {
			if o.done {
				return false, nil
			}
			o.done = true
		} else if ok, err := o.child.next(); !ok || err != nil {
			return false, err
		}
		if o.cond != nil {
			t, err := o.cond()
			if err != nil {
				return false, err
			}
			if t != eval.True {
				o.stats.removed()
				continue
			}
		}
		for _, load := range o.loads {
			if err := load(); err != nil {
				return false, err
			}
		}
		return true, nil
	}
}

func (o *resultOp) close() {
	if o.child != nil {
		o.child.close()
	}
}

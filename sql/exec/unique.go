package exec

import (
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/exec/spill"
	"github.com/tarndb/tarn/sql/plan"
)

// uniqueOp drops rows that equal the one before on some columns.
type uniqueOp struct {
	in    *instance
	child operator
	keys  []spill.KeyCol
	slots []int
	last  frame.Row
	have  bool
}

func (b *builder) unique(x *plan.UniqueNode) (operator, error) {
	o := &uniqueOp{in: b.in, slots: b.IDSlots(x.On)}
	var err error
	if o.child, err = b.node(x.In); err != nil {
		return nil, err
	}
	o.keys, err = b.keyCols(x.On, x.In.Cols())
	return o, err
}

func (o *uniqueOp) open() error {
	o.have = false
	return o.child.open()
}

func (o *uniqueOp) next() (bool, error) {
	for {
		ok, err := o.child.next()
		if !ok || err != nil {
			return false, err
		}
		if o.have && spill.SameKey(&o.in.F, o.keys, o.last.Vals) {
			continue
		}
		o.last.Load(&o.in.F, o.slots)
		o.have = true
		return true, nil
	}
}

func (o *uniqueOp) close() { o.child.close() }

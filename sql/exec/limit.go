package exec

import (
	"bytes"

	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/spill"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
)

// limitOp passes rows offset+1 to offset+count, and with ties those that equal the last one.
type limitOp struct {
	in            *instance
	child         operator
	count, offset eval.Fn
	ties          []spill.SortCol
	left          int64 // -1: no limit
	skip          int64
	key, last     []byte
	done          bool
}

func (b *builder) limit(x *plan.LimitNode) (operator, error) {
	o := &limitOp{in: b.in}
	var err error
	if o.child, err = b.node(x.In); err != nil {
		return nil, err
	}
	if o.count, err = b.Fn(x.Count); err != nil {
		return nil, err
	}
	if o.offset, err = b.Fn(x.Offset); err != nil {
		return nil, err
	}
	o.ties, err = b.sortCols(x.WithTies)
	return o, err
}

func (o *limitOp) open() error {
	o.left, o.skip, o.done = -1, 0, false
	if o.offset != nil {
		v, err := o.offset()
		if err != nil {
			return err
		}
		if !v.IsNull() {
			if o.skip = v.Int(); o.skip < 0 {
				return pgerr.New(pgerr.InvalidRowCountInResultOffsetClause, "OFFSET must not be negative")
			}
		}
	}
	if o.count != nil {
		v, err := o.count()
		if err != nil {
			return err
		}
		if !v.IsNull() {
			if o.left = v.Int(); o.left < 0 {
				return pgerr.New(pgerr.InvalidRowCountInLimitClause, "LIMIT must not be negative")
			}
		}
	}
	if o.left == 0 {
		o.done = true
		return nil
	}
	return o.child.open()
}

func (o *limitOp) next() (bool, error) {
	if o.done {
		return false, nil
	}
	for ; o.skip > 0; o.skip-- {
		if ok, err := o.child.next(); !ok || err != nil {
			o.done = true
			return false, err
		}
	}
	if o.left == 0 && len(o.ties) == 0 {
		o.done = true
		return false, nil
	}
	ok, err := o.child.next()
	if !ok || err != nil {
		o.done = true
		return false, err
	}
	if o.left < 0 {
		return true, nil
	}
	if len(o.ties) > 0 {
		o.key = spill.AppendKey(o.key[:0], &o.in.F, o.ties)
		if o.left == 0 && !bytes.Equal(o.key, o.last) {
			o.done = true
			return false, nil
		}
		o.last = append(o.last[:0], o.key...)
	}
	if o.left > 0 {
		o.left--
	}
	return true, nil
}

func (o *limitOp) close() { o.child.close() }

package exec

import (
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
)

// appendOp is UNION ALL.
type appendOp struct {
	in       *instance
	children []operator
	from     [][]int
	out      []int
	at       int
	opened   bool
}

func (b *builder) appendNode(x *plan.Append) (operator, error) {
	o := &appendOp{in: b.in, out: b.colSlots(x.Out)}
	for _, n := range x.In {
		c, err := b.node(n)
		if err != nil {
			return nil, err
		}
		from := b.colSlots(n.Cols())
		if len(from) != len(o.out) {
			return nil, pgerr.Internal("append of %d columns to %d", len(from), len(o.out))
		}
		o.children, o.from = append(o.children, c), append(o.from, from)
	}
	return o, nil
}

func (o *appendOp) open() error {
	o.at, o.opened = 0, false
	return nil
}

func (o *appendOp) next() (bool, error) {
	for o.at < len(o.children) {
		c := o.children[o.at]
		if !o.opened {
			if err := c.open(); err != nil {
				return false, err
			}
			o.opened = true
		}
		ok, err := c.next()
		if err != nil {
			return false, err
		}
		if !ok {
			o.at++
			o.opened = false
			continue
		}
		f := &o.in.f
		for i, s := range o.from[o.at] {
			f.s[o.out[i]] = f.s[s]
		}
		return true, nil
	}
	return false, nil
}

func (o *appendOp) close() {
	for _, c := range o.children {
		c.close()
	}
}

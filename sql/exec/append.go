package exec

import (
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/partition"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/storage/tuple"
)

// appendOp is UNION ALL, and a table with its children. Inputs of the latter fill the same slots.
type appendOp struct {
	in       *instance
	children []operator
	from     [][]int // nil: the slots are there already
	out      []int
	at       int
	opened   bool
	prune    *pruneOp
	skip     []bool // by child, of the execution under way
}

func (b *builder) appendNode(x *plan.Append) (operator, error) {
	o := &appendOp{in: b.in, out: b.ColSlots(x.Out)}
	for _, n := range x.In {
		c, err := b.node(n)
		if err != nil {
			return nil, err
		}
		o.children = append(o.children, c)
		if x.Inherit {
			continue
		}
		from := b.ColSlots(n.Cols())
		if len(from) != len(o.out) {
			return nil, pgerr.Internal("append of %d columns to %d", len(from), len(o.out))
		}
		o.from = append(o.from, from)
	}
	if x.Prune != nil {
		var err error
		if o.prune, err = b.prune(x.Prune); err != nil {
			return nil, err
		}
		o.skip = make([]bool, len(o.children))
	}
	return o, nil
}

func (o *appendOp) open() error {
	o.at, o.opened = 0, false
	if o.prune == nil {
		return nil
	}
	for i := range o.skip {
		o.skip[i] = true
	}
	return o.prune.keep(o.in, o.skip)
}

func (o *appendOp) next() (bool, error) {
	for o.at < len(o.children) {
		if o.skip != nil && o.skip[o.at] {
			o.at++
			continue
		}
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
		if o.from != nil {
			f := &o.in.F
			for i, s := range o.from[o.at] {
				f.S[o.out[i]] = f.S[s]
			}
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

// pruneOp is plan.PartPrune at work: it says which inputs the values of parameters and outer columns leave.
type pruneOp struct {
	x    *plan.PartPrune
	vals []eval.Fn
	sub  map[int]*pruneOp
	buf  []partition.Value
}

func (b *builder) prune(x *plan.PartPrune) (*pruneOp, error) {
	o := &pruneOp{x: x, buf: make([]partition.Value, len(x.Values))}
	for _, e := range x.Values {
		fn, err := b.Fn(e)
		if err != nil {
			return nil, err
		}
		o.vals = append(o.vals, fn)
	}
	for i, s := range x.Sub {
		if o.sub == nil {
			o.sub = map[int]*pruneOp{}
		}
		var err error
		if o.sub[i], err = b.prune(s); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// keep clears skip for the inputs that are to be read.
func (o *pruneOp) keep(in *instance, skip []bool) error {
	d, err := partition.Describe(in.EC.Catalog, o.x.Table, in.EC.Env)
	if err != nil {
		return err
	}
	var left partition.Set
	if o.x.Step != nil {
		for i, fn := range o.vals {
			v, err := fn()
			if err != nil {
				return err
			}
			o.buf[i] = partition.Value{Val: v, Known: true}
		}
		left = d.Eval(o.x.Step, o.buf)
	}
	for i, at := range o.x.At {
		if left != nil && !left.Has(i) {
			continue
		}
		if at >= 0 {
			skip[at] = false
		} else if s := o.sub[i]; s != nil {
			if err := s.keep(in, skip); err != nil {
				return err
			}
		}
	}
	return nil
}

// storageOf tells which table of a tree a key is of.
func storageOf(key []byte) uint32 {
	id, _ := tuple.KeyPrefix(key)
	return id
}

package exec

import (
	"slices"

	"github.com/tarndb/tarn/sql/exec/eval"
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
	todo     []int32 // the children to read, in order
	at       int     // in todo
	opened   bool
	prune    *pruneOp // nil: todo is all of them
	live     []int32  // opened and not closed
	isLive   []bool   // by child: it stands in live
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
	o.isLive = make([]bool, len(o.children))
	if x.Prune != nil {
		var err error
		if o.prune, err = b.prune(x.Prune); err != nil {
			return nil, err
		}
		return o, nil
	}
	o.todo = make([]int32, len(o.children))
	for i := range o.todo {
		o.todo[i] = int32(i)
	}
	return o, nil
}

func (o *appendOp) open() error {
	o.at, o.opened = 0, false
	if o.prune == nil {
		return nil
	}
	var err error
	if o.todo, err = o.prune.left(o.todo[:0]); err != nil {
		return err
	}
	slices.Sort(o.todo)
	return nil
}

func (o *appendOp) next() (bool, error) {
	for o.at < len(o.todo) {
		i := o.todo[o.at]
		c := o.children[i]
		if !o.opened {
			if !o.isLive[i] {
				o.live, o.isLive[i] = append(o.live, i), true
			}
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
			for j, s := range o.from[i] {
				f.S[o.out[j]] = f.S[s]
			}
		}
		return true, nil
	}
	return false, nil
}

func (o *appendOp) close() {
	for _, i := range o.live {
		o.children[i].close()
		o.isLive[i] = false
	}
	o.live = o.live[:0]
}

// pruneOp is plan.PartPrune at work: it says which inputs the values of parameters and outer columns leave.
type pruneOp struct {
	x    *plan.PartPrune
	vals []eval.Fn
	sub  map[int]*pruneOp
	buf  []plan.PruneValue
}

func (b *builder) prune(x *plan.PartPrune) (*pruneOp, error) {
	o := &pruneOp{x: x, buf: make([]plan.PruneValue, len(x.Values))}
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

// left appends the inputs that are to be read.
func (o *pruneOp) left(to []int32) ([]int32, error) {
	if o.x.Step == nil {
		for i := range o.x.At {
			var err error
			if to, err = o.part(to, i); err != nil {
				return nil, err
			}
		}
		return to, nil
	}
	for i, fn := range o.vals {
		v, err := fn()
		if err != nil {
			return nil, err
		}
		o.buf[i] = plan.PruneValue{Val: v, Known: true}
	}
	var err error
	o.x.Parts.Eval(o.x.Step, o.buf).Each(func(i int) {
		if err == nil {
			to, err = o.part(to, i)
		}
	})
	return to, err
}

// part appends what is read for a partition.
func (o *pruneOp) part(to []int32, i int) ([]int32, error) {
	if at := o.x.At[i]; at >= 0 {
		return append(to, at), nil
	}
	if s := o.sub[i]; s != nil {
		return s.left(to)
	}
	return to, nil
}

// storageOf tells which table of a tree a key is of.
func storageOf(key []byte) uint32 {
	id, _ := tuple.KeyPrefix(key)
	return id
}

package exec

import (
	"bytes"
	"sort"

	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/exec/spill"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// windowOp reads a partition onto a tape and then gives its rows with the calls' values (manual: 4.2.8). Positions count
// from 0 within the partition.
type windowOp struct {
	in      *instance
	child   operator
	inSlots []int
	parts   []spill.KeyCol
	order   []spill.SortCol
	frame   frameSpec
	calls   []*windowCall

	tape    spill.Tape
	ahead   frame.Row
	pending bool
	eof     bool
	partKey frame.Row
	keyBuf  []byte
	lastKey []byte
	starts  []int32 // first row of each peer group
	lastGrp int     // peer group that was asked for last
	ordVals []types.Datum
	ordMem  frame.Arena
	n       int // rows of the partition; 0: none is loaded
	cur     int

	frameAt    int // row that start and end are about, -1: none
	start, end int
	lastStart  int // RANGE with offset: bounds only grow
	lastEnd    int
	results    []types.Datum
}

// windowCall is one call.
type windowCall struct {
	o    *windowOp
	out  int
	fn   builtin.WindowFn
	call *builtin.Call
	args []eval.Fn
	st   any

	agg      *aggCall
	state    aggState
	from, to int // rows that the state holds
	value    types.Datum
	valid    bool
}

func (b *builder) windowAgg(x *plan.WindowAgg) (operator, error) {
	o := &windowOp{in: b.in, inSlots: b.ColSlots(x.In.Cols())}
	var err error
	if o.child, err = b.node(x.In); err != nil {
		return nil, err
	}
	if o.parts, err = b.keyCols(x.Partition, x.In.Cols()); err != nil {
		return nil, err
	}
	if o.order, err = b.sortCols(x.Order); err != nil {
		return nil, err
	}
	if o.frame, err = b.frameSpec(x); err != nil {
		return nil, err
	}
	outs := x.Out[len(x.Out)-len(x.Calls):]
	for i, c := range x.Calls {
		w, err := b.windowCall(o, c)
		if err != nil {
			return nil, err
		}
		w.out = b.Slot(outs[i].ID)
		o.calls = append(o.calls, w)
	}
	o.results = make([]types.Datum, len(o.calls))
	o.tape = spill.NewTape(&b.in.budget, &b.in.F, o.inSlots)
	return o, nil
}

func (b *builder) windowCall(o *windowOp, x *plan.WindowCall) (*windowCall, error) {
	w := &windowCall{o: o}
	var err error
	if x.IsAgg {
		w.agg, err = b.aggCall(x.Aggregate())
		return w, err
	}
	if w.fn, err = builtin.LookupWindow(x.Proc); err != nil {
		return nil, err
	}
	w.call = b.NewCall(x.Proc, x.Args, x.T, x.InputColl)
	if w.args, err = b.Fns(x.Args); err != nil {
		return nil, err
	}
	return w, nil
}

func (o *windowOp) open() error {
	o.discard()
	if err := o.frame.open(); err != nil {
		return err
	}
	return o.child.open()
}

func (o *windowOp) discard() {
	o.tape.Reset()
	o.n, o.cur, o.pending, o.eof = 0, 0, false, false
	o.ordMem.Reset()
	o.ordVals = o.ordVals[:0]
	for _, c := range o.calls {
		c.reset()
	}
}

func (o *windowOp) next() (bool, error) {
	if o.cur >= o.n {
		ok, err := o.partition()
		if !ok || err != nil {
			return false, err
		}
	}
	if err := o.in.Tick(); err != nil {
		return false, err
	}
	o.frameAt = -1
	for i, c := range o.calls {
		v, err := c.eval()
		if err != nil {
			return false, err
		}
		if o.tape.Spilled() {
			v = v.Clone()
		}
		o.results[i] = v
	}
	if err := o.tape.Load(o.cur, o.inSlots); err != nil {
		return false, err
	}
	for i, c := range o.calls {
		o.in.F.S[c.out] = o.results[i]
	}
	o.cur++
	return true, nil
}

// partition reads the rows of the next partition.
func (o *windowOp) partition() (bool, error) {
	f := &o.in.F
	o.tape.Reset()
	o.starts, o.ordVals, o.lastGrp = o.starts[:0], o.ordVals[:0], 0
	o.ordMem.Reset()
	o.n, o.cur = 0, 0
	o.lastStart, o.lastEnd, o.frameAt = 0, 0, -1
	for _, c := range o.calls {
		c.reset()
	}
	for {
		if o.pending {
			f.Put(o.inSlots, o.ahead.Vals)
			o.pending = false
		} else {
			if o.eof {
				break
			}
			ok, err := o.child.next()
			if err != nil {
				return false, err
			}
			if !ok {
				o.eof = true
				break
			}
			if err := o.in.Tick(); err != nil {
				return false, err
			}
			if o.n > 0 && !spill.SameKey(f, o.parts, o.partKey.Vals) {
				o.ahead.Load(f, o.inSlots)
				o.pending = true
				break
			}
		}
		if err := o.addRow(); err != nil {
			return false, err
		}
	}
	return o.n > 0, nil
}

func (o *windowOp) addRow() error {
	f := &o.in.F
	if o.n == 0 {
		slots := make([]int, len(o.parts))
		for i := range o.parts {
			slots[i] = o.parts[i].Slot
		}
		o.partKey.Load(f, slots)
	}
	o.keyBuf = spill.AppendKey(o.keyBuf[:0], f, o.order)
	if o.n == 0 || !bytes.Equal(o.keyBuf, o.lastKey) {
		o.starts = append(o.starts, int32(o.n))
		o.lastKey = append(o.lastKey[:0], o.keyBuf...)
	}
	if o.frame.byValue() {
		o.ordVals = append(o.ordVals, o.ordMem.Clone(f.S[o.order[0].Slot]))
	}
	o.n++
	return o.tape.Add()
}

func (o *windowOp) close() {
	o.child.close()
	o.discard()
}

// group is the peer group of row i.
func (o *windowOp) group(i int) int {
	g := o.lastGrp
	if i < int(o.starts[g]) || i >= o.groupEnd(g) {
		if next := g + 1; next < len(o.starts) && i >= int(o.starts[next]) && i < o.groupEnd(next) {
			g = next
		} else {
			g = sort.Search(len(o.starts), func(k int) bool { return int(o.starts[k]) > i }) - 1
		}
		o.lastGrp = g
	}
	return g
}

// groupEnd is the row after the peer group g.
func (o *windowOp) groupEnd(g int) int {
	if g+1 < len(o.starts) {
		return int(o.starts[g+1])
	}
	return o.n
}

func (c *windowCall) reset() {
	if c.state != nil {
		closeStates([]aggState{c.state})
	}
	c.st, c.state, c.valid = nil, nil, false
	c.from, c.to = 0, 0
}

func (c *windowCall) eval() (types.Datum, error) {
	if c.agg != nil {
		return c.aggregate()
	}
	return c.fn(c.call, c)
}

// The window function's view of the partition.

func (c *windowCall) Rows() int          { return c.o.n }
func (c *windowCall) Current() int       { return c.o.cur }
func (c *windowCall) Peer(a, b int) bool { return c.o.group(a) == c.o.group(b) }
func (c *windowCall) State() *any        { return &c.st }

func (c *windowCall) Arg(i, pos int) (types.Datum, error) {
	o := c.o
	if err := o.tape.Load(pos, o.inSlots); err != nil {
		return types.Null, err
	}
	v, err := c.args[i]()
	if o.tape.Spilled() {
		v = v.Clone()
	}
	return v, err
}

func (c *windowCall) FrameStart() (int, error) {
	err := c.o.bounds()
	return c.o.start, err
}

func (c *windowCall) FrameEnd() (int, error) {
	err := c.o.bounds()
	return c.o.end, err
}

func (c *windowCall) InFrame(pos int) (bool, error) {
	o := c.o
	if err := o.bounds(); err != nil {
		return false, err
	}
	return pos >= o.start && pos < o.end && !o.excluded(pos), nil
}

func (o *windowOp) excluded(pos int) bool {
	switch o.frame.exclude {
	case plan.ExcludeCurrentRow:
		return pos == o.cur
	case plan.ExcludeGroup:
		return o.group(pos) == o.group(o.cur)
	case plan.ExcludeTies:
		return pos != o.cur && o.group(pos) == o.group(o.cur)
	}
	return false
}

var _ builtin.Partition = (*windowCall)(nil)

// aggregate is the call's value over the current row's frame. The state moves with the frame: rows are added at its end
// and, where the aggregate can do that, taken out at its start; else it starts again.
func (c *windowCall) aggregate() (types.Datum, error) {
	o := c.o
	if err := o.bounds(); err != nil {
		return types.Null, err
	}
	start, end := o.start, max(o.start, o.end)
	if o.frame.exclude != plan.ExcludeNone {
		return c.recompute(start, end)
	}
	if c.valid && start == c.from && end == c.to {
		return c.value, nil
	}
	if c.state == nil || start < c.from || end < c.to || start >= c.to {
		return c.recompute(start, end)
	}
	if start > c.from {
		ok, err := c.remove(c.from, start)
		if err != nil {
			return types.Null, err
		}
		if !ok {
			return c.recompute(start, end)
		}
		c.from = start
	}
	return c.finish(c.to, end)
}

func (c *windowCall) recompute(start, end int) (types.Datum, error) {
	if c.state != nil {
		closeStates([]aggState{c.state})
	}
	var err error
	if c.state, err = c.agg.newState(); err != nil {
		return types.Null, err
	}
	c.from, c.to = start, start
	return c.finish(start, end)
}

// finish adds the rows [from, to) and computes the value.
func (c *windowCall) finish(from, to int) (types.Datum, error) {
	o := c.o
	for p := from; p < to; p++ {
		if o.frame.exclude != plan.ExcludeNone && o.excluded(p) {
			continue
		}
		if err := o.tape.Load(p, o.inSlots); err != nil {
			return types.Null, err
		}
		if err := c.agg.advance(c.state); err != nil {
			return types.Null, err
		}
		if err := o.in.Tick(); err != nil {
			return types.Null, err
		}
	}
	c.to = to
	v, err := c.state.final()
	if err != nil {
		return types.Null, err
	}
	c.value, c.valid = v.Clone(), true
	return c.value, nil
}

// remove takes the rows [from, to) out; false: the state is of no use any more.
func (c *windowCall) remove(from, to int) (bool, error) {
	o := c.o
	if st, ok := c.state.(*countState); ok && c.agg.filter == nil {
		st.n -= int64(to - from)
		return true, nil
	}
	plain, ok := c.state.(plainState)
	if !ok {
		return false, nil
	}
	inv, ok := plain.AggState.(builtin.AggInverse)
	if !ok {
		return false, nil
	}
	for p := from; p < to; p++ {
		if err := o.tape.Load(p, o.inSlots); err != nil {
			return false, err
		}
		if c.agg.filter != nil {
			t, err := c.agg.filter()
			if err != nil {
				return false, err
			}
			if t != eval.True {
				continue
			}
		}
		ok, err := c.agg.load()
		if err != nil {
			return false, err
		}
		if !ok {
			continue
		}
		if ok, err = inv.Remove(c.agg.buf); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

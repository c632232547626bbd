package exec

import (
	"slices"

	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/exec/spill"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// nestLoopOp runs inner again for each outer row.
type nestLoopOp struct {
	in           *instance
	kind         plan.JoinKind
	outer, inner operator
	on           eval.Cond
	innerSlots   []int
	unique       bool
	haveOuter    bool
	matched      bool
	stats        *NodeStats
}

func (o *nestLoopOp) note(st *NodeStats) { o.stats = st }

func (b *builder) nestLoop(x *plan.NestLoop) (operator, error) {
	switch x.Kind {
	case plan.RightJoin, plan.FullJoin:
		return nil, pgerr.Internal("nested loop for a right or full join")
	}
	o := &nestLoopOp{in: b.in, kind: x.Kind, innerSlots: b.ColSlots(x.Inner.Cols()), unique: x.InnerUnique}
	var err error
	if o.outer, err = b.node(x.Outer); err != nil {
		return nil, err
	}
	if o.inner, err = b.rescanned(x.Inner); err != nil {
		return nil, err
	}
	if len(x.Memoize) > 0 {
		if o.inner, err = b.memoize(x, o.inner); err != nil {
			return nil, err
		}
	}
	o.on, err = b.Conds(x.On)
	return o, err
}

func (o *nestLoopOp) open() error {
	o.haveOuter = false
	return o.outer.open()
}

func (o *nestLoopOp) next() (bool, error) {
	for {
		if !o.haveOuter {
			ok, err := o.outer.next()
			if !ok || err != nil {
				return false, err
			}
			if err := o.inner.open(); err != nil {
				return false, err
			}
			o.haveOuter, o.matched = true, false
		}
		ok, err := o.inner.next()
		if err != nil {
			return false, err
		}
		if !ok {
			o.haveOuter = false
			switch {
			case o.kind == plan.LeftJoin && !o.matched:
				o.in.F.SetNull(o.innerSlots)
				return true, nil
			case o.kind == plan.AntiJoin:
				return true, nil
			}
			continue
		}
		if err := o.in.Tick(); err != nil {
			return false, err
		}
		if o.on != nil {
			t, err := o.on()
			if err != nil {
				return false, err
			}
			if t != eval.True {
				o.stats.joinRemoved()
				continue
			}
		}
		o.matched = true
		switch o.kind {
		case plan.AntiJoin:
			o.haveOuter = false
			continue
		case plan.SemiJoin:
			o.haveOuter = false
		default:
			if o.unique {
				o.haveOuter = false
			}
		}
		return true, nil
	}
}

func (o *nestLoopOp) close() {
	o.outer.close()
	o.inner.close()
}

// memoizeOp keeps the rows of its input by the values of some outer columns. When it holds more than WorkMem, or another
// column that its input reads has changed, it starts again empty.
type memoizeOp struct {
	in    *instance
	child operator
	keys  []spill.KeyCol
	slots []int
	table spill.Table // of keys; payload: number of the entry
	rows  [][][]types.Datum
	arena frame.Arena
	deps  *deps // on what else than the keys

	entry   int // being read, -1: the child is running
	pos     int
	filling bool
}

func (b *builder) memoize(x *plan.NestLoop, child operator) (operator, error) {
	keys, err := b.keyCols(x.Memoize, x.Outer.Cols())
	if err != nil {
		return nil, err
	}
	o := &memoizeOp{in: b.in, child: child, keys: keys, slots: b.ColSlots(x.Inner.Cols())}
	o.table = spill.NewTable(&b.in.F, keys)
	b.rescan++
	o.deps = b.deps(x.Inner)
	b.rescan--
	o.deps.slots = slices.DeleteFunc(o.deps.slots, func(s int) bool {
		return slices.ContainsFunc(keys, func(k spill.KeyCol) bool { return k.Slot == s })
	})
	return o, nil
}

func (o *memoizeOp) open() error {
	if !o.deps.same() || o.arena.Size()+o.table.Mem() > o.in.budget.Mem {
		o.table.Reset()
		o.rows = o.rows[:0]
		o.arena.Reset()
		o.deps.keep()
	}
	o.pos = 0
	e, fresh := o.table.FindOrAdd()
	o.entry = e
	if fresh {
		o.rows = append(o.rows, nil)
	} else if !o.unfinished(e) {
		o.filling = false
		return nil
	}
	// A reader that stopped early left no whole answer: it is made again.
	o.rows[e] = make([][]types.Datum, 0, 1)
	o.filling = true
	return o.child.open()
}

// unfinished: an entry is whole once it ends with the nil row.
func (o *memoizeOp) unfinished(e int) bool {
	r := o.rows[e]
	return len(r) == 0 || r[len(r)-1] != nil
}

func (o *memoizeOp) next() (bool, error) {
	if !o.filling {
		row := o.rows[o.entry][o.pos]
		if row == nil {
			return false, nil
		}
		o.pos++
		if len(o.slots) > 0 {
			o.in.F.Put(o.slots, row)
		}
		return true, nil
	}
	ok, err := o.child.next()
	if err != nil {
		return false, err
	}
	if !ok {
		o.rows[o.entry] = append(o.rows[o.entry], nil)
		o.filling, o.pos = false, len(o.rows[o.entry])-1
		return false, nil
	}
	row := o.arena.Keep(&o.in.F, o.slots)
	if row == nil {
		row = []types.Datum{}
	}
	o.rows[o.entry] = append(o.rows[o.entry], row)
	return true, nil
}

func (o *memoizeOp) close() {
	o.child.close()
	o.table.Reset()
	o.rows = nil
	o.arena.Reset()
	o.deps.drop()
}

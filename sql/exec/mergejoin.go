package exec

import (
	"bytes"

	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/exec/spill"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// mergeJoinOp joins two inputs sorted on their keys. Inner rows of one key are kept on a tape while outer rows have that
// key; which of them found a partner is remembered for right and full joins.
type mergeJoinOp struct {
	in           *instance
	kind         plan.JoinKind
	outer, inner operator
	outerSlots   []int
	innerSlots   []int
	outerCols    []spill.SortCol
	innerCols    []spill.SortCol
	on           eval.Cond

	state      mergeState
	outerKey   []byte
	outerNull  bool
	outerEOF   bool
	innerKey   []byte // of the inner row read ahead
	innerEOF   bool
	ahead      frame.Row
	group      spill.Tape
	groupKey   []byte
	haveGroup  bool
	groupMatch []bool
	pos        int
	matched    bool
	stats      *NodeStats
	saved      []types.Datum // the outer row while inner rows without partner are given
}

type mergeState uint8

const (
	mergeNextOuter mergeState = iota // read an outer row
	mergeAlign                       // compare it with the inner side
	mergeProbe                       // walk the group
	mergeFlush                       // give the group's rows without partner
	mergeDone
)

func (b *builder) mergeJoin(x *plan.MergeJoin) (operator, error) {
	o := &mergeJoinOp{in: b.in, kind: x.Kind, outerSlots: b.ColSlots(x.Outer.Cols()), innerSlots: b.ColSlots(x.Inner.Cols())}
	var err error
	if o.outer, err = b.node(x.Outer); err != nil {
		return nil, err
	}
	if o.inner, err = b.node(x.Inner); err != nil {
		return nil, err
	}
	if o.outerCols, err = b.sortCols(x.OuterKeys); err != nil {
		return nil, err
	}
	if o.innerCols, err = b.sortCols(x.InnerKeys); err != nil {
		return nil, err
	}
	if len(o.outerCols) != len(o.innerCols) {
		return nil, pgerr.Internal("merge join with %d and %d keys", len(o.outerCols), len(o.innerCols))
	}
	for i := range o.outerCols {
		// Keys are compared as bytes: both sides must be encoded alike.
		o.innerCols[i].Kind = o.outerCols[i].Kind
	}
	o.group = spill.NewTape(&b.in.budget, &b.in.F, o.innerSlots)
	o.on, err = b.Conds(x.On)
	return o, err
}

func (o *mergeJoinOp) note(st *NodeStats) { o.stats = st }

func (o *mergeJoinOp) open() error {
	o.state, o.outerEOF, o.innerEOF, o.haveGroup = mergeNextOuter, false, false, false
	o.group.Reset()
	o.groupMatch = o.groupMatch[:0]
	if err := o.outer.open(); err != nil {
		return err
	}
	if err := o.inner.open(); err != nil {
		return err
	}
	return o.readInner()
}

// readInner reads one inner row ahead.
func (o *mergeJoinOp) readInner() error {
	ok, err := o.inner.next()
	if err != nil {
		return err
	}
	if !ok {
		o.innerEOF = true
		return nil
	}
	o.innerKey, _ = o.key(o.innerKey, o.innerCols)
	o.ahead.Load(&o.in.F, o.innerSlots)
	return o.in.Tick()
}

func (o *mergeJoinOp) key(buf []byte, cols []spill.SortCol) ([]byte, bool) {
	null := false
	for i := range cols {
		null = null || o.in.F.S[cols[i].Slot].IsNull()
	}
	return spill.AppendKey(buf[:0], &o.in.F, cols), null
}

func (o *mergeJoinOp) keepsInner() bool { return o.kind == plan.RightJoin || o.kind == plan.FullJoin }

func (o *mergeJoinOp) next() (bool, error) {
	for {
		switch o.state {
		case mergeNextOuter:
			ok, err := o.outer.next()
			if err != nil {
				return false, err
			}
			o.matched = false
			if !ok {
				o.outerEOF = true
				if !o.keepsInner() {
					o.state = mergeDone
					continue
				}
				o.pos, o.state = 0, mergeFlush
				continue
			}
			o.outerKey, o.outerNull = o.key(o.outerKey, o.outerCols)
			o.state = mergeAlign
		case mergeAlign:
			ok, err := o.align()
			if ok || err != nil {
				return ok, err
			}
		case mergeProbe:
			ok, err := o.probe()
			if ok || err != nil {
				return ok, err
			}
		case mergeFlush:
			ok, err := o.flush()
			if ok || err != nil {
				return ok, err
			}
		case mergeDone:
			return false, nil
		}
	}
}

// align finds the inner group for the outer row. It may give an outer row without partner.
func (o *mergeJoinOp) align() (bool, error) {
	if o.haveGroup && !o.outerNull && bytes.Equal(o.outerKey, o.groupKey) {
		o.pos, o.state = 0, mergeProbe
		return false, nil
	}
	if o.haveGroup && bytes.Compare(o.outerKey, o.groupKey) > 0 {
		if o.keepsInner() {
			o.pos, o.state = 0, mergeFlush
			return false, nil
		}
		o.dropGroup()
	}
	if o.outerNull || o.innerEOF || o.haveGroup {
		return o.unmatchedOuter()
	}
	c := bytes.Compare(o.outerKey, o.innerKey)
	if c < 0 {
		return o.unmatchedOuter()
	}
	if c > 0 && !o.keepsInner() {
		for c > 0 && !o.innerEOF {
			if err := o.readInner(); err != nil {
				return false, err
			}
			c = bytes.Compare(o.outerKey, o.innerKey)
		}
		return false, nil // look again
	}
	return false, o.gather()
}

// gather reads the rows of the next inner key into the group. Reading ahead leaves the outer row in its slots alone.
func (o *mergeJoinOp) gather() error {
	o.dropGroup()
	o.groupKey = append(o.groupKey[:0], o.innerKey...)
	for !o.innerEOF && bytes.Equal(o.innerKey, o.groupKey) {
		o.in.F.Put(o.innerSlots, o.ahead.Vals)
		if err := o.group.Add(); err != nil {
			return err
		}
		o.groupMatch = append(o.groupMatch, false)
		if err := o.readInner(); err != nil {
			return err
		}
	}
	o.haveGroup = true
	return nil
}

func (o *mergeJoinOp) dropGroup() {
	o.group.Reset()
	o.groupMatch = o.groupMatch[:0]
	o.haveGroup = false
}

func (o *mergeJoinOp) unmatchedOuter() (bool, error) {
	o.state = mergeNextOuter
	switch o.kind {
	case plan.LeftJoin, plan.FullJoin:
		o.in.F.SetNull(o.innerSlots)
		return true, nil
	case plan.AntiJoin:
		return true, nil
	}
	return false, nil
}

// probe pairs the outer row with the rest of the group.
func (o *mergeJoinOp) probe() (bool, error) {
	for o.pos < o.group.Len() {
		i := o.pos
		o.pos++
		if err := o.group.Load(i, o.innerSlots); err != nil {
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
		o.matched, o.groupMatch[i] = true, true
		switch o.kind {
		case plan.AntiJoin:
			o.state = mergeNextOuter
			return false, nil
		case plan.SemiJoin:
			o.state = mergeNextOuter
		}
		return true, o.in.Tick()
	}
	if o.matched {
		o.state = mergeNextOuter
		return false, nil
	}
	return o.unmatchedOuter()
}

// flush gives the inner rows without partner, of the group and, when the outer input has ended, of all that follow. The
// outer row waits in its operator's slots, so they are kept and put back.
func (o *mergeJoinOp) flush() (bool, error) {
	for {
		for o.haveGroup && o.pos < o.group.Len() {
			i := o.pos
			o.pos++
			if o.groupMatch[i] {
				continue
			}
			if err := o.group.Load(i, o.innerSlots); err != nil {
				return false, err
			}
			if !o.outerEOF && o.saved == nil {
				o.saved = make([]types.Datum, len(o.outerSlots))
				for j, s := range o.outerSlots {
					o.saved[j] = o.in.F.S[s]
				}
			}
			o.in.F.SetNull(o.outerSlots)
			return true, nil
		}
		o.dropGroup()
		if !o.outerEOF {
			if o.saved != nil {
				o.in.F.Put(o.outerSlots, o.saved)
				o.saved = nil
			}
			o.state = mergeAlign
			return false, nil
		}
		if o.innerEOF {
			o.state = mergeDone
			return false, nil
		}
		if err := o.gather(); err != nil {
			return false, err
		}
		o.pos = 0
	}
}

func (o *mergeJoinOp) close() {
	o.outer.close()
	o.inner.close()
	o.group.Reset()
	o.saved = nil
}

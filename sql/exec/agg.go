package exec

import (
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/exec/spill"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// aggOp groups and aggregates. Each grouping set has its own hash table (the empty set: one group that is there without
// rows too); a sorted input needs one group at a time. Rows of new groups wait in files when the tables are full.
type aggOp struct {
	in        *instance
	child     operator
	calls     []*aggCall
	groupIn   []int
	groupOut  []int
	aggOut    []int
	groupings []groupingOut
	having    eval.Cond
	inSlots   []int
	sorted    bool
	deps      *deps

	sets    []aggSet
	keys    []spill.KeyCol
	pending []aggPart
	rows    int64
	check   int64 // count of rows at which memory is looked at again
	full    bool

	set int // being emitted
	at  int

	// Sorted input: the row that began the next group.
	ahead     frame.Row
	haveAhead bool
	eof       bool
	started   bool
	states    []aggState
	stats     *NodeStats
	first     []types.Datum
	firstBuf  frame.Row
}

type aggSet struct {
	cols   []int // positions in groupIn
	mask   uint64
	table  spill.Table
	states [][]aggState // by group, aggBlock groups each
	parts  spill.Parts
	level  int
	skip   bool // not part of the work at hand (a spilled part belongs to one set)
}

type aggPart struct {
	set   int
	level int
	file  *spill.File
}

type groupingOut struct {
	slot int
	cols []int // positions in groupIn
}

const aggBlock = 64

func (b *builder) agg(x *plan.Agg) (operator, error) {
	o := &aggOp{in: b.in, groupIn: b.IDSlots(x.GroupIn), inSlots: b.ColSlots(x.In.Cols()), sorted: x.Strategy == plan.AggSorted}
	var err error
	if o.child, err = b.node(x.In); err != nil {
		return nil, err
	}
	o.deps = b.deps(x)
	if len(x.Out) != len(x.GroupBy)+len(x.Aggs)+len(x.Groupings) {
		return nil, pgerr.Internal("aggregate with %d output columns", len(x.Out))
	}
	out := b.ColSlots(x.Out)
	o.groupOut = out[:len(x.GroupBy)]
	o.aggOut = out[len(x.GroupBy) : len(x.GroupBy)+len(x.Aggs)]
	for _, a := range x.Aggs {
		c, err := b.aggCall(a)
		if err != nil {
			return nil, err
		}
		o.calls = append(o.calls, c)
	}
	if o.keys, err = b.keyCols(x.GroupIn, x.In.Cols()); err != nil {
		return nil, err
	}
	for i, g := range x.Groupings {
		gr := groupingOut{slot: out[len(x.GroupBy)+len(x.Aggs)+i]}
		for _, c := range g.Cols {
			at := -1
			for j := range x.GroupBy {
				if x.GroupBy[j].ID == c || at < 0 && x.GroupIn[j] == c {
					at = j
				}
			}
			if at < 0 {
				return nil, pgerr.Internal("GROUPING of a column that is not grouped")
			}
			gr.cols = append(gr.cols, at)
		}
		o.groupings = append(o.groupings, gr)
	}
	sets := x.Sets
	if sets == nil {
		all := make([]int, len(x.GroupBy))
		for i := range all {
			all[i] = i
		}
		sets = [][]int{all}
	}
	if len(sets) > 1 {
		o.sorted = false
	}
	if len(x.GroupBy) > 64 && x.Sets != nil {
		return nil, pgerr.Unsupported("more than 64 columns in GROUPING SETS")
	}
	for _, cols := range sets {
		s := aggSet{cols: cols}
		var keys []spill.KeyCol
		for _, c := range cols {
			keys = append(keys, o.keys[c])
			if c < 64 {
				s.mask |= 1 << c
			}
		}
		s.table = spill.NewTable(&b.in.F, keys)
		s.parts = spill.NewParts(&b.in.budget, &b.in.F, o.inSlots)
		o.sets = append(o.sets, s)
	}
	if len(o.sets) == 1 && len(o.sets[0].cols) == 0 {
		o.sorted = false // one group: the order does not matter
	}
	o.having, err = b.Conds(x.Having)
	return o, err
}

func (o *aggOp) note(st *NodeStats) { o.stats = st }

func (o *aggOp) open() error {
	o.set, o.at = 0, 0
	if !o.sorted && o.deps.same() {
		return nil
	}
	o.discard()
	if err := o.child.open(); err != nil {
		return err
	}
	if o.sorted {
		return nil
	}
	if err := o.consume(o.child.next); err != nil {
		return err
	}
	if len(o.pending) == 0 {
		o.deps.keep()
	}
	return nil
}

func (o *aggOp) discard() {
	o.deps.drop()
	for i := range o.sets {
		s := &o.sets[i]
		o.dropGroups(s)
		s.parts.Close()
		s.level, s.skip = 0, false
	}
	for _, p := range o.pending {
		p.file.Close()
	}
	o.pending = nil
	o.rows, o.check, o.full = 0, 0, false
	o.haveAhead, o.eof, o.started = false, false, false
	closeStates(o.states)
	o.states = nil
}

func (o *aggOp) dropGroups(s *aggSet) {
	for e := range s.table.Len() {
		closeStates(s.group(e, len(o.calls)))
	}
	s.table.Reset()
	s.states = nil
}

// group returns the states of group e.
func (s *aggSet) group(e, n int) []aggState {
	if n == 0 {
		return nil
	}
	at := (e % aggBlock) * n
	return s.states[e/aggBlock][at : at+n : at+n]
}

// add makes a new group for the row in the slots.
func (o *aggOp) add(s *aggSet, h uint64) (int, error) {
	e := s.table.Add(h)
	n := len(o.calls)
	if n == 0 {
		return e, nil
	}
	if e%aggBlock == 0 {
		size := aggBlock
		if len(s.cols) == 0 {
			size = 1
		}
		s.states = append(s.states, make([]aggState, size*n))
	}
	return e, o.newStates(s.group(e, n))
}

func (o *aggOp) newStates(states []aggState) error {
	for i, c := range o.calls {
		var err error
		if states[i], err = c.newState(); err != nil {
			return err
		}
	}
	return nil
}

func (o *aggOp) advance(states []aggState) error {
	for i, c := range o.calls {
		if err := c.advance(states[i]); err != nil {
			return err
		}
	}
	return nil
}

// consume reads all rows into the groups of the sets at hand.
func (o *aggOp) consume(next func() (bool, error)) error {
	for {
		ok, err := next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := o.in.Tick(); err != nil {
			return err
		}
		for i := range o.sets {
			s := &o.sets[i]
			if s.skip {
				continue
			}
			if err := o.addRow(s); err != nil {
				return err
			}
		}
		o.rows++
		if o.rows >= o.check {
			o.measure()
		}
	}
	if o.stats != nil {
		o.measure()
		o.stats.Parts++
	}
	for i := range o.sets {
		s := &o.sets[i]
		if s.skip {
			continue
		}
		if len(s.cols) == 0 && s.table.Len() == 0 {
			if _, err := o.add(s, s.table.Hash()); err != nil {
				return err
			}
		}
		files, err := s.parts.Take()
		if err != nil {
			return err
		}
		for _, f := range files {
			if f != nil {
				if o.stats != nil {
					o.stats.Disk += f.Size()
				}
				o.pending = append(o.pending, aggPart{set: i, level: s.level + 1, file: f})
			}
		}
	}
	return nil
}

func (o *aggOp) addRow(s *aggSet) error {
	if len(s.cols) == 0 {
		if s.table.Len() == 0 {
			if _, err := o.add(s, s.table.Hash()); err != nil {
				return err
			}
		}
		return o.advance(s.group(0, len(o.calls)))
	}
	h := s.table.Hash()
	e := s.table.Find(h)
	if e < 0 {
		if o.full && s.level < spill.MaxLevel {
			return s.parts.Write(h)
		}
		var err error
		if e, err = o.add(s, h); err != nil {
			return err
		}
	}
	return o.advance(s.group(e, len(o.calls)))
}

// measure looks at the memory in use. It costs a walk over all groups, so it is done again after as many rows as there
// are groups.
func (o *aggOp) measure() {
	var mem, groups int64
	for i := range o.sets {
		s := &o.sets[i]
		mem += s.table.Mem()
		groups += int64(s.table.Len())
		for e := range s.table.Len() {
			for _, st := range s.group(e, len(o.calls)) {
				mem += int64(st.size()) + 48
			}
		}
	}
	o.full = mem > o.in.budget.Mem
	o.stats.memory(mem)
	o.check = o.rows + min(max(groups, 256), 1<<16)
}

func (o *aggOp) next() (bool, error) {
	if o.sorted {
		return o.nextSorted()
	}
	for {
		for o.set < len(o.sets) {
			s := &o.sets[o.set]
			if s.skip || o.at >= s.table.Len() {
				o.set++
				o.at = 0
				continue
			}
			e := o.at
			o.at++
			if err := o.in.Tick(); err != nil {
				return false, err
			}
			ok, err := o.emit(s, s.table.Key(e), s.group(e, len(o.calls)))
			if ok || err != nil {
				return ok, err
			}
		}
		if len(o.pending) == 0 {
			return false, nil
		}
		if err := o.nextPart(); err != nil {
			return false, err
		}
	}
}

// nextPart aggregates the rows of one file.
func (o *aggOp) nextPart() error {
	p := o.pending[len(o.pending)-1]
	o.pending = o.pending[:len(o.pending)-1]
	defer p.file.Close()
	for i := range o.sets {
		s := &o.sets[i]
		o.dropGroups(s)
		s.skip = i != p.set
		s.level = p.level
		s.parts.Level = p.level
	}
	o.rows, o.check, o.full = 0, 0, false
	o.set, o.at = 0, 0
	r, err := p.file.Reader()
	if err != nil {
		return err
	}
	return o.consume(func() (bool, error) { return r.Slots(&o.in.F, o.inSlots) })
}

// emit puts a group into the output slots; false: HAVING drops it.
func (o *aggOp) emit(s *aggSet, key []types.Datum, states []aggState) (bool, error) {
	f := &o.in.F
	if len(s.cols) < len(o.groupOut) {
		f.SetNull(o.groupOut)
	}
	for i, c := range s.cols {
		f.S[o.groupOut[c]] = key[i]
	}
	for i, st := range states {
		v, err := st.final()
		if err != nil {
			return false, err
		}
		f.S[o.aggOut[i]] = v
	}
	for _, g := range o.groupings {
		v := int64(0)
		for _, c := range g.cols {
			v <<= 1
			if s.mask&(1<<c) == 0 {
				v |= 1
			}
		}
		f.S[g.slot] = tuple.Int(v)
	}
	if o.having == nil {
		return true, nil
	}
	t, err := o.having()
	return t == eval.True, err
}

// nextSorted gathers one group of a sorted input.
func (o *aggOp) nextSorted() (bool, error) {
	f, s := &o.in.F, &o.sets[0]
	for {
		if o.eof {
			return false, nil
		}
		if o.haveAhead {
			f.Put(o.inSlots, o.ahead.Vals)
		} else {
			ok, err := o.child.next()
			if !ok || err != nil {
				o.eof = true
				return false, err
			}
		}
		o.haveAhead = false
		if o.states == nil {
			o.states = make([]aggState, len(o.calls))
		}
		if err := o.newStates(o.states); err != nil {
			return false, err
		}
		o.firstBuf.Load(f, o.groupIn)
		for {
			if err := o.advance(o.states); err != nil {
				return false, err
			}
			ok, err := o.child.next()
			if err != nil {
				return false, err
			}
			if !ok {
				o.eof = true
				break
			}
			if !spill.SameKey(f, o.keys, o.firstBuf.Vals) {
				o.ahead.Load(f, o.inSlots)
				o.haveAhead = true
				break
			}
		}
		ok, err := o.emit(s, o.keyOf(s), o.states)
		closeStates(o.states)
		if ok || err != nil {
			return ok, err
		}
	}
}

// keyOf picks the set's columns of the group at hand.
func (o *aggOp) keyOf(s *aggSet) []types.Datum {
	o.first = o.first[:0]
	for _, c := range s.cols {
		o.first = append(o.first, o.firstBuf.Vals[c])
	}
	return o.first
}

func (o *aggOp) close() {
	o.child.close()
	o.discard()
}

package exec

import (
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/spill"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// cteState is a WITH query: its rows are computed as they are asked for and kept for all readers. A recursive one has a
// working table beside that.
type cteState struct {
	in     *instance
	cte    *plan.CTE
	op     operator
	slots  []int // where op puts its rows
	tape   spill.Tape
	deps   *deps
	gen    uint64
	opened bool
	eof    bool
	busy   bool // op is running: a reader below it would wait for itself

	work  *spill.Tape // rows of the last round
	round int         // slot that changes with each round

	version int // slot that changes when the rows are computed again
	count   int64
}

// cte returns the state of a CTE, which the WithNode completes.
func (b *builder) cte(c *plan.CTE) *cteState {
	s := b.ctes[c]
	if s == nil {
		s = &cteState{in: b.in, cte: c, round: b.in.F.Add(), version: b.in.F.Add()}
		b.ctes[c] = s
	}
	return s
}

// withOp owns CTEs.
type withOp struct {
	in    *instance
	ctes  []*cteState
	child operator
}

func (b *builder) with(x *plan.WithNode) (operator, error) {
	o := &withOp{in: b.in}
	for i, c := range x.CTEs {
		s := b.cte(c)
		if s.op != nil {
			return nil, pgerr.Internal("WITH query %q is planned twice", c.Name)
		}
		var err error
		// Its own inputs are opened once per computation; it is computed again when what it depends on changes.
		if s.op, err = b.node(x.Plans[i]); err != nil {
			return nil, err
		}
		s.slots = b.ColSlots(x.Plans[i].Cols())
		s.tape = spill.NewTape(&b.in.budget, &b.in.F, s.slots)
		s.deps = b.deps(x.Plans[i])
		o.ctes = append(o.ctes, s)
	}
	var err error
	o.child, err = b.node(x.In)
	return o, err
}

func (o *withOp) open() error {
	for _, s := range o.ctes {
		if s.deps.same() || s.gen == o.in.Gen && s.cte.Modifying {
			continue
		}
		s.reset()
		s.gen = o.in.Gen
		s.count++
		o.in.F.S[s.version] = tuple.Int(s.count)
		s.deps.keep()
	}
	return o.child.open()
}

func (s *cteState) reset() {
	s.tape.Reset()
	s.opened, s.eof, s.busy = false, false, false
	s.deps.drop()
}

func (o *withOp) next() (bool, error) {
	ok, err := o.child.next()
	if ok || err != nil {
		return ok, err
	}
	// Data-modifying queries run to their end, read or not (manual: 7.8.4).
	for _, s := range o.ctes {
		if s.cte.Modifying {
			if err := s.finish(); err != nil {
				return false, err
			}
		}
	}
	return false, nil
}

func (o *withOp) close() {
	o.child.close()
	for _, s := range o.ctes {
		s.op.close()
		s.reset()
		s.gen = 0
	}
}

// fetch computes one more row; false: there is none. What op put into its slots is left there.
func (s *cteState) fetch() (bool, error) {
	if s.eof {
		return false, nil
	}
	if s.busy {
		return false, pgerr.Internal("WITH query %q reads itself", s.cte.Name)
	}
	s.busy = true
	defer func() { s.busy = false }()
	if !s.opened {
		if err := s.op.open(); err != nil {
			return false, err
		}
		s.opened = true
	}
	ok, err := s.op.next()
	if err != nil {
		return false, err
	}
	if !ok {
		s.eof = true
		return false, nil
	}
	return true, s.tape.Add()
}

// finish computes all rows.
func (s *cteState) finish() error {
	for {
		if ok, err := s.fetch(); !ok || err != nil {
			return err
		}
	}
}

// cteScanOp reads a CTE.
type cteScanOp struct {
	in   *instance
	s    *cteState
	out  []int
	cond eval.Cond
	pos  int
	buf  []byte
}

func (b *builder) cteScan(x *plan.CTEScanNode) (operator, error) {
	o := &cteScanOp{in: b.in, s: b.cte(x.CTE), out: b.ColSlots(x.Out)}
	var err error
	o.cond, err = b.Conds(x.Filter)
	return o, err
}

func (o *cteScanOp) open() error {
	if o.s.op == nil {
		return pgerr.Internal("WITH query %q has no plan", o.s.cte.Name)
	}
	if len(o.out) > len(o.s.slots) {
		return pgerr.Internal("WITH query %q has %d columns, %d are read", o.s.cte.Name, len(o.s.slots), len(o.out))
	}
	o.pos = 0
	// A modifying query is finished before its rows are read, and so is one whose rows went to a file.
	if o.s.cte.Modifying {
		return o.s.finish()
	}
	return nil
}

func (o *cteScanOp) next() (bool, error) {
	for {
		if err := o.in.Tick(); err != nil {
			return false, err
		}
		if o.pos >= o.s.tape.Len() {
			ok, err := o.s.fetch()
			if !ok || err != nil {
				return false, err
			}
			if o.s.tape.Spilled() {
				if err := o.s.finish(); err != nil {
					return false, err
				}
			}
		}
		if err := o.s.tape.LoadCopy(o.pos, o.out, &o.buf); err != nil {
			return false, err
		}
		o.pos++
		if o.cond == nil {
			return true, nil
		}
		t, err := o.cond()
		if t == eval.True || err != nil {
			return err == nil, err
		}
	}
}

func (o *cteScanOp) close() {}

// recursiveOp computes a recursive query: the base, then the step over the rows of the round before, until a round gives
// nothing (manual: 7.8.2.1). UNION drops rows that were given before.
type recursiveOp struct {
	in         *instance
	s          *cteState
	base, step operator
	baseSlots  []int
	stepSlots  []int
	out        []int
	seen       spill.Table
	all        bool
	tapes      [2]spill.Tape
	cur        int // tape that the round at hand fills
	inStep     bool
	done       bool
	round      int64 // only grows: equal numbers are the same round
}

func (b *builder) recursiveUnion(x *plan.RecursiveUnionNode) (operator, error) {
	o := &recursiveOp{in: b.in, s: b.cte(x.CTE), all: x.All, baseSlots: b.ColSlots(x.Base.Cols()),
		stepSlots: b.ColSlots(x.Step.Cols()), out: b.ColSlots(x.Out)}
	var err error
	if o.base, err = b.node(x.Base); err != nil {
		return nil, err
	}
	if o.step, err = b.rescanned(x.Step); err != nil {
		return nil, err
	}
	if !x.All {
		ids := make([]plan.ColID, len(x.Out))
		for i, c := range x.Out {
			ids[i] = c.ID
		}
		keys, err := b.keyCols(ids, x.Out)
		if err != nil {
			return nil, err
		}
		o.seen = spill.NewTable(&b.in.F, keys)
	}
	for i := range o.tapes {
		o.tapes[i] = spill.NewTape(&b.in.budget, &b.in.F, o.out)
	}
	return o, nil
}

func (o *recursiveOp) open() error {
	o.seen.Reset()
	o.tapes[0].Reset()
	o.tapes[1].Reset()
	o.cur, o.inStep, o.done = 0, false, false
	o.s.work = nil
	return o.base.open()
}

func (o *recursiveOp) next() (bool, error) {
	f := &o.in.F
	for !o.done {
		op, from := o.base, o.baseSlots
		if o.inStep {
			op, from = o.step, o.stepSlots
		}
		ok, err := op.next()
		if err != nil {
			return false, err
		}
		if !ok {
			if o.tapes[o.cur].Len() == 0 {
				o.done = true
				return false, nil
			}
			// The rows of this round are the next one's working table.
			o.s.work = &o.tapes[o.cur]
			o.cur = 1 - o.cur
			o.tapes[o.cur].Reset()
			o.inStep = true
			o.round++
			f.S[o.s.round] = tuple.Int(o.round)
			if err := o.step.open(); err != nil {
				return false, err
			}
			continue
		}
		if err := o.in.Tick(); err != nil {
			return false, err
		}
		for i, s := range from {
			f.S[o.out[i]] = f.S[s]
		}
		if !o.all {
			if _, fresh := o.seen.FindOrAdd(); !fresh {
				continue
			}
		}
		return true, o.tapes[o.cur].Add()
	}
	return false, nil
}

func (o *recursiveOp) close() {
	o.base.close()
	o.step.close()
	o.seen.Reset()
	o.tapes[0].Reset()
	o.tapes[1].Reset()
	o.s.work = nil
	o.in.F.S[o.s.round] = types.Null
}

// workTableScanOp reads the rows of the round before.
type workTableScanOp struct {
	in   *instance
	s    *cteState
	out  []int
	cond eval.Cond
	pos  int
	buf  []byte
}

func (b *builder) workTableScan(x *plan.WorkTableScan) (operator, error) {
	o := &workTableScanOp{in: b.in, s: b.cte(x.CTE), out: b.ColSlots(x.Out)}
	var err error
	o.cond, err = b.Conds(x.Filter)
	return o, err
}

func (o *workTableScanOp) open() error {
	o.pos = 0
	if o.s.work == nil {
		return pgerr.Internal("working table outside of its recursive query")
	}
	return nil
}

func (o *workTableScanOp) next() (bool, error) {
	for o.pos < o.s.work.Len() {
		if err := o.s.work.LoadCopy(o.pos, o.out, &o.buf); err != nil {
			return false, err
		}
		o.pos++
		if o.cond == nil {
			return true, nil
		}
		t, err := o.cond()
		if t == eval.True || err != nil {
			return err == nil, err
		}
	}
	return false, nil
}

func (o *workTableScanOp) close() {}

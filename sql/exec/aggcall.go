package exec

import (
	"bytes"

	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/exec/spill"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// aggCall is one aggregate call site.
type aggCall struct {
	in     *instance
	agg    *builtin.Agg
	call   *builtin.Call
	strict bool
	filter eval.Cond
	args   []eval.Operand
	buf    []types.Datum
	direct []eval.Fn
	dBuf   []types.Datum
	star   bool // count(*): counted here

	// DISTINCT or ORDER BY: rows go through a sorter first.
	ordered  bool
	distinct int // leading sort columns that make a row distinct; 0: all rows
	cols     []spill.SortCol
	slots    []int // the arguments, then the order's expressions
	loads    []func() error
	nargs    int
}

// aggState is one group of one call.
type aggState interface {
	final() (types.Datum, error)
	size() int
}

// plainState feeds rows as they come.
type plainState struct{ builtin.AggState }

func (s plainState) final() (types.Datum, error) { return s.Final() }
func (s plainState) size() int                   { return s.Size() }

// countState is count(*).
type countState struct{ n int64 }

func (s *countState) final() (types.Datum, error) { return tuple.Int(s.n), nil }
func (s *countState) size() int                   { return 8 }

const countStarProc = 2803

func (b *builder) aggCall(x *plan.Aggref) (*aggCall, error) {
	c := &aggCall{in: b.in, nargs: len(x.Args)}
	var err error
	if x.Filter != nil {
		if c.filter, err = b.Cond(x.Filter); err != nil {
			return nil, err
		}
	}
	if x.Proc == countStarProc || x.Like == countStarProc {
		c.star = true
		return c, nil
	}
	proc := x.Proc
	if x.Like != 0 {
		proc = x.Like
	}
	if x.Steps != nil {
		c.agg, err = b.stepAgg(x.Steps)
	} else {
		c.agg, err = builtin.LookupAgg(proc)
	}
	if err != nil {
		return nil, err
	}
	c.strict = c.agg.Strict
	c.call = b.NewCall(proc, nil, x.T, x.InputColl)
	if c.call.ArgTypes = x.ArgTypes; x.ArgTypes == nil {
		for _, a := range x.Args {
			c.call.ArgTypes = append(c.call.ArgTypes, a.Type().OID)
		}
	}
	c.call.Variadic = x.Variadic
	for _, o := range x.OrderBy {
		c.call.Order = append(c.call.Order, builtin.SortKey{Desc: o.Desc, NullsFirst: o.NullsFirst})
	}
	if c.args, err = b.Exprs(x.Args); err != nil {
		return nil, err
	}
	c.buf = make([]types.Datum, len(c.args))
	if c.direct, err = b.Fns(x.Direct); err != nil {
		return nil, err
	}
	c.dBuf = make([]types.Datum, len(c.direct))
	if x.Distinct || len(x.OrderBy) > 0 {
		return c, b.orderedAgg(c, x)
	}
	return c, nil
}

// orderedAgg prepares the sorter: its rows are the arguments and the order's expressions. DISTINCT sorts by all
// arguments, those of the order first (which are among them: manual 4.2.7).
func (b *builder) orderedAgg(c *aggCall, x *plan.Aggref) error {
	c.ordered = true
	f := &b.in.F
	for i := range c.args {
		s := f.Add()
		c.slots = append(c.slots, s)
		c.loads = append(c.loads, c.args[i].Store(f, s))
	}
	sorted := map[int]bool{}
	for _, k := range x.OrderBy {
		kind, err := b.Kind(k.Expr.Type().OID)
		if err != nil {
			return err
		}
		slot := -1
		for i, a := range x.Args {
			if sameExpr(a, k.Expr) {
				slot = c.slots[i]
				sorted[i] = true
			}
		}
		if slot < 0 {
			if slot, err = b.extraSlot(c, k.Expr); err != nil {
				return err
			}
		}
		c.cols = append(c.cols, spill.SortCol{Slot: slot, Kind: kind, Desc: k.Desc, NullsFirst: k.NullsFirst})
	}
	if x.Distinct {
		for i, a := range x.Args {
			if sorted[i] {
				continue
			}
			kind, err := b.Kind(a.Type().OID)
			if err != nil {
				return err
			}
			c.cols = append(c.cols, spill.SortCol{Slot: c.slots[i], Kind: kind})
		}
		c.distinct = len(c.cols)
	}
	return nil
}

func (b *builder) extraSlot(c *aggCall, e plan.Expr) (int, error) {
	s := b.in.F.Add()
	load, err := b.Into(e, s)
	if err != nil {
		return 0, err
	}
	c.slots, c.loads = append(c.slots, s), append(c.loads, load)
	return s, nil
}

// sameExpr recognises what is plainly the same.
func sameExpr(a, b plan.Expr) bool {
	if a == b {
		return true
	}
	switch x := a.(type) {
	case *plan.ColRef:
		y, ok := b.(*plan.ColRef)
		return ok && x.Col == y.Col
	case *plan.Relabel:
		y, ok := b.(*plan.Relabel)
		return ok && x.T == y.T && sameExpr(x.Arg, y.Arg)
	case *plan.Const:
		y, ok := b.(*plan.Const)
		return ok && x.T == y.T && frame.Identical(x.Val, y.Val)
	case *plan.FuncCall:
		y, ok := b.(*plan.FuncCall)
		if !ok || x.Proc != y.Proc || len(x.Args) != len(y.Args) || volatileProcs()[x.Proc] {
			return false
		}
		for i := range x.Args {
			if !sameExpr(x.Args[i], y.Args[i]) {
				return false
			}
		}
		return true
	}
	return false
}

func (c *aggCall) newState() (aggState, error) {
	if c.star {
		return &countState{}, nil
	}
	for i, fn := range c.direct {
		v, err := fn()
		if err != nil {
			return nil, err
		}
		c.dBuf[i] = v.Clone()
	}
	st, err := c.agg.New(c.call, c.dBuf)
	if err != nil {
		return nil, err
	}
	if !c.ordered {
		return plainState{st}, nil
	}
	s := &orderedState{c: c, inner: st}
	s.sorter = spill.NewSorter(&c.in.budget, &c.in.F, c.cols, c.slots)
	return s, nil
}

// advance adds the row in the slots.
func (c *aggCall) advance(st aggState) error {
	if c.filter != nil {
		if t, err := c.filter(); t != eval.True || err != nil {
			return err
		}
	}
	if c.star {
		st.(*countState).n++
		return nil
	}
	if c.ordered {
		return st.(*orderedState).add()
	}
	ok, err := c.load()
	if !ok || err != nil {
		return err
	}
	return st.(plainState).Add(c.buf)
}

// load evaluates the arguments; false: a strict aggregate skips the row.
func (c *aggCall) load() (bool, error) {
	f := &c.in.F
	for i := range c.args {
		var v types.Datum
		if a := &c.args[i]; a.Fn == nil {
			v = f.S[a.Slot]
		} else {
			var err error
			if v, err = a.Fn(); err != nil {
				return false, err
			}
		}
		if c.strict && v.IsNull() {
			return false, nil
		}
		c.buf[i] = v
	}
	return true, nil
}

// orderedState sorts the rows of a group before it feeds them.
type orderedState struct {
	c      *aggCall
	inner  builtin.AggState
	sorter spill.Sorter
	done   bool
	key    []byte
}

func (s *orderedState) add() error {
	for _, load := range s.c.loads {
		if err := load(); err != nil {
			return err
		}
	}
	if s.c.strict {
		for _, slot := range s.c.slots[:s.c.nargs] {
			if s.c.in.F.S[slot].IsNull() {
				return nil
			}
		}
	}
	return s.sorter.Add()
}

func (s *orderedState) final() (types.Datum, error) {
	if s.done {
		return s.inner.Final()
	}
	s.done = true
	if err := s.sorter.Done(); err != nil {
		return types.Null, err
	}
	c, f := s.c, &s.c.in.F
	var key []byte
	first := true
	for {
		ok, err := s.sorter.Next()
		if err != nil {
			return types.Null, err
		}
		if !ok {
			break
		}
		if c.distinct > 0 {
			key = spill.AppendKey(key[:0], f, c.cols)
			if !first && bytes.Equal(key, s.key) {
				continue
			}
			s.key = append(s.key[:0], key...)
			first = false
		}
		for i := range c.buf {
			c.buf[i] = f.S[c.slots[i]]
		}
		if err := s.inner.Add(c.buf); err != nil {
			return types.Null, err
		}
	}
	s.sorter.Reset()
	return s.inner.Final()
}

func (s *orderedState) size() int {
	return s.inner.Size() + int(s.sorter.Mem())
}

// closeStates gives up the files of states.
func closeStates(states []aggState) {
	for _, st := range states {
		if s, ok := st.(*orderedState); ok {
			s.sorter.Reset()
		}
	}
}

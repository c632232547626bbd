package exec

import (
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// stepAgg is an aggregate of users: values go through slots to the calls of its functions.
type stepAgg struct {
	f            *frame.Frame
	state        int
	args, direct []int
	init         types.Datum
	strict       bool
	trans, final eval.Fn
}

func (b *builder) stepAgg(x *plan.AggSteps) (*builtin.Agg, error) {
	p := &stepAgg{f: &b.in.F, state: b.Slot(x.State), args: b.IDSlots(x.Args), direct: b.IDSlots(x.Direct), init: x.Init, strict: x.Strict}
	var err error
	if p.trans, err = b.Fn(x.Trans); err != nil {
		return nil, err
	}
	if p.final, err = b.Fn(x.Final); err != nil {
		return nil, err
	}
	return &builtin.Agg{Strict: x.Strict, New: func(_ *builtin.Call, direct []types.Datum) (builtin.AggState, error) {
		s := &stepState{p: p, val: p.init, begun: !p.strict || !p.init.IsNull()}
		for _, v := range direct {
			s.direct = append(s.direct, v.Clone())
		}
		return s, nil
	}}, nil
}

// stepState is one group of it. begun false: the first arguments' value becomes the state.
type stepState struct {
	p      *stepAgg
	val    types.Datum
	begun  bool
	direct []types.Datum
}

var _ builtin.AggState = (*stepState)(nil)

func (s *stepState) Add(args []types.Datum) error {
	p := s.p
	if !s.begun {
		s.begun = true
		if len(args) > 0 {
			s.val = args[0].Clone()
			return nil
		}
	}
	p.f.S[p.state] = s.val
	for i, slot := range p.args {
		p.f.S[slot] = args[i]
	}
	v, err := p.trans()
	if err == nil {
		s.val = v.Clone()
	}
	return err
}

func (s *stepState) Final() (types.Datum, error) {
	p := s.p
	p.f.S[p.state] = s.val
	for i, slot := range p.direct {
		p.f.S[slot] = s.direct[i]
	}
	return p.final()
}

func (s *stepState) Size() int {
	const state = 64
	if s.val.IsNull() || s.val.IsScalar() {
		return state
	}
	return state + s.val.Len()
}

package plan

import (
	"github.com/tarndb/tarn/sql/sampling"
	"github.com/tarndb/tarn/sql/types"
)

// Tarn's functions that TABLESAMPLE stands on (tarn_proc.tsv).
const (
	procSampleBernoulli types.OID = 9105
	procSampleSystem    types.OID = 9106
	procSampleSeed      types.OID = 9107
)

// Sample is TABLESAMPLE. Up to the scan it is a condition on where a row stands, which holds for the same rows wherever in a plan it is
// asked; the scan of the table takes it over.
type Sample struct {
	Method     sampling.Method
	Percent    Expr // real
	Repeatable Expr // double precision; nil: another sample in each scan
}

// Cond is the condition on the rows with the location loc.
func (s *Sample) Cond(loc Expr) Expr {
	seed := s.Repeatable
	if seed == nil {
		seed = &FuncCall{Proc: procSampleSeed, Name: "sample_seed", T: Type{OID: types.Float8, Mod: -1}}
	}
	proc := procSampleBernoulli
	if s.Method == sampling.System {
		proc = procSampleSystem
	}
	return &FuncCall{Proc: proc, Name: "sample_" + s.Method.String(), T: Type{OID: types.Bool, Mod: -1}, Args: []Expr{loc, s.Percent, seed}}
}

// SampleOf is the reverse of Cond; nil: e is another condition.
func SampleOf(e Expr) (s *Sample, loc ColID) {
	c, ok := e.(*FuncCall)
	if !ok {
		return nil, 0
	}
	s = &Sample{}
	switch c.Proc {
	case procSampleBernoulli:
		s.Method = sampling.Bernoulli
	case procSampleSystem:
		s.Method = sampling.System
	default:
		return nil, 0
	}
	r, ok := c.Args[0].(*ColRef)
	if !ok {
		return nil, 0
	}
	s.Percent, s.Repeatable = c.Args[1], c.Args[2]
	if seed, ok := s.Repeatable.(*FuncCall); ok && seed.Proc == procSampleSeed {
		s.Repeatable = nil
	}
	return s, r.Col
}

package exec

import (
	"math/rand/v2"

	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/sampling"
	"github.com/tarndb/tarn/storage/tuple"
)

// sampleScan is the TABLESAMPLE of a scan: each time the scan begins its arguments are computed anew.
type sampleScan struct {
	sampling.Sampler
	method     sampling.Method
	percent    eval.Fn
	repeatable eval.Fn // nil: a seed by chance
}

func (b *builder) sampleScan(x *plan.Sample) (*sampleScan, error) {
	s := &sampleScan{method: x.Method}
	var err error
	if s.percent, err = b.Fn(x.Percent); err != nil {
		return nil, err
	}
	s.repeatable, err = b.Fn(x.Repeatable)
	return s, err
}

func (s *sampleScan) begin() error {
	percent, err := s.percent()
	if err != nil {
		return err
	}
	seed := tuple.Float(rand.Float64())
	if s.repeatable != nil {
		if seed, err = s.repeatable(); err != nil {
			return err
		}
	}
	s.Sampler, err = sampling.New(s.method, percent, seed)
	return err
}

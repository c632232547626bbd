package vector

import (
	"math"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/vector"
	"github.com/tarndb/tarn/storage/tuple"
)

// sums is the state of avg: how many vectors and their sum, element by element.
type sums struct {
	t *vector.Dense
	n float64
	x []float64
}

func (s *sums) Add(a []types.Datum) error { return s.add(vector.Of(a[0])) }

func (s *sums) add(v vector.View) error {
	if s.x == nil {
		s.x = make([]float64, v.Len())
	} else if err := vector.CheckMod(v.Len(), int32(len(s.x))); err != nil {
		return err
	}
	s.n++
	for i := range s.x {
		if s.x[i] += float64(v.At(i)); math.IsInf(s.x[i], 0) {
			return errOverflow()
		}
	}
	return nil
}

func (s *sums) Final() (types.Datum, error) {
	if s.n == 0 {
		return types.Null, nil
	}
	if err := s.t.CheckDim(len(s.x)); err != nil {
		return types.Null, err
	}
	out := make([]float32, len(s.x))
	for i, f := range s.x {
		out[i] = float32(f / s.n)
	}
	return s.t.Make(out, -1, format)
}

func (s *sums) Size() int { return call.SmallState + 8*len(s.x) }

// total is the state of sum: the vector so far.
type total struct {
	add call.Fn
	sum types.Datum
}

func (s *total) Add(a []types.Datum) error {
	if s.sum.IsNull() {
		s.sum = a[0].Clone()
		return nil
	}
	sum, err := s.add(nil, []types.Datum{s.sum, a[0]})
	s.sum = sum
	return err
}

func (s *total) Final() (types.Datum, error) { return s.sum, nil }

func (s *total) Size() int { return call.SmallState + s.sum.Len() }

// denseOf is the dense type that an aggregate's row is of.
func denseOf(p *pgdata.Proc) *vector.Dense {
	for _, t := range pgdata.Types() {
		if t.OID == p.ArgTypes[0] && t.Name == vector.Half.Name {
			return vector.Half
		}
	}
	return vector.Full
}

func aggregates() call.AggByName {
	return call.AggByName{
		"avg": func(p *pgdata.Proc) *call.Agg {
			t := denseOf(p)
			return &call.Agg{Strict: true, New: func(*call.Call, []types.Datum) (call.AggState, error) { return &sums{t: t}, nil }}
		},
		"sum": func(p *pgdata.Proc) *call.Agg {
			add := arithmetic(denseOf(p), false, func(x, y float32) float32 { return x + y })
			return &call.Agg{Strict: true, New: func(*call.Call, []types.Datum) (call.AggState, error) {
				return &total{add: add, sum: types.Null}, nil
			}}
		},
	}
}

// The functions of avg's state as SQL sees it: an array of the number of vectors and the sums.

func state(d types.Datum, caller string) (*sums, error) {
	a := tuple.Array(d.Bytes())
	if a.NumDims() != 1 || a.HasNulls() || a.ElemKind() != tuple.KindFloat64 {
		return nil, pgerr.Internal("%s: expected state array", caller)
	}
	s := &sums{n: a.Elem(0).Float()}
	for i := 1; i < a.Len(); i++ {
		s.x = append(s.x, a.Elem(i).Float())
	}
	return s, nil
}

func (s *sums) array() types.Datum {
	vals := []types.Datum{tuple.Float(s.n)}
	for _, f := range s.x {
		vals = append(vals, tuple.Float(f))
	}
	return types.MakeArray(types.Lookup(types.Float8), vals)
}

func accumulate(t *vector.Dense) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		s, err := state(a[0], t.Name+"_accum")
		if err == nil {
			err = s.add(vector.Of(a[1]))
		}
		if err != nil {
			return types.Null, err
		}
		return s.array(), nil
	}
}

func average(t *vector.Dense) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		s, err := state(a[0], t.Name+"_avg")
		if err != nil {
			return types.Null, err
		}
		s.t = t
		return s.Final()
	}
}

func combine(_ *call.Call, a []types.Datum) (types.Datum, error) {
	s, err := state(a[0], "vector_combine")
	if err != nil {
		return types.Null, err
	}
	other, err := state(a[1], "vector_combine")
	if err != nil {
		return types.Null, err
	}
	s.n += other.n
	switch {
	case s.x == nil:
		s.x = other.x
	case other.x != nil:
		if err := vector.CheckMod(len(other.x), int32(len(s.x))); err != nil {
			return types.Null, err
		}
		for i, f := range other.x {
			if s.x[i] += f; math.IsInf(s.x[i], 0) {
				return types.Null, errOverflow()
			}
		}
	}
	if s.x != nil {
		if err := vector.Full.CheckDim(len(s.x)); err != nil {
			return types.Null, err
		}
	}
	return s.array(), nil
}

// Family is what this package implements.
func Family() call.Family {
	return call.Family{Fns: call.Union(
		distances(vector.Full, "", "vector_"), distances(vector.Half, "halfvec_", "halfvec_"), sparseFns(), conversions(),
		call.Fns{
			"vector_dims": dims, "halfvec_vector_dims": dims, "vector_norm": norm, "halfvec_l2_norm": norm,
			"vector_combine":   combine,
			"hamming_distance": bitDistance(hamming), "jaccard_distance": bitDistance(jaccard),
		}), Aggs: aggregates()}
}

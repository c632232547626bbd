package ranges

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/span"
)

// gatherState is range_agg: the union of all ranges as a multirange.
type gatherState struct {
	of     operand
	space  span.Space
	rng    types.OID
	ranges []span.Range
	any    bool
	size   int
}

func (s *gatherState) Add(a []types.Datum) error {
	if a[0].IsNull() {
		return nil
	}
	s.any = true
	s.size += a[0].Len()
	s.ranges = append(s.ranges, s.of(a[0].Clone())...)
	return nil
}

func (s *gatherState) Size() int { return call.SmallState + rangeSize*cap(s.ranges) + s.size }

const rangeSize = 80 // of a span.Range

func (s *gatherState) Final() (types.Datum, error) {
	if !s.any {
		return types.Null, nil
	}
	s.ranges = s.space.MakeMulti(s.ranges)
	return s.space.PackMulti(s.rng, s.ranges), nil
}

// commonState is range_intersect_agg: what all values share.
type commonState struct {
	multi bool
	space span.Space
	rng   types.OID
	has   bool
	acc   span.Multi
	size  int
}

func (s *commonState) Add(a []types.Datum) error {
	of := operand(oneRange)
	if s.multi {
		of = span.MultiOf
	}
	v := of(a[0].Clone())
	if s.has {
		v = s.space.IntersectMulti(s.acc, v)
	}
	s.acc, s.has = v, true
	s.size = max(s.size, a[0].Len())
	return nil
}

func (s *commonState) Size() int { return call.SmallState + rangeSize*len(s.acc) + s.size }

func (s *commonState) Final() (types.Datum, error) {
	switch {
	case !s.has:
		return types.Null, nil
	case s.multi:
		return s.space.PackMulti(s.rng, s.acc), nil
	}
	return s.space.Pack(s.acc.Hull()), nil
}

// argType is the range or multirange type that the aggregate is over, its space, and its range type.
func argType(c *call.Call) (s span.Space, rng types.OID, err error) {
	t := c.Env.Type(c.ArgTypes[0])
	if t == nil {
		return s, 0, call.TypeNotFound(c.ArgTypes[0])
	}
	rng = t.OID
	if t.TypType == types.TypeMultirange {
		rng = t.Range
	}
	s, err = t.Space(c.Env)
	return s, rng, err
}

func aggs() call.AggByName {
	multi := func(p *pgdata.Proc) bool { return p.ArgTypes[0] == types.AnyMultirange }
	return call.AggByName{
		"range_agg": func(p *pgdata.Proc) *call.Agg {
			of := operand(oneRange)
			if multi(p) {
				of = span.MultiOf
			}
			return &call.Agg{New: func(c *call.Call, _ []types.Datum) (call.AggState, error) {
				s, rng, err := argType(c)
				return &gatherState{of: of, space: s, rng: rng}, err
			}}
		},
		"range_intersect_agg": func(p *pgdata.Proc) *call.Agg {
			return &call.Agg{Strict: true, New: func(c *call.Call, _ []types.Datum) (call.AggState, error) {
				s, rng, err := argType(c)
				return &commonState{multi: multi(p), space: s, rng: rng}, err
			}}
		},
	}
}

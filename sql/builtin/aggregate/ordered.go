package aggregate

import (
	"math"

	"github.com/tarndb/tarn/sql/builtin/array"
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/collation"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/storage/tuple"
)

// Ordered-set and hypothetical-set aggregates (manual: tables 9.61 and 9.62). Call.ArgTypes lists the direct arguments
// first; the caller sorts.

// sortedState keeps the sorted values of an ordered-set aggregate.
type sortedState struct {
	c      *call.Call
	direct []types.Datum
	vals   []types.Datum
	size   int
	finish func(s *sortedState) (types.Datum, error)
}

func (s *sortedState) Add(a []types.Datum) error {
	s.vals = append(s.vals, a[0].Clone())
	if !a[0].IsScalar() {
		s.size += a[0].Len()
	}
	return nil
}

func (s *sortedState) Size() int                   { return call.SmallState + 16*cap(s.vals) + s.size }
func (s *sortedState) Final() (types.Datum, error) { return s.finish(s) }

func checkFraction(f float64) error {
	if !(f >= 0 && f <= 1) {
		return pgerr.New(pgerr.NumericValueOutOfRange, "percentile value %s is not between 0 and 1", types.AppendFloat(nil, f, 64, -10))
	}
	return nil
}

// discrete is the first value at or after the fraction of the rows.
func discrete(s *sortedState, fraction float64) (types.Datum, error) {
	n := int(math.Ceil(fraction * float64(len(s.vals))))
	return s.vals[max(n, 1)-1], nil
}

// continuous interpolates between the two values around the fraction.
func continuous(s *sortedState, fraction float64) (types.Datum, error) {
	at := fraction * float64(len(s.vals)-1)
	lo, hi := s.vals[int(math.Floor(at))], s.vals[int(math.Ceil(at))]
	share := at - math.Floor(at)
	if math.Floor(at) == math.Ceil(at) {
		return lo, nil
	}
	if s.c.ArgTypes[len(s.direct)] == types.Interval {
		x, y := temporal.IntervalOf(lo), temporal.IntervalOf(hi)
		d, err := temporal.IntervalSub(y, x)
		if err != nil {
			return types.Null, err
		}
		if d, err = temporal.IntervalMul(d, share); err != nil {
			return types.Null, err
		}
		return call.IntervalOrErr(temporal.IntervalAdd(x, d))
	}
	x, y := lo.Float(), hi.Float()
	return tuple.Float(x + float64(share*(y-x))), nil
}

// percentile makes the aggregate for one fraction and for an array of them.
func percentile(pick func(*sortedState, float64) (types.Datum, error)) func(*pgdata.Proc) *call.Agg {
	one := func(s *sortedState) (types.Datum, error) {
		if s.direct[0].IsNull() {
			return types.Null, nil
		}
		f := s.direct[0].Float()
		if err := checkFraction(f); err != nil || len(s.vals) == 0 {
			return types.Null, err
		}
		return pick(s, f)
	}
	many := func(s *sortedState) (types.Datum, error) {
		if s.direct[0].IsNull() || len(s.vals) == 0 {
			return types.Null, nil
		}
		fractions := array.Arr(s.direct[0])
		out := make([]types.Datum, fractions.Len())
		for i := range out {
			out[i] = types.Null
			v := fractions.Elem(i)
			if v.IsNull() {
				continue
			}
			if err := checkFraction(v.Float()); err != nil {
				return types.Null, err
			}
			var err error
			if out[i], err = pick(s, v.Float()); err != nil {
				return types.Null, err
			}
		}
		elem := s.c.Env.Type(s.c.ArgTypes[len(s.direct)])
		if elem == nil {
			return types.Null, call.TypeNotFound(s.c.ArgTypes[len(s.direct)])
		}
		return types.MakeArrayDims(elem, fractions.Dims(nil), out), nil
	}
	return func(p *pgdata.Proc) *call.Agg {
		if p.ArgTypes[0] == types.Float8Array {
			return sortedAgg(many)
		}
		return sortedAgg(one)
	}
}

func sortedAgg(finish func(*sortedState) (types.Datum, error)) *call.Agg {
	return &call.Agg{Strict: true, New: func(c *call.Call, direct []types.Datum) (call.AggState, error) {
		own := make([]types.Datum, len(direct))
		for i, d := range direct {
			own[i] = d.Clone()
		}
		return &sortedState{c: c, direct: own, finish: finish}, nil
	}}
}

// modeState counts runs of equal values; of equally frequent ones the first stays.
type modeState struct {
	kind       tuple.Kind
	coll       *collation.Collator
	cur, best  types.Datum
	run, count int64
}

func (s *modeState) Add(a []types.Datum) error {
	if s.run > 0 && types.EqualOrdered(s.coll, s.kind, s.cur, a[0]) {
		s.run++
	} else {
		s.cur, s.run = a[0].Clone(), 1
	}
	if s.run > s.count {
		s.best, s.count = s.cur, s.run
	}
	return nil
}

func (s *modeState) Size() int { return 2 * call.SmallState }
func (s *modeState) Final() (types.Datum, error) {
	if s.count == 0 {
		return types.Null, nil
	}
	return s.best, nil
}

// rankOfRow counts the rows before a hypothetical one in the caller's order, which Call.Order describes.
type rankOfRow struct {
	env    *types.Env
	kinds  []tuple.Kind
	order  []call.SortKey
	row    []types.Datum
	prev   []types.Datum
	before int64 // rows that sort before the hypothetical one
	groups int64 // of them, distinct ones
	equal  int64
	n      int64
	finish func(s *rankOfRow) types.Datum
}

// compare orders two rows.
func (s *rankOfRow) compare(a, b []types.Datum) int {
	for i, k := range s.kinds {
		o := s.order[i]
		x, y := a[i], b[i]
		switch {
		case x.IsNull() && y.IsNull():
			continue
		case x.IsNull():
			if o.NullsFirst {
				return -1
			}
			return 1
		case y.IsNull():
			if o.NullsFirst {
				return 1
			}
			return -1
		}
		if c := types.CompareOrdered(s.env.Order(o.Coll), k, x, y); c != 0 {
			if o.Desc {
				return -c
			}
			return c
		}
	}
	return 0
}

func (s *rankOfRow) Add(a []types.Datum) error {
	s.n++
	switch c := s.compare(a, s.row); {
	case c == 0:
		s.equal++
	case c < 0:
		s.before++
		if s.prev == nil || s.compare(a, s.prev) != 0 {
			s.groups++
			s.prev = s.prev[:0]
			for _, v := range a {
				s.prev = append(s.prev, v.Clone())
			}
		}
	}
	return nil
}

func (s *rankOfRow) Size() int                   { return 3 * call.SmallState }
func (s *rankOfRow) Final() (types.Datum, error) { return s.finish(s), nil }

func hypothetical(finish func(s *rankOfRow) types.Datum) func(*pgdata.Proc) *call.Agg {
	return call.AnyVariant(&call.Agg{New: func(c *call.Call, direct []types.Datum) (call.AggState, error) {
		s := &rankOfRow{env: c.Env, finish: finish, order: c.Order}
		if len(c.ArgTypes) != 2*len(direct) {
			return nil, pgerr.Internal("hypothetical-set aggregate with %d direct and %d other arguments", len(direct), len(c.ArgTypes)-len(direct))
		}
		for i, d := range direct {
			t := c.Env.Type(c.ArgTypes[len(direct)+i])
			if t == nil {
				return nil, call.TypeNotFound(c.ArgTypes[len(direct)+i])
			}
			s.kinds = append(s.kinds, t.Kind)
			s.row = append(s.row, d.Clone())
			if i >= len(c.Order) {
				s.order = append(s.order[:i:i], call.SortKey{})
			}
		}
		return s, nil
	}})
}

func orderedAggs() call.AggByName {
	return call.AggByName{
		"percentile_disc": percentile(discrete), "percentile_cont": percentile(continuous),
		"mode": call.AnyVariant(&call.Agg{Strict: true, New: func(c *call.Call, direct []types.Datum) (call.AggState, error) {
			t := c.Env.Type(c.ArgTypes[len(direct)])
			if t == nil {
				return nil, call.TypeNotFound(c.ArgTypes[len(direct)])
			}
			return &modeState{kind: t.Kind, coll: c.Env.Equality(c.Coll)}, nil
		}}),
		"rank":       hypothetical(func(s *rankOfRow) types.Datum { return tuple.Int(s.before + 1) }),
		"dense_rank": hypothetical(func(s *rankOfRow) types.Datum { return tuple.Int(s.groups + 1) }),
		"percent_rank": hypothetical(func(s *rankOfRow) types.Datum {
			if s.n == 0 {
				return tuple.Float(0)
			}
			return tuple.Float(float64(s.before) / float64(s.n))
		}),
		"cume_dist": hypothetical(func(s *rankOfRow) types.Datum {
			return tuple.Float(float64(s.before+s.equal+1) / float64(s.n+1))
		}),
	}
}

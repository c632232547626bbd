package aggregate

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/number"
	"github.com/tarndb/tarn/sql/builtin/text"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/collation"
	"github.com/tarndb/tarn/storage/tuple"
)

// strictAgg is an aggregate without call-site state that skips NULLs.
func strictAgg(fresh func() call.AggState) *call.Agg {
	return &call.Agg{Strict: true, New: func(*call.Call, []types.Datum) (call.AggState, error) { return fresh(), nil }}
}

type countState struct{ n int64 }

func (s *countState) Add([]types.Datum) error            { s.n++; return nil }
func (s *countState) Remove([]types.Datum) (bool, error) { s.n--; return true, nil }
func (s *countState) Final() (types.Datum, error)        { return tuple.Int(s.n), nil }
func (s *countState) Size() int                          { return 16 }

// extremeState is min and max. wins reports whether a new value replaces the old one, given its comparison with it.
type extremeState struct {
	kind tuple.Kind
	coll *collation.Collator
	wins func(cmp int) bool
	has  bool
	v    types.Datum
	buf  []byte
}

func (s *extremeState) Add(a []types.Datum) error {
	if s.has && !s.wins(types.CompareOrdered(s.coll, s.kind, a[0], s.v)) {
		return nil
	}
	s.has = true
	if a[0].IsScalar() {
		s.v = a[0]
		return nil
	}
	s.buf = append(s.buf[:0], a[0].Bytes()...)
	s.v = tuple.Bytes(s.buf)
	return nil
}

func (s *extremeState) Final() (types.Datum, error) {
	if !s.has {
		return types.Null, nil
	}
	return s.v, nil
}

func (s *extremeState) Size() int { return call.SmallState + cap(s.buf) }

// Extreme is min or max of one pg_proc row.
func Extreme(p *pgdata.Proc) *call.Agg {
	wantMax := p.Name == "max"
	fixed := types.Lookup(p.ArgTypes[0])
	if fixed != nil && fixed.TypType != types.TypePseudo && fixed.Kind == tuple.KindInvalid {
		return nil
	}
	return &call.Agg{Strict: true, New: func(c *call.Call, _ []types.Datum) (call.AggState, error) {
		s := &extremeState{}
		t := fixed
		if len(c.ArgTypes) > 0 {
			if at := c.Env.Type(c.ArgTypes[0]); at != nil {
				t = at
			}
		}
		s.kind, s.coll = t.Kind, c.Env.Order(c.Coll)
		// Of equal values the later one stays, except for bpchar.
		keepEqual := p.ArgTypes[0] == types.BPChar
		switch {
		case wantMax && keepEqual:
			s.wins = func(cmp int) bool { return cmp > 0 }
		case wantMax:
			s.wins = func(cmp int) bool { return cmp >= 0 }
		case keepEqual:
			s.wins = func(cmp int) bool { return cmp < 0 }
		default:
			s.wins = func(cmp int) bool { return cmp <= 0 }
		}
		return s, nil
	}}
}

// boolState is bool_and (want true: NULL for no rows, false for any false) and bool_or.
type boolState struct {
	or     bool
	yes, n int64
}

func (s *boolState) Add(a []types.Datum) error {
	s.n++
	if a[0].Bool() {
		s.yes++
	}
	return nil
}

func (s *boolState) Remove(a []types.Datum) (bool, error) {
	s.n--
	if a[0].Bool() {
		s.yes--
	}
	return true, nil
}

func (s *boolState) Final() (types.Datum, error) {
	switch {
	case s.n == 0:
		return types.Null, nil
	case s.or:
		return tuple.Bool(s.yes > 0), nil
	}
	return tuple.Bool(s.yes == s.n), nil
}

func (s *boolState) Size() int { return 24 }

// foldState combines values with a strict function of two arguments; the first one is taken as it is.
type foldState struct {
	fold call.Fn
	has  bool
	acc  [2]types.Datum
}

func (s *foldState) Add(a []types.Datum) error {
	if !s.has {
		s.acc[0], s.has = a[0].Clone(), true
		return nil
	}
	s.acc[1] = a[0]
	v, err := s.fold(nil, s.acc[:])
	if err != nil {
		return err
	}
	s.acc[0] = v
	return nil
}

func (s *foldState) Final() (types.Datum, error) {
	if !s.has {
		return types.Null, nil
	}
	return s.acc[0], nil
}

func (s *foldState) Size() int { return call.SmallState }

func folding(f call.Fn) *call.Agg {
	return strictAgg(func() call.AggState { return &foldState{fold: f} })
}

func basicAggs() call.AggByName {
	bitwise := func(ints, bits call.Fn) func(*pgdata.Proc) *call.Agg {
		return func(p *pgdata.Proc) *call.Agg {
			if p.ArgTypes[0] == types.Bit {
				return folding(bits)
			}
			return folding(ints)
		}
	}
	and := strictAgg(func() call.AggState { return &boolState{} })
	return call.AggByName{
		"count":    call.AnyVariant(strictAgg(func() call.AggState { return &countState{} })),
		"min":      Extreme,
		"max":      Extreme,
		"bool_and": call.AnyVariant(and),
		"every":    call.AnyVariant(and),
		"bool_or":  call.AnyVariant(strictAgg(func() call.AggState { return &boolState{or: true} })),
		"bit_and":  bitwise(number.IntAnd, text.BitAnd),
		"bit_or":   bitwise(number.IntOr, text.BitOr),
		"bit_xor":  bitwise(number.IntXor, text.BitXor),
	}
}

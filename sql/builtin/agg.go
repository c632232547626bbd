package builtin

import (
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// aggByName makes the aggregate of one pg_proc row; nil where that variant is not built.
type aggByName = map[string]func(p *pgdata.Proc) *Agg

func aggregateTable() map[types.OID]*Agg {
	makers := aggByName{}
	for _, family := range []aggByName{basicAggs(), sumAggs(), statAggs(), collectAggs(), jsonAggs(), orderedAggs()} {
		for name, f := range family {
			makers[name] = f
		}
	}
	out := map[types.OID]*Agg{}
	procs := pgdata.Procs()
	for i := range procs {
		p := &procs[i]
		if p.Kind != 'a' {
			continue
		}
		if f := makers[p.Name]; f != nil {
			if a := f(p); a != nil {
				out[p.OID] = a
			}
		}
	}
	return out
}

// strictAgg is an aggregate without call-site state that skips NULLs.
func strictAgg(fresh func() AggState) *Agg {
	return &Agg{Strict: true, New: func(*Call, []datum) (AggState, error) { return fresh(), nil }}
}

// anyVariant serves every pg_proc row of a name alike.
func anyVariant(a *Agg) func(*pgdata.Proc) *Agg { return func(*pgdata.Proc) *Agg { return a } }

const smallState = 64 // about the size of a state without bytes

type countState struct{ n int64 }

func (s *countState) Add([]datum) error            { s.n++; return nil }
func (s *countState) Remove([]datum) (bool, error) { s.n--; return true, nil }
func (s *countState) Final() (datum, error)        { return tuple.Int(s.n), nil }
func (s *countState) Size() int                    { return 16 }

// extremeState is min and max. wins reports whether a new value replaces the old one, given its comparison with it.
type extremeState struct {
	kind tuple.Kind
	wins func(cmp int) bool
	has  bool
	v    datum
	buf  []byte
}

func (s *extremeState) Add(a []datum) error {
	if s.has && !s.wins(types.CompareKind(s.kind, a[0], s.v)) {
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

func (s *extremeState) Final() (datum, error) {
	if !s.has {
		return null, nil
	}
	return s.v, nil
}

func (s *extremeState) Size() int { return smallState + cap(s.buf) }

func extreme(p *pgdata.Proc) *Agg {
	wantMax := p.Name == "max"
	fixed := types.Lookup(p.ArgTypes[0])
	if fixed != nil && fixed.TypType != types.TypePseudo && fixed.Kind == tuple.KindInvalid {
		return nil
	}
	return &Agg{Strict: true, New: func(c *Call, _ []datum) (AggState, error) {
		s := &extremeState{}
		t := fixed
		if len(c.ArgTypes) > 0 {
			if at := c.Env.Type(c.ArgTypes[0]); at != nil {
				t = at
			}
		}
		s.kind = t.Kind
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

func (s *boolState) Add(a []datum) error {
	s.n++
	if a[0].Bool() {
		s.yes++
	}
	return nil
}

func (s *boolState) Remove(a []datum) (bool, error) {
	s.n--
	if a[0].Bool() {
		s.yes--
	}
	return true, nil
}

func (s *boolState) Final() (datum, error) {
	switch {
	case s.n == 0:
		return null, nil
	case s.or:
		return tuple.Bool(s.yes > 0), nil
	}
	return tuple.Bool(s.yes == s.n), nil
}

func (s *boolState) Size() int { return 24 }

// foldState combines values with a strict function of two arguments; the first one is taken as it is.
type foldState struct {
	fold Fn
	has  bool
	acc  [2]datum
}

func (s *foldState) Add(a []datum) error {
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

func (s *foldState) Final() (datum, error) {
	if !s.has {
		return null, nil
	}
	return s.acc[0], nil
}

func (s *foldState) Size() int { return smallState }

func folding(f Fn) *Agg { return strictAgg(func() AggState { return &foldState{fold: f} }) }

func basicAggs() aggByName {
	bitwise := func(ints, bits Fn) func(*pgdata.Proc) *Agg {
		return func(p *pgdata.Proc) *Agg {
			if p.ArgTypes[0] == types.Bit {
				return folding(bits)
			}
			return folding(ints)
		}
	}
	and := strictAgg(func() AggState { return &boolState{} })
	return aggByName{
		"count":    anyVariant(strictAgg(func() AggState { return &countState{} })),
		"min":      extreme,
		"max":      extreme,
		"bool_and": anyVariant(and),
		"every":    anyVariant(and),
		"bool_or":  anyVariant(strictAgg(func() AggState { return &boolState{or: true} })),
		"bit_and":  bitwise(intAnd, bitAnd),
		"bit_or":   bitwise(intOr, bitOr),
		"bit_xor":  bitwise(intXor, bitXor),
	}
}

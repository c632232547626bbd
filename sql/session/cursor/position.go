package cursor

import (
	"context"

	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// Store keeps rows. A row that it gives stays as it is.
type Store interface {
	Add(row []types.Datum) error
	Len() int
	Row(i int) ([]types.Datum, error)
	Close()
}

// Kept is a result that is there as a whole, given row by row: RETURNING read in pieces.
type Kept struct {
	Store Store
	pos   int
}

// Add keeps a copy of a row.
func (k *Kept) Add(row []types.Datum) error { return k.Store.Add(row) }

func (k *Kept) Next() ([]types.Datum, bool, error) {
	if k.pos >= k.Store.Len() {
		return nil, false, nil
	}
	k.pos++
	row, err := k.Store.Row(k.pos - 1)
	return row, err == nil, err
}

func (k *Kept) Close() error {
	k.Store.Close()
	k.pos = 0
	return nil
}

func clone(row []types.Datum) []types.Datum {
	c := make([]types.Datum, len(row))
	for i, d := range row {
		c[i] = d.Clone()
	}
	return c
}

// Source gives rows, one after the other; they are valid until the next one.
type Source interface {
	Next() ([]types.Datum, bool, error)
	Close() error
}

// Position is where a cursor stands in its result: row pos counts from 1, 0 is before the first, seen+1 after the last once
// src is at its end. A cursor that scrolls keeps the rows that it has seen.
type Position struct {
	src  Source // nil: read to the end
	pos  int
	seen int
	keep bool
	// dropped rows at the front are no longer kept: of a cursor that became holdable without being able to go back.
	dropped int
	rows    Store
	bytes   int64
	limit   int64 // of bytes; beyond it the cursor forgets its rows and cannot go back any more. 0: none
	current []types.Datum
	ctx     context.Context // of the FETCH under way
}

// New is the place before the first row of src, whose rows store takes where they are kept; scroll keeps them, to go back to them, in
// up to limit bytes (0: in as many as there are): beyond, the cursor cannot go back any more.
func New(src Source, store Store, scroll bool, limit int64) *Position {
	return &Position{src: src, rows: store, keep: scroll, limit: limit}
}

// After is the place after n rows of a result that src goes on with. It moves forward only.
func After(src Source, store Store, n int64) *Position {
	return &Position{src: src, rows: store, pos: int(n), seen: int(n)}
}

// Current is the row that the cursor stands on; nil before the first and after the last one.
func (p *Position) Current() []types.Datum { return p.current }

func errBackward() error {
	return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "cursor can only scan forward").
		WithHint("Declare it with SCROLL option to enable backward scan.")
}

// Close ends the reading.
func (p *Position) Close() {
	if p.src != nil {
		p.src.Close()
		p.src = nil
	}
	p.rows.Close()
	p.current = nil
}

// read takes the next row from the source and keeps it where it must be kept. The row is the source's, valid until the next one; ok is
// false at the end.
func (p *Position) read(keep bool) (row []types.Datum, ok bool, err error) {
	if p.src == nil {
		return nil, false, nil
	}
	if p.seen&255 == 255 && p.ctx != nil {
		if err := context.Cause(p.ctx); err != nil {
			return nil, false, err
		}
	}
	if row, ok, err = p.src.Next(); err != nil {
		return nil, false, err
	}
	if !ok {
		err := p.src.Close()
		p.src = nil
		return nil, false, err
	}
	p.seen++
	if !keep {
		p.dropped = p.seen
		return row, true, nil
	}
	if err := p.rows.Add(row); err != nil {
		return nil, false, err
	}
	if p.limit > 0 {
		for _, d := range row {
			if p.bytes += 16; !d.IsScalar() {
				p.bytes += int64(d.Len())
			}
		}
		if p.bytes > p.limit {
			p.rows.Close()
			p.keep, p.dropped = false, p.seen
		}
	}
	return row, true, nil
}

// Drain reads and keeps the rest, whatever it takes, as WITH HOLD asks at the end of the transaction. It does nothing at the end.
func (p *Position) Drain() error {
	if p.src == nil {
		return nil
	}
	p.limit = 0
	for p.src != nil {
		if _, _, err := p.read(true); err != nil {
			return err
		}
	}
	return nil
}

// forward moves one row on; nil after the last.
func (p *Position) forward() ([]types.Datum, error) {
	var row []types.Datum
	var err error
	switch {
	case p.pos < p.seen:
		if row, err = p.rows.Row(p.pos - p.dropped); err != nil {
			return nil, err
		}
	default:
		next, ok, err := p.read(p.keep)
		if err != nil {
			return nil, err
		}
		if ok {
			row = clone(next)
		}
	}
	p.current = row
	if row != nil || p.pos == p.seen {
		p.pos++
	}
	return row, nil
}

// backward moves one row back; nil before the first.
func (p *Position) backward() ([]types.Datum, error) {
	if !p.keep {
		return nil, errBackward()
	}
	p.current = nil
	if p.pos <= 1 {
		p.pos = 0
		return nil, nil
	}
	p.pos--
	row, err := p.rows.Row(p.pos - 1)
	p.current = row
	return row, err
}

// All is FETCH ALL.
const All = int64(^uint64(0) >> 1)

// Forward sends up to n rows that follow, and says how many.
func (p *Position) Forward(n int64, send func([]types.Datum) error) (int64, error) {
	return p.run(p.forward, n, send)
}

// Fetch moves as FETCH's rules say (manual: FETCH), sends the rows passed over and says how many. Errors: 55000 for a way back that is not
// there, ctx's.
func (p *Position) Fetch(ctx context.Context, n *ast.FetchStmt, send func([]types.Datum) error) (int64, error) {
	p.ctx = ctx
	defer func() { p.ctx = nil }()
	m := n.HowMany
	switch n.Direction {
	case ast.FETCH_FORWARD:
		if m < 0 {
			return p.run(p.backward, -m, send)
		}
		if m == 0 {
			return p.again(send)
		}
		return p.run(p.forward, m, send)
	case ast.FETCH_BACKWARD:
		if m < 0 {
			return p.run(p.forward, -m, send)
		}
		if m == 0 {
			return p.again(send)
		}
		return p.run(p.backward, m, send)
	case ast.FETCH_ABSOLUTE:
		switch {
		case m > 0:
			return p.to(m, send)
		case m < 0:
			if !p.keep {
				return 0, errBackward()
			}
			if err := p.skip(p.forward, All); err != nil {
				return 0, err
			}
			return p.oneOf(p.backward, -m, send)
		}
		if p.pos > 0 && !p.keep {
			return 0, errBackward()
		}
		p.pos, p.current = 0, nil
		return 0, nil
	case ast.FETCH_RELATIVE:
		switch {
		case m > 0:
			return p.oneOf(p.forward, m, send)
		case m < 0:
			return p.oneOf(p.backward, -m, send)
		}
		return p.again(send)
	}
	return 0, pgerr.Internal("fetch direction %d", n.Direction)
}

// run sends up to n rows.
func (p *Position) run(move func() ([]types.Datum, error), n int64, send func([]types.Datum) error) (int64, error) {
	for got := int64(0); ; got++ {
		if got == n {
			return got, nil
		}
		row, err := move()
		if row == nil || err != nil {
			return got, err
		}
		if err := send(row); err != nil {
			return got, err
		}
	}
}

// skip moves up to n rows and sends none.
func (p *Position) skip(move func() ([]types.Datum, error), n int64) error {
	_, err := p.run(move, n, func([]types.Datum) error { return nil })
	return err
}

// oneOf sends the n-th row from here.
func (p *Position) oneOf(move func() ([]types.Datum, error), n int64, send func([]types.Datum) error) (int64, error) {
	if err := p.skip(move, n-1); err != nil {
		return 0, err
	}
	return p.run(move, 1, send)
}

// to sends row n of the result.
func (p *Position) to(n int64, send func([]types.Datum) error) (int64, error) {
	if n <= int64(p.pos) {
		if !p.keep {
			return 0, errBackward()
		}
		p.pos, p.current = 0, nil
	}
	return p.oneOf(p.forward, n-int64(p.pos), send)
}

// again sends the row that the cursor stands on.
func (p *Position) again(send func([]types.Datum) error) (int64, error) {
	if p.current == nil {
		return 0, nil
	}
	if !p.keep {
		return 0, errBackward()
	}
	return 1, send(p.current)
}

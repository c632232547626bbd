package session

import (
	"context"

	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// keptRows hold a result: of a cursor that scrolls or outlives its transaction, or of RETURNING read in pieces. Row i is
// current when pos is i+1; 0 is before the first, len(rows)+1 after the last.
type keptRows struct {
	rows [][]types.Datum
	pos  int
}

func newKeptRows(*Session) *keptRows { return &keptRows{} }

func (k *keptRows) add(row []types.Datum) error {
	c := make([]types.Datum, len(row))
	for i, d := range row {
		c[i] = d.Clone()
	}
	k.rows = append(k.rows, c)
	return nil
}

func (k *keptRows) Next() ([]types.Datum, bool, error) {
	if k.pos < len(k.rows) {
		k.pos++
		return k.rows[k.pos-1], true, nil
	}
	k.pos = len(k.rows) + 1
	return nil, false, nil
}

func (k *keptRows) Close() error { return nil }

// declare is DECLARE CURSOR.
func (s *Session) declare(ctx context.Context, n *ast.DeclareCursorStmt, c *call) error {
	const (
		optBinary = 1 << 0
		optScroll = 1 << 1
		optHold   = 1 << 5
	)
	hold := n.Options&optHold != 0
	if s.block.mode != inBlock && !hold {
		return pgerr.New(pgerr.NoActiveSQLTransaction, "DECLARE CURSOR can only be used in transaction blocks")
	}
	if s.portals[n.Portalname] != nil {
		return pgerr.New(pgerr.DuplicateCursor, "cursor \"%s\" already exists", n.Portalname)
	}
	stmt := ast.Stmt{Node: n.Query, Text: c.stmt.Text, Offset: c.stmt.Offset}
	q, err := s.plan(stmt, c.source, nil)
	if err != nil {
		return err
	}
	if q.tag != "SELECT" || !q.bound.ReadOnly && n.Options&(optScroll|optHold) != 0 {
		return pgerr.New(pgerr.InvalidCursorDefinition, "DECLARE CURSOR must not contain data-modifying statements in WITH")
	}
	p := &portal{name: n.Portalname, stmt: &prepared{sql: c.stmt.Text, stmt: &stmt, plan: q, cols: q.cols}, query: q, source: c.source,
		params: c.params, sqlCursor: true, scroll: n.Options&optScroll != 0, hold: hold, binary: n.Options&optBinary != 0}
	if p.binary {
		p.formats = []int16{1}
	}
	if err := s.start(ctx, p); err != nil {
		return err
	}
	if p.scroll || p.hold {
		// Kept whole, so that it can go back and outlive the transaction.
		if err := s.keep(p); err != nil {
			return err
		}
	}
	s.portals[p.name] = p
	return nil
}

func (s *Session) keep(p *portal) error {
	k := newKeptRows(s)
	for {
		row, ok, err := p.rows.Next()
		if err != nil {
			p.close()
			return err
		}
		if !ok {
			break
		}
		if err := k.add(row); err != nil {
			return err
		}
	}
	p.close()
	p.rows, p.kept = k, k
	return nil
}

func (s *Session) cursor(name string) (*portal, error) {
	if p := s.portals[name]; p != nil {
		return p, nil
	}
	return nil, pgerr.New(pgerr.InvalidCursorName, "cursor \"%s\" does not exist", name)
}

// fetch is FETCH and MOVE.
func (s *Session) fetch(ctx context.Context, n *ast.FetchStmt, c *call) (string, error) {
	p, err := s.cursor(n.Portalname)
	if err != nil {
		return "", err
	}
	verb := "FETCH "
	send := s.out.Row
	if n.Ismove {
		verb = "MOVE "
		send = func([]types.Datum) error { return nil }
	} else {
		formats := c.formats
		if p.binary {
			formats = p.formats
		}
		if c.describe {
			s.out.RowDescription(p.stmt.cols, formats)
		}
		if err := s.out.Shape(p.stmt.cols, formats, s.env); err != nil {
			return "", err
		}
	}
	var count int64
	if p.kept != nil {
		count, err = p.kept.fetch(n, p.scroll, send)
	} else {
		count, err = s.fetchForward(ctx, p, n, send)
	}
	if err != nil {
		return "", err
	}
	return verb + itoa(count), nil
}

func errBackward() error {
	return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "cursor can only scan forward").
		WithHint("Declare it with SCROLL option to enable backward scan.")
}

// all is FETCH ALL.
const all = int64(^uint64(0) >> 1)

func (s *Session) fetchForward(ctx context.Context, p *portal, n *ast.FetchStmt, send func([]types.Datum) error) (int64, error) {
	skip, want := int64(0), n.HowMany
	switch n.Direction {
	case ast.FETCH_FORWARD:
		if want < 0 {
			return 0, errBackward()
		}
		if want == 0 {
			return 0, errBackward() // FETCH 0 rereads the current row
		}
	case ast.FETCH_RELATIVE:
		if want <= 0 {
			return 0, errBackward()
		}
		skip, want = want-1, 1
	case ast.FETCH_ABSOLUTE:
		if want <= p.count {
			return 0, errBackward()
		}
		skip, want = want-p.count-1, 1
	default:
		return 0, errBackward()
	}
	var got int64
	for got < want {
		row, ok, err := p.rows.Next()
		if err != nil || !ok {
			return got, err
		}
		p.count++
		if skip > 0 {
			skip--
			continue
		}
		if err := send(row); err != nil {
			return got, err
		}
		got++
	}
	return got, ctx.Err()
}

// fetch moves as FETCH's rules say and sends the rows passed over.
func (k *keptRows) fetch(n *ast.FetchStmt, scroll bool, send func([]types.Datum) error) (int64, error) {
	last := len(k.rows) + 1
	one := func(pos int) (int64, error) {
		if pos < k.pos && !scroll {
			return 0, errBackward()
		}
		k.pos = min(max(pos, 0), last)
		if k.pos == 0 || k.pos == last {
			return 0, nil
		}
		return 1, send(k.rows[k.pos-1])
	}
	forward := func(count int64) (int64, error) {
		var got int64
		for got < count && k.pos < last {
			if k.pos++; k.pos == last {
				break
			}
			if err := send(k.rows[k.pos-1]); err != nil {
				return got, err
			}
			got++
		}
		return got, nil
	}
	backward := func(count int64) (int64, error) {
		if !scroll {
			return 0, errBackward()
		}
		var got int64
		for got < count && k.pos > 0 {
			if k.pos--; k.pos == 0 {
				break
			}
			if err := send(k.rows[k.pos-1]); err != nil {
				return got, err
			}
			got++
		}
		return got, nil
	}
	m := n.HowMany
	switch n.Direction {
	case ast.FETCH_FORWARD, ast.FETCH_BACKWARD:
		if n.Direction == ast.FETCH_BACKWARD && m != all {
			m = -m
		}
		switch {
		case n.Direction == ast.FETCH_BACKWARD && m == all:
			return backward(all)
		case m > 0:
			return forward(m)
		case m < 0:
			return backward(-m)
		}
		return one(k.pos)
	case ast.FETCH_ABSOLUTE:
		if m < 0 {
			return one(last + int(m))
		}
		return one(int(min(m, int64(last))))
	case ast.FETCH_RELATIVE:
		return one(k.pos + int(min(max(m, int64(-last)), int64(last))))
	}
	return 0, pgerr.Internal("fetch direction %d", n.Direction)
}

func (s *Session) closeCursor(n *ast.ClosePortalStmt) (string, error) {
	if n.Portalname == "" {
		s.closePortals(func(p *portal) bool { return p.sqlCursor })
		return "CLOSE CURSOR ALL", nil
	}
	p, err := s.cursor(n.Portalname)
	if err != nil {
		return "", err
	}
	p.close()
	delete(s.portals, n.Portalname)
	return "CLOSE CURSOR", nil
}

// sqlPrepared finds a statement of PREPARE or of a Parse message.
func (s *Session) sqlPrepared(name string) (*prepared, error) {
	if p := s.stmts[name]; p != nil && name != "" {
		return p, nil
	}
	return nil, pgerr.New(pgerr.InvalidSQLStatementName, "prepared statement \"%s\" does not exist", name)
}

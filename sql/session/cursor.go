package session

import (
	"context"
	"slices"
	"sort"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/spill"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/session/cursor"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/storage/tuple"
)

// declare is DECLARE CURSOR. Nothing is computed before the first FETCH, but what it will see is fixed now.
func (s *Session) declare(ctx context.Context, n *ast.DeclareCursorStmt, c *call) error {
	hold := n.Options&cursor.OptHold != 0
	if s.block.mode != inBlock && !hold && !c.several {
		return pgerr.New(pgerr.NoActiveSQLTransaction, "DECLARE CURSOR can only be used in transaction blocks")
	}
	if n.Portalname == "" {
		return pgerr.New(pgerr.InvalidCursorName, "invalid cursor name: must not be empty")
	}
	if n.Options&cursor.OptScroll != 0 && n.Options&cursor.OptNoScroll != 0 {
		return pgerr.New(pgerr.InvalidCursorDefinition, "cannot specify both %s and %s", "SCROLL", "NO SCROLL")
	}
	stmt := ast.Stmt{Node: n.Query, Text: c.stmt.Text, Offset: c.stmt.Offset}
	q, tables, err := s.planCursor(stmt, c)
	if err != nil {
		return err
	}
	if err := cursor.CheckQuery(n, q.tag, q.bound.ReadOnly); err != nil {
		return err
	}
	if s.portals[n.Portalname] != nil {
		return pgerr.New(pgerr.DuplicateCursor, "cursor \"%s\" already exists", n.Portalname)
	}
	cols := q.cols[:len(q.cols)-len(tables)]
	p := &portal{name: n.Portalname, stmt: &prepared{sql: c.source, stmt: &stmt, plan: q, cols: cols}, query: q, source: c.source,
		params: c.params, sqlCursor: true, hold: hold, binary: n.Options&cursor.OptBinary != 0, tables: tables, created: s.env.TxnTime}
	switch {
	case n.Options&cursor.OptScroll != 0:
		p.scroll = true
	case n.Options&cursor.OptNoScroll == 0:
		p.scroll = cursor.ReadsBackward(q.phys.Root)
		p.forgetful = p.scroll
	}
	if p.binary {
		p.formats = []int16{1}
	}
	if err := s.start(ctx, p); err != nil {
		return err
	}
	p.at = cursor.New(p.rows, s.rowStore(), p.scroll, s.keepLimit(p))
	p.rows = nil
	s.portals[p.name] = p
	return nil
}

// planCursor plans a cursor's query, with the row locators of its tables behind its columns where WHERE CURRENT OF could ask for
// them: the query is a SELECT from tables, without aggregation or set operation.
func (s *Session) planCursor(stmt ast.Stmt, c *call) (*query, []catalog.OID, error) {
	if sel, ok := stmt.Node.(*ast.SelectStmt); ok && len(sel.ValuesLists) == 0 && sel.GroupClause == nil && sel.DistinctClause == nil &&
		(sel.Op == ast.SETOP_NONE || sel.Op == 0) && sel.IntoClause == nil {
		if locs, tables := s.locators(sel.FromClause); len(tables) > 0 {
			with := *sel
			with.TargetList = append(slices.Clone(sel.TargetList), locs...)
			stmt := stmt
			stmt.Node = &with
			if q, err := s.plan(stmt, c.source, c.types); err == nil {
				return q, tables, nil
			}
		}
	}
	q, err := s.plan(stmt, c.source, c.types)
	return q, nil, err
}

// locators lists targets for the row locators of the tables of a FROM clause.
func (s *Session) locators(from []ast.Node) (targets []ast.Node, tables []catalog.OID) {
	for _, f := range from {
		switch x := f.(type) {
		case *ast.JoinExpr:
			t, o := s.locators([]ast.Node{x.Larg, x.Rarg})
			targets, tables = append(targets, t...), append(tables, o...)
		case *ast.RangeVar:
			t, err := s.resolveTable(x, "")
			if err != nil || t.Kind != catalog.RelTable || t.Virtual {
				continue
			}
			name := x.Relname
			if x.Alias != nil {
				name = x.Alias.Aliasname
			}
			targets = append(targets, &ast.ResTarget{Val: &ast.ColumnRef{Fields: []ast.Node{&ast.String{Sval: name}, &ast.String{Sval: plan.RowLocName}}}})
			tables = append(tables, t.OID)
		}
	}
	return targets, tables
}

// rowStore keeps rows that are read again: in work_mem, then in a file.
func (s *Session) rowStore() *spill.Rows {
	return spill.NewRows(s.hotSettings().workMem, s.shared.TempDir)
}

// keepLimit is how many bytes of rows a cursor keeps to go back to; 0 is all.
func (s *Session) keepLimit(p *portal) int64 {
	if p.forgetful {
		return s.hotSettings().workMem
	}
	return 0
}

// persist reads what a holdable cursor has not read yet, before its transaction ends.
func (s *Session) persist() error {
	for _, p := range s.portals {
		if !p.hold || p.at == nil {
			continue
		}
		if err := p.at.Drain(); err != nil {
			p.failed = true
			return err
		}
	}
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
	if p.failed || p.at == nil && p.query == nil {
		return "", pgerr.New(pgerr.ObjectNotInPrerequisiteState, "portal \"%s\" cannot be run", p.name)
	}
	if p.at == nil { // a portal of the protocol
		if !p.started {
			if err := s.start(ctx, p); err != nil {
				return "", err
			}
		}
		p.at = cursor.After(p.rows, s.rowStore(), p.count)
		p.rows = nil
	}
	verb := "FETCH "
	describe := func() {}
	send := func(row []types.Datum) error {
		describe()
		return s.out.Row(row[:len(p.stmt.cols)])
	}
	if n.Ismove {
		verb = "MOVE "
		send = func([]types.Datum) error { return nil }
	} else {
		formats := c.formats
		if p.binary {
			formats = p.formats
		}
		if err := s.out.Shape(p.stmt.cols, formats, s.env); err != nil {
			return "", err
		}
		// Described with its first row: an error on the way there comes alone.
		describe = func() {
			if c.describe {
				s.out.RowDescription(p.stmt.cols, formats)
			}
			describe = func() {}
		}
	}
	if p.cancel != nil {
		defer p.during(ctx)()
	}
	count, err := p.at.Fetch(ctx, n, send)
	p.count += count
	if err != nil {
		p.failed = pgerr.From(err).Code != pgerr.ObjectNotInPrerequisiteState
		return "", err
	}
	describe()
	return verb + itoa(count), nil
}

// current is the row of a table that a cursor stands on (exec.Context.Current).
func (s *Session) current(name string, t *catalog.Table) ([]byte, error) {
	p, err := s.cursor(name)
	if err != nil {
		return nil, err
	}
	if !p.sqlCursor {
		return nil, pgerr.New(pgerr.InvalidCursorState, "cursor \"%s\" is not a simply updatable scan of table \"%s\"", name, t.Name)
	}
	if p.hold && p.made != s.block.start {
		return nil, pgerr.New(pgerr.InvalidCursorState, "cursor \"%s\" is held from a previous transaction", name)
	}
	found := -1
	for i, oid := range p.tables {
		if oid != t.OID {
			continue
		}
		if found >= 0 {
			return nil, pgerr.New(pgerr.InvalidCursorState, "cursor \"%s\" has multiple FOR UPDATE/SHARE references to table \"%s\"", name, t.Name)
		}
		found = i
	}
	switch {
	case found < 0 && cursor.Locking(p.stmt.stmt.Node) != "":
		return nil, pgerr.New(pgerr.InvalidCursorState, "cursor \"%s\" does not have a FOR UPDATE/SHARE reference to table \"%s\"", name, t.Name)
	case found < 0 || len(p.tables) > 1 && cursor.Locking(p.stmt.stmt.Node) == "":
		return nil, pgerr.New(pgerr.InvalidCursorState, "cursor \"%s\" is not a simply updatable scan of table \"%s\"", name, t.Name)
	case p.at.Current() == nil:
		return nil, pgerr.New(pgerr.InvalidCursorState, "cursor \"%s\" is not positioned on a row", name)
	}
	loc := p.at.Current()[len(p.stmt.cols)+found]
	if loc.IsNull() {
		return nil, nil
	}
	return loc.Bytes(), nil
}

func (s *Session) closeCursor(n *ast.ClosePortalStmt) (string, error) {
	if n.Portalname == "" {
		s.closePortals(func(p *portal) bool { return p.name != "" })
		return "CLOSE CURSOR ALL", nil
	}
	p, err := s.cursor(n.Portalname)
	if err != nil {
		return "", err
	}
	s.endPortal(p)
	delete(s.portals, n.Portalname)
	return "CLOSE CURSOR", nil
}

// cursorRows are the rows of pg_cursors.
func (s *Session) cursorRows() [][]types.Datum {
	var out [][]types.Datum
	for _, p := range s.portals {
		if p.name == "" {
			continue
		}
		out = append(out, []types.Datum{tuple.String(p.name), tuple.String(p.source), tuple.Bool(p.hold), tuple.Bool(p.binary),
			tuple.Bool(p.scroll), tuple.Int(calendar.TimestampOf(p.created))})
	}
	sort.Slice(out, func(i, j int) bool { return out[i][0].Str() < out[j][0].Str() })
	return out
}

// sqlPrepared finds a statement of PREPARE or of a Parse message.
func (s *Session) sqlPrepared(name string) (*prepared, error) {
	if p := s.stmts[name]; p != nil && name != "" {
		return p, nil
	}
	return nil, pgerr.New(pgerr.InvalidSQLStatementName, "prepared statement \"%s\" does not exist", name)
}

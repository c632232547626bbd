package session

import (
	"context"
	"slices"
	"time"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Simple runs a query string of the simple protocol (manual 55.2.2). Its statements are one implicit transaction, but for the
// blocks that it opens and closes itself.
func (s *Session) Simple(ctx context.Context, sql string, out Output) (err error) {
	s.out = out
	s.setActivity("active", sql)
	defer s.endCall(&err)
	s.begun()
	if done, err := s.simpleCached(ctx, sql); done || err != nil {
		return err
	}
	stmts, err := parser.Parse(sql)
	if err != nil {
		return err
	}
	if len(stmts) == 0 {
		out.EmptyQuery()
		return nil
	}
	for i := range stmts {
		// A block that one of several statements opened goes on; an implicit one of several is one transaction.
		if len(stmts) > 1 && s.block.mode == idle && !endsBlock(stmts[i].Node) {
			s.open()
		}
		s.begun()
		if err := s.timed(ctx, stmts[i], sql, len(stmts) > 1, i == len(stmts)-1); err != nil {
			return err
		}
	}
	return nil
}

// timed runs one statement of a query string within statement_timeout, which is each statement's own; the last ends the implicit
// transaction.
func (s *Session) timed(ctx context.Context, stmt ast.Stmt, sql string, several, last bool) error {
	ctx, stop := s.statementTimeout(ctx)
	defer stop()
	s.stmtCtx, s.last = ctx, last
	if err := s.simpleStatement(ctx, stmt, sql, several); err != nil || !last {
		return err
	}
	return s.endImplicit(ctx)
}

func endsBlock(n ast.Node) bool {
	t, ok := n.(*ast.TransactionStmt)
	return ok && t.Kind != ast.TRANS_STMT_BEGIN && t.Kind != ast.TRANS_STMT_START
}

// begun sets the time that now() and the like give: the transaction's start.
func (s *Session) begun() {
	if s.block.mode != idle {
		s.env.TxnTime = s.block.start
		return
	}
	// Nothing runs between transactions, so nobody is using the environment.
	s.env.TxnTime, s.piped = time.Now(), false
}

// endCall turns an error into the session's state and clears what belongs to one call.
func (s *Session) endCall(err *error) {
	if *err != nil {
		*err = sqlError(*err)
		s.fail()
	}
	s.sendReports()
	s.idleActivity()
	s.out, s.last = nil, false
}

// endLast ends the implicit transaction of a query string whose last statement has run: a commit that fails leaves no
// CommandComplete.
func (s *Session) endLast(ctx context.Context) error {
	if !s.last {
		return nil
	}
	return s.endImplicit(ctx)
}

func (s *Session) endImplicit(ctx context.Context) error {
	if s.block.mode != implicit {
		return nil
	}
	_, err := s.commitBlock(ctx)
	return err
}

// simpleCached runs a statement whose text, constants aside, has a plan already.
func (s *Session) simpleCached(ctx context.Context, sql string) (bool, error) {
	if s.block.failed {
		return false, nil
	}
	c := &s.scratch
	key, n, lits, ok := parser.Normalize(sql, c.key[:0], c.lits[:0])
	c.key, c.lits = key, lits
	if !ok || len(lits) == 0 {
		return false, nil
	}
	q := s.plans.get(key)
	if q == nil || !s.valid(q) {
		var err error
		if q, err = s.planNormalized(string(key[:n]), lits, sql); q == nil || err != nil {
			return false, nil // the ordinary way reports what is wrong, with positions in the real text
		}
		s.plans.put(string(key), q)
	}
	if q.refused {
		return false, nil
	}
	c.params = c.params[:0]
	for i, l := range lits {
		d, err := literal(l, q.bound.Params[i], s.env)
		if err != nil {
			return false, nil
		}
		c.params = append(c.params, d)
	}
	ctx, stop := s.statementTimeout(ctx)
	defer stop()
	s.stmtCtx = ctx
	s.last = true
	if err := s.run(ctx, q, c.params, nil, true, q.stmt.Text); err != nil {
		return true, err
	}
	return true, s.endImplicit(ctx)
}

// planNormalized plans a statement whose constants are parameters of the constants' types. Only plans that do not gain from
// knowing the values are of use: direct ones. Others come back refused, so that they are not planned twice each time. sql is the whole
// text, which the statement is counted as.
func (s *Session) planNormalized(text string, lits []parser.Literal, sql string) (*query, error) {
	stmts, err := parser.Parse(text)
	if err != nil || len(stmts) != 1 {
		return nil, err
	}
	if !isQuery(stmts[0].Node) {
		return nil, nil // SELECT INTO
	}
	oids := make([]types.OID, len(lits))
	for i, l := range lits {
		switch l.Kind {
		case parser.LitInt4:
			oids[i] = types.Int4
		case parser.LitInt8:
			oids[i] = types.Int8
		case parser.LitNumeric:
			oids[i] = types.Numeric
		}
	}
	cat := s.catalog()
	bound, err := bind.Statement(s.bindEnv(cat, text), stmts[0].Node, oids)
	if err != nil {
		return nil, err
	}
	refused := &query{version: cat.Version, env: s.planNow(), ident: s.identity(), stats: s.db.StatsVersion(), ownStats: s.ownStats, direct: true, refused: true}
	if readsParts(bound) {
		return refused, nil
	}
	q, err := s.planCounted(cat, stmts[0], bound, sql)
	if err != nil {
		return nil, err
	}
	if r, ok := q.phys.Root.(*plan.Result); ok && r.In == nil && q.prog.Early() {
		return refused, nil // SELECT 1/0 fails before its columns are described
	}
	if !q.direct {
		return refused, nil
	}
	return q, nil
}

// readsParts reports that a statement reads a partitioned table: which partitions depends on the constants.
func readsParts(st *plan.Statement) bool {
	return slices.ContainsFunc(st.Tables, func(u plan.TableUse) bool {
		return u.Table.Partitioned() && !(st.Tag == "INSERT" && u.Modify)
	})
}

func literal(l parser.Literal, want types.OID, env *types.Env) (types.Datum, error) {
	if l.Kind == parser.LitInt4 || l.Kind == parser.LitInt8 {
		n := int64(0)
		for i := 0; i < len(l.Text); i++ {
			n = n*10 + int64(l.Text[i]-'0')
		}
		return tuple.Int(n), nil
	}
	t := types.Lookup(want)
	if t == nil {
		return types.Null, pgerr.Internal("literal of type %d", want)
	}
	return t.ParseText(l.Text, -1, env)
}

// simpleStatement runs one statement of a query string.
func (s *Session) simpleStatement(ctx context.Context, stmt ast.Stmt, sql string, several bool) error {
	if s.block.failed && !allowedInFailed(stmt.Node) {
		return errInFailed()
	}
	if isQuery(stmt.Node) {
		q, err := s.plan(stmt, sql, nil)
		if err != nil {
			return err
		}
		if len(q.bound.Params) > 0 {
			return pgerr.New(pgerr.UndefinedParameter, "there is no parameter $1")
		}
		return s.run(ctx, q, nil, nil, true, sql)
	}
	return s.utility(ctx, stmt, sql, several)
}

// isQuery tells planned statements from utility statements.
func isQuery(n ast.Node) bool {
	switch x := n.(type) {
	case *ast.SelectStmt:
		return x.IntoClause == nil
	case *ast.InsertStmt, *ast.UpdateStmt, *ast.DeleteStmt, *ast.MergeStmt:
		return true
	}
	return false
}

func allowedInFailed(n ast.Node) bool {
	t, ok := n.(*ast.TransactionStmt)
	if !ok {
		return false
	}
	switch t.Kind {
	case ast.TRANS_STMT_COMMIT, ast.TRANS_STMT_ROLLBACK, ast.TRANS_STMT_ROLLBACK_TO:
		return true
	}
	return false
}

// byKey recognises plans that touch the rows of given keys only: a look-up by a unique index, a change of what it finds, a row
// to insert. Knowing the constants would not change them.
func byKey(n plan.Node) bool {
	switch x := n.(type) {
	case *plan.TableScan:
		return x.Unique
	case *plan.ValuesScan:
		return true
	case *plan.Result:
		return x.In == nil || byKey(x.In)
	case *plan.Modify:
		return byKey(x.In)
	}
	return false
}

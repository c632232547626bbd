package session

import (
	"context"
	"sort"
	"time"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
)

// prepareSQL is PREPARE.
func (s *Session) prepareSQL(ctx context.Context, n *ast.PrepareStmt, c *call) error {
	if s.stmts[n.Name] != nil {
		return pgerr.New(pgerr.DuplicatePstatement, "prepared statement \"%s\" already exists", n.Name)
	}
	env := s.bindEnv(s.catalog(), c.source)
	var oids []types.OID
	for _, a := range n.Argtypes {
		t, err := bind.TypeName(env, a.(*ast.TypeName))
		if err != nil {
			return err
		}
		oids = append(oids, t.OID)
	}
	stmt := ast.Stmt{Node: n.Query, Text: c.stmt.Text, Offset: c.stmt.Offset}
	p := &prepared{name: n.Name, sql: c.stmt.Text, source: c.source, stmt: &stmt, given: oids, params: oids, fromSQL: true, made: time.Now()}
	if isQuery(n.Query) {
		q, err := s.plan(stmt, c.source, oids)
		if err != nil {
			return err
		}
		p.plan, p.params, p.cols = q, q.bound.Params, q.cols
		if s.block.mode == inBlock {
			// The statement was looked at with its tables locked, by the transaction's snapshot.
			s.open()
			if _, err := s.lockTables(ctx, q); err != nil {
				return err
			}
			if s.block.level.txn() == txn.Serializable && !s.block.levelFixed {
				if err := s.firstStatement(ctx); err != nil {
					return err
				}
			}
			s.block.levelFixed = true
			view := s.block.t.Statement()
			view.Release()
		}
	}
	s.stmts[n.Name] = p
	return nil
}

// executeSQL is EXECUTE: its arguments are expressions of the parameters' types.
func (s *Session) executeSQL(ctx context.Context, n *ast.ExecuteStmt, c *call) error {
	p, err := s.sqlPrepared(n.Name)
	if err != nil {
		return err
	}
	if p.stmt == nil {
		s.out.EmptyQuery()
		return nil
	}
	if err := s.refresh(p); err != nil {
		return err
	}
	p.runs++
	args, err := s.executeArgs(ctx, p, n, c)
	if err != nil {
		return err
	}
	if p.plan == nil {
		return s.runUtility(ctx, &call{stmt: *p.stmt, source: p.source, several: c.several, formats: c.formats, describe: c.describe, params: args, types: p.params})
	}
	q, err := s.choosePlan(p, args)
	if err != nil {
		return err
	}
	return s.run(ctx, q, args, c.formats, c.describe, p.source)
}

// executeArgs evaluates EXECUTE's arguments as a row of constants.
func (s *Session) executeArgs(ctx context.Context, p *prepared, n *ast.ExecuteStmt, c *call) ([]types.Datum, error) {
	if len(n.Params) != len(p.params) {
		return nil, pgerr.New(pgerr.SyntaxError, "wrong number of parameters for prepared statement \"%s\"", n.Name).
			WithDetail("Expected " + itoa(int64(len(p.params))) + " parameters but got " + itoa(int64(len(n.Params))) + ".")
	}
	if len(n.Params) == 0 {
		return nil, nil
	}
	s.open()
	out := make([]types.Datum, len(n.Params))
	env := s.bindEnv(s.catalog(), c.source)
	var ec run.Context
	s.runContext(ctx, &ec, s.catalog(), c.params)
	for i, a := range n.Params {
		e, err := bind.UtilityArg(env, a, p.params[i])
		if err != nil {
			return nil, err
		}
		if out[i], err = eval.Const(&ec, e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// preparedRows are the rows of pg_prepared_statements. Plans are generic: made once, for all parameters.
func (s *Session) preparedRows() [][]types.Datum {
	var out [][]types.Datum
	for _, p := range s.stmts {
		if p.name == "" {
			continue
		}
		oids := make([]types.Datum, len(p.params))
		for i, oid := range p.params {
			oids[i] = tuple.Uint(uint64(oid))
		}
		text := p.source
		if text == "" {
			text = p.sql
		}
		out = append(out, []types.Datum{tuple.String(p.name), tuple.String(text), tuple.Int(calendar.TimestampOf(p.made)), types.MakeArray(s.env.Type(types.RegType), oids),
			tuple.Bool(p.fromSQL), tuple.Int(p.runs - p.customs), tuple.Int(p.customs)})
	}
	sort.Slice(out, func(i, j int) bool { return out[i][0].Str() < out[j][0].Str() })
	return out
}

func (s *Session) deallocate(n *ast.DeallocateStmt) (string, error) {
	if n.Name == "" {
		clear(s.stmts)
		return "DEALLOCATE ALL", nil
	}
	if _, err := s.sqlPrepared(n.Name); err != nil {
		return "", err
	}
	delete(s.stmts, n.Name)
	return "DEALLOCATE", nil
}

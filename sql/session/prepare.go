package session

import (
	"context"
	"time"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// prepareSQL is PREPARE.
func (s *Session) prepareSQL(n *ast.PrepareStmt, c *call) error {
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
	args, err := s.executeArgs(ctx, p, n, c)
	if err != nil {
		return err
	}
	if p.plan == nil {
		return s.utilityFormats(ctx, *p.stmt, p.source, c.several, c.formats, c.describe, args)
	}
	return s.run(ctx, p.plan, args, c.formats, c.describe, p.source)
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
	var ec exec.Context
	s.execContext(ctx, &ec, c.params)
	for i, a := range n.Params {
		e, err := bind.UtilityArg(env, a, p.params[i])
		if err != nil {
			return nil, err
		}
		if out[i], err = exec.EvalConst(&ec, e); err != nil {
			return nil, err
		}
	}
	return out, nil
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

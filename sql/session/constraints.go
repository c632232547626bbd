package session

import (
	"context"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/exec/write"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
)

// setConstraints is SET CONSTRAINTS: what becomes immediate is checked now. A name without schema means all constraints of that name
// in the first schema of the search path that has one.
func (s *Session) setConstraints(ctx context.Context, n *ast.ConstraintsSetStmt) error {
	if s.block.mode != inBlock {
		s.Notice(pgerr.Notice(pgerr.SeverityWarning, pgerr.NoActiveSQLTransaction, "SET CONSTRAINTS can only be used in transaction blocks"))
	}
	d := &s.block.deferred
	if len(n.Constraints) == 0 {
		d.SetAll(n.Deferred)
	}
	for _, c := range n.Constraints {
		rv, ok := c.(*ast.RangeVar)
		if !ok {
			continue
		}
		cons, err := s.constraintsNamed(rv)
		if err != nil {
			return err
		}
		for _, con := range cons {
			switch {
			case con.Deferrable:
				d.Set(con.OID, n.Deferred)
			case n.Deferred:
				return pgerr.New(pgerr.WrongObjectType, "constraint \"%s\" is not deferrable", con.Name)
			}
		}
	}
	if n.Deferred || !d.Pending() {
		return nil
	}
	var ec run.Context
	s.runContext(ctx, &ec, s.catalog(), nil)
	return d.Run(&ec, true)
}

func (s *Session) constraintsNamed(rv *ast.RangeVar) ([]*catalog.Constraint, error) {
	cat := s.catalog()
	schemas, _ := s.searchPath(cat)
	if s.tempSchema != 0 {
		schemas = append([]catalog.OID{s.tempSchema}, schemas...)
	}
	if rv.Schemaname != "" {
		sc := cat.Schema(rv.Schemaname)
		if sc == nil {
			return nil, pgerr.New(pgerr.InvalidSchemaName, "schema \"%s\" does not exist", rv.Schemaname)
		}
		schemas = []catalog.OID{sc.OID}
	}
	if found := cat.FirstConstraints(schemas, rv.Relname); len(found) > 0 {
		return cat.WithPartitions(found), nil
	}
	return nil, pgerr.New(pgerr.UndefinedObject, "constraint \"%s\" does not exist", rv.Relname)
}

func (s *Session) deferredQueue() *write.Deferred { return &s.block.deferred }

package session

import (
	"context"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
)

// setConstraints is SET CONSTRAINTS: what becomes immediate is checked now.
func (s *Session) setConstraints(ctx context.Context, n *ast.ConstraintsSetStmt) error {
	d := &s.block.deferred
	if len(n.Constraints) == 0 {
		d.SetAll(n.Deferred)
	}
	for _, c := range n.Constraints {
		rv, ok := c.(*ast.RangeVar)
		if !ok {
			continue
		}
		found := false
		var err error
		s.catalog().Tables(func(t *catalog.Table) bool {
			for _, con := range t.Constraints {
				if con.Name != rv.Relname {
					continue
				}
				found = true
				if !con.Deferrable {
					err = pgerr.New(pgerr.WrongObjectType, "constraint \"%s\" is not deferrable", con.Name)
					return false
				}
				d.Set(con.OID, n.Deferred)
			}
			return true
		})
		if err != nil {
			return err
		}
		if !found {
			return pgerr.New(pgerr.UndefinedObject, "constraint \"%s\" does not exist", rv.Relname)
		}
	}
	if n.Deferred || !d.Pending() {
		return nil
	}
	var ec exec.Context
	s.execContext(ctx, &ec, nil)
	return d.Run(&ec, true)
}

func (s *Session) deferredQueue() *exec.Deferred { return &s.block.deferred }

package session

import (
	"context"
	"strconv"
	"time"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
)

// optimize is OPTIMIZE: the files of a table's Delta table are merged. Its rows stay what they are.
func (s *Session) optimize(ctx context.Context, n *ast.OptimizeStmt, c *call) (string, error) {
	switch {
	case n.Where:
		return "", pgerr.Unsupported("OPTIMIZE with WHERE")
	case n.ZOrder:
		return "", pgerr.Unsupported("OPTIMIZE with ZORDER BY")
	}
	return "OPTIMIZE", s.onFiles(ctx, n.Relation, "OPTIMIZE", "optimize", c, func(ctx context.Context, table uint32) error {
		return s.db.Mirror.Optimize(ctx, table)
	})
}

// vacuumFiles is VACUUM … RETAIN: files that the table's newest Delta version does not name go.
func (s *Session) vacuumFiles(ctx context.Context, n *ast.VacuumFilesStmt, c *call) (string, error) {
	if n.DryRun {
		return "", pgerr.Unsupported("VACUUM with DRY RUN")
	}
	hours, err := strconv.ParseFloat(n.Hours, 64)
	if err != nil || hours > float64(10*365*24) {
		return "", pgerr.New(pgerr.InvalidParameterValue, "retention of %s hours is out of range", n.Hours)
	}
	return "VACUUM", s.onFiles(ctx, n.Relation, "VACUUM", "vacuum", c, func(ctx context.Context, table uint32) error {
		return s.db.Mirror.Vacuum(ctx, table, time.Duration(hours*float64(time.Hour)))
	})
}

// onFiles runs work on the Delta files of a table that the user may maintain.
func (s *Session) onFiles(ctx context.Context, rv *ast.RangeVar, what, verb string, c *call, work func(ctx context.Context, table uint32) error) error {
	if s.block.mode == inBlock || c.several {
		return pgerr.New(pgerr.ActiveSQLTransaction, "%s cannot run inside a transaction block", what)
	}
	t, err := s.resolveTable(rv, "")
	if err != nil {
		return err
	}
	switch {
	case t.Kind != catalog.RelTable || t.Virtual || t.Persistence != catalog.Permanent:
		return pgerr.New(pgerr.WrongObjectType, "\"%s\" is no table with Delta files", t.Name)
	case s.db.Mirror == nil:
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "the mirror does not run")
	case !s.maintains(t, verb):
		return nil
	}
	return work(ctx, t.OID)
}

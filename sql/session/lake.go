package session

import (
	"context"
	"strconv"
	"time"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/ddl"
	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/opt"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/tuple"
)

// optimize is OPTIMIZE: the files of a table's Delta table are merged or clustered. Its rows stay what they are.
func (s *Session) optimize(ctx context.Context, n *ast.OptimizeStmt, c *call) (string, error) {
	return "OPTIMIZE", s.onFiles(n.Relation, "OPTIMIZE", "optimize", c, func(t *catalog.Table) error {
		how := database.Rewriting{Full: n.Full}
		if n.Full && t.ClusterBy() == nil {
			return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "table \"%s\" is not clustered", t.Name).
				WithHint("Only OPTIMIZE of tables with the storage parameter \"%s\" can be FULL.", catalog.OptClusterBy)
		}
		for _, name := range n.ZOrder {
			if t.ClusterBy() != nil {
				return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "OPTIMIZE of table \"%s\" cannot have ZORDER BY", t.Name).
					WithDetail("The table is clustered by its storage parameter \"%s\".", catalog.OptClusterBy)
			}
			att, err := ddl.ClusterColumn(t, name, s.env)
			if err != nil {
				return err
			}
			how.ZOrder = append(how.ZOrder, att)
		}
		if n.Where != "" {
			var err error
			if how.Where, err = s.filesWhere(t, n.Where); err != nil {
				return err
			}
		}
		return s.db.Mirror.Optimize(ctx, t.OID, how)
	})
}

// filesWhere are the conditions on single columns that rows of a table meet where a condition holds.
func (s *Session) filesWhere(t *catalog.Table, where string) ([]engine.Condition, error) {
	cat := s.catalog()
	sql := "SELECT FROM " + ruleutils.QuoteIdent(cat.SchemaByOID(t.Schema).Name) + "." + ruleutils.QuoteIdent(t.Name) + " WHERE " + where
	stmts, err := parser.Parse(sql)
	if err != nil || len(stmts) != 1 {
		return nil, pgerr.From(err).WithPosition(0)
	}
	bound, err := bind.Statement(s.bindEnv(cat, sql), stmts[0].Node, nil)
	if err != nil {
		return nil, pgerr.From(err).WithPosition(0)
	}
	phys, err := opt.Optimize(s.optEnv(cat), bound)
	if err != nil {
		return nil, err
	}
	root := phys.Root
	if r, ok := root.(*plan.Result); ok && r.In != nil {
		root = r.In
	}
	if scan, ok := root.(*plan.TableScan); ok && scan.Table.OID == t.OID {
		return exec.Conditions(scan), nil
	}
	return nil, nil
}

// vacuumFiles is VACUUM … RETAIN: files that the table's newest Delta version does not name go.
func (s *Session) vacuumFiles(ctx context.Context, n *ast.VacuumFilesStmt, c *call) (string, error) {
	retain := time.Duration(-1)
	if n.Hours != "" {
		hours, err := strconv.ParseFloat(n.Hours, 64)
		if err != nil || hours > float64(10*365*24) {
			return "", pgerr.New(pgerr.InvalidParameterValue, "retention of %s hours is out of range", n.Hours)
		}
		retain = time.Duration(hours * float64(time.Hour))
	}
	return "VACUUM", s.onFiles(n.Relation, "VACUUM", "vacuum", c, func(t *catalog.Table) error {
		paths, err := s.db.Mirror.Vacuum(ctx, t.OID, retain, n.DryRun)
		if err != nil || !n.DryRun {
			return err
		}
		rows := make([][]types.Datum, len(paths))
		for i, p := range paths {
			rows[i] = []types.Datum{tuple.String(p)}
		}
		return s.sendRows(c, vacuumColumns(), rows)
	})
}

// vacuumColumns are what VACUUM … DRY RUN answers.
func vacuumColumns() []types.Field { return []types.Field{textColumn("path")} }

// onFiles runs work on the Delta files of a table that the user may maintain.
func (s *Session) onFiles(rv *ast.RangeVar, what, verb string, c *call, work func(t *catalog.Table) error) error {
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
	return work(t)
}

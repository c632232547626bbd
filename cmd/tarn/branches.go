package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tarndb/tarn/branching"
	"github.com/tarndb/tarn/replication/mirror"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/session"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/wal"
)

func (c *cluster) createBranch(ctx context.Context, s *session.Session, n *ast.CreateBranchStmt) error {
	if err := outsideBlock(s, "CREATE BRANCH"); err != nil {
		return err
	}
	o := branching.CreateOptions{Parent: n.From, CreatedBy: s.User()}
	if o.Parent == "" {
		o.Parent = s.DB().Branch
	}
	var err error
	if o.At, err = branchPoint(s, n.At); err != nil {
		return err
	}
	for k, v := range n.Options {
		switch k {
		case "protected":
			o.Protected = v == "true" || v == "on"
		case "ttl", "schema_only":
			return pgerr.Unsupported("CREATE BRANCH option " + k)
		default:
			return pgerr.New(pgerr.SyntaxError, "unrecognized CREATE BRANCH option \"%s\"", k)
		}
	}
	_, err = c.branches.CreateBranch(ctx, s.DB().Name, n.Name, o)
	switch {
	case errors.Is(err, branching.ErrBranchExists):
		if n.IfNotExists {
			s.Notice(pgerr.Notice(pgerr.SeverityNotice, pgerr.DuplicateObject, "branch \"%s\" already exists, skipping", n.Name))
			return nil
		}
		return pgerr.New(pgerr.DuplicateObject, "branch \"%s\" already exists", n.Name)
	case errors.Is(err, branching.ErrNoBranch):
		return noBranch(o.Parent)
	}
	return outsideWindow(o.Parent, o.At, err)
}

func noBranch(name string) error {
	return pgerr.New(pgerr.UndefinedObject, "branch \"%s\" does not exist", name).
		WithHint("SELECT name FROM tarn.branches lists the branches.")
}

// branchPoint reads AT LSN … or AT TIMESTAMP ….
func branchPoint(s *session.Session, p ast.BranchPoint) (at branching.Point, err error) {
	switch {
	case p.LSN != "":
		if at.LSN, err = wal.ParseLSN(p.LSN); err != nil || at.LSN == 0 {
			return at, pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type pg_lsn: \"%s\"", p.LSN)
		}
	case p.Timestamp != "":
		if at.Time, err = s.ParseTime(p.Timestamp); err != nil {
			return at, err
		}
		if at.Time.IsZero() {
			return at, pgerr.New(pgerr.InvalidParameterValue, "a branch cannot start at an infinite timestamp")
		}
	}
	return at, nil
}

// outsideWindow says for an error about a point what can be restored.
func outsideWindow(branch string, at branching.Point, err error) error {
	what := "LSN " + at.LSN.String()
	if !at.Time.IsZero() {
		what = "timestamp " + showTime(at.Time)
	}
	var outside *engine.OutsideError
	var beginning *branching.BeginningError
	switch {
	case errors.As(err, &beginning):
		return pgerr.New(pgerr.InvalidParameterValue, "%s is outside of the restore window of branch \"%s\"", what, branch).
			WithDetail(fmt.Sprintf("Branch \"%s\" begins at LSN %s, %s.", beginning.Branch, beginning.LSN, showTime(beginning.Time)))
	case errors.As(err, &outside) && outside.None:
		return pgerr.New(pgerr.InvalidParameterValue, "branch \"%s\" has no restore window", branch).
			WithHint("Set tarn.restore_window to keep one.")
	case errors.As(err, &outside):
		from := "LSN " + outside.Window.From.String()
		if !outside.Window.Since.IsZero() {
			from += " (" + showTime(outside.Window.Since) + ")"
		}
		return pgerr.New(pgerr.InvalidParameterValue, "%s is outside of the restore window of branch \"%s\"", what, branch).
			WithDetail(fmt.Sprintf("The window reaches from %s to LSN %s (now).", from, outside.Window.To)).
			WithHint("tarn.restore_window and tarn.restore_window_size say how much is kept.")
	}
	return err
}

func showTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.999999-07") }

func (c *cluster) dropBranch(ctx context.Context, s *session.Session, n *ast.DropBranchStmt) error {
	if err := outsideBlock(s, "DROP BRANCH"); err != nil {
		return err
	}
	if n.Name == s.DB().Branch {
		return pgerr.New(pgerr.ObjectInUse, "cannot drop the branch that this session is on").
			WithHint("Connect to another branch, or USE BRANCH, first.")
	}
	err := whenFree(ctx, func() error { return c.branches.DropBranch(ctx, s.DB().Name, n.Name, n.Cascade) })
	switch {
	case errors.Is(err, branching.ErrNoBranch):
		if n.IfExists {
			s.Notice(pgerr.Notice(pgerr.SeverityNotice, pgerr.UndefinedObject, "branch \"%s\" does not exist, skipping", n.Name))
			return nil
		}
		return pgerr.New(pgerr.UndefinedObject, "branch \"%s\" does not exist", n.Name)
	case errors.Is(err, branching.ErrInUse):
		return pgerr.New(pgerr.ObjectInUse, "branch \"%s\" is being accessed by other users", n.Name)
	case errors.Is(err, branching.ErrHasChildren):
		return pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop branch \"%s\" because other branches depend on it", n.Name).
			WithHint("Use DROP BRANCH ... CASCADE to drop its children too.")
	case errors.Is(err, branching.ErrProtected):
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "branch \"%s\" or one of its children is protected", n.Name).
			WithHint("ALTER BRANCH ... SET (protected = false) lifts the protection.")
	case errors.Is(err, branching.ErrLastBranch):
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "cannot drop the last branch of database \"%s\"", s.DB().Name).
			WithHint("DROP DATABASE drops the database.")
	}
	return err
}

// Restore is Checkpoint for a point of the store's past.
func (r *runtime) Restore(ctx context.Context, to branching.Where, p branching.Point) (branching.Point, error) {
	var at engine.Restored
	var err error
	if r.mirror == nil {
		if err := r.refuseLakes(); err != nil {
			return branching.Point{}, err
		}
		at, err = r.Engine.Restore(ctx, to.Dir, engine.Point(p), nil)
	} else {
		at, err = r.mirror.CopyPast(ctx, mirror.CopyTarget{Database: to.Warehouse, SlotDir: slotDir(to)},
			func(ctx context.Context, look engine.Look) (engine.Restored, error) {
				return r.Engine.Restore(ctx, to.Dir, engine.Point(p), look)
			})
	}
	return branching.Point(at), err
}

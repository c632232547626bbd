package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/tarndb/tarn/branching"
	"github.com/tarndb/tarn/replication/mirror"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/session"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/object"
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
	set, err := branchOptions(s, n.Options, true)
	if err != nil {
		return err
	}
	o.SchemaOnly = set.schemaOnly
	b := branching.Branch{}
	if err := set.apply(&b); err != nil {
		return err
	}
	o.Expires, o.Protected = b.Expires, b.Protected
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

// branchSettings are what CREATE BRANCH … WITH and ALTER BRANCH … SET say; nil: nothing.
type branchSettings struct {
	expires    *time.Time // zero: never
	protected  *bool
	schemaOnly bool
}

func branchOptions(s *session.Session, list map[string]string, create bool) (set branchSettings, err error) {
	command := "ALTER BRANCH"
	if create {
		command = "CREATE BRANCH"
	}
	flag := func(name, v string) (bool, error) {
		d, err := types.Lookup(types.Bool).ParseText(v, -1, nil)
		if err != nil {
			return false, pgerr.New(pgerr.InvalidParameterValue, "%s requires a Boolean value", name)
		}
		return d.Bool(), nil
	}
	for k, v := range list {
		switch {
		case k == "protected":
			on, err := flag(k, v)
			if err != nil {
				return set, err
			}
			set.protected = &on
		case k == "schema_only" && create:
			if set.schemaOnly, err = flag(k, v); err != nil {
				return set, err
			}
		case k == "ttl":
			at := time.Time{}
			if v != "none" {
				if at, err = afterInterval(v); err != nil {
					return set, err
				}
			}
			set.expires = &at
		default:
			return set, pgerr.New(pgerr.SyntaxError, "unrecognized %s option \"%s\"", command, k)
		}
	}
	return set, nil
}

// afterInterval is the time that comes an interval after now.
func afterInterval(text string) (time.Time, error) {
	d, err := types.Lookup(types.Interval).ParseText(text, -1, nil)
	if err != nil {
		return time.Time{}, err
	}
	v := temporal.IntervalOf(d)
	now := time.Now().UTC()
	at := now.AddDate(0, int(v.Months), int(v.Days)).Add(time.Duration(v.Usec) * time.Microsecond)
	if !at.After(now) {
		return at, pgerr.New(pgerr.InvalidParameterValue, "ttl must be a positive interval").WithHint("ttl = 'none' lets a branch live on.")
	}
	return at, nil
}

func (set branchSettings) apply(b *branching.Branch) error {
	if set.expires != nil {
		b.Expires = *set.expires
	}
	if set.protected != nil {
		b.Protected = *set.protected
	}
	if b.Protected && !b.Expires.IsZero() {
		return pgerr.New(pgerr.InvalidParameterValue, "a protected branch cannot have a ttl")
	}
	return nil
}

func (c *cluster) alterBranch(ctx context.Context, s *session.Session, n *ast.AlterBranchStmt) error {
	if err := outsideBlock(s, "ALTER BRANCH"); err != nil {
		return err
	}
	db, own := s.DB().Name, n.Name == s.DB().Branch
	var at branching.Point
	var err error
	switch {
	case n.Set != nil:
		set, err := branchOptions(s, n.Set, false)
		if err != nil {
			return err
		}
		if n.Name == branching.MainBranch && set.expires != nil && !set.expires.IsZero() {
			return pgerr.New(pgerr.InvalidParameterValue, "branch \"%s\" cannot have a ttl", n.Name)
		}
		err = c.branches.AlterBranch(db, n.Name, set.apply)
		return branchError(n.Name, at, err)
	case own:
		return pgerr.New(pgerr.ObjectInUse, "cannot rename or reset the branch that this session is on").
			WithHint("Connect to another branch, or USE BRANCH, first.")
	case n.Rename != "":
		err = whenFree(ctx, func() error { return c.branches.RenameBranch(ctx, db, n.Name, n.Rename) })
		if errors.Is(err, branching.ErrBranchExists) {
			return pgerr.New(pgerr.DuplicateObject, "branch \"%s\" already exists", n.Rename)
		}
	default:
		if at, err = branchPoint(s, n.To); err != nil {
			return err
		}
		err = whenFree(ctx, func() error { return c.branches.ResetBranch(ctx, db, n.Name, at) })
	}
	return branchError(n.Name, at, err)
}

// branchError gives what ALTER and DROP BRANCH are refused for a code.
func branchError(name string, at branching.Point, err error) error {
	switch {
	case errors.Is(err, branching.ErrNoBranch):
		return noBranch(name)
	case errors.Is(err, branching.ErrInUse):
		return pgerr.New(pgerr.ObjectInUse, "branch \"%s\" is being accessed by other users", name)
	case errors.Is(err, branching.ErrProtected):
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "branch \"%s\" or one of its children is protected", name).
			WithHint("ALTER BRANCH ... SET (protected = false) lifts the protection.")
	case errors.Is(err, branching.ErrNoParent):
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "branch \"%s\" has no parent", name).
			WithHint("ALTER BRANCH ... RESET TO LSN or TIMESTAMP resets it to its own past.")
	case errors.Is(err, branching.ErrMain):
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "branch \"%s\" cannot be renamed", name).
			WithDetail("It is the one that the name of the database alone means.")
	}
	return outsideWindow(name, at, err)
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
	case errors.Is(err, branching.ErrHasChildren):
		return pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop branch \"%s\" because other branches depend on it", n.Name).
			WithHint("Use DROP BRANCH ... CASCADE to drop its children too.")
	case errors.Is(err, branching.ErrLastBranch):
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "cannot drop the last branch of database \"%s\"", s.DB().Name).
			WithHint("DROP DATABASE drops the database.")
	}
	return branchError(n.Name, branching.Point{}, err)
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
	if err == nil { // of a volume the past has no files but those that are there
		err = r.volumes.copyTo(ctx, r.Catalog(), object.Segment(to.Warehouse))
	}
	return branching.Point(at), err
}

// emptyBranch takes the rows out of a branch's store that nobody has open, and all that the mirror has made of them.
func (c *cluster) emptyBranch(ctx context.Context, w branching.Where) error {
	db, err := database.Open(ctx, database.Options{Name: w.Database, Branch: w.Branch, ID: w.DatabaseID, Logger: c.log,
		Engine: engine.Options{Dir: w.Dir, CacheBytes: 8 << 20, Logger: c.log}})
	if err != nil {
		return err
	}
	return errors.Join(db.Empty(ctx), db.Close(), os.RemoveAll(slotDir(w)), c.forget(w))
}

// restoreWindow is how long the past of a database's branches is kept.
func (c *cluster) restoreWindow(name string) time.Duration {
	return time.Duration(c.settingsOf(name).Int("tarn.restore_window")) * time.Second
}

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/tarndb/tarn/branching"
	"github.com/tarndb/tarn/replication/mirror"
	"github.com/tarndb/tarn/sql/branchdiff"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/engine"
)

var _ branchdiff.Branches = (*cluster)(nil)

// Compare opens two branches for branch_diff and MERGE BRANCH.
func (c *cluster) Compare(ctx context.Context, name, source, target string) (*branchdiff.Pair, error) {
	x := &comparison{c: c, pair: &branchdiff.Pair{}}
	x.pair.Close, x.pair.OpenBase = x.close, x.openBase
	if err := x.open(ctx, name, source, target); err != nil {
		x.close()
		return nil, compareError(source, target, err)
	}
	return x.pair, nil
}

type comparison struct {
	c    *cluster
	cmp  *branching.Comparison
	pair *branchdiff.Pair
	base struct {
		db      *database.DB
		snap    *engine.Snapshot
		release func() error
		files   *branching.Handle // the branch whose files have the rows of lake tables
	}
	seen int // states of the pair that hold snapshots
}

func (x *comparison) open(ctx context.Context, name, source, target string) error {
	var err error
	x.cmp, err = x.c.branches.Compare(ctx, name, source, target, func(h *branching.Handle) (branching.Sight, error) {
		st, err := branchdiff.See(h.Runtime.(*runtime).DB)
		if err != nil {
			return branching.Sight{}, err
		}
		if x.seen == 0 {
			x.pair.Source, x.pair.SourceID = st, h.Where.BranchID
		} else {
			x.pair.Target, x.pair.TargetID = st, h.Where.BranchID
		}
		x.seen++
		merged, err := placedMerges(ctx, st, h.Where.BranchID)
		return branching.Sight{LSN: st.Snap.LSN(), Merged: merged}, err
	})
	if err != nil {
		return err
	}
	x.pair.Forked, x.pair.SourceDescends, x.pair.TargetDescends = x.cmp.Forked, x.cmp.SourceDescends, x.cmp.TargetDescends
	if x.pair.SourceSince, err = x.touched(ctx, x.cmp.SourceSince); err != nil {
		return err
	}
	x.pair.TargetSince, err = x.touched(ctx, x.cmp.TargetSince)
	return err
}

// placedMerges are the merges that led to a state, with the positions of their commits.
func placedMerges(ctx context.Context, st branchdiff.State, branch uint32) ([]branching.Merged, error) {
	list, err := database.Merges(st.Snap)
	var out []branching.Merged
	for _, m := range list {
		if m.At == 0 {
			if m.Into != branch {
				return nil, pgerr.New(pgerr.ObjectNotInPrerequisiteState, "a merge that branch \"%s\" comes from is not recorded as a whole", st.DB.Branch).
					WithHint("Compare the branch that was merged into with another one, and merge that again.")
			}
			if m, err = st.DB.Place(ctx, m); err != nil {
				return nil, err
			}
		}
		out = append(out, branching.Merged{Into: m.Into, At: m.At, From: m.From, FromLSN: m.FromLSN})
	}
	return out, err
}

// touched reads what the logs of stretches name; nil if one of them is not kept.
func (x *comparison) touched(ctx context.Context, list []branching.Stretch) (*engine.Touched, error) {
	t := engine.NewTouched()
	for _, s := range list {
		h, err := x.cmp.Open(ctx, s.Branch)
		if errors.Is(err, branching.ErrNoBranch) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		t, err = branchdiff.Touch(ctx, t, h.Runtime.(*runtime).Engine, s.From, s.To)
		h.Release()
		if t == nil || err != nil {
			return nil, err
		}
	}
	return t, nil
}

// openBase builds the base from the restore window of a branch that has it. The rows of lake tables that were in files then are read from
// that branch's files, which are kept as long.
func (x *comparison) openBase(ctx context.Context) (*branchdiff.State, error) {
	b := &x.base
	var err error
	b.release, err = x.cmp.OpenBase(ctx, func(from *branching.Handle, dir string, p branching.Point) error {
		if _, err := from.Runtime.(*runtime).Engine.Restore(ctx, dir, engine.Point(p), nil); err != nil {
			return err
		}
		var err error
		b.db, err = database.Open(ctx, database.Options{Name: from.Where.Database, Branch: from.Where.Branch, ID: from.Where.DatabaseID, Logger: x.c.log,
			Engine: engine.Options{Dir: dir, CacheBytes: 8 << 20, Logger: x.c.log}})
		if err != nil {
			return err
		}
		if b.files, err = x.cmp.Open(ctx, from.Where.BranchID); err != nil {
			return errors.Join(err, b.db.Close())
		}
		if m := b.files.Runtime.(*runtime).mirror; m != nil {
			b.db.Engine.SetCold(&pastLakes{m: m, open: map[string]engine.ColdRows{}})
		}
		return nil
	})
	if err != nil {
		return nil, compareError(x.cmp.Source.Where.Branch, x.cmp.Target.Where.Branch, err)
	}
	st, err := branchdiff.See(b.db)
	b.snap = st.Snap
	return &st, err
}

// pastLakes reads rows of lake tables as they were. It is for one goroutine.
type pastLakes struct {
	m    *mirror.Mirror
	open map[string]engine.ColdRows // by state record and loads
}

func (p *pastLakes) Rows(state []byte, loads [][]byte) (engine.ColdRows, error) {
	key := fmt.Sprintf("%q %q", state, loads)
	if c := p.open[key]; c != nil {
		return c, nil
	}
	c, err := p.m.PastRows(state, loads)
	if err == nil {
		p.open[key] = c
	}
	return c, err
}

func (x *comparison) close() {
	if b := &x.base; b.db != nil && b.files != nil {
		if b.snap != nil {
			b.snap.Release()
		}
		defer b.files.Release()
		if err := errors.Join(b.db.Close(), b.release()); err != nil {
			x.c.log.Warn("past state of a branch not removed", "error", err)
		}
	}
	if x.seen > 0 {
		x.pair.Source.Snap.Release()
	}
	if x.seen > 1 {
		x.pair.Target.Snap.Release()
	}
	if x.cmp != nil {
		x.cmp.Release()
	}
}

// compareError says why two branches cannot be compared.
func compareError(source, target string, err error) error {
	var outside *engine.OutsideError
	switch {
	case errors.Is(err, branching.ErrNoBranch):
		return pgerr.New(pgerr.UndefinedObject, "branch \"%s\" or branch \"%s\" does not exist", source, target).
			WithHint("SELECT name FROM tarn.branches lists the branches.")
	case errors.Is(err, branching.ErrUnrelated):
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "branches \"%s\" and \"%s\" have no state in common", source, target).
			WithHint("A branch WITH (schema_only = true) has no rows in common with its parent.")
	case errors.Is(err, branching.ErrManyBases):
		return pgerr.Unsupported("comparing branches that have several newest states in common").
			WithDetail("Both have merged from the same other branches at different times.")
	case errors.As(err, &outside):
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "the state that branches \"%s\" and \"%s\" come from is not kept any more", source, target).
			WithDetail("%s", outside.Error()).
			WithHint("tarn.restore_window and tarn.restore_window_size say how much of a branch's past is kept.")
	}
	return err
}

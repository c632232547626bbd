package branching

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	"github.com/tarndb/tarn/storage/wal"
)

var (
	// ErrUnrelated says that two branches have no state in common.
	ErrUnrelated = errors.New("branches have no common state")
	// ErrManyBases says that the newest states that two branches have in common are several, none of them a part of another.
	ErrManyBases = errors.New("branches have several newest common states")
)

// Merged says that a branch has, from the commit that ends at At on, everything that another one had at FromLSN.
type Merged struct {
	Into    uint32
	At      wal.LSN
	From    uint32
	FromLSN wal.LSN
}

// Position is a place of a branch's own log.
type Position struct {
	Branch uint32
	LSN    wal.LSN
}

// Stretch is a part of a branch's own log: what comes after From, up to To.
type Stretch struct {
	Branch   uint32
	From, To wal.LSN
}

// history is what a state comes from: of each branch the newest position of its own log.
type history map[uint32]wal.LSN

// come adds the states that one of a branch's positions comes from.
func (h history) come(d *Database, merged []Merged, p Position) {
	if at, there := h[p.Branch]; there && at >= p.LSN {
		return
	}
	h[p.Branch] = p.LSN
	if b := d.branchByID(p.Branch); b != nil && !b.Bare {
		if source := d.source(b); source != nil {
			h.come(d, merged, Position{source.ID, b.LSN})
		}
	}
	for _, m := range merged {
		if m.Into == p.Branch && m.At <= p.LSN {
			h.come(d, merged, Position{m.From, m.FromLSN})
		}
	}
}

// descends reports whether a state is made of another one without merges.
func (d *Database) descends(p, from Position) bool {
	h := history{}
	h.come(d, nil, p)
	return h.covers(from)
}

// covers reports whether a state is in the history.
func (h history) covers(p Position) bool {
	at, there := h[p.Branch]
	return there && at >= p.LSN
}

// common is the newest state that two histories share.
func common(d *Database, merged []Merged, a, b history) (Position, history, error) {
	var shared []Position
	for id, at := range a {
		if other, there := b[id]; there {
			shared = append(shared, Position{id, min(at, other)})
		}
	}
	var base Position
	var from history
	for _, p := range shared {
		h := history{}
		h.come(d, merged, p)
		all := true
		for _, q := range shared {
			all = all && h.covers(q)
		}
		if all {
			// Two that cover each other are one state: a branch and what it was made of.
			if from == nil || len(h) > len(from) {
				base, from = p, h
			}
		}
	}
	switch {
	case len(shared) == 0:
		return base, nil, ErrUnrelated
	case from == nil:
		return base, nil, ErrManyBases
	}
	return base, from, nil
}

// since are the parts of the logs that lead from one history to another that has it in it.
func (h history) since(d *Database, base history) (list []Stretch) {
	for id, to := range h {
		from, there := base[id]
		if !there {
			if b := d.branchByID(id); b != nil {
				from = b.LSN
			}
		}
		if from < to {
			list = append(list, Stretch{id, from, to})
		}
	}
	return list
}

// Sight is what a comparison sees of a branch: a position, and the merges that led to it.
type Sight struct {
	LSN    wal.LSN
	Merged []Merged
}

// Comparison is a source branch, which has changed, and a target that might have the changes, with the newest state that both come from.
type Comparison struct {
	Source, Target           *Handle
	SourceSince, TargetSince []Stretch
	Base                     Position
	// Forked: the base is that from which one branch was made, and nothing has been merged since.
	Forked bool
	// SourceDescends and TargetDescends: the branch's store goes back to the base itself, not by a merge, so that what its log does not
	// name since is as the base has it.
	SourceDescends, TargetDescends bool

	m        *Manager
	database string
}

// Compare opens two branches. look sees each of them once it is open; what is compared is what it has seen. Errors: ErrNoBranch,
// ErrUnrelated, ErrManyBases.
func (m *Manager) Compare(ctx context.Context, database, source, target string, look func(h *Handle) (Sight, error)) (_ *Comparison, err error) {
	c := &Comparison{m: m, database: database}
	defer func() {
		if err != nil {
			c.Release()
		}
	}()
	var sights [2]Sight
	for i, name := range []string{source, target} {
		h, err := m.Acquire(ctx, database, name)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			c.Source = h
		} else {
			c.Target = h
		}
		if sights[i], err = look(h); err != nil {
			return nil, err
		}
	}
	m.mu.Lock()
	d := m.mu.tree.clone().database(database)
	m.mu.Unlock()
	if d == nil {
		return nil, fmt.Errorf("%w: %s", ErrNoDatabase, database)
	}
	merged := slices.Concat(sights[0].Merged, sights[1].Merged)
	a, b := history{}, history{}
	a.come(d, merged, Position{c.Source.Where.BranchID, sights[0].LSN})
	b.come(d, merged, Position{c.Target.Where.BranchID, sights[1].LSN})
	var base history
	if c.Base, base, err = common(d, merged, a, b); err != nil {
		return nil, fmt.Errorf("%w: %s, %s", err, source, target)
	}
	c.SourceSince, c.TargetSince = a.since(d, base), b.since(d, base)
	c.SourceDescends = d.descends(Position{c.Source.Where.BranchID, sights[0].LSN}, c.Base)
	c.TargetDescends = d.descends(Position{c.Target.Where.BranchID, sights[1].LSN}, c.Base)
	c.Forked = !slices.ContainsFunc(merged, func(r Merged) bool {
		at := Position{r.Into, r.At}
		return (a.covers(at) || b.covers(at)) && !base.covers(at)
	})
	return c, nil
}

// Release closes what Compare has opened.
func (c *Comparison) Release() {
	for _, h := range []*Handle{c.Source, c.Target} {
		if h != nil {
			h.Release()
		}
	}
}

// Open opens a branch of the comparison's database by its number. Errors: ErrNoBranch.
func (c *Comparison) Open(ctx context.Context, branch uint32) (*Handle, error) {
	return c.m.acquire(ctx, c.database, func(d *Database) (*Branch, error) {
		if b := d.branchByID(branch); b != nil {
			return b, nil
		}
		return nil, fmt.Errorf("%w: number %d", ErrNoBranch, branch)
	})
}

var pastNumber atomic.Uint64

// OpenBase opens the base as a store of its own, which make builds in a directory out of a branch at a point of its past; whatever is
// open then is make's, and release removes the directory. Errors: those of a point.
func (c *Comparison) OpenBase(ctx context.Context, make func(from *Handle, dir string, p Point) error) (release func() error, err error) {
	from := []uint32{c.Base.Branch}
	c.m.mu.Lock()
	if d := c.m.mu.tree.database(c.database); d != nil {
		// Branches that were made of the base begin with it.
		for _, b := range d.Branches {
			if b.LSN == c.Base.LSN && !b.Bare {
				if s := d.source(b); s != nil && s.ID == c.Base.Branch {
					from = append(from, b.ID)
				}
			}
		}
	}
	c.m.mu.Unlock()
	dir := filepath.Join(filepath.Dir(c.Source.Where.Dir), fmt.Sprintf("past-%d", pastNumber.Add(1)))
	release = func() error { return os.RemoveAll(dir) }
	var errs error
	for _, id := range from {
		h, err := c.Open(ctx, id)
		if err == nil {
			err = errors.Join(os.RemoveAll(dir), make(h, dir, Point{LSN: c.Base.LSN}))
			h.Release()
		}
		if err == nil {
			return release, nil
		}
		errs = errors.Join(errs, err, release())
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errs
}

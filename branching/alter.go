package branching

import (
	"context"
	"errors"
	"fmt"
	"time"
)

var (
	// ErrNoParent says that a branch has no parent to be reset to.
	ErrNoParent = errors.New("branch has no parent")
	// ErrMain says that something would take the branch away that a database's name alone means.
	ErrMain = errors.New("branch is the database's main one")
)

// AlterBranch changes a branch's entry: when it expires, whether it is protected.
func (m *Manager) AlterBranch(database, name string, f func(b *Branch) error) error {
	m.change.Lock()
	defer m.change.Unlock()
	return m.alter(database, func(d *Database) error {
		b := d.branch(name)
		if b == nil {
			return fmt.Errorf("%w: %s", ErrNoBranch, name)
		}
		return f(b)
	})
}

// RenameBranch gives a branch another name. Errors: ErrNoBranch, ErrBranchExists, ErrMain, ErrInUse (somebody is connected).
func (m *Manager) RenameBranch(ctx context.Context, database, name, to string) error {
	m.change.Lock()
	defer m.change.Unlock()
	d, b, err := m.find(database, name)
	switch {
	case err != nil:
		return err
	case d.branch(to) != nil || m.making[database+"@"+to] != "":
		return fmt.Errorf("%w: %s", ErrBranchExists, to)
	case name == MainBranch:
		return fmt.Errorf("%w: %s", ErrMain, name)
	}
	_, release, err := m.evict(ctx, d, []uint32{b.ID}) // an open branch knows its name
	defer release()
	if err != nil {
		return err
	}
	return m.alter(database, func(d *Database) error {
		b := d.branch(name)
		b.Warehouse, b.Name = d.warehouse(b), to
		return nil
	})
}

// find returns a branch as it is now.
func (m *Manager) find(database, name string) (*Database, *Branch, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.findLocked(database, name)
}

func (m *Manager) findLocked(database, name string) (*Database, *Branch, error) {
	d := m.mu.tree.database(database)
	if d == nil {
		return nil, nil, fmt.Errorf("%w: %s", ErrNoDatabase, database)
	}
	b := d.branch(name)
	if b == nil {
		return nil, nil, fmt.Errorf("%w: %s", ErrNoBranch, name)
	}
	return d, b, nil
}

// ResetBranch puts a copy of a point of the branch's own past in its place, or of its parent's present state if to is the present.
// The name, the number of children and what else was said of it stay; its store and the directory of its Delta tables are others. The
// branch as it was stays, without a name, so that points of its past can be asked for, the last one included: positions that both
// have are the new one's. Errors: ErrNoBranch, ErrProtected, ErrNoParent, ErrInUse (somebody is connected), those of a point.
func (m *Manager) ResetBranch(ctx context.Context, database, name string, to Point) error {
	d, old, err := m.find(database, name)
	if err != nil {
		return err
	}
	if old.Protected {
		return fmt.Errorf("%w: %s", ErrProtected, name)
	}
	var source *Handle
	if to.Present() {
		if old.Parent == 0 {
			return fmt.Errorf("%w: %s", ErrNoParent, name)
		}
		source, err = m.acquire(ctx, database, func(d *Database) (*Branch, error) {
			if p := d.branchByID(old.Parent); p != nil {
				return p, nil
			}
			return nil, fmt.Errorf("%w: %s", ErrNoParent, name)
		})
	} else {
		source, err = m.acquirePast(ctx, database, name, to)
	}
	if err != nil {
		return err
	}
	defer source.Release()
	// Asked before anything is made; whoever comes later is found at the end.
	if m.inUse(old.ID, source) {
		return fmt.Errorf("%w: %s", ErrInUse, name)
	}
	b := &Branch{Name: name, Created: time.Now().UTC(), CreatedBy: old.CreatedBy, Expires: old.Expires}
	where, done, err := m.reserve(database, b, true)
	if err != nil {
		return err
	}
	defer done()
	if to.Present() {
		b.LSN, err = m.checkpoint(ctx, source.Runtime, where)
	} else {
		err = m.restore(ctx, source, where, to, b)
	}
	if err != nil {
		return err
	}
	sourceID := source.Where.BranchID
	source.Release()
	if err := m.replace(ctx, d, old.ID, sourceID, b); err != nil {
		return errors.Join(err, m.removeStores([]Where{where}))
	}
	return m.unmark(where)
}

// replace puts b, a copy of the source, into the place of a branch.
func (m *Manager) replace(ctx context.Context, d *Database, id, source uint32, b *Branch) error {
	m.change.Lock()
	defer m.change.Unlock()
	_, release, err := m.evict(ctx, d, []uint32{id})
	defer release()
	if err != nil {
		return err
	}
	return m.alter(d.Name, func(d *Database) error {
		old := d.branchByID(id)
		if old == nil || old.Hidden() {
			return fmt.Errorf("%w: %s", ErrNoBranch, b.Name)
		}
		if d.live(d.branchByID(source)) == old {
			b.Parent, b.Source, b.Depth = old.Parent, source, old.Depth
		} else {
			d.descend(b, d.branchByID(source))
		}
		old.Warehouse = d.warehouse(old)
		old.Name, old.Next, old.Replaced, old.Expires = "", b.ID, b.Created, time.Time{}
		for _, c := range d.Branches {
			if c.Parent == id && !c.Hidden() {
				if c.Parent = b.ID; c.Source == 0 {
					c.Source = id
				}
			}
		}
		d.Branches = append(d.Branches, b)
		return nil
	})
}

// inUse reports whether somebody but own uses a branch.
func (m *Manager) inUse(id uint32, own *Handle) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.mu.open[id]
	return s != nil && (s.refs > 1 || s.refs == 1 && s != own.slot)
}

// expire drops the branches whose time has come and that nobody uses, and forgets those that resets have replaced when their past cannot
// be asked for any more. What cannot go is tried again.
func (m *Manager) expire(now time.Time) {
	type due struct {
		database, name string
		id             uint32
	}
	var list []due
	for _, d := range m.Databases() {
		for _, b := range d.Branches {
			if b.Hidden() && b.Replaced.Add(m.window(d)).Before(now) || !b.Hidden() && !b.Expires.IsZero() && b.Expires.Before(now) && !b.Protected {
				list = append(list, due{d.Name, b.Name, b.ID})
			}
		}
	}
	for _, x := range list {
		var err error
		if x.name != "" {
			if err = m.DropBranch(context.Background(), x.database, x.name, false); err == nil {
				m.opts.Logger.Info("branch expired", "database", x.database, "branch", x.name)
			}
		} else {
			err = m.forgetReplaced(x.database, x.id)
		}
		if err != nil && !errors.Is(err, ErrInUse) && !errors.Is(err, ErrHasChildren) && !errors.Is(err, ErrNoBranch) {
			m.opts.Logger.Warn("expired branch not removed", "database", x.database, "branch", x.name, "error", err)
		}
	}
}

func (m *Manager) window(d *Database) time.Duration {
	if m.opts.Window == nil {
		return 0
	}
	return m.opts.Window(d.Name)
}

// forgetReplaced removes a branch that a reset has replaced.
func (m *Manager) forgetReplaced(database string, id uint32) error {
	m.change.Lock()
	defer m.change.Unlock()
	m.mu.Lock()
	d := m.mu.tree.database(database)
	m.mu.Unlock()
	if d == nil || d.branchByID(id) == nil {
		return nil
	}
	wheres, release, err := m.evict(context.Background(), d, []uint32{id})
	defer release()
	if err != nil {
		return err
	}
	if err := m.markAll(wheres); err != nil {
		return err
	}
	return m.removeBranches(database, []uint32{id}, wheres)
}

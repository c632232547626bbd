package branching

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tarndb/tarn/storage/wal"
)

// Point is a moment of a branch's past: a position, or a time when Time is not zero. The zero Point is the present.
type Point struct {
	LSN  wal.LSN
	Time time.Time
}

// Present reports whether the point is the present.
func (p Point) Present() bool { return p.LSN == 0 && p.Time.IsZero() }

// precedes reports whether the point is before the branch's own history, in its parent's.
func (p Point) precedes(b *Branch) bool {
	if !p.Time.IsZero() {
		return p.Time.Before(b.from())
	}
	return p.LSN < b.LSN
}

// from is the time of the point that the branch starts from. Earlier versions noted 1970 where it was the beginning of another branch.
func (b *Branch) from() time.Time {
	if b.At.IsZero() || b.At.UnixMicro() == 0 {
		return b.Created
	}
	return b.At
}

// BeginningError says that a point is before the beginning of a branch that has no parent any more.
type BeginningError struct {
	Branch string
	LSN    wal.LSN
	Time   time.Time
}

func (e *BeginningError) Error() string {
	return fmt.Sprintf("branch %s begins at %s (%s)", e.Branch, e.LSN, e.Time.UTC().Format(time.RFC3339))
}

// history is the branch whose own log has a point of a branch's past: the branch, the one that a reset has put it in the place of, or
// the ancestor that it was then.
func (d *Database) history(b *Branch, p Point) (*Branch, error) {
	for {
		if old := d.before(b); old != nil && !p.Time.IsZero() && p.Time.Before(b.Created) {
			b = old
			continue
		}
		if !p.precedes(b) {
			return b, nil
		}
		source := d.source(b)
		if source == nil {
			return nil, &BeginningError{Branch: d.live(b).Name, LSN: b.LSN, Time: b.from()}
		}
		b = source
	}
}

// acquirePast opens the branch whose own log has a point of a branch's past. A position that the branch has not come to may be one
// that it had before a reset.
func (m *Manager) acquirePast(ctx context.Context, database, name string, p Point) (*Handle, error) {
	skip := 0
	for {
		more := false
		h, err := m.acquire(ctx, database, func(d *Database) (*Branch, error) {
			b := d.branch(name)
			if b == nil {
				return nil, fmt.Errorf("%w: %s", ErrNoBranch, name)
			}
			for range skip {
				b = d.before(b)
			}
			more = d.before(b) != nil
			return d.history(b, p)
		})
		if err != nil || !more || !p.Time.IsZero() || p.LSN <= h.Runtime.LSN() {
			return h, err
		}
		h.Release()
		skip++
	}
}

// createPast makes a branch of a point of the parent's past. Others create and drop branches while its store is made.
func (m *Manager) createPast(ctx context.Context, database, name string, o CreateOptions) (Branch, error) {
	source, err := m.acquirePast(ctx, database, o.Parent, o.At)
	if err != nil {
		return Branch{}, err
	}
	defer source.Release()
	b := &Branch{Name: name, Created: time.Now().UTC(), CreatedBy: o.CreatedBy, Expires: o.Expires, Protected: o.Protected, Bare: o.SchemaOnly}
	where, release, err := m.reserve(database, b, false)
	if err != nil {
		return Branch{}, err
	}
	defer release()
	if err := m.restore(ctx, source, where, o.At, b); err != nil {
		return Branch{}, err
	}
	if err := m.empty(ctx, where, o.SchemaOnly); err != nil {
		return Branch{}, err
	}
	m.change.Lock()
	defer m.change.Unlock()
	err = m.update(func(t *Tree) error {
		d := t.database(database)
		if d == nil {
			return fmt.Errorf("%w: %s", ErrNoDatabase, database)
		}
		if d.branch(name) != nil {
			return fmt.Errorf("%w: %s", ErrBranchExists, name)
		}
		d.descend(b, d.branchByID(source.Where.BranchID))
		d.Branches = append(d.Branches, b)
		return nil
	})
	if err != nil {
		return Branch{}, errors.Join(err, m.removeStores([]Where{where}))
	}
	return *b, m.unmark(where)
}

// descend makes b a child of source, whose log leads to b's first position and which cannot go meanwhile.
func (d *Database) descend(b, source *Branch) {
	p := d.live(source)
	b.Parent, b.Depth = p.ID, p.Depth+1
	if p != source {
		b.Source = source.ID
	}
}

// reserve gives a branch that is being made its number and directories; nobody else takes its name until release. there says that
// another branch has the name, which the new one replaces.
func (m *Manager) reserve(database string, b *Branch, there bool) (w Where, release func(), err error) {
	m.change.Lock()
	defer m.change.Unlock()
	key := database + "@" + b.Name
	err = m.update(func(t *Tree) error {
		d := t.database(database)
		if d == nil {
			return fmt.Errorf("%w: %s", ErrNoDatabase, database)
		}
		if (d.branch(b.Name) != nil) != there || m.making[key] != "" {
			return fmt.Errorf("%w: %s", ErrBranchExists, b.Name)
		}
		b.ID = t.newID()
		d.Branches = append(d.Branches, b)
		t.settle(d, b)
		w = m.where(d, b)
		d.Branches = d.Branches[:len(d.Branches)-1]
		for _, taken := range m.making {
			if taken == w.Warehouse {
				w.Warehouse = b.apart(taken)
			}
		}
		return nil
	})
	if err != nil {
		return w, nil, err
	}
	b.Warehouse = w.Warehouse // whatever the names are by then
	m.making[key] = w.Warehouse
	return w, func() {
		m.change.Lock()
		delete(m.making, key)
		m.change.Unlock()
	}, nil
}

// began is from of an open branch.
func (m *Manager) began(w Where) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.mu.tree.Databases {
		if b := d.branchByID(w.BranchID); d.ID == w.DatabaseID && b != nil {
			return b.from()
		}
	}
	return time.Time{}
}

// restore makes the store of a branch that the tree does not name yet; a failure leaves nothing behind.
func (m *Manager) restore(ctx context.Context, from *Handle, to Where, p Point, b *Branch) error {
	if err := os.MkdirAll(filepath.Dir(to.Dir), 0o700); err != nil {
		return err
	}
	if err := m.mark(to); err != nil {
		return err
	}
	at, err := from.Runtime.Restore(ctx, to, p)
	if err == nil {
		err = syncDir(filepath.Dir(to.Dir))
	}
	if err != nil {
		return errors.Join(err, m.removeStores([]Where{to}))
	}
	m.opts.Step("branch stored")
	if at.Time.IsZero() {
		at.Time = m.began(from.Where)
	}
	b.LSN, b.At = at.LSN, at.Time.UTC()
	return nil
}

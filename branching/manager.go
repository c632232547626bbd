package branching

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tarndb/tarn/storage/wal"
)

// Errors that callers tell apart.
var (
	ErrNoDatabase     = errors.New("database does not exist")
	ErrDatabaseExists = errors.New("database already exists")
	ErrNoBranch       = errors.New("branch does not exist")
	ErrBranchExists   = errors.New("branch already exists")
	ErrInUse          = errors.New("branch is in use")
	ErrHasChildren    = errors.New("branch has children")
	ErrProtected      = errors.New("branch is protected")
	ErrLastBranch     = errors.New("branch is the last one")
	ErrClosed         = errors.New("server is shutting down")
)

// Runtime is what runs on one open store.
type Runtime interface {
	// Checkpoint makes to.Dir a store of its own that equals this one at the returned position, which is taken in the
	// commit path: nothing acknowledged before the call is missing (I6). What belongs to it in the warehouse is in
	// to.Warehouse.
	Checkpoint(ctx context.Context, to Where) (wal.LSN, error)
	// Restore is Checkpoint at a point of the store's past; it returns the last commit that is in the copy, with a zero time where that is
	// from before the store began. Errors: those that say
	// that the point is outside of what is kept, and others.
	Restore(ctx context.Context, to Where, p Point) (Point, error)
	// LSN is the newest visible position.
	LSN() wal.LSN
	// Busy reports whether work goes on that Close would throw away: an idle branch is not closed meanwhile.
	Busy() bool
	Close() error
}

// Where names an open branch for Options.Open.
type Where struct {
	Database, Branch     string
	DatabaseID, BranchID uint32
	Dir                  string
	// Warehouse is the directory of its Delta tables; no other branch has it.
	Warehouse string
}

// Options configure a Manager.
type Options struct {
	Dir    string
	Open   func(ctx context.Context, w Where) (Runtime, error)
	Logger *slog.Logger
	// IdleTimeout closes a branch that nobody uses; default a minute.
	IdleTimeout time.Duration
	// Forget tells that a branch's store is gone for good, so that what others keep beside it can go too. What fails is asked for again
	// at the next start.
	Forget func(w Where) error
	// Empty takes the rows of all tables out of a store that nobody has open, and everything that Forget removes.
	Empty func(ctx context.Context, w Where) error
	// Warehouse is the directory of the warehouse; empty: it is not on this machine, and State does not count what is there.
	Warehouse string
	// Window is how long the past of a database's branches is kept; nil: not at all.
	Window func(database string) time.Duration
	// Step is called between the steps of what must survive a kill, with the name of the place; it may end the process. For tests. The
	// places: branch marked, branch stored (the tree does not name it), tree written, branch forgotten (its Delta tables are gone), store
	// removed.
	Step func(where string)
}

// Manager owns the tree and the open stores.
type Manager struct {
	opts Options
	// change serialises everything that writes the tree; it is taken before mu.
	change sync.Mutex
	file   *treeFile         // protected by change
	making map[string]string // directory in the warehouse by database@branch of stores that are being made; protected by change
	mu     struct {
		sync.Mutex
		tree   *Tree
		open   map[uint32]*slot // by branch id
		closed bool
	}
	gen  atomic.Uint64
	stop chan struct{}
	wg   sync.WaitGroup
}

// slot is a branch that is open or being opened or closed.
type slot struct {
	ready   chan struct{} // closed when runtime or err is there
	runtime Runtime
	err     error
	refs    int
	idle    time.Time // since when refs is 0
	closing bool
	gone    chan struct{} // closed when the runtime is closed
}

// Open reads the tree of a data directory, made with database postgres when there is none.
func Open(o Options) (*Manager, error) {
	if o.IdleTimeout == 0 {
		o.IdleTimeout = time.Minute
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Step == nil {
		o.Step = func(string) {}
	}
	m := &Manager{opts: o, stop: make(chan struct{}), making: map[string]string{}}
	m.mu.open = map[uint32]*slot{}
	if err := os.MkdirAll(filepath.Join(o.Dir, "stores"), 0o700); err != nil {
		return nil, err
	}
	file, tree, err := openTreeFile(o.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		tree = &Tree{Format: treeFormat, NextID: 16384}
		tree.addDatabase("postgres", superuserID)
		tree.Roles = []*Role{{ID: superuserID, Name: "postgres", Super: true, Inherit: true, CreateRole: true, CreateDB: true,
			Login: true, Replication: true, BypassRLS: true, ConnLimit: -1}}
		file, err = makeTreeFile(o.Dir, tree)
	}
	if err != nil {
		return nil, fmt.Errorf("open data directory %s: %w", o.Dir, err)
	}
	m.file, m.mu.tree = file, tree
	if err := m.removeDebris(filepath.Join(o.Dir, "stores")); err != nil {
		return nil, fmt.Errorf("open data directory %s: remove debris: %w", o.Dir, err)
	}
	m.wg.Add(1)
	go m.reap()
	return m, nil
}

// superuserID is the OID of PostgreSQL's bootstrap superuser.
const superuserID = 10

func (t *Tree) newID() uint32 {
	t.NextID++
	return t.NextID - 1
}

func (t *Tree) addDatabase(name string, owner uint32) *Database {
	d := &Database{ID: t.newID(), Name: name, Owner: owner, Created: time.Now().UTC()}
	d.Branches = []*Branch{{ID: t.newID(), Name: MainBranch, Created: d.Created}}
	t.Databases = append(t.Databases, d)
	return d
}

// Handle is a reference to an open branch. The branch stays open until Release.
type Handle struct {
	m       *Manager
	slot    *slot
	Where   Where
	once    sync.Once
	Runtime Runtime
}

func (h *Handle) Release() {
	h.once.Do(func() {
		h.m.mu.Lock()
		defer h.m.mu.Unlock()
		h.slot.refs--
		if h.slot.refs == 0 {
			h.slot.idle = time.Now()
		}
	})
}

// Acquire opens a branch, or joins those who use it. Errors: ErrNoDatabase, ErrNoBranch, ErrClosed, and what Open gives.
func (m *Manager) Acquire(ctx context.Context, database, branch string) (*Handle, error) {
	return m.acquire(ctx, database, func(d *Database) (*Branch, error) {
		if b := d.branch(branch); b != nil {
			return b, nil
		}
		return nil, fmt.Errorf("%w: %s", ErrNoBranch, branch)
	})
}

// acquire is Acquire of the branch that find chooses.
func (m *Manager) acquire(ctx context.Context, database string, find func(d *Database) (*Branch, error)) (*Handle, error) {
	for {
		m.mu.Lock()
		if m.mu.closed {
			m.mu.Unlock()
			return nil, ErrClosed
		}
		d := m.mu.tree.database(database)
		if d == nil {
			m.mu.Unlock()
			return nil, fmt.Errorf("%w: %s", ErrNoDatabase, database)
		}
		b, err := find(d)
		if err != nil {
			m.mu.Unlock()
			return nil, err
		}
		w := m.where(d, b)
		s := m.mu.open[b.ID]
		if s != nil && s.closing {
			m.mu.Unlock()
			select {
			case <-s.gone:
				continue
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
		if s == nil {
			s = &slot{ready: make(chan struct{}), gone: make(chan struct{}), refs: 1}
			m.mu.open[b.ID] = s
			m.mu.Unlock()
			// The open serves everybody who waits for it, so it does not end with this caller's context.
			s.runtime, s.err = m.opts.Open(context.WithoutCancel(ctx), w)
			if s.err != nil {
				m.mu.Lock()
				delete(m.mu.open, b.ID)
				m.mu.Unlock()
				close(s.gone)
			}
			close(s.ready)
		} else {
			s.refs++
			m.mu.Unlock()
		}
		h := &Handle{m: m, slot: s, Where: w}
		select {
		case <-s.ready:
		case <-ctx.Done():
			h.Release()
			return nil, context.Cause(ctx)
		}
		if s.err != nil {
			h.Release()
			return nil, fmt.Errorf("open branch %s@%s: %w", database, b.Name, s.err)
		}
		h.Runtime = s.runtime
		return h, nil
	}
}

// EachOpen calls f with the branches that are open, by name. It runs under the manager's lock, so that none of them closes meanwhile: f
// must be quick and must not call the manager.
func (m *Manager) EachOpen(f func(w Where, r Runtime)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.mu.tree.Databases {
		for _, b := range d.Branches {
			s := m.mu.open[b.ID]
			if s == nil || s.closing || b.Hidden() {
				continue
			}
			select {
			case <-s.ready:
				if s.err == nil {
					f(m.where(d, b), s.runtime)
				}
			default:
			}
		}
	}
}

func (m *Manager) where(d *Database, b *Branch) Where {
	return Where{Database: d.Name, Branch: b.Name, DatabaseID: d.ID, BranchID: b.ID, Dir: m.dir(d.ID, b.ID), Warehouse: d.warehouse(b)}
}

func (m *Manager) dir(database, branch uint32) string {
	return filepath.Join(m.opts.Dir, "stores", fmt.Sprint(database), fmt.Sprint(branch))
}

// update changes a copy of the tree and puts it in force once it is on disk.
func (m *Manager) update(f func(t *Tree) error) error {
	m.mu.Lock()
	old := m.mu.tree
	m.mu.Unlock()
	t := old.clone()
	if err := f(t); err != nil {
		return err
	}
	if err := m.file.write(old, t); err != nil {
		return fmt.Errorf("write branch tree: %w", err)
	}
	m.opts.Step("tree written")
	m.mu.Lock()
	m.mu.tree = t
	m.mu.Unlock()
	m.gen.Add(1)
	return nil
}

// Generation grows with every change of the tree, after the change can be seen.
func (m *Manager) Generation() uint64 { return m.gen.Load() }

// CreateOptions of a branch.
type CreateOptions struct {
	Parent    string // default: main
	CreatedBy string
	Expires   time.Time
	Protected bool
	At        Point // default: the present
	// SchemaOnly leaves the rows out.
	SchemaOnly bool
}

// CreateBranch makes a branch of the parent's state, present or past, and returns it.
func (m *Manager) CreateBranch(ctx context.Context, database, name string, o CreateOptions) (Branch, error) {
	if o.Parent == "" {
		o.Parent = MainBranch
	}
	if !o.At.Present() {
		return m.createPast(ctx, database, name, o)
	}
	parent, err := m.Acquire(ctx, database, o.Parent)
	if err != nil {
		return Branch{}, err
	}
	defer parent.Release()
	m.change.Lock()
	defer m.change.Unlock()
	var made Branch
	var where Where
	err = m.update(func(t *Tree) error {
		d := t.database(database)
		if d == nil {
			return fmt.Errorf("%w: %s", ErrNoDatabase, database)
		}
		p := d.branchByID(parent.Where.BranchID)
		if p == nil {
			return fmt.Errorf("%w: %s", ErrNoBranch, o.Parent)
		}
		if d.branch(name) != nil || m.making[database+"@"+name] != "" {
			return fmt.Errorf("%w: %s", ErrBranchExists, name)
		}
		b := &Branch{ID: t.newID(), Name: name, Parent: p.ID, Depth: p.Depth + 1, Created: time.Now().UTC(), CreatedBy: o.CreatedBy,
			Expires: o.Expires, Protected: o.Protected, Bare: o.SchemaOnly}
		d.Branches = append(d.Branches, b)
		t.settle(d, b)
		where = m.where(d, b)
		if b.LSN, err = m.checkpoint(ctx, parent.Runtime, where); err != nil {
			return err
		}
		if err := m.empty(ctx, where, o.SchemaOnly); err != nil {
			return err
		}
		made = *b
		return nil
	})
	if err != nil {
		return Branch{}, err
	}
	return made, m.unmark(where)
}

// checkpoint makes the store of a branch that the tree on disk does not name yet; a failure leaves nothing behind.
func (m *Manager) checkpoint(ctx context.Context, from Runtime, to Where) (wal.LSN, error) {
	// Left from an attempt whose tree was not written.
	if err := os.RemoveAll(to.Dir); err != nil {
		return 0, err
	}
	if err := os.MkdirAll(filepath.Dir(to.Dir), 0o700); err != nil {
		return 0, err
	}
	if err := m.mark(to); err != nil {
		return 0, err
	}
	lsn, err := from.Checkpoint(ctx, to)
	if err == nil {
		err = syncDir(filepath.Dir(to.Dir))
	}
	if err != nil {
		return 0, errors.Join(fmt.Errorf("copy store: %w", err), m.removeStores([]Where{to}))
	}
	m.opts.Step("branch stored")
	return lsn, nil
}

// empty leaves the rows out of a store that is being made, if they are to be; a failure leaves nothing behind.
func (m *Manager) empty(ctx context.Context, w Where, schemaOnly bool) error {
	if !schemaOnly {
		return nil
	}
	if err := m.opts.Empty(ctx, w); err != nil {
		return errors.Join(fmt.Errorf("leave out rows: %w", err), m.removeStores([]Where{w}))
	}
	return nil
}

// mark notes beside a branch's store that it is being made or removed, and where its Delta tables are. At the next start those
// of a branch that the tree does not name go (removeDebris). unmark takes the note back.
func (m *Manager) mark(w Where) error {
	err := os.WriteFile(w.Dir+markSuffix, []byte(w.Warehouse+"\n"), 0o600)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a database of which no branch was ever opened has nothing
		return err
	}
	m.opts.Step("branch marked")
	return nil
}

func (m *Manager) unmark(w Where) error {
	err := os.Remove(w.Dir + markSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

const markSuffix = ".warehouse"

// DropBranch removes a branch, with cascade also its descendants. Errors: ErrNoBranch, ErrInUse (somebody is
// connected), ErrHasChildren, ErrProtected, ErrLastBranch.
func (m *Manager) DropBranch(ctx context.Context, database, name string, cascade bool) error {
	m.change.Lock()
	defer m.change.Unlock()
	d, doomed, err := m.subtree(database, name, cascade)
	if err != nil {
		return err
	}
	// Closed first, so that nobody can come in between; a refusal lets them be opened again.
	wheres, release, err := m.evict(ctx, d, doomed)
	defer release()
	if err != nil {
		return err
	}
	if err := m.markAll(wheres); err != nil {
		return err
	}
	return m.removeBranches(database, doomed, wheres)
}

// removeBranches takes marked branches that nobody can open out of the tree, and their stores away.
func (m *Manager) removeBranches(database string, ids []uint32, wheres []Where) error {
	err := m.update(func(t *Tree) error {
		t.database(database).forget(ids)
		return nil
	})
	if err != nil {
		return err
	}
	return m.removeStores(wheres)
}

func (m *Manager) markAll(wheres []Where) error {
	for _, w := range wheres {
		if err := m.mark(w); err != nil {
			return err
		}
	}
	return nil
}

func (m *Manager) removeStores(wheres []Where) error {
	var errs error
	for _, w := range wheres {
		forgotten := m.forget(w)
		m.opts.Step("branch forgotten")
		errs = errors.Join(errs, os.RemoveAll(w.Dir))
		m.opts.Step("store removed")
		if forgotten {
			errs = errors.Join(errs, m.unmark(w))
		}
	}
	return errs
}

// forget reports whether nothing is left of what others keep.
func (m *Manager) forget(w Where) bool {
	if m.opts.Forget == nil {
		return true
	}
	err := m.opts.Forget(w)
	if err != nil {
		m.opts.Logger.Warn("Delta tables of a dropped branch are not removed before the next start", "directory", w.Warehouse, "error", err)
	}
	return err == nil
}

// removeDatabase removes the directory of a database that is gone, and its stores. Marks stay, with what is to be forgotten.
func removeDatabase(dir string) error {
	marks, err := filepath.Glob(filepath.Join(dir, "*"+markSuffix))
	if err != nil {
		return err
	}
	if len(marks) == 0 {
		return os.RemoveAll(dir)
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range list {
		if !strings.HasSuffix(e.Name(), markSuffix) {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// subtree lists the branches that a drop would remove and checks that it may.
func (m *Manager) subtree(database, name string, cascade bool) (*Database, []uint32, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, b, err := m.findLocked(database, name)
	if err != nil {
		return nil, nil, err
	}
	doomed := []uint32{b.ID}
	for i := 0; i < len(doomed); i++ {
		for _, c := range d.Branches {
			if c.Parent != doomed[i] || c.Hidden() {
				continue
			}
			if !cascade {
				return nil, nil, fmt.Errorf("%w: %s", ErrHasChildren, c.Name)
			}
			doomed = append(doomed, c.ID)
		}
	}
	for _, id := range doomed {
		if c := d.branchByID(id); c.Protected {
			return nil, nil, fmt.Errorf("%w: %s", ErrProtected, c.Name)
		}
	}
	left := 0
	for _, c := range d.Branches {
		switch l := d.live(c); {
		case !contains(doomed, l.ID):
			left++
		case c != l:
			doomed = append(doomed, c.ID)
		}
	}
	if left == 0 {
		return nil, nil, fmt.Errorf("%w: %s", ErrLastBranch, name)
	}
	return d, doomed, nil
}

// evict closes branches that nobody uses and keeps them shut until release.
func (m *Manager) evict(ctx context.Context, d *Database, ids []uint32) (wheres []Where, release func(), err error) {
	shut := map[uint32]*slot{}
	release = func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		for id, s := range shut {
			if m.mu.open[id] == s {
				delete(m.mu.open, id)
			}
			close(s.gone)
		}
	}
	for _, id := range ids {
		b := d.branchByID(id)
		wheres = append(wheres, m.where(d, b))
		m.mu.Lock()
		s := m.mu.open[id]
		for s != nil && s.closing {
			m.mu.Unlock()
			<-s.gone
			m.mu.Lock()
			s = m.mu.open[id]
		}
		if s != nil && s.refs > 0 {
			m.mu.Unlock()
			return nil, release, fmt.Errorf("%w: %s", ErrInUse, b.Name)
		}
		if s == nil {
			s = &slot{gone: make(chan struct{})}
			m.mu.open[id] = s
		}
		s.closing = true
		shut[id] = s
		r := s.runtime
		s.runtime = nil
		m.mu.Unlock()
		if r != nil {
			if err := r.Close(); err != nil {
				m.opts.Logger.Error("close branch", "branch", b.Name, "error", err)
			}
		}
	}
	return wheres, release, ctx.Err()
}

func contains(ids []uint32, id uint32) bool {
	for _, x := range ids {
		if x == id {
			return true
		}
	}
	return false
}

// CreateDatabase makes a database: empty, or as a copy of template's main branch by the same mechanism as a branch.
func (m *Manager) CreateDatabase(ctx context.Context, name, template string, owner uint32) error {
	var from *Handle
	if template != "" {
		var err error
		if from, err = m.Acquire(ctx, template, MainBranch); err != nil {
			return err
		}
		defer from.Release()
	}
	m.change.Lock()
	defer m.change.Unlock()
	var made Where
	err := m.update(func(t *Tree) error {
		if t.database(name) != nil {
			return fmt.Errorf("%w: %s", ErrDatabaseExists, name)
		}
		d := t.addDatabase(name, owner)
		t.settle(d, d.Branches[0])
		if from == nil {
			return nil
		}
		made = m.where(d, d.Branches[0])
		lsn, err := m.checkpoint(ctx, from.Runtime, made)
		d.Branches[0].LSN = lsn
		return err
	})
	if err != nil || from == nil {
		return err
	}
	return m.unmark(made)
}

// DropDatabase removes a database with all of its branches. Errors: ErrNoDatabase, ErrInUse.
func (m *Manager) DropDatabase(ctx context.Context, name string) error {
	m.change.Lock()
	defer m.change.Unlock()
	m.mu.Lock()
	d := m.mu.tree.database(name)
	m.mu.Unlock()
	if d == nil {
		return fmt.Errorf("%w: %s", ErrNoDatabase, name)
	}
	wheres, release, err := m.evict(ctx, d, d.branchIDs())
	defer release()
	if err != nil {
		return err
	}
	if err := m.markAll(wheres); err != nil {
		return err
	}
	err = m.update(func(t *Tree) error {
		kept := t.Databases[:0]
		for _, x := range t.Databases {
			if x.ID != d.ID {
				kept = append(kept, x)
			}
		}
		t.Databases = kept
		return nil
	})
	if err != nil {
		return err
	}
	return errors.Join(m.removeStores(wheres), removeDatabase(filepath.Join(m.opts.Dir, "stores", fmt.Sprint(d.ID))))
}

// AlterDatabase changes a database's entry (owner, settings).
func (m *Manager) AlterDatabase(name string, f func(*Database) error) error {
	m.change.Lock()
	defer m.change.Unlock()
	return m.alter(name, f)
}

func (m *Manager) alter(name string, f func(*Database) error) error {
	return m.update(func(t *Tree) error {
		d := t.database(name)
		if d == nil {
			return fmt.Errorf("%w: %s", ErrNoDatabase, name)
		}
		return f(d)
	})
}

// RenameDatabase gives a database another name. Errors: ErrNoDatabase, ErrDatabaseExists, ErrInUse (somebody is connected).
func (m *Manager) RenameDatabase(ctx context.Context, name, to string) error {
	m.change.Lock()
	defer m.change.Unlock()
	d, err := m.renamable(name, to)
	if err != nil {
		return err
	}
	_, release, err := m.evict(ctx, d, d.branchIDs()) // an open branch knows its names
	defer release()
	if err != nil {
		return err
	}
	return m.alter(name, func(d *Database) error {
		d.keepWarehouses()
		d.Name = to
		return nil
	})
}

func (m *Manager) renamable(name, to string) (*Database, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.mu.tree.database(name)
	switch {
	case d == nil:
		return nil, fmt.Errorf("%w: %s", ErrNoDatabase, name)
	case m.mu.tree.database(to) != nil:
		return nil, fmt.Errorf("%w: %s", ErrDatabaseExists, to)
	}
	return d, nil
}

// Databases returns the databases with their branches as they are now; the caller may keep them and must not change them.
func (m *Manager) Databases() []*Database {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mu.tree.Databases
}

// Roles returns the roles as they are now; the caller must not change them.
func (m *Manager) Roles() []*Role {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mu.tree.Roles
}

// UpdateRoles replaces the roles by what f makes of them; newID gives out OIDs.
func (m *Manager) UpdateRoles(f func(roles []*Role, newID func() uint32) ([]*Role, error)) error {
	m.change.Lock()
	defer m.change.Unlock()
	return m.update(func(t *Tree) error {
		roles, err := f(copyRoles(t.Roles), t.newID)
		if err == nil {
			t.Roles = roles
		}
		return err
	})
}

// State is what tarn.branches shows of a branch beyond the tree.
type State struct {
	Active bool
	LSN    wal.LSN // current, for an active branch
	// SharedBytes are in files that another branch links too, UniqueBytes in the others. LogBytes of either are those of the log.
	SharedBytes, UniqueBytes, LogBytes int64
}

// State looks at a branch's directories, of its store and of its Delta tables, with those of the branches that it has replaced, and its runtime.
func (m *Manager) State(d *Database, b *Branch) (State, error) {
	var st State
	m.mu.Lock()
	if s := m.mu.open[b.ID]; s != nil && s.runtime != nil && !s.closing {
		select {
		case <-s.ready:
			st.Active, st.LSN = true, s.runtime.LSN()
		default:
		}
	}
	m.mu.Unlock()
	u := usage{files: map[fileID]*fileUse{}}
	for x := b; x != nil; x = d.before(x) {
		if err := u.add(m.dir(d.ID, x.ID), "wal"); err != nil {
			return st, err
		}
		if m.opts.Warehouse == "" {
			continue
		}
		if err := u.add(filepath.Join(m.opts.Warehouse, d.warehouse(x)), ""); err != nil {
			return st, err
		}
	}
	u.sum(&st)
	return st, nil
}

// usage counts files by what they are, whatever names they have.
type usage struct{ files map[fileID]*fileUse }

type fileID struct{ dev, ino uint64 }

type fileUse struct {
	bytes        int64
	names, links uint64 // found here, and in all
	log          bool
}

// add counts the files below a directory; those of the log are directly in the one called log in it.
func (u *usage) add(dir, log string) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return ignoreGone(err)
		}
		info, err := e.Info()
		if err != nil {
			return ignoreGone(err)
		}
		sys, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return fmt.Errorf("%s: the file system does not number files", path)
		}
		id := fileID{uint64(sys.Dev), sys.Ino}
		f := u.files[id]
		if f == nil {
			f = &fileUse{bytes: sys.Blocks * 512, links: uint64(sys.Nlink)}
			u.files[id] = f
		}
		f.names++
		f.log = f.log || log != "" && filepath.Dir(path) == filepath.Join(dir, log)
		return nil
	})
}

func (u *usage) sum(st *State) {
	for _, f := range u.files {
		if f.names < f.links {
			st.SharedBytes += f.bytes
		} else {
			st.UniqueBytes += f.bytes
		}
		if f.log {
			st.LogBytes += f.bytes
		}
	}
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// reap closes idle branches.
func (m *Manager) reap() {
	defer m.wg.Done()
	tick := time.NewTicker(max(m.opts.IdleTimeout/4, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-m.stop:
			return
		case <-tick.C:
		}
		var idle []*slot
		for id, s := range m.unused() {
			if !s.runtime.Busy() && m.startClosing(s) {
				idle = append(idle, s)
				go m.closeSlot(id, s)
			}
		}
		for _, s := range idle {
			<-s.gone
		}
		m.expire(time.Now())
	}
}

// unused are the open branches that nobody has used for the idle timeout, by id.
func (m *Manager) unused() map[uint32]*slot {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[uint32]*slot{}
	for id, s := range m.mu.open {
		if m.idleLocked(s) {
			out[id] = s
		}
	}
	return out
}

func (m *Manager) idleLocked(s *slot) bool {
	return s.refs == 0 && !s.closing && s.runtime != nil && time.Since(s.idle) >= m.opts.IdleTimeout
}

// startClosing marks a branch as closing if it is still unused.
func (m *Manager) startClosing(s *slot) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.idleLocked(s) {
		return false
	}
	s.closing = true
	return true
}

func (m *Manager) closeSlot(id uint32, s *slot) {
	if err := s.runtime.Close(); err != nil {
		m.opts.Logger.Error("close idle branch", "branch_id", id, "error", err)
	}
	m.mu.Lock()
	delete(m.mu.open, id)
	m.mu.Unlock()
	close(s.gone)
}

// Close closes every open branch. Handles must have been released, or their users must be done.
func (m *Manager) Close() error {
	m.mu.Lock()
	if m.mu.closed {
		m.mu.Unlock()
		return nil
	}
	m.mu.closed = true
	var open []*slot
	for _, s := range m.mu.open {
		open = append(open, s)
	}
	m.mu.Unlock()
	close(m.stop)
	m.wg.Wait()
	m.change.Lock()
	err := m.file.close()
	m.change.Unlock()
	for _, s := range open {
		if s.closing {
			<-s.gone
			continue
		}
		<-s.ready
		if s.runtime != nil {
			err = errors.Join(err, s.runtime.Close())
		}
	}
	return err
}

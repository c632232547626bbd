package branching

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tarndb/tarn/storage/wal"
)

// Export is the tree as it is now, as tarn.json has it, with its checksum.
func (m *Manager) Export() []byte {
	m.mu.Lock()
	t := m.mu.tree.clone()
	m.mu.Unlock()
	return t.seal()
}

// ReadExport reads what Export gave. Errors: ErrDamaged.
func ReadExport(raw []byte) (*Tree, error) {
	t, _, err := decodeTree(raw)
	return t, err
}

// Revival makes the tree of a new data directory of an exported one. The branches have new numbers and no parents, for no store leads from
// one to another any more, and what merges have noted of the old ones does not hold of them.
type Revival struct {
	dir  string
	tree *Tree
	kept map[uint32]*Branch
}

// Revive begins the tree of a data directory, which must have none. Errors: fs.ErrExist.
func (t *Tree) Revive(dir string) (*Revival, error) {
	if _, err := os.Stat(filepath.Join(dir, treeName)); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(err, fmt.Errorf("%s: %w", filepath.Join(dir, treeName), fs.ErrExist))
	}
	return &Revival{dir, t.clone(), map[uint32]*Branch{}}, nil
}

// Branch gives a branch its new number and place; from is where it was, but for Dir. Its store is to be made, and Done called. Its directory
// of Delta tables begins with warehouse and ends in its number: names that are not alike can be so as parts of keys (object.Segment).
func (r *Revival) Branch(database, branch, name, warehouse string) (from, to Where, err error) {
	d := r.tree.database(database)
	if d == nil {
		return from, to, fmt.Errorf("%w: %s", ErrNoDatabase, database)
	}
	old := d.branch(branch)
	if old == nil {
		return from, to, fmt.Errorf("%w: %s", ErrNoBranch, branch)
	}
	m := &Manager{opts: Options{Dir: r.dir}}
	from = m.where(d, old)
	from.Dir = ""
	b := &Branch{ID: r.tree.newID(), Name: name, Created: old.Created, CreatedBy: old.CreatedBy, Protected: old.Protected}
	b.Warehouse = fmt.Sprintf("%s-%d", warehouse, b.ID)
	to = m.where(d, b)
	r.kept[b.ID] = b
	d.Branches = append(d.Branches, b)
	return from, to, nil
}

// Done notes the state that a branch's store has.
func (r *Revival) Done(w Where, lsn wal.LSN, at time.Time) {
	b := r.kept[w.BranchID]
	b.LSN, b.At = lsn, at.UTC()
}

// Drop takes a branch back whose store could not be made.
func (r *Revival) Drop(w Where) { delete(r.kept, w.BranchID) }

// Install writes the tree: with the branches that have been given, and their databases.
func (r *Revival) Install() error {
	for _, d := range r.tree.Databases {
		d.Branches = slices.DeleteFunc(d.Branches, func(b *Branch) bool { return r.kept[b.ID] != b })
	}
	r.tree.Databases = slices.DeleteFunc(r.tree.Databases, func(d *Database) bool { return len(d.Branches) == 0 })
	for _, d := range r.tree.Databases {
		if d.branch(MainBranch) == nil {
			return fmt.Errorf("database %s has no branch %s", d.Name, MainBranch)
		}
	}
	file, err := makeTreeFile(r.dir, r.tree)
	if err != nil {
		return err
	}
	return file.close()
}

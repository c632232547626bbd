package mirror

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/wal"
)

// Where a table is, its dir, is the key of a directory of the warehouse; of a table that was made with a location, which is a directory
// or bucket elsewhere, the location stands behind it:
//
//	app/public/fact-16384
//	app/public/fact-16384=/disk2/fact
//
// The key begins with the store's own part of the warehouse. A copy of the store has another part, and the table there in the warehouse,
// at the key (inRoot): one location is one table's. A table of the copy that has no rows in files says by nothing but its option where it
// is: it is at its location if it is younger than the copy (branchLSN), or has locationFile there in this store's name.
//
// Beside what it has at the location a table has the object locationFile at its key, for those who remove the store's part of the
// warehouse: it is there before anything is at the location, and goes after it.

const locationFile = "_location"

func splitDir(dir string) (key, location string) {
	key, location, _ = strings.Cut(dir, "=") // object.Segment leaves no = in keys
	return key, location
}

// located reports a table that is not in the warehouse.
func located(dir string) bool {
	_, location := splitDir(dir)
	return location != ""
}

// tableDir is where a new table is. The oid keeps apart what sanitising makes equal.
func tableDir(database string, s *change.Schema) string {
	dir := fmt.Sprintf("%s/%s/%s-%d", object.Segment(database), object.Segment(s.SchemaName), object.Segment(s.TableName), s.TableID)
	if location := option(s, "location"); location != "" && change.IsLake(s.StorageID) {
		dir += "=" + location
	}
	return dir
}

// inRoot is a table's directory in the store whose part of the warehouse is root.
func inRoot(dir, root string) string {
	key, _ := splitDir(dir)
	own, rest, _ := strings.Cut(key, "/")
	if own == root {
		return dir
	}
	return root + "/" + rest
}

// ownDir is where this store has the directory that a state record names, which may be from before the store was copied.
func (m *Mirror) ownDir(dir string) string { return inRoot(dir, object.Segment(m.opt.Database)) }

// storeOf is the store of a table's files.
func (m *Mirror) storeOf(dir string) object.Store {
	key, location := splitDir(dir)
	switch {
	case location == "":
		return object.Sub(m.opt.Warehouse, key)
	case m.opt.Place == nil:
		return object.Broken(location, errors.New("tables with a location are not known here"))
	}
	return m.opt.Place(location)
}

// branchLSN is up to where the store's log is its parent's; 0: it has none.
func (m *Mirror) branchLSN() wal.LSN {
	at, err := wal.ParseLSN(m.eng.Manifest().BranchLSN)
	if err != nil {
		return 0
	}
	return at
}

// intoWarehouse is for a table whose location is that of the table in the store that this one was copied from.
func (m *Mirror) intoWarehouse(t *table) {
	t.dir, _ = splitDir(t.dir)
	t.store = m.storeOf(t.dir)
}

// marked reports whether this store has a table at its location.
func (m *Mirror) marked(ctx context.Context, t *table) bool {
	key, location := splitDir(t.dir)
	note, err := m.opt.Warehouse.Get(ctx, key+"/"+locationFile)
	return err == nil && string(note) == location+"\n"+m.appID(t)
}

// mark notes the location of a table that has one, and by what its Delta table is known: two lines.
func (m *Mirror) mark(ctx context.Context, t *table) error {
	key, location := splitDir(t.dir)
	if location == "" {
		return nil
	}
	err := m.opt.Warehouse.PutIfAbsent(ctx, key+"/"+locationFile, []byte(location+"\n"+m.appID(t)))
	if errors.Is(err, object.ErrExist) {
		return nil
	}
	return err
}

// unmark is for a table of which nothing is left at its location.
func (m *Mirror) unmark(ctx context.Context, dir string) error {
	key, location := splitDir(dir)
	if location == "" {
		return nil
	}
	if err := m.opt.Warehouse.Delete(ctx, key+"/"+locationFile); err != nil {
		return err
	}
	return m.opt.Warehouse.Sweep(ctx, key)
}

// tableAt is the table to which an object of the warehouse belongs that tells of one.
func (m *Mirror) tableAt(ctx context.Context, file string) (dir string, ok bool, err error) {
	if key, ok := strings.CutSuffix(file, "/"+locationFile); ok {
		note, err := m.opt.Warehouse.Get(ctx, file)
		location, _, _ := strings.Cut(string(note), "\n")
		return key + "=" + location, err == nil, err
	}
	dir, _, ok = strings.Cut(file, "/_delta_log/")
	return dir, ok, nil
}

// sweepUploads removes what interrupted writes have left.
func (m *Mirror) sweepUploads() error {
	err := m.opt.Warehouse.Sweep(m.ctx, object.Segment(m.opt.Database))
	m.mu.Lock()
	var places []object.Store
	for _, t := range m.tables {
		if located(t.dir) {
			places = append(places, t.store)
		}
	}
	m.mu.Unlock()
	for _, p := range places {
		err = errors.Join(err, p.Sweep(m.ctx, ""))
	}
	return err
}

// RemoveLocated removes what the tables of a part of the warehouse have at their locations. Nobody has the store open.
func RemoveLocated(ctx context.Context, warehouse object.Store, place func(location string) object.Store, root string) error {
	infos, err := warehouse.List(ctx, root+"/", "")
	if err != nil {
		return err
	}
	for _, i := range infos {
		if !strings.HasSuffix(i.Key, "/"+locationFile) {
			continue
		}
		note, err := warehouse.Get(ctx, i.Key)
		if err == nil {
			location, app, _ := strings.Cut(string(note), "\n")
			err = removeOwn(ctx, place(location), app)
		}
		if err != nil {
			return fmt.Errorf("remove the table of %s: %w", i.Key, err)
		}
	}
	return nil
}

// removeOwn removes the Delta table of an application; another one stays.
func removeOwn(ctx context.Context, store object.Store, app string) error {
	snap, err := delta.Load(ctx, store, -1)
	if errors.Is(err, delta.ErrNoTable) {
		return nil
	}
	if object.NoAnswer(err) {
		return err
	}
	if err == nil {
		if _, own := snap.Txns[app]; !own {
			return nil
		}
	}
	return removeTableFiles(ctx, store, true)
}

// removeTableFiles removes a Delta table, the log last: what is left of an interrupted removal is still a table that a restart can
// recognise. At a location only what this package writes goes.
func removeTableFiles(ctx context.Context, store object.Store, atLocation bool) error {
	infos, err := store.List(ctx, "", "")
	if err != nil {
		return err
	}
	for _, log := range []bool{false, true} {
		for _, i := range infos {
			if isLog(i.Key) != log || atLocation && !written(i.Key) {
				continue
			}
			if err := store.Delete(ctx, i.Key); err != nil {
				return err
			}
		}
	}
	return store.Sweep(ctx, "")
}

// written reports a name of what this package writes.
func written(key string) bool {
	return isLog(key) || isFeed(key) || key == droppedFile || isData(key) || strings.HasPrefix(key, "deletion_vector_")
}

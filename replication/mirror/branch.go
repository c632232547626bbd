package mirror

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/wal"
)

// A copy of a store, which a branch is, has Delta tables of its own. Those of lake tables are made with the copy, for its state
// records name their versions: each version under the number that it has here, below the copy's directory of the warehouse
// (ownDir). The others are made when the copy's mirror starts, of the versions that origins name.
//
// Invariant: from before the copy's position is taken until its lake tables are there no version is adopted, so the state
// records at the position are those that were read before; and a snapshot from before holds their files (lakeFiles,
// removable).

// CopyTarget is what Copy makes.
type CopyTarget struct {
	Database string // Options.Database of the copy's mirror
	SlotDir  string // Options.SlotDir of it
	// Store copies the store; the copy's log goes back to follow. It returns the copy's id and position.
	Store func(ctx context.Context, follow wal.LSN) (wal.StoreID, wal.LSN, error)
}

// Copy copies the store together with what the mirror has of it. After an error some of it may be there.
func (m *Mirror) Copy(ctx context.Context, to CopyTarget) (wal.LSN, error) {
	if err := m.waitLoaded(ctx); err != nil {
		return 0, err
	}
	m.adoption.Lock()
	defer m.adoption.Unlock()
	snap := m.eng.Snapshot()
	defer snap.Release()
	lakes, err := m.lakesAt(ctx, snap)
	if err != nil {
		return 0, err
	}
	origins, follow := m.origins(lakes, snap.LSN())
	id, at, err := to.Store(ctx, follow)
	if err != nil {
		return 0, err
	}
	if err := m.opt.Step("copied store"); err != nil {
		return 0, err
	}
	if err := m.copyLakes(ctx, lakes, object.Segment(to.Database), id); err != nil {
		return 0, err
	}
	loads, err := m.loadsSince(snap)
	if err != nil {
		return 0, err
	}
	if err := m.copyLoads(ctx, loads, object.Segment(to.Database)); err != nil {
		return 0, err
	}
	if err := m.opt.Step("copied lakes"); err != nil {
		return 0, err
	}
	return at, writeOrigins(to.SlotDir, origins)
}

// waitLoaded waits until the tables of the slot are known.
func (m *Mirror) waitLoaded(ctx context.Context) error {
	select {
	case <-m.loaded:
		return nil
	case <-m.dead:
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.failed
	case <-m.ctx.Done():
		return ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// lakeCopy is a lake table that has rows in files.
type lakeCopy struct {
	storage uint32
	c       *coldVersion
	lsn     wal.LSN // the version is the table as of there
}

// lakesAt finds the lake tables of a snapshot that have rows in files.
func (m *Mirror) lakesAt(ctx context.Context, snap *engine.Snapshot) ([]lakeCopy, error) {
	records := map[uint32]string{}
	err := lakeRecords(snap, func(storage uint32, record []byte) error {
		records[storage] = string(record)
		return nil
	})
	if err != nil || len(records) == 0 {
		return nil, err
	}
	// From there on it is known which storage ids the snapshot's tables have.
	if _, err := m.tail.Position().Wait(ctx, snap.LSN()); err != nil {
		return nil, err
	}
	byTable := map[uint32]lakeCopy{}
	for _, storage := range slices.Sorted(maps.Keys(records)) {
		s, err := parseLakeState([]byte(records[storage]))
		if err != nil {
			return nil, err
		}
		if m.strayAt(s.table, storage, snap.LSN()) {
			continue
		}
		c, err := m.cold([]byte(records[storage]))
		if err != nil {
			return nil, err
		}
		byTable[s.table] = lakeCopy{storage, c, c.v.lsn}
	}
	return slices.Collect(maps.Values(byTable)), nil
}

// strayAt reports whether the table had another storage id at lsn, or was gone: a record of this one is to be buried.
func (m *Mirror) strayAt(id, storage uint32, lsn wal.LSN) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.tables[id]
	return t == nil || t.goneAt <= lsn && (t.dropped || outlived(storage, t.schema.StorageID))
}

// origin is the version from which a copy's table starts.
type origin struct {
	Table   uint32  `json:"table"`
	Dir     string  `json:"dir"`
	Version int64   `json:"version"`
	LSN     wal.LSN `json:"lsn"` // the version is the table as of there
}

// origins chooses versions that are not after at, notes in lakes how far theirs are complete, and returns from where the log
// has to be followed.
func (m *Mirror) origins(lakes []lakeCopy, at wal.LSN) (out []origin, follow wal.LSN) {
	m.mu.Lock()
	defer m.mu.Unlock()
	follow = at
	complete := func(t *table, v *version) wal.LSN {
		// Nothing happened to the table between its newest version and its position.
		if v.lsn == t.newest().lsn && v.m.schema.StorageID == t.schema.StorageID && v.m.schema.Version == t.schema.Version {
			return max(v.lsn, min(t.positionLocked(m.applied), at))
		}
		return v.lsn
	}
	for i := range lakes {
		l := &lakes[i]
		if t := m.tables[l.c.state.table]; t != nil && t.unready() == nil && t.schema.StorageID == l.storage {
			l.lsn = complete(t, l.c.v)
		}
		follow = min(follow, l.lsn)
	}
	for _, t := range m.tables {
		if t.unready() != nil || change.IsLake(t.schema.StorageID) {
			continue
		}
		for i := len(t.vers) - 1; i >= 0; i-- {
			if v := t.vers[i]; v.number >= 0 && v.lsn <= at {
				o := origin{t.id, t.dir, v.number, complete(t, v)}
				out, follow = append(out, o), min(follow, o.LSN)
				break
			}
		}
	}
	return out, follow
}

// copyWorkers bounds how many lake tables are copied at a time: what each of them waits for is the disk.
const copyWorkers = 8

func (m *Mirror) copyLakes(ctx context.Context, lakes []lakeCopy, root string, store wal.StoreID) error {
	errs := make([]error, len(lakes))
	slots := make(chan struct{}, copyWorkers)
	var wg sync.WaitGroup
	for i, l := range lakes {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := m.copyLake(ctx, l, root, store); err != nil {
				errs[i] = fmt.Errorf("copy lake table %s: %w", l.c.state.dir, err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// copyLake makes the Delta table of a copy's lake table.
func (m *Mirror) copyLake(ctx context.Context, l lakeCopy, root string, store wal.StoreID) error {
	from := l.c.state.dir
	snap, err := delta.Load(ctx, l.c.store, l.c.v.number)
	if err != nil {
		return err
	}
	return m.clone(ctx, from, snap, inRoot(from, root), l.c.v.number, txnOf(store, l.c.state.table), l.lsn)
}

const originsFile = "origins.json"

func writeOrigins(dir string, list []origin) error {
	if len(list) == 0 {
		return nil
	}
	data, err := json.Marshal(list)
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err == nil {
		// Not synced: without it tables are copied.
		err = os.WriteFile(filepath.Join(dir, originsFile), data, 0o600)
	}
	if err != nil {
		return fmt.Errorf("write origins of delta tables: %w", err)
	}
	return nil
}

// readOrigins returns the origins by table.
func readOrigins(dir string) (map[uint32]origin, error) {
	data, err := os.ReadFile(filepath.Join(dir, originsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var list []origin
	if err == nil {
		err = json.Unmarshal(data, &list)
	}
	out := map[uint32]origin{}
	for _, o := range list {
		out[o.Table] = o
	}
	return out, err
}

// bootTable makes a table of a store whose mirror starts. A lake table that has rows in files has its directory, and the files
// are held.
func (m *Mirror) bootTable(s *change.Schema) *table {
	t := m.newTable(s)
	if !change.IsLake(s.StorageID) {
		return t
	}
	m.holdLake(s)
	if record, err := m.lakeRecord(s.StorageID); record != nil && err == nil {
		if state, err := parseLakeState(record); err == nil {
			t.dir = m.ownDir(state.dir)
			t.store = m.storeOf(t.dir)
			return t
		}
	}
	if located(t.dir) && !m.marked(m.ctx, t) {
		m.intoWarehouse(t)
	}
	return t
}

// openLake opens the Delta table of a lake table that was made with this copy of the store.
func (m *Mirror) openLake(ctx context.Context, t *table, oldest wal.LSN) (*version, error) {
	t.pub.Lock()
	defer t.pub.Unlock()
	if err := t.openLog(ctx); err != nil {
		return nil, err
	}
	v, err := m.loadVersion(ctx, t)
	if err == nil && v.lsn < oldest {
		err = errNoSeed
	}
	return v, err
}

package mirror

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/wal"
)

// The restore window of a store brings back its lake tables, too: the versions that state records of the window name stay in the
// Delta logs, with their files, and a lake table that is dropped keeps its directory until the window has passed. Other tables are
// built from their rows again.

// retention is how long a table keeps what its newest version does not name, at least: as far as the restore window reaches if it is a
// lake table.
func (m *Mirror) retention(t *table, at time.Duration) time.Duration {
	m.mu.Lock()
	lake := t.isLake()
	m.mu.Unlock()
	if !lake {
		return at
	}
	_, since := m.eng.PastFrom()
	if since.IsZero() {
		return max(at, forever)
	}
	// A version is adopted a while after it has been replaced at the latest.
	return max(at, time.Since(since)+adoptionSlack)
}

// isLake reports whether the table is a lake table or has been one.
func (t *table) isLake() bool { return t.wasLake || change.IsLake(t.schema.StorageID) }

const (
	forever       = 100 * 365 * 24 * time.Hour
	adoptionSlack = time.Minute
)

// wanted reports whether the restore window needs the files of a table that is gone. Called with mu.
func (m *Mirror) wanted(t *table) bool {
	from, _ := m.eng.PastFrom()
	return t.dropped && t.isLake() && from < t.goneAt
}

// droppedFile stands in the directory of a lake table that is gone and that the restore window may bring back; it says when it went.
const droppedFile = "_dropped.json"

type droppedNote struct {
	Micros int64 `json:"micros"`
}

// leaveTable leaves the directory of a dropped lake table to sweepTables.
func (m *Mirror) leaveTable(ctx context.Context, t *table) error {
	t.pub.Lock()
	defer t.pub.Unlock()
	if err := noteDropped(ctx, t.store); err != nil {
		return err
	}
	t.log = nil
	m.forgetLake(t.dir)
	m.left.Store(true)
	m.mu.Lock()
	defer m.mu.Unlock()
	t.remove = false
	if m.tables[t.id] == t {
		delete(m.tables, t.id)
	}
	m.changed = true
	return nil
}

func noteDropped(ctx context.Context, store object.Store) error {
	data, err := json.Marshal(droppedNote{time.Now().UnixMicro()})
	if err != nil {
		return err
	}
	err = store.PutIfAbsent(ctx, droppedFile, data)
	if errors.Is(err, object.ErrExist) {
		return nil
	}
	return err
}

// keepsDropped reports whether the directory of a table that is gone has to stay for the restore window, and notes that it is
// gone if nothing says so yet.
func (m *Mirror) keepsDropped(ctx context.Context, store object.Store) (bool, error) {
	at, since := m.eng.PastFrom()
	if at == m.eng.VisibleLSN() {
		return false, nil // no window
	}
	data, err := store.Get(ctx, droppedFile)
	if errors.Is(err, object.ErrNotExist) {
		return true, noteDropped(ctx, store)
	}
	if err != nil {
		return true, err
	}
	var note droppedNote
	if err := json.Unmarshal(data, &note); err != nil {
		return true, fmt.Errorf("%s: %w", droppedFile, err)
	}
	return !time.UnixMicro(note.Micros).Before(since), nil
}

// CopyPast is Copy for the state of the store at a point of its restore window. restore makes the store; its look is shown the
// state. Tables that are no lake tables are built from their rows when the copy's mirror starts.
func (m *Mirror) CopyPast(ctx context.Context, to CopyTarget, restore func(ctx context.Context, look engine.Look) (engine.Restored, error)) (engine.Restored, error) {
	if err := m.waitLoaded(ctx); err != nil {
		return engine.Restored{}, err
	}
	return m.copyPast(ctx, to, restore)
}

// RestorePast is CopyPast where the state is of a store that nobody has open: an archive has it. Of the options Warehouse, Place and Database
// count, which say where that store's Delta tables are.
func RestorePast(ctx context.Context, o Options, store wal.StoreID, to CopyTarget, restore func(ctx context.Context, look engine.Look) (engine.Restored, error)) (engine.Restored, error) {
	o = o.withDefaults()
	m := &Mirror{opt: o, storeID: store, log: o.Logger, ctx: ctx}
	return m.copyPast(ctx, to, restore)
}

func (m *Mirror) copyPast(ctx context.Context, to CopyTarget, restore func(ctx context.Context, look engine.Look) (engine.Restored, error)) (engine.Restored, error) {
	at, err := restore(ctx, func(past engine.Past, store wal.StoreID, at wal.LSN) (wal.LSN, error) {
		lakes, loads, follow, err := m.lakesOf(ctx, past, at)
		if err != nil {
			return 0, err
		}
		if err := m.copyLakes(ctx, lakes, object.Segment(to.Database), store); err != nil {
			return 0, err
		}
		return follow, m.copyLoads(ctx, loads, object.Segment(to.Database))
	})
	if err == nil {
		err = m.opt.Step("copied lakes")
	}
	return at, err
}

// lakesOf finds the lake tables of a state that have rows in files, its loads, and from where the log has to be followed.
func (m *Mirror) lakesOf(ctx context.Context, past engine.Past, at wal.LSN) (lakes []lakeCopy, loads []loadCopy, follow wal.LSN, err error) {
	follow = at
	newest := map[uint32]lakeCopy{}
	for storage := uint32(change.LakeStorage); ; storage++ {
		key, ok, err := past.Next(change.AppendKeyPrefix(nil, storage, 0), nil)
		if err != nil {
			return nil, nil, 0, err
		}
		if !ok {
			break
		}
		storage = change.TableOf(key)
		record, ok, err := past.Get(change.AppendKeyPrefix(nil, storage, change.LakeState))
		if err != nil {
			return nil, nil, 0, err
		}
		if ok {
			s, err := parseLakeState(record)
			if err != nil {
				return nil, nil, 0, err
			}
			s.dir = m.ownDir(s.dir)
			// Not one of the versions that this store's snapshots may ask for.
			c, err := m.loadCold(ctx, s)
			if err != nil {
				return nil, nil, 0, fmt.Errorf("open version %d of lake table %s: %w", s.number, s.dir, err)
			}
			l := lakeCopy{storage, c, at}
			pending, err := pastPending(past, storage)
			if err != nil {
				return nil, nil, 0, err
			}
			if pending {
				l.lsn = c.v.lsn
			}
			// Storage ids grow; what an earlier one of the table has left is to be buried.
			if was, ok := newest[s.table]; !ok || outlived(was.storage, storage) {
				newest[s.table] = l
			}
		}
		of, err := m.pastLoads(past, storage)
		if err != nil {
			return nil, nil, 0, err
		}
		loads = append(loads, of...)
		if storage == 1<<32-1 {
			break
		}
	}
	for _, l := range newest {
		lakes, follow = append(lakes, l), min(follow, l.lsn)
	}
	return lakes, loads, follow, nil
}

// pastLoads are the loads of a lake table.
func (m *Mirror) pastLoads(past engine.Past, storage uint32) (out []loadCopy, err error) {
	end := change.AppendKeyPrefix(nil, storage, change.LakeLoads+1)
	for from := change.AppendKeyPrefix(nil, storage, change.LakeLoads); ; {
		key, ok, err := past.Next(from, end)
		if !ok || err != nil {
			return out, err
		}
		record, ok, err := past.Get(key)
		if err != nil {
			return nil, err
		}
		if ok && change.IsLoad(key) {
			_, file, err := parseLoad(record)
			if err != nil {
				return nil, err
			}
			name, err := delta.DataKey(file.Add.Path)
			if err != nil {
				return nil, err
			}
			out = append(out, loadCopy{m.ownDir(file.Dir), name})
		}
		from = append(slices.Clone(key), 0)
	}
}

// pastPending reports whether a lake table has changes that its version lacks.
func pastPending(past engine.Past, storage uint32) (bool, error) {
	for _, index := range []uint16{change.PrimaryIndex, change.LakeTombstones, change.LakeLoads} {
		_, ok, err := past.Next(change.AppendKeyPrefix(nil, storage, index), change.AppendKeyPrefix(nil, storage, index+1))
		if ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

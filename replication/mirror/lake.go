package mirror

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/wal"
)

// A lake table's rows leave the key-value state when a version has them (package change says how they stand there). The
// mirror publishes such a table as any other; what is more is adoption: a commit that removes from the state the rows of a
// version, and the tombstones of rows that it lacks, and names the version in the state record. A snapshot reads the version
// that its state record names and what is in the state besides, so it never sees a row twice or not at all.
//
// Invariant: the files of a version that a state record names stay while a snapshot that shows the record is in use, and
// after a restart while it is the newest record (lakes.versions, which sweep asks).

// lakes are the versions of lake tables that snapshots may ask for.
type lakes struct {
	mu       sync.Mutex
	versions map[string]*coldVersion // by state record; protected by mu
	blocks   blockCache
}

// lakeState is a state record.
//
//	+-----+----------------+-----------------+---------------------------------+
//	| u8 1| uvarint table  | uvarint version | directory (place.go)            |
//	+-----+----------------+-----------------+---------------------------------+
type lakeState struct {
	table  uint32
	number int64 // Delta version
	dir    string
}

const lakeStateFormat = 1

var errBadLakeState = errors.New("state record of a lake table is malformed")

func (s lakeState) append(b []byte) []byte {
	b = append(b, lakeStateFormat)
	b = binary.AppendUvarint(b, uint64(s.table))
	b = binary.AppendUvarint(b, uint64(s.number))
	return append(b, s.dir...)
}

func parseLakeState(b []byte) (s lakeState, err error) {
	if len(b) == 0 || b[0] != lakeStateFormat {
		return s, errBadLakeState
	}
	b = b[1:]
	table, n := binary.Uvarint(b)
	if n <= 0 || table != uint64(uint32(table)) {
		return s, errBadLakeState
	}
	number, k := binary.Uvarint(b[n:])
	if k <= 0 || number > 1<<62 {
		return s, errBadLakeState
	}
	return lakeState{uint32(table), int64(number), string(b[n+k:])}, nil
}

var _ engine.Cold = (*Mirror)(nil)

// Rows opens the version that a state record names, and loads (engine.Cold).
func (m *Mirror) Rows(state []byte, loads [][]byte) (engine.ColdRows, error) {
	return union(state, loads, m.cold, m.coldLoad)
}

// PastRows is Rows of a state of the past, for one who reads it alone: its files are kept as long as the restore window says.
func (m *Mirror) PastRows(state []byte, loads [][]byte) (engine.ColdRows, error) {
	return union(state, loads, m.openVersion, m.openLoad)
}

// union are the rows of a version, if there is one, and of loads, as they are opened.
func union(state []byte, loads [][]byte, version, load func(record []byte) (*coldVersion, error)) (engine.ColdRows, error) {
	var all coldUnion
	if state != nil {
		c, err := version(state)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	for _, record := range loads {
		c, err := load(record)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

func (m *Mirror) cold(state []byte) (*coldVersion, error) {
	m.lakes.mu.Lock()
	defer m.lakes.mu.Unlock()
	if c := m.lakes.versions[string(state)]; c != nil {
		return c, nil
	}
	c, err := m.openVersion(state)
	if err == nil {
		m.lakes.versions[string(state)] = c
	}
	return c, err
}

func (m *Mirror) openVersion(state []byte) (*coldVersion, error) {
	s, err := parseLakeState(state)
	if err != nil {
		return nil, err
	}
	s.dir = m.ownDir(s.dir)
	c, err := m.loadCold(m.ctx, s)
	if err != nil {
		return nil, fmt.Errorf("open version %d of lake table %s: %w", s.number, s.dir, err)
	}
	return c, nil
}

// loadCold reads a version from the Delta log: after a start, before the mirror has it.
func (m *Mirror) loadCold(ctx context.Context, s lakeState) (*coldVersion, error) {
	store := m.storeOf(s.dir)
	snap, err := delta.Load(ctx, store, s.number)
	if err != nil {
		return nil, err
	}
	v, err := versionOf(ctx, store, snap, wal.LSN(snap.Txns[txnOf(m.storeID, s.table)].Version))
	if err != nil {
		return nil, err
	}
	return m.newCold(s, store, v)
}

// holdLake makes the version that the state names one that sweep spares, before the table is swept for the first time. An error says
// that the warehouse does not answer.
func (m *Mirror) holdLake(s *change.Schema) error {
	if !change.IsLake(s.StorageID) {
		return nil
	}
	state, err := m.lakeRecord(s.StorageID)
	if state != nil && err == nil {
		_, err = m.cold(state)
	}
	if object.NoAnswer(err) {
		return err
	}
	if err != nil {
		m.log.Error("rows of a lake table cannot be read", "table", s.SchemaName+"."+s.TableName, "err", err)
	}
	return nil
}

// retireLakeLocked notes that snapshots from lsn on have no rows of the table's storage id, as after TRUNCATE.
func (m *Mirror) retireLakeLocked(t *table, lsn wal.LSN) {
	storage := t.schema.StorageID
	if !change.IsLake(storage) {
		return
	}
	t.outlived, t.goneAt, t.wasLake = append(t.outlived, storage), lsn, true
	m.lakes.mu.Lock()
	defer m.lakes.mu.Unlock()
	for _, c := range m.lakes.versions {
		if c.v.m.schema.StorageID == storage && c.until == 0 {
			c.until = lsn
		}
	}
}

// lakeRecord is the newest state record of a storage id, nil if there is none.
func (m *Mirror) lakeRecord(storage uint32) ([]byte, error) {
	snap := m.eng.Snapshot()
	defer snap.Release()
	state, ok, err := snap.AppendGet(nil, change.AppendKeyPrefix(nil, storage, change.LakeState))
	if !ok {
		return nil, err
	}
	return state, nil
}

// lakeFiles adds to named the files that snapshots may read in a table's directory, and returns the oldest version among theirs.
func (m *Mirror) lakeFiles(t *table, named map[string]bool) (oldest int64, err error) {
	oldest = math.MaxInt64
	m.mu.Lock()
	current := t.schema.StorageID
	m.mu.Unlock()
	snap := m.eng.Snapshot()
	err = lakeRecords(snap, func(storage uint32, record []byte) error {
		s, err := parseLakeState(record)
		if err != nil || s.table != t.id || outlived(storage, current) {
			return err
		}
		_, err = m.cold(record) // from where an open one is known below
		return err
	})
	if err == nil {
		err = lakeLoads(snap, func(_ uint32, record []byte) error {
			_, err := m.coldLoad(record)
			return err
		})
	}
	snap.Release()
	if err != nil {
		return 0, err
	}
	first := m.eng.OldestSnapshot()
	m.lakes.mu.Lock()
	defer m.lakes.mu.Unlock()
	for _, c := range m.lakes.versions {
		if c.state.dir != t.dir || c.until != 0 && c.until <= first {
			continue
		}
		if !c.load {
			oldest = min(oldest, c.state.number)
		}
		for _, f := range c.v.files {
			named[f.f.key] = true
			if f.add.DeletionVector == nil {
				continue
			}
			key, err := f.add.DeletionVector.Key()
			if err != nil {
				return 0, err
			}
			named[key] = true
		}
	}
	return oldest, nil
}

// outlived reports whether a storage id is an earlier one of the table whose storage id is current: they grow.
func outlived(storage, current uint32) bool {
	return storage&^change.LakeStorage < current&^change.LakeStorage
}

// buryLakes removes what adoptions that were under way when their tables got other storage ids, or went, have left in the
// state.
func (m *Mirror) buryLakes(ctx context.Context, storages []uint32) error {
	snap := m.eng.Snapshot()
	defer snap.Release()
	var g change.Group
	for _, s := range storages {
		lo, hi := change.AppendKeyPrefix(nil, s, 0), change.AppendKeyPrefix(nil, s+1, 0)
		it := snap.NewIter(lo, hi)
		if it.First() {
			g.DeleteRange(lo, hi)
		}
		if err := it.Close(); err != nil {
			return err
		}
	}
	if g.Empty() {
		return nil
	}
	_, err := m.eng.Commit(ctx, &g, engine.Async)
	return err
}

// bury is buryLakes for the earlier storage ids of a table. No adoption of it is under way, and none of them will be.
func (m *Mirror) bury(ctx context.Context, t *table) error {
	m.mu.Lock()
	storages := t.outlived
	m.mu.Unlock()
	if err := m.buryLakes(ctx, storages); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lakes.mu.Lock()
	defer m.lakes.mu.Unlock()
	for _, c := range m.lakes.versions {
		if c.until == 0 && slices.Contains(storages, c.v.m.schema.StorageID) {
			c.until = t.goneAt
		}
	}
	t.outlived = t.outlived[len(storages):]
	return nil
}

// buryStray removes the state records of tables that are gone, when all tables are known.
func (m *Mirror) buryStray(ctx context.Context) error {
	m.adoption.Lock()
	defer m.adoption.Unlock()
	snap := m.eng.Snapshot()
	defer snap.Release()
	// What the snapshot has of lake tables is of tables that are known once the tail has come to it.
	if _, err := m.tail.Position().Wait(ctx, snap.LSN()); err != nil {
		return err
	}
	var stray []uint32
	err := lakeRecords(snap, func(storage uint32, record []byte) error {
		s, err := parseLakeState(record)
		if err != nil {
			return nil // reported where it is read
		}
		if m.strayAt(s.table, storage, snap.LSN()) {
			stray = append(stray, storage)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return m.buryLakes(ctx, stray)
}

// lakeRecords calls f for each state record of a snapshot.
func lakeRecords(snap *engine.Snapshot, f func(storage uint32, record []byte) error) (err error) {
	it := snap.NewIter(change.AppendKeyPrefix(nil, change.LakeStorage, 0), nil)
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; {
		storage := change.TableOf(it.Key())
		record, there, err := snap.AppendGet(nil, change.AppendKeyPrefix(nil, storage, change.LakeState))
		if there && err == nil {
			err = f(storage, record)
		}
		if err != nil || storage == 1<<32-1 {
			return err
		}
		ok = it.SeekGE(change.AppendKeyPrefix(nil, storage+1, 0))
	}
	return nil
}

// forgetLake is for a table that is gone.
func (m *Mirror) forgetLake(dir string) {
	m.lakes.mu.Lock()
	defer m.lakes.mu.Unlock()
	for key, c := range m.lakes.versions {
		if c.state.dir == dir {
			delete(m.lakes.versions, key)
		}
	}
}

// adoptDue reports whether the state should learn of the newest version.
func (t *table) adoptDueLocked() bool {
	return change.IsLake(t.schema.StorageID) && t.newest().number >= 0 && t.newest().m.schema.StorageID == t.schema.StorageID &&
		(t.adopted != t.newest() || t.tombs && t.unpublishedLocked() == nil)
}

// adoptAgain is after how long an adoption is tried again that rows of commits to come were in the way of.
const adoptAgain = time.Second / 4

// adoptTombs bounds how many tombstones one commit removes.
const adoptTombs = 100_000

// adopt commits that the newest version has rows of the state.
func (m *Mirror) adopt(ctx context.Context, t *table) error {
	m.adoption.RLock()
	defer m.adoption.RUnlock()
	m.mu.Lock()
	if t.unready() != nil || !t.adoptDueLocked() {
		m.mu.Unlock()
		return nil
	}
	v, was := t.newest(), t.adopted
	storage := v.m.schema.StorageID
	// Below its last row id there must be no row that the version lacks.
	if n := len(v.files); n > 0 && m.eng.RowsAhead(storage, v.maxEnd[n-1], t.positionLocked(m.applied)) {
		t.adoptAt = time.Now().Add(adoptAgain)
		m.mu.Unlock()
		return nil
	}
	m.mu.Unlock()
	s := lakeState{t.id, v.number, t.dir}
	record := s.append(nil)
	c, err := m.newCold(s, t.store, v)
	if err != nil {
		return err
	}
	// Known before a snapshot can show the record.
	m.lakes.mu.Lock()
	if old := m.lakes.versions[string(record)]; old == nil {
		m.lakes.versions[string(record)] = c
	} else {
		old.until = 0
	}
	m.lakes.mu.Unlock()

	var g change.Group
	gone := map[string]bool{} // loads
	if was == nil || was.number != v.number {
		if n := len(v.files); n > 0 {
			for _, index := range []uint16{change.PrimaryIndex, change.LakeLoads} {
				g.DeleteRange(change.AppendLakeKey(nil, storage, index, 0), change.AppendLakeKey(nil, storage, index, v.maxEnd[n-1]+1))
			}
		}
		g.Put(change.AppendKeyPrefix(nil, storage, change.LakeState), record, 0)
	}
	left, err := m.dropTombs(ctx, t, v, &g, gone)
	if err != nil {
		return err
	}
	if !g.Empty() {
		if err := m.opt.Step("adopt"); err != nil {
			return err
		}
		lsn, err := m.eng.Commit(ctx, &g, engine.Async)
		if err != nil {
			return err
		}
		if err := m.opt.Step("adopted"); err != nil {
			return err
		}
		m.replaceCold(storage, string(record), lsn, gone)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	t.adopted, t.tombs = v, left
	if left && t.unpublishedLocked() == nil {
		t.retryAt = time.Now().Add(time.Second / 4)
	}
	return nil
}

// replaceCold notes that snapshots from lsn on show another record than before, and not the loads that are gone.
func (m *Mirror) replaceCold(storage uint32, record string, lsn wal.LSN, gone map[string]bool) {
	m.lakes.mu.Lock()
	defer m.lakes.mu.Unlock()
	oldest := m.eng.OldestSnapshot()
	for key, c := range m.lakes.versions {
		if key != record && c.v.m.schema.StorageID == storage && c.until == 0 && (!c.load || gone[key]) {
			c.until = lsn
		}
		if c.until != 0 && c.until <= oldest {
			delete(m.lakes.versions, key)
		}
	}
}

// dropTombs removes tombstones that no snapshot from now on needs: of rows that v lacks and that no later version will have; and the
// loads that are in v, which gone then has, also those of which all rows were deleted before a version had them. left reports that there
// are others.
func (m *Mirror) dropTombs(ctx context.Context, t *table, v *version, g *change.Group, gone map[string]bool) (left bool, err error) {
	storage := v.m.schema.StorageID
	snap := m.eng.Snapshot()
	defer snap.Release()
	wctx, cancel := context.WithTimeout(ctx, time.Second)
	_, werr := m.tail.Position().Wait(wctx, snap.LSN())
	cancel()
	m.mu.Lock()
	// Every delete that the snapshot shows is in the version then.
	covered := werr == nil && t.unready() == nil && t.newest() == v && t.unpublishedLocked() == nil
	m.mu.Unlock()
	last := uint64(0)
	if n := len(v.files); n > 0 {
		last = v.maxEnd[n-1]
	}
	if err := m.dropLoads(snap, storage, func(l change.Load) bool { return covered || l.First <= last }, g, gone); err != nil {
		return true, err
	}
	it := snap.NewIter(change.AppendKeyPrefix(nil, storage, change.LakeTombstones), change.AppendKeyPrefix(nil, storage, change.LakeTombstones+1))
	defer it.Close()
	n := 0
	for ok := it.First(); ok; ok = it.Next() {
		if n == adoptTombs {
			return true, nil
		}
		if !covered {
			id := change.LakeRow(it.Key())
			if id > last {
				left = true
				continue
			}
			i, pos, there, err := v.locate(ctx, t.store, id)
			if err != nil {
				return true, err
			}
			if there && (v.files[i].dead == nil || !v.files[i].dead.Contains(pos)) {
				left = true
				continue
			}
		}
		g.Delete(it.Key(), 0)
		n++
	}
	return left, it.Error()
}

// dropLoads removes the loads of a snapshot that in picks.
func (m *Mirror) dropLoads(snap *engine.Snapshot, storage uint32, in func(l change.Load) bool, g *change.Group, gone map[string]bool) (err error) {
	it := snap.NewIter(change.AppendKeyPrefix(nil, storage, change.LakeLoads), change.AppendKeyPrefix(nil, storage, change.LakeLoads+1))
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; ok = it.Next() {
		l, err := change.ParseLoad(it.Value())
		if err != nil {
			return err
		}
		if in(l) {
			gone[string(it.Value())] = true
			g.Delete(it.Key(), 0)
		}
	}
	return nil
}

// lakeOnly reports whether a deleted range is only adoption's.
func lakeOnly(storage uint32, lo, hi []byte) bool {
	return change.IsLake(storage) && len(lo) > change.KeyPrefix && change.TableOf(hi) == storage && change.IndexOf(hi) == change.PrimaryIndex
}

package mirror

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
	"github.com/tarndb/tarn/storage/wal"
)

// A load is a file of a lake table that a transaction writes itself, with the rows of a statement that brings many: its commit names the
// file in a record of the state (change.Load), readers take the rows from there, the next version has the file as it is, and the version's
// adoption removes the record. A file of a transaction that did not commit is removed at its end, or by sweep.
//
// Invariant: a file that a record names stays while a snapshot shows the record, as those of versions do: lakes.versions has it from
// before the commit.

// loadedFile is change.Load.File, in JSON.
type loadedFile struct {
	Dir        string            `json:"dir"` // place.go
	Add        *delta.Add        `json:"add"`
	Properties map[string]string `json:"properties"` // of the mapping
}

// coldLoad opens a load.
func (m *Mirror) coldLoad(record []byte) (*coldVersion, error) {
	m.lakes.mu.Lock()
	defer m.lakes.mu.Unlock()
	if c := m.lakes.versions[string(record)]; c != nil {
		return c, nil
	}
	c, err := m.openLoad(record)
	if err != nil {
		return nil, err
	}
	c.committed = true
	m.lakes.versions[string(record)] = c
	return c, nil
}

func (m *Mirror) openLoad(record []byte) (*coldVersion, error) {
	l, file, err := parseLoad(record)
	if err != nil {
		return nil, err
	}
	mp, err := loadMapping(file.Properties)
	if err != nil {
		return nil, fmt.Errorf("loaded file %s: %w", file.Add.Path, err)
	}
	dir := m.ownDir(file.Dir)
	store := m.storeOf(dir)
	f, err := loadFile(m.ctx, store, file.Add)
	if err == nil && (f.f.first != l.First || f.f.last != l.Last()) {
		err = change.ErrBadLoad
	}
	if err != nil {
		return nil, fmt.Errorf("loaded file %s: %w", file.Add.Path, err)
	}
	return m.loadVersionOf(dir, store, mp, f)
}

// loadVersionOf gives the rows of a load the form of a version.
func (m *Mirror) loadVersionOf(dir string, store object.Store, mp *mapping, f *fileState) (*coldVersion, error) {
	c, err := m.newCold(lakeState{mp.schema.TableID, loadNumber, dir}, store, newVersion(0, loadNumber, mp, []*fileState{f}))
	if err == nil {
		c.load = true
	}
	return c, err
}

// loadNumber stands for the number of a version where there is none.
const loadNumber = -1

func parseLoad(record []byte) (change.Load, *loadedFile, error) {
	l, err := change.ParseLoad(record)
	if err != nil {
		return l, nil, err
	}
	file := &loadedFile{}
	if err := json.Unmarshal(l.File, file); err != nil {
		return l, nil, fmt.Errorf("%w: %w", change.ErrBadLoad, err)
	}
	if file.Add == nil || file.Add.DeletionVector != nil {
		return l, nil, change.ErrBadLoad
	}
	return l, file, nil
}

// lakeLoads calls f for each load of a snapshot.
func lakeLoads(snap *engine.Snapshot, f func(storage uint32, record []byte) error) (err error) {
	it := snap.NewIter(change.AppendKeyPrefix(nil, change.LakeStorage, change.LakeLoads), nil)
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; {
		if change.IsLoad(it.Key()) {
			if err := f(change.TableOf(it.Key()), slices.Clone(it.Value())); err != nil {
				return err
			}
			ok = it.Next()
			continue
		}
		storage := change.TableOf(it.Key())
		if change.IndexOf(it.Key()) > change.LakeLoads {
			if storage == 1<<32-1 {
				return nil
			}
			storage++
		}
		ok = it.SeekGE(change.AppendKeyPrefix(nil, storage, change.LakeLoads))
	}
	return nil
}

// coldUnion are rows of several versions, none of which has a row of another.
type coldUnion []*coldVersion

var _ engine.ColdRows = coldUnion(nil)

func (u coldUnion) Get(dst []byte, id uint64) ([]byte, bool, error) {
	for _, c := range u {
		if n := len(c.v.files); n == 0 || id < c.v.files[0].f.first || id > c.v.maxEnd[n-1] {
			continue
		}
		if row, ok, err := c.Get(dst, id); ok || err != nil {
			return row, ok, err
		}
	}
	return dst, false, nil
}

func (u coldUnion) NewIter() engine.ColdIter {
	s := &unionScan{its: make([]*coldScan, len(u)), ok: make([]bool, len(u))}
	for i, c := range u {
		s.its[i] = c.NewIter().(*coldScan)
	}
	return s
}

// unionScan walks the rows of several versions by row id.
type unionScan struct {
	its     []*coldScan
	ok      []bool // whether each stands on a row
	at      int
	limit   uint64 // the nearest row id of the others
	forward bool
}

func (s *unionScan) Narrow(w *engine.Want) {
	for _, it := range s.its {
		it.Narrow(w)
	}
}

func (s *unionScan) SeekGE(id uint64) bool {
	s.forward = true
	for i, it := range s.its {
		s.ok[i] = it.SeekGE(id)
	}
	return s.pick()
}

func (s *unionScan) SeekLT(id uint64) bool {
	s.forward = false
	for i, it := range s.its {
		s.ok[i] = it.SeekLT(id)
	}
	return s.pick()
}

func (s *unionScan) before(a, b uint64) bool { return (a < b) == s.forward }

// pick makes the scan with the nearest row the current one.
func (s *unionScan) pick() bool {
	if s.Err() != nil {
		return false
	}
	best := -1
	s.limit = 0
	if s.forward {
		s.limit = 1<<64 - 1
	}
	for i, it := range s.its {
		switch {
		case !s.ok[i]:
		case best < 0:
			best = i
		case s.before(it.ID(), s.its[best].ID()):
			s.limit, best = s.its[best].ID(), i
		case s.before(it.ID(), s.limit):
			s.limit = it.ID()
		}
	}
	s.at = max(best, 0)
	return best >= 0
}

func (s *unionScan) Next() bool {
	if !s.forward {
		return s.SeekGE(s.ID() + 1)
	}
	return s.move(s.its[s.at].Next())
}

func (s *unionScan) Prev() bool {
	if s.forward {
		return s.SeekLT(s.ID())
	}
	return s.move(s.its[s.at].Prev())
}

func (s *unionScan) move(ok bool) bool {
	if s.ok[s.at] = ok; ok && s.before(s.its[s.at].ID(), s.limit) {
		return true
	}
	return s.pick()
}

func (s *unionScan) ID() uint64 { return s.its[s.at].ID() }

func (s *unionScan) Row() []byte { return s.its[s.at].Row() }

func (s *unionScan) Err() error {
	for _, it := range s.its {
		if err := it.Err(); err != nil {
			return err
		}
	}
	return nil
}

func (s *unionScan) Close() error { return s.Err() }

// applyLoadLocked takes the file of a load into the open segment.
func (m *Mirror) applyLoadLocked(t *table, op *change.Op) {
	c, err := m.coldLoad(slices.Clone(op.Value))
	if err != nil {
		m.log.Error("mirror cannot read a loaded file", "table", t.name(), "err", err)
		m.setFatalLocked(t, err)
		return
	}
	seg := m.touchLocked(t)
	if c.state.dir != t.dir || !c.v.m.same(seg.m) {
		// Of the time before a change of the table, or of its name, in the same transaction, or with a column of texts that the table does not have yet.
		m.startCopyLocked(t, c.v.m.text())
		return
	}
	seg.files = append(seg.files, c.v.files[0])
	seg.bytes += loadBytes
	t.asked = true
}

// loadBytes is about what a file in a segment takes in memory.
const loadBytes = 1 << 10

// same reports whether files of either mapping are files of the other.
func (m *mapping) same(o *mapping) bool {
	return slices.EqualFunc(m.columns, o.columns, func(a, b column) bool {
		return a.AttNum == b.AttNum && a.Name == b.Name && a.Text == b.Text && a.pos == b.pos && a.typ.Equal(b.typ)
	}) && m.print.Equal(o.print)
}

// Load writes rows to files that become part of a lake table with a transaction. It is for one goroutine.
type Load struct {
	m       *Mirror
	t       *table // nil: one that the transaction makes
	add     func(txn.Load) error
	storage uint32
	dir     string
	store   object.Store
	mp      *mapping

	w    *fileWriter // nil: no file is begun
	raw  int64       // bytes of values in the file
	cols [][]tuple.Value
	at   []uint32
	buf  []byte
	n    int // rows in cols
	off  int // of them are in the file
}

// NewLoad begins to write rows of a table, whose files it passes to add. ErrNotReady: rows have to go through the log.
func (m *Mirror) NewLoad(s *change.Schema, add func(txn.Load) error) (*Load, error) {
	select {
	case <-m.loaded:
	default:
		return nil, ErrNotReady
	}
	l := &Load{m: m, add: add, storage: s.StorageID, cols: make([][]tuple.Value, len(s.Columns))}
	m.mu.Lock()
	defer m.mu.Unlock()
	var prev *mapping
	var text map[int16]bool
	if t := m.tables[s.TableID]; t != nil {
		if t.fatal != nil || t.off || t.dropped {
			return nil, ErrNotReady
		}
		l.t, l.dir, l.store = t, t.dir, t.store
		switch {
		case t.copying != nil:
			text = t.copying.text
		case t.schema.StorageID == s.StorageID:
			prev, text = t.m, t.m.text()
		default:
			text = t.m.text()
		}
	} else {
		t := m.newTable(s)
		if located(t.dir) {
			return nil, ErrNotReady
		}
		l.dir, l.store = t.dir, t.store
	}
	var err error
	if l.mp, _, err = newMapping(s, prev, text); err != nil || len(l.mp.columns) == 0 {
		return nil, errors.Join(ErrNotReady, err)
	}
	for range writeRows {
		l.at = append(l.at, uint32(len(l.at)))
	}
	return l, nil
}

const (
	loadBatch   = 4 << 20   // bytes of values that wait to be written
	loadMaximum = 256 << 20 // of values in a file
)

// Add adds a row, by place in the schema; it is copied.
func (l *Load) Add(ctx context.Context, vals []tuple.Value) error {
	for _, c := range l.mp.columns {
		v := vals[c.pos]
		if !v.IsScalar() && !v.IsNull() {
			at := len(l.buf)
			l.buf = append(l.buf, v.Bytes()...)
			v = tuple.Bytes(l.buf[at:len(l.buf):len(l.buf)])
		}
		l.cols[c.pos] = append(l.cols[c.pos], v)
	}
	if l.n++; l.n < writeRows && len(l.buf) < loadBatch {
		return nil
	}
	return l.flush(ctx)
}

// flush writes the rows that wait.
func (l *Load) flush(ctx context.Context) error {
	for l.off < l.n {
		if l.w == nil {
			w, err := newFile(context.WithoutCancel(ctx), l.store, l.mp, false)
			if err != nil {
				return err
			}
			l.m.fly(l.t, l.dir, w.key)
			l.w = w
		}
		n := min(l.n-l.off, l.w.batchRows()) // that many are written or not, as a whole
		err := l.w.rows(l.cols, nil, l.at[l.off:l.off+n])
		var fb *fallbackError
		if errors.As(err, &fb) {
			if err := l.restart(fb.attnum); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		l.off += n
	}
	l.raw += int64(len(l.buf) + valueSize*l.n*len(l.mp.columns))
	l.n, l.off, l.buf = 0, 0, l.buf[:0]
	for i := range l.cols {
		l.cols[i] = l.cols[i][:0]
	}
	if l.w != nil && (l.w.w.Rows() >= int64(l.m.opt.FileRows) || l.raw >= loadMaximum) {
		return l.finish()
	}
	return nil
}

// restart goes on with files in which a column is one of texts: the tables's version, too, becomes that.
func (l *Load) restart(attnum int16) error {
	if err := l.finish(); err != nil {
		return err
	}
	text := l.mp.text()
	if text[attnum] {
		return errUnsupportedType
	}
	text[attnum] = true
	mp, _, err := newMapping(l.mp.schema, nil, text)
	if err != nil {
		return err
	}
	l.mp = mp
	return nil
}

// finish ends the file, if one is begun, and makes it part of the transaction.
func (l *Load) finish() error {
	w := l.w
	if w == nil {
		return nil
	}
	l.w, l.raw = nil, 0
	n := w.w.Rows()
	if n == 0 {
		w.abort()
		l.m.settleLoad(l.t, l.dir, l.store, w.key, false)
		return nil
	}
	first, ahead := l.m.eng.ReserveAhead(l.storage, uint64(n))
	drop := func(err error) error {
		w.abort()
		ahead.Done(0)
		l.m.settleLoad(l.t, l.dir, l.store, w.key, false)
		return err
	}
	f, err := w.finishIDs(denseIDs(first, int(n)), true)
	if err == nil {
		err = l.m.opt.Step("loaded file")
	}
	if err != nil {
		return drop(err)
	}
	file, err := json.Marshal(loadedFile{Dir: l.dir, Add: f.add, Properties: l.mp.properties()})
	if err != nil {
		return drop(err)
	}
	record := change.AppendLoad(nil, change.Load{First: first, Rows: uint64(n), File: file})
	c, err := l.m.loadVersionOf(l.dir, l.store, l.mp, f)
	if err != nil {
		return drop(err)
	}
	l.m.lakes.mu.Lock()
	l.m.lakes.versions[string(record)] = c
	l.m.lakes.mu.Unlock()
	return l.add(txn.Load{Table: l.storage, First: first, Rows: uint64(n), Record: record, Settle: func(fate txn.Fate, lsn wal.LSN) {
		l.m.lakes.mu.Lock()
		switch fate {
		case txn.LoadKept:
			c.committed = true
		case txn.LoadDropped:
			delete(l.m.lakes.versions, string(record))
		}
		l.m.lakes.mu.Unlock()
		if fate == txn.LoadInDoubt {
			return // the next start knows
		}
		ahead.Done(lsn)
		l.m.settleLoad(l.t, l.dir, l.store, w.key, fate == txn.LoadKept)
	}})
}

// Close writes what is left.
func (l *Load) Close(ctx context.Context) error {
	if err := l.flush(ctx); err != nil {
		return err
	}
	return l.finish()
}

// Abort gives up what has not become part of the transaction.
func (l *Load) Abort() {
	if w := l.w; w != nil {
		l.w = nil
		w.abort()
		l.m.settleLoad(l.t, l.dir, l.store, w.key, false)
	}
}

// fly keeps the sweeps away from a file that is being loaded.
func (m *Mirror) fly(t *table, dir, key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t != nil {
		t.inflight[key] = true
	}
	if m.loads == nil {
		m.loads = map[string]bool{}
	}
	m.loads[dir+"/"+key] = true
}

// settleLoad ends the flight of a loaded file; it is removed unless the transaction has it.
func (m *Mirror) settleLoad(t *table, dir string, store object.Store, key string, kept bool) {
	if !kept {
		err := store.Delete(context.WithoutCancel(m.ctx), key)
		if err != nil && !errors.Is(err, object.ErrNotExist) {
			m.log.Warn("mirror cannot remove a file", "dir", dir, "file", key, "err", err)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if t != nil {
		delete(t.inflight, key)
	}
	delete(m.loads, dir+"/"+key)
}

// loadCopy is a file of a load that a copy of the store has to have.
type loadCopy struct{ dir, key string }

// loadsSince are the loads that snapshots show which are not older than snap.
func (m *Mirror) loadsSince(snap *engine.Snapshot) ([]loadCopy, error) {
	now := m.eng.Snapshot()
	defer now.Release()
	for _, s := range []*engine.Snapshot{snap, now} {
		if err := lakeLoads(s, func(_ uint32, record []byte) error {
			_, err := m.coldLoad(record)
			return err
		}); err != nil {
			return nil, err
		}
	}
	m.lakes.mu.Lock()
	defer m.lakes.mu.Unlock()
	var out []loadCopy
	for _, c := range m.lakes.versions {
		if c.load && c.committed && (c.until == 0 || c.until > snap.LSN()) {
			out = append(out, loadCopy{c.state.dir, c.v.files[0].f.key})
		}
	}
	return out, nil
}

// copyLoads gives the files of loads second names in another part of the warehouse.
func (m *Mirror) copyLoads(ctx context.Context, loads []loadCopy, root string) error {
	byDir := map[string][]string{}
	for _, l := range loads {
		byDir[l.dir] = append(byDir[l.dir], l.key)
	}
	for dir, keys := range byDir {
		if err := object.Share(ctx, m.storeOf(dir), m.storeOf(inRoot(dir, root)), keys); err != nil {
			return fmt.Errorf("copy loaded files of %s: %w", dir, err)
		}
	}
	return nil
}

// strayLoads are the files, among those of this store's part of the warehouse, that loads of tables have left which are not there: where no
// commit has made the table, nothing else is in the directory.
func (m *Mirror) strayLoads(infos []object.Info) ([]string, error) {
	tables := map[string]bool{}
	for _, i := range infos {
		if dir, _, ok := strings.Cut(i.Key, "/_delta_log/"); ok {
			tables[dir] = true
		}
	}
	m.mu.Lock()
	for _, t := range m.tables {
		tables[t.dir] = true
	}
	var out []string
	for _, i := range infos {
		dir, file := path.Split(i.Key)
		if dir = strings.TrimSuffix(dir, "/"); !tables[dir] && isTableDir(dir) && isData(file) && !m.loads[i.Key] {
			out = append(out, i.Key)
		}
	}
	m.mu.Unlock()
	if len(out) == 0 {
		return nil, nil
	}
	// What has committed since then, or belongs to a table that has another directory.
	snap := m.eng.Snapshot()
	defer snap.Release()
	named := map[string]bool{}
	err := lakeLoads(snap, func(_ uint32, record []byte) error {
		_, err := m.coldLoad(record)
		return err
	})
	m.lakes.mu.Lock()
	defer m.lakes.mu.Unlock()
	for _, c := range m.lakes.versions {
		for _, f := range c.v.files {
			named[c.state.dir+"/"+f.f.key] = true
		}
	}
	return slices.DeleteFunc(out, func(key string) bool { return named[key] }), err
}

// isTableDir reports a directory that tableDir has named.
func isTableDir(dir string) bool {
	_, err := strconv.ParseUint(dir[strings.LastIndexByte(dir, '-')+1:], 10, 32)
	return err == nil && strings.Contains(dir, "-") && strings.Count(dir, "/") == 2
}

// isData reports a name of a file of rows that this package writes.
func isData(name string) bool {
	return strings.HasPrefix(name, "part-") && strings.HasSuffix(name, ".parquet")
}

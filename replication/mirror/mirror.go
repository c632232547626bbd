package mirror

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tarndb/tarn/replication/slot"
	"github.com/tarndb/tarn/replication/tail"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/wal"
)

var (
	// ErrNotMirrored says that the table has no mirror: unknown, switched off, or of a type that Delta lacks.
	ErrNotMirrored = errors.New("table is not mirrored")
	// ErrNotReady says that the columnar shape of a table is being built; rows have the answer.
	ErrNotReady = errors.New("mirror is not ready")
	// ErrTooOld says that a View was asked for an LSN before the versions that are kept.
	ErrTooOld = errors.New("mirror no longer holds that position")
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("mirror is closed")
)

// Options of a Mirror. Zero fields take the default.
type Options struct {
	Engine    *engine.Engine
	Warehouse object.Store
	// Place is the store at the location of a table that is not in the warehouse; nil: there are none. It does not ask the store.
	Place    func(location string) object.Store
	Database string // names the directory of the tables, e.g. app or app@dev
	SlotDir  string // where the position is kept, on local disk
	// Bootstrap returns the schemas of all tables as of a snapshot. It is asked when there is no position: a new
	// mirror of an old store, or a branch. nil: the log has them all.
	Bootstrap func(ctx context.Context, s *engine.Snapshot) ([]*change.Schema, error)
	// Parse reads a value of a type from its PostgreSQL text, for lake tables: their rows come back from files.
	Parse  func(oid uint32, text string) (tuple.Value, error)
	Logger *slog.Logger

	MaxLag        time.Duration // of what other engines see; default 1 s
	TailRows      int           // a table with so many unpublished rows is published at once; default 256k
	TailBytes     int64         // likewise; default 32 MB
	MemoryBytes   int64         // of all tails; above it the log is not read on; default 256 MB
	MaxLog        int64         // of log that is kept for what is not published; more is given up for a copy; default 4 GB, negative: no bound
	RowIDBytes    int64         // of row ids of files in memory; others are read again when needed; default 64 MB
	Workers       int           // publications at a time; default 2
	FileRows      int           // rows of a file that a copy writes; default 1M
	CheckpointLog int64         // Delta commits per checkpoint; default 20
	LogRetention  time.Duration // of Delta versions for other engines; default 1 h
	FileRetention time.Duration // of files that the newest version does not name; default 15 min
	SmallFile     int64         // files below it are merged; default 16 MB
	ClusterFile   int64         // of a clustered table: how large files become, and how much in files that are not clustered starts a rewrite; default 32 MB
	MergeFiles    int           // so many small files start a merge; default 16
	DeadRatio     float64       // of deleted rows that starts a rewrite; default 0.3
	CompactRate   int64         // bytes that compactions read a second; default 64 MB
	ViewWait      time.Duration // how long a View waits for the tail before it answers ErrNotReady; default 1 s
	BlockBytes    int64         // of row groups of lake tables in memory; default 64 MB
	KeepVersions  time.Duration // how long a replaced version serves Views of older snapshots; default 3 s

	retry         time.Duration // tests: instead of a second, before a failure is tried again
	clusterBuffer int64         // tests: of rows that a clustering keeps in memory
	// Step is called between the steps of what must survive a kill, with the name of the place; an error ends the work. For tests. The
	// places: files (written, no commit names them), log (deletion vectors written, too), linked (the Delta version is there),
	// committed, checkpoint, checkpointed (commits that it covers are not expired yet), expire (before each file is deleted), merged,
	// compacted, adopt and adopted (a lake table's state names the version), save and saved (the position).
	Step func(where string) error
}

func def[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

func (o Options) withDefaults() Options {
	def(&o.MaxLag, time.Second)
	def(&o.TailRows, 256<<10)
	def(&o.TailBytes, 32<<20)
	def(&o.MemoryBytes, 256<<20)
	def(&o.MaxLog, 4<<30)
	def(&o.RowIDBytes, 64<<20)
	def(&o.Workers, 2)
	def(&o.FileRows, 1<<20)
	def(&o.CheckpointLog, 20)
	def(&o.LogRetention, time.Hour)
	def(&o.FileRetention, 15*time.Minute)
	def(&o.SmallFile, 16<<20)
	def(&o.ClusterFile, 32<<20)
	def(&o.clusterBuffer, clusterBuffer)
	def(&o.MergeFiles, 16)
	def(&o.DeadRatio, 0.3)
	def(&o.CompactRate, 64<<20)
	def(&o.ViewWait, time.Second)
	def(&o.BlockBytes, 64<<20)
	def(&o.KeepVersions, 3*time.Second)
	def(&o.retry, time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Step == nil {
		o.Step = func(string) error { return nil }
	}
	return o
}

// Mirror mirrors one store. Its methods may be called by any number of goroutines.
type Mirror struct {
	opt     Options
	eng     *engine.Engine
	storeID wal.StoreID
	slot    *slot.Slot
	log     *slog.Logger

	ctx    context.Context
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup
	wake   chan struct{} // to the scheduler; one place
	left   atomic.Bool   // directories of dropped lake tables are there for the restore window
	loaded chan struct{} // closed when the tables of the slot are there and the tail runs
	stall  chan struct{} // closed when the warehouse has not answered at the start
	dead   chan struct{} // closed when load or tail have failed
	tail   *tail.Tail    // set before loaded is closed
	lakes  lakes
	// adoption is held for reading by each adoption; before Mirror.mu.
	adoption sync.RWMutex

	mu        sync.Mutex
	tables    map[uint32]*table
	byStorage map[uint32]*table
	applied   wal.LSN // End of the last transaction that is in the tail, whole
	bytes     int64   // of all segments
	uncounted int64   // of the transaction that is being applied, not in bytes yet
	room      chan struct{}
	awaited   int               // copies whose snapshot the tail has not reached
	failed    error             // why the tail ended
	waiting   error             // why the start has waited last
	unloaded  map[uint32]*table // of the slot, until the start has come to them
	loads     map[string]bool   // files of transactions that are not settled, with their directories
	stats     Metrics
	saved     wal.LSN
	changed   bool // tables came, went or changed since the slot was saved
	touched   []*table
	large     bool // the transaction that is being applied has its row ids from before its turn: other commits may have larger ones
	scratch   []tuple.Value
}

// Open starts to mirror. It returns at once; loading and catching up go on in the background, and View answers
// ErrNotReady if that takes longer than ViewWait.
func Open(opt Options) (*Mirror, error) {
	opt = opt.withDefaults()
	m := &Mirror{opt: opt, eng: opt.Engine, storeID: opt.Engine.StoreID(), log: opt.Logger, wake: make(chan struct{}, 1),
		loaded: make(chan struct{}), stall: make(chan struct{}), dead: make(chan struct{}), tables: map[uint32]*table{}, byStorage: map[uint32]*table{}}
	m.lakes.versions = map[string]*coldVersion{}
	s, err := slot.Open(opt.SlotDir, slotName, m.storeID, opt.Engine.Log())
	if errors.Is(err, slot.ErrCorrupt) {
		// Everything in it can be made again from the tables and the log.
		m.log.Error("mirror starts anew", "err", err)
		if err = slot.Remove(opt.SlotDir, slotName); err == nil {
			s, err = slot.Open(opt.SlotDir, slotName, m.storeID, opt.Engine.Log())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open mirror: %w", err)
	}
	m.slot = s
	m.ctx, m.cancel = context.WithCancelCause(context.Background())
	m.wg.Go(m.run)
	return m, nil
}

// Close stops. What is not published yet is published after the next Open; Sync before Close avoids that.
func (m *Mirror) Close() error {
	m.cancel(ErrClosed)
	m.wg.Wait()
	m.slot.Close()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range m.tables {
		if t.copying != nil {
			t.copying.release()
		}
		t.wakeLocked()
	}
	return nil
}

func (m *Mirror) run() {
	from, err := m.load()
	if err != nil {
		m.fail(fmt.Errorf("load mirror: %w", err))
		return
	}
	// Before anybody writes.
	if err := m.sweepUploads(); err != nil && m.ctx.Err() == nil {
		m.log.Warn("mirror cannot remove what interrupted writes left", "err", err)
	}
	m.tail = tail.New(m.eng.Log(), from, m)
	close(m.loaded)
	m.wg.Go(m.schedule)
	m.wg.Go(m.sweepTables)
	err = m.tail.Run(m.ctx)
	m.fail(err)
}

// sweepTables removes Delta tables of this store whose table is gone: a kill between the drop and the removal of files
// leaves them. It waits until the log that was durable at the start is applied, so that every table is known.
func (m *Mirror) sweepTables() {
	if _, err := m.tail.Position().Wait(m.ctx, m.eng.DurableLSN()); err != nil {
		return
	}
	if err := m.buryStray(m.ctx); err != nil && m.ctx.Err() == nil {
		m.log.Warn("mirror cannot remove what is left of lake tables", "err", err)
	}
	m.sweepOnce()
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-m.ctx.Done():
			return
		case <-tick.C:
			if m.left.Load() {
				m.sweepOnce()
			}
		}
	}
}

// sweepEvery is how often the directories of dropped lake tables are looked at that the restore window may bring back.
const sweepEvery = 10 * time.Minute

func (m *Mirror) sweepOnce() {
	m.left.Store(false)
	root := object.Segment(m.opt.Database) + "/"
	infos, err := m.opt.Warehouse.List(m.ctx, root, "")
	if err != nil {
		m.log.Warn("mirror cannot list its tables", "err", err)
		return
	}
	m.mu.Lock()
	known := map[string]bool{}
	for _, t := range m.tables {
		known[t.dir] = true
	}
	m.mu.Unlock()
	for _, i := range infos {
		dir, isTable, err := m.tableAt(m.ctx, i.Key)
		if err != nil {
			m.log.Warn("mirror cannot tell where a table is", "file", i.Key, "err", err)
		}
		if !isTable || known[dir] || strings.HasPrefix(dir, root+".") { // a schema's directory begins with no dot
			continue
		}
		known[dir] = true
		if err := m.sweepTable(dir); err != nil {
			m.log.Warn("mirror cannot remove a delta table", "dir", dir, "err", err)
		}
	}
	stray, err := m.strayLoads(infos)
	for _, key := range stray {
		err = errors.Join(err, m.opt.Warehouse.Delete(m.ctx, key))
	}
	if err != nil && m.ctx.Err() == nil {
		m.log.Warn("mirror cannot remove what interrupted loads left", "err", err)
	}
}

// sweepTable removes a Delta table if this store made it and its restore window does not reach back to it.
func (m *Mirror) sweepTable(dir string) error {
	store := m.storeOf(dir)
	snap, err := delta.Load(m.ctx, store, -1)
	if errors.Is(err, delta.ErrNoTable) && located(dir) {
		return m.unmark(m.ctx, dir)
	}
	if err != nil {
		return err
	}
	for app := range snap.Txns {
		id, ok := strings.CutPrefix(app, appPrefix(m.storeID))
		if !ok {
			continue
		}
		m.mu.Lock()
		n, err := strconv.ParseUint(id, 10, 32)
		_, alive := m.tables[uint32(n)]
		m.mu.Unlock()
		if err != nil || alive {
			return nil
		}
		if kept, err := m.keepsDropped(m.ctx, store); kept || err != nil {
			m.left.Store(true)
			return err
		}
		m.log.Info("mirror removes the delta table of a dropped table", "dir", dir)
		if err := removeTableFiles(m.ctx, store, located(dir)); err != nil {
			return err
		}
		return m.unmark(m.ctx, dir)
	}
	return nil
}

func (m *Mirror) fail(err error) {
	if errors.Is(err, ErrClosed) || m.ctx.Err() != nil {
		return
	}
	m.log.Error("mirror stopped", "err", err)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failed = err
	close(m.dead)
	for _, t := range m.tables {
		t.wakeLocked()
	}
}

func (m *Mirror) poke() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

const slotName = "mirror"

// savedState is what the slot holds next to the position.
type savedState struct {
	Tables []savedTable `json:"tables"`
}

type savedTable struct {
	Dir    string  `json:"dir"`
	Schema string  `json:"schema"` // change.Schema as of the position, base64
	Copy   bool    `json:"copy,omitempty"`
	Text   []int16 `json:"text,omitempty"`
}

// load brings back the tables of the slot and returns where the tail starts.
func (m *Mirror) load() (wal.LSN, error) {
	if m.slot.Fresh() {
		return m.bootstrap()
	}
	pos := m.slot.Position()
	var st savedState
	if err := json.Unmarshal(m.slot.State(), &st); err != nil {
		return 0, err
	}
	schemas := make([]*change.Schema, len(st.Tables))
	for i, sv := range st.Tables {
		raw, err := base64.StdEncoding.DecodeString(sv.Schema)
		if err != nil {
			return 0, err
		}
		if schemas[i], err = change.DecodeSchema(raw); err != nil {
			return 0, err
		}
	}
	m.mu.Lock()
	m.applied, m.saved = pos, pos
	m.unloaded = map[uint32]*table{}
	for i, s := range schemas {
		if option(s, "mirror") != "off" {
			t := m.newTable(s)
			t.dir, t.store = st.Tables[i].Dir, m.storeOf(st.Tables[i].Dir)
			m.unloaded[t.id] = t
		}
	}
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.unloaded = nil
	}()
	for i, sv := range st.Tables {
		s := schemas[i]
		t, err := m.reopenWaiting(s, sv, pos)
		if err != nil {
			return 0, err
		}
		m.mu.Lock()
		delete(m.unloaded, s.TableID)
		m.tables[t.id] = t
		if !t.off {
			m.byStorage[t.schema.StorageID] = t
		}
		m.mu.Unlock()
	}
	return pos, nil
}

func (m *Mirror) bootstrap() (wal.LSN, error) {
	snap := m.eng.Snapshot()
	defer snap.Release()
	if m.opt.Bootstrap == nil {
		if m.slot.Lost() {
			return 0, errors.New("the log after the mirror's position is gone")
		}
		// Saved at once: the log must be there after a crash, too.
		from := m.eng.Log().OldestLSN()
		return from, m.slot.Save(from, []byte("{}"))
	}
	schemas, err := m.opt.Bootstrap(m.ctx, snap)
	if err != nil {
		return 0, err
	}
	at, err := m.seedAll(m.ctx, schemas, snap.LSN())
	if err != nil {
		return 0, err
	}
	if err := m.slot.HoldFrom(at); err != nil {
		return 0, err
	}
	boot := map[uint32]*table{}
	for _, s := range schemas {
		if !s.Dropped {
			boot[s.TableID] = m.bootTable(s)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.applied, m.changed = at, true
	for _, s := range schemas {
		if s.Dropped || m.tables[s.TableID] != nil {
			continue
		}
		t := boot[s.TableID]
		m.tables[t.id] = t
		if t.off = option(s, "mirror") == "off"; t.off {
			continue
		}
		m.byStorage[s.StorageID] = t
		m.startCopyLocked(t, nil)
	}
	return at, nil
}

func (m *Mirror) newTable(s *change.Schema) *table {
	dir := tableDir(m.opt.Database, s)
	return &table{id: s.TableID, dir: dir, store: m.storeOf(dir), schema: s,
		inflight: map[string]bool{}, pinned: map[string]int{}}
}

// reopenWaiting is reopen that waits for a warehouse that does not answer: what it holds is not known, and the log from pos on stays.
// Where that exceeds its bound, the table is copied anew as others are.
func (m *Mirror) reopenWaiting(s *change.Schema, sv savedTable, pos wal.LSN) (*table, error) {
	for n := 0; ; n++ {
		err := m.holdLake(s)
		var t *table
		if err == nil {
			t, err = m.reopen(s, sv, pos)
		}
		if m.ctx.Err() != nil {
			return nil, context.Cause(m.ctx)
		}
		if err == nil {
			return t, nil
		}
		if m.tooFar(pos) {
			sv.Copy = true
			t, _ := m.reopen(s, sv, pos)
			m.mu.Lock()
			t.overrun, t.err = true, errOverrun
			m.mu.Unlock()
			return t, nil
		}
		m.log.Error("mirror waits for its warehouse", "table", s.SchemaName+"."+s.TableName, "err", err)
		m.mu.Lock()
		if m.waiting == nil {
			close(m.stall)
		}
		m.waiting = err
		m.mu.Unlock()
		select {
		case <-time.After(m.backoff(n)):
		case <-m.ctx.Done():
		}
	}
}

// backoff is the pause after a number of failures in a row.
func (m *Mirror) backoff(failures int) time.Duration {
	return min(m.opt.retry<<min(failures, 6), time.Minute)
}

// reopen makes a table of the slot: from its Delta log, or by a copy if that is not what the slot left. An error says that the
// warehouse does not answer.
func (m *Mirror) reopen(s *change.Schema, sv savedTable, pos wal.LSN) (*table, error) {
	t := m.newTable(s)
	t.dir, t.store = sv.Dir, m.storeOf(sv.Dir)
	text := map[int16]bool{}
	for _, a := range sv.Text {
		text[a] = true
	}
	again := func(err error) (*table, error) {
		if object.NoAnswer(err) || err != nil && m.ctx.Err() != nil {
			return nil, err
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if err != nil {
			m.log.Warn("mirror copies a table anew", "table", t.name(), "err", err)
			t.err = err
		}
		m.startCopyLocked(t, text)
		return t, nil
	}
	if t.off = option(s, "mirror") == "off"; t.off {
		return t, nil
	}
	if sv.Copy {
		return again(nil)
	}
	t.pub.Lock()
	defer t.pub.Unlock()
	if err := t.openLog(m.ctx); err != nil {
		return again(err)
	}
	v, err := m.loadVersion(m.ctx, t)
	if err != nil {
		return again(err)
	}
	if v.lsn > pos || v.m.schema.Version > s.Version {
		s = v.m.schema
	}
	mp, compatible, err := newMapping(s, v.m, v.m.text())
	if err == nil && !compatible {
		err = errors.New("published schema differs")
	}
	if err == nil {
		err = t.setSchemaLocked(s, mp)
	}
	if err != nil {
		return again(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	t.skip = v.lsn
	m.installLocked(t, v)
	t.segs = []*segment{newSegment(max(pos, v.lsn), mp)}
	return t, nil
}

// save makes the position durable from which a restart follows the log.
func (m *Mirror) save() error {
	m.mu.Lock()
	pos := m.applied
	var st savedState
	for _, t := range m.tables {
		if t.dropped {
			continue
		}
		pos = min(pos, t.positionLocked(m.applied))
	}
	if pos <= m.saved && !m.changed {
		m.mu.Unlock()
		return nil
	}
	pos = max(pos, m.saved)
	for _, t := range m.tables {
		if t.dropped {
			continue
		}
		// The schema as of the position: of a table with something unpublished, that of its newest version. A table
		// of which nothing is published is made again by the log after the position.
		schema := t.schema
		if t.unpublishedLocked() != nil {
			if t.newest().number < 0 {
				continue
			}
			schema = t.newest().m.schema
		}
		sv := savedTable{Dir: t.dir, Schema: base64.StdEncoding.EncodeToString(change.AppendSchema(nil, schema)),
			Copy: t.copying != nil || t.fatal != nil}
		text := map[int16]bool{}
		if t.copying != nil {
			text = t.copying.text
		} else if t.m != nil {
			text = t.m.text()
		}
		for a, on := range text {
			if on {
				sv.Text = append(sv.Text, a)
			}
		}
		slices.Sort(sv.Text)
		st.Tables = append(st.Tables, sv)
	}
	m.changed = false
	m.mu.Unlock()
	slices.SortFunc(st.Tables, func(a, b savedTable) int { return strings.Compare(a.Dir, b.Dir) })
	data, err := json.Marshal(st)
	if err != nil {
		return err
	}
	if err := m.opt.Step("save"); err != nil {
		return err
	}
	if err := m.slot.Save(pos, data); err != nil {
		return err
	}
	m.mu.Lock()
	m.saved = pos
	m.mu.Unlock()
	return m.opt.Step("saved")
}

// EncodeMissing and DecodeMissing are the form of option missing.<attnum> of a Schema: the value that rows from before
// ADD COLUMN … DEFAULT have, as a row of one column.
func EncodeMissing(k tuple.Kind, v tuple.Value) string {
	row := tuple.NewLayout([]tuple.Kind{k}, nil).Append(nil, 0, []tuple.Value{v})
	return base64.StdEncoding.EncodeToString(row)
}

// DecodeMissing reads what EncodeMissing wrote.
func DecodeMissing(k tuple.Kind, s string) (tuple.Value, error) {
	row, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return tuple.Null, fmt.Errorf("missing value: %w", err)
	}
	l := tuple.NewLayout([]tuple.Kind{k}, nil)
	if err := l.Validate(row); err != nil {
		return tuple.Null, fmt.Errorf("missing value: %w", err)
	}
	return l.Get(row, 0), nil
}

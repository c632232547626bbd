package txn

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/serial"
)

// ErrSerialization is wrapped by ErrConcurrentUpdate and ErrConcurrentDelete: under REPEATABLE READ a row that the
// statement wants to change or lock has been changed since the snapshot. The transaction has to be tried again.
var (
	ErrSerialization    = errors.New("could not serialize access")
	ErrConcurrentUpdate = serializationError("row was updated concurrently")
	ErrConcurrentDelete = serializationError("row was deleted concurrently")
	// ErrDeparted: the row that is to be locked has gone to another table, at any isolation level.
	ErrDeparted = serializationError("row was moved to another table concurrently")
)

type serializationError string

func (e serializationError) Error() string { return ErrSerialization.Error() + ": " + string(e) }
func (e serializationError) Unwrap() error { return ErrSerialization }

// ErrNoSavepoint says that a savepoint is not (or no longer) there.
var ErrNoSavepoint = errors.New("savepoint does not exist")

// Isolation is a transaction's isolation level.
type Isolation uint8

const (
	ReadCommitted Isolation = iota
	RepeatableRead
	Serializable
)

// Config of a Manager. The zero value of a field means its default.
type Config struct {
	MemoryBytes int64  // of a transaction's values before they go to a file; default 64 MB
	TempDir     string // for these files; default the system's
	LargeBytes  int64  // of log, from which on a transaction is written ahead of its commit; default engine.LargeBytes
	// Committed is called after each commit for each table that it changed, before the locks are given back. It must not block.
	Committed func(RowCounts)
	// Follower is told what commits bring to indexes; nil: nobody is.
	Follower Follower
}

// Follower keeps something that is made of index entries. It learns of each entry before anybody can see it.
type Follower interface {
	// Begin and End stand around a commit with changes. End, with what Begin has answered, comes when they are visible, or when the
	// commit has failed.
	Begin() uint64
	End(begun uint64)
	// Put is an entry that the commit brings; key and value are valid during the call.
	Put(key, value []byte)
	// Ingested is an index of which the commit brings entries in files.
	Ingested(table uint32, index uint16)
}

// Manager begins transactions on one store. Its methods may be called by any number of goroutines.
type Manager struct {
	eng   *engine.Engine
	locks *lock.Manager
	cfg   Config
	pool  sync.Pool // of *Txn
	keyID atomic.Uint64
	stats counters

	announced announcements
	lineage   lineage
	serial    *serial.Tracker
}

type counters struct {
	begun, committed, readOnly, rolledBack, spilled atomic.Uint64
	active                                          atomic.Int64
}

// Stats counts since NewManager.
type Stats struct {
	Begun      uint64
	Committed  uint64 // with changes
	ReadOnly   uint64 // committed without changes
	RolledBack uint64
	Active     int64
	Spilled    uint64 // bytes of values written to temporary files
}

// NewManager makes the transaction manager of a store. All of its transactions must use the same lock manager.
func NewManager(eng *engine.Engine, locks *lock.Manager, cfg Config) *Manager {
	if cfg.LargeBytes == 0 {
		cfg.LargeBytes = engine.LargeBytes
	}
	if cfg.MemoryBytes == 0 {
		cfg.MemoryBytes = 64 << 20
	}
	m := &Manager{eng: eng, locks: locks, cfg: cfg, serial: serial.NewTracker(serial.Config{})}
	m.lineage.init()
	m.keyID.Store(eng.Epoch() << keyIDBits)
	m.pool.New = func() any { return newTxn(m) }
	return m
}

// keyIDBits is how many key ids an epoch has room for, as a power of two.
const keyIDBits = 40

// NextKeyID gives out the hidden key of a row of a table without a primary key: epoch<<40 | counter. It only grows,
// over restarts too, and starts again nowhere.
func (m *Manager) NextKeyID() uint64 { return m.keyID.Add(1) }

// NextKeyIDs gives out n consecutive ids and returns the first.
func (m *Manager) NextKeyIDs(n uint64) uint64 { return m.keyID.Add(n) - n + 1 }

// Engine is the store, Locks the lock manager.
func (m *Manager) Engine() *engine.Engine { return m.eng }
func (m *Manager) Locks() *lock.Manager   { return m.locks }

// Stats returns the counters.
func (m *Manager) Stats() Stats {
	return Stats{
		Begun: m.stats.begun.Load(), Committed: m.stats.committed.Load(), ReadOnly: m.stats.readOnly.Load(),
		RolledBack: m.stats.rolledBack.Load(), Active: m.stats.active.Load(), Spilled: m.stats.spilled.Load(),
	}
}

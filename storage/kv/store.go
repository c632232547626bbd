package kv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/wal"
)

// Options configures a Store.
type Options struct {
	FS            vfs.FS // default: the operating system's
	CacheBytes    int64  // block cache; default 256 MB, used as blocks are read
	MemTableBytes int64  // default 64 MB; also about how much log a restart replays
	ReadOnly      bool   // for inspection of a store that nobody has open
	Logger        *slog.Logger
	// Barrier makes the log durable up to where it has been written. Called before Pebble's manifest is written.
	Barrier func() error
	// Flushed is called, in no particular goroutine and with Pebble's locks held, when memory tables have been written.
	Flushed func()
	// OnFatal is called when Pebble cannot go on. It must not return to a caller that goes on using the store.
	OnFatal func(error)
}

// Store is an open Pebble database. Apply is for one goroutine at a time, the rest for any number.
type Store struct {
	db         *pebble.DB
	fs         vfs.FS
	dir        string
	cache      *pebble.Cache
	barrier    *barrierFS
	checkpoint sync.Mutex      // held while one is made
	writer     *pebble.Options // how sorted files are written
	temp       atomic.Uint64   // number of the last Files
	full       atomic.Bool     // a flush failed for want of space

	state   State // after the last Apply; owned by the applier
	scratch struct {
		state  [stateSize]byte
		marker []byte
		op     change.Op
	}
}

// FormatVersion is the Pebble format that stores are created with and upgraded to.
const FormatVersion = pebble.FormatTableFormatV6

func (o Options) pebble(s *Store) *pebble.Options {
	p := &pebble.Options{
		FS:                 s.barrier,
		Cache:              s.cache,
		DisableWAL:         true,
		ReadOnly:           o.ReadOnly,
		FormatMajorVersion: FormatVersion,
		MemTableSize:       uint64(o.MemTableBytes),
		// A commit stalls when this many memory tables wait to be written.
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       24,
		LBaseMaxBytes:               64 << 20,
		MaxOpenFiles:                4096,
		BytesPerSync:                1 << 20,
		CompactionConcurrencyRange: func() (int, int) {
			return 1, max(1, runtime.GOMAXPROCS(0)/2)
		},
		Logger: pebbleLogger{o.Logger, o.OnFatal},
		EventListener: &pebble.EventListener{
			BackgroundError: func(err error) {
				if vfs.IsNoSpaceError(err) && s.full.Swap(true) {
					return // said before
				}
				o.Logger.Error("store background work failed", "error", err)
			},
			FlushEnd: func(info pebble.FlushInfo) {
				if info.Err == nil {
					s.full.Store(false)
				}
				if o.Flushed != nil {
					o.Flushed()
				}
			},
			DataCorruption: func(info pebble.DataCorruptionInfo) {
				o.Logger.Error("store file is damaged", "path", info.Path, "error", info.Details)
			},
		},
	}
	for i := range p.Levels {
		p.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		p.Levels[i].FilterType = pebble.TableFilter
		p.Levels[i].BlockSize = 8 << 10
		p.Levels[i].IndexBlockSize = 32 << 10
	}
	// What was dropped or truncated gives its space back without waiting for more writes.
	p.FlushDelayDeleteRange = 0
	return p
}

// Open opens the store in dir, made when it does not exist.
func Open(dir string, o Options) (*Store, error) {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = 256 << 20
	}
	if o.MemTableBytes == 0 {
		o.MemTableBytes = 64 << 20
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Store{fs: o.FS, dir: dir, cache: pebble.NewCache(o.CacheBytes)}
	// Beyond what any other process of the store has given out: sorted files keep their names in the log and the restore window.
	s.temp.Store(rand.Uint64() >> 1)
	s.barrier = &barrierFS{FS: o.FS, before: o.Barrier, full: &s.full}
	s.writer = o.pebble(s)
	s.writer.EnsureDefaults()
	db, err := pebble.Open(dir, o.pebble(s))
	if err != nil {
		s.cache.Unref()
		return nil, fmt.Errorf("open key-value store: %w", err)
	}
	s.db = db
	if !o.ReadOnly {
		// Sorted files that an earlier process was writing.
		if err := s.fs.RemoveAll(s.fs.PathJoin(dir, bulkDir)); err != nil {
			return nil, errors.Join(fmt.Errorf("remove unfinished sorted files: %w", err), s.Close())
		}
	}
	if s.state, _, err = s.readState(nil); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close closes the store. What is only in memory stays in the log.
func (s *Store) Close() error {
	err := s.db.Close()
	s.cache.Unref()
	return err
}

// State is the state after the last Apply.
func (s *Store) State() State { return s.state }

func (s *Store) readState(o *pebble.IterOptions) (State, bool, error) {
	it, err := s.db.NewIter(o)
	if err != nil {
		return State{}, false, err
	}
	defer it.Close()
	if !it.SeekGE([]byte(stateKey)) || string(it.Key()) != stateKey {
		return State{}, false, it.Error()
	}
	v, err := it.ValueAndErr()
	if err != nil {
		return State{}, false, err
	}
	st, err := parseState(v)
	return st, true, err
}

// DurableState is the state that a crash at this moment would leave in the store; ok is false when that is none.
// The log is needed from its LSN on.
func (s *Store) DurableState() (st State, ok bool, err error) {
	return s.readState(&pebble.IterOptions{OnlyReadGuaranteedDurable: true})
}

// DiskFull reports that the store could not write a memory table for want of space. It tries again by itself.
func (s *Store) DiskFull() bool { return s.full.Load() }

// Flush writes everything in memory to files.
func (s *Store) Flush() error { return s.db.Flush() }

// AsyncFlush starts to write everything in memory to files and does not wait for it.
func (s *Store) AsyncFlush() error {
	_, err := s.db.AsyncFlush()
	return err
}

// Get returns the newest value of a key; it is valid until the Closer, nil when ok is false, is closed.
func (s *Store) Get(key []byte) (value []byte, c io.Closer, ok bool, err error) {
	value, c, err = s.db.Get(key)
	return found(value, c, err)
}

func found(value []byte, c io.Closer, err error) ([]byte, io.Closer, bool, error) {
	if err == nil {
		return value, c, true, nil
	}
	if err == pebble.ErrNotFound {
		return nil, nil, false, nil
	}
	return nil, nil, false, err
}

// Checkpoint makes a copy of the store in dir, which must not exist, by hard links. It holds what is in files; what is
// in memory only comes from the log. Nothing is synced in dir, nor the directory above it.
func (s *Store) Checkpoint(dir string) error {
	s.checkpoint.Lock()
	defer s.checkpoint.Unlock()
	s.barrier.checkpoint.Store(&dir)
	defer s.barrier.checkpoint.Store(nil)
	return s.db.Checkpoint(dir)
}

// Metrics are Pebble's.
func (s *Store) Metrics() *pebble.Metrics { return s.db.Metrics() }

// Snapshot is an unchanging view of the store.
type Snapshot struct{ s *pebble.Snapshot }

// NewSnapshot returns a view of what has been applied. It must be closed.
func (s *Store) NewSnapshot() Snapshot { return Snapshot{s.db.NewSnapshot()} }

func (s Snapshot) Close() error { return s.s.Close() }

// Get is Store.Get at the snapshot.
func (s Snapshot) Get(key []byte) (value []byte, c io.Closer, ok bool, err error) {
	value, c, err = s.s.Get(key)
	return found(value, c, err)
}

// NewIter returns an iterator over lo (included) to hi (excluded); opts is the caller's to keep unchanged meanwhile.
func (s Snapshot) NewIter(opts *pebble.IterOptions) (*pebble.Iterator, error) {
	return s.s.NewIterWithContext(context.Background(), opts)
}

// applyBytes bounds one batch. A larger group enters in several: that is safe, see Apply.
const applyBytes = 16 << 20

// Apply brings the records of the log that are given by payloads and ends into the store, in order, as one batch.
// When the last one returns, newly taken snapshots see all of them.
//
// A group that exceeds applyBytes enters in several batches of which the last one carries the state. A crash between
// them leaves some of its changes and the state before it: the log, which holds the group durably by then, is replayed
// from there and puts the same keys again. Only snapshots could tell, and the applier takes those between groups.
func (s *Store) Apply(payloads [][]byte, ends []wal.LSN) error { return s.apply(payloads, nil, ends) }

// ApplyWhole is Apply for one record with its attachment.
func (s *Store) ApplyWhole(payload []byte, open change.Open, end wal.LSN) error {
	return s.apply([][]byte{payload}, open, []wal.LSN{end})
}

func (s *Store) apply(payloads [][]byte, open change.Open, ends []wal.LSN) error {
	var size int
	for _, p := range payloads {
		size += len(p)
	}
	b := s.db.NewBatchWithSize(min(size+size/8+256, applyBytes+applyBytes/4))
	st := s.state
	for i, p := range payloads {
		if ends[i] <= st.LSN {
			b.Close()
			return fmt.Errorf("apply log record that ends at %s to a store at %s", ends[i], st.LSN)
		}
		var err error
		if b, err = s.applyOne(b, p, open, false, &st); err != nil {
			b.Close()
			return fmt.Errorf("apply log record that ends at %s: %w", ends[i], err)
		}
		st.LSN = ends[i]
	}
	return s.enter(b, st)
}

// enter commits a batch together with the state that the store has with it.
func (s *Store) enter(b *pebble.Batch, st State) error {
	if err := b.Set([]byte(stateKey), st.append(s.scratch.state[:0]), nil); err != nil {
		b.Close()
		return err
	}
	if err := s.commit(b); err != nil {
		return err
	}
	s.state = st
	return nil
}

func (s *Store) commit(b *pebble.Batch) error {
	err := s.db.Apply(b, pebble.NoSync)
	return errors.Join(err, b.Close())
}

// applyOne puts a record into a batch. apart: what it has in an attachment is applied otherwise.
func (s *Store) applyOne(b *pebble.Batch, payload []byte, open change.Open, apart bool, st *State) (*pebble.Batch, error) {
	d, err := change.DecodeWhole(payload, open)
	if err != nil {
		return b, err
	}
	defer d.Close()
	op := &s.scratch.op
	for err == nil && d.Next(op) {
		switch op.Kind {
		case change.KindPut:
			if change.IsLoad(op.Key) {
				l, lerr := change.ParseLoad(op.Value)
				if lerr != nil {
					return b, lerr
				}
				st.NextRowID = max(st.NextRowID, l.First+l.Rows)
			}
			err = b.Set(op.Key, op.Value, nil)
		case change.KindDelete:
			err = b.Delete(op.Key, nil)
		case change.KindDeleteRange:
			err = b.DeleteRange(op.Key, op.Value, nil)
		case change.KindIngestBegin:
			s.scratch.marker = ingestMarker(s.scratch.marker[:0], op.Table, op.Index)
			err = b.Set(s.scratch.marker, nil, nil)
		case change.KindIngest:
			st.NextRowID = max(st.NextRowID, op.FirstRowID+op.RowCount)
			s.scratch.marker = ingestMarker(s.scratch.marker[:0], op.Table, op.Index)
			err = b.Delete(s.scratch.marker, nil)
		case change.KindOpen:
			st.Epoch = max(st.Epoch, op.Epoch)
		case change.KindMore:
			if open == nil && !apart {
				err = errors.New("attachment is not at hand")
			}
			st.NextRowID = max(st.NextRowID, op.More.RowEnd)
		}
		if err == nil && b.Len() >= applyBytes {
			if err = s.commit(b); err == nil {
				b = s.db.NewBatch()
			}
		}
	}
	if err == nil {
		err = d.Err()
	}
	st.advance(&d.Header, st.LSN)
	return b, err
}

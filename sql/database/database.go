// Package database is one open branch of a database as SQL sees it: its store, transactions and locks, the current
// catalog, and what is shared by the sessions on it (table readers, sequences, statistics).
package database

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/files"
	"github.com/tarndb/tarn/sql/hnsw"
	"github.com/tarndb/tarn/sql/notify"
	"github.com/tarndb/tarn/sql/stats"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
	"github.com/tarndb/tarn/storage/wal"
)

// System tables by storage id (docs/formats/keys.md).
const (
	CatalogStorage   = 1
	SequenceStorage  = 2
	StatisticStorage = 3
	LoadedStorage    = 5
)

// StateIndex is the index number of system tables' entries: not 1, whose values are rows with ids of their own.
const StateIndex = 2

// DB is an open branch. Its methods may be called by any number of goroutines.
type DB struct {
	Name, Branch string
	ID           uint32 // pg_database.oid
	Engine       *engine.Engine
	Locks        *lock.Manager
	Txns         *txn.Manager
	Alloc        *catalog.Allocator
	Log          *slog.Logger

	catalog atomic.Pointer[catalog.Catalog]
	publish sync.Mutex // serialises catalog changes

	// Mirror is nil while mirroring is off.
	Mirror Mirror

	// Volumes are the directories of volumes; nil: there are none.
	Volumes files.Volumes

	// Columnar runs plan fragments over the mirror; nil: all run over rows. cmd/tarn sets it before the first session.
	Columnar ColumnarEngine

	// Rels opens tables for the operators of all sessions.
	Rels *run.Rels

	// Notify carries LISTEN and NOTIFY among the sessions.
	Notify notify.Hub

	// Near has the graphs of indexes over vectors.
	Near *hnsw.Indexes

	sequences    sequences
	stats        stats.Cache
	statsVersion atomic.Uint64
	activity     activity
	auto         Autovacuum
	stopAuto     func() // ends automatic ANALYZE and waits for it; nil: there is none
}

// Options name the branch and bound its memory.
type Options struct {
	Name, Branch string
	ID           uint32
	Engine       engine.Options
	Txn          txn.Config
	Logger       *slog.Logger
	Autovacuum   Autovacuum
}

// Open opens the store and loads its catalog.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	eng, err := engine.Open(ctx, o.Engine)
	if err != nil {
		return nil, err
	}
	d := &DB{Name: o.Name, Branch: o.Branch, ID: o.ID, Engine: eng, Locks: lock.NewManager(), Log: o.Logger}
	d.stats.Load, d.auto = d.loadStats, o.Autovacuum
	o.Txn.Committed = d.activity.committed
	d.Near = hnsw.NewIndexes(hnsw.Config{Store: vectorEntries{eng}, Decode: decodeVector, Log: o.Logger})
	o.Txn.Follower = d.Near
	d.Txns = txn.NewManager(eng, d.Locks, o.Txn)
	d.Rels = &run.Rels{}
	d.sequences.init(d)
	snap := eng.Snapshot()
	c, err := CatalogAt(snap)
	if err != nil {
		snap.Release()
		return nil, errors.Join(fmt.Errorf("load catalog: %w", err), eng.Close())
	}
	d.Alloc = catalog.NewAllocator(c)
	d.catalog.Store(c)
	err = d.openActivity(ctx, snap)
	snap.Release()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("load counters of tables: %w", err), eng.Close())
	}
	return d, nil
}

// openActivity starts counting, and the worker that acts on it.
func (d *DB) openActivity(ctx context.Context, snap *engine.Snapshot) error {
	a := &d.activity
	a.first = d.Alloc.NextStorageID()
	if d.auto.On {
		a.due = make(chan struct{}, 1)
	}
	gone, err := a.load(snap, d.Catalog())
	if err != nil {
		return err
	}
	if len(gone) > 0 {
		var g change.Group
		for _, k := range gone {
			g.Delete(k, 0)
		}
		if _, err := d.Engine.Commit(ctx, &g, engine.Async); err != nil {
			return err
		}
	}
	if d.auto.On {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			d.autoanalyze(ctx)
		}()
		d.stopAuto = func() { cancel(); <-done }
	}
	return nil
}

// CatalogAt is the catalog of a snapshot.
func CatalogAt(snap *engine.Snapshot) (*catalog.Catalog, error) {
	lo := tuple.AppendPrefix(nil, CatalogStorage, StateIndex)
	hi := tuple.AppendPrefix(nil, CatalogStorage, StateIndex+1)
	return catalog.Load(func(yield func(key, value []byte) error) error {
		it := snap.NewIter(lo, hi)
		defer it.Close()
		for ok := it.First(); ok; ok = it.Next() {
			if err := yield(it.Key()[tuple.KeyPrefixLen:], it.Value()); err != nil {
				return err
			}
		}
		return it.Error()
	})
}

// SchemasAt describes the tables of a snapshot to those who follow the log from there.
func SchemasAt(_ context.Context, snap *engine.Snapshot) ([]*change.Schema, error) {
	c, err := CatalogAt(snap)
	if err != nil {
		return nil, err
	}
	var out []*change.Schema
	c.Tables(func(t *catalog.Table) bool {
		if rec := SchemaRecord(c, t.OID, t, nil); rec != nil {
			out = append(out, rec)
		}
		return true
	})
	return out, nil
}

// Catalog is the newest committed catalog.
func (d *DB) Catalog() *catalog.Catalog { return d.catalog.Load() }

// Publish puts a committed transaction's catalog changes in force. It is called after the commit is visible and before
// the transaction's table locks are given back: who waited for them plans with the new catalog.
func (d *DB) Publish(e *catalog.Editor) {
	d.publish.Lock()
	defer d.publish.Unlock()
	old := d.catalog.Load()
	d.catalog.Store(e.Apply(old))
	e.Tables(func(oid catalog.OID, t *catalog.Table) {
		was := old.Table(oid)
		d.forgetVectors(was, t)
		if was == nil || t != nil && t.StorageID == was.StorageID {
			return
		}
		d.ForgetActivity(was.StorageID)
		if t == nil {
			d.stats.Forget(oid)
		}
	})
}

// LSN is the newest visible position; with Checkpoint and Close it makes DB a branch's runtime.
func (d *DB) LSN() wal.LSN { return d.Engine.VisibleLSN() }

// Checkpoint makes dir a copy of the store (engine.Checkpoint), with the counters of tables.
func (d *DB) Checkpoint(ctx context.Context, dir string, follow wal.LSN) (wal.LSN, error) {
	if err := d.saveActivity(ctx); err != nil {
		return 0, err
	}
	return d.Engine.Checkpoint(ctx, dir, follow)
}

// Close closes the store. No session may be on it.
func (d *DB) Close() error {
	if d.stopAuto != nil {
		d.stopAuto()
	}
	d.Near.Close()
	if err := d.saveActivity(context.Background()); err != nil {
		d.Log.Warn("counters of tables not saved", "error", err)
	}
	return d.Engine.Close()
}

package mirror

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/wal"
)

// State of a table's mirror, as tarn.mirrors shows it.
type State string

const (
	StateActive  State = "active"
	StateCopying State = "copying" // a copy of the whole table is due or under way
	StateOverrun State = "overrun" // as copying, because its changes held more log than they may
	StateError   State = "error"   // see last_error; tried again, except for types that cannot be mirrored
)

// table is one mirrored table. Fields are protected by Mirror.mu unless they say otherwise.
type table struct {
	id    uint32
	dir   string // where it is (place.go); never changes
	store object.Store

	pub sync.Mutex // one publication, compaction commit or copy commit at a time; before Mirror.mu
	log *delta.Log // protected by pub; nil until opened

	schema  *change.Schema // as of the tail
	layout  *tuple.Layout
	m       *mapping
	skip    wal.LSN    // changes up to here are in the newest version or in the snapshot that is copied
	vers    []*version // ascending lsn; the newest last
	segs    []*segment // contiguous; the first starts at or before the newest version; the last is open
	pending bool       // the group that is being applied touched the open segment

	copying *tableCopy // nil: the versions and segments are the table
	gen     int        // grows when versions and segments are given up
	dropped bool       // the table is gone
	off     bool       // mirror = off
	remove  bool       // the Delta table is to be deleted
	goneAt  wal.LSN    // snapshots from there on have nothing of an earlier storage id, or of the table if it is dropped
	overrun bool       // the copy is due because its changes were given up
	fatal   error      // the table cannot be mirrored as it is (a type)
	err     error      // of the last attempt
	retryAt time.Time

	busy       bool            // a worker has it
	asked      bool            // a publication is wanted now
	wantMerge  bool            // a compaction has something to do
	compacting bool            // a compaction reads and writes
	works      []*work         // long work under way, copies excepted
	failures   int             // in a row
	inflight   map[string]bool // files that are being written
	pinned     map[string]int  // files that Views name, with how many
	waiters    []chan struct{} // closed at each change of vers, copying, err, dropped
	swept      time.Time
	retired    []retirement // files that commits of the last FileRetention took out and that are still there
	garbage    int64        // bytes of files and vectors that commits since the last sweep took out

	adopted *version // of a lake table: what the state record is known to name
	tombs   bool     // tombstones were left by the last adoption
	adoptAt time.Time
	wasLake bool // an earlier storage id was a lake table's
	// outlived are earlier storage ids of a lake table, of which nothing may be left in the state.
	outlived []uint32
}

// tableCopy is a copy of the whole table: the snapshot becomes its content as of its LSN.
type tableCopy struct {
	// A table that was loaded from files is often written anew at once, as when a primary key is added: one copy is
	// enough, once it has settled.
	notBefore time.Time
	snap      *engine.Snapshot // nil: still to be taken
	at        wal.LSN
	ready     bool // the tail has reached at, so that schema is the one at at
	schema    *change.Schema
	m         *mapping
	layout    *tuple.Layout
	text      map[int16]bool // columns that fell back to string
	work      *work
}

func (t *table) name() string { return t.schema.SchemaName + "." + t.schema.TableName }

func (t *table) newest() *version { return t.vers[len(t.vers)-1] }

func (t *table) open() *segment { return t.segs[len(t.segs)-1] }

func (t *table) wakeLocked() {
	for _, c := range t.waiters {
		close(c)
	}
	t.waiters = nil
}

// unpublishedLocked returns the first segment that holds something that no version has, nil if there is none.
func (t *table) unpublishedLocked() *segment {
	if len(t.vers) == 0 || t.unready() != nil {
		return nil
	}
	for _, s := range t.segs {
		if s.start >= t.newest().lsn && !s.empty() {
			return s
		}
	}
	return nil
}

// positionLocked is where the table must resume after a restart: everything before is published.
func (t *table) positionLocked(applied wal.LSN) wal.LSN {
	if s := t.unpublishedLocked(); s != nil {
		return s.start
	}
	return applied
}

// setSchemaLocked switches what the tail decodes with. It does not touch segments.
func (t *table) setSchemaLocked(s *change.Schema, m *mapping) error {
	kinds := make([]tuple.Kind, len(s.Columns))
	missing := make([]tuple.Value, len(s.Columns))
	for i, c := range s.Columns {
		kinds[i], missing[i] = c.Kind, tuple.Null
		if !c.Kind.Valid() {
			return fmt.Errorf("column %s of %s.%s: %w", c.Name, s.SchemaName, s.TableName, errUnsupportedType)
		}
		if enc := missingValue(s, c); enc != "" && !c.Dropped {
			v, err := DecodeMissing(c.Kind, enc)
			if err != nil {
				return fmt.Errorf("column %s of %s.%s: %w", c.Name, s.SchemaName, s.TableName, err)
			}
			missing[i] = v
		}
	}
	t.schema, t.m, t.layout = s, m, tuple.NewLayout(kinds, missing)
	return nil
}

// appID is the application id of the table's txn actions.
func (m *Mirror) appID(t *table) string { return txnOf(m.storeID, t.id) }

func txnOf(store wal.StoreID, table uint32) string { return appPrefix(store) + fmt.Sprint(table) }

func appPrefix(store wal.StoreID) string { return fmt.Sprintf("tarn/%s/", store) }

// openLog loads the Delta log once. Called with t.pub.
func (t *table) openLog(ctx context.Context) error {
	if t.log != nil {
		return nil
	}
	log, err := delta.Open(ctx, t.store)
	if err != nil {
		return err
	}
	t.log = log
	return nil
}

// errNotOurs says that a Delta table in the directory is not the published state of this table.
var errNotOurs = errors.New("delta table has another origin")

// loadVersion makes a version of what the Delta log holds. Called with t.pub, the log open.
func (m *Mirror) loadVersion(ctx context.Context, t *table) (*version, error) {
	snap := t.log.Snapshot()
	if snap.Version < 0 {
		return nil, errNotOurs
	}
	txn, ok := snap.Txns[m.appID(t)]
	if !ok {
		return nil, errNotOurs
	}
	return versionOf(ctx, t.store, snap, wal.LSN(txn.Version))
}

// versionOf makes the version that covers lsn of a snapshot of its Delta log.
func versionOf(ctx context.Context, store object.Store, snap *delta.Snapshot, lsn wal.LSN) (*version, error) {
	mp, err := loadMapping(snap.Metadata.Configuration)
	if err != nil {
		return nil, err
	}
	var files []*fileState
	for _, a := range snap.SortedFiles() {
		f, err := loadFile(ctx, store, a)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return newVersion(lsn, snap.Version, mp, files), nil
}

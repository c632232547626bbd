package database

import (
	"context"
	"encoding/binary"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
)

// activityIndex is the index of the statistics table that holds the counters of tables (StateIndex holds ANALYZE's results).
const activityIndex = StateIndex + 1

// activity counts what commits do to each table, by storage id. It is kept over a clean close and copied with a branch; a
// crash loses what was counted since, as in PostgreSQL 15.
//
//	key    system table 3 | index 3 | storage id (u32 BE)
//	value  version 1 (1 byte) | nine i64 LE: live rows, inserted, updated, deleted, changed since ANALYZE, last ANALYZE, last
//	       automatic ANALYZE (µs since 1970, 0: never), how many of either
type activity struct {
	tables sync.Map // uint32 → *tableActivity
	// first is the first storage id that was not given out when the store was opened: those from it on began empty.
	first uint32
	// due is told when a table has changed enough to be looked at; it may hold one notice.
	due chan struct{}
}

type tableActivity struct {
	// base is the number of rows that are not in the counters (float bits); known once somebody asked.
	base                       atomic.Uint64
	baseKnown                  atomic.Bool
	inserted, updated, deleted atomic.Int64 // since ever
	opened                     int64        // inserted - deleted when counting began
	mods                       atomic.Int64 // changed since the last ANALYZE
	limit                      atomic.Int64 // changes from which on the table is due
	analyzed, autoAnalyzed     atomic.Int64 // µs since 1970
	analyzes, autoAnalyzes     atomic.Int64
	saved                      atomic.Int64 // sum of the counters as they are in the store
}

func (a *activity) table(storage uint32) *tableActivity {
	if t, ok := a.tables.Load(storage); ok {
		return t.(*tableActivity)
	}
	n := &tableActivity{}
	if storage&^change.LakeStorage >= a.first {
		n.baseKnown.Store(true)
	}
	n.limit.Store(math.MaxInt64)
	if a.due != nil {
		n.limit.Store(1) // the worker sets the real one when it looks
	}
	t, _ := a.tables.LoadOrStore(storage, n)
	return t.(*tableActivity)
}

// committed counts a commit's changes of one table (txn.Config.Committed).
func (a *activity) committed(c txn.RowCounts) {
	t := a.table(c.Table)
	if c.Inserted != 0 {
		t.inserted.Add(c.Inserted)
	}
	if c.Updated != 0 {
		t.updated.Add(c.Updated)
	}
	if c.Deleted != 0 {
		t.deleted.Add(c.Deleted)
	}
	if t.mods.Add(c.Inserted+c.Updated+c.Deleted) >= t.limit.Load() {
		select {
		case a.due <- struct{}{}:
		default:
		}
	}
}

// grown is how many rows came since counting began.
func (t *tableActivity) grown() int64 { return t.inserted.Load() - t.deleted.Load() - t.opened }

// setRows says that the table had n rows when it had grown by that much.
func (t *tableActivity) setRows(n float64, grown int64) {
	t.base.Store(math.Float64bits(n - float64(grown)))
	t.baseKnown.Store(true)
}

// rows is the number of rows; ok is false if nobody knows what was there before counting began.
func (t *tableActivity) rows() (n float64, ok bool) {
	if !t.baseKnown.Load() {
		return 0, false
	}
	return max(0, math.Float64frombits(t.base.Load())+float64(t.grown())), true
}

func (t *tableActivity) sum() int64 {
	return t.inserted.Load() + t.updated.Load() + t.deleted.Load() + t.analyzed.Load() + t.autoAnalyzed.Load()
}

func activityKey(storage uint32) []byte {
	return binary.BigEndian.AppendUint32(tuple.AppendPrefix(nil, StatisticStorage, activityIndex), storage)
}

// load reads the counters that the last close, or the parent of a branch, has left. It returns the keys of tables that are gone:
// their storage ids may be given out again.
func (a *activity) load(snap *engine.Snapshot, c *catalog.Catalog) (gone [][]byte, err error) {
	live := map[uint32]bool{}
	c.Tables(func(t *catalog.Table) bool {
		live[t.StorageID] = true
		return true
	})
	it := snap.NewIter(tuple.AppendPrefix(nil, StatisticStorage, activityIndex), tuple.AppendPrefix(nil, StatisticStorage, activityIndex+1))
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		k, v := it.Key()[tuple.KeyPrefixLen:], it.Value()
		if len(k) != 4 || len(v) != 73 || v[0] != 1 {
			gone = append(gone, append([]byte(nil), it.Key()...)) // another release's: they are only estimates
			continue
		}
		var n [9]int64
		for i := range n {
			n[i] = int64(binary.LittleEndian.Uint64(v[1+8*i:]))
		}
		storage := binary.BigEndian.Uint32(k)
		if !live[storage] {
			gone = append(gone, activityKey(storage))
			continue
		}
		t := &tableActivity{opened: n[1] - n[3]}
		t.setRows(float64(n[0]), 0)
		t.inserted.Store(n[1])
		t.updated.Store(n[2])
		t.deleted.Store(n[3])
		t.mods.Store(n[4])
		t.limit.Store(math.MaxInt64)
		if a.due != nil {
			t.limit.Store(1)
		}
		t.analyzed.Store(n[5])
		t.autoAnalyzed.Store(n[6])
		t.analyzes.Store(n[7])
		t.autoAnalyzes.Store(n[8])
		t.saved.Store(t.sum())
		a.tables.Store(storage, t)
	}
	return gone, it.Error()
}

// saveActivity writes the counters that have changed.
func (d *DB) saveActivity(ctx context.Context) error {
	live := map[uint32]*catalog.Table{}
	d.Catalog().Tables(func(t *catalog.Table) bool {
		if t.Persistence != catalog.Temporary {
			live[t.StorageID] = t
		}
		return true
	})
	var g change.Group
	d.activity.tables.Range(func(k, v any) bool {
		storage, t := k.(uint32), v.(*tableActivity)
		sum := t.sum()
		if live[storage] == nil || sum == t.saved.Load() {
			return true
		}
		b := []byte{1}
		for _, n := range []int64{int64(d.Rows(live[storage])), t.inserted.Load(), t.updated.Load(), t.deleted.Load(), t.mods.Load(), t.analyzed.Load(), t.autoAnalyzed.Load(),
			t.analyzes.Load(), t.autoAnalyzes.Load()} {
			b = binary.LittleEndian.AppendUint64(b, uint64(n))
		}
		g.Put(activityKey(storage), b, 0)
		t.saved.Store(sum)
		return true
	})
	if g.Empty() {
		return nil
	}
	_, err := d.Engine.Commit(ctx, &g, engine.Async)
	return err
}

// ForgetActivity drops the counters of a storage id that is no more.
func (d *DB) ForgetActivity(storage uint32) {
	d.activity.tables.Delete(storage)
	d.Rels.ForgetUsage(storage)
}

// TableActivity is a table's row of pg_stat_user_tables.
type TableActivity struct {
	Live, Inserted, Updated, Deleted, Changed int64
	Analyzed, AutoAnalyzed                    time.Time // zero: never
	Analyzes, AutoAnalyzes                    int64
}

// Activity is what has been counted of a table.
func (d *DB) Activity(t *catalog.Table) TableActivity {
	a := d.activity.table(t.StorageID)
	when := func(us int64) time.Time {
		if us == 0 {
			return time.Time{}
		}
		return time.UnixMicro(us)
	}
	return TableActivity{Live: int64(d.Rows(t)), Inserted: a.inserted.Load(), Updated: a.updated.Load(), Deleted: a.deleted.Load(),
		Changed: a.mods.Load(), Analyzed: when(a.analyzed.Load()), AutoAnalyzed: when(a.autoAnalyzed.Load()),
		Analyzes: a.analyzes.Load(), AutoAnalyzes: a.autoAnalyzes.Load()}
}

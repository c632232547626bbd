package database

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/opt"
	"github.com/tarndb/tarn/sql/stats"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
)

var (
	_ opt.Stats       = (*DB)(nil)
	_ opt.ColumnStats = (*DB)(nil)
)

// StatKey is where a table's statistics are: system table 3 | index 2 | table OID (u32 BE). The value is stats.Table's
// encoded form.
func StatKey(table catalog.OID) []byte {
	return binary.BigEndian.AppendUint32(tuple.AppendPrefix(nil, StatisticStorage, StateIndex), table)
}

func (d *DB) loadStats(table uint32) ([]byte, error) {
	snap := d.Engine.Snapshot()
	defer snap.Release()
	b, ok, err := snap.AppendGet(nil, StatKey(table))
	if !ok || err != nil {
		return nil, err
	}
	return b, nil
}

// Stats are a table's committed statistics; nil: never analyzed.
func (d *DB) Stats(table catalog.OID) *stats.Table { return d.stats.Table(table) }

// StatsVersion changes with every commit of statistics. StatsChanged reports whether a table's have changed since it was
// that.
func (d *DB) StatsVersion() uint64 { return d.statsVersion.Load() }

func (d *DB) StatsChanged(table catalog.OID, since uint64) bool { return d.stats.Changed(table, since) }

// StatsCommitted puts new statistics of a table in force, or their absence.
func (d *DB) StatsCommitted(table catalog.OID) {
	d.stats.Forget(table)
	d.statsVersion.Add(1)
}

// Column are the statistics of a column (opt.ColumnStats).
func (d *DB) Column(t *catalog.Table, att int16) *stats.Column {
	return StatsColumn(d.Stats(t.OID), t, att)
}

// StatsColumn finds a column's statistics; those of values of another type are none.
func StatsColumn(s *stats.Table, t *catalog.Table, att int16) *stats.Column {
	c := s.Column(att)
	if c != nil && att > 0 && int(att) <= len(t.Columns) && c.Type == t.Columns[att-1].Type {
		return c
	}
	return nil
}

// Rows estimates the rows of a table (opt.Stats): counted by the last ANALYZE or since the table was made, and what came and
// went since. Without either, from its size on disk.
func (d *DB) Rows(t *catalog.Table) float64 {
	if t.StorageID == 0 {
		return 1000
	}
	a := d.activity.table(t.StorageID)
	n, ok := a.rows()
	if !ok {
		grown := a.grown()
		if s := d.Stats(t.OID); s != nil && s.Storage == t.StorageID {
			n = s.Rows
		} else {
			n = d.rowsOnDisk(t)
		}
		a.setRows(n, grown)
	}
	return n
}

// rowsOnDisk guesses the rows from the bytes: blocks are compressed, by about a half.
func (d *DB) rowsOnDisk(t *catalog.Table) float64 {
	n, err := d.Size(t.StorageID, 1, 2)
	if err != nil {
		return 0
	}
	width := int64(24)
	for i := range t.Columns {
		if w := t.Columns[i].Kind.Width(); w > 0 {
			width += int64(w)
		} else {
			width += 16
		}
	}
	return float64(2 * n / width)
}

// Pages are the 8 kB pages that a table's rows would take as PostgreSQL stores them.
func Pages(t *catalog.Table, s *stats.Table) int64 {
	const page, header, line, tupleHeader = 8192, 24, 4, 24
	if s.Rows == 0 {
		return 0
	}
	width := float64(opt.RowWidth(t))
	if len(s.Columns) > 0 {
		width = 0
		for i := range s.Columns {
			width += (1 - s.Columns[i].NullFrac) * float64(s.Columns[i].Width)
		}
	}
	per := max(1, (page-header)/((int(width)+tupleHeader+7)/8*8+line))
	return (int64(s.Rows) + int64(per) - 1) / int64(per)
}

// Analysis is what Analyze found and has not been committed.
type Analysis struct {
	db    *DB
	table *catalog.Table
	stats *stats.Table
	auto  bool
	grown int64 // the table's activity when it was read
	mods  int64
	exact bool // the transaction had not changed the table itself
}

// Analyze reads a table in a transaction. The result counts when it is stored and the transaction committed.
func (d *DB) Analyze(ctx context.Context, tx *txn.Txn, t *catalog.Table, o stats.Options) (*Analysis, error) {
	rel, err := d.Rels.Get(t)
	if err != nil {
		return nil, err
	}
	act := d.activity.table(t.StorageID)
	a := &Analysis{db: d, table: t, grown: act.grown(), mods: act.mods.Load(), exact: tx.PendingRows(t.StorageID) == 0}
	v := tx.Latest()
	defer v.Release()
	if a.stats, err = stats.Analyze(ctx, rel, v, o); err != nil {
		return nil, err
	}
	a.stats.Analyzed = time.Now().UnixMicro()
	return a, nil
}

// Kept are the statistics for who keeps them elsewhere; old is as for Store.
func (a *Analysis) Kept(old *stats.Table) *stats.Table {
	a.stats.Keep(old)
	return a.stats
}

// Store writes the statistics into the transaction. old are those that it sees now; their columns that were not looked at stay.
func (a *Analysis) Store(tx *txn.Txn, old *stats.Table) error {
	a.stats.Keep(old)
	return tx.Put(StatKey(a.table.OID), a.stats.Encode(nil), 0)
}

// Committed puts the stored statistics in force.
func (a *Analysis) Committed() {
	act := a.db.activity.table(a.table.StorageID)
	if !a.exact {
		a.grown, a.mods = act.grown(), act.mods.Load()
	}
	act.setRows(a.stats.Rows, a.grown)
	act.mods.Add(-a.mods)
	if a.auto {
		act.autoAnalyzed.Store(a.stats.Analyzed)
		act.autoAnalyzes.Add(1)
	} else {
		act.analyzed.Store(a.stats.Analyzed)
		act.analyzes.Add(1)
	}
	a.db.limitChanges(a.table, act)
	a.db.StatsCommitted(a.table.OID)
}

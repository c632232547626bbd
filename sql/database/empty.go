package database

import (
	"context"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
)

// Empty takes all rows out of the database in one commit, with what is known of them: statistics, files that have been loaded. Sequences
// begin again. No session may be on it, and no mirror.
func (d *DB) Empty(ctx context.Context) error {
	var g change.Group
	drop := func(storage uint32) {
		g.DeleteRange(change.AppendKeyPrefix(nil, storage, 0), change.AppendKeyPrefix(nil, storage+1, 0))
	}
	d.Catalog().Tables(func(t *catalog.Table) bool {
		switch {
		case t.Kind == catalog.RelSequence && t.Sequence != nil:
			key, value := SeqState(t.StorageID, t.Sequence.Start, false)
			g.Put(key, value, 0)
		case t.Kind == catalog.RelTable || t.Kind == catalog.RelMatView:
			drop(t.StorageID)
		}
		return true
	})
	drop(StatisticStorage)
	drop(LoadedStorage)
	_, err := d.Engine.Commit(ctx, &g, engine.Sync)
	return err
}

package database

import (
	"context"
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/hnsw"
	"github.com/tarndb/tarn/sql/types/vector"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/tuple"
)

// vectorEntries reads the entries of indexes over vectors.
type vectorEntries struct{ eng *engine.Engine }

func (v vectorEntries) Entries(ctx context.Context, n hnsw.Name, f func(label, vector []byte) error) (uint64, error) {
	snap := v.eng.Snapshot()
	defer snap.Release()
	end := n
	it := snap.NewIter(n[:], tuple.PrefixEnd(end[:]))
	for ok := it.First(); ok; ok = it.Next() {
		err := ctx.Err()
		if err == nil {
			err = f(it.Key()[len(n):], it.Value())
		}
		if err != nil {
			_ = it.Close() // nothing but reading was done
			return 0, err
		}
	}
	return uint64(snap.LSN()), it.Close()
}

func decodeVector(b []byte, buf []float32) []float32 {
	return vector.Of(tuple.Bytes(b)).Append(buf)
}

// forgetVectors drops the graphs of indexes that a table had and has no more.
func (d *DB) forgetVectors(was, t *catalog.Table) {
	if was == nil || !slices.ContainsFunc(was.Indexes, func(ix *catalog.Index) bool { return ix.Method == catalog.MethodHNSW }) {
		return
	}
	d.Near.Forget(func(n hnsw.Name) bool {
		storage, index := tuple.KeyPrefix(n[:])
		if storage != was.StorageID {
			return false
		}
		return t == nil || t.StorageID != storage || !slices.ContainsFunc(t.Indexes, func(ix *catalog.Index) bool { return ix.ID == index })
	})
}

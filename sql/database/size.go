package database

import "github.com/tarndb/tarn/storage/tuple"

// Size estimates the bytes that the indexes [from, to) of a table take on disk; storage 0 is the whole store.
func (d *DB) Size(storage uint32, from, to uint16) (int64, error) {
	if storage == 0 {
		return d.Engine.DiskUsage(nil, nil)
	}
	return d.Engine.DiskUsage(tuple.AppendPrefix(nil, storage, from), tuple.AppendPrefix(nil, storage, to))
}

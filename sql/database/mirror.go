package database

import "context"

// Mirror is the columnar shape of the branch's tables, as SQL functions and views see it. cmd/tarn wires it.
type Mirror interface {
	// Sync publishes what is committed, of one table or (0) of all, and returns the position that it covers.
	Sync(ctx context.Context, table uint32) (lsn uint64, err error)
	// DeltaPath is the directory of a table's Delta table; ok is false for a table without mirror.
	DeltaPath(table uint32) (path string, ok bool)
}

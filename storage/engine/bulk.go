package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/kv"
)

// BulkWriter writes the keys of one index straight to sorted files, past log and memory: for CREATE INDEX, rewrites and
// COPY into a table that is new in the transaction. The index must be empty, and nobody may see it before the group
// commits that Finish's result has been added to (Group.Ingest). It is for one goroutine.
//
// What Finish has brought in and no commit has named is removed when the store is opened again; a transaction that
// rolls back in a running store calls DropIngest.
type BulkWriter struct {
	e     *Engine
	files *kv.Files
	table uint32
	index uint16
	first uint64
}

// NewBulkWriter starts writing an index. firstRowID is the first of the row ids that the caller has reserved
// (ReserveRowIDs) and put into the values, 0 when the index is not the primary one.
func (e *Engine) NewBulkWriter(table uint32, index uint16, firstRowID uint64) (*BulkWriter, error) {
	if err := e.stopped(); err != nil {
		return nil, err
	}
	files, err := e.kv.NewFiles(table, index)
	if err != nil {
		return nil, err
	}
	return &BulkWriter{e: e, files: files, table: table, index: index, first: firstRowID}, nil
}

// Add appends an entry. Keys belong to the index and ascend strictly (kv.ErrKeyRange, kv.ErrKeyOrder). Key and value are
// copied.
// ErrDiskFull is possible here and in Finish.
func (w *BulkWriter) Add(key, value []byte) error { return spaceError(w.files.Add(key, value)) }

// spaceError makes ErrDiskFull of an error for want of space.
func spaceError(err error) error {
	if vfs.IsNoSpaceError(err) {
		return errors.Join(ErrDiskFull, err)
	}
	return err
}

// Rows is the number of entries added so far.
func (w *BulkWriter) Rows() uint64 { return w.files.Rows() }

// Finish makes the entries part of the store, durably and unseen, and returns what the committing group must carry.
// The writer is done afterwards.
func (w *BulkWriter) Finish(ctx context.Context) (change.Ingest, error) {
	in := change.Ingest{Table: w.table, Index: w.index, FirstRowID: w.first, RowCount: w.files.Rows()}
	err := w.finish(ctx, &in)
	if err != nil {
		w.files.Discard()
	}
	return in, spaceError(err)
}

func (w *BulkWriter) finish(ctx context.Context, in *change.Ingest) error {
	if err := w.files.Finish(); err != nil {
		return err
	}
	if in.RowCount == 0 {
		return nil
	}
	// The marker is durable before the files are there: whatever happens next, Open finds it.
	var g change.Group
	g.IngestBegin(w.table, w.index)
	if _, err := w.e.Commit(ctx, &g, Sync); err != nil {
		return err
	}
	// The files enter below everything that recovery would replay. What stands in the log before them and concerns the
	// same range (the removal of an earlier attempt) must not be replayed over them.
	if err := w.e.kv.Flush(); err != nil {
		return fmt.Errorf("flush before ingest: %w", err)
	}
	if w.e.windowed() {
		w.e.window.mu.Lock()
		defer w.e.window.mu.Unlock()
		if err := w.e.keepIngestedLocked(w.files.Paths()); err != nil {
			return fmt.Errorf("keep sorted files for the restore window: %w", err)
		}
	}
	var err error
	in.Files, err = w.files.Ingest(ctx)
	return err
}

// Abort gives the entries up; it is for writers that have not been finished.
func (w *BulkWriter) Abort() error { return w.files.Discard() }

// DropIngest removes what a finished BulkWriter brought in and what is not going to be committed.
func (e *Engine) DropIngest(ctx context.Context, in change.Ingest) error {
	if in.RowCount == 0 {
		return nil
	}
	var g change.Group
	g.DeleteRange(change.AppendKeyPrefix(nil, in.Table, in.Index), prefixEnd(in.Table, in.Index))
	g.Delete(kv.IngestMarker(in.Table, in.Index), 0)
	_, err := e.Commit(ctx, &g, Async)
	return err
}

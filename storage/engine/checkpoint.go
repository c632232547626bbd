package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/tarndb/tarn/storage/wal"
)

// Checkpoint makes a store of its own in dir, which must not exist, that equals this one at the returned position (I6):
// all commits acknowledged before the call are in it, none that begins after it returns. Immutable files are shared by
// hard links. Neither store knows of the other afterwards. The new one is durable; it is opened with Open and has its own id.
//
// It neither flushes Pebble nor copies data in proportion to the store. When much has been logged since the last
// segment began, commits wait while a new one is started (about a millisecond).
func (e *Engine) Checkpoint(ctx context.Context, dir string) (wal.LSN, error) {
	if err := e.stopped(); err != nil {
		return 0, err
	}
	at, err := e.checkpoint(ctx, dir)
	if err != nil {
		return 0, fmt.Errorf("checkpoint %s to %s: %w", e.opts.Dir, dir, err)
	}
	return at, nil
}

// copyBytes is how much of the unfinished segment is copied rather than started anew.
const copyBytes = 256 << 10

func (e *Engine) checkpoint(ctx context.Context, dir string) (at wal.LSN, err error) {
	fs := e.opts.FS
	if _, err := fs.Stat(dir); err == nil {
		return 0, errors.New("directory exists")
	}
	hold, err := e.log.Hold("checkpoint", 0)
	if err != nil {
		return 0, err
	}
	defer hold.Release()
	// Read before the files are linked: what they hold is at least this.
	from := e.durableApplied()
	if err := makeDir(fs, dir); err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			fs.RemoveAll(dir)
		}
	}()
	if err := e.kv.Checkpoint(fs.PathJoin(dir, kvDir)); err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, context.Cause(ctx)
	}
	if at, err = e.branchPoint(); err != nil {
		return 0, err
	}
	logDir := fs.PathJoin(dir, walDir)
	if err := fs.MkdirAll(logDir, 0o755); err != nil {
		return 0, err
	}
	if err := e.log.CopyTo(logDir, from, at); err != nil {
		return 0, err
	}
	m, err := newManifest()
	if err != nil {
		return 0, err
	}
	m.ParentStore, m.BranchLSN = e.manifest.Store, at.String()
	return at, m.write(fs, dir)
}

// branchPoint returns a durable position that covers every acknowledged commit. Behind the files that were linked
// before, it is what decides what the new store sees.
func (e *Engine) branchPoint() (wal.LSN, error) {
	if e.log.TailSize() <= copyBytes {
		at := e.visible.Load()
		return at, e.log.SyncTo(at)
	}
	// With both turns nothing is between log and visibility, so the old segment ends exactly at the branch point.
	e.logTurn.Lock()
	defer e.logTurn.Unlock()
	e.applyTurn.Lock()
	defer e.applyTurn.Unlock()
	at := e.visible.Load()
	return at, e.log.Roll()
}

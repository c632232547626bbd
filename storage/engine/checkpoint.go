package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tarndb/tarn/storage/wal"
)

// Checkpoint makes a store of its own in dir, which must not exist, that equals this one at the returned position (I6):
// all commits acknowledged before the call are in it, none that begins after it returns. Immutable files are shared by
// hard links. Neither store knows of the other afterwards. The new one is durable; it is opened with Open and has its own id.
//
// The new store's log goes back to follow, or as far as this one's, for those who follow it; 0: as far as recovery needs it.
//
// It neither flushes Pebble nor copies data in proportion to the store. When much has been logged since the last
// segment began, commits wait while a new one is started (about a millisecond).
func (e *Engine) Checkpoint(ctx context.Context, dir string, follow wal.LSN) (wal.LSN, error) {
	if err := e.stopped(); err != nil {
		return 0, err
	}
	at, err := e.checkpoint(ctx, dir, follow)
	if err != nil {
		return 0, fmt.Errorf("checkpoint %s to %s: %w", e.opts.Dir, dir, spaceError(err))
	}
	return at, nil
}

// ownHold names holds of the log for as long as a copy is made: none of its followers is there.
const ownHold = "copy of the store"

// copyBytes is how much of the unfinished segment is copied rather than started anew.
const copyBytes = 256 << 10

func (e *Engine) checkpoint(ctx context.Context, dir string, follow wal.LSN) (at wal.LSN, err error) {
	fs := e.opts.FS
	if _, err := fs.Stat(dir); err == nil {
		return 0, errors.New("directory exists")
	}
	hold, err := e.log.Hold(ownHold, 0)
	if err != nil {
		return 0, err
	}
	defer hold.Release()
	// Read before the files are linked: what they hold is at least this.
	from := e.durableApplied()
	if follow != 0 {
		from = max(min(from, follow), hold.From())
	}
	parents, err := missingParents(fs, dir)
	if err != nil {
		return 0, err
	}
	if err := fs.MkdirAll(dir, 0o755); err != nil {
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
	if err := m.create(fs, fs.PathJoin(dir, manifestFile)); err != nil {
		return 0, err
	}
	return at, syncTree(fs, dir, parents)
}

// branchPoint returns a durable position that covers every acknowledged commit. Behind the files that were linked
// before, it is what decides what the new store sees.
//
// It waits for the group that is being applied: some of that may be in the linked files already, so the branch must have
// all of it (I2).
func (e *Engine) branchPoint() (wal.LSN, error) {
	if e.log.TailSize() > copyBytes {
		// With both turns nothing is between log and visibility, so the old segment ends exactly at the branch point.
		e.logTurn.Lock()
		defer e.logTurn.Unlock()
		e.applyTurn.Lock()
		defer e.applyTurn.Unlock()
		at := e.visible.Load()
		return at, e.log.Roll()
	}
	e.applyTurn.Lock()
	at := e.visible.Load()
	e.applyTurn.Unlock()
	return at, e.log.SyncTo(at)
}

// syncTree makes a new store durable: its files, except for the sorted ones, which are shared and durable already, its
// directories, and the names of the directories above it. Syncs that run side by side share the file system's journal
// writes, so that the whole takes little longer than one.
func syncTree(fs vfs.FS, dir string, parents []string) error {
	var paths []string
	dirs := append([]string{dir}, parents...)
	for i := 0; i < len(dirs); i++ {
		if i > 0 && i <= len(parents) {
			continue
		}
		names, err := fs.List(dirs[i])
		if err != nil {
			return err
		}
		for _, name := range names {
			path := fs.PathJoin(dirs[i], name)
			switch info, err := fs.Stat(path); {
			case err != nil:
				return err
			case info.IsDir():
				dirs = append(dirs, path)
			case !strings.HasSuffix(name, ".sst"):
				paths = append(paths, path)
			}
		}
	}
	errs := make([]error, len(paths)+len(dirs))
	var wg sync.WaitGroup
	for i, path := range paths {
		wg.Go(func() { errs[i] = syncFile(fs, path) })
	}
	for i, path := range dirs {
		wg.Go(func() { errs[len(paths)+i] = syncDir(fs, path) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	return nil
}

func syncFile(fs vfs.FS, path string) error {
	f, err := fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

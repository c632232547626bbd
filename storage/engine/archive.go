package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cockroachdb/errors/oserror"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tarndb/tarn/storage/wal"
)

// What a store gives to those who keep its past elsewhere (package archive), and how a store is made of that again. What is
// kept is as in the restore window: bases, the log from them on, and the sorted files that came in past the log.

// ArchiveHold names the hold of the log of the one who archives it. Bases do not keep the log for its sake: a store that is made of
// them has an archive of its own.
const ArchiveHold = "archive"

// SortedSuffix is the end of the names of a base's immutable files. In one store such a name stands for the same bytes for ever.
const SortedSuffix = sortedSuffix

// archiveDir holds the base that is being archived, while it is.
const archiveDir = "archive"

// Base is a checkpoint outside of its store: a point from Valid on can be restored from it and the log from Keep on.
type Base struct {
	Valid, Keep wal.LSN // Keep is where a segment of the log begins
	Taken       time.Time
}

// LinkedBase is a base whose files can be read until Close.
type LinkedBase struct {
	Base
	Names []string // of its files
	e     *Engine
}

// LinkBase takes a base of what the store is now; its immutable files are second names. There is one at a time, and it ends with
// Close, or when the store is opened again. A store without a restore window has none, for it keeps no sorted files.
func (e *Engine) LinkBase() (*LinkedBase, error) {
	if err := e.stopped(); err != nil {
		return nil, err
	}
	if !e.windowed() {
		return nil, errors.New("base for the archive: the store keeps no restore window")
	}
	b, err := e.linkArchived()
	if err != nil {
		return nil, fmt.Errorf("base for the archive: %w", spaceError(err))
	}
	return b, nil
}

func (e *Engine) linkArchived() (*LinkedBase, error) {
	fs, dir := e.opts.FS, e.archivePath("")
	if err := fs.RemoveAll(dir); err != nil {
		return nil, err
	}
	// Its log stays until the segment is known that it begins in.
	hold, err := e.log.Hold(ArchiveHold, 0)
	if err != nil {
		return nil, err
	}
	defer hold.Release()
	e.window.mu.Lock()
	b, err := e.linkBase(dir, e.presentBase)
	e.window.mu.Unlock()
	if err == nil {
		err = e.log.SyncTo(b.valid)
	}
	l := &LinkedBase{e: e}
	if err == nil {
		l.Base = Base{Valid: b.valid, Keep: b.keep, Taken: time.UnixMicro(b.micros)}
		for _, s := range e.log.Segments() {
			if s.Start <= b.keep {
				l.Keep = s.Start
			}
		}
		l.Names, err = fs.List(dir)
	}
	if err != nil {
		return nil, errors.Join(err, fs.RemoveAll(dir))
	}
	return l, nil
}

func (e *Engine) archivePath(name string) string {
	if name == "" {
		return e.opts.FS.PathJoin(e.opts.Dir, archiveDir)
	}
	return e.opts.FS.PathJoin(e.opts.Dir, archiveDir, name)
}

// Open opens a file of the base.
func (b *LinkedBase) Open(name string) (io.ReadCloser, error) {
	return b.e.opts.FS.Open(b.e.archivePath(name), vfs.SequentialReadsOption)
}

// Size is the size of a file of the base, in bytes.
func (b *LinkedBase) Size(name string) (int64, error) {
	info, err := b.e.opts.FS.Stat(b.e.archivePath(name))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Close gives the files up.
func (b *LinkedBase) Close() error { return b.e.opts.FS.RemoveAll(b.e.archivePath("")) }

func openSized(fs vfs.FS, path string) (io.ReadCloser, int64, error) {
	f, err := fs.Open(path, vfs.SequentialReadsOption)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// ErrNoIngested says that the restore window has a sorted file no more.
var ErrNoIngested = errors.New("sorted file is not in the restore window")

// OpenIngested opens a sorted file that an Ingest in the log names; a base that lacks it is not newer than stamp.
func (e *Engine) OpenIngested(name string) (f io.ReadCloser, size int64, stamp wal.LSN, err error) {
	fs, dir := e.opts.FS, e.opts.FS.PathJoin(e.opts.Dir, ingestedDir)
	names, err := fs.List(dir)
	if err != nil && !oserror.IsNotExist(err) {
		return nil, 0, 0, err
	}
	for _, full := range names {
		if s, file, ok := parseIngested(full); ok && file == name {
			f, size, err = openSized(fs, fs.PathJoin(dir, full))
			if oserror.IsNotExist(err) {
				break // trimmed meanwhile
			}
			return f, size, s, err
		}
	}
	return nil, 0, 0, fmt.Errorf("%s: %w", name, ErrNoIngested)
}

// Rebuild makes a store of a base and a log that were kept elsewhere. It is for one goroutine, and ends with Finish or Abort.
type Rebuild struct {
	fs      vfs.FS
	dir     string
	parents []string
	// Log takes the log from the base's Keep on.
	Log *wal.Builder
}

// NewRebuild begins a store in dir, which must not exist. A nil fs is the operating system's.
func NewRebuild(fs vfs.FS, dir string) (*Rebuild, error) {
	if fs == nil {
		fs = vfs.Default
	}
	if _, err := fs.Stat(dir); err == nil {
		return nil, fmt.Errorf("rebuild store %s: directory exists", dir)
	}
	parents, err := missingParents(fs, dir)
	if err != nil {
		return nil, err
	}
	r := &Rebuild{fs: fs, dir: dir, parents: parents, Log: wal.NewBuilder(fs, fs.PathJoin(dir, walDir))}
	for _, sub := range []string{kvDir, walDir, ingestedDir} {
		if err := fs.MkdirAll(fs.PathJoin(dir, sub), 0o755); err != nil {
			return nil, errors.Join(err, r.Abort())
		}
	}
	return r, nil
}

// File makes a file of the base, which has the name there. The caller closes it.
func (r *Rebuild) File(name string) (io.WriteCloser, error) { return r.create(kvDir, name) }

// Ingested makes a sorted file that an Ingest in the log names. The caller closes it.
func (r *Rebuild) Ingested(name string) (io.WriteCloser, error) { return r.create(ingestedDir, name) }

// Attachment makes the file that belongs to the record of the log at a position. The caller closes it.
func (r *Rebuild) Attachment(at wal.LSN) (io.WriteCloser, error) {
	f, err := r.Log.Attachment(at)
	if err != nil {
		return nil, err
	}
	return syncedFile{f}, nil
}

func (r *Rebuild) create(dir, name string) (io.WriteCloser, error) {
	if name == "" || name != r.fs.PathBase(name) || name == "." || name == ".." {
		return nil, fmt.Errorf("rebuild store %s: %q is no file name", r.dir, name)
	}
	f, err := r.fs.Create(r.fs.PathJoin(r.dir, dir, name), vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, err
	}
	return syncedFile{f}, nil
}

// syncedFile is durable when it is closed: sorted files are expected to be that.
type syncedFile struct{ vfs.File }

func (f syncedFile) Close() error { return errors.Join(f.Sync(), f.File.Close()) }

// Finish makes the store that of a point, which is not before the base's Valid; a point with neither position nor time is the end of
// the log. It is durable then, has an id of its own, and is opened with Open. look is shown the state. accept may refuse the result; it
// is told whether the log has a commit behind the point, without which one before the point might be missing. Both may be nil. On an
// error the directory is gone.
func (r *Rebuild) Finish(ctx context.Context, b Base, p Point, look Look, accept func(beyond bool) error) (Restored, error) {
	at, err := r.finish(ctx, b, p, look, accept)
	if err != nil {
		return at, errors.Join(fmt.Errorf("rebuild store %s at %s: %w", r.dir, p, spaceError(err)), r.Abort())
	}
	return at, nil
}

func (r *Rebuild) finish(ctx context.Context, b Base, p Point, look Look, accept func(beyond bool) error) (at Restored, err error) {
	fs := r.fs
	if err := r.Log.Close(); err != nil {
		return at, err
	}
	if end := r.Log.End(); end < b.Valid || p.LSN > end || p.Time.IsZero() && p.LSN != 0 && p.LSN < b.Valid {
		return at, fmt.Errorf("%w: the base is of %s and the log ends at %s", ErrCorrupt, b.Valid, end)
	}
	if p == (Point{}) {
		p.LSN = r.Log.End()
	}
	m, err := newManifest()
	if err != nil {
		return at, err
	}
	origin, err := r.Log.Origin()
	if err != nil {
		return at, err
	}
	names, err := fs.List(fs.PathJoin(r.dir, ingestedDir))
	if err != nil {
		return at, err
	}
	ingested := map[string]string{}
	for _, name := range names {
		ingested[name] = fs.PathJoin(r.dir, ingestedDir, name)
	}
	beyond := false
	logDir := fs.PathJoin(r.dir, walDir)
	a := advancing{fs: fs, dir: fs.PathJoin(r.dir, kvDir), base: base{valid: b.Valid, keep: b.Keep, micros: b.Taken.UnixMicro()}, point: p,
		reader: func(from wal.LSN) (*wal.Reader, error) { return wal.OpenReader(fs, logDir, from) }, ingested: ingested,
		beyond: func() { beyond = true }}
	_, at, err = a.run(ctx, func(past Past, state, at wal.LSN) (wal.LSN, error) {
		if look == nil {
			return state, nil
		}
		return look(past, m.id, at)
	})
	if err == nil && accept != nil {
		err = accept(beyond)
	}
	if err != nil {
		return at, err
	}
	if err := wal.Cut(fs, logDir, at.LSN); err != nil {
		return at, err
	}
	if err := fs.RemoveAll(fs.PathJoin(r.dir, ingestedDir)); err != nil {
		return at, err
	}
	m.ParentStore, m.BranchLSN = origin.String(), at.LSN.String()
	if err := m.create(fs, fs.PathJoin(r.dir, manifestFile)); err != nil {
		return at, err
	}
	return at, syncTree(fs, r.dir, r.parents)
}

// Abort removes what has been made.
func (r *Rebuild) Abort() error { return errors.Join(r.Log.Close(), r.fs.RemoveAll(r.dir)) }

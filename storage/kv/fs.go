package kv

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// barrierFS is the file system that Pebble works on. It keeps four rules.
//
// It makes the log durable ahead of each write to a manifest (Options.Barrier). A manifest names files that hold applied
// changes; those must be in the log for good first, or a crash could leave the store ahead of it (I3). Commits that do
// not wait for a sync make that possible; with the others there is nothing to do.
//
// It makes the name of a new manifest durable together with its content. Pebble leaves that to the sync of the
// directory after it has put up the marker that names the manifest, and so relies on the file system to keep the order
// of the two names.
//
// It lets Pebble wait when the disk is full. Pebble ends the process when a manifest cannot be written, and repeats a
// failed flush at once: here the manifest is tried again until there is space, and new files are made with a pause.
// Commits are refused meanwhile (DiskFull).
//
// It leaves out syncs below the directory of a checkpoint that is being made: whoever asked for it syncs the whole.
type barrierFS struct {
	vfs.FS
	before     func() error
	full       *atomic.Bool
	checkpoint atomic.Pointer[string] // directory, nil: none is being made
}

// inCheckpoint reports whether path is the directory of the checkpoint being made, in it, or above it.
func (fs *barrierFS) inCheckpoint(path string) bool {
	dir := fs.checkpoint.Load()
	return dir != nil && (path == *dir || strings.HasPrefix(path, *dir+"/"))
}

func (fs *barrierFS) OpenDir(name string) (vfs.File, error) {
	f, err := fs.FS.OpenDir(name)
	// Pebble also syncs the directory above the checkpoint.
	if dir := fs.checkpoint.Load(); err == nil && (fs.inCheckpoint(name) || dir != nil && fs.PathDir(*dir) == name) {
		f = unsyncedFile{f}
	}
	return f, err
}

// unsyncedFile is synced by somebody else later.
type unsyncedFile struct{ vfs.File }

func (unsyncedFile) Sync() error                { return nil }
func (unsyncedFile) SyncData() error            { return nil }
func (unsyncedFile) SyncTo(int64) (bool, error) { return false, nil }

// fullPause is the time between two tries on a full disk.
const fullPause = 50 * time.Millisecond

func (fs *barrierFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if fs.full.Load() {
		time.Sleep(fullPause)
	}
	f, err := fs.FS.Create(name, c)
	if err == nil && fs.inCheckpoint(name) {
		return unsyncedFile{f}, nil
	}
	if err == nil && fs.before != nil && strings.HasPrefix(fs.PathBase(name), "MANIFEST-") {
		f = &manifestFile{File: f, fs: fs, dir: fs.PathDir(name)}
	}
	return f, err
}

// Unwrap is for Pebble, which looks for the file system under its wrappers.
func (fs *barrierFS) Unwrap() vfs.FS { return fs.FS }

type manifestFile struct {
	vfs.File
	fs    *barrierFS
	dir   string
	named bool // the directory entry is durable
}

func (f *manifestFile) Write(b []byte) (written int, err error) {
	if err := f.fs.before(); err != nil {
		return 0, err
	}
	for {
		n, err := f.File.Write(b[written:])
		written += n
		if !vfs.IsNoSpaceError(err) {
			return written, err
		}
		f.fs.full.Store(true)
		time.Sleep(fullPause)
	}
}

func (f *manifestFile) Sync() error { return f.sync(f.File.Sync) }

func (f *manifestFile) SyncData() error { return f.sync(f.File.SyncData) }

func (f *manifestFile) sync(file func() error) error {
	if err := file(); err != nil || f.named {
		return err
	}
	d, err := f.fs.OpenDir(f.dir)
	if err != nil {
		return err
	}
	err = errors.Join(d.Sync(), d.Close())
	f.named = err == nil
	return err
}

// pebbleLogger passes what Pebble says on. Pebble expects Fatalf not to return.
type pebbleLogger struct {
	log     *slog.Logger
	onFatal func(error)
}

func (l pebbleLogger) Infof(format string, args ...any)  { l.log.Debug(fmt.Sprintf(format, args...)) }
func (l pebbleLogger) Errorf(format string, args ...any) { l.log.Error(fmt.Sprintf(format, args...)) }

// Fatalf reports the end of the store and then keeps the calling goroutine for good: Pebble is in the middle of
// something that must not go on, with locks held. OnFatal is expected to end the process.
func (l pebbleLogger) Fatalf(format string, args ...any) {
	err := fmt.Errorf("key-value store: "+format, args...)
	l.log.Error(err.Error())
	if l.onFatal != nil {
		l.onFatal(err)
	}
	select {}
}

package kv

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// barrierFS calls before ahead of each write to a manifest. A manifest names files that hold applied changes; those
// changes must be durable in the log first, or a crash could leave the store ahead of it (I3). Commits that do not wait
// for a sync make that possible; with the others the call finds nothing to do.
type barrierFS struct {
	vfs.FS
	before func() error
}

func (fs barrierFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.Create(name, c)
	if err == nil && fs.before != nil && strings.HasPrefix(fs.PathBase(name), "MANIFEST-") {
		f = barrierFile{f, fs.before}
	}
	return f, err
}

// Unwrap is for Pebble, which looks for the file system under its wrappers.
func (fs barrierFS) Unwrap() vfs.FS { return fs.FS }

type barrierFile struct {
	vfs.File
	before func() error
}

func (f barrierFile) Write(b []byte) (int, error) {
	if err := f.before(); err != nil {
		return 0, err
	}
	return f.File.Write(b)
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

package object

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

var (
	// ErrExist is returned by PutIfAbsent, Upload.Commit and Link when the key has an object already.
	ErrExist = errors.New("object exists")
	// ErrNotExist is returned by reads of a key that has no object.
	ErrNotExist = errors.New("object does not exist")
	// ErrInDoubt is wrapped by a write's error if the write may have happened: its answer was lost. A caller that needs to
	// know reads the object.
	ErrInDoubt = errors.New("outcome of the write is not known")
	// ErrUnsupported names a kind of store that is not built.
	ErrUnsupported = errors.New("object store is not supported")
	// ErrBadKey is returned for a key that is empty, absolute or leaves its prefix.
	ErrBadKey = errors.New("invalid object key")
)

// Info describes one object.
type Info struct {
	Key     string
	Size    int64 // bytes
	ModTime time.Time
}

// Object is an open object; it stays readable after Delete of its key.
type Object interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Upload is an object that is being written. Nothing is visible before Commit. One of Commit and Abort must be
// called; Abort after Commit does nothing.
type Upload interface {
	io.Writer
	// Commit makes the object durable and then visible. It returns ErrExist if the key was taken meanwhile.
	Commit() error
	Abort()
}

// Store is a flat set of objects. All methods are safe for concurrent use.
type Store interface {
	// Put replaces the object atomically.
	Put(ctx context.Context, key string, data []byte) error
	// PutIfAbsent is the commit primitive of the Delta log: ErrExist means that somebody else won.
	PutIfAbsent(ctx context.Context, key string, data []byte) error
	Create(ctx context.Context, key string) (Upload, error)
	Get(ctx context.Context, key string) ([]byte, error)
	// GetRange reads exactly n bytes from off; a shorter object gives io.ErrUnexpectedEOF.
	GetRange(ctx context.Context, key string, off, n int64) ([]byte, error)
	Open(ctx context.Context, key string) (Object, error)
	// List returns the objects whose key starts with prefix and is greater than after, in key order. The part of
	// prefix up to its last slash is the directory that is read; unfinished uploads are not listed.
	List(ctx context.Context, prefix, after string) ([]Info, error)
	// Delete removes the object; an absent key is no error.
	Delete(ctx context.Context, key string) error
	// Link makes dst a second name of src's object without copying bytes where the medium can do that.
	Link(ctx context.Context, src, dst string) error
	// URL is the object's absolute address for other engines: a plain path on local disks.
	URL(key string) string
}

// Open returns the store at a warehouse address: a local directory, or file://dir. Other schemes give
// ErrUnsupported.
func Open(addr string, opt Options) (Store, error) {
	if scheme, rest, ok := strings.Cut(addr, "://"); ok {
		if scheme != "file" {
			return nil, fmt.Errorf("open %s: scheme %q: %w", addr, scheme, ErrUnsupported)
		}
		addr = rest
	}
	return OpenLocal(addr, opt)
}

func checkKey(key string) error {
	if key == "" || key[0] == '/' || strings.ContainsRune(key, 0) {
		return fmt.Errorf("%w: %q", ErrBadKey, key)
	}
	for part := range strings.SplitSeq(key, "/") {
		if part == "" || part == "." || part == ".." {
			return fmt.Errorf("%w: %q", ErrBadKey, key)
		}
	}
	return nil
}

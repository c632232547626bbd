package object

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
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
	// ErrUnavailable is wrapped where the store gave no answer: the network, its own failure, its refusal for now.
	ErrUnavailable = errors.New("object store is not available")
	// ErrDenied is wrapped where the store does not let the caller do that.
	ErrDenied = errors.New("permission denied by the object store")
	// ErrUnsupported is wrapped by what a store cannot do.
	ErrUnsupported = errors.New("not supported by the object store")
	// ErrFull says that a cache has no room beside what is in use.
	ErrFull = errors.New("cache of objects is full")
	// ErrBadKey is returned for a key that is empty, absolute or leaves its prefix.
	ErrBadKey = errors.New("invalid object key")
)

// NoAnswer reports an error that says nothing about what the store holds: the store may have answered neither yes nor no.
func NoAnswer(err error) bool {
	for _, e := range []error{ErrUnavailable, ErrDenied, ErrInDoubt, ErrUnsupported, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// Info describes one object.
type Info struct {
	Key     string
	Size    int64 // bytes
	ModTime time.Time
}

// Object is an open object. On a local disk it stays readable after Delete of its key; elsewhere reads fail then. Reads last as
// long as the context of Open at most.
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
	// Link makes dst a second name of src's object, or a copy that the store makes by itself; ErrExist if dst has an object.
	Link(ctx context.Context, src, dst string) error
	// Sweep removes what uploads that were cut short left below prefix. The caller guarantees that nobody is writing there.
	Sweep(ctx context.Context, prefix string) error
	// LocalFile is a file of this machine with the object's bytes, size of them, for those who read files by themselves; it stays until
	// release. ErrUnsupported: the store is elsewhere, and no cache (package cache) is over it; ErrFull: the cache has no room.
	LocalFile(ctx context.Context, key string, size int64) (path string, release func(), err error)
	// URL is the object's absolute address for other engines: a plain path on local disks.
	URL(key string) string
}

// RemoveAll deletes every object below prefix, which is empty or ends in a slash.
func RemoveAll(ctx context.Context, s Store, prefix string) error {
	infos, err := s.List(ctx, prefix, "")
	if err != nil {
		return err
	}
	for _, i := range infos {
		if err := s.Delete(ctx, i.Key); err != nil {
			return err
		}
	}
	return s.Sweep(ctx, strings.TrimSuffix(prefix, "/"))
}

// LinkAll gives the objects with the names in directory from second names in directory to; those that are there stay. Where
// the medium can do it, what makes the names durable is done once for all.
func LinkAll(ctx context.Context, s Store, from, to string, names []string) error {
	if l, ok := s.(interface {
		linkAll(ctx context.Context, from, to string, names []string) error
	}); ok {
		return l.linkAll(ctx, from, to, names)
	}
	return eachNew(names, func(n string) error { return s.Link(ctx, from+"/"+n, to+"/"+n) })
}

// makers is how many objects of a store elsewhere are made at a time.
const makers = 16

// eachNew calls f for each of the names, many at a time: f makes an object, ErrExist for one that is there already is none.
func eachNew(names []string, f func(name string) error) error {
	errs := make([]error, len(names))
	slots := make(chan struct{}, makers)
	var wg sync.WaitGroup
	for i, n := range names {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := f(n); !errors.Is(err, ErrExist) {
				errs[i] = err
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// CheckKey returns ErrBadKey for what is no key.
func CheckKey(key string) error {
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

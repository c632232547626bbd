package cache

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"

	"github.com/tarndb/tarn/storage/object"
)

// Over is a store whose data files are read through the cache, and put into it as they are written. Everything else goes to the
// store.
func (c *Cache) Over(s object.Store) object.Store { return &cached{Store: s, c: c} }

type cached struct {
	object.Store
	c *Cache
}

// immutable reports a key that names one content for ever: data files have unique names, the log's pointers do not.
func immutable(key string) bool {
	return strings.HasSuffix(key, ".parquet") && !strings.Contains(key, "_delta_log/")
}

// Unwrap implements object.Wrapper.
func (s *cached) Unwrap() object.Store { return s.Store }

// LocalFile implements object.Store.
func (s *cached) LocalFile(ctx context.Context, key string, size int64) (string, func(), error) {
	if err := object.CheckKey(key); err != nil {
		return "", nil, err
	}
	if !immutable(key) {
		return s.Store.LocalFile(ctx, key, size)
	}
	e, err := s.c.pin(ctx, s.Store, key, size)
	if err != nil {
		return "", nil, err
	}
	return s.c.path(e), sync.OnceFunc(func() { s.c.unpin(e) }), nil
}

// Open reads the copy; what has no room in the cache is read where it is.
func (s *cached) Open(ctx context.Context, key string) (object.Object, error) {
	if !immutable(key) {
		return s.Store.Open(ctx, key)
	}
	path, release, err := s.LocalFile(ctx, key, -1)
	if errors.Is(err, object.ErrFull) {
		return s.Store.Open(ctx, key)
	}
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err == nil {
		var st os.FileInfo
		if st, err = f.Stat(); err == nil {
			return &local{f, st.Size(), release}, nil
		}
		f.Close()
	}
	release()
	return nil, err
}

type local struct {
	*os.File
	size    int64
	release func()
}

func (l *local) Size() int64 { return l.size }

func (l *local) Close() error {
	defer l.release()
	return l.File.Close()
}

// Delete also gives up the copy.
func (s *cached) Delete(ctx context.Context, key string) error {
	err := s.Store.Delete(ctx, key)
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if e := s.c.entries[nameOf(s.URL(key))]; e != nil && e.place != nil {
		s.c.forgetLocked(e)
	}
	return err
}

// Create keeps what is written: it is read soon.
func (s *cached) Create(ctx context.Context, key string) (object.Upload, error) {
	u, err := s.Store.Create(ctx, key)
	if err != nil || !immutable(key) {
		return u, err
	}
	t := &tee{Upload: u, s: s, e: &entry{name: nameOf(s.URL(key)), done: closed}}
	// A name of its own: whoever reads the object when it is there may be fetching it before the tee has ended.
	t.f, err = os.CreateTemp(s.c.dir, t.e.name+"-*"+tmpSuffix)
	if err != nil {
		t.f = nil // the object counts, not the copy
	}
	return t, nil
}

// tee writes an upload to a file too.
type tee struct {
	object.Upload
	s *cached
	f *os.File // nil: there will be no copy
	e *entry
}

func (t *tee) Write(b []byte) (int, error) {
	n, err := t.Upload.Write(b)
	if t.f != nil && err == nil {
		if !t.room(int64(n)) {
			t.drop()
		} else if _, err := t.f.Write(b[:n]); err != nil {
			t.drop()
		}
	}
	return n, err
}

// room takes bytes for the copy as it grows. One that would push out most of the others is not worth it.
func (t *tee) room(n int64) bool {
	c := t.s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.e.size+n > c.limit/2 || c.roomLocked(n) != nil {
		return false
	}
	c.bytes += n
	t.e.size += n
	return true
}

// drop gives up the copy.
func (t *tee) drop() {
	if t.f == nil {
		return
	}
	t.f.Close()
	os.Remove(t.f.Name()) // Open removes what is left
	t.f = nil
	c := t.s.c
	c.mu.Lock()
	c.bytes -= t.e.size
	c.mu.Unlock()
	t.e.size = 0
}

func (t *tee) Commit() error {
	if err := t.Upload.Commit(); err != nil {
		t.drop()
		return err
	}
	if t.f == nil {
		return nil
	}
	c := t.s.c
	err := t.f.Sync()
	c.mu.Lock()
	taken := c.entries[t.e.name] != nil
	if err == nil && !taken {
		err = os.Rename(t.f.Name(), c.path(t.e))
	}
	if err == nil && !taken {
		t.f.Close()
		t.f = nil
		t.e.named = true
		c.entries[t.e.name] = t.e
		t.e.place = c.lru.PushFront(t.e)
	}
	c.mu.Unlock()
	t.drop()
	return nil
}

func (t *tee) Abort() {
	t.Upload.Abort()
	t.drop()
}

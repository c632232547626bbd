// Package cache keeps copies of remote objects in a directory of this machine, for those who read files by themselves and for those
// who read them again and again.
//
// It promises: a copy has the bytes that the object had, or there is none (it is given its name when it is whole and synced, and its
// size is compared at each use); copies take Limit bytes together at most; one that is in use stays. Only objects that are never
// written twice under one key may be read through it: data files of Delta tables.
package cache

import (
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tarndb/tarn/storage/object"
)

// Cache is one directory. Several stores may share it.
type Cache struct {
	dir   string
	limit int64
	loads chan struct{} // a place for each object that is being fetched

	mu      sync.Mutex // protects what follows
	bytes   int64      // of all entries, those that are being made included
	entries map[string]*entry
	lru     list.List // of *entry, the last used first: whole ones
	stats   Stats
}

// Stats are counters since Open, and what is there now.
type Stats struct {
	Files, Bytes, Limit   int64
	Hits, Misses, Evicted uint64
	FetchedBytes, InUse   int64
}

// entry is a copy, or one that is being made.
type entry struct {
	name  string // of the file
	size  int64
	pins  int
	done  chan struct{} // closed when the copy is there, or has failed
	err   error         // set before done is closed
	place *list.Element // nil: not whole
	named bool          // the file has its name
	gone  bool          // removed from entries; the file goes with the last pin
}

const (
	maxLoads  = 8
	chunk     = 8 << 20
	tmpSuffix = ".tmp"
)

// Open takes over what an earlier process has left in the directory. Copies beyond limit are removed.
func Open(dir string, limit int64) (*Cache, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open cache: %w", err)
	}
	c := &Cache{dir: dir, limit: limit, loads: make(chan struct{}, maxLoads), entries: map[string]*entry{}}
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open cache: %w", err)
	}
	type file struct {
		name string
		size int64
		used time.Time
	}
	var files []file
	for _, e := range list {
		st, err := e.Info()
		if err != nil || !st.Mode().IsRegular() {
			continue
		}
		if strings.HasSuffix(e.Name(), tmpSuffix) {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return nil, fmt.Errorf("open cache: %w", err)
			}
			continue
		}
		files = append(files, file{e.Name(), st.Size(), st.ModTime()})
	}
	slices.SortFunc(files, func(a, b file) int { return a.used.Compare(b.used) })
	for _, f := range files {
		e := &entry{name: f.name, size: f.size, named: true, done: closed}
		c.entries[f.name] = e
		e.place = c.lru.PushFront(e)
		c.bytes += f.size
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c, c.roomLocked(0)
}

var closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// Dir is where the copies are.
func (c *Cache) Dir() string { return c.dir }

// Stats returns the counters.
func (c *Cache) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Bytes, s.Limit = c.bytes, c.limit
	for _, e := range c.entries {
		s.Files++
		if e.pins > 0 {
			s.InUse += e.size
		}
	}
	return s
}

// nameOf is the file of an object: addresses may be longer than names of files, and hold what those cannot.
func nameOf(url string) string {
	h := sha256.Sum256([]byte(url))
	return hex.EncodeToString(h[:20])
}

func (c *Cache) path(e *entry) string { return filepath.Join(c.dir, e.name) }

// pin returns the copy of an object, which stays until unpin. size < 0: it is asked of the store.
func (c *Cache) pin(ctx context.Context, s object.Store, key string, size int64) (*entry, error) {
	name := nameOf(s.URL(key))
	for {
		c.mu.Lock()
		e := c.entries[name]
		if e == nil {
			c.mu.Unlock()
			var err error
			if e, err = c.start(ctx, s, key, name, size); err != nil {
				return nil, err
			}
			if e != nil {
				return e, nil
			}
			continue // another has begun meanwhile
		}
		e.pins++
		c.mu.Unlock()
		select {
		case <-e.done:
		case <-ctx.Done():
			c.unpin(e)
			return nil, context.Cause(ctx)
		}
		if e.err == nil && c.intact(e, size) {
			c.used(e)
			return e, nil
		}
		err := e.err
		c.forget(e)
		c.unpin(e)
		if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
}

// intact compares a copy with what is known of the object.
func (c *Cache) intact(e *entry, size int64) bool {
	st, err := os.Stat(c.path(e))
	return err == nil && st.Size() == e.size && (size < 0 || size == e.size)
}

func (c *Cache) used(e *entry) {
	c.mu.Lock()
	if e.place != nil {
		c.lru.MoveToFront(e.place)
	}
	c.stats.Hits++
	c.mu.Unlock()
	now := time.Now()
	_ = os.Chtimes(c.path(e), now, now) // for the order after a restart
}

// start fetches an object. It returns nil if another is doing that.
func (c *Cache) start(ctx context.Context, s object.Store, key, name string, size int64) (*entry, error) {
	select {
	case c.loads <- struct{}{}:
		defer func() { <-c.loads }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	o, err := s.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	if size >= 0 && o.Size() != size {
		return nil, fmt.Errorf("read %s: it has %d bytes, not %d", s.URL(key), o.Size(), size)
	}
	e := &entry{name: name, size: o.Size(), pins: 1, done: make(chan struct{})}
	c.mu.Lock()
	if c.entries[name] != nil {
		c.mu.Unlock()
		return nil, nil
	}
	if err := c.roomLocked(e.size); err != nil {
		c.mu.Unlock()
		return nil, fmt.Errorf("copy of %s: %w", s.URL(key), err)
	}
	c.entries[name] = e
	c.bytes += e.size
	c.stats.Misses++
	c.mu.Unlock()
	e.err = c.copy(ctx, o, e)
	c.finish(e)
	if e.err != nil {
		err := e.err
		c.unpin(e)
		return nil, fmt.Errorf("copy of %s: %w", s.URL(key), err)
	}
	return e, nil
}

// finish makes an entry one that is whole, or takes it out.
func (c *Cache) finish(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.err == nil {
		c.stats.FetchedBytes += e.size
		e.place = c.lru.PushFront(e)
	} else {
		c.forgetLocked(e)
	}
	close(e.done)
}

func (c *Cache) copy(ctx context.Context, o object.Object, e *entry) error {
	f, err := os.OpenFile(c.path(e)+tmpSuffix, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // of no use once it has failed
	defer f.Close()
	buf := make([]byte, min(chunk, max(1, e.size)))
	for at := int64(0); at < e.size; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := o.ReadAt(buf[:min(int64(len(buf)), e.size-at)], at)
		if n == 0 && err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		if _, err := f.Write(buf[:n]); err != nil {
			return err
		}
		at += int64(n)
	}
	return c.name(f, e)
}

// name syncs a copy before it is one.
func (c *Cache) name(f *os.File, e *entry) error {
	if err := f.Sync(); err != nil {
		return err
	}
	err := os.Rename(f.Name(), c.path(e))
	e.named = err == nil
	return err
}

// roomLocked removes copies, those used longest ago first, until more bytes fit.
func (c *Cache) roomLocked(more int64) error {
	stay := c.bytes
	for el := c.lru.Front(); el != nil && stay+more > c.limit; el = el.Next() {
		if e := el.Value.(*entry); e.pins == 0 {
			stay -= e.size
		}
	}
	if more > 0 && stay+more > c.limit {
		return object.ErrFull // nothing goes in vain
	}
	for el := c.lru.Back(); el != nil && c.bytes+more > c.limit; {
		e := el.Value.(*entry)
		el = el.Prev()
		if e.pins == 0 {
			c.stats.Evicted++
			c.forgetLocked(e)
		}
	}
	return nil
}

// forgetLocked takes an entry out; its file goes when nobody uses it.
func (c *Cache) forgetLocked(e *entry) {
	if e.gone {
		return
	}
	e.gone = true
	delete(c.entries, e.name)
	if e.place != nil {
		c.lru.Remove(e.place)
		e.place = nil
	}
	if e.pins == 0 {
		c.removeLocked(e)
	}
}

func (c *Cache) removeLocked(e *entry) {
	c.bytes -= e.size
	if e.named && c.entries[e.name] == nil { // else the file is already that of a newer copy
		if err := os.Remove(c.path(e)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return // Open will see it
		}
	}
}

func (c *Cache) forget(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgetLocked(e)
}

func (c *Cache) unpin(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.pins--; e.pins == 0 && e.gone {
		c.removeLocked(e)
	}
}

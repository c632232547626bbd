package main

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"github.com/tarndb/tarn/sql/files"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/object/cache"
	"github.com/tarndb/tarn/storage/object/s3"
)

// location is the store at the location of a lake table, which is not asked.
func (p *places) location(dir string) object.Store {
	s, err := p.cachedStore(dir)
	if err != nil {
		return object.Broken(dir, err)
	}
	return s
}

// cachedStore is the store of a directory that need not be there. What it reads of a bucket is kept on this machine.
func (p *places) cachedStore(dir string) (object.Store, error) {
	if !s3.IsAddress(dir) {
		return object.LocalAt(dir, object.Options{})
	}
	s, err := p.store(dir)
	if err != nil || strings.HasPrefix(dir, p.warehouse.store.URL("")+"/") {
		return s, err
	}
	c, err := p.bucketCache()
	if err != nil {
		return nil, err
	}
	return c.Over(s), nil
}

// bucketCache is the warehouse's cache, or one that is made for other buckets.
func (p *places) bucketCache() (*cache.Cache, error) {
	if p.warehouse.cache != nil {
		return p.warehouse.cache, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var err error
	if p.cache == nil {
		p.cache, err = cache.Open(p.cacheDir, p.cacheBytes)
	}
	return p.cache, err
}

// Vacant implements files.Deltas.
func (p *places) Vacant(ctx context.Context, dir string) error {
	house, _ := filepath.Abs(p.warehouse.dir)
	if p.warehouse.cache != nil {
		house = p.warehouse.store.URL("")
	}
	data, _ := filepath.Abs(p.data)
	for _, own := range []string{house, data} {
		if files.Within(dir, own) || files.Within(own, dir) {
			return pgerr.New(pgerr.InvalidObjectDefinition, "location \"%s\" overlaps with the server's own \"%s\"", dir, own)
		}
	}
	list, err := p.List(ctx, dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return locationError(dir, err)
	}
	for _, f := range list {
		if f.Name == "_delta_log" {
			return pgerr.New(pgerr.DuplicateTable, "there is a Delta table at \"%s\" already", dir).
				WithHint("WITH (external = true) attaches a table that other programs write.")
		}
	}
	if len(list) > 0 {
		return pgerr.New(pgerr.ObjectInUse, "directory \"%s\" is not empty", dir)
	}
	for up := dir; ; {
		next := path.Dir(up)
		if next == up || next == "." || strings.HasSuffix(next, ":") || next == "s3:/" {
			break
		}
		up = next
		if in, err := p.Stat(ctx, up+"/_delta_log"); err == nil && in.Dir {
			return pgerr.New(pgerr.InvalidObjectDefinition, "location \"%s\" is inside of the Delta table at \"%s\"", dir, up)
		}
	}
	return p.writable(ctx, dir)
}

// writable leaves an empty directory.
func (p *places) writable(ctx context.Context, dir string) error {
	store, err := p.cachedStore(dir)
	if err != nil {
		return locationError(dir, err)
	}
	probe := ".tarn-location-" + uuid.NewString()
	if err := store.PutIfAbsent(ctx, probe, nil); err != nil {
		return locationError(dir, err)
	}
	if err := store.Delete(ctx, probe); err != nil {
		return locationError(dir, err)
	}
	return nil
}

func locationError(dir string, err error) error {
	var pe *pgerr.Error
	switch {
	case errors.As(err, &pe), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, fs.ErrPermission), errors.Is(err, object.ErrDenied):
		return pgerr.Wrap(err, pgerr.InsufficientPrivilege, "could not write to directory \"%s\": Permission denied", dir)
	}
	return pgerr.Wrap(err, pgerr.IOError, "could not write to directory \"%s\": %v", dir, err)
}

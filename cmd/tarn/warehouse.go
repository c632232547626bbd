package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/tarndb/tarn/branching"
	"github.com/tarndb/tarn/replication/mirror"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/object/cache"
	"github.com/tarndb/tarn/storage/object/s3"
)

// warehouse is where the Delta tables of all databases are.
type warehouse struct {
	store object.Store
	dir   string       // of this machine, in which the columnar engine finds files
	cache *cache.Cache // nil: the warehouse is on this machine
}

// local is the directory of a warehouse on this machine, empty for one elsewhere.
func (w *warehouse) local() string {
	if w.cache != nil {
		return ""
	}
	return w.dir
}

// openWarehouse opens a directory, or s3://bucket/prefix with a cache of cacheBytes in cacheDir. A bucket that does not answer is no
// error: the mirrors wait for it.
func openWarehouse(addr, cacheDir string, cacheBytes int64) (*warehouse, error) {
	if !s3.IsAddress(addr) {
		store, err := object.OpenLocal(addr, object.Options{})
		if err != nil {
			return nil, err
		}
		return &warehouse{store: store, dir: store.URL("")}, nil
	}
	store, err := s3.Open(addr, s3.Options{})
	if err != nil {
		return nil, err
	}
	c, err := cache.Open(cacheDir, cacheBytes)
	if err != nil {
		return nil, err
	}
	return &warehouse{store: c.Over(store), dir: cacheDir, cache: c}, nil
}

// openStore is the store at an address that somebody has named: a directory that is there, or s3://bucket/prefix.
func openStore(addr string) (object.Store, error) {
	if !s3.IsAddress(addr) && !isDelta(addr) {
		return nil, fmt.Errorf("%s: %w", filepath.Join(addr, "_delta_log"), object.ErrNotExist)
	}
	return storeAt(addr)
}

// storeAt is the store at s3://bucket/prefix or in a directory, which is not made.
func storeAt(addr string) (object.Store, error) {
	if s3.IsAddress(addr) {
		return s3.Open(addr, s3.Options{})
	}
	return object.LocalAt(addr, object.Options{})
}

// forgetTime bounds the removal of a dropped branch's Delta tables.
const forgetTime = 10 * time.Minute

// forget removes what a dropped branch left outside of its store.
func (c *cluster) forget(w branching.Where) error {
	ctx, cancel := context.WithTimeout(context.Background(), forgetTime)
	defer cancel()
	if err := mirror.RemoveLocated(ctx, c.warehouse.store, c.places.location, w.Warehouse); err != nil {
		return err
	}
	return object.RemoveAll(ctx, c.warehouse.store, w.Warehouse+"/")
}

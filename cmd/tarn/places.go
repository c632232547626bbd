package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/tarndb/tarn/sql/files"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/object/cache"
	"github.com/tarndb/tarn/storage/object/s3"
)

// places are where the files and Delta tables are that users name: this machine, and buckets.
type places struct {
	warehouse  *warehouse
	data       string // the server's directory
	cacheDir   string
	cacheBytes int64

	mu     sync.Mutex
	client *s3.Store    // of any bucket, made when the first is named; protected by mu
	cache  *cache.Cache // of what is in buckets, made when it is first needed; protected by mu

	outside outside
}

var _ files.Store = (*places)(nil)

// bucket is the store of an address's bucket, and the key in it.
func (p *places) bucket(addr string) (*s3.Store, string, error) {
	name, key, err := s3.Split(addr)
	if err != nil {
		return nil, "", pgerr.Wrap(err, pgerr.InvalidName, "invalid address \"%s\"", addr)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.client == nil {
		if p.client, err = s3.Open("s3://"+name, s3.Options{}); err != nil {
			return nil, "", pgerr.Wrap(err, pgerr.ConfigFileError, "%v", err)
		}
	}
	return p.client.Bucket(name), key, nil
}

// store is the store of a directory; the warehouse's own, with its cache, for what is in it.
func (p *places) store(dir string) (object.Store, error) {
	if !s3.IsAddress(dir) {
		if _, err := os.Stat(dir); err != nil { // opening the store would make the directory
			return nil, err
		}
		return object.OpenLocal(dir, object.Options{})
	}
	if p.warehouse != nil {
		if key, ok := strings.CutPrefix(dir, p.warehouse.store.URL("")+"/"); ok {
			return object.Sub(p.warehouse.store, key), nil
		}
	}
	b, key, err := p.bucket(dir)
	if err != nil || key == "" {
		return b, err
	}
	return object.Sub(b, key), nil
}

func (p *places) Stat(ctx context.Context, addr string) (files.Info, error) {
	if !s3.IsAddress(addr) {
		return localFiles{}.Stat(ctx, addr)
	}
	b, key, err := p.bucket(addr)
	if err != nil {
		return files.Info{}, err
	}
	if key != "" {
		in, err := b.Stat(ctx, key)
		if err == nil {
			return remoteInfo(b, in), nil
		}
		if !errors.Is(err, object.ErrNotExist) {
			return files.Info{}, fileError(addr, err)
		}
		key += "/"
	}
	below, err := b.Children(ctx, key, 1)
	if err == nil && len(below) == 0 && key != "" {
		err = fs.ErrNotExist
	}
	if err != nil {
		return files.Info{}, fileError(addr, err)
	}
	return remoteInfo(b, object.Info{Key: key + "/"}), nil
}

// remoteInfo describes an object, or a directory where the key ends in a slash.
func remoteInfo(b *s3.Store, in object.Info) files.Info {
	key := strings.TrimRight(in.Key, "/")
	return files.Info{Path: b.URL(key), Name: path.Base("/" + key), Size: in.Size, ModTime: in.ModTime, Dir: strings.HasSuffix(in.Key, "/")}
}

func (p *places) List(ctx context.Context, dir string) ([]files.Info, error) {
	if !s3.IsAddress(dir) {
		return localFiles{}.List(ctx, dir)
	}
	b, key, err := p.bucket(dir)
	if err != nil {
		return nil, err
	}
	if key != "" {
		key += "/"
	}
	list, err := b.Children(ctx, key, 0)
	if err != nil {
		return nil, fileError(dir, err)
	}
	out := make([]files.Info, len(list))
	for i, in := range list {
		out[i] = remoteInfo(b, in)
	}
	return out, nil
}

func (p *places) Open(ctx context.Context, addr string) (files.File, error) {
	if !s3.IsAddress(addr) {
		return localFiles{}.Open(ctx, addr)
	}
	b, key, err := p.bucket(addr)
	if err != nil {
		return nil, err
	}
	o, err := b.Open(ctx, key)
	if err != nil {
		return nil, fileError(addr, err)
	}
	return o, nil
}

// fileError gives an object store's error the code of a file's.
func fileError(addr string, err error) error {
	var e *s3.Error
	switch {
	case errors.Is(err, object.ErrNotExist):
		return errors.Join(fs.ErrNotExist, err)
	case errors.As(err, &e) && e.Code == "NoSuchBucket":
		return pgerr.Wrap(err, pgerr.UndefinedFile, "could not open file \"%s\" for reading: the bucket does not exist", addr)
	case errors.Is(err, object.ErrDenied):
		return pgerr.Wrap(err, pgerr.InsufficientPrivilege, "could not open file \"%s\" for reading: Permission denied", addr).WithDetail("%v", err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), !errors.As(err, &e):
		return err
	}
	return pgerr.Wrap(err, pgerr.IOError, "could not read file \"%s\": %s", addr, cmp.Or(e.Code, e.Message)).WithDetail("%v", err)
}

// isDelta reports whether a directory of this machine is a Delta table.
func isDelta(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, "_delta_log"))
	return err == nil && info.IsDir()
}

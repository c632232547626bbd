package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/files"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/object/s3"
)

// volumesDir has the managed volumes in a branch's directory of the warehouse. Directories of schemas never have such a name.
const volumesDir = ".volumes"

// volumes are those of a branch.
type volumes struct {
	warehouse *warehouse
	root      string // the branch's directory of the warehouse
	places    *places
}

var _ files.Volumes = (*volumes)(nil)

func (v *volumes) key(dir string) string { return path.Join(v.root, volumesDir, dir) }

func (v *volumes) Managed(dir string) files.Volume {
	return v.at(v.warehouse.store.URL(v.key(dir)), true)
}

func (v *volumes) External(location string) files.Volume { return v.at(location, false) }

func (v *volumes) at(where string, managed bool) files.Volume {
	if s3.IsAddress(where) {
		return bucketVolume{v.places, where}
	}
	return localVolume{where, managed}
}

func (v *volumes) Remove(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, forgetTime)
	defer cancel()
	if v.warehouse.cache == nil {
		return os.RemoveAll(v.warehouse.store.URL(v.key(dir))) // with what is no object: links, and what was cut short
	}
	return object.RemoveAll(ctx, v.warehouse.store, v.key(dir)+"/")
}

// copyTo gives the files of a catalog's volumes second names in another branch's directory.
func (v *volumes) copyTo(ctx context.Context, c *catalog.Catalog, root string) error {
	if len(managedVolumes(c)) == 0 {
		return nil // whether the warehouse answers does not matter
	}
	from := path.Join(v.root, volumesDir)
	infos, err := v.warehouse.store.List(ctx, from+"/", "")
	if err != nil {
		return fmt.Errorf("list volumes: %w", err)
	}
	var names []string
	for _, i := range infos {
		names = append(names, strings.TrimPrefix(i.Key, from+"/"))
	}
	if len(names) == 0 {
		return nil
	}
	if err := object.LinkAll(ctx, v.warehouse.store, from, path.Join(root, volumesDir), names); err != nil {
		return fmt.Errorf("copy volumes: %w", err)
	}
	return nil
}

// tidyTime bounds how long the opening of a branch waits for a bucket.
const tidyTime = time.Second

// managedVolumes are the directories of managed volumes.
func managedVolumes(c *catalog.Catalog) map[string]bool {
	dirs := map[string]bool{}
	c.Objects(catalog.KindVolume, func(o catalog.Object) bool {
		if v := o.(*catalog.Volume); !v.External() {
			dirs[v.Dir] = true
		}
		return true
	})
	return dirs
}

// tidy removes directories of volumes that are gone: a kill between the end of a transaction and their removal leaves them. No session
// of the branch is open.
func (v *volumes) tidy(ctx context.Context, c *catalog.Catalog) error {
	known := managedVolumes(c)
	var dirs []string
	if v.warehouse.cache == nil {
		list, err := os.ReadDir(v.warehouse.store.URL(v.key("")))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range list {
			dirs = append(dirs, e.Name())
		}
	} else {
		ctx, cancel := context.WithTimeout(ctx, tidyTime)
		defer cancel()
		infos, err := v.warehouse.store.List(ctx, v.key("")+"/", "")
		if err != nil {
			return err
		}
		for _, i := range infos {
			dir, _, _ := strings.Cut(strings.TrimPrefix(i.Key, v.key("")+"/"), "/")
			dirs = append(dirs, dir)
		}
	}
	for _, d := range dirs {
		if known[d] {
			continue
		}
		known[d] = true
		if err := v.Remove(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// localVolume is a directory of this machine. Nothing outside of it is reached, whatever links are in it.
type localVolume struct {
	dir     string
	managed bool // it is made with its first file
}

// uploadPrefix begins the names of files that are being written.
const uploadPrefix = ".tarn-upload-"

func (v localVolume) root() (*os.Root, error) {
	r, err := os.OpenRoot(v.dir)
	if errors.Is(err, fs.ErrNotExist) && v.managed {
		return nil, errEmpty
	}
	return r, err
}

// errEmpty says that a managed volume has no directory yet.
var errEmpty = fmt.Errorf("the volume is empty: %w", fs.ErrNotExist)

// leaves tells of paths that links lead out of the volume.
func leaves(err error) error {
	if err != nil && strings.Contains(err.Error(), "path escapes from parent") {
		return files.ErrLeaves
	}
	return err
}

func below(p string) string {
	if p == "" {
		return "."
	}
	return p
}

func (v localVolume) Stat(_ context.Context, p string) (files.Info, error) {
	r, err := v.root()
	if errors.Is(err, errEmpty) && p == "" {
		return files.Info{Dir: true}, nil
	}
	if err != nil {
		return files.Info{}, err
	}
	defer r.Close()
	st, err := r.Stat(below(p))
	if err != nil {
		return files.Info{}, leaves(err)
	}
	return fileInfo(p, st), nil
}

func (v localVolume) List(_ context.Context, dir string) ([]files.Info, error) {
	r, err := v.root()
	if errors.Is(err, errEmpty) && dir == "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	d, err := r.Open(below(dir))
	if err != nil {
		return nil, leaves(err)
	}
	defer d.Close()
	list, err := d.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	out := make([]files.Info, 0, len(list))
	for _, e := range list {
		p := path.Join(dir, e.Name())
		st, err := r.Stat(p)
		if err != nil || !st.IsDir() && !st.Mode().IsRegular() || strings.HasPrefix(e.Name(), uploadPrefix) {
			continue // gone meanwhile, a link out of the volume, or nothing that can be read to an end
		}
		out = append(out, fileInfo(p, st))
	}
	slices.SortFunc(out, func(a, b files.Info) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func (v localVolume) Open(_ context.Context, p string) (files.File, error) {
	r, err := v.root()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	st, err := r.Stat(below(p)) // before open, which would wait for a pipe's writer
	if err != nil {
		return nil, leaves(err)
	}
	if !st.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: p, Err: fs.ErrInvalid}
	}
	f, err := r.Open(p)
	if err != nil {
		return nil, leaves(err)
	}
	return localFile{f, st.Size()}, nil
}

func (v localVolume) Create(_ context.Context, p string) (files.Upload, error) {
	if v.managed {
		if err := os.MkdirAll(v.dir, 0o700); err != nil {
			return nil, err
		}
	}
	r, err := os.OpenRoot(v.dir)
	if err != nil {
		return nil, err
	}
	if dir := path.Dir(p); dir != "." {
		err = r.MkdirAll(dir, 0o700)
	}
	u := &localUpload{root: r, tmp: path.Join(path.Dir(p), uploadPrefix+uuid.NewString()), path: p}
	if err == nil {
		u.File, err = r.OpenFile(u.tmp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	}
	if err != nil {
		_ = r.Close()
		return nil, leaves(err)
	}
	return u, nil
}

// localUpload is a file that gets its name when it is whole.
type localUpload struct {
	*os.File
	root      *os.Root
	tmp, path string
	done      bool
}

func (u *localUpload) Commit() error {
	err := u.File.Sync()
	if err == nil {
		err = u.root.Rename(u.tmp, u.path)
	}
	if err != nil {
		return leaves(err)
	}
	u.done = true
	err = u.File.Close()
	d, derr := u.root.Open(path.Dir(u.path))
	if derr == nil {
		derr = errors.Join(d.Sync(), d.Close())
	}
	return errors.Join(err, derr, u.root.Close())
}

func (u *localUpload) Abort() {
	if u.done {
		return
	}
	u.done = true
	_ = u.File.Close()
	_ = u.root.Remove(u.tmp)
	_ = u.root.Close()
}

// bucketVolume is a prefix in a bucket.
type bucketVolume struct {
	places *places
	addr   string
}

func (v bucketVolume) where(p string) string {
	if p == "" {
		return v.addr
	}
	return v.addr + "/" + p
}

// below is what stands behind the volume in an address.
func (v bucketVolume) below(in files.Info) files.Info {
	in.Path = strings.TrimPrefix(strings.TrimPrefix(in.Path, v.addr), "/")
	return in
}

func (v bucketVolume) Stat(ctx context.Context, p string) (files.Info, error) {
	in, err := v.places.Stat(ctx, v.where(p))
	if p == "" && errors.Is(err, fs.ErrNotExist) {
		return files.Info{Dir: true}, nil // prefixes are there when something is below them
	}
	return v.below(in), err
}

func (v bucketVolume) List(ctx context.Context, dir string) ([]files.Info, error) {
	list, err := v.places.List(ctx, v.where(dir))
	if dir == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for i := range list {
		list[i] = v.below(list[i])
	}
	return list, err
}

func (v bucketVolume) Open(ctx context.Context, p string) (files.File, error) {
	return v.places.Open(ctx, v.where(p))
}

func (v bucketVolume) Create(ctx context.Context, p string) (files.Upload, error) {
	store, err := v.places.store(v.addr)
	if err != nil {
		return nil, err
	}
	up, err := store.Create(ctx, p)
	return bucketUpload{up, ctx, store, p}, err
}

// bucketUpload replaces what has the key.
type bucketUpload struct {
	object.Upload
	ctx   context.Context
	store object.Store
	key   string
}

func (u bucketUpload) Commit() error {
	if err := u.store.Delete(u.ctx, u.key); err != nil {
		return err
	}
	return u.Upload.Commit()
}

package object

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
)

// copier is a store that can have an object of another store copied without its bytes passing here; ErrUnsupported: not of that store.
type copier interface {
	CopyFrom(ctx context.Context, from Store, src, dst string) error
}

// Wrapper is a store over another one, which has the same objects.
type Wrapper interface{ Unwrap() Store }

func unwrap(s Store) Store {
	for {
		w, ok := s.(Wrapper)
		if !ok {
			return s
		}
		s = w.Unwrap()
	}
}

// Share gives the objects of from with these names the same names in to; those that are there stay. Where both are on one disk or in one
// store they are second names (LinkAll), elsewhere copies: by the server that has both, if it makes them, else by way of this machine.
func Share(ctx context.Context, from, to Store, names []string) error {
	src, srcDir := rootOf(from)
	dst, dstDir := rootOf(to)
	if src == dst && srcDir != "" && dstDir != "" {
		return LinkAll(ctx, src, srcDir, dstDir, names)
	}
	a, ok1 := src.(*Local)
	b, ok2 := dst.(*Local)
	if ok1 && ok2 {
		err := b.linkFrom(ctx, a.URL(srcDir), dstDir, names)
		if !errors.Is(err, syscall.EXDEV) {
			return err
		}
	}
	if c, ok := unwrap(dst).(copier); ok {
		return eachNew(names, func(n string) error {
			err := c.CopyFrom(ctx, unwrap(src), below(srcDir, n), below(dstDir, n))
			if errors.Is(err, ErrUnsupported) {
				err = copyObject(ctx, from, to, n)
			}
			return err
		})
	}
	return eachNew(names, func(n string) error { return copyObject(ctx, from, to, n) })
}

// rootOf is the store that a part belongs to, and the part's directory in it.
func rootOf(s Store) (root Store, dir string) {
	if p, ok := s.(*sub); ok {
		return p.s, strings.TrimSuffix(p.prefix, "/")
	}
	return s, ""
}

// below is the key of a name in a directory of a store, "": the store itself.
func below(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}

func copyObject(ctx context.Context, from, to Store, name string) error {
	o, err := from.Open(ctx, name)
	if err != nil {
		return err
	}
	defer o.Close()
	up, err := to.Create(ctx, name)
	if err != nil {
		return err
	}
	defer up.Abort()
	if n, err := io.Copy(up, io.NewSectionReader(o, 0, o.Size())); err != nil {
		return fmt.Errorf("copy %s after %d bytes: %w", name, n, err)
	}
	return up.Commit()
}

// Broken is a store that cannot be opened: everything that is asked of it fails with ErrUnavailable and the reason.
func Broken(url string, reason error) Store {
	return broken{url, fmt.Errorf("%w: %w", ErrUnavailable, reason)}
}

type broken struct {
	url string
	err error
}

var _ Store = broken{}

func (b broken) Put(context.Context, string, []byte) error         { return b.err }
func (b broken) PutIfAbsent(context.Context, string, []byte) error { return b.err }
func (b broken) Create(context.Context, string) (Upload, error)    { return nil, b.err }
func (b broken) Get(context.Context, string) ([]byte, error)       { return nil, b.err }
func (b broken) GetRange(context.Context, string, int64, int64) ([]byte, error) {
	return nil, b.err
}
func (b broken) Open(context.Context, string) (Object, error)         { return nil, b.err }
func (b broken) List(context.Context, string, string) ([]Info, error) { return nil, b.err }
func (b broken) Delete(context.Context, string) error                 { return b.err }
func (b broken) Link(context.Context, string, string) error           { return b.err }
func (b broken) Sweep(context.Context, string) error                  { return b.err }
func (b broken) LocalFile(context.Context, string, int64) (string, func(), error) {
	return "", nil, b.err
}
func (b broken) URL(key string) string { return strings.TrimSuffix(b.url+"/"+key, "/") }

package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"time"

	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/object"
)

func (a *Archiver) wrote(n int64) {
	a.mu.Lock()
	a.mu.bytes += n
	a.mu.Unlock()
}

// putOnce makes an object that is there already, with the same bytes, if an earlier try came through.
func (a *Archiver) putOnce(ctx context.Context, key string, data []byte) error {
	err := a.opt.Objects.PutIfAbsent(ctx, key, data)
	if err == nil {
		a.wrote(int64(len(data)))
	}
	if !errors.Is(err, object.ErrExist) {
		return err
	}
	there, err := a.opt.Objects.Get(ctx, key)
	if err == nil && !bytes.Equal(there, data) {
		err = fmt.Errorf("%w: %s is there with other bytes", ErrDiverged, key)
	}
	return err
}

// putBlob makes an object of a file's bytes and a tail, and closes the file. One that is there has the tail of the same bytes.
func (a *Archiver) putBlob(ctx context.Context, key string, f io.ReadCloser, size int64) (err error) {
	defer func() { err = errors.Join(err, f.Close()) }()
	up, err := a.opt.Objects.Create(ctx, key)
	if err != nil {
		return err
	}
	defer up.Abort()
	sum := crc32.New(castagnoli)
	n, err := io.CopyBuffer(io.MultiWriter(up, sum), ctxReader{ctx, f}, make([]byte, 1<<20))
	if err == nil && n != size {
		err = fmt.Errorf("%d bytes of %d: %w", n, size, io.ErrUnexpectedEOF)
	}
	tail := appendBlobTail(nil, sum.Sum32(), n)
	if err == nil {
		_, err = up.Write(tail)
	}
	if err != nil {
		return fmt.Errorf("archive %s: %w", key, err)
	}
	err = up.Commit()
	if err == nil {
		a.wrote(n + blobTail)
	}
	if !errors.Is(err, object.ErrExist) {
		return err
	}
	o, err := a.opt.Objects.Open(ctx, key)
	if err != nil {
		return err
	}
	defer o.Close()
	there := make([]byte, blobTail)
	if o.Size() == n+blobTail {
		if _, err := o.ReadAt(there, n); err != nil && err != io.EOF {
			return fmt.Errorf("read %s: %w", key, err)
		}
	}
	if !bytes.Equal(there, tail) {
		return fmt.Errorf("%w: %s is there with other bytes", ErrDiverged, key)
	}
	return nil
}

// tendBases puts a base that is linked already, and others when they are due, until an error.
func (a *Archiver) tendBases(ctx context.Context, linked *engine.LinkedBase) error {
	tick := time.NewTicker(a.opt.tick)
	defer tick.Stop()
	for {
		if linked == nil && a.baseDue() {
			var err error
			if linked, err = a.opt.Engine.LinkBase(); err != nil {
				return err
			}
		}
		if linked != nil {
			err := errors.Join(a.putBase(ctx, linked), linked.Close())
			if linked = nil; err != nil {
				return err
			}
			if a.opt.Keep != nil {
				if err := a.prune(ctx); err != nil {
					return err
				}
			}
		}
		select {
		case <-a.due:
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (a *Archiver) prune(ctx context.Context) error {
	if err := a.source.prune(ctx, time.Now().Add(-a.opt.Keep())); err != nil {
		return err
	}
	_, err := a.load(ctx)
	return err
}

func (a *Archiver) baseDue() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	behind := int64(a.pos.Load() - a.mu.base.Valid)
	return behind >= a.opt.BaseBytes || behind > 0 && time.Since(a.mu.base.Taken) >= a.opt.BaseAge
}

// putBase archives a base: its files, those that are not there, and then their list.
func (a *Archiver) putBase(ctx context.Context, l *engine.LinkedBase) error {
	if a.opt.gate != nil {
		if err := await(ctx, a.opt.gate.TryRLock); err != nil {
			return err
		}
		defer a.opt.gate.RUnlock()
	}
	if err := a.opt.Step("base linked"); err != nil {
		return err
	}
	a.mu.Lock()
	known := a.mu.files
	a.mu.Unlock()
	files := make([]File, 0, len(l.Names))
	for _, name := range l.Names {
		f, err := a.putFile(ctx, l, name, known)
		if err != nil {
			return fmt.Errorf("archive base of %s: %s: %w", l.Valid, name, err)
		}
		files = append(files, f)
	}
	if err := a.opt.Step("base files"); err != nil {
		return err
	}
	text, err := newManifest(l.Base, a.opt.Engine.StoreID(), files).encode()
	if err != nil {
		return err
	}
	if err := a.putOnce(ctx, baseKey(l.Base), text); err != nil {
		return err
	}
	a.noteBase(l.Base, files)
	return a.opt.Step("base")
}

// putFile archives a file of a base unless it is there. known are the files of the base before; sorted files never change.
func (a *Archiver) putFile(ctx context.Context, l *engine.LinkedBase, name string, known map[string]File) (File, error) {
	size, err := l.Size(name)
	if err != nil {
		return File{}, err
	}
	if f, ok := known[name]; ok && f.Size == size && strings.HasSuffix(name, engine.SortedSuffix) {
		return f, nil
	}
	sum := sha256.New()
	if err := copyFile(ctx, l, name, size, sum); err != nil {
		return File{}, err
	}
	f := File{Name: name, Size: size, Sum: Sum(sum.Sum(nil))}
	there, err := a.opt.Files.List(ctx, fileKey(f.Sum), "")
	if err != nil {
		return f, err
	}
	if len(there) > 0 {
		if there[0].Size != size {
			err = fmt.Errorf("%w: %s has %d bytes", ErrDamaged, there[0].Key, there[0].Size)
		}
		return f, err
	}
	up, err := a.opt.Files.Create(ctx, fileKey(f.Sum))
	if err != nil {
		return f, err
	}
	defer up.Abort()
	// Hashed again: the object's name must be that of the bytes that are sent.
	sum.Reset()
	if err := copyFile(ctx, l, name, size, io.MultiWriter(up, sum)); err != nil {
		return f, err
	}
	if Sum(sum.Sum(nil)) != f.Sum {
		return f, errors.New("file has changed while it was read")
	}
	if err := up.Commit(); err != nil && !errors.Is(err, object.ErrExist) {
		return f, err
	}
	return f, nil
}

func copyFile(ctx context.Context, l *engine.LinkedBase, name string, size int64, to io.Writer) (err error) {
	f, err := l.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	n, err := io.CopyBuffer(to, ctxReader{ctx, f}, make([]byte, 1<<20))
	if err == nil && n != size {
		err = fmt.Errorf("%d bytes of %d: %w", n, size, io.ErrUnexpectedEOF)
	}
	return err
}

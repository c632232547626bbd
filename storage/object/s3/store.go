package s3

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/minio/minio-go/v7"
	"github.com/tarndb/tarn/storage/object"
)

// Options of a store. Zero fields take the default.
type Options struct {
	// Getenv is the environment that says where the bucket is and who asks; default os.Getenv.
	Getenv   func(string) string
	PartSize int           // bytes of an upload in memory; from there on it is sent in parts of that size; default 8 MB, at least 5 MB for AWS
	Tries    int           // of a request; default 4
	Backoff  time.Duration // before the second try, twice as much before each other; default 200 ms
	Timeout  time.Duration // of one try, and a second more for each 256 KB; default 20 s
	MaxCopy  int64         // bytes that the server copies by one request; default 5 GB
}

func (o Options) withDefaults() Options {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.PartSize <= 0 {
		o.PartSize = 8 << 20
	}
	if o.Tries <= 0 {
		o.Tries = 4
	}
	if o.Backoff <= 0 {
		o.Backoff = 200 * time.Millisecond
	}
	if o.Timeout <= 0 {
		o.Timeout = 20 * time.Second
	}
	if o.MaxCopy <= 0 {
		o.MaxCopy = maxCopy
	}
	return o
}

// Store is the part of a bucket below a prefix.
type Store struct {
	opt    Options
	core   *minio.Core
	hash   bool // bodies are signed: nothing else protects them
	bucket string
	prefix string // empty, or ends in a slash

	mu          sync.Mutex
	conditional bool // the server has shown that it honours If-None-Match; protected by mu
}

var _ object.Store = (*Store)(nil)

// IsAddress reports whether an address is one of this package's.
func IsAddress(addr string) bool {
	return strings.HasPrefix(addr, "s3://") || strings.HasPrefix(addr, "s3a://")
}

// Split cuts an address s3://bucket/key.
func Split(addr string) (bucket, key string, err error) {
	_, rest, _ := strings.Cut(addr, "://")
	bucket, key, _ = strings.Cut(rest, "/")
	if !IsAddress(addr) || bucket == "" {
		return "", "", fmt.Errorf("%q is not s3://bucket/prefix: %w", addr, object.ErrBadKey)
	}
	return bucket, strings.TrimSuffix(key, "/"), nil
}

// Open makes the store at s3://bucket/prefix. It asks the server nothing.
func Open(addr string, opt Options) (*Store, error) {
	opt = opt.withDefaults()
	bucket, prefix, err := Split(addr)
	if err != nil {
		return nil, fmt.Errorf("open object store: %w", err)
	}
	if prefix != "" {
		if err := object.CheckKey(prefix); err != nil {
			return nil, fmt.Errorf("open object store %s: %w", addr, err)
		}
		prefix += "/"
	}
	p, err := findPlace(opt.Getenv)
	if err != nil {
		return nil, fmt.Errorf("open object store %s: %w", addr, err)
	}
	core, err := p.client(opt.Getenv)
	if err != nil {
		return nil, fmt.Errorf("open object store %s: %w", addr, err)
	}
	return &Store{opt: opt, core: core, hash: p.endpoint != nil && p.endpoint.Scheme == "http", bucket: bucket, prefix: prefix}, nil
}

// Bucket is the store of another bucket's whole, with the same client.
func (s *Store) Bucket(bucket string) *Store {
	return &Store{opt: s.opt, core: s.core, hash: s.hash, bucket: bucket}
}

// URL implements object.Store.
func (s *Store) URL(key string) string {
	return strings.TrimSuffix("s3://"+s.bucket+"/"+s.prefix+key, "/")
}

// try makes a request until its failure is one that stays. size is what it moves.
func (s *Store) try(ctx context.Context, op, key string, size int64, f func(ctx context.Context) error) error {
	for n := 1; ; n++ {
		err := s.once(ctx, op, key, size, f)
		if err == nil || n == s.opt.Tries || !passing(err) || ctx.Err() != nil {
			return err
		}
		if err := s.pause(ctx, n); err != nil {
			return s.fails(ctx, op, key, err)
		}
	}
}

func (s *Store) once(ctx context.Context, op, key string, size int64, f func(ctx context.Context) error) error {
	rctx, cancel := context.WithTimeout(ctx, s.opt.Timeout+time.Duration(size>>18)*time.Second)
	defer cancel()
	return s.fails(ctx, op, key, f(rctx))
}

// pause waits before try n+1, not as long as others who failed at the same time.
func (s *Store) pause(ctx context.Context, n int) error {
	d := s.opt.Backoff << min(n-1, 8)
	t := time.NewTimer(d/2 + rand.N(d/2+1))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// sums are what protects a body on its way.
func (s *Store) sums(data []byte) (md5Text, sha256Hex string) {
	m := md5.Sum(data)
	if s.hash {
		h := sha256.Sum256(data)
		sha256Hex = hex.EncodeToString(h[:])
	}
	return base64.StdEncoding.EncodeToString(m[:]), sha256Hex
}

func (s *Store) put(ctx context.Context, key string, data []byte, opt minio.PutObjectOptions) error {
	m, h := s.sums(data)
	opt.DisableContentSha256 = true // of chunks; h is the whole's
	_, err := s.core.PutObject(ctx, s.bucket, s.prefix+key, bytes.NewReader(data), int64(len(data)), m, h, opt)
	return err
}

// Put implements object.Store.
func (s *Store) Put(ctx context.Context, key string, data []byte) error {
	if err := object.CheckKey(key); err != nil {
		return err
	}
	return s.try(ctx, "write", key, int64(len(data)), func(ctx context.Context) error {
		return s.put(ctx, key, data, minio.PutObjectOptions{})
	})
}

// PutIfAbsent implements object.Store.
func (s *Store) PutIfAbsent(ctx context.Context, key string, data []byte) error {
	if err := object.CheckKey(key); err != nil {
		return err
	}
	if err := s.checkConditional(ctx); err != nil {
		return err
	}
	return s.putIfAbsent(ctx, key, int64(len(data)), func(ctx context.Context, opt minio.PutObjectOptions) error {
		return s.put(ctx, key, data, opt)
	})
}

// putIfAbsent makes a conditional request. It is made again only if it has not happened for certain.
func (s *Store) putIfAbsent(ctx context.Context, key string, size int64, f func(ctx context.Context, opt minio.PutObjectOptions) error) error {
	for n := 1; ; n++ {
		var opt minio.PutObjectOptions
		opt.SetMatchETagExcept("*")
		var cause error
		err := s.once(ctx, "write", key, size, func(ctx context.Context) error {
			cause = f(ctx, opt)
			return cause
		})
		switch {
		case err == nil, errors.Is(err, object.ErrExist):
			return err
		case !undone(err, cause):
			return errors.Join(object.ErrInDoubt, err)
		case n == s.opt.Tries || !passing(err) || ctx.Err() != nil:
			return err
		}
		if err := s.pause(ctx, n); err != nil {
			return s.fails(ctx, "write", key, err)
		}
	}
}

// checkConditional makes sure, once, that the server honours If-None-Match.
func (s *Store) checkConditional(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conditional {
		return nil
	}
	key := ".tarn-probe-" + uuid.NewString()
	write := func(ctx context.Context, opt minio.PutObjectOptions) error {
		return s.put(ctx, key, []byte("probe\n"), opt)
	}
	err := s.putIfAbsent(ctx, key, 0, write)
	if err == nil {
		if err = s.putIfAbsent(ctx, key, 0, write); err == nil {
			err = fmt.Errorf("%s: the server does not honour If-None-Match: %w", s.URL(""), object.ErrUnsupported)
		} else if errors.Is(err, object.ErrExist) {
			s.conditional, err = true, nil
		}
	}
	_ = s.Delete(context.WithoutCancel(ctx), key) // what is left of it is no object of anybody
	if err != nil && !errors.Is(err, object.ErrUnsupported) {
		var e *Error
		if errors.As(err, &e) { // of the probe, not of the caller's object
			return &Error{Op: e.Op, URL: e.URL, Code: e.Code, Status: e.Status, Message: e.Message, kinds: []error{object.ErrUnavailable}}
		}
	}
	return err
}

// Get implements object.Store.
func (s *Store) Get(ctx context.Context, key string) (b []byte, err error) {
	if err := object.CheckKey(key); err != nil {
		return nil, err
	}
	err = s.try(ctx, "read", key, 0, func(ctx context.Context) error {
		b, err = s.fetch(ctx, key, minio.GetObjectOptions{})
		return err
	})
	return b, err
}

func (s *Store) fetch(ctx context.Context, key string, opt minio.GetObjectOptions) ([]byte, error) {
	body, info, _, err := s.core.GetObject(ctx, s.bucket, s.prefix+key, opt)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	if info.Size < 0 { // the server does not tell
		return io.ReadAll(body)
	}
	b := make([]byte, info.Size)
	_, err = io.ReadFull(body, b)
	return b, err
}

// GetRange implements object.Store.
func (s *Store) GetRange(ctx context.Context, key string, off, n int64) ([]byte, error) {
	if err := object.CheckKey(key); err != nil {
		return nil, err
	}
	return s.getRange(ctx, key, off, n, "")
}

func (s *Store) getRange(ctx context.Context, key string, off, n int64, etag string) (b []byte, err error) {
	short := func(have int64) error {
		return fmt.Errorf("read %s: bytes %d to %d of %d: %w", s.URL(key), off, off+n, have, io.ErrUnexpectedEOF)
	}
	if off < 0 || n < 0 {
		return nil, short(0)
	}
	if n == 0 {
		info, err := s.stat(ctx, key)
		if err == nil && off > info.Size {
			err = short(info.Size)
		}
		return []byte{}, err
	}
	err = s.try(ctx, "read", key, n, func(ctx context.Context) error {
		var opt minio.GetObjectOptions
		if err := opt.SetRange(off, off+n-1); err != nil {
			return err
		}
		if etag != "" {
			if err := opt.SetMatchETag(etag); err != nil {
				return err
			}
		}
		b, err = s.fetch(ctx, key, opt)
		return err
	})
	var e *Error
	switch {
	case errors.As(err, &e) && e.Code == "InvalidRange":
		return nil, short(0)
	case etag != "" && errors.Is(err, object.ErrExist):
		return nil, fmt.Errorf("read %s: the object was replaced while it was read", s.URL(key))
	case err != nil:
		return nil, err
	case int64(len(b)) < n:
		return nil, short(off + int64(len(b)))
	}
	return b[:n], nil
}

func (s *Store) stat(ctx context.Context, key string) (info minio.ObjectInfo, err error) {
	err = s.try(ctx, "read", key, 0, func(ctx context.Context) error {
		info, err = s.core.StatObject(ctx, s.bucket, s.prefix+key, minio.StatObjectOptions{})
		return err
	})
	return info, err
}

// Stat tells of an object without reading it.
func (s *Store) Stat(ctx context.Context, key string) (object.Info, error) {
	if err := object.CheckKey(key); err != nil {
		return object.Info{}, err
	}
	info, err := s.stat(ctx, key)
	return object.Info{Key: key, Size: info.Size, ModTime: info.LastModified}, err
}

// List implements object.Store.
func (s *Store) List(ctx context.Context, prefix, after string) ([]object.Info, error) {
	return s.list(ctx, prefix, after, true, 0)
}

// Children lists what is directly below a directory (empty, or ending in a slash): objects, and directories as keys that end in a
// slash. limit bounds them (0: none).
func (s *Store) Children(ctx context.Context, dir string, limit int) ([]object.Info, error) {
	return s.list(ctx, dir, "", false, limit)
}

func (s *Store) list(ctx context.Context, prefix, after string, deep bool, limit int) (out []object.Info, err error) {
	if dir := strings.TrimSuffix(prefix[:strings.LastIndexByte(prefix, '/')+1], "/"); dir != "" {
		if err := object.CheckKey(dir); err != nil {
			return nil, err
		}
	}
	// A try goes on after what the one before it has brought. Its time is that of the next thousand.
	err = s.try(ctx, "list", prefix, 0, func(context.Context) error {
		rctx, cancel := context.WithCancel(ctx)
		defer cancel()
		if !deep {
			out = nil
		}
		watch := time.AfterFunc(s.opt.Timeout, cancel)
		defer watch.Stop()
		opt := minio.ListObjectsOptions{Prefix: s.prefix + prefix, Recursive: deep, MaxKeys: 1000}
		if after != "" {
			opt.StartAfter = s.prefix + after
		}
		for o := range s.core.ListObjectsIter(rctx, s.bucket, opt) {
			if o.Err != nil {
				return o.Err
			}
			watch.Reset(s.opt.Timeout)
			key, ok := strings.CutPrefix(o.Key, s.prefix)
			if !ok || key == prefix && strings.HasSuffix(key, "/") || deep && strings.HasSuffix(key, "/") || key <= after || strings.HasPrefix(key, ".tarn-probe-") {
				continue // a marker of a directory
			}
			out = append(out, object.Info{Key: key, Size: o.Size, ModTime: o.LastModified})
			if deep {
				after = key
			}
			if limit > 0 && len(out) == limit {
				break
			}
		}
		return rctx.Err()
	})
	return out, err
}

// Delete implements object.Store.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := object.CheckKey(key); err != nil {
		return err
	}
	err := s.try(ctx, "delete", key, 0, func(ctx context.Context) error {
		return s.core.RemoveObject(ctx, s.bucket, s.prefix+key, minio.RemoveObjectOptions{})
	})
	if errors.Is(err, object.ErrNotExist) {
		return nil
	}
	return err
}

// Link implements object.Store by a copy that the server makes. The caller sees to it that nobody else writes dst.
func (s *Store) Link(ctx context.Context, src, dst string) error { return s.CopyFrom(ctx, s, src, dst) }

// Sweep implements object.Store: uploads in parts that nobody will complete take room until then.
func (s *Store) Sweep(ctx context.Context, prefix string) error {
	if prefix = strings.TrimSuffix(prefix, "/"); prefix != "" {
		if err := object.CheckKey(prefix); err != nil {
			return err
		}
		prefix += "/"
	}
	type part struct{ key, id string }
	var found []part
	err := s.try(ctx, "list uploads", prefix, 0, func(ctx context.Context) error {
		found = found[:0]
		keyMarker, idMarker := "", ""
		for {
			r, err := s.core.ListMultipartUploads(ctx, s.bucket, s.prefix+prefix, keyMarker, idMarker, "", 1000)
			if err != nil {
				return err
			}
			for _, u := range r.Uploads {
				if strings.HasPrefix(u.Key, s.prefix+prefix) {
					found = append(found, part{u.Key, u.UploadID})
				}
			}
			if !r.IsTruncated {
				return nil
			}
			keyMarker, idMarker = r.NextKeyMarker, r.NextUploadIDMarker
		}
	})
	if errors.Is(err, object.ErrNotExist) {
		return nil
	}
	for _, p := range found {
		if err != nil {
			break
		}
		err = s.try(ctx, "abort upload", p.key, 0, func(ctx context.Context) error {
			return s.core.AbortMultipartUpload(ctx, s.bucket, p.key, p.id)
		})
		if errors.Is(err, object.ErrNotExist) {
			err = nil
		}
	}
	return err
}

// LocalFile implements object.Store.
func (s *Store) LocalFile(_ context.Context, key string, _ int64) (string, func(), error) {
	return "", nil, fmt.Errorf("local file of %s: %w", s.URL(key), object.ErrUnsupported)
}

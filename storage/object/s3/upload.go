package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/minio/minio-go/v7"
	"github.com/tarndb/tarn/storage/object"
)

// Create implements object.Store. ctx holds for the whole upload.
func (s *Store) Create(ctx context.Context, key string) (object.Upload, error) {
	if err := object.CheckKey(key); err != nil {
		return nil, err
	}
	if err := s.checkConditional(ctx); err != nil {
		return nil, err
	}
	return &upload{s: s, ctx: ctx, key: key, mark: uuid.NewString()}, nil
}

// upload sends one part when it is full. Up to the first full one nothing is sent before Commit.
type upload struct {
	s    *Store
	ctx  context.Context
	key  string
	mark string // metadata of the object: whose it is
	buf  []byte
	size int64

	id    string // of the upload in parts, "" if there is none
	parts []minio.CompletePart
	err   error
	over  bool
}

const markName = "Tarn-Upload"

var errClosed = errors.New("upload is closed")

func (u *upload) options() minio.PutObjectOptions {
	return minio.PutObjectOptions{UserMetadata: map[string]string{markName: u.mark}}
}

func (u *upload) Write(b []byte) (int, error) {
	if u.over {
		return 0, fmt.Errorf("write %s: %w", u.s.URL(u.key), errClosed)
	}
	n := 0
	for u.err == nil && len(b) > 0 {
		k := min(len(b), u.s.opt.PartSize-len(u.buf))
		u.buf = append(u.buf, b[:k]...)
		b, n, u.size = b[k:], n+k, u.size+int64(k)
		if len(u.buf) == u.s.opt.PartSize {
			u.err = u.sendPart()
		}
	}
	return n, u.err
}

// begin begins an upload in parts.
func (u *upload) begin() error {
	s := u.s
	return s.try(u.ctx, "write", u.key, 0, func(ctx context.Context) (err error) {
		u.id, err = s.core.NewMultipartUpload(ctx, s.bucket, s.prefix+u.key, u.options())
		return err
	})
}

func (u *upload) sendPart() error {
	s := u.s
	if u.id == "" {
		if err := u.begin(); err != nil {
			return err
		}
	}
	number := len(u.parts) + 1
	m, h := s.sums(u.buf)
	err := s.try(u.ctx, "write", u.key, int64(len(u.buf)), func(ctx context.Context) error {
		p, err := s.core.PutObjectPart(ctx, s.bucket, s.prefix+u.key, u.id, number, bytes.NewReader(u.buf), int64(len(u.buf)),
			minio.PutObjectPartOptions{Md5Base64: m, Sha256Hex: h, DisableContentSha256: true})
		if err == nil {
			u.parts = append(u.parts, minio.CompletePart{PartNumber: number, ETag: p.ETag})
		}
		return err
	})
	u.buf = u.buf[:0]
	return err
}

// Commit implements object.Upload.
func (u *upload) Commit() error {
	if u.over {
		return fmt.Errorf("commit %s: %w", u.s.URL(u.key), errClosed)
	}
	defer u.Abort() // of parts that no commit has taken
	if u.err == nil && u.id != "" && len(u.buf) > 0 {
		u.err = u.sendPart()
	}
	if u.err != nil {
		return u.err
	}
	for try := 1; ; try++ {
		err := u.s.putIfAbsent(u.ctx, u.key, int64(len(u.buf)), u.last)
		switch {
		case err == nil:
			u.id = ""
			return nil
		case !errors.Is(err, object.ErrExist) && !errors.Is(err, object.ErrInDoubt) && !errors.Is(err, object.ErrNotExist):
			return err
		}
		// A lost answer, or one to what its own lost request has done.
		info, statErr := u.s.stat(u.ctx, u.key)
		switch {
		case statErr == nil && info.UserMetadata[markName] == u.mark:
			u.id = ""
			return nil
		case statErr == nil:
			return fmt.Errorf("write %s: %w", u.s.URL(u.key), object.ErrExist)
		case !errors.Is(statErr, object.ErrNotExist) || errors.Is(err, object.ErrNotExist) || try == u.s.opt.Tries:
			return errors.Join(err, statErr)
		}
	}
}

// last is the request that makes the object.
func (u *upload) last(ctx context.Context, opt minio.PutObjectOptions) error {
	s := u.s
	if u.id == "" {
		opt.UserMetadata = u.options().UserMetadata
		return s.put(ctx, u.key, u.buf, opt)
	}
	_, err := s.core.CompleteMultipartUpload(ctx, s.bucket, s.prefix+u.key, u.id, u.parts, opt)
	return err
}

// Abort implements object.Upload.
func (u *upload) Abort() {
	u.over, u.buf = true, nil
	if u.id == "" {
		return
	}
	id := u.id
	u.id = ""
	ctx := context.WithoutCancel(u.ctx)
	// What cannot be removed is Sweep's.
	_ = u.s.once(ctx, "abort upload", u.key, 0, func(ctx context.Context) error {
		return u.s.core.AbortMultipartUpload(ctx, u.s.bucket, u.s.prefix+u.key, id)
	})
}

package s3

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/minio/minio-go/v7"
	"github.com/tarndb/tarn/storage/object"
)

// maxCopy is the size up to which S3 copies an object by one request.
const maxCopy = 5 << 30

// CopyFrom gives dst the content of another store's object by a copy that the server makes, ErrExist if dst has an object. ErrUnsupported:
// the server does not have both, or does not make it. The caller sees to it that nobody else writes dst.
func (s *Store) CopyFrom(ctx context.Context, from object.Store, src, dst string) error {
	f, ok := from.(*Store)
	if !ok || f.core != s.core {
		return fmt.Errorf("copy from %s to %s: %w", from.URL(src), s.URL(dst), object.ErrUnsupported)
	}
	for _, k := range []string{src, dst} {
		if err := object.CheckKey(k); err != nil {
			return err
		}
	}
	switch _, err := s.stat(ctx, dst); {
	case err == nil:
		return fmt.Errorf("copy to %s: %w", s.URL(dst), object.ErrExist)
	case !errors.Is(err, object.ErrNotExist):
		return err
	}
	info, err := f.stat(ctx, src)
	if err != nil {
		return err
	}
	if info.Size <= s.opt.MaxCopy {
		err = s.try(ctx, "copy", dst, info.Size, func(ctx context.Context) error {
			_, err := s.core.Client.CopyObject(ctx, minio.CopyDestOptions{Bucket: s.bucket, Object: s.prefix + dst},
				minio.CopySrcOptions{Bucket: f.bucket, Object: f.prefix + src})
			return err
		})
	} else {
		err = s.copyParts(ctx, f, src, dst, info.Size)
	}
	var e *Error
	if errors.As(err, &e) && e.Status >= 400 && e.Status < 500 && !passing(err) && !errors.Is(err, object.ErrNotExist) {
		// The server may let the two be read and written, and not know or not let make such copies.
		return errors.Join(object.ErrUnsupported, err)
	}
	return err
}

// copyParts copies an object that is too large for one request.
func (s *Store) copyParts(ctx context.Context, f *Store, src, dst string, size int64) error {
	u := &upload{s: s, ctx: ctx, key: dst, mark: uuid.NewString()}
	defer u.Abort()
	if err := u.begin(); err != nil {
		return err
	}
	for off := int64(0); off < size; off += s.opt.MaxCopy {
		n := min(s.opt.MaxCopy, size-off)
		err := s.try(ctx, "copy", dst, n, func(ctx context.Context) error {
			p, err := s.core.CopyObjectPart(ctx, f.bucket, f.prefix+src, s.bucket, s.prefix+dst, u.id, len(u.parts)+1, off, n, nil)
			if err == nil {
				u.parts = append(u.parts, p)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return u.Commit()
}

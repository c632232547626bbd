package archive

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/wal"
)

// Source is an archive of a branch, as a restore reads it.
type Source struct {
	Objects object.Store // of the branch
	Files   object.Store // of all branches
}

// Restore makes a store in dir, which must not exist, of what the archive has of a point; the zero Point is its newest position. It
// is durable, has an id of its own, and is opened with engine.Open. look may be nil. Errors: *OutsideError, one that wraps
// ErrDamaged or engine.ErrCorrupt, and those of the object store. On an error dir is not there.
func (s Source) Restore(ctx context.Context, dir string, p engine.Point, look engine.Look) (engine.Restored, error) {
	at, err := s.restore(ctx, dir, p, look)
	if err != nil {
		return at, fmt.Errorf("restore from archive: %w", err)
	}
	return at, nil
}

func (s Source) restore(ctx context.Context, dir string, p engine.Point, look engine.Look) (at engine.Restored, err error) {
	x, err := Load(ctx, s.Objects)
	if err != nil {
		return at, err
	}
	span, err := x.choose(p)
	if err != nil {
		return at, err
	}
	if p == (engine.Point{}) {
		p.LSN = span.To
	}
	r, err := engine.NewRebuild(nil, dir)
	if err != nil {
		return at, err
	}
	if err := s.fetch(ctx, r, x, span, p); err != nil {
		return at, errors.Join(err, r.Abort())
	}
	return r.Finish(ctx, span.Base, p, look, func(beyond bool) error {
		if !p.Time.IsZero() && !beyond {
			return x.outside(p, true)
		}
		return nil
	})
}

// fetch brings what leads from the base to the point.
func (s Source) fetch(ctx context.Context, r *engine.Rebuild, x *Index, span Span, p engine.Point) error {
	m, err := s.manifest(ctx, span.Base)
	if err != nil {
		return err
	}
	for _, f := range m.Files {
		if err := s.fetchFile(ctx, f, func() (io.WriteCloser, error) { return r.File(f.Name) }); err != nil {
			return err
		}
	}
	to := span.To
	if p.Time.IsZero() {
		to = p.LSN
	}
	end, err := s.fetchLog(ctx, r, x, span, to, p)
	if err != nil {
		return err
	}
	for _, at := range x.More {
		if at >= span.Base.Keep && at < end {
			if err := s.fetchBlob(ctx, moreKey(at), func() (io.WriteCloser, error) { return r.Attachment(at) }); err != nil {
				return err
			}
		}
	}
	for _, in := range x.Ingested {
		if in.Stamp >= span.Base.Valid && in.Stamp < end {
			if err := s.fetchBlob(ctx, ingestedKey(in.Stamp, in.Name), func() (io.WriteCloser, error) { return r.Ingested(in.Name) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// fetchLog brings the log from the base up to a position, or to behind the first commit that is later than the point, and returns
// where it ends.
func (s Source) fetchLog(ctx context.Context, r *engine.Rebuild, x *Index, span Span, to wal.LSN, p engine.Point) (wal.LSN, error) {
	for _, run := range x.path(span.Base.Keep, to) {
		raw, err := s.run(ctx, run)
		if err != nil {
			return 0, err
		}
		if err := r.Log.Add(raw); err != nil {
			return 0, fmt.Errorf("%s: %w: %w", logKey(run.From, run.To), ErrDamaged, err)
		}
		if p.Time.IsZero() || run.To <= span.Base.Valid {
			continue
		}
		later := false
		_, err = raw.Records(0, false, func(rec wal.Record) error {
			d, err := change.Decode(rec.Payload)
			later = later || err == nil && rec.End > span.Base.Valid && d.CommitMicros > p.Time.UnixMicro()
			if err == nil && !later && rec.LSN >= span.To {
				return x.outside(p, true) // a commit that cannot be restored
			}
			return err
		})
		var outside *OutsideError
		if errors.As(err, &outside) {
			return 0, err
		}
		if err != nil {
			return 0, fmt.Errorf("%s: %w: %w", logKey(run.From, run.To), ErrDamaged, err)
		}
		if later {
			break
		}
	}
	return r.Log.End(), nil
}

func (s Source) manifest(ctx context.Context, b engine.Base) (Manifest, error) {
	text, err := s.Objects.Get(ctx, baseKey(b))
	if err != nil {
		return Manifest{}, missing(err)
	}
	m, err := decodeManifest(text, b)
	if err != nil {
		return m, fmt.Errorf("%s: %w", baseKey(b), err)
	}
	return m, nil
}

// run reads a run of the log. Its records are not verified.
func (s Source) run(ctx context.Context, r Run) (wal.Raw, error) {
	b, err := s.Objects.Get(ctx, logKey(r.From, r.To))
	if err != nil {
		return wal.Raw{}, missing(err)
	}
	raw, err := decodeRun(b, r.From, r.To)
	if err != nil {
		return raw, fmt.Errorf("%s: %w", logKey(r.From, r.To), err)
	}
	return raw, nil
}

// missing makes damage of an object that is not there although the archive's other objects name it.
func missing(err error) error {
	if errors.Is(err, object.ErrNotExist) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// fetchFile copies a file of a base and verifies it. create may return nil: it is verified alone.
func (s Source) fetchFile(ctx context.Context, f File, create func() (io.WriteCloser, error)) error {
	sum := sha256.New()
	o, err := s.Files.Open(ctx, fileKey(f.Sum))
	if err != nil {
		return missing(err)
	}
	defer o.Close()
	if o.Size() != f.Size {
		return fmt.Errorf("%s: %w: %d bytes, the base has %d", fileKey(f.Sum), ErrDamaged, o.Size(), f.Size)
	}
	return copyTo(ctx, create, o, f.Size, sum, func() error {
		if Sum(sum.Sum(nil)) != f.Sum {
			return fmt.Errorf("%s: %w: checksum", fileKey(f.Sum), ErrDamaged)
		}
		return nil
	})
}

// fetchBlob copies an object with a tail, without that, and verifies it. create may return nil: it is verified alone.
func (s Source) fetchBlob(ctx context.Context, key string, create func() (io.WriteCloser, error)) error {
	o, err := s.Objects.Open(ctx, key)
	if err != nil {
		return missing(err)
	}
	defer o.Close()
	size := o.Size() - blobTail
	if size < 0 {
		return fmt.Errorf("%s: %w: cut off", key, ErrDamaged)
	}
	sum := crc32.New(castagnoli)
	return copyTo(ctx, create, o, size, sum, func() error {
		tail := make([]byte, blobTail)
		if _, err := o.ReadAt(tail, size); err != nil && err != io.EOF {
			return fmt.Errorf("read %s: %w", key, err)
		}
		if err := checkBlobTail(tail, sum.Sum32(), size); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	})
}

// copyTo copies the first bytes of an object by way of a checksum, and calls check before the copy counts.
func copyTo(ctx context.Context, create func() (io.WriteCloser, error), from io.ReaderAt, size int64, sum hash.Hash, check func() error) error {
	out, err := create()
	if err != nil {
		return err
	}
	w := io.Writer(sum)
	if out != nil {
		w = io.MultiWriter(sum, out)
	}
	_, err = io.CopyBuffer(w, ctxReader{ctx, io.NewSectionReader(from, 0, size)}, make([]byte, 1<<20))
	if err == nil {
		err = check()
	}
	if out != nil {
		err = errors.Join(err, out.Close())
	}
	return err
}

// ctxReader ends with its context.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (c ctxReader) Read(b []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(b)
}

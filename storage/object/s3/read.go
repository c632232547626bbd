package s3

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/tarndb/tarn/storage/object"
)

// Blocks of an open object that are in memory: footers and headers are read piece by piece.
const (
	blockSize = 1 << 20
	maxBlocks = 4
)

// Open implements object.Store.
func (s *Store) Open(ctx context.Context, key string) (object.Object, error) {
	if err := object.CheckKey(key); err != nil {
		return nil, err
	}
	info, err := s.stat(ctx, key)
	if err != nil {
		return nil, err
	}
	return &remote{s: s, ctx: ctx, key: key, etag: info.ETag, size: info.Size}, nil
}

// remote is an open object. Reads of a block and more go to the server as they are.
type remote struct {
	s    *Store
	ctx  context.Context
	key  string
	etag string
	size int64

	mu     sync.Mutex
	blocks []block // the one used last is the first; protected by mu
}

type block struct {
	off  int64
	data []byte
}

func (r *remote) Size() int64 { return r.size }

func (r *remote) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.blocks = nil
	return nil
}

func (r *remote) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("read %s: negative offset", r.s.URL(r.key))
	}
	n := int(min(int64(len(p)), max(0, r.size-off)))
	if n >= blockSize {
		data, err := r.s.getRange(r.ctx, r.key, off, int64(n), r.etag)
		if err != nil {
			return 0, err
		}
		copy(p, data)
	} else {
		for done := 0; done < n; {
			b, err := r.block((off + int64(done)) / blockSize * blockSize)
			if err != nil {
				return done, err
			}
			done += copy(p[done:n], b.data[off+int64(done)-b.off:])
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (r *remote) block(off int64) (block, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, b := range r.blocks {
		if b.off == off {
			copy(r.blocks[1:i+1], r.blocks[:i])
			r.blocks[0] = b
			return b, nil
		}
	}
	data, err := r.s.getRange(r.ctx, r.key, off, min(blockSize, r.size-off), r.etag)
	if err != nil {
		return block{}, err
	}
	b := block{off, data}
	if len(r.blocks) < maxBlocks {
		r.blocks = append(r.blocks, block{})
	}
	copy(r.blocks[1:], r.blocks)
	r.blocks[0] = b
	return b, nil
}

package engine

import (
	"context"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/kv"
	"github.com/tarndb/tarn/storage/wal"
)

// replayBytes is how much of small records is applied as one batch.
const replayBytes = 1 << 20

// replay applies the log from where r stands to s, up to its durable end or to the first record that before refuses; nil
// refuses none. before may bring something else into s that the record needs, when apply has been called.
func replay(ctx context.Context, s *kv.Store, r *wal.Reader, before func(rec wal.Record, apply func() error) (bool, error)) (records int, err error) {
	var (
		buf      []byte
		payloads [][]byte
		ends     []wal.LSN
	)
	apply := func() error {
		if len(payloads) == 0 {
			return nil
		}
		err := s.Apply(payloads, ends)
		buf, payloads, ends = nil, payloads[:0], ends[:0]
		if err != nil {
			return err
		}
		return ctx.Err()
	}
	for {
		rec, more, err := r.TryNext(ctx)
		if err == nil && more && before != nil {
			more, err = before(rec, apply)
		}
		if err != nil {
			return records, err
		}
		if !more {
			return records, apply()
		}
		records++
		// Small records are copied and applied together.
		alone := change.HasMore(rec.Payload) || len(rec.Payload) > replayBytes
		if alone || len(buf)+len(rec.Payload) > replayBytes {
			if err := apply(); err != nil {
				return records, err
			}
		}
		if alone {
			if err := s.ApplyWhole(rec.Payload, rec.Open, rec.End); err != nil {
				return records, err
			}
			continue
		}
		at := len(buf)
		buf = append(buf, rec.Payload...)
		payloads = append(payloads, buf[at:])
		ends = append(ends, rec.End)
	}
}

package archive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/wal"
)

// pending is a run of the log that is being gathered.
type pending struct {
	run   wal.Raw
	since time.Time // when its first record came
	more  []wal.Record
	files []sorted
}

// sorted names a sorted file, and the commit that does.
type sorted struct {
	name    string
	at, end wal.LSN
}

// errLate says that no more log came in time.
var errLate = errors.New("a run of the log is due")

// follow archives the log from a position on until an error. Sorted files of commits up to floor are not needed.
func (a *Archiver) follow(ctx context.Context, pos, floor wal.LSN) error {
	r, err := a.opt.Engine.Log().NewReader(pos)
	if err != nil {
		return err
	}
	defer r.Close()
	var p pending
	for {
		rec, err := a.next(ctx, r, &p)
		if errors.Is(err, errLate) {
			if err := a.put(ctx, &p, floor); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if len(p.run.Bytes) > 0 && (rec.Segment.Start != p.run.Segment.Start || len(p.run.Bytes)+len(rec.Raw) > a.opt.runBytes) {
			if err := a.put(ctx, &p, floor); err != nil {
				return err
			}
		}
		if err := p.add(rec); err != nil {
			return err
		}
	}
}

// next waits for the next record; errLate: what is pending is to be put first.
func (a *Archiver) next(ctx context.Context, r *wal.Reader, p *pending) (wal.Record, error) {
	if len(p.run.Bytes) == 0 {
		return r.Next(ctx)
	}
	// What is there already is taken along whatever the time.
	if rec, ok, err := r.TryNext(ctx); ok || err != nil {
		return rec, err
	}
	wait, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	a.mu.Lock()
	a.mu.wake = func() { cancel(errLate) }
	drain := a.mu.drain
	a.mu.Unlock()
	left := a.opt.Timeout - time.Since(p.since)
	if left <= 0 || drain >= p.run.End() {
		return wal.Record{}, errLate
	}
	timer := time.AfterFunc(left, func() { cancel(errLate) })
	defer timer.Stop()
	return r.Next(wait)
}

// add takes a copy of a record.
func (p *pending) add(rec wal.Record) error {
	if len(p.run.Bytes) == 0 {
		p.run, p.since = wal.Raw{Segment: rec.Segment, From: rec.LSN, Bytes: p.run.Bytes}, time.Now()
	}
	p.run.Bytes = append(p.run.Bytes, rec.Raw...)
	if p.run.End() != rec.End {
		return fmt.Errorf("archive log at %s: record has %d bytes and ends at %s", rec.LSN, len(rec.Raw), rec.End)
	}
	if change.HasMore(rec.Payload) {
		attached := rec
		attached.Payload, attached.Raw = nil, nil
		p.more = append(p.more, attached)
	}
	d, err := change.Decode(rec.Payload)
	if err != nil {
		return fmt.Errorf("archive log at %s: %w", rec.LSN, err)
	}
	for op := new(change.Op); d.Next(op); {
		if op.Kind == change.KindIngest && op.RowCount > 0 {
			for _, name := range op.Ingest().Files {
				p.files = append(p.files, sorted{name, rec.LSN, rec.End})
			}
		}
	}
	return d.Err()
}

// needBase makes the next try begin with a new base.
func (a *Archiver) needBase() {
	a.mu.Lock()
	a.mu.rebase = true
	a.mu.Unlock()
}

// put archives what is pending, behind what it names.
func (a *Archiver) put(ctx context.Context, p *pending, floor wal.LSN) error {
	if len(p.run.Bytes) == 0 {
		return nil
	}
	for _, rec := range p.more {
		f, size, err := rec.Open()
		if err != nil {
			return fmt.Errorf("attachment of the log at %s: %w", rec.LSN, err)
		}
		if err := a.putBlob(ctx, moreKey(rec.LSN), f, size); err != nil {
			return err
		}
	}
	for _, s := range p.files {
		f, size, stamp, err := a.opt.Engine.OpenIngested(s.name)
		if errors.Is(err, engine.ErrNoIngested) {
			if s.end > floor {
				a.needBase()
				return fmt.Errorf("commit at %s: %w", s.end, err)
			}
			// The base has it; those from before lead no further than to here.
			if err := a.putOnce(ctx, lostKey(s.at), nil); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("commit at %s: %w", s.end, err)
		}
		if err := a.putBlob(ctx, ingestedKey(stamp, s.name), f, size); err != nil {
			return err
		}
	}
	if err := a.opt.Step("attachments"); err != nil {
		return err
	}
	if err := a.putOnce(ctx, logKey(p.run.From, p.run.End()), encodeRun(p.run)); err != nil {
		return err
	}
	if err := a.opt.Step("run"); err != nil {
		return err
	}
	a.reached(p.run.End())
	select {
	case a.due <- struct{}{}:
	default:
	}
	keep := p.run.Bytes[:0]
	if cap(keep) > 2*a.opt.runBytes {
		keep = nil
	}
	*p = pending{run: wal.Raw{Bytes: keep}}
	return nil
}

// Package tail follows a store's log: a position in, whole committed transactions out to a Sink, in log order, each
// once per run.
//
// It promises: a transaction is handed over only when it is durable (I5), whole (I2), and decoded with nothing but the
// log. It keeps no queue: a Sink that blocks holds the tail back, and the log, held from the Sink's position on, is the
// buffer. A Sink that keeps its own position durably and starts from it sees every transaction exactly once in effect.
package tail

import (
	"context"
	"errors"
	"fmt"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/wal"
)

// Txn is one committed transaction. Everything in it is valid during the call of Apply only.
type Txn struct {
	Start wal.LSN // of its record
	End   wal.LSN // the position of the commit; a snapshot with LSN >= End sees it
	change.Decoder
}

// Sink takes transactions. Its methods are called from one goroutine.
type Sink interface {
	// Apply takes the next transaction. An error ends the tail.
	Apply(ctx context.Context, t *Txn) error
}

// Skip is the error by which a sink lets the tail go on at another position, the end of a transaction: what is before it, the
// sink has from elsewhere.
type Skip struct{ To wal.LSN }

func (s *Skip) Error() string { return "go on at " + s.To.String() }

// Tail is one follower.
type Tail struct {
	log  *wal.Log
	sink Sink
	from wal.LSN
	pos  wal.Position
}

// New prepares a follower from a position on, which is the End of the last transaction that the sink has, or 0 for the
// oldest that is kept. The caller holds the log from there on.
func New(log *wal.Log, from wal.LSN, sink Sink) *Tail {
	t := &Tail{log: log, sink: sink, from: from}
	t.pos.Advance(from)
	return t
}

// Position is the End of the last transaction that the sink has taken. When Run has ended, waiting fails with its error.
func (t *Tail) Position() *wal.Position { return &t.pos }

// Run follows the log until ctx ends or an error: damage, a truncated log, an error of the sink. It returns the cause.
func (t *Tail) Run(ctx context.Context) (err error) {
	defer func() { t.pos.Fail(err) }()
	r, err := t.log.NewReader(t.from)
	if err != nil {
		return fmt.Errorf("follow log: %w", err)
	}
	defer func() { r.Close() }()
	var txn Txn
	var skip *Skip
	for {
		rec, err := r.Next(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return fmt.Errorf("follow log: %w", err)
		}
		txn.Start, txn.End = rec.LSN, rec.End
		if txn.Decoder, err = change.DecodeWhole(rec.Payload, rec.Open); err != nil {
			return fmt.Errorf("follow log at %s: %w", rec.LSN, err)
		}
		err = t.sink.Apply(ctx, &txn)
		if cerr := txn.Close(); cerr != nil && err == nil {
			err = cerr
		}
		if errors.As(err, &skip) {
			next, err := t.log.NewReader(skip.To)
			if err != nil {
				return fmt.Errorf("follow log: %w", err)
			}
			r.Close()
			r = next
			t.pos.Advance(skip.To)
			continue
		} else if err != nil {
			return fmt.Errorf("apply log at %s: %w", rec.LSN, err)
		}
		if err := txn.Err(); err != nil {
			return fmt.Errorf("follow log at %s: %w", rec.LSN, err)
		}
		t.pos.Advance(rec.End)
	}
}

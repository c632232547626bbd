package database

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/tuple"
)

// Sequences are not transactional (manual: 9.17): a value that was given out is not given out again, whatever becomes of the
// transaction. The store holds a value that is ahead of what was given out, by up to seqAhead steps; a restart goes on from
// there. The write ahead needs no sync of its own: a commit that uses the value stands behind it in the log.
//
//	key    system table 2 | sequence storage id (u32 BE)
//	value  last (i64 LE) | called (1 byte)
const seqAhead = 32

type sequences struct {
	db   *DB
	mu   sync.Mutex // protects open, taken before a sequence's own lock
	open map[uint32]*sequence
}

type sequence struct {
	mu sync.Mutex
	// last is the value given out last (called), or the one to give out first (not called).
	last   int64
	called bool
	// logged is how many more values may be given out before the store has to be written.
	logged int
}

func (s *sequences) init(d *DB) { s.db, s.open = d, map[uint32]*sequence{} }

func seqKey(id uint32) []byte {
	return binary.BigEndian.AppendUint32(tuple.AppendPrefix(nil, SequenceStorage, StateIndex), id)
}

// SeqState encodes a sequence's state for a transactional write: CREATE, ALTER … RESTART and TRUNCATE … RESTART IDENTITY
// write the state of a new storage id, which takes effect with the catalog.
func SeqState(storage uint32, last int64, called bool) (key, value []byte) {
	value = binary.LittleEndian.AppendUint64(nil, uint64(last))
	b := byte(0)
	if called {
		b = 1
	}
	return seqKey(storage), append(value, b)
}

// get returns the open sequence; its state comes from pending (the caller's own uncommitted write) or the store.
func (s *sequences) get(t *catalog.Table, read func(key []byte) ([]byte, bool, error)) (*sequence, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.open[t.StorageID]; q != nil {
		return q, nil
	}
	q := &sequence{last: t.Sequence.Start}
	v, ok, err := read(seqKey(t.StorageID))
	if err != nil {
		return nil, err
	}
	if ok {
		if len(v) != 9 {
			return nil, fmt.Errorf("state of sequence %s has %d bytes", t.Name, len(v))
		}
		q.last, q.called = int64(binary.LittleEndian.Uint64(v)), v[8] == 1
	}
	s.open[t.StorageID] = q
	return q, nil
}

func (d *DB) write(ctx context.Context, t *catalog.Table, last int64, called bool) error {
	var g change.Group
	k, v := SeqState(t.StorageID, last, called)
	g.Put(k, v, 0)
	_, err := d.Engine.Commit(ctx, &g, engine.Async)
	return err
}

// Reader gets a key as the calling transaction sees it, its own writes included.
type Reader func(key []byte) (value []byte, ok bool, err error)

// NextVal gives out the next value. Errors: 2200H at the end of a sequence that does not cycle.
func (d *DB) NextVal(ctx context.Context, t *catalog.Table, read Reader) (int64, error) {
	q, err := d.sequences.get(t, read)
	if err != nil {
		return 0, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	v, err := step(t, q.last, q.called)
	if err != nil {
		return 0, err
	}
	if q.logged == 0 {
		ahead, called := v, true
		n := 0
		for ; n < seqAhead; n++ {
			next, err := step(t, ahead, true)
			if err != nil || (next > ahead) != (t.Sequence.Inc > 0) {
				break // the end, or a wrap: the store is written again there
			}
			ahead = next
		}
		if err := d.write(ctx, t, ahead, called); err != nil {
			return 0, err
		}
		q.logged = n + 1
	}
	q.logged--
	q.last, q.called = v, true
	return v, nil
}

func step(t *catalog.Table, last int64, called bool) (int64, error) {
	if !called {
		return last, nil
	}
	s := t.Sequence
	next := last + s.Inc
	switch {
	case s.Inc > 0 && (next > s.Max || next < last):
		if !s.Cycle {
			return 0, pgerr.New(pgerr.SequenceGeneratorLimitExceeded, "nextval: reached maximum value of sequence \"%s\" (%d)", t.Name, s.Max)
		}
		return s.Min, nil
	case s.Inc < 0 && (next < s.Min || next > last):
		if !s.Cycle {
			return 0, pgerr.New(pgerr.SequenceGeneratorLimitExceeded, "nextval: reached minimum value of sequence \"%s\" (%d)", t.Name, s.Min)
		}
		return s.Max, nil
	}
	return next, nil
}

// SetVal sets a sequence's state. Errors: 22003 outside its bounds.
func (d *DB) SetVal(ctx context.Context, t *catalog.Table, v int64, called bool, read Reader) error {
	if v < t.Sequence.Min || v > t.Sequence.Max {
		return pgerr.New(pgerr.NumericValueOutOfRange, "setval: value %d is out of bounds for sequence \"%s\" (%d..%d)", v, t.Name, t.Sequence.Min, t.Sequence.Max)
	}
	q, err := d.sequences.get(t, read)
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := d.write(ctx, t, v, called); err != nil {
		return err
	}
	q.last, q.called, q.logged = v, called, 0
	return nil
}

// SeqLast returns last_value, log_cnt and is_called as SELECT * FROM sequence shows them.
func (d *DB) SeqLast(t *catalog.Table, read Reader) (last int64, logged int, called bool, err error) {
	q, err := d.sequences.get(t, read)
	if err != nil {
		return 0, 0, false, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.last, q.logged, q.called, nil
}

// CatchUp moves a sequence on to where another branch's is, if that is further in the direction that it counts.
func (d *DB) CatchUp(ctx context.Context, t *catalog.Table, from *DB, other *catalog.Table, own, others *engine.Snapshot) error {
	read := func(s *engine.Snapshot) Reader {
		return func(key []byte) ([]byte, bool, error) { return s.AppendGet(nil, key) }
	}
	last, _, called, err := from.SeqLast(other, read(others))
	if err != nil || !called {
		return err
	}
	is, _, isCalled, err := d.SeqLast(t, read(own))
	if err != nil {
		return err
	}
	ahead := last > is
	if t.Sequence.Inc < 0 {
		ahead = last < is
	}
	if last == is && !isCalled {
		ahead = true
	}
	if !ahead || last < t.Sequence.Min || last > t.Sequence.Max {
		return nil
	}
	return d.SetVal(ctx, t, last, true, read(own))
}

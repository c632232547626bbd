package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/wal"
)

// Touched are the keys that stretches of log name, those of histories that belong together. It is for one goroutine.
type Touched struct {
	// Keys tells of each key whether it was there before the first of the stretches that names it was written, as far as the log says
	// so: it does for rows, not for what has no row id.
	Keys map[string]bool
	// Whole are the tables of which some rows are not told by key: a range was removed, or files were taken in.
	Whole map[uint32]bool
	// Filled are those of Whole into which files were taken in.
	Filled  map[uint32]bool
	bytes   int
	byTable map[uint32][]string // of Of; nil: not made since the last key came
}

// NewTouched names nothing yet.
func NewTouched() *Touched {
	return &Touched{Keys: map[string]bool{}, Whole: map[uint32]bool{}, Filled: map[uint32]bool{}}
}

// ErrManyTouched says that a stretch of log names more keys than one would want to hold.
var ErrManyTouched = errors.New("the log names too many keys")

// touchedBytes bounds what Touched holds.
const touchedBytes = 128 << 20

// Touch adds the keys that the log names after from, up to to, and that wanted picks. Errors: wal.ErrTruncated if the log is not kept
// from there, ErrManyTouched.
func (e *Engine) Touch(ctx context.Context, t *Touched, from, to wal.LSN, wanted func(key []byte) bool) error {
	return e.eachRecord(ctx, from, to, func(rec wal.Record) (bool, error) { return true, t.add(rec, wanted) })
}

func (t *Touched) add(rec wal.Record, wanted func(key []byte) bool) (err error) {
	d, err := change.DecodeWhole(rec.Payload, rec.Open)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	var op change.Op
	for d.Next(&op) {
		switch op.Kind {
		case change.KindPut, change.KindDelete:
			if change.IsLoad(op.Key) && op.Kind == change.KindPut {
				table := change.TableOf(op.Key)
				t.Whole[table], t.Filled[table] = true, true
			}
			if !wanted(op.Key) {
				continue
			}
			if _, seen := t.Keys[string(op.Key)]; !seen {
				t.Keys[string(op.Key)] = op.Kind == change.KindDelete || op.OldRowID != 0
				t.bytes += len(op.Key) + 64
				t.byTable = nil
			}
		case change.KindDeleteRange:
			if err := t.addRange(op.Key, op.Value); err != nil {
				return err
			}
		case change.KindIngest:
			if op.Index == change.PrimaryIndex {
				t.Whole[op.Table], t.Filled[op.Table] = true, true
			}
		}
		if t.bytes > touchedBytes {
			return ErrManyTouched
		}
	}
	return d.Err()
}

// addRange notes the tables whose rows a removed range reaches.
func (t *Touched) addRange(lo, hi []byte) error {
	first, last := change.TableOf(lo), uint32(math.MaxUint32)
	if len(hi) >= change.KeyPrefix {
		last = change.TableOf(hi)
	}
	if last-first > touchedBytes/1024 {
		return ErrManyTouched
	}
	for table := first; ; table++ {
		rows, end := change.AppendKeyPrefix(nil, table, change.PrimaryIndex), prefixEnd(table, change.PrimaryIndex)
		if string(lo) < string(end) && string(rows) < string(hi) {
			t.Whole[table] = true
		}
		if table == last {
			return nil
		}
	}
}

// Of lists the keys of a table, in order.
func (t *Touched) Of(table uint32) []string {
	if t.byTable == nil {
		t.byTable = map[uint32][]string{}
		for k := range t.Keys {
			of := change.TableOf([]byte(k))
			t.byTable[of] = append(t.byTable[of], k)
		}
		for _, keys := range t.byTable {
			slices.Sort(keys)
		}
	}
	return t.byTable[table]
}

// Names reports whether a key is among those that are touched, or may be.
func (t *Touched) Names(key []byte) bool {
	if _, ok := t.Keys[string(key)]; ok {
		return true
	}
	return t.Whole[change.TableOf(key)]
}

// FindPut is the end of the first commit after from that puts a key. Errors: wal.ErrTruncated if the log is not kept from there.
func (e *Engine) FindPut(ctx context.Context, key []byte, from wal.LSN) (wal.LSN, error) {
	to := e.visible.Load()
	at := wal.LSN(0)
	err := e.eachRecord(ctx, from, to, func(rec wal.Record) (more bool, err error) {
		d, err := change.DecodeWhole(rec.Payload, rec.Open)
		if err != nil {
			return false, err
		}
		defer func() { err = errors.Join(err, d.Close()) }()
		var op change.Op
		for d.Next(&op) {
			if op.Kind == change.KindPut && string(op.Key) == string(key) {
				at = rec.End
				return false, nil
			}
		}
		return true, d.Err()
	})
	if err == nil && at == 0 {
		err = fmt.Errorf("key %x is not put between %s and %s", key, from, to)
	}
	return at, err
}

// eachRecord calls f with the records after from, up to to, until it says that it has seen enough.
func (e *Engine) eachRecord(ctx context.Context, from, to wal.LSN, f func(rec wal.Record) (bool, error)) error {
	if from >= to {
		return nil
	}
	if err := e.log.SyncTo(to); err != nil {
		return err
	}
	hold, err := e.log.Hold("comparison of branches", from)
	if err != nil {
		return err
	}
	defer hold.Release()
	r, err := e.log.NewReader(from)
	if err != nil {
		return err
	}
	defer r.Close()
	for r.Pos() < to {
		rec, more, err := r.TryNext(ctx)
		if err != nil || !more || rec.End > to {
			return err
		}
		if more, err = f(rec); err != nil || !more {
			return err
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

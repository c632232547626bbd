package kv

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/wal"
)

// Sorted is what an attachment does to the store, written into sorted files ahead of the commit, so that applying it takes as long as
// naming files does. The attachment itself is what a replay reads. It is for one goroutine.
type Sorted struct {
	fileSet
	last []byte
	// late are the operations whose keys do not come after the one before them.
	late []change.Op
	op   change.Op
}

// NewSorted begins sorted files.
func (s *Store) NewSorted() (*Sorted, error) {
	f, err := s.newFileSet("sorted", 0)
	return &Sorted{fileSet: f}, err
}

// Add writes the operations of a part of the attachment.
func (f *Sorted) Add(payload []byte) error {
	d, err := change.Decode(payload)
	if err != nil {
		return err
	}
	for d.Next(&f.op) {
		op := &f.op
		if op.Kind != change.KindPut && op.Kind != change.KindDelete {
			return fmt.Errorf("operation %v in a part of an attachment", op.Kind)
		}
		if f.last != nil && bytes.Compare(op.Key, f.last) <= 0 {
			f.late = append(f.late, change.Op{Kind: op.Kind, Key: bytes.Clone(op.Key), Value: bytes.Clone(op.Value)})
			continue
		}
		f.last = append(f.last[:0], op.Key...)
		if err := f.write(op); err != nil {
			return err
		}
	}
	return d.Err()
}

func (f *Sorted) write(op *change.Op) error {
	w, err := f.writer()
	if err != nil {
		return err
	}
	if op.Kind == change.KindDelete {
		return w.Delete(op.Key)
	}
	return w.Set(op.Key, op.Value)
}

// Finish completes the files and makes them durable.
func (f *Sorted) Finish() error { return f.finish() }

// Discard removes what is left of the files outside the store.
func (f *Sorted) Discard() error { return f.discard() }

// ApplySorted is ApplyWhole for a record whose attachment has been written into sorted files. A crash before the state is on disk leaves
// files, and changes of the record itself, that the replay of record and attachment puts again.
func (s *Store) ApplySorted(payload []byte, f *Sorted, end wal.LSN) error {
	if end <= s.state.LSN {
		return fmt.Errorf("apply log record that ends at %s to a store at %s", end, s.state.LSN)
	}
	if err := s.applySorted(payload, f, end); err != nil {
		return fmt.Errorf("apply log record that ends at %s: %w", end, err)
	}
	return nil
}

func (s *Store) applySorted(payload []byte, f *Sorted, end wal.LSN) error {
	st := s.state
	// What the record itself does, ranges that are deleted above all, is before what the files bring.
	b, err := s.applyOne(s.db.NewBatch(), payload, nil, true, &st)
	for i := range f.late {
		if err != nil {
			break
		}
		if op := &f.late[i]; op.Kind == change.KindPut {
			err = b.Set(op.Key, op.Value, nil)
		} else {
			err = b.Delete(op.Key, nil)
		}
		if err == nil && b.Len() >= applyBytes {
			if err = s.commit(b); err == nil {
				b = s.db.NewBatch()
			}
		}
	}
	if err != nil {
		return errors.Join(err, b.Close())
	}
	if err := s.commit(b); err != nil {
		return err
	}
	if err := f.ingest(context.Background()); err != nil {
		return err
	}
	st.LSN = end
	return s.enter(s.db.NewBatch(), st)
}

package kv

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/errors/oserror"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/wal"
)

// Sorted is what an attachment does to the store, written into sorted files ahead of the commit, so that applying it takes as long as
// naming files does. The attachment itself is what a replay reads. It is for one goroutine.
type Sorted struct {
	s      *Store
	serial uint64
	opts   sstable.WriterOptions
	w      *sstable.Writer
	paths  []string
	ops    int
	last   []byte
	// late are the operations whose keys do not come after the one before them, by key and value as wal parts have them.
	late []lateOp
	op   change.Op
}

type lateOp struct {
	key, value []byte
	put        bool
}

// NewSorted begins sorted files.
func (s *Store) NewSorted() (*Sorted, error) {
	if err := s.fs.MkdirAll(s.fs.PathJoin(s.dir, bulkDir), 0o755); err != nil {
		return nil, fmt.Errorf("make directory for sorted files: %w", err)
	}
	return &Sorted{s: s, serial: s.temp.Add(1), opts: s.writer.MakeWriterOptions(0, s.db.TableFormat())}, nil
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
			f.late = append(f.late, lateOp{bytes.Clone(op.Key), bytes.Clone(op.Value), op.Kind == change.KindPut})
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
	if f.ops%sizeEvery == 0 && f.w != nil && f.w.Raw().EstimatedSize() >= bulkFileBytes {
		if err := f.Finish(); err != nil {
			return err
		}
	}
	f.ops++
	if f.w == nil {
		path := f.s.fs.PathJoin(f.s.dir, bulkDir, fmt.Sprintf("sorted-%d-%d.sst", f.serial, len(f.paths)))
		file, err := f.s.fs.Create(path, vfs.WriteCategoryUnspecified)
		if err != nil {
			return fmt.Errorf("create sorted file: %w", err)
		}
		f.paths = append(f.paths, path)
		f.w = sstable.NewWriter(objstorageprovider.NewFileWritable(file), f.opts)
	}
	if op.Kind == change.KindDelete {
		return f.w.Delete(op.Key)
	}
	return f.w.Set(op.Key, op.Value)
}

// Finish completes the files and makes them durable.
func (f *Sorted) Finish() error {
	if f.w == nil {
		return nil
	}
	err := f.w.Close()
	f.w = nil
	if err != nil {
		return fmt.Errorf("finish sorted file: %w", err)
	}
	return nil
}

// Discard removes what is left of the files outside the store.
func (f *Sorted) Discard() error {
	err := f.Finish()
	for _, path := range f.paths {
		if rerr := f.s.fs.Remove(path); rerr != nil && !oserror.IsNotExist(rerr) {
			err = errors.Join(err, rerr)
		}
	}
	f.paths = nil
	return err
}

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
		if op := &f.late[i]; op.put {
			err = b.Set(op.key, op.value, nil)
		} else {
			err = b.Delete(op.key, nil)
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
	if len(f.paths) > 0 {
		if err := s.db.Ingest(context.Background(), f.paths); err != nil {
			return fmt.Errorf("ingest sorted files: %w", err)
		}
		f.paths = nil
	}
	st.LSN = end
	state := s.db.NewBatch()
	if err := state.Set([]byte(stateKey), st.append(s.scratch.state[:0]), nil); err != nil {
		return errors.Join(err, state.Close())
	}
	if err := s.commit(state); err != nil {
		return err
	}
	s.state = st
	return nil
}

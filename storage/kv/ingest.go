package kv

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/errors/oserror"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tarndb/tarn/storage/change"
)

var (
	// ErrKeyOrder says that a key does not come after the one before it.
	ErrKeyOrder = errors.New("keys of a sorted file must ascend")
	// ErrKeyRange says that a key belongs to another index.
	ErrKeyRange = errors.New("key does not belong to the index that is written")
)

// bulkFileBytes is about how large one sorted file gets.
const bulkFileBytes = 32 << 20

// bulkDir holds sorted files while they are written, next to Pebble's own files so that they can be linked.
const bulkDir = "bulk"

// Files is a set of sorted files of one index in the making. It is for one goroutine.
type Files struct {
	s      *Store
	prefix [change.KeyPrefix]byte
	serial uint64
	opts   sstable.WriterOptions
	w      *sstable.Writer
	last   []byte
	paths  []string
	rows   uint64
}

// NewFiles starts sorted files for the keys of an index.
func (s *Store) NewFiles(table uint32, index uint16) (*Files, error) {
	if err := s.fs.MkdirAll(s.fs.PathJoin(s.dir, bulkDir), 0o755); err != nil {
		return nil, fmt.Errorf("make directory for sorted files: %w", err)
	}
	f := &Files{s: s, serial: s.temp.Add(1), opts: s.writer.MakeWriterOptions(6, s.db.TableFormat())}
	change.AppendKeyPrefix(f.prefix[:0], table, index)
	return f, nil
}

// Add appends an entry; keys ascend strictly. Key and value are copied.
func (f *Files) Add(key, value []byte) error {
	if !bytes.HasPrefix(key, f.prefix[:]) {
		return ErrKeyRange
	}
	if f.rows > 0 && bytes.Compare(key, f.last) <= 0 {
		return ErrKeyOrder
	}
	f.last = append(f.last[:0], key...)
	if f.w != nil && f.w.Raw().EstimatedSize() >= bulkFileBytes {
		if err := f.finishFile(); err != nil {
			return err
		}
	}
	if f.w == nil {
		path := f.s.fs.PathJoin(f.s.dir, bulkDir, fmt.Sprintf("%x-%d-%d.sst", f.prefix, f.serial, len(f.paths)))
		file, err := f.s.fs.Create(path, vfs.WriteCategoryUnspecified)
		if err != nil {
			return fmt.Errorf("create sorted file: %w", err)
		}
		f.paths = append(f.paths, path)
		f.w = sstable.NewWriter(objstorageprovider.NewFileWritable(file), f.opts)
	}
	f.rows++
	return f.w.Set(key, value)
}

// Rows is the number of entries added.
func (f *Files) Rows() uint64 { return f.rows }

func (f *Files) finishFile() error {
	err := f.w.Close()
	f.w = nil
	if err != nil {
		return fmt.Errorf("finish sorted file: %w", err)
	}
	return nil
}

// Finish completes the files and makes them durable. Nothing has entered the store yet.
func (f *Files) Finish() error {
	if f.w == nil {
		return nil
	}
	return f.finishFile()
}

// Ingest brings the finished files into the store, durably, and returns their names. The range must be empty, and the
// log must not replay anything in it that stands before: the caller has flushed the store (Flush).
func (f *Files) Ingest(ctx context.Context) ([]string, error) {
	if len(f.paths) == 0 {
		return nil, nil
	}
	if err := f.s.db.Ingest(ctx, f.paths); err != nil {
		return nil, fmt.Errorf("ingest sorted files: %w", err)
	}
	names := make([]string, len(f.paths))
	for i, path := range f.paths {
		names[i] = f.s.fs.PathBase(path)
	}
	return names, f.Discard()
}

// Discard removes what is left of the files outside the store.
func (f *Files) Discard() error {
	var err error
	if f.w != nil {
		err = f.finishFile()
	}
	for _, path := range f.paths {
		if rerr := f.s.fs.Remove(path); rerr != nil && !oserror.IsNotExist(rerr) {
			err = errors.Join(err, rerr)
		}
	}
	f.paths = nil
	return err
}

// PendingIngests calls f for each index whose sorted files entered the store and were not committed. marker is the key
// to delete when they are gone.
func (s *Store) PendingIngests(f func(marker []byte, table uint32, index uint16)) error {
	hi := []byte(ingestPrefix)
	hi[len(hi)-1]++
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte(ingestPrefix), UpperBound: hi})
	if err != nil {
		return err
	}
	for it.First(); it.Valid(); it.Next() {
		if rest := it.Key()[len(ingestPrefix):]; len(rest) == change.KeyPrefix {
			f(append([]byte(nil), it.Key()...), change.TableOf(rest), change.IndexOf(rest))
		}
	}
	return it.Close()
}

// IngestMarker is the key that exists while sorted files of an index are in the store and not committed.
func IngestMarker(table uint32, index uint16) []byte { return ingestMarker(nil, table, index) }

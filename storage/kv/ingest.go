package kv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"

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

// Files is a set of sorted files of one index in the making. It is for one goroutine; the files are encoded and written by
// another one that Files owns, from the first Add to Finish or Discard, so that the caller makes rows meanwhile.
type Files struct {
	s      *Store
	prefix [change.KeyPrefix]byte
	last   []byte
	rows   uint64
	batch  *entryBatch
	full   chan *entryBatch // to the writing goroutine; closed at the end
	spare  chan *entryBatch // back from it; its capacity bounds the memory
	done   chan struct{}    // closed when it has ended
	failed atomic.Bool      // err is set
	err    error            // of the writing goroutine, after failed or done

	out fileSet // the writing goroutine's, and the caller's after done
}

// fileSet writes sorted files one after the other into bulkDir. Entries come in the order of their keys.
type fileSet struct {
	s     *Store
	name  string // of the files, before their numbers
	opts  sstable.WriterOptions
	w     *sstable.Writer
	n     int // entries written
	paths []string
}

// newFileSet starts sorted files that will stand in a level or above it.
func (s *Store) newFileSet(what string, level int) (fileSet, error) {
	if err := s.fs.MkdirAll(s.fs.PathJoin(s.dir, bulkDir), 0o755); err != nil {
		return fileSet{}, fmt.Errorf("make directory for sorted files: %w", err)
	}
	return fileSet{s: s, name: fmt.Sprintf("%s-%d", what, s.temp.Add(1)), opts: s.writer.MakeWriterOptions(level, s.db.TableFormat())}, nil
}

// writer is for the next entry.
func (f *fileSet) writer() (*sstable.Writer, error) {
	if f.n%sizeEvery == 0 && f.w != nil && f.w.Raw().EstimatedSize() >= bulkFileBytes {
		if err := f.finish(); err != nil {
			return nil, err
		}
	}
	f.n++
	if f.w == nil {
		path := f.s.fs.PathJoin(f.s.dir, bulkDir, fmt.Sprintf("%s-%d.sst", f.name, len(f.paths)))
		file, err := f.s.fs.Create(path, vfs.WriteCategoryUnspecified)
		if err != nil {
			return nil, fmt.Errorf("create sorted file: %w", err)
		}
		f.paths = append(f.paths, path)
		f.w = sstable.NewWriter(objstorageprovider.NewFileWritable(file), f.opts)
	}
	return f.w, nil
}

// finish completes the files and makes them durable.
func (f *fileSet) finish() error {
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

// ingest brings the finished files into the store.
func (f *fileSet) ingest(ctx context.Context) error {
	if len(f.paths) == 0 {
		return nil
	}
	if err := f.s.db.Ingest(ctx, f.paths); err != nil {
		return fmt.Errorf("ingest sorted files: %w", err)
	}
	return nil
}

// discard removes what is left of the files outside the store.
func (f *fileSet) discard() error {
	err := f.finish()
	for _, path := range f.paths {
		if rerr := f.s.fs.Remove(path); rerr != nil && !oserror.IsNotExist(rerr) {
			err = errors.Join(err, rerr)
		}
	}
	f.paths = nil
	return err
}

// entryBatch is a run of entries: their bytes, and where key and value end.
type entryBatch struct {
	data []byte
	ends []int
}

const (
	batchBytes   = 256 << 10
	filesBatches = 4
	// sizeEvery is after how many entries the file's size, which takes a while to compute, is looked at.
	sizeEvery = 64
)

// NewFiles starts sorted files for the keys of an index.
func (s *Store) NewFiles(table uint32, index uint16) (*Files, error) {
	f := &Files{s: s}
	change.AppendKeyPrefix(f.prefix[:0], table, index)
	var err error
	f.out, err = s.newFileSet(fmt.Sprintf("%x", f.prefix), 6)
	return f, err
}

// Add appends an entry; keys ascend strictly. Key and value are copied. Errors of writing may come with a later Add, or
// with Finish.
func (f *Files) Add(key, value []byte) error {
	if !bytes.HasPrefix(key, f.prefix[:]) {
		return ErrKeyRange
	}
	if f.rows > 0 && bytes.Compare(key, f.last) <= 0 {
		return ErrKeyOrder
	}
	f.last = append(f.last[:0], key...)
	if f.batch == nil {
		f.start()
	}
	b := f.batch
	b.data = append(b.data, key...)
	b.ends = append(b.ends, len(b.data))
	b.data = append(b.data, value...)
	b.ends = append(b.ends, len(b.data))
	f.rows++
	if len(b.data) < batchBytes {
		return nil
	}
	f.full <- b
	f.batch = <-f.spare
	if f.failed.Load() {
		return f.err
	}
	return nil
}

// start begins the writing goroutine.
func (f *Files) start() {
	f.full, f.spare, f.done = make(chan *entryBatch, filesBatches), make(chan *entryBatch, filesBatches), make(chan struct{})
	for range filesBatches - 1 {
		f.spare <- &entryBatch{}
	}
	f.batch = &entryBatch{}
	go f.writeAll()
}

// writeAll writes batches until there are no more; after an error it only takes them.
func (f *Files) writeAll() {
	defer close(f.done)
	for b := range f.full {
		if f.err == nil {
			if err := f.write(b); err != nil {
				f.err = err
				f.failed.Store(true)
			}
		}
		b.data, b.ends = b.data[:0], b.ends[:0]
		f.spare <- b
	}
}

func (f *Files) write(b *entryBatch) error {
	at := 0
	for i := 0; i < len(b.ends); i += 2 {
		key, value := b.data[at:b.ends[i]], b.data[b.ends[i]:b.ends[i+1]]
		at = b.ends[i+1]
		w, err := f.out.writer()
		if err != nil {
			return err
		}
		if err := w.Set(key, value); err != nil {
			return err
		}
	}
	return nil
}

// Rows is the number of entries added.
func (f *Files) Rows() uint64 { return f.rows }

// stop ends the writing goroutine, with what is left to write or without.
func (f *Files) stop(write bool) error {
	if f.batch != nil {
		if write && len(f.batch.ends) > 0 {
			f.full <- f.batch
		}
		close(f.full)
		<-f.done
		f.batch = nil
	}
	return f.err
}

// Finish completes the files and makes them durable. Nothing has entered the store yet.
func (f *Files) Finish() error {
	if err := f.stop(true); err != nil {
		return err
	}
	return f.out.finish()
}

// Paths are the finished files; no other Files of any process had a file of such a name.
func (f *Files) Paths() []string { return f.out.paths }

// Ingest brings the finished files into the store, durably, and returns their names. The range must be empty, and the
// log must not replay anything in it that stands before: the caller has flushed the store (Flush).
func (f *Files) Ingest(ctx context.Context) ([]string, error) {
	if len(f.out.paths) == 0 {
		return nil, nil
	}
	if err := f.out.ingest(ctx); err != nil {
		return nil, err
	}
	names := make([]string, len(f.out.paths))
	for i, path := range f.out.paths {
		names[i] = f.s.fs.PathBase(path)
	}
	return names, f.Discard()
}

// IngestLinks is Files.Ingest for sorted files of an index that have been kept elsewhere; they stay there.
func (s *Store) IngestLinks(ctx context.Context, paths []string) error {
	dir := s.fs.PathJoin(s.dir, bulkDir)
	if err := s.fs.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make directory for sorted files: %w", err)
	}
	f := &fileSet{s: s}
	for _, path := range paths {
		link := s.fs.PathJoin(dir, s.fs.PathBase(path))
		if err := s.fs.Link(path, link); err != nil {
			return errors.Join(fmt.Errorf("link sorted file: %w", err), f.discard())
		}
		f.paths = append(f.paths, link)
	}
	if err := f.ingest(ctx); err != nil {
		return err
	}
	return f.discard()
}

// Holds reports whether the store has a key of an index.
func (s *Store) Holds(table uint32, index uint16) (bool, error) {
	lo := change.AppendKeyPrefix(nil, table, index)
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: lo})
	if err != nil {
		return false, err
	}
	found := it.First() && bytes.HasPrefix(it.Key(), lo)
	return found, errors.Join(it.Error(), it.Close())
}

// Discard removes what is left of the files outside the store.
func (f *Files) Discard() error {
	_ = f.stop(false) // what could not be written is given up
	return f.out.discard()
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

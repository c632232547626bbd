package content

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"

	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/progress"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/kv"
	"github.com/tarndb/tarn/storage/tuple"
)

// entries collects the keys and values of one new index and gives them back in key order. Beyond its memory limit it keeps sorted
// runs in a temporary file.
type entries struct {
	dir   string
	limit int
	arena []byte
	refs  []entryRef
	count uint64
	bytes int64
	file  *os.File
	runs  []fileRun
	size  int64
	// stream, where it is set, takes the entries once they are many.
	stream *stream
}

type entryRef struct{ off, klen, vlen int }

type fileRun struct{ off, size int64 }

// entryMemory is the memory of one index being built.
const entryMemory = 64 << 20

func newEntries(dir string) *entries { return &entries{dir: dir, limit: entryMemory} }

func (e *entries) add(key, value []byte) error {
	e.count++
	e.bytes += int64(len(key) + len(value))
	if e.stream != nil && e.bytes >= bulkAt(e.stream.x) {
		return e.streamed(key, value)
	}
	if len(e.arena)+len(key)+len(value)+len(e.refs)*24 > e.limit && len(e.refs) > 0 {
		if err := e.spill(); err != nil {
			return err
		}
	}
	e.refs = append(e.refs, entryRef{len(e.arena), len(key), len(value)})
	e.arena = append(append(e.arena, key...), value...)
	return nil
}

// streamed hands an entry, and those that were kept before it, to the stream. They must be in order.
func (e *entries) streamed(key, value []byte) error {
	for _, r := range e.refs {
		if err := e.stream.add(e.key(r), e.value(r)); err != nil {
			return err
		}
	}
	e.refs, e.arena = nil, nil
	return e.stream.add(key, value)
}

func (e *entries) key(r entryRef) []byte   { return e.arena[r.off : r.off+r.klen] }
func (e *entries) value(r entryRef) []byte { return e.arena[r.off+r.klen : r.off+r.klen+r.vlen] }

func (e *entries) sort() {
	less := func(a, b entryRef) int { return bytes.Compare(e.key(a), e.key(b)) }
	if !slices.IsSortedFunc(e.refs, less) {
		slices.SortFunc(e.refs, less)
	}
}

func (e *entries) spill() error {
	if e.file == nil {
		f, err := os.CreateTemp(e.dir, "tarn-index-*")
		if err != nil {
			return err
		}
		e.file = f
		// The file goes with its last handle, whatever becomes of the process.
		if err := os.Remove(f.Name()); err != nil {
			return err
		}
	}
	e.sort()
	w := bufio.NewWriterSize(e.file, 1<<20)
	run := fileRun{off: e.size}
	var head []byte
	for _, r := range e.refs {
		head = binary.AppendUvarint(binary.AppendUvarint(head[:0], uint64(r.klen)), uint64(r.vlen))
		n1, err1 := w.Write(head)
		n2, err2 := w.Write(e.arena[r.off : r.off+r.klen+r.vlen])
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		run.size += int64(n1 + n2)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	e.size += run.size
	e.runs = append(e.runs, run)
	e.arena, e.refs = e.arena[:0], e.refs[:0]
	return nil
}

func (e *entries) close() error {
	var err error
	if e.stream != nil {
		err = e.stream.abort()
	}
	if e.file != nil {
		err = errors.Join(err, e.file.Close())
	}
	return err
}

// each calls f in key order; key and value are valid until the next call, and value may be changed.
func (e *entries) each(f func(key, value []byte) error) error {
	if len(e.runs) == 0 {
		e.sort()
		for _, r := range e.refs {
			if err := f(e.key(r), e.value(r)); err != nil {
				return err
			}
		}
		return nil
	}
	if len(e.refs) > 0 {
		if err := e.spill(); err != nil {
			return err
		}
	}
	var h runHeap
	for _, r := range e.runs {
		c := &runCursor{r: bufio.NewReaderSize(io.NewSectionReader(e.file, r.off, r.size), 256<<10)}
		ok, err := c.next()
		if err != nil {
			return err
		}
		if ok {
			h = append(h, c)
		}
	}
	heap.Init(&h)
	for len(h) > 0 {
		c := h[0]
		if err := f(c.key, c.value); err != nil {
			return err
		}
		ok, err := c.next()
		if err != nil {
			return err
		}
		if ok {
			heap.Fix(&h, 0)
		} else {
			heap.Pop(&h)
		}
	}
	return nil
}

// runCursor reads one run.
type runCursor struct {
	r          *bufio.Reader
	buf        []byte
	key, value []byte
}

func (c *runCursor) next() (bool, error) {
	k, err := binary.ReadUvarint(c.r)
	if err == io.EOF {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	v, err := binary.ReadUvarint(c.r)
	if err != nil {
		return false, err
	}
	c.buf = slices.Grow(c.buf[:0], int(k+v))[:k+v]
	if _, err := io.ReadFull(c.r, c.buf); err != nil {
		return false, err
	}
	c.key, c.value = c.buf[:k], c.buf[k:]
	return true, nil
}

type runHeap []*runCursor

func (h runHeap) Len() int           { return len(h) }
func (h runHeap) Less(i, j int) bool { return bytes.Compare(h[i].key, h[j].key) < 0 }
func (h runHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *runHeap) Push(x any)        { *h = append(*h, x.(*runCursor)) }
func (h *runHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// bulkBytes is how large an index must be for files of its own: below, the log is cheaper than the two syncs that files need.
const bulkBytes = 8 << 20

func bulkAt(x *stmt.Ctx) int64 { return cmp.Or(x.BulkMin, bulkBytes) }

var (
	// errEqualKeys reports that two entries have the same key.
	errEqualKeys = errors.New("equal keys")
	// errNotAscending reports that entries must be sorted first.
	errNotAscending = errors.New("keys do not ascend")
)

// streamRowIDs are reserved for one stream of rows: more than a table has. What is not used is lost, of 2^64.
const streamRowIDs = 1 << 32

// stream writes entries into sorted files as they come. Their storage id must be one that nobody sees yet.
type stream struct {
	x       *stmt.Ctx
	storage uint32
	index   uint16
	ids     uint64 // row ids to reserve, 0: streamRowIDs
	w       *engine.BulkWriter
	rowID   uint64 // of the next row
	buf     []byte
}

// add writes an entry. Errors: errEqualKeys is not told from errNotAscending.
func (s *stream) add(key, value []byte) error {
	if s.w == nil {
		if err := s.open(); err != nil {
			return err
		}
	}
	if s.w.Rows()%1000 == 999 {
		if err := s.x.Ctx.Err(); err != nil {
			return err
		}
	}
	if s.index == PrimaryIndex {
		s.buf = append(s.buf[:0], value...)
		tuple.SetRowID(s.buf, s.rowID)
		s.rowID++
		value = s.buf
	}
	err := s.w.Add(key, value)
	if errors.Is(err, kv.ErrKeyOrder) {
		return errNotAscending
	}
	return err
}

func (s *stream) open() (err error) {
	eng := s.x.Manager.Engine()
	if s.index == PrimaryIndex {
		s.rowID = eng.ReserveRowIDs(cmp.Or(s.ids, streamRowIDs))
	}
	s.w, err = eng.NewBulkWriter(s.storage, s.index, s.rowID)
	return err
}

// finish makes what was written part of the transaction.
func (s *stream) finish() error {
	w := s.w
	s.w = nil
	in, err := w.Finish(s.x.Ctx)
	if err != nil {
		return err
	}
	addIngest(s.x, in)
	return nil
}

// abort gives up what was not finished.
func (s *stream) abort() error {
	if s.w == nil {
		return nil
	}
	return s.w.Abort()
}

// store writes the entries of an index (rows, where index is 1) of a storage id that nobody sees yet: as sorted files, or
// into the transaction where that is little. report is told of each. Errors: errEqualKeys.
func store(x *stmt.Ctx, e *entries, storage uint32, index uint16, report *progress.Report) error {
	if e.stream != nil && e.stream.w != nil {
		return e.stream.finish()
	}
	put := func(key, value []byte) error { return x.Txn.Put(key, value, 0) }
	var s *stream
	if e.bytes >= bulkAt(x) {
		s = &stream{x: x, storage: storage, index: index, ids: e.count}
		put = s.add
	}
	var last []byte
	err := e.each(func(key, value []byte) error {
		if last != nil && bytes.Equal(last, key) {
			return errEqualKeys
		}
		last = append(last[:0], key...)
		report.Add(progress.IndexTuples, 1)
		return put(key, value)
	})
	switch {
	case s == nil:
		return err
	case err != nil:
		return errors.Join(err, s.abort())
	}
	return s.finish()
}

func addIngest(x *stmt.Ctx, in change.Ingest) {
	if in.RowCount == 0 {
		return
	}
	eng, ctx := x.Manager.Engine(), context.WithoutCancel(x.Ctx)
	x.OnRollback(func() {
		// What an error leaves here goes when the store is opened again.
		_ = eng.DropIngest(ctx, in)
	})
	x.Txn.AddIngest(in)
}

package mirror

import (
	"context"
	"fmt"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/wal"
)

// Tags of an add that say which row ids the file has. If last - first + 1 is the number of records, the ids are dense
// and the file has no column of them.
const (
	tagFirstRowID = "tarn.firstRowId"
	tagLastRowID  = "tarn.lastRowId"
)

// dataFile is a parquet file of a table. Its content never changes.
type dataFile struct {
	key   string
	rows  int64
	bytes int64
	first uint64 // row ids
	last  uint64
	stats *delta.Stats
	crc   uint32
	// checked says that the content was compared with crc, or written here.
	checked atomic.Bool

	idsMu sync.Mutex
	ids   *rowIDs   // nil until needed, if they are in the file; protected by idsMu
	used  time.Time // of ids; protected by idsMu
}

// idBytes is what the row ids take in memory, and when they were used last; 0 if they cost nothing or are not there.
func (f *dataFile) idBytes() (int64, time.Time) {
	f.idsMu.Lock()
	defer f.idsMu.Unlock()
	if f.ids == nil {
		return 0, time.Time{}
	}
	return int64(16*len(f.ids.runs) + 4*len(f.ids.offs) + 8*len(f.ids.ids)), f.used
}

func (f *dataFile) dropIDs() {
	f.idsMu.Lock()
	f.ids = nil
	f.idsMu.Unlock()
}

// open opens the file for reading, after checking its content once per process (I8).
func (f *dataFile) open(ctx context.Context, store object.Store) (object.Object, *parquet.Reader, error) {
	o, err := store.Open(ctx, f.key)
	if err != nil {
		return nil, nil, err
	}
	fail := func(err error) (object.Object, *parquet.Reader, error) {
		o.Close()
		if !object.NoAnswer(err) {
			err = fmt.Errorf("%w: %w", delta.ErrCorrupt, err)
		}
		return nil, nil, fmt.Errorf("%s: %w", f.key, err)
	}
	if !f.checked.Load() {
		if err := parquet.Verify(o, o.Size(), f.crc); err != nil {
			return fail(err)
		}
		f.checked.Store(true)
	}
	r, err := parquet.NewReader(o, o.Size())
	if err != nil {
		return fail(err)
	}
	return o, r, nil
}

// rowIDs returns the file's row ids, read from the file if they are not dense.
func (f *dataFile) rowIDs(ctx context.Context, store object.Store) (*rowIDs, error) {
	f.idsMu.Lock()
	defer f.idsMu.Unlock()
	f.used = time.Now()
	if f.ids != nil {
		return f.ids, nil
	}
	if f.last-f.first+1 == uint64(f.rows) {
		f.ids = denseIDs(f.first, int(f.rows))
		return f.ids, nil
	}
	o, r, err := f.open(ctx, store)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	var vals []tuple.Value
	for g := range r.RowGroups() {
		if vals, err = r.Column(vals, g, parquet.RowIDColumn, parquet.Type{ID: parquet.Long}); err != nil {
			return nil, fmt.Errorf("%s: %w", f.key, err)
		}
	}
	ids := make([]uint64, len(vals))
	for i, v := range vals {
		if v.IsNull() {
			return nil, fmt.Errorf("%s: %w: a row has no row id", f.key, delta.ErrCorrupt)
		}
		ids[i] = v.Uint()
	}
	set, err := newRowIDs(ids)
	if err != nil || int64(set.n) != f.rows || set.min() != f.first || set.max() != f.last {
		return nil, fmt.Errorf("%s: %w: row ids do not fit the log: %v", f.key, delta.ErrCorrupt, err)
	}
	f.ids = set
	return set, nil
}

// fileState is a file as a version has it. It is immutable.
type fileState struct {
	f    *dataFile
	dead *roaring.Bitmap // nil: none
	add  *delta.Add
}

func (s *fileState) live() int64 {
	if s.dead == nil {
		return s.f.rows
	}
	return s.f.rows - int64(s.dead.GetCardinality())
}

// version is a published state. It is immutable.
type version struct {
	lsn    wal.LSN
	number int64 // Delta version, -1: nothing is published yet
	m      *mapping
	files  []*fileState // by first row id
	maxEnd []uint64     // maxEnd[i] is the largest last row id of files[:i+1]
	made   time.Time
}

func newVersion(lsn wal.LSN, number int64, m *mapping, files []*fileState) *version {
	v := &version{lsn: lsn, number: number, m: m, files: files, made: time.Now()}
	sort.Slice(files, func(i, j int) bool { return files[i].f.first < files[j].f.first })
	for i, s := range files {
		end := s.f.last
		if i > 0 {
			end = max(end, v.maxEnd[i-1])
		}
		v.maxEnd = append(v.maxEnd, end)
	}
	return v
}

// locate finds the file and position of a row id. Ids of files may overlap after a copy of a table that is not in
// row-id order, so every file whose range holds the id is asked.
func (v *version) locate(ctx context.Context, store object.Store, id uint64) (file int, pos uint32, ok bool, err error) {
	i := sort.Search(len(v.files), func(i int) bool { return v.files[i].f.first > id }) - 1
	for ; i >= 0 && v.maxEnd[i] >= id; i-- {
		if v.files[i].f.last < id {
			continue
		}
		ids, err := v.files[i].f.rowIDs(ctx, store)
		if err != nil {
			return 0, 0, false, err
		}
		if pos, ok := ids.position(id); ok {
			return i, pos, true, nil
		}
	}
	return 0, 0, false, nil
}

// fileWriter writes rows of a table to a new file.
type fileWriter struct {
	m      *mapping
	key    string
	up     object.Upload
	w      *parquet.Writer
	cols   []parquet.Column
	ids    []uint64
	hidden bool
	batch  [][]tuple.Value
	buf    []byte
}

// fallbackError says that a column's Delta type cannot hold a value.
type fallbackError struct {
	attnum int16
	column string
	typ    parquet.Type
}

func (e *fallbackError) Error() string {
	return fmt.Sprintf("a value of column %s does not fit %s", e.column, e.typ)
}

// newFile starts a file. hidden says that it gets a column of row ids, which it needs unless they are dense.
func newFile(ctx context.Context, store object.Store, m *mapping, hidden bool) (*fileWriter, error) {
	w := &fileWriter{m: m, key: "part-" + uuid.NewString() + ".snappy.parquet", hidden: hidden}
	for _, c := range m.columns {
		w.cols = append(w.cols, parquet.Column{Name: c.Name, Type: c.typ})
	}
	if len(w.cols) == 0 {
		hidden, w.hidden = true, true // a file needs a column
	}
	if hidden {
		w.cols = append(w.cols, parquet.Column{Name: parquet.RowIDColumn, Type: parquet.Type{ID: parquet.Long}})
	}
	up, err := store.Create(ctx, w.key)
	if err != nil {
		return nil, err
	}
	w.up = up
	w.w = parquet.NewWriter(up, w.cols, parquet.WriterOptions{})
	w.batch = make([][]tuple.Value, len(w.cols))
	return w, nil
}

// writeRows is how many rows are converted at once, writeValues how many of their values.
const (
	writeRows   = 4096
	writeValues = 1 << 20
)

// batchRows is how many rows of the file are converted at once.
func (w *fileWriter) batchRows() int { return max(1, min(writeRows, writeValues/len(w.cols))) }

// rows appends rows in native form: cols by row position, rows given by positions in them. ids nil: finishIDs has them.
func (w *fileWriter) rows(cols [][]tuple.Value, ids []uint64, at []uint32) error {
	for len(at) > 0 {
		n := min(len(at), w.batchRows())
		for i := range w.m.columns {
			w.batch[i] = w.batch[i][:0]
		}
		var err error
		if w.buf, err = w.m.convert(w.buf[:0], w.batch, cols, at[:n]); err != nil {
			return err
		}
		if ids != nil {
			for _, p := range at[:n] {
				w.ids = append(w.ids, ids[p])
			}
		}
		if err := w.flush(n); err != nil {
			return err
		}
		at = at[n:]
	}
	return nil
}

// convert appends rows to out, column by column in Delta's form: cols by row position, rows given by positions in them. What the values
// point to is in buf.
func (m *mapping) convert(buf []byte, out, cols [][]tuple.Value, at []uint32) ([]byte, error) {
	for i, c := range m.columns {
		src := cols[c.pos]
		for _, p := range at {
			v := src[p]
			if !v.IsNull() {
				var ok bool
				if buf, v, ok = c.conv(buf, v); !ok {
					return buf, &fallbackError{c.AttNum, c.Name, c.typ}
				}
			}
			out[i] = append(out[i], v)
		}
	}
	return buf, nil
}

// flush writes a batch whose ids are the last n of w.ids.
func (w *fileWriter) flush(n int) error {
	if w.hidden {
		k := len(w.cols) - 1
		w.batch[k] = w.batch[k][:0]
		for _, id := range w.ids[len(w.ids)-n:] {
			w.batch[k] = append(w.batch[k], tuple.Uint(id))
		}
	}
	return w.w.Write(w.batch)
}

func (w *fileWriter) abort() { w.up.Abort() }

// finish makes the file durable. It is nobody's until a commit names it.
func (w *fileWriter) finish(dataChange bool) (*fileState, error) {
	ids, err := newRowIDs(w.ids)
	if err != nil {
		return nil, err
	}
	return w.finishIDs(ids, dataChange)
}

// finishIDs is finish for rows of these ids.
func (w *fileWriter) finishIDs(ids *rowIDs, dataChange bool) (*fileState, error) {
	fs, err := w.w.Close()
	if err != nil {
		return nil, err
	}
	if err := w.up.Commit(); err != nil {
		return nil, err
	}
	stats := delta.FileStats(w.cols, fs, true)
	parsed, err := delta.ParseStats(stats)
	if err != nil {
		return nil, err
	}
	f := &dataFile{key: w.key, rows: fs.Rows, bytes: fs.Bytes, first: ids.min(), last: ids.max(), ids: ids, stats: parsed, crc: fs.CRC}
	f.checked.Store(true)
	return &fileState{f: f, add: &delta.Add{Path: w.key, PartitionValues: map[string]*string{}, Size: fs.Bytes,
		ModificationTime: time.Now().UnixMilli(), DataChange: dataChange, Stats: stats, Tags: map[string]string{
			tagFirstRowID: strconv.FormatUint(f.first, 10), tagLastRowID: strconv.FormatUint(f.last, 10),
			delta.TagCRC: delta.FormatCRC(fs.CRC)}}}, nil
}

// loadFile makes the state of a file of a Delta snapshot.
func loadFile(ctx context.Context, store object.Store, a *delta.Add) (*fileState, error) {
	key, err := delta.DataKey(a.Path)
	if err != nil {
		return nil, err
	}
	st, err := delta.ParseStats(a.Stats)
	if err != nil {
		return nil, err
	}
	first, err1 := strconv.ParseUint(a.Tags[tagFirstRowID], 10, 64)
	last, err2 := strconv.ParseUint(a.Tags[tagLastRowID], 10, 64)
	crc, ok := a.CRC()
	if st == nil || err1 != nil || err2 != nil || last < first || !ok {
		return nil, fmt.Errorf("file %s has no row ids or checksum", a.Path)
	}
	s := &fileState{f: &dataFile{key: key, rows: st.NumRecords, bytes: a.Size, first: first, last: last, stats: st, crc: crc}, add: a}
	if a.DeletionVector != nil {
		if s.dead, err = delta.ReadDV(ctx, store, a.DeletionVector); err != nil {
			return nil, err
		}
	}
	return s, nil
}

package parquet

import (
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/tarndb/tarn/storage/tuple"
)

// Codec is how pages are compressed.
type Codec uint8

const (
	Snappy Codec = iota // the default: cheapest to scan
	Zstd
)

// WriterOptions of a file. The zero value is right.
type WriterOptions struct {
	Codec Codec
}

// Writer writes one file, batch by batch. It is not safe for concurrent use.
type Writer struct {
	out  *countingWriter
	cols []Column
	opt  WriterOptions
	//lint:ignore SA1019 the schema is only known at run time, which the generic writer does not take
	w         *pq.Writer // made with the first batch, whose values choose the encodings
	ws        []*pq.ColumnWriter
	shred     []*shredder // by column
	stats     []*statsOf
	rows      int64
	group     int // rows in the open row group
	groupRows int // of a full one
	bytes     int // of its texts and the like
}

type countingWriter struct {
	w   io.Writer
	n   int64
	crc uint32
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (c *countingWriter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	c.crc = crc32.Update(c.crc, castagnoli, b[:n])
	return n, err
}

// NewWriter starts a file on out, which the caller closes after Close.
func NewWriter(out io.Writer, cols []Column, opt WriterOptions) *Writer {
	w := &Writer{out: &countingWriter{w: out}, cols: cols, opt: opt, groupRows: max(1, min(RowGroupRows, rowGroupValues/max(1, len(cols))))}
	for _, c := range cols {
		w.stats = append(w.stats, newStats(c.Type))
	}
	return w
}

// Rows is the number of rows written.
func (w *Writer) Rows() int64 { return w.rows }

// Bytes is what has reached the output so far.
func (w *Writer) Bytes() int64 { return w.out.n }

// sampleRows is how many values of the first batch decide whether a column gets a dictionary.
const sampleRows = 2048

// rowGroupBytes ends a row group early: whoever reads one holds its texts in memory.
const rowGroupBytes = 64 << 20

// A column has a buffer for the page that it fills. All of them together are bounded: tables may have 1,600 columns.
const (
	pageBytes     = 1 << 20
	pageBuffers   = 64 << 20
	minPageBuffer = 16 << 10
)

// dictMaxBytes is where a dictionary stops paying and the column writer falls back to plain pages.
const dictMaxBytes = 1 << 20

func (w *Writer) open(first [][]tuple.Value) error {
	leaves := 0
	for _, c := range w.cols {
		sh, err := newShredder(c.Type, true, &leaves)
		if err != nil {
			return fmt.Errorf("column %s: %w", c.Name, err)
		}
		w.shred = append(w.shred, sh)
	}
	schema := newSchema(w.cols, func(i int, n pq.Node) pq.Node {
		switch {
		case w.cols[i].Name == RowIDColumn:
			return pq.Encoded(n, &pq.DeltaBinaryPacked)
		case !w.cols[i].Type.Nested() && w.cols[i].Type.ID != Boolean && repeats(first[i]):
			return pq.Encoded(n, &pq.RLEDictionary)
		}
		return n
	})
	var codec compress.Codec = &pq.Snappy
	if w.opt.Codec == Zstd {
		codec = &pq.Zstd
	}
	opts := []pq.WriterOption{schema, pq.Compression(codec), pq.DataPageVersion(1), pq.CreatedBy("tarn", "1", "0"),
		pq.PageBufferSize(max(minPageBuffer, min(pageBytes, pageBuffers/leaves))), pq.DictionaryMaxBytes(dictMaxBytes), pq.MaxRowsPerRowGroup(RowGroupRows)}
	for _, path := range textPaths(schema) {
		opts = append(opts, pq.SkipPageStatistics(path...))
	}
	for _, path := range boundlessPaths(schema) {
		opts = append(opts, pq.SkipPageBounds(path...), pq.SkipPageStatistics(path...))
	}
	for i, c := range w.cols {
		if !c.Type.Nested() && slices.ContainsFunc(first[i], long) {
			opts = append(opts, pq.SkipPageBounds(c.Name))
		}
	}
	w.w = pq.NewWriter(w.out, opts...)
	w.ws = w.w.ColumnWriters()
	return nil
}

// longValue is the length from which on a value is not kept as the smallest or largest of its column: six copies of it would be in memory
// until the file is complete, and two in its footer. The statistics of the Delta log have the beginnings all the same.
const longValue = 1 << 20

func long(v tuple.Value) bool { return !v.IsScalar() && !v.IsNull() && v.Len() >= longValue }

// textPaths are the columns of texts and bytes. The headers of their pages do not repeat the range of the values, which may be long: the
// column index has its beginning.
func textPaths(schema *pq.Schema) (out [][]string) {
	for _, path := range schema.Columns() {
		if leaf, ok := schema.Lookup(path...); ok && leaf.Node.Type().Kind() == pq.ByteArray {
			out = append(out, path)
		}
	}
	return out
}

// dictValues is how many different values a row group may hold for a dictionary to be smaller than the values: a place in it has 13 bits.
const dictValues = 8192

// repeats reports whether a dictionary pays: a sample holds each value about four times or more, or a full one makes it likely that the
// column has few values (Good and Turing: what the sample has seen once is the share of what it has not seen).
func repeats(vals []tuple.Value) bool {
	if len(vals) > sampleRows {
		vals = vals[:sampleRows]
	}
	if len(vals) < 16 {
		return false
	}
	full, once := 0, 0
	scalars, texts := map[uint64]bool{}, map[string]bool{} // true: seen again
	for i := range vals {
		v := vals[i]
		if v.IsNull() {
			continue
		}
		full++
		if v.IsScalar() {
			once += see(scalars, v.Uint())
		} else {
			once += see(texts, v.Str())
		}
	}
	seen := len(scalars) + len(texts)
	switch {
	case full == 0:
		return false
	case seen <= len(vals)/4:
		return true
	}
	return full == sampleRows && once <= full*2/3 && seen*full <= dictValues*(full-once)
}

// see notes a value and tells how the count of those seen once changes.
func see[T comparable](m map[T]bool, v T) int {
	again, ok := m[v]
	m[v] = ok
	switch {
	case !ok:
		return 1
	case !again:
		return -1
	}
	return 0
}

// Write appends the rows of a batch: one slice of values per column, all of the same length. The values may be
// reused after it returns.
func (w *Writer) Write(cols [][]tuple.Value) error {
	if len(cols) != len(w.cols) {
		return fmt.Errorf("write parquet: %d columns for a schema of %d", len(cols), len(w.cols))
	}
	if len(cols) == 0 {
		return fmt.Errorf("write parquet: a file needs a column")
	}
	if w.w == nil {
		if err := w.open(cols); err != nil {
			return fmt.Errorf("write parquet: %w", err)
		}
	}
	n := len(cols[0])
	for lo := 0; lo < n; {
		hi := min(n, lo+w.groupRows-w.group)
		for i := range cols {
			if len(cols[i]) != n {
				return fmt.Errorf("write parquet: column %s has %d values, %s has %d", w.cols[i].Name, len(cols[i]),
					w.cols[0].Name, n)
			}
			w.stats[i].add(cols[i][lo:hi])
			if err := w.column(i, cols[i][lo:hi]); err != nil {
				return fmt.Errorf("write parquet column %s: %w", w.cols[i].Name, err)
			}
		}
		w.rows += int64(hi - lo)
		w.group += hi - lo
		lo = hi
		if w.group == w.groupRows || w.bytes >= rowGroupBytes {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *Writer) flush() error {
	w.group, w.bytes = 0, 0
	if err := w.w.Flush(); err != nil {
		return fmt.Errorf("write parquet: %w", err)
	}
	return nil
}

// batchRows is how many values go to a column writer at once, fewer where they are long; a page is cut after such a batch at the
// earliest.
const batchRows = 4096

func (w *Writer) column(i int, vals []tuple.Value) error {
	sh := w.shred[i]
	for len(vals) > 0 {
		n, size := 0, 0
		for n < min(len(vals), batchRows) && size < pageBytes {
			v := vals[n]
			if !v.IsScalar() && !v.IsNull() {
				size += v.Len()
			}
			if err := sh.add(v, 0, 0); err != nil {
				return err
			}
			n++
		}
		w.bytes += size
		for _, leaf := range sh.leaves {
			if _, err := w.ws[leaf.index].WriteRowValues(leaf.buf); err != nil {
				return err
			}
			leaf.buf = leaf.buf[:0]
		}
		vals = vals[n:]
	}
	return nil
}

func toParquet(typ Type) (func(tuple.Value) pq.Value, error) {
	switch typ.ID {
	case Boolean:
		return func(v tuple.Value) pq.Value { return pq.BooleanValue(v.Bool()) }, nil
	case Byte, Short, Integer, Date:
		return func(v tuple.Value) pq.Value { return pq.Int32Value(int32(v.Int())) }, nil
	case Long, Timestamp, TimestampNTZ:
		return func(v tuple.Value) pq.Value { return pq.Int64Value(v.Int()) }, nil
	case Float:
		return func(v tuple.Value) pq.Value { return pq.FloatValue(float32(v.Float())) }, nil
	case Double:
		return func(v tuple.Value) pq.Value { return pq.DoubleValue(v.Float()) }, nil
	case String, Binary:
		return func(v tuple.Value) pq.Value { return pq.ByteArrayValue(v.Bytes()) }, nil
	case Decimal:
		switch {
		case typ.Precision <= 9:
			return func(v tuple.Value) pq.Value { return pq.Int32Value(int32(v.Int())) }, nil
		case typ.Precision <= 18:
			return func(v tuple.Value) pq.Value { return pq.Int64Value(v.Int()) }, nil
		}
		return func(v tuple.Value) pq.Value { return pq.FixedLenByteArrayValue(v.Bytes()) }, nil
	}
	return nil, fmt.Errorf("%w: %s cannot be written", ErrType, typ)
}

// FileStats is what the Delta log records about a file.
type FileStats struct {
	Rows    int64
	Bytes   int64
	CRC     uint32        // CRC-32C of the whole file; see Verify
	Columns []ColumnStats // by the writer's columns
}

// Close finishes the file. A file without rows is an error: Delta tables have none.
func (w *Writer) Close() (FileStats, error) {
	if w.rows == 0 {
		return FileStats{}, fmt.Errorf("write parquet: file has no rows")
	}
	if err := w.w.Close(); err != nil {
		return FileStats{}, fmt.Errorf("write parquet: %w", err)
	}
	st := FileStats{Rows: w.rows, Bytes: w.out.n, CRC: w.out.crc}
	for _, s := range w.stats {
		st.Columns = append(st.Columns, s.result())
	}
	return st, nil
}

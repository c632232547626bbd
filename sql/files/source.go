package files

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/tarndb/tarn/sql/pgerr"
)

// source gives the records of one file.
type source interface {
	// next reads a record; ok is false at the end. The fields are valid until the next call.
	next() (rec record, ok bool, err error)
	// columns are those that the file itself describes; described is false for a format that does not.
	columns() (cols []shaped, described bool)
	close()
}

// record is one row of a file.
type record struct {
	fields []field
	line   int64 // from 1; 0: the format has no lines
	// malformed: the record is not of its format. bad is its text where fields could not be told.
	malformed bool
	bad       string
}

// shaped is a column as a file describes it, or as its values have shown it.
type shaped struct {
	name  string
	shape shape
}

// formatOf tells the format by a file's name; sep is what its extension says of CSV.
func formatOf(name string) (f Format, tabs bool) {
	switch strings.ToLower(path.Ext(uncompressed(name))) {
	case ".csv":
		return CSV, false
	case ".tsv", ".tab":
		return CSV, true
	case ".json", ".jsonl", ".ndjson":
		return JSON, false
	case ".parquet", ".pq", ".parq":
		return Parquet, false
	case ".avro":
		return Avro, false
	case ".txt", ".text", ".log":
		return Text, false
	}
	return Detect, false
}

func uncompressed(name string) string {
	switch e := path.Ext(name); strings.ToLower(e) {
	case ".gz", ".gzip", ".zst", ".zstd":
		return name[:len(name)-len(e)]
	}
	return name
}

// open starts reading a file. names are the fields of CSV without header.
func (r *reader) open(in Info, names []string) (source, error) {
	f, err := r.store.Open(r.ctx, in.Path)
	if err != nil {
		return nil, storeError(in.Path, err)
	}
	src, err := r.sourceOf(f, in, names)
	if err != nil {
		f.Close()
		return nil, fileError(in.Path, err)
	}
	return src, nil
}

func (r *reader) sourceOf(f File, in Info, names []string) (source, error) {
	switch r.o.Format {
	case Parquet:
		return newParquet(f)
	case Avro:
		return newAvro(f)
	}
	in.Size = f.Size()
	body, done, err := decompress(f, in)
	if err != nil {
		return nil, err
	}
	l := &lines{r: bufio.NewReaderSize(body, 64<<10), closed: done}
	switch r.o.Format {
	case CSV:
		return newCSV(l, r.o, names)
	case JSON:
		if r.o.MultiLine {
			return newWholeJSON(l, r.o)
		}
		return &jsonLines{l: l, o: r.o}, nil
	case Text:
		return &textLines{l: l, whole: r.o.WholeText}, nil
	}
	return nil, pgerr.Internal("no reader of format %d", r.o.Format)
}

// decompress undoes what a file's name and first bytes say.
func decompress(f File, in Info) (io.Reader, func(), error) {
	body := io.NewSectionReader(f, 0, in.Size)
	closed := func() { f.Close() }
	var magic [4]byte
	n, _ := f.ReadAt(magic[:min(4, in.Size)], 0)
	switch {
	case n >= 2 && magic[0] == 0x1f && magic[1] == 0x8b:
		z, err := gzip.NewReader(body)
		return z, closed, err
	case n == 4 && magic == [4]byte{0x28, 0xb5, 0x2f, 0xfd}:
		z, err := zstd.NewReader(body, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
		if err != nil {
			return nil, nil, err
		}
		return z, func() { z.Close(); f.Close() }, nil
	}
	return body, closed, nil
}

// damaged is a file that is not of its format.
func damaged(format string, args ...any) error {
	return pgerr.New(pgerr.BadCopyFileFormat, format, args...)
}

// fileError adds the file to an error of its reader.
func fileError(name string, err error) error {
	var pe *pgerr.Error
	if errors.As(err, &pe) {
		if pe.Where != "" {
			return err
		}
		e := *pe
		e.Where = "file \"" + name + "\""
		return &e
	}
	return pgerr.Wrap(err, pgerr.BadCopyFileFormat, "could not read file \"%s\": %v", name, err)
}

// maxRecord bounds one record of a format made of lines, in bytes.
const maxRecord = 64 << 20

// lines reads a text line by line.
type lines struct {
	r      *bufio.Reader
	closed func()
	n      int64 // lines read
	buf    []byte
}

func (l *lines) close() {
	if l.closed != nil {
		l.closed()
		l.closed = nil
	}
}

// next reads a line without its end; it is valid until the next call.
func (l *lines) next() ([]byte, error) {
	l.buf = l.buf[:0]
	for {
		part, err := l.r.ReadSlice('\n')
		if len(l.buf)+len(part) > maxRecord {
			return nil, pgerr.New(pgerr.ProgramLimitExceeded, "a line is longer than %d bytes", maxRecord)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			l.buf = append(l.buf, part...)
			continue
		}
		if err != nil && (err != io.EOF || len(part)+len(l.buf) == 0) {
			return nil, err
		}
		line := part
		if len(l.buf) > 0 {
			l.buf = append(l.buf, part...)
			line = l.buf
		}
		l.n++
		if l.n == 1 {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
		}
		return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), nil
	}
}

// textLines gives each line as the column value.
type textLines struct {
	l     *lines
	whole bool
	one   [1]field
}

func (t *textLines) columns() ([]shaped, bool) {
	return []shaped{{"value", shape{k: shapeText}}}, true
}
func (t *textLines) close() { t.l.close() }

func (t *textLines) next() (record, bool, error) {
	if t.whole {
		if t.l.n > 0 {
			return record{}, false, nil
		}
		b, err := readAll(t.l)
		t.l.n = 1
		t.one[0] = field{"value", value{kind: str, s: string(b)}}
		return record{fields: t.one[:], line: 1}, err == nil, err
	}
	line, err := t.l.next()
	if err != nil {
		return record{}, false, atEnd(err)
	}
	t.one[0] = field{"value", value{kind: str, s: string(line)}}
	return record{fields: t.one[:], line: t.l.n}, true, nil
}

func atEnd(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// maxWhole bounds a file that is one value, in bytes.
const maxWhole = 256 << 20

func readAll(l *lines) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(l.r, maxWhole+1))
	if err == nil && len(b) > maxWhole {
		return nil, pgerr.New(pgerr.ProgramLimitExceeded, "a file that is read as one value is longer than %d bytes", maxWhole)
	}
	return bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), err
}

package exec

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"syscall"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// spillFile is a temporary file of rows, written once from start to end and then read. It has no name, so that it goes
// with the process. A row:
//
//	+-----------------+-------------------------------------------+
//	| length (uvarint)| per value: 0 NULL | 1, 8 bytes | 2, length |
//	|                 | (uvarint), bytes                          |
//	+-----------------+-------------------------------------------+
type spillFile struct {
	f    *os.File
	w    *bufio.Writer
	rows int64
	size int64 // bytes written
	buf  []byte
}

const spillBuffer = 32 << 10

func (in *instance) newSpill() (*spillFile, error) {
	f, err := os.CreateTemp(in.ec.TempDir, "tarn-exec-*")
	if err != nil {
		return nil, spillError(err)
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, spillError(err)
	}
	return &spillFile{f: f, w: bufio.NewWriterSize(f, spillBuffer)}, nil
}

func spillError(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return pgerr.Wrap(err, pgerr.DiskFull, "could not write to temporary file: no space left on device")
	}
	return pgerr.Wrap(err, pgerr.IOError, "could not use temporary file: %s", err.Error())
}

func (s *spillFile) close() {
	if s != nil && s.f != nil {
		s.f.Close()
		s.f, s.w = nil, nil
	}
}

func appendSpilled(b []byte, v types.Datum) []byte {
	switch {
	case v.IsNull():
		return append(b, 0)
	case v.IsScalar():
		return binary.LittleEndian.AppendUint64(append(b, 1), v.Uint())
	}
	b = binary.AppendUvarint(append(b, 2), uint64(v.Len()))
	return append(b, v.Bytes()...)
}

// writeBuf writes the record in s.buf.
func (s *spillFile) writeBuf() error {
	var head [binary.MaxVarintLen64]byte
	h := binary.PutUvarint(head[:], uint64(len(s.buf)))
	if _, err := s.w.Write(head[:h]); err != nil {
		return spillError(err)
	}
	if _, err := s.w.Write(s.buf); err != nil {
		return spillError(err)
	}
	s.rows++
	s.size += int64(h + len(s.buf))
	return nil
}

func (s *spillFile) writeRow(vals []types.Datum) error {
	s.buf = s.buf[:0]
	for _, v := range vals {
		s.buf = appendSpilled(s.buf, v)
	}
	return s.writeBuf()
}

func (s *spillFile) writeSlots(f *frame, slots []int) error {
	s.buf = s.buf[:0]
	for _, i := range slots {
		s.buf = appendSpilled(s.buf, f.s[i])
	}
	return s.writeBuf()
}

// flush ends the writing.
func (s *spillFile) flush() error {
	if err := s.w.Flush(); err != nil {
		return spillError(err)
	}
	s.w = bufio.NewWriterSize(io.Discard, 16)
	s.buf = nil
	return nil
}

// spillReader reads the rows of a file in order.
type spillReader struct {
	r   *bufio.Reader
	buf []byte
}

// reader reads from the start, after flush. Readers of one file share its position: one at a time.
func (s *spillFile) reader() (*spillReader, error) {
	if _, err := s.f.Seek(0, io.SeekStart); err != nil {
		return nil, spillError(err)
	}
	return &spillReader{r: bufio.NewReaderSize(s.f, spillBuffer)}, nil
}

// record reads the next record into the reader's buffer; ok is false at the end.
func (r *spillReader) record() (rec []byte, ok bool, err error) {
	n, err := binary.ReadUvarint(r.r)
	if err == io.EOF {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, spillError(err)
	}
	if uint64(cap(r.buf)) < n {
		r.buf = make([]byte, n+n/2)
	}
	r.buf = r.buf[:n]
	if _, err := io.ReadFull(r.r, r.buf); err != nil {
		return nil, false, spillError(err)
	}
	return r.buf, true, nil
}

// row reads a row into dst; its values live until the following read.
func (r *spillReader) row(dst []types.Datum) (bool, error) {
	rec, ok, err := r.record()
	if !ok || err != nil {
		return false, err
	}
	for i := range dst {
		dst[i], rec = decodeSpilled(rec)
	}
	return true, nil
}

func (r *spillReader) slots(f *frame, slots []int) (bool, error) {
	rec, ok, err := r.record()
	if !ok || err != nil {
		return false, err
	}
	for _, s := range slots {
		f.s[s], rec = decodeSpilled(rec)
	}
	return true, nil
}

func decodeSpilled(b []byte) (types.Datum, []byte) {
	switch b[0] {
	case 0:
		return types.Null, b[1:]
	case 1:
		return tuple.Uint(binary.LittleEndian.Uint64(b[1:])), b[9:]
	}
	n, h := binary.Uvarint(b[1:])
	b = b[1+h:]
	return tuple.Bytes(b[:n:n]), b[n:]
}

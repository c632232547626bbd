package spill

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"syscall"

	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// File is a temporary file of rows, written once from start to end and then read. It has no name, so that it goes
// with the process, and what is small stays in memory as long as all such files of the execution together take no more
// than half of WorkMem. A row:
//
//	+-----------------+-------------------------------------------+
//	| length (uvarint)| per value: 0 NULL | 1, 8 bytes | 2, length |
//	|                 | (uvarint), bytes                          |
//	+-----------------+-------------------------------------------+
type File struct {
	b     *Budget
	f     *os.File // nil: all is in w
	w     []byte   // not written yet
	kept  int64    // what flush left in memory
	rows  int64
	bytes int64
	buf   []byte
}

const spillBuffer = 32 << 10

func (b *Budget) newFile() *File { return &File{b: b} }

// Size is what was written, in bytes.
func (s *File) Size() int64 { return s.bytes }

// Empty reports whether no row was written.
func (s *File) Empty() bool { return s.rows == 0 }

// toDisk writes what is buffered.
func (s *File) toDisk() error {
	if s.f == nil {
		f, err := os.CreateTemp(s.b.Dir, "tarn-exec-*")
		if err != nil {
			return spillError(err)
		}
		if err := os.Remove(f.Name()); err != nil {
			f.Close()
			return spillError(err)
		}
		s.f = f
	}
	if _, err := s.f.Write(s.w); err != nil {
		return spillError(err)
	}
	s.w = s.w[:0]
	return nil
}

func spillError(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return pgerr.Wrap(err, pgerr.DiskFull, "could not write to temporary file: no space left on device")
	}
	return pgerr.Wrap(err, pgerr.IOError, "could not use temporary file: %s", err.Error())
}

// Close gives the file up. A nil file is closed already.
func (s *File) Close() {
	if s == nil {
		return
	}
	if s.f != nil {
		s.f.Close()
		s.f = nil
	}
	s.b.kept -= s.kept
	s.w, s.kept = nil, 0
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
func (s *File) writeBuf() error {
	before := len(s.w)
	s.w = binary.AppendUvarint(s.w, uint64(len(s.buf)))
	s.w = append(s.w, s.buf...)
	s.rows++
	s.bytes += int64(len(s.w) - before)
	if len(s.w) >= spillBuffer {
		return s.toDisk()
	}
	return nil
}

// WriteRow writes the values of a row, WriteSlots those that slots hold.
func (s *File) WriteRow(vals []types.Datum) error {
	s.buf = s.buf[:0]
	for _, v := range vals {
		s.buf = appendSpilled(s.buf, v)
	}
	return s.writeBuf()
}

func (s *File) WriteSlots(f *frame.Frame, slots []int) error {
	s.buf = s.buf[:0]
	for _, i := range slots {
		s.buf = appendSpilled(s.buf, f.S[i])
	}
	return s.writeBuf()
}

// Flush ends the writing.
func (s *File) Flush() error {
	s.buf = nil
	s.b.kept, s.kept = s.b.kept-s.kept, 0
	if s.f == nil && s.b.kept+int64(len(s.w)) <= s.b.Mem/2 {
		s.kept = int64(len(s.w))
		s.b.kept += s.kept
		return nil
	}
	err := s.toDisk()
	s.w = nil
	return err
}

// readAt reads len(p) bytes at an offset, after flush.
func (s *File) readAt(p []byte, at int64) error {
	if s.f == nil {
		copy(p, s.w[at:])
		return nil
	}
	if _, err := s.f.ReadAt(p, at); err != nil {
		return spillError(err)
	}
	return nil
}

// Reader reads the rows of a file in order.
type Reader struct {
	r   *bufio.Reader
	mem []byte // what is left of a file in memory
	buf []byte
}

// Reader reads from the start, after flush. Readers of one file share its position: one at a time.
func (s *File) Reader() (*Reader, error) {
	if s.f == nil {
		return &Reader{mem: s.w}, nil
	}
	if _, err := s.f.Seek(0, io.SeekStart); err != nil {
		return nil, spillError(err)
	}
	return &Reader{r: bufio.NewReaderSize(s.f, spillBuffer)}, nil
}

// record reads the next record; it is valid until the following call. ok is false at the end.
func (r *Reader) record() (rec []byte, ok bool, err error) {
	if r.r == nil {
		if len(r.mem) == 0 {
			return nil, false, nil
		}
		n, h := binary.Uvarint(r.mem)
		rec, r.mem = r.mem[h:h+int(n)], r.mem[h+int(n):]
		return rec, true, nil
	}
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

// Slots reads the next row into slots; its values live until the following call. false: the file is at its end.
func (r *Reader) Slots(f *frame.Frame, slots []int) (bool, error) {
	rec, ok, err := r.record()
	if !ok || err != nil {
		return false, err
	}
	for _, s := range slots {
		f.S[s], rec = decodeSpilled(rec)
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

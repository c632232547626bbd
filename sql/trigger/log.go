package trigger

import (
	"encoding/binary"
	"os"

	"github.com/tarndb/tarn/sql/pgerr"
)

// Log keeps records in the order in which they came, for reading at any place: in memory up to Limit bytes, then in a temporary file
// in Dir. The zero Log is empty and keeps 4 MB in memory. It is for one goroutine.
//
//	record: uvarint length | bytes
type Log struct {
	Limit int64
	Dir   string

	tail []byte // what stands after the file
	file *os.File
	base int64 // bytes in the file
	page []byte
	at   int64 // where page begins
}

const (
	defaultLimit = 4 << 20
	fileBuffer   = 256 << 10
	pageSize     = 64 << 10
)

// Size is where the next record goes.
func (l *Log) Size() int64 { return l.base + int64(len(l.tail)) }

// Append adds a record of the parts put together. Errors: 53100, 58030.
func (l *Log) Append(parts ...[]byte) error {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	l.tail = binary.AppendUvarint(l.tail, uint64(n))
	for _, p := range parts {
		l.tail = append(l.tail, p...)
	}
	limit := l.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	if l.file != nil {
		limit = fileBuffer
	}
	if int64(len(l.tail)) < limit {
		return nil
	}
	return l.flush()
}

func (l *Log) flush() error {
	if l.file == nil {
		f, err := os.CreateTemp(l.Dir, "tarn-trigger-*")
		if err != nil {
			return logError(err)
		}
		if err := os.Remove(f.Name()); err != nil {
			_ = f.Close()
			return logError(err)
		}
		l.file = f
	}
	if _, err := l.file.WriteAt(l.tail, l.base); err != nil {
		return logError(err)
	}
	l.base += int64(len(l.tail))
	l.tail = l.tail[:0]
	if cap(l.tail) > 2*fileBuffer {
		l.tail = nil
	}
	return nil
}

func logError(err error) error {
	return pgerr.Wrap(err, pgerr.IOError, "could not use temporary file: %s", err.Error())
}

// At gives the record at a place, which is valid until the following call of At or Append, and the place of the next one.
func (l *Log) At(pos int64) (rec []byte, next int64, err error) {
	if pos >= l.base {
		b := l.tail[pos-l.base:]
		n, h := binary.Uvarint(b)
		return b[h : h+int(n) : h+int(n)], pos + int64(h) + int64(n), nil
	}
	b, err := l.read(pos, binary.MaxVarintLen64)
	if err != nil {
		return nil, 0, err
	}
	n, h := binary.Uvarint(b)
	if b, err = l.read(pos, h+int(n)); err != nil {
		return nil, 0, err
	}
	return b[h : h+int(n) : h+int(n)], pos + int64(h) + int64(n), nil
}

// read gives at least n bytes of the file from pos on, fewer at its end.
func (l *Log) read(pos int64, n int) ([]byte, error) {
	end := min(pos+int64(n), l.base)
	if pos < l.at || end > l.at+int64(len(l.page)) {
		size := min(int64(max(n, pageSize)), l.base-pos)
		if int64(cap(l.page)) < size {
			l.page = make([]byte, size)
		}
		l.page = l.page[:size]
		if _, err := l.file.ReadAt(l.page, pos); err != nil {
			l.page = l.page[:0]
			return nil, logError(err)
		}
		l.at = pos
	}
	return l.page[pos-l.at:], nil
}

// Close gives up memory and file; the Log is empty then.
func (l *Log) Close() {
	if l.file != nil {
		_ = l.file.Close()
	}
	*l = Log{Limit: l.Limit, Dir: l.Dir}
}

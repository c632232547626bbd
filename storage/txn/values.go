package txn

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/tarndb/tarn/storage/engine"
)

// valueLog keeps the values of a write set, append-only, by position. Beyond a bound the oldest segments move to a
// file that has no name any more, so that it goes with the process. A position is also the offset in that file.
type valueLog struct {
	segs   []segment // segment i begins at position i*segmentBytes; a larger value takes several
	memory int64     // capacity of the segments in memory
	limit  int64
	oldest int // first segment that may still be in memory
	dir    string
	file   *os.File
	onDisk int64
	bytes  int64 // of all values
}

type segment struct {
	data []byte // nil: in the file, or inside a larger segment before
	used int
}

const (
	segmentBits  = 20
	segmentBytes = 1 << segmentBits
	firstBytes   = 4 << 10 // a small transaction needs no more
)

// append stores v and returns its position. With own a value of more than segmentBytes is kept as it is, not copied.
func (l *valueLog) append(v []byte, own bool) (uint64, error) {
	l.bytes += int64(len(v))
	last := len(l.segs) - 1
	if last < 0 || l.segs[last].used >= l.fill() || l.segs[last].used+len(v) > segmentBytes {
		if err := l.newSegment(len(v)); err != nil {
			return 0, err
		}
		last = len(l.segs) - 1
		if len(v) > segmentBytes { // it fills its segments; the next value begins new ones
			at := last
			if own {
				l.segs[at].data = v
			} else {
				l.segs[at].data = bytes.Clone(v)
			}
			l.segs[at].used = segmentBytes
			for range (len(v) - 1) / segmentBytes {
				l.segs = append(l.segs, segment{used: segmentBytes})
			}
			return uint64(at) << segmentBits, nil
		}
	}
	s := &l.segs[last]
	pos := uint64(last)<<segmentBits | uint64(len(s.data))
	before := cap(s.data)
	s.data = append(s.data, v...)
	s.used = len(s.data)
	l.memory += int64(cap(s.data) - before)
	return pos, nil
}

func (l *valueLog) newSegment(need int) error {
	if l.memory+int64(l.fill()) > l.limit {
		if err := l.spill(); err != nil {
			return err
		}
	}
	var data []byte // of a large value: append's
	size := need
	if need <= segmentBytes {
		size = max(firstBytes, need)
		if len(l.segs) > 0 {
			size = max(l.fill(), need)
		}
		data = make([]byte, 0, size)
	}
	l.segs = append(l.segs, segment{data: data})
	l.memory += int64(size)
	return nil
}

// spill moves all segments to the file.
func (l *valueLog) spill() error {
	if l.file == nil {
		f, err := os.CreateTemp(l.dir, "tarn-txn-*")
		if err != nil {
			return fmt.Errorf("spill write set: %w", err)
		}
		l.file = f
		if err := os.Remove(f.Name()); err != nil {
			return fmt.Errorf("spill write set: %w", err)
		}
	}
	for ; l.oldest < len(l.segs); l.oldest++ {
		s := &l.segs[l.oldest]
		if s.data == nil {
			continue
		}
		if _, err := l.file.WriteAt(s.data, int64(l.oldest)<<segmentBits); err != nil {
			if errors.Is(err, syscall.ENOSPC) {
				err = errors.Join(engine.ErrDiskFull, err)
			}
			return fmt.Errorf("spill write set: %w", err)
		}
		l.onDisk += int64(len(s.data))
		l.memory -= int64(cap(s.data))
		s.data, s.used = nil, segmentBytes
	}
	return nil
}

// get returns the value of n bytes at pos: in memory if it is there (valid until the log is reset, not to be changed),
// else read into buf.
func (l *valueLog) get(pos uint64, n int, buf []byte) ([]byte, error) {
	if data := l.segs[pos>>segmentBits].data; data != nil || n == 0 {
		at := int(pos & (segmentBytes - 1))
		return data[min(at, len(data)):][:n:n], nil
	}
	if cap(buf) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if _, err := l.file.ReadAt(buf, int64(pos)); err != nil {
		return nil, fmt.Errorf("read spilled write set: %w", err)
	}
	return buf, nil
}

// readAhead reads the values of a log to which nothing is appended any more. Who asks for them about in the order in which they were
// written, as a load does whose keys come in order, reads the file in large pieces.
type readAhead struct {
	buf  []byte // of single values
	part []byte // of the file, from at on
	at   uint64
	next uint64 // end of the last value
}

const (
	aheadBytes = 256 << 10
	aheadGap   = 16 << 10 // values that lie closer together are read in one piece
)

// get is valueLog.get; what it returns is valid until the next call.
func (r *readAhead) get(l *valueLog, pos uint64, n int) ([]byte, error) {
	if n == 0 || l.segs[pos>>segmentBits].data != nil {
		return l.get(pos, n, nil)
	}
	follows := pos >= r.next && pos-r.next < aheadGap
	r.next = pos + uint64(n)
	if pos < r.at || r.next > r.at+uint64(len(r.part)) {
		if !follows || n > aheadBytes/2 {
			v, err := l.get(pos, n, r.buf)
			if err == nil && cap(v) <= aheadBytes {
				r.buf = v
			}
			return v, err
		}
		if r.part == nil {
			r.part = make([]byte, aheadBytes)
		}
		got, err := l.file.ReadAt(r.part[:aheadBytes], int64(pos))
		if got < n {
			return nil, fmt.Errorf("read spilled write set: %w", err)
		}
		r.part, r.at = r.part[:got], pos
	}
	at := pos - r.at
	return r.part[at : at+uint64(n)], nil
}

// reset empties the log and keeps the first segment if it is small.
func (l *valueLog) reset() {
	if l.file != nil {
		l.file.Close()
		l.file = nil
	}
	var first []byte
	if len(l.segs) > 0 && cap(l.segs[0].data) <= keepBytes {
		first = l.segs[0].data[:0]
	}
	clear(l.segs)
	l.segs = l.segs[:0]
	l.memory, l.oldest, l.onDisk, l.bytes = 0, 0, 0, 0
	if first != nil {
		l.segs = append(l.segs, segment{data: first})
		l.memory = int64(cap(first))
	}
}

// fill is how many bytes a segment takes before the next one begins: less than a segment if memory is tight.
func (l *valueLog) fill() int { return int(min(segmentBytes, max(l.limit/8, 512))) }

// keepBytes bounds every piece of memory that an idle Txn keeps.
const keepBytes = 64 << 10

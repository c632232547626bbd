package pgwire

import (
	"encoding/binary"
	"io"
	"sync"
	"syscall"

	"github.com/tarndb/tarn/sql/pgerr"
)

const (
	smallBuf = 8 << 10  // what a connection that is talking holds
	bulkBuf  = 64 << 10 // COPY and long messages
)

var (
	smallPool = sync.Pool{New: func() any { b := make([]byte, smallBuf); return &b }}
	bulkPool  = sync.Pool{New: func() any { b := make([]byte, bulkBuf); return &b }}
)

// Reader cuts a byte stream into messages. It is used by one goroutine.
//
// buf[r:w] holds bytes that were received and not consumed. While nothing is held and the source would block, buf is
// nil and its memory is back in a pool: with a RawConn the wait happens in the runtime's poller without any buffer,
// otherwise (TLS, pipes) in tiny.
//
// A read error (a deadline, for example) loses nothing: the same call can be made again.
type Reader struct {
	src  io.Reader
	raw  syscall.RawConn
	poll func(fd uintptr) bool

	buf   []byte
	boxed *[]byte // the pool's handle of buf; nil when buf is not pooled
	r, w  int
	bulk  bool
	tiny  [16]byte

	pollN   int
	pollErr error
}

// NewReader reads from src. When src is a socket (a syscall.Conn), waiting for input costs no buffer.
func NewReader(src io.Reader) *Reader {
	r := &Reader{}
	r.Reset(src)
	return r
}

// Reset continues on another stream (TLS over the same socket). What is buffered is kept: see Buffered.
func (r *Reader) Reset(src io.Reader) {
	r.src, r.raw, r.poll = src, nil, nil
	if sc, ok := src.(syscall.Conn); ok && canPoll {
		if raw, err := sc.SyscallConn(); err == nil {
			r.raw = raw
			r.poll = r.pollRead
		}
	}
}

// Buffered is how many received bytes wait.
func (r *Reader) Buffered() int { return r.w - r.r }

// HasMessage reports whether Next returns without reading from the source.
func (r *Reader) HasMessage() bool {
	b := r.buf[r.r:r.w]
	if len(b) < 5 {
		return false
	}
	return uint64(len(b)) >= 1+uint64(binary.BigEndian.Uint32(b[1:]))
}

// Bulk asks for large reads, or ends that: COPY data is coming.
func (r *Reader) Bulk(on bool) { r.bulk = on }

// Release gives the buffer back. The reader must not be used afterwards.
func (r *Reader) Release() {
	r.r, r.w = 0, 0
	r.dropBuf()
}

// Next returns the next message. The body is valid until the following call. Errors: io.EOF at a clean end,
// io.ErrUnexpectedEOF within a message, a FATAL *pgerr.Error (08P01) for an unknown type or a length out of bounds,
// and what the source returned.
func (r *Reader) Next() (typ byte, body []byte, err error) {
	if err := r.fill(1); err != nil {
		return 0, nil, err
	}
	typ = r.buf[r.r]
	limit := maxLen(typ)
	if limit == 0 {
		return 0, nil, pgerr.Fatal(pgerr.ProtocolViolation, "invalid frontend message type %d", typ)
	}
	body, err = r.framed(1, limit)
	return typ, body, err
}

// Own makes the body of the last message the caller's, for good, and reports it: only a long one that stands alone in its buffer can be given
// away. The reader goes on in another buffer.
func (r *Reader) Own() bool {
	if r.boxed != nil || len(r.buf) <= bulkBuf || r.r != r.w {
		return false
	}
	r.buf, r.r, r.w = nil, 0, 0
	return true
}

// NextAuth returns the body of the next message, which must answer an authentication request (type 'p').
func (r *Reader) NextAuth() ([]byte, error) {
	if err := r.fill(1); err != nil {
		return nil, err
	}
	if typ := r.buf[r.r]; typ != MsgPassword {
		return nil, pgerr.Fatal(pgerr.ProtocolViolation, "expected password response, got message type %d", typ)
	}
	return r.framed(1, maxAuthLen)
}

// NextStartup returns the body of a packet without type byte; it holds at least the four bytes of its code.
func (r *Reader) NextStartup() ([]byte, error) {
	if err := r.fill(4); err != nil {
		return nil, err
	}
	if n := binary.BigEndian.Uint32(r.buf[r.r:]); n < 8 || n > maxStartupLen {
		return nil, pgerr.Fatal(pgerr.ProtocolViolation, "invalid length of startup packet")
	}
	return r.framed(0, maxStartupLen)
}

// framed consumes skip type bytes, the length and the body.
func (r *Reader) framed(skip, limit int) ([]byte, error) {
	if err := r.fill(skip + 4); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(r.buf[r.r+skip:])
	if n < 4 || uint64(n) > uint64(limit) {
		return nil, pgerr.Fatal(pgerr.ProtocolViolation, "invalid message length")
	}
	total := skip + int(n)
	if err := r.fill(total); err != nil {
		return nil, err
	}
	body := r.buf[r.r+skip+4 : r.r+total : r.r+total]
	r.r += total
	return body, nil
}

// fill reads until n bytes are held.
func (r *Reader) fill(n int) error {
	for r.w-r.r < n {
		r.makeRoom(n)
		m, err := r.read()
		if m > 0 {
			r.w += m
			continue
		}
		if err == io.EOF && r.w > r.r {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// makeRoom leaves free space behind w, for a message of which n bytes are wanted. The buffer doubles, and takes all of the message
// once an eighth of it is there: it stays within eight times what has really arrived.
func (r *Reader) makeRoom(n int) {
	if r.r == r.w {
		r.r, r.w = 0, 0
		if r.raw == nil || len(r.buf) > bulkBuf || (len(r.buf) == bulkBuf) != r.bulk {
			r.dropBuf()
		}
		return
	}
	if r.r > 0 && r.r+n > len(r.buf) {
		r.w = copy(r.buf, r.buf[r.r:r.w])
		r.r = 0
	}
	if r.w < len(r.buf) {
		return
	}
	old, oldBox := r.buf[r.r:r.w], r.boxed
	r.buf, r.boxed = nil, nil
	if len(old) < bulkBuf {
		r.takeBulk()
	} else {
		size := min(n, 2*len(old))
		if len(old) >= n/8 {
			size = n
		}
		r.buf = make([]byte, size)
	}
	r.w = copy(r.buf, old)
	r.r = 0
	putBuf(oldBox)
}

// read does one read into the free space.
func (r *Reader) read() (int, error) {
	if r.raw != nil {
		r.pollN, r.pollErr = 0, nil
		if err := r.raw.Read(r.poll); err != nil {
			return 0, err
		}
		return r.pollN, r.pollErr
	}
	if r.buf == nil {
		n, err := r.src.Read(r.tiny[:])
		if n > 0 {
			r.take()
			copy(r.buf, r.tiny[:n])
		}
		return n, err
	}
	return r.src.Read(r.buf[r.w:])
}

func (r *Reader) take() {
	if r.bulk {
		r.takeBulk()
		return
	}
	r.boxed = smallPool.Get().(*[]byte)
	r.buf = *r.boxed
}

func (r *Reader) takeBulk() {
	r.boxed = bulkPool.Get().(*[]byte)
	r.buf = *r.boxed
}

func (r *Reader) dropBuf() {
	putBuf(r.boxed)
	r.buf, r.boxed = nil, nil
}

func putBuf(b *[]byte) {
	switch {
	case b == nil:
	case len(*b) == smallBuf:
		smallPool.Put(b)
	default:
		bulkPool.Put(b)
	}
}

//go:build unix

package pgwire

import (
	"io"
	"syscall"
)

const canPoll = true

// pollRead is called by the runtime's poller: false means "wait until readable and call again".
func (r *Reader) pollRead(fd uintptr) bool {
	if r.buf == nil {
		r.take()
	}
	for {
		n, err := syscall.Read(int(fd), r.buf[r.w:])
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			if r.w == 0 {
				r.dropBuf()
			}
			return false
		case err != nil:
			r.pollErr = err
		case n == 0:
			r.pollErr = io.EOF
		default:
			r.pollN = n
		}
		return true
	}
}

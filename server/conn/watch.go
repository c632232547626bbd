package conn

import (
	"syscall"
	"time"

	"github.com/tarndb/tarn/sql/pgerr"
)

// watch looks, once per ClientCheck, at the sockets of connections whose statement has run for that long. One poll of
// a socket costs a system call; short statements are never looked at, and data that the client has pipelined does not
// hide that it hung up.
func (s *Server) watch(stop <-chan struct{}) {
	tick := time.NewTicker(s.opts.ClientCheck)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case now := <-tick.C:
			for _, c := range s.snapshot() {
				if c.busySince(now.Add(-s.opts.ClientCheck)) && c.hungUp() {
					s.count.lost.Add(1)
					c.terminate(pgerr.Fatal(pgerr.ConnectionFailure, "connection to client lost"))
				}
			}
		}
	}
}

func (c *conn) busySince(t time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.phase == phaseActive && c.mu.since.Before(t)
}

// hungUp reports whether the client has closed its end.
func (c *conn) hungUp() bool {
	sc, ok := c.sock.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	var gone bool
	raw.Control(func(fd uintptr) { gone = peerClosed(int(fd)) })
	return gone
}

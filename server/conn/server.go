package conn

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/tarndb/tarn/server/auth"
	"github.com/tarndb/tarn/server/pgwire"
	"github.com/tarndb/tarn/sql/pgerr"
)

// ErrServerClosed is what Serve returns after Shutdown.
var ErrServerClosed = errors.New("server closed")

// Options of a Server. Only Backend is required.
type Options struct {
	Backend        Backend
	Rules          auth.Rules    // auth.DefaultRules
	TLS            *tls.Config   // nil: SSLRequest is answered with N
	MaxConnections int           // sessions at a time; 100
	AuthTimeout    time.Duration // from accept to authenticated; 60 s
	// ClientCheck is how long a statement may run before its client's socket is looked at, and how often from then
	// on; a client that has closed its end cancels it. 1 s; negative is never.
	ClientCheck time.Duration
	// MockNonce seeds the salts shown for users that do not exist. It should outlive restarts; random when empty.
	MockNonce []byte
	Logger    *slog.Logger // slog.Default
}

func (o Options) withDefaults() Options {
	if o.Rules == nil {
		o.Rules = auth.DefaultRules()
	}
	if o.MaxConnections <= 0 {
		o.MaxConnections = 100
	}
	if o.AuthTimeout <= 0 {
		o.AuthTimeout = time.Minute
	}
	if o.ClientCheck == 0 {
		o.ClientCheck = time.Second
	}
	if len(o.MockNonce) == 0 {
		o.MockNonce = make([]byte, 32)
		rand.Read(o.MockNonce)
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Server accepts connections on any number of listeners and keeps the register of those that live.
type Server struct {
	opts    Options
	log     *slog.Logger
	binding []byte // tls-server-end-point of TLS
	count   counters

	mu        sync.Mutex
	conns     map[uint32]*conn // by PID, from accept to end
	admitted  map[uint32]*conn // those that count against MaxConnections
	listeners map[net.Listener]struct{}
	lastPID   uint32
	closing   bool
	stopWatch chan struct{} // nil while no connection is there to be watched
	gone      chan struct{} // closed when closing and conns is empty
}

// New makes a server; Serve starts it.
func New(opts Options) (*Server, error) {
	if opts.Backend == nil {
		return nil, errors.New("new server: no backend")
	}
	opts = opts.withDefaults()
	return &Server{
		opts:      opts,
		log:       opts.Logger,
		binding:   auth.EndPointBinding(opts.TLS),
		conns:     make(map[uint32]*conn),
		admitted:  make(map[uint32]*conn),
		listeners: make(map[net.Listener]struct{}),
		gone:      make(chan struct{}),
	}, nil
}

// Serve accepts on l until Shutdown, when it returns ErrServerClosed, or until l fails. It closes l.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		l.Close()
		return ErrServerClosed
	}
	s.listeners[l] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.listeners, l)
		s.mu.Unlock()
		l.Close()
	}()
	var pause time.Duration
	for {
		nc, err := l.Accept()
		if err != nil {
			if s.isClosing() {
				return ErrServerClosed
			}
			if !outOfFiles(err) {
				return fmt.Errorf("accept on %s: %w", l.Addr(), err)
			}
			// Others may close theirs; until then, trying harder helps nobody.
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.log.Warn("cannot accept connections for the moment", "error", err, "retry", pause)
			time.Sleep(pause)
			continue
		}
		pause = 0
		s.accept(nc)
	}
}

func (s *Server) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// accept registers a connection and starts its goroutine. Connections that have not got through startup are bounded
// too: beyond twice the sessions, new ones are closed at once.
func (s *Server) accept(nc net.Conn) {
	s.count.accepted.Add(1)
	setKeepAlive(nc)
	var key [4]byte
	rand.Read(key[:])
	c := &conn{srv: s, sock: nc, nc: nc, r: pgwire.NewReader(nc), started: time.Now()}
	c.out.c = c
	c.base, c.baseCancel = context.WithCancelCause(context.Background())
	c.mu.since = c.started
	c.renewLocked()

	s.mu.Lock()
	if s.closing || len(s.conns) >= 2*s.opts.MaxConnections+64 {
		s.mu.Unlock()
		s.count.refused.Add(1)
		c.baseCancel(context.Canceled)
		nc.Close()
		return
	}
	for {
		s.lastPID = s.lastPID%0x7fffffff + 1
		if _, used := s.conns[s.lastPID]; !used {
			break
		}
	}
	c.startup = Startup{PID: s.lastPID, CancelKey: binary.BigEndian.Uint32(key[:]), RemoteAddr: nc.RemoteAddr(), Notify: c.notify}
	s.conns[s.lastPID] = c
	if s.stopWatch == nil && s.opts.ClientCheck > 0 {
		s.stopWatch = make(chan struct{})
		go s.watch(s.stopWatch)
	}
	s.mu.Unlock()
	go c.serve()
}

// admit counts a connection as a session.
func (s *Server) admit(c *conn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return pgerr.Fatal(pgerr.CannotConnectNow, "the database system is shutting down")
	}
	if len(s.admitted) >= s.opts.MaxConnections {
		s.count.refused.Add(1)
		return pgerr.Fatal(pgerr.TooManyConnections, "sorry, too many clients already")
	}
	s.admitted[c.startup.PID] = c
	return nil
}

func (s *Server) remove(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c.startup.PID)
	delete(s.admitted, c.startup.PID)
	if len(s.conns) > 0 {
		return
	}
	if s.stopWatch != nil {
		close(s.stopWatch)
		s.stopWatch = nil
	}
	if s.closing {
		close(s.gone)
	}
}

func (s *Server) find(pid uint32) *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.admitted[pid]
}

// cancelRequest is a CancelRequest packet: without the right key it does nothing, and nobody is told either way.
func (s *Server) cancelRequest(pid, key uint32) {
	if c := s.find(pid); c != nil && c.startup.CancelKey == key {
		s.count.canceled.Add(1)
		c.cancelQuery(userCancel())
	}
}

func userCancel() *pgerr.Error {
	return pgerr.Wrap(context.Canceled, pgerr.QueryCanceled, "canceling statement due to user request")
}

// Cancel cancels the statement that a connection runs (pg_cancel_backend); false if there is no such connection.
func (s *Server) Cancel(pid uint32) bool {
	c := s.find(pid)
	if c != nil {
		c.cancelQuery(userCancel())
	}
	return c != nil
}

// Terminate ends a connection with 57P01 (pg_terminate_backend); false if there is no such connection.
func (s *Server) Terminate(pid uint32) bool {
	c := s.find(pid)
	if c != nil {
		c.terminate(errShutdown())
	}
	return c != nil
}

// TerminateWith ends a connection with an error of the caller's choice (57P04 when its database is dropped).
func (s *Server) TerminateWith(pid uint32, why *pgerr.Error) bool {
	c := s.find(pid)
	if c != nil {
		e := *why
		e.Severity = pgerr.SeverityFatal
		c.terminate(&e)
	}
	return c != nil
}

// Shutdown stops accepting, ends idle connections with 57P01 and lets the others finish their transactions. When ctx
// ends first, they are canceled and cut, and ctx's error is returned.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	first := !s.closing
	s.closing = true
	for l := range s.listeners {
		l.Close()
	}
	if first && len(s.conns) == 0 {
		close(s.gone)
	}
	conns := s.snapshotLocked()
	s.mu.Unlock()
	for _, c := range conns {
		c.drain()
	}
	select {
	case <-s.gone:
		return nil
	case <-ctx.Done():
	}
	for _, c := range s.snapshot() {
		c.terminate(errShutdown())
	}
	grace := time.NewTimer(2 * time.Second)
	defer grace.Stop()
	select {
	case <-s.gone:
	case <-grace.C:
		for _, c := range s.snapshot() {
			c.sock.Close()
		}
	}
	return ctx.Err()
}

func (s *Server) snapshot() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.snapshotLocked()
}

func (s *Server) snapshotLocked() []*conn {
	conns := make([]*conn, 0, len(s.conns))
	for _, c := range s.conns {
		conns = append(conns, c)
	}
	return conns
}

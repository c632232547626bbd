package conn

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tarndb/tarn/server/pgwire"
	"github.com/tarndb/tarn/sql/pgerr"
)

// phase is what a connection is doing, for those who want to interrupt it.
type phase uint8

const (
	phaseStartup phase = iota // not authenticated, or session still opening
	phaseIdle                 // waiting for the client
	phaseActive               // a session call is running, or more of the pipeline is at hand
)

// conn is one connection. Its goroutine owns everything outside of mu.
type conn struct {
	srv  *Server
	sock net.Conn // what was accepted; deadlines are set here
	nc   net.Conn // sock, or TLS over it
	r    *pgwire.Reader
	out  output
	sess Session

	startup Startup
	started time.Time

	// Message handling.
	skip     bool // an error happened: ignore messages up to Sync
	pipeline bool // extended messages came and their Sync has not
	bind     pgwire.Bind
	parse    pgwire.Parse
	names    names

	base       context.Context // ends with the connection
	baseCancel context.CancelCauseFunc

	async     atomic.Bool // Startup.Notify was called
	interrupt atomic.Bool // mu.drain or mu.doom is set: look before the next message of a client that never pauses

	mu struct {
		sync.Mutex
		phase    phase
		since    time.Time // of the phase
		tx       byte
		deadline time.Time    // read deadline of sock; longAgo is a kick
		drain    bool         // leave when the transaction is over
		doom     *pgerr.Error // leave now, with this error
		query    context.Context
		cancel   context.CancelCauseFunc
	}
}

// writeGrace is how long the last words of a connection may take.
const writeGrace = time.Second

var longAgo = time.Unix(1, 0)

// errBye ends a connection without a word.
var errBye = errors.New("connection ends")

// serve runs the connection from its first byte to its last.
func (c *conn) serve() {
	defer c.finish()
	err := c.open()
	if err == nil {
		err = c.loop()
	} else if err != errBye {
		c.srv.count.failed.Add(1)
	}
	c.farewell(err)
}

// finish runs also after a panic, and ends it here.
func (c *conn) finish() {
	if p := recover(); p != nil {
		c.srv.count.panics.Add(1)
		c.srv.log.Error("connection panicked", "pid", c.startup.PID, "panic", p, "stack", string(debug.Stack()))
		c.out.release()
		c.farewell(pgerr.Fatal(pgerr.InternalError, "internal error; this connection ends"))
	}
	c.baseCancel(context.Canceled)
	c.closeSession()
	c.out.release()
	c.nc.Close()
	c.r.Release()
	c.srv.remove(c)
}

func (c *conn) closeSession() {
	defer func() {
		if p := recover(); p != nil {
			c.srv.log.Error("session close panicked", "pid", c.startup.PID, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	if c.sess != nil {
		c.sess.Close()
		c.sess = nil
	}
}

// farewell tells the client why the connection ends, when there is something to tell and somebody to hear.
func (c *conn) farewell(err error) {
	if e := c.doomed(); e != nil {
		err = e
	}
	e := asFatal(err)
	if e == nil {
		return
	}
	if e.Code != pgerr.AdminShutdown {
		c.srv.log.Info("connection refused or ended", "pid", c.startup.PID, "user", c.startup.User,
			"database", c.startup.Database, "remote", hostOf(c.sock), "code", e.Code, "error", e.Message)
	}
	if c.out.err != nil {
		return
	}
	c.sock.SetWriteDeadline(time.Now().Add(writeGrace))
	c.out.fail(e)
	c.out.flush()
}

// asFatal returns the FATAL error in err's chain, nil if there is none.
func asFatal(err error) *pgerr.Error {
	var e *pgerr.Error
	if errors.As(err, &e) && (e.Severity == pgerr.SeverityFatal || e.Severity == pgerr.SeverityPanic) {
		return e
	}
	return nil
}

// loop handles messages until the client leaves or must.
func (c *conn) loop() error {
	c.enter() // the first message may be at hand
	for {
		typ, body, err := c.next()
		if err != nil {
			return err
		}
		// What was there before the message is told before its answer: it may be UNLISTEN.
		if err := c.announce(); err != nil {
			return err
		}
		if err := c.handle(typ, body); err != nil {
			return err
		}
	}
}

// next returns the next message. The connection counts as idle while it has to wait for one.
func (c *conn) next() (byte, []byte, error) {
	if !c.r.HasMessage() {
		if err := c.leave(); err != nil {
			return 0, nil, err
		}
		defer c.enter()
	}
	for {
		typ, body, err := c.r.Next()
		switch {
		case err == nil:
			return typ, body, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			if err := c.leave(); err != nil {
				return 0, nil, err
			}
		case err == io.EOF:
			return 0, nil, errBye
		default:
			return 0, nil, err
		}
	}
}

// leave makes the connection idle: cancels that come from now on find nobody, and what waited for this moment is
// done. It is called again when the wait was interrupted. An error says that the connection must end.
func (c *conn) leave() error {
	if err := c.announce(); err != nil {
		return err
	}
	tx := c.sess.TxStatus()
	free := tx == pgwire.TxIdle && !c.pipeline
	var limit time.Duration
	var late *pgerr.Error
	if l, ok := c.sess.(IdleLimiter); ok && !c.pipeline {
		limit, late = l.IdleLimit()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.endLocked(free); err != nil {
		return err
	}
	if c.mu.phase != phaseIdle {
		c.mu.phase, c.mu.since = phaseIdle, time.Now()
	}
	c.mu.tx = tx
	if c.mu.query.Err() != nil {
		c.renewLocked()
	}
	var until time.Time
	if limit > 0 {
		if until = c.mu.since.Add(limit); !time.Now().Before(until) {
			late.Severity = pgerr.SeverityFatal
			return late
		}
	}
	// Notify between the look at async and here found the connection active and did not kick it.
	if free && c.async.Load() {
		until = longAgo
	}
	c.deadlineLocked(until)
	return nil
}

// announce sends what Startup.Notify announced, if the client is in no transaction.
func (c *conn) announce() error {
	if c.pipeline || !c.notifications() {
		return nil
	}
	c.out.report()
	if err := c.out.flush(); err != nil {
		return errBye
	}
	return nil
}

// notifications writes what Startup.Notify announced, if anything and if the client is in no transaction.
func (c *conn) notifications() bool {
	if !c.async.Load() || c.sess.TxStatus() != pgwire.TxIdle || !c.async.CompareAndSwap(true, false) {
		return false
	}
	c.sess.Notifications(&c.out)
	return true
}

// endLocked is why the connection must end now, at a place where it may; free tells that it is in no transaction.
func (c *conn) endLocked(free bool) error {
	if c.mu.doom != nil {
		return c.mu.doom
	}
	if c.mu.drain && free {
		return errShutdown()
	}
	return nil
}

// enter makes the connection active.
func (c *conn) enter() {
	c.mu.Lock()
	c.mu.phase, c.mu.since = phaseActive, time.Now()
	if c.mu.doom == nil {
		c.deadlineLocked(time.Time{})
	}
	c.mu.Unlock()
}

// deadlineLocked sets the read deadline; longAgo makes a pending read return at once.
func (c *conn) deadlineLocked(t time.Time) {
	if !c.mu.deadline.Equal(t) {
		c.mu.deadline = t
		c.sock.SetReadDeadline(t)
	}
}

// renewLocked makes a new context for statements. One serves all statements until it is canceled.
func (c *conn) renewLocked() {
	if c.mu.cancel != nil {
		c.mu.cancel(context.Canceled)
	}
	c.mu.query, c.mu.cancel = context.WithCancelCause(c.base)
}

func (c *conn) renew() {
	c.mu.Lock()
	c.renewLocked()
	c.mu.Unlock()
}

// ctx is the context of the next session call.
func (c *conn) ctx() context.Context { return c.mu.query } // written by this goroutine only

// doomed is why the connection must end, nil if it need not.
func (c *conn) doomed() *pgerr.Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.doom
}

// cancelQuery cancels the running statement; it does nothing to an idle connection.
func (c *conn) cancelQuery(cause *pgerr.Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.phase == phaseActive {
		c.mu.cancel(cause)
	}
}

// terminate ends the connection with a FATAL error: at once when idle, after its statement has noticed otherwise.
func (c *conn) terminate(why *pgerr.Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.doom != nil {
		return
	}
	c.mu.doom = why
	c.interrupt.Store(true)
	c.deadlineLocked(longAgo)
	c.sock.SetWriteDeadline(time.Now().Add(writeGrace)) // a client that does not read cannot hold us
	c.baseCancel(why)
}

// drain asks the connection to end when its transaction is over.
func (c *conn) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.drain = true
	c.interrupt.Store(true)
	if c.mu.phase != phaseActive {
		c.deadlineLocked(longAgo)
	}
}

// notify is Startup.Notify.
func (c *conn) notify() {
	if c.async.Swap(true) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.phase == phaseIdle && c.mu.tx == pgwire.TxIdle {
		c.deadlineLocked(longAgo)
	}
}

func errShutdown() *pgerr.Error {
	return pgerr.Fatal(pgerr.AdminShutdown, "terminating connection due to administrator command")
}

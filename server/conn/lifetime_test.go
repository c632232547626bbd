package conn

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/tarndb/tarn/sql/pgerr"
)

// sendCancel sends a CancelRequest and waits until the server has closed that connection.
func sendCancel(t *testing.T, addr string, pid, key uint32) {
	nc := dialRaw(t, addr)
	b := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, pid), key)
	nc.Write([]byte(startupPacket(1234<<16|5678, string(b))))
	if n, err := nc.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("a cancel request was answered")
	}
}

func TestCancel(t *testing.T) {
	_, b, addr := startServer(t, "tcp", Options{})
	c := dial(t, addr)
	key := binary.BigEndian.Uint32(c.key)
	// To an idle connection and with a wrong key it does nothing.
	sendCancel(t, addr, c.pid, key)
	if got := c.query("row 0"); !strings.HasSuffix(got, "SELECT 0\nReadyForQuery I") {
		t.Error(got)
	}
	for i := 0; i < 2; i++ {
		c.send(&pgproto3.Query{String: "wait"})
		<-b.waiting
		sendCancel(t, addr, c.pid, key+1)
		sendCancel(t, addr, c.pid, key)
		c.expect("ERROR 57014 canceling statement due to user request\nReadyForQuery I")
		if err := <-b.waited; pgerr.Code(err) != pgerr.QueryCanceled {
			t.Error(err)
		}
	}
	// One cancel hits one statement of a pipeline.
	c.send(&pgproto3.Parse{Query: "wait"}, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Sync{},
		&pgproto3.Parse{Query: "row 0"}, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Sync{})
	<-b.waiting
	sendCancel(t, addr, c.pid, key)
	c.expect("ParseComplete\nBindComplete\nERROR 57014 canceling statement due to user request\nReadyForQuery I")
	c.expect("ParseComplete\nBindComplete\nCommandComplete SELECT 0\nReadyForQuery I")
}

// A client that goes away while its statement runs cancels it.
func TestLostClientCancelsStatement(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			_, b, addr := startServer(t, network, Options{ClientCheck: 5 * time.Millisecond})
			c := dial(t, addr)
			// The pipelined query behind it must not hide the end of the stream.
			c.send(&pgproto3.Query{String: "wait"}, &pgproto3.Query{String: "row 1"})
			<-b.waiting
			c.nc.Close()
			if err := <-b.waited; pgerr.Code(err) != pgerr.ConnectionFailure {
				t.Errorf("waited: %v", err)
			}
			<-b.closed
		})
	}
}

func TestPanicEndsOneConnection(t *testing.T) {
	s, b, addr := startServer(t, "tcp", Options{})
	other := dial(t, addr)
	c := dial(t, addr)
	if got := c.query("panic"); got != "FATAL XX000 internal error; this connection ends\nclosed" {
		t.Error(got)
	}
	if pid := <-b.closed; pid != c.pid {
		t.Errorf("session %d closed", pid)
	}
	if n := s.Metrics().Panics; n != 1 {
		t.Errorf("%d panics counted", n)
	}
	if got := other.query("row 0"); !strings.HasSuffix(got, "ReadyForQuery I") {
		t.Error(got)
	}
}

func TestTerminateAndInfo(t *testing.T) {
	s, b, addr := startServer(t, "tcp", Options{})
	if got := s.Metrics(); got != (Metrics{}) {
		t.Errorf("%+v", got)
	}
	idle, busy, block := dial(t, addr), dial(t, addr), dial(t, addr)
	block.query("begin")
	busy.send(&pgproto3.Query{String: "wait"})
	<-b.waiting
	want := fmt.Sprintf("%d u@d idle,%d u@d active,%d u@d idle in transaction", idle.pid, busy.pid, block.pid)
	// A connection turns idle after its reply has left.
	for deadline := time.Now().Add(5 * time.Second); ; runtime.Gosched() {
		var states []string
		for _, in := range s.Connections() {
			states = append(states, fmt.Sprint(in.PID, " ", in.User, "@", in.Database, " ", in.State))
		}
		if got := strings.Join(states, ","); got == want {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
	if got := s.Metrics(); got != (Metrics{Accepted: 3, Sessions: 3}) {
		t.Errorf("%+v", got)
	}
	if s.Terminate(12345) {
		t.Error("terminated nobody")
	}
	for _, c := range []*client{idle, busy, block} {
		s.Terminate(c.pid)
		if got := c.until("ReadyForQuery"); got != "FATAL 57P01 terminating connection due to administrator command\nclosed" {
			t.Errorf("got %s", got)
		}
		<-b.closed
	}
}

// Terminate also reaches a statement that waits for COPY data, and one whose client does not read.
func TestTerminateWhileBlockedOnClient(t *testing.T) {
	s, b, addr := startServer(t, "tcp", Options{})
	c := dial(t, addr)
	c.send(&pgproto3.Query{String: "copyin"})
	if got := c.next(); got != "CopyInResponse" {
		t.Fatal(got)
	}
	s.Terminate(c.pid)
	if got := c.next(); got != "FATAL 57P01 terminating connection due to administrator command" {
		t.Error(got)
	}
	<-b.closed

	c = dial(t, addr)
	c.send(&pgproto3.Query{String: "big 1000000"}) // 1 GB: it cannot all be on its way
	if _, err := c.nc.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	s.Terminate(c.pid)
	<-b.closed
}

func TestTooManyConnections(t *testing.T) {
	_, b, addr := startServer(t, "tcp", Options{MaxConnections: 2})
	a := dial(t, addr)
	dial(t, addr)
	c := newClient(t, dialRaw(t, addr))
	c.sendRaw(startupPacket(3<<16, "user\x00u\x00\x00"))
	if got := c.until("ReadyForQuery"); got != "FATAL 53300 sorry, too many clients already\nclosed" {
		t.Error(got)
	}
	a.nc.Close()
	<-b.closed // the session is gone; its place in the register follows
	for i := 0; ; i++ {
		c := newClient(t, dialRaw(t, addr))
		c.sendRaw(startupPacket(3<<16, "user\x00u\x00\x00"))
		got := c.until("ReadyForQuery")
		if strings.HasSuffix(got, "ReadyForQuery I") {
			break
		}
		if i > 1000 {
			t.Fatal(got)
		}
	}
}

func TestStartupTimeout(t *testing.T) {
	_, _, addr := startServer(t, "tcp", Options{AuthTimeout: 10 * time.Millisecond})
	c := newClient(t, dialRaw(t, addr))
	c.sendRaw("\x00\x00\x00\x20\x00\x03")
	if got := c.next(); got != "closed" {
		t.Error(got)
	}
}

func TestNotifyWhileIdle(t *testing.T) {
	_, b, addr := startServer(t, "tcp", Options{})
	c := dial(t, addr)
	b.mu.Lock()
	s := b.sessions[c.pid]
	b.mu.Unlock()
	for i := 0; i < 20; i++ {
		s.start.Notify()
		if got := c.next(); got != "Notification ch payload" {
			t.Fatal(got)
		}
	}
	// In a transaction block it waits for the end.
	c.query("begin")
	s.start.Notify()
	if got := c.query("row 0"); strings.Contains(got, "Notification") {
		t.Error(got)
	}
	if got := c.query("commit"); got != "CommandComplete COMMIT\nNotification ch payload\nReadyForQuery I" {
		t.Error(got)
	}
}

// What was announced before a command came is told before its answer, whichever the connection noticed first.
func TestNotifyBeforeNextCommand(t *testing.T) {
	_, b, addr := startServer(t, "tcp", Options{})
	c := dial(t, addr)
	b.mu.Lock()
	s := b.sessions[c.pid]
	b.mu.Unlock()
	for range 500 {
		s.start.Notify()
		if got := c.query("row 0"); !strings.HasPrefix(got, "Notification ch payload\n") {
			t.Fatal(got)
		}
	}
}

func TestIdleLimit(t *testing.T) {
	b := newFakeBackend()
	b.idle = 5 * time.Millisecond
	_, _, addr := startServer(t, "tcp", Options{Backend: b})
	c := newClient(t, dialRaw(t, addr))
	c.send(&pgproto3.StartupMessage{ProtocolVersion: 3 << 16, Parameters: map[string]string{"user": "u"}}, &pgproto3.Query{String: "begin"})
	c.until("ReadyForQuery")
	if got := c.until("ReadyForQuery"); got != "CommandComplete BEGIN\nReadyForQuery T" {
		t.Fatal(got)
	}
	if got := c.query("commit"); got != "CommandComplete COMMIT\nReadyForQuery I" {
		t.Fatal(got)
	}
	if got := c.next(); got != "FATAL 57P05 terminating connection due to idle-session timeout" {
		t.Error(got)
	}
}

// A client that pipelines without a pause does not hold up a shutdown.
func TestShutdownBetweenPipelinedStatements(t *testing.T) {
	s, b, addr := startServer(t, "tcp", Options{})
	c := dial(t, addr)
	c.send(&pgproto3.Query{String: "wait"}, &pgproto3.Query{String: "row 1"}, &pgproto3.Query{String: "row 1"})
	pid := <-b.waiting
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(context.Background()) }()
	for !s.isClosing() {
		runtime.Gosched()
	}
	for _, k := range s.snapshot() {
		for !k.interrupt.Load() {
			runtime.Gosched()
		}
	}
	s.Cancel(pid)
	c.expect("ERROR 57014 canceling statement due to user request\nReadyForQuery I")
	if got := c.next(); got != "FATAL 57P01 terminating connection due to administrator command" {
		t.Error(got)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// What a connection holds while it waits: a thousand of them must be cheap.
func TestIdleConnectionsAreCheap(t *testing.T) {
	const n = 300
	_, _, addr := startServer(t, "tcp", Options{MaxConnections: n + 1})
	used := func() uint64 {
		runtime.GC()
		runtime.GC() // empties the pools
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc + m.StackInuse
	}
	request := []byte("Q\x00\x00\x00\x0arow 9\x00")
	open := func() net.Conn {
		nc := dialRaw(t, addr)
		nc.Write([]byte(startupPacket(3<<16, "user\x00u\x00\x00")))
		nc.Write(request)
		var tail [6]byte
		for ready := 0; ready < 2; { // byte by byte: a client's buffers must not count
			copy(tail[:], tail[1:])
			if _, err := nc.Read(tail[5:]); err != nil {
				t.Fatal(err)
			}
			if tail == [6]byte{'Z', 0, 0, 0, 5, 'I'} {
				ready++
			}
		}
		return nc
	}
	open()
	before := used()
	for i := 0; i < n; i++ {
		open()
	}
	each := (used() - before) / n
	t.Logf("%d bytes each, client included", each)
	if each > 32<<10 {
		t.Errorf("%d bytes for an idle connection", each)
	}
}

// Shutdown ends idle connections at once, lets a transaction finish, and cuts what is left at its deadline.
func TestShutdown(t *testing.T) {
	s, b, addr := startServer(t, "tcp", Options{})
	idle, block, stuck := dial(t, addr), dial(t, addr), dial(t, addr)
	block.query("begin")
	stuck.send(&pgproto3.Query{String: "wait"})
	<-b.waiting
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(ctx) }()
	const bye = "FATAL 57P01 terminating connection due to administrator command"
	if got := idle.next(); got != bye {
		t.Error(got)
	}
	if _, err := net.Dial("tcp", addr); err == nil {
		t.Error("still listening")
	}
	if got := block.query("row 0"); !strings.HasSuffix(got, "ReadyForQuery T") {
		t.Error(got)
	}
	if got := block.query("commit"); got != "CommandComplete COMMIT\nReadyForQuery I" {
		t.Error(got)
	}
	if got := block.next(); got != bye {
		t.Error(got)
	}
	cancel()
	if got := stuck.next(); got != bye {
		t.Error(got)
	}
	if err := <-done; err != context.Canceled {
		t.Error(err)
	}
}

// A thousand connections that come and vanish, at every stage, leave nothing behind.
func TestThousandConnectAndVanish(t *testing.T) {
	s, _, addr := startServer(t, "tcp", Options{MaxConnections: 2000})
	before := runtime.NumGoroutine()
	scripts := []string{
		"",
		"\x00\x00",
		startupPacket(1234<<16|5679, ""),
		startupPacket(3<<16, "user\x00u\x00\x00"),
		startupPacket(3<<16, "user\x00u\x00\x00") + "Q\x00\x00\x01\x00half",
		startupPacket(3<<16, "user\x00u\x00\x00") + "Q\x00\x00\x00\x0dbig 9999\x00",
		startupPacket(3<<16, "user\x00u\x00\x00") + "Q\x00\x00\x00\x0bcopyin\x00",
		"GET / HTTP/1.1\r\n\r\n",
	}
	var wg sync.WaitGroup
	for g := 0; g < 10; g++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 0; i < 100; i++ {
				nc, err := net.Dial("tcp", addr)
				if err != nil {
					t.Error(err)
					return
				}
				nc.Write([]byte(scripts[i%len(scripts)]))
				if i%3 == 0 {
					nc.(*net.TCPConn).SetLinger(0) // RST in place of FIN
				}
				nc.Close()
			}
		}()
	}
	wg.Wait()
	c := dial(t, addr)
	if got := c.query("row 0"); !strings.HasSuffix(got, "ReadyForQuery I") {
		t.Fatal(got)
	}
	c.nc.Close()
	deadline := time.Now().Add(10 * time.Second)
	for {
		s.mu.Lock()
		n := len(s.conns)
		s.mu.Unlock()
		if n == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d connections left", n)
		}
		runtime.Gosched()
	}
	for runtime.NumGoroutine() > before+2 {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines before, %d now", before, runtime.NumGoroutine())
		}
		runtime.Gosched()
	}
}

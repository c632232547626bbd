package wire

import (
	"encoding/binary"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// stages are what clients have sent when they vanish.
func stages(t *testing.T, tg Target) []string {
	startup, _, err := parseMessage("Startup user=" + tg.User + " database=" + tg.Database)
	if err != nil {
		t.Fatal(err)
	}
	open := string(startup)
	query := func(sql string) string { return message('Q', sql+"\x00") }
	return []string{
		"",
		"\x00\x00",
		"\x00\x00\x00\x08\x04\xd2\x16\x2f", // SSLRequest, and no patience for its answer
		open[:len(open)-3],
		open,
		open + "Q\x00\x00\x01\x00select", // the rest of the message never comes
		open + "Q\x7f\xff\xff\xffselect", // 2 GB announced
		open + "Q\x00\x00\x00\x03",       // shorter than its own length
		open + "\xfe\x00\x00\x00\x04",    // no such message
		open + query("select generate_series(1, 100000000)"), // rows that nobody reads
		open + query("select pg_sleep(100)"),
		open + query("begin; create temp table storm (a int); insert into storm values (1)"),
		open + query("begin; select pg_advisory_xact_lock(7); select pg_sleep(100)"),
		open + query("create temp table storm (a int, b text); copy storm from stdin") + message('d', "1\tx\n2\t"),
		open + query("copy (select generate_series(1, 100000000)) to stdout"),
		open + query("listen storm"),
		open + message('P', "\x00select pg_sleep(100)\x00\x00\x00") + message('B', "\x00\x00\x00\x00\x00\x00\x00\x00") + message('E', "\x00\x00\x00\x00\x00") + message('H', ""),
		open + message('P', "\x00select $1\x00\x7f\xff"),
		open + message('B', "\x00\x00\x00\x00\x7f\xff\x00"),
		open + message('X', ""),
		"GET / HTTP/1.1\r\n\r\n",
	}
}

func message(typ byte, body string) string {
	b := binary.BigEndian.AppendUint32([]byte{typ}, uint32(len(body)+4))
	return string(b) + body
}

// Clients that vanish at every stage of a conversation, or send what is no message, do no harm to the others: a
// connection that was there before works all along, new ones are served afterwards, and the server holds as many
// goroutines, files and bytes as before.
func TestConnectAndVanish(t *testing.T) {
	tg := target(t)
	const clients = 1000
	st := stages(t, tg)
	steady := "connect\n" + strings.Repeat("> Query \"select 1\"\n< RowDescription \"?column?\" type=23 size=4\n< DataRow \"1\"\n< CommandComplete \"SELECT 1\"\n< ReadyForQuery I\n", 100)
	tg.Patience = 20 * time.Second
	warm := func(n int) {
		var wg sync.WaitGroup
		for g := 0; g < 16; g++ {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for i := g; i < n; i += 16 {
					vanish(tg, st[i%len(st)], i)
				}
			}()
		}
		if res, err := Run(tg, steady); err != nil || res.Diff != "" {
			t.Errorf("during the storm: %v %s", err, res.Diff)
		}
		wg.Wait()
	}
	var b *process
	if shared.b != nil {
		b = shared.b
	}
	warm(3 * len(st)) // caches and pools fill once
	before := settle(t, b, usage{}, tg)
	warm(clients)
	after := settle(t, b, before, tg)
	if res, err := Run(tg, steady); err != nil || res.Diff != "" {
		t.Fatalf("after the storm: %v %s", err, res.Diff)
	}
	// The advisory lock of the clients that vanished with it is free again.
	if res, err := Run(tg, "connect\n> Query \"set lock_timeout to '10s'; begin; select pg_advisory_xact_lock(7); rollback\"\n"); err != nil || strings.Contains(res.Updated, "Error") {
		t.Errorf("the lock of a client that is gone: %v %s", err, res.Updated)
	}
	if b == nil {
		return
	}
	t.Logf("before %+v, after %+v", before, after)
	if after.goroutines > before.goroutines+8 || after.files > before.files+8 || after.heap > before.heap+16<<20 {
		t.Errorf("before the storm %+v, after it %+v", before, after)
	}
}

func vanish(tg Target, sent string, i int) {
	nc, err := net.Dial(tg.Network, tg.Addr)
	if err != nil {
		return // a full backlog is an answer too
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(5 * time.Second))
	nc.Write([]byte(sent))
	if tcp, ok := nc.(*net.TCPConn); ok {
		switch i % 4 {
		case 0:
			tcp.SetLinger(0) // RST
		case 1:
			tcp.CloseWrite() // half open for a moment
			time.Sleep(10 * time.Millisecond)
		case 2:
			time.Sleep(time.Duration(i%7) * 5 * time.Millisecond)
		}
	}
}

// settle waits until the server holds about what it held before, or for the time that it takes to notice that clients are gone.
func settle(t *testing.T, b *process, want usage, tg Target) usage {
	t.Helper()
	if b == nil {
		time.Sleep(3 * time.Second)
		return usage{}
	}
	var u usage
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(250 * time.Millisecond) {
		last := u
		u = b.usage(t)
		done := u.goroutines <= want.goroutines && u.files <= want.files
		if want == (usage{}) {
			done = u.goroutines == last.goroutines && u.files == last.files && time.Until(deadline) < 15*time.Second
		}
		if done || time.Now().After(deadline) {
			return u
		}
	}
}

// An idle session costs little: its socket's goroutine and what its first statements left.
func TestIdleSessionsAreSmall(t *testing.T) {
	tg := target(t)
	b := shared.b
	if b == nil {
		t.Skip("needs the binary that this test starts")
	}
	const n = 400
	before := settle(t, b, usage{}, tg)
	var conns []*session
	for range n {
		s, replies, err := open(tg, &step{verb: "connect"})
		if err != nil {
			t.Fatal(err, replies)
		}
		conns = append(conns, s)
		s.nc.Write([]byte(message('Q', "select 1\x00")))
		s.readReplies("", 1)
	}
	after := b.usage(t)
	for _, s := range conns {
		s.nc.Close()
	}
	heap, stack := (after.heap-before.heap)/n, (after.stacks-before.stacks)/n
	t.Logf("bytes per idle session: %d of heap, %d of stack", heap, stack)
	if heap+stack > 64<<10 {
		t.Errorf("an idle session holds %d bytes of heap and %d of stack", heap, stack)
	}
}

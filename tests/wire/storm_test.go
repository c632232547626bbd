package wire

import (
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Clients that connect and vanish at every stage of a conversation do no harm to the others: one connection that was
// there before works all along, and new ones are served afterwards.
func TestConnectAndVanish(t *testing.T) {
	tg := target(t)
	clients := 160
	if tg.Tarn {
		clients = 1000
	}
	startup, _, err := parseMessage("Startup user=" + tg.User + " database=" + tg.Database)
	if err != nil {
		t.Fatal(err)
	}
	open := string(startup)
	stages := []string{
		"",
		"\x00\x00",
		"\x00\x00\x00\x08\x04\xd2\x16\x2f", // SSLRequest, and no patience for its answer
		open[:len(open)-3],
		open,
		open + "Q\x00\x00\x01\x00select",
		open + "Q\x00\x00\x00\x20select generate_series(1,1000)\x00"[:33],
		open + "P\x00\x00\x00\x10\x00select 1\x00\x00\x00",
		open + "X\x00\x00\x00\x04",
		"GET / HTTP/1.1\r\n\r\n",
	}
	nc, err := net.Dial(tg.Network, tg.Addr)
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()
	var wg sync.WaitGroup
	for g := 0; g < 8; g++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 0; i < clients/8; i++ {
				nc, err := net.Dial(tg.Network, tg.Addr)
				if err != nil {
					continue // a full backlog is an answer too
				}
				nc.SetDeadline(time.Now().Add(tg.Patience + time.Second))
				nc.Write([]byte(stages[i%len(stages)]))
				if tcp, ok := nc.(*net.TCPConn); ok && i%3 == 0 {
					tcp.SetLinger(0)
				}
				nc.Close()
			}
		}()
	}
	steady := "connect\n" + strings.Repeat("> Query \"select 1\"\n< RowDescription \"?column?\" type=23 size=4\n< DataRow \"1\"\n< CommandComplete \"SELECT 1\"\n< ReadyForQuery I\n", 100)
	res, err := Run(tg, steady)
	if err != nil || res.Diff != "" {
		t.Errorf("during the storm: %v %s", err, res.Diff)
	}
	wg.Wait()
	// The server may need a moment to notice that the last of them went.
	for deadline := time.Now().Add(20 * time.Second); ; {
		res, err := Run(tg, steady)
		if err == nil && res.Diff == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after the storm: %v %s", err, res.Diff)
		}
	}
}

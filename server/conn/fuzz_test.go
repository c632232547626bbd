package conn

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Whatever a client sends after its startup, the connection ends without a panic, and its session is closed.
func FuzzConnection(f *testing.F) {
	for _, msgs := range [][]pgproto3.FrontendMessage{
		{&pgproto3.Query{String: "select 1"}},
		{&pgproto3.Parse{Query: "x"}, &pgproto3.Bind{Parameters: [][]byte{[]byte("1")}}, &pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{}, &pgproto3.Sync{}},
		{&pgproto3.Describe{ObjectType: 'X'}, &pgproto3.Query{String: "skipped"}, &pgproto3.Sync{}, &pgproto3.Terminate{}},
		{&pgproto3.CopyData{Data: []byte("x")}, &pgproto3.CopyDone{}, &pgproto3.FunctionCall{}, &pgproto3.Close{ObjectType: 'S'}, &pgproto3.Flush{}},
	} {
		f.Add(encodeAll(f, msgs...))
	}
	f.Add([]byte("Q\xff\xff\xff\xff"))
	var log bytes.Buffer
	fake := newFakeBackend()
	s, err := New(Options{Backend: selectBackend{fake}, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError}))})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		server, client := net.Pipe()
		s.accept(server)
		go func() {
			client.Write([]byte(startupPacket(3<<16, "user\x00u\x00\x00")))
			client.Write(in)
			client.Write(encodeAll(t, &pgproto3.Terminate{}))
			client.Write(bytes.Repeat([]byte{0}, 64)) // an unfinished message cannot wait for more than this
			client.Close()
		}()
		io.Copy(io.Discard, client)
		<-fake.closed
		if log.Len() > 0 {
			t.Fatalf("%s", log.String())
		}
	})
}

package conn

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

func TestSimpleProtocol(t *testing.T) {
	_, _, addr := startServer(t, "tcp", Options{})
	c := dial(t, addr)
	for _, q := range []struct{ sql, want string }{
		{"row 2", "RowDescription n:23:0 t:25:0\nDataRow \"0\" \"t\"\nDataRow \"1\" \"t\"\nCommandComplete SELECT 2\nReadyForQuery I"},
		{"", "EmptyQueryResponse\nReadyForQuery I"},
		{"notice; begin", "NOTICE 00000 look here\nCommandComplete SELECT 0\nCommandComplete BEGIN\nReadyForQuery T"},
		{"fail 22012", "ERROR 22012 failed as asked\nReadyForQuery E"},
		{"row 1", "ERROR 25P02 current transaction is aborted, commands ignored until end of transaction block\nReadyForQuery E"},
		{"commit", "CommandComplete COMMIT\nReadyForQuery I"},
		{"plain", "ERROR XX000 something internal\nReadyForQuery I"},
		{"a\xffb", "ERROR 22021 invalid byte sequence for encoding \"UTF8\": 0xff\nReadyForQuery I"},
		{"copyout 2", "CopyOutResponse\nCopyData \"line 0\\n\"\nCopyData \"line 1\\n\"\nCopyDone\nCommandComplete COPY 2\nReadyForQuery I"},
		{"set UTC; row 0", "CommandComplete SET\nRowDescription n:23:0 t:25:0\nCommandComplete SELECT 0\nParameterStatus TimeZone UTC\nReadyForQuery I"},
		{"fatal", "FATAL 57P01 as asked\nclosed"},
	} {
		if got := c.query(q.sql); got != q.want {
			t.Errorf("%s: got\n%s\nwant\n%s", q.sql, got, q.want)
		}
	}
}

func TestExtendedProtocol(t *testing.T) {
	_, b, addr := startServer(t, "unix", Options{})
	c := dial(t, addr)
	c.send(&pgproto3.Parse{Name: "p", Query: "param"}, &pgproto3.Describe{ObjectType: 'S', Name: "p"},
		&pgproto3.Bind{PreparedStatement: "p", Parameters: [][]byte{[]byte("7")}, ResultFormatCodes: []int16{1}},
		&pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{}, &pgproto3.Close{ObjectType: 'S', Name: "p"}, &pgproto3.Sync{})
	c.expect(`
ParseComplete
ParameterDescription [23]
RowDescription n:23:0
BindComplete
RowDescription n:23:1
DataRow "\x00\x00\x00\a"
CommandComplete SELECT 1
CloseComplete
ReadyForQuery I`)

	// Row limits, and a portal that goes on after Flush.
	c.send(&pgproto3.Parse{Query: "row 5"}, &pgproto3.Bind{DestinationPortal: "c"},
		&pgproto3.Execute{Portal: "c", MaxRows: 4}, &pgproto3.Flush{})
	if got := c.until("PortalSuspended"); !strings.HasSuffix(got, "DataRow \"3\" NULL\nPortalSuspended") {
		t.Error(got)
	}
	c.send(&pgproto3.Execute{Portal: "c"}, &pgproto3.Sync{})
	c.expect("DataRow \"4\" \"t\"\nCommandComplete SELECT 5\nReadyForQuery I")

	// An error skips to Sync, and to no further.
	c.send(&pgproto3.Parse{Query: "fail 23505"}, &pgproto3.Bind{}, &pgproto3.Execute{},
		&pgproto3.Parse{Query: "row 1"}, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Query{String: "row 1"}, &pgproto3.Sync{},
		&pgproto3.Parse{Query: "row 0"}, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Sync{})
	c.expect("ParseComplete\nBindComplete\nERROR 23505 failed as asked\nReadyForQuery I")
	c.expect("ParseComplete\nBindComplete\nCommandComplete SELECT 0\nReadyForQuery I")

	// Errors that the session never sees make its transaction fail all the same.
	for _, m := range []struct {
		name, raw, want string
	}{
		{"subtype", "D\x00\x00\x00\x06X\x00", "ERROR 08P01 invalid DESCRIBE message subtype 88"},
		{"close subtype", "C\x00\x00\x00\x06X\x00", "ERROR 08P01 invalid CLOSE message subtype 88"},
		{"bind", "B\x00\x00\x00\x05\x00", "ERROR 08P01 invalid string in message"},
		{"format", encoded(&pgproto3.Bind{PreparedStatement: "p", ParameterFormatCodes: []int16{2}, Parameters: [][]byte{nil}}), "ERROR 22023 unsupported format code: 2"},
		{"parameter", encoded(&pgproto3.Bind{PreparedStatement: "p", Parameters: [][]byte{{0xfe}}}), "ERROR 22021 invalid byte sequence for encoding \"UTF8\": 0xfe"},
		{"execute", "E\x00\x00\x00\x05\x00", "ERROR 08P01 insufficient data left in message"},
		{"flush", "H\x00\x00\x00\x05x", "ERROR 08P01 invalid message format"},
	} {
		if got := c.query("begin"); !strings.HasSuffix(got, "ReadyForQuery T") {
			t.Fatal(got)
		}
		c.sendRaw(m.raw)
		c.send(&pgproto3.Sync{})
		if got := c.until("ReadyForQuery"); got != m.want+"\nReadyForQuery E" {
			t.Errorf("%s: got\n%s", m.name, got)
		}
		c.query("commit")
	}

	c.send(&pgproto3.FunctionCall{Function: 1})
	c.expect("ERROR 0A000 the function call message of the protocol is not supported\nReadyForQuery I")
	c.send(&pgproto3.CopyData{Data: []byte("x")}, &pgproto3.CopyDone{}, &pgproto3.CopyFail{}, &pgproto3.Sync{})
	c.expect("ReadyForQuery I")
	c.send(&pgproto3.Terminate{})
	if got := c.next(); got != "closed" {
		t.Error(got)
	}
	<-b.closed
}

func encoded(m pgproto3.FrontendMessage) string {
	b, err := m.Encode(nil)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestCopyIn(t *testing.T) {
	_, _, addr := startServer(t, "tcp", Options{})
	c := dial(t, addr)
	start := func() {
		c.send(&pgproto3.Query{String: "copyin"})
		if got := c.next(); got != "CopyInResponse" {
			t.Fatal(got)
		}
	}
	start()
	c.send(&pgproto3.CopyData{Data: make([]byte, 100000)}, &pgproto3.Flush{}, &pgproto3.Sync{}, &pgproto3.CopyData{Data: []byte("abc")}, &pgproto3.CopyDone{})
	c.expect("CommandComplete COPY 100003\nReadyForQuery I")
	start()
	c.send(&pgproto3.CopyData{Data: []byte("abc")}, &pgproto3.CopyFail{Message: "stop"})
	c.expect("ERROR 57014 COPY from stdin failed: stop\nReadyForQuery I")
	start()
	c.send(&pgproto3.Parse{Query: "row 1"})
	c.expect("ERROR 08P01 unexpected message type 0x50 during COPY from stdin\nReadyForQuery I")

	// A server-side error ends the COPY at once; the rest of the data is dropped.
	c.send(&pgproto3.Query{String: "copyin fail"}, &pgproto3.CopyData{Data: []byte("a")}, &pgproto3.CopyData{Data: []byte("b")},
		&pgproto3.CopyDone{}, &pgproto3.Query{String: "row 0"})
	c.expect("CopyInResponse\nERROR 22P04 bad data\nReadyForQuery I")
	c.expect("RowDescription n:23:0 t:25:0\nCommandComplete SELECT 0\nReadyForQuery I")

	// In the extended protocol the Sync that counts is the one after the COPY.
	c.send(&pgproto3.Parse{Query: "copyin"}, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Sync{},
		&pgproto3.CopyData{Data: []byte("abc")}, &pgproto3.CopyDone{}, &pgproto3.Sync{})
	c.expect("ParseComplete\nBindComplete\nCopyInResponse\nCommandComplete COPY 3\nReadyForQuery I")
}

// Results of any size pass through a bounded buffer.
func TestBigResult(t *testing.T) {
	_, _, addr := startServer(t, "tcp", Options{})
	c := dial(t, addr)
	c.send(&pgproto3.Query{String: "big 5000"})
	rows := 0
	for {
		m, err := c.fe.Receive()
		if err != nil {
			t.Fatal(err)
		}
		switch m := m.(type) {
		case *pgproto3.DataRow:
			if len(m.Values[1]) != 1000 {
				t.Fatalf("row %d is cut", rows)
			}
			rows++
		case *pgproto3.ReadyForQuery:
			if rows != 5000 {
				t.Errorf("%d rows", rows)
			}
			return
		}
	}
}

// What cannot be framed ends the connection with an error.
func TestBrokenStream(t *testing.T) {
	_, b, addr := startServer(t, "tcp", Options{})
	for _, m := range []struct{ name, raw, want string }{
		{"unknown type", "\x00\x00\x00\x00\x04", "FATAL 08P01 invalid frontend message type 0\nclosed"},
		{"oversized", "Q\x7f\xff\xff\xff", "FATAL 08P01 invalid message length\nclosed"},
		{"oversized sync", "S\x00\x01\x00\x00", "FATAL 08P01 invalid message length\nclosed"},
		{"short", "Q\x00\x00\x00\x00", "FATAL 08P01 invalid message length\nclosed"},
	} {
		c := dial(t, addr)
		c.sendRaw(m.raw)
		if got := c.until("ReadyForQuery"); got != m.want {
			t.Errorf("%s: got\n%s", m.name, got)
		}
		<-b.closed
	}
	// A client that goes in the middle of a message is simply gone.
	c := dial(t, addr)
	c.sendRaw("Q\x00\x00\x01\x00sel")
	c.nc.Close()
	<-b.closed
}

func startupPacket(code uint32, body string) string {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)+8))
	return string(binary.BigEndian.AppendUint32(b, code)) + body
}

func TestStartup(t *testing.T) {
	_, _, addr := startServer(t, "tcp", Options{})
	for _, m := range []struct{ name, raw, want string }{
		{"no user", startupPacket(3<<16, "database\x00d\x00\x00"), "FATAL 28000 no PostgreSQL user name specified in startup packet"},
		{"version 2", startupPacket(2<<16, ""), "FATAL 0A000 unsupported frontend protocol 2.0: server supports 3.0 to 3.0"},
		{"version 4", startupPacket(4<<16, ""), "FATAL 0A000 unsupported frontend protocol 4.0: server supports 3.0 to 3.0"},
		{"layout", startupPacket(3<<16, "user\x00u"), "FATAL 08P01 invalid startup packet layout: expected terminator as last byte"},
		{"too long", "\x00\x00\x27\x15", "FATAL 08P01 invalid length of startup packet"},
		{"too short", "\x00\x00\x00\x03", "FATAL 08P01 invalid length of startup packet"},
		{"http", "GET / HTTP/1.1\r\n\r\n", "FATAL 08P01 invalid length of startup packet"},
		{"database", startupPacket(3<<16, "user\x00u\x00database\x00missing\x00\x00"), "AuthenticationOk\nFATAL 3D000 database \"missing\" does not exist"},
		{"replication", startupPacket(3<<16, "user\x00u\x00replication\x00database\x00\x00"), "FATAL 0A000 the replication protocol is not supported"},
		{"panic", startupPacket(3<<16, "user\x00u\x00database\x00panic\x00\x00"), "FATAL XX000 internal error; this connection ends"},
	} {
		c := newClient(t, dialRaw(t, addr))
		c.sendRaw(m.raw)
		if got := c.until("ReadyForQuery"); got != m.want+"\nclosed" {
			t.Errorf("%s: got\n%s", m.name, got)
		}
	}

	// Encryption requests are answered once each, in any order, before the startup packet.
	c := newClient(t, dialRaw(t, addr))
	one := make([]byte, 1)
	for _, code := range []uint32{1234<<16 | 5680, 1234<<16 | 5679} {
		c.sendRaw(startupPacket(code, ""))
		if _, err := c.nc.Read(one); err != nil || one[0] != 'N' {
			t.Fatalf("%q %v", one, err)
		}
	}
	c.sendRaw(startupPacket(3<<16|2, "user\x00u\x00_pq_.tarn\x001\x00\x00"))
	m, err := c.fe.Receive()
	if n, ok := m.(*pgproto3.NegotiateProtocolVersion); !ok || len(n.UnrecognizedOptions) != 1 {
		t.Fatalf("%+v %v", m, err)
	}
	c.expect("AuthenticationOk\nParameterStatus server_version 15.0\nParameterStatus server_encoding UTF8\nParameterStatus client_encoding UTF8\n" +
		"ParameterStatus integer_datetimes on\nParameterStatus standard_conforming_strings on\nBackendKeyData\nReadyForQuery I")
}

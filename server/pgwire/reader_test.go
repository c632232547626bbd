package pgwire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/tarndb/tarn/sql/pgerr"
)

func frame(typ byte, body string) []byte {
	b := append([]byte{typ}, binary.BigEndian.AppendUint32(nil, uint32(len(body)+4))...)
	return append(b, body...)
}

// The same bytes give the same messages however the network cuts them.
func TestReaderIsIndifferentToCuts(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	var stream []byte
	want := []struct {
		typ  byte
		body string
	}{{'Q', "select 1\x00"}, {'S', ""}, {'d', long}, {'B', strings.Repeat("y", smallBuf)}, {'X', ""}}
	for _, w := range want {
		stream = append(stream, frame(w.typ, w.body)...)
	}
	sources := map[string]io.Reader{
		"whole":     bytes.NewReader(stream),
		"halves":    iotest.HalfReader(bytes.NewReader(stream)),
		"bytes":     iotest.OneByteReader(bytes.NewReader(stream)),
		"data+err":  iotest.DataErrReader(bytes.NewReader(stream)),
		"bulk":      bytes.NewReader(stream),
		"socket":    pipeThrough(t, "tcp", stream),
		"unix":      pipeThrough(t, "unix", stream),
		"synchrone": pipeThrough(t, "", stream),
	}
	for name, src := range sources {
		t.Run(name, func(t *testing.T) {
			r := NewReader(src)
			r.Bulk(name == "bulk")
			for i, w := range want {
				typ, body, err := r.Next()
				if err != nil || typ != w.typ || string(body) != w.body {
					t.Fatalf("message %d: %c, %d bytes, %v; want %c, %d bytes", i, typ, len(body), err, w.typ, len(w.body))
				}
			}
			if _, _, err := r.Next(); err != io.EOF {
				t.Fatalf("at the end: %v", err)
			}
		})
	}
}

// pipeThrough sends b over a socket of the given network (or a net.Pipe) and closes it.
func pipeThrough(t *testing.T, network string, b []byte) net.Conn {
	var c, s net.Conn
	if network == "" {
		c, s = net.Pipe()
	} else {
		addr := "127.0.0.1:0"
		if network == "unix" {
			addr = t.TempDir() + "/s"
		}
		l, err := net.Listen(network, addr)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if c, err = net.Dial(network, l.Addr().String()); err != nil {
			t.Fatal(err)
		}
		if s, err = l.Accept(); err != nil {
			t.Fatal(err)
		}
	}
	go func() {
		c.Write(b)
		c.Close()
	}()
	t.Cleanup(func() { s.Close() })
	return s
}

func TestReaderRefuses(t *testing.T) {
	head := func(typ byte, n uint32) string {
		return string(binary.BigEndian.AppendUint32([]byte{typ}, n))
	}
	for _, c := range []struct{ name, in, want string }{
		{"unknown type", head('z', 4), "FATAL: invalid frontend message type 122 (SQLSTATE 08P01)"},
		{"zero type", head(0, 4), "FATAL: invalid frontend message type 0 (SQLSTATE 08P01)"},
		{"length below itself", head('Q', 3), "FATAL: invalid message length (SQLSTATE 08P01)"},
		{"negative length", head('Q', 0xffffffff), "FATAL: invalid message length (SQLSTATE 08P01)"},
		{"query over 1 GB", head('Q', 1<<30), "FATAL: invalid message length (SQLSTATE 08P01)"},
		{"long sync", head('S', 10001), "FATAL: invalid message length (SQLSTATE 08P01)"},
		{"cut header", "Q\x00\x00", "unexpected EOF"},
		{"cut body", head('Q', 100) + "select", "unexpected EOF"},
		{"nothing", "", "EOF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := NewReader(strings.NewReader(c.in)).Next()
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// A claimed length alone makes the reader allocate next to nothing.
func TestReaderGrowsWithDataNotWithClaims(t *testing.T) {
	in := append(binary.BigEndian.AppendUint32([]byte{'Q'}, 1<<30-2), make([]byte, 100_000)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _, err := NewReader(bytes.NewReader(in)).Next()
	runtime.ReadMemStats(&after)
	if err != io.ErrUnexpectedEOF {
		t.Fatal(err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("%d bytes allocated for 100000 that arrived", got)
	}
}

// A long message that was given away stays as it is while others are read; a short one, and one with another behind it in its buffer, is
// not given away.
func TestReaderOwn(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	r := NewReader(io.MultiReader(bytes.NewReader(frame('Q', long+"\x00")), bytes.NewReader(frame('Q', strings.Repeat("y", 1<<20)+"\x00")),
		bytes.NewReader(append(frame('Q', "z\x00"), frame('S', "")...))))
	_, kept, err := r.Next()
	if err != nil || !r.Own() {
		t.Fatalf("not given away: %v", err)
	}
	for i, want := range []struct {
		typ byte
		n   int
		own bool
	}{{'Q', 1<<20 + 1, true}, {'Q', 2, false}, {'S', 0, false}} {
		typ, body, err := r.Next()
		if err != nil || typ != want.typ || len(body) != want.n {
			t.Fatalf("message %d: %c of %d bytes, %v", i, typ, len(body), err)
		}
		if own := r.Own(); own != want.own {
			t.Errorf("message %d given away: %v", i, own)
		}
	}
	if string(kept) != long+"\x00" {
		t.Error("the message changed")
	}
}

// A deadline in the middle of a message loses nothing.
func TestReaderResumesAfterDeadline(t *testing.T) {
	c, s := net.Pipe()
	defer s.Close()
	defer c.Close()
	r := NewReader(s)
	msg := frame('Q', "select 1\x00")
	sent := make(chan struct{})
	go func() {
		c.Write(msg[:7])
		close(sent)
	}()
	for r.Buffered() < 7 {
		s.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, _, err := r.Next(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
	}
	<-sent
	s.SetReadDeadline(time.Time{})
	go c.Write(msg[7:])
	typ, body, err := r.Next()
	if typ != 'Q' || string(body) != "select 1\x00" || err != nil {
		t.Fatalf("%c %q %v", typ, body, err)
	}
}

// An idle reader on a socket holds no buffer.
func TestIdleReaderHoldsNoBuffer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := NewReader(s)
	c.Write(frame('S', ""))
	if _, _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	s.SetReadDeadline(time.Now().Add(time.Millisecond))
	if _, _, err := r.Next(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	if r.buf != nil {
		t.Error("the buffer is still held")
	}
}

// Whatever arrives, the reader and the decoders return; they neither panic nor read outside of the message.
func FuzzReader(f *testing.F) {
	var seed []byte
	for _, m := range []pgproto3.FrontendMessage{
		&pgproto3.Query{String: "select 1"},
		&pgproto3.Parse{Name: "s", Query: "select $1", ParameterOIDs: []uint32{23}},
		&pgproto3.Bind{PreparedStatement: "s", ParameterFormatCodes: []int16{1}, Parameters: [][]byte{{0, 0, 0, 1}, nil}[:1], ResultFormatCodes: []int16{0, 1}},
		&pgproto3.Describe{ObjectType: 'S', Name: "s"}, &pgproto3.Execute{MaxRows: 3}, &pgproto3.Close{ObjectType: 'P'},
		&pgproto3.CopyData{Data: []byte("1\t2\n")}, &pgproto3.CopyFail{Message: "no"}, &pgproto3.CopyDone{},
		&pgproto3.Sync{}, &pgproto3.Flush{}, &pgproto3.Terminate{},
	} {
		b, err := m.Encode(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		seed = append(seed, b...)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, in []byte) {
		r := NewReader(iotest.HalfReader(bytes.NewReader(in)))
		var bind Bind
		var parse Parse
		for {
			typ, body, err := r.Next()
			if err != nil {
				return
			}
			switch typ {
			case MsgBind:
				if bind.Decode(body) == nil {
					checkBind(t, &bind, body)
				}
				bind.Forget()
			case MsgParse:
				if parse.Decode(body) == nil {
					CheckUTF8(parse.Query)
				}
			case MsgExecute:
				DecodeExecute(body)
			case MsgDescribe, MsgClose:
				DecodeTarget(body)
			case MsgQuery, MsgCopyFail:
				DecodeString(body)
			default:
				DecodeEmpty(body)
			}
			DecodeSASLInitial(body)
		}
	})
}

// checkBind compares with pgx's decoder, which accepts all that ours does.
func checkBind(t *testing.T, b *Bind, body []byte) {
	var p pgproto3.Bind
	if err := p.Decode(append([]byte(nil), body...)); err != nil {
		t.Fatalf("pgproto3 refuses %q: %v", body, err)
	}
	if p.DestinationPortal != string(b.Portal) || p.PreparedStatement != string(b.Statement) || len(p.Parameters) != len(b.Params) {
		t.Fatalf("%+v differs from %+v", b, p)
	}
	for i := range p.Parameters {
		if !bytes.Equal(p.Parameters[i], b.Params[i]) || (p.Parameters[i] == nil) != (b.Params[i] == nil) {
			t.Fatalf("parameter %d: %q differs from %q", i, b.Params[i], p.Parameters[i])
		}
	}
}

func FuzzStartup(f *testing.F) {
	f.Add([]byte("\x00\x03\x00\x00user\x00u\x00database\x00d\x00\x00"))
	f.Add([]byte("\x00\x03\x00\x02user\x00u\x00_pq_.x\x00y\x00\x00"))
	f.Add([]byte("\x00\x02\x00\x00"))
	f.Add([]byte("\x04\xd2\x16\x2e\x00\x00\x00\x01\x00\x00\x00\x02"))
	f.Fuzz(func(t *testing.T, packet []byte) {
		r := NewReader(bytes.NewReader(append(binary.BigEndian.AppendUint32(nil, uint32(len(packet)+4)), packet...)))
		b, err := r.NextStartup()
		if err != nil {
			if len(packet) >= 4 && len(packet)+4 <= maxStartupLen {
				t.Fatal(err)
			}
			return
		}
		DecodeCancel(b)
		s, err := DecodeStartup(b)
		if err == nil && b[len(b)-1] != 0 {
			t.Errorf("accepted %q as %+v", b, s)
		}
		if err != nil && pgerr.From(err).Severity != pgerr.SeverityFatal {
			t.Errorf("%v is not fatal", err)
		}
	})
}

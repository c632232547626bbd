package conn

import (
	"context"
	"io"
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/tarndb/tarn/server/auth"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// selectSession answers every Execute with one int4 row: what is left is the connection's own cost.
type selectSession struct {
	fakeSession
	cols []Column
	row  [1]tuple.Value
	n    int64
}

func (s *selectSession) Bind(ctx context.Context, portal, stmt string, pf []int16, params [][]byte, rf []int16, out Output) error {
	for _, p := range params {
		for _, c := range p {
			s.n = s.n*10 + int64(c-'0')
		}
	}
	return nil
}

func (s *selectSession) DescribePortal(ctx context.Context, name string, out Output) error {
	out.RowDescription(s.cols, nil)
	return nil
}

func (s *selectSession) Execute(ctx context.Context, portal string, maxRows int, out Output) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := out.Shape(s.cols, nil, nil); err != nil {
		return err
	}
	s.row[0] = tuple.Int(s.n & 0xffff)
	s.n = 0
	if err := out.Row(s.row[:]); err != nil {
		return err
	}
	out.CommandComplete("SELECT 1")
	return nil
}

func (s *selectSession) Simple(ctx context.Context, sql string, out Output) error {
	out.RowDescription(s.cols, nil)
	return s.Execute(ctx, "", 0, out)
}

func (s *selectSession) Parse(ctx context.Context, name, sql string, types []uint32, out Output) error {
	return nil
}

type selectBackend struct{ fake *fakeBackend }

func (b selectBackend) Connect(ctx context.Context, s Startup) (Session, error) {
	return &selectSession{fakeSession: fakeSession{b: b.fake, start: s, tx: 'I'},
		cols: []Column{{Name: "abalance", TypeOID: types.Int4, TypeSize: 4, TypeMod: -1}}}, nil
}

func (b selectBackend) Password(context.Context, string, string) (auth.Secret, error) {
	return auth.Secret{}, nil
}

// One round trip of a prepared point select, as pgbench -M prepared -S sends it: Bind, Describe, Execute, Sync in
// one packet. The time holds both sides' system calls and wake-ups; the allocations are the server's.
func BenchmarkPointSelect(b *testing.B) {
	for _, network := range []string{"unix", "tcp", "pipe"} {
		b.Run(network, func(b *testing.B) { benchPointSelect(b, network) })
	}
}

func benchPointSelect(b *testing.B, network string) {
	s, err := New(Options{Backend: selectBackend{newFakeBackend()}})
	if err != nil {
		b.Fatal(err)
	}
	var nc net.Conn
	if network == "pipe" {
		server, client := net.Pipe()
		s.accept(server)
		nc = client
	} else {
		addr := "127.0.0.1:0"
		if network == "unix" {
			addr = b.TempDir() + "/s"
		}
		l, err := net.Listen(network, addr)
		if err != nil {
			b.Fatal(err)
		}
		go s.Serve(l)
		if nc, err = net.Dial(network, l.Addr().String()); err != nil {
			b.Fatal(err)
		}
	}
	defer s.Shutdown(context.Background())
	defer nc.Close()
	c := newClient(b, nc)
	c.send(&pgproto3.StartupMessage{ProtocolVersion: 3 << 16, Parameters: map[string]string{"user": "u"}})
	c.until("ReadyForQuery")
	request := encodeAll(b, &pgproto3.Bind{PreparedStatement: "P0_1", Parameters: [][]byte{[]byte("12345")}, ResultFormatCodes: []int16{0}},
		&pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{}, &pgproto3.Sync{})
	const replyLen = 5 /* BindComplete */ + 34 /* RowDescription */ + 16 /* DataRow */ + 14 /* CommandComplete */ + 6
	reply := make([]byte, replyLen)
	round := func() {
		if _, err := nc.Write(request); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(nc, reply); err != nil {
			b.Fatal(err)
		}
		if reply[replyLen-6] != 'Z' {
			b.Fatalf("unexpected reply %q", reply)
		}
	}
	round()
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		round()
	}
}

// The connection itself allocates nothing for a point select.
func TestPointSelectAllocations(t *testing.T) {
	if r := testing.Benchmark(func(b *testing.B) { benchPointSelect(b, "unix") }); r.AllocsPerOp() > 0 {
		t.Errorf("%d allocations, %d bytes", r.AllocsPerOp(), r.AllocedBytesPerOp())
	}
}

func encodeAll(t testing.TB, msgs ...pgproto3.FrontendMessage) []byte {
	var b []byte
	for _, m := range msgs {
		var err error
		if b, err = m.Encode(b); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// BenchmarkPipeline keeps the connection busy with many round trips in each packet, so that system calls and
// wake-ups hardly count: what is left is the cost of parsing, dispatch and encoding per point select.
func BenchmarkPipeline(b *testing.B) {
	server, client := net.Pipe()
	s, err := New(Options{Backend: selectBackend{newFakeBackend()}})
	if err != nil {
		b.Fatal(err)
	}
	s.accept(server)
	defer s.Shutdown(context.Background())
	defer client.Close()
	c := newClient(b, client)
	c.send(&pgproto3.StartupMessage{ProtocolVersion: 3 << 16, Parameters: map[string]string{"user": "u"}})
	c.until("ReadyForQuery")
	one := encodeAll(b, &pgproto3.Bind{PreparedStatement: "P0_1", Parameters: [][]byte{[]byte("12345")}, ResultFormatCodes: []int16{0}},
		&pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{})
	const batch = 50
	var request []byte
	for i := 0; i < batch; i++ {
		request = append(request, one...)
	}
	request = append(request, encodeAll(b, &pgproto3.Sync{})...)
	const replyLen = batch*(5+34+16+14) + 6
	reply := make([]byte, replyLen)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i += batch {
		go client.Write(request)
		if _, err := io.ReadFull(client, reply); err != nil {
			b.Fatal(err)
		}
	}
}

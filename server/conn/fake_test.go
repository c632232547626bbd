package conn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tarndb/tarn/server/auth"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// fakeBackend serves a handful of statements that show what a connection does with a session:
//
//	row N            N rows of (int4, text)
//	param            one int4 column: its parameter, as text
//	fail CODE        an error
//	fatal            a FATAL error
//	panic            a panic
//	wait             returns when its context ends, with the cause
//	big N            N rows of 1 kB
//	begin, commit    transaction block
//	copyin, copyout N
//	notice           a notice, then 0 rows
//	set VALUE        reports TimeZone twice
//	notify           calls Startup.Notify from another goroutine
//	(nothing)        empty query
type fakeBackend struct {
	mu       sync.Mutex
	secrets  map[string]auth.Secret
	sessions map[uint32]*fakeSession
	waiting  chan uint32 // PIDs whose "wait" has begun
	waited   chan error  // and how it ended
	closed   chan uint32
	idle     time.Duration // IdleLimit outside of transaction blocks
}

func newFakeBackend() *fakeBackend {
	return &fakeBackend{secrets: map[string]auth.Secret{}, sessions: map[uint32]*fakeSession{},
		waiting: make(chan uint32, 100), waited: make(chan error, 100), closed: make(chan uint32, 5000)}
}

func (b *fakeBackend) Connect(ctx context.Context, s Startup) (Session, error) {
	switch s.Database {
	case "missing":
		return nil, pgerr.New(pgerr.UndefinedDatabase, `database "missing" does not exist`)
	case "panic":
		panic("connect")
	}
	f := &fakeSession{b: b, start: s, tx: 'I', stmts: map[string]string{}, portals: map[string]*fakePortal{}}
	b.mu.Lock()
	b.sessions[s.PID] = f
	b.mu.Unlock()
	return f, nil
}

func (b *fakeBackend) Password(ctx context.Context, user, database string) (auth.Secret, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.secrets[user], nil
}

type fakePortal struct {
	sql     string
	params  []string
	formats []int16
	sent    int
}

type fakeSession struct {
	b        *fakeBackend
	start    Startup
	tx       byte
	implicit bool // statements since the last Sync
	failed   bool
	syncs    int
	stmts    map[string]string
	portals  map[string]*fakePortal
	vals     [2]tuple.Value
}

var fakeCols = []Column{{Name: "n", TypeOID: types.Int4, TypeSize: 4, TypeMod: -1}, {Name: "t", TypeOID: types.Text, TypeSize: -1, TypeMod: -1}}

func (s *fakeSession) ParameterStatus() []KV {
	return []KV{{"server_version", "15.0"}, {"server_encoding", "UTF8"}, {"client_encoding", "UTF8"}, {"integer_datetimes", "on"}, {"standard_conforming_strings", "on"}}
}

func (s *fakeSession) Simple(ctx context.Context, sql string, out Output) error {
	parts := strings.Split(sql, ";")
	for i, q := range parts {
		if strings.TrimSpace(q) == "" && (i > 0 || len(parts) > 1) {
			continue
		}
		if err := s.run(ctx, &fakePortal{sql: q}, 0, out, true); err != nil {
			s.Fail()
			return err
		}
	}
	return nil
}

func cols(sql string) []Column {
	switch word, _, _ := strings.Cut(strings.TrimSpace(sql), " "); word {
	case "row", "big":
		return fakeCols
	case "param":
		return fakeCols[:1]
	}
	return nil
}

func (s *fakeSession) run(ctx context.Context, p *fakePortal, maxRows int, out Output, describe bool) error {
	word, arg, _ := strings.Cut(strings.TrimSpace(p.sql), " ")
	n, _ := strconv.Atoi(arg)
	if s.tx == 'E' && word != "commit" {
		return pgerr.New(pgerr.InFailedSQLTransaction, "current transaction is aborted, commands ignored until end of transaction block")
	}
	if c := cols(p.sql); c != nil {
		if describe {
			out.RowDescription(c, p.formats)
		}
		if err := out.Shape(c, p.formats, nil); err != nil {
			return err
		}
	}
	switch word {
	case "":
		out.EmptyQuery()
		return nil
	case "row":
		for sent := 0; p.sent < n; p.sent++ {
			if maxRows > 0 && sent == maxRows {
				out.PortalSuspended()
				return nil
			}
			s.vals = [2]tuple.Value{tuple.Int(int64(p.sent)), tuple.String("t")}
			if p.sent == 3 {
				s.vals[1] = tuple.Null
			}
			if err := out.Row(s.vals[:]); err != nil {
				return err
			}
			sent++
		}
		out.CommandComplete("SELECT " + arg)
	case "big":
		for i := 0; i < n; i++ {
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			if err := out.Row([]tuple.Value{tuple.Int(int64(i)), tuple.String(strings.Repeat("x", 1000))}); err != nil {
				return err
			}
		}
		out.CommandComplete("SELECT " + arg)
	case "param":
		v, err := strconv.Atoi(p.params[0])
		if err != nil {
			return pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type integer: %q", p.params[0])
		}
		s.vals[0] = tuple.Int(int64(v))
		if err := out.Row(s.vals[:1]); err != nil {
			return err
		}
		out.CommandComplete("SELECT 1")
	case "fail":
		return pgerr.New(arg, "failed as asked")
	case "fatal":
		return pgerr.Fatal(pgerr.AdminShutdown, "as asked")
	case "plain":
		return errors.New("something internal")
	case "panic":
		panic("as asked")
	case "wait":
		s.b.waiting <- s.start.PID
		<-ctx.Done()
		err := context.Cause(ctx)
		s.b.waited <- err
		return err
	case "begin":
		s.tx = 'T'
		out.CommandComplete("BEGIN")
	case "commit":
		s.tx = 'I'
		out.CommandComplete("COMMIT")
	case "notice":
		out.Notice(pgerr.Notice(pgerr.SeverityNotice, "", "look here"))
		out.CommandComplete("SELECT 0")
	case "set":
		out.ParameterStatus("TimeZone", "first")
		out.ParameterStatus("TimeZone", arg)
		out.CommandComplete("SET")
	case "notify":
		go s.start.Notify()
		out.CommandComplete("NOTIFY")
	case "copyin":
		r, err := out.CopyIn(0, []int16{0, 0})
		if err != nil {
			return err
		}
		total := 0
		for {
			b, err := r.Next()
			if err == io.EOF {
				out.CommandComplete(fmt.Sprintf("COPY %d", total))
				return nil
			}
			if err != nil {
				return err
			}
			if arg == "fail" {
				return pgerr.New(pgerr.BadCopyFileFormat, "bad data")
			}
			total += len(b)
		}
	case "copyout":
		w := out.CopyOut(0, []int16{0})
		for i := 0; i < n; i++ {
			if _, err := fmt.Fprintf(w, "line %d\n", i); err != nil {
				return err
			}
		}
		if err := w.Close(); err != nil {
			return err
		}
		out.CommandComplete("COPY " + arg)
	default:
		return pgerr.New(pgerr.SyntaxError, "syntax error at or near %q", word).WithPosition(1)
	}
	return nil
}

func (s *fakeSession) Parse(ctx context.Context, name, sql string, paramTypes []uint32, out Output) error {
	s.implicit = true
	s.stmts[name] = sql
	return nil
}

func (s *fakeSession) Bind(ctx context.Context, portal, stmt string, pf []int16, params [][]byte, rf []int16, out Output) error {
	s.implicit = true
	sql, ok := s.stmts[stmt]
	if !ok {
		s.Fail()
		return pgerr.New(pgerr.UndefinedPstatement, "prepared statement %q does not exist", stmt)
	}
	p := s.portals[portal]
	if p == nil {
		p = &fakePortal{}
		s.portals[portal] = p
	}
	p.sql, p.sent = sql, 0
	p.formats = append(p.formats[:0], rf...)
	p.params = p.params[:0]
	for _, v := range params {
		p.params = append(p.params, string(v))
	}
	return nil
}

func (s *fakeSession) DescribeStatement(ctx context.Context, name string, out Output) error {
	sql, ok := s.stmts[name]
	if !ok {
		s.Fail()
		return pgerr.New(pgerr.UndefinedPstatement, "prepared statement %q does not exist", name)
	}
	var oids []uint32
	if sql == "param" {
		oids = []uint32{types.Int4}
	}
	out.ParameterDescription(oids)
	if c := cols(sql); c != nil {
		out.RowDescription(c, nil)
	} else {
		out.NoData()
	}
	return nil
}

func (s *fakeSession) DescribePortal(ctx context.Context, name string, out Output) error {
	p := s.portals[name]
	if p == nil {
		s.Fail()
		return pgerr.New(pgerr.UndefinedCursor, "portal %q does not exist", name)
	}
	if c := cols(p.sql); c != nil {
		out.RowDescription(c, p.formats)
	} else {
		out.NoData()
	}
	return nil
}

func (s *fakeSession) Execute(ctx context.Context, portal string, maxRows int, out Output) error {
	p := s.portals[portal]
	if p == nil {
		s.Fail()
		return pgerr.New(pgerr.UndefinedCursor, "portal %q does not exist", portal)
	}
	err := s.run(ctx, p, maxRows, out, false)
	if err != nil {
		s.Fail()
	}
	return err
}

func (s *fakeSession) CloseStatement(name string) { delete(s.stmts, name) }
func (s *fakeSession) ClosePortal(name string)    { delete(s.portals, name) }

func (s *fakeSession) Sync(ctx context.Context, out Output) error {
	s.syncs++
	s.implicit, s.failed = false, false
	return nil
}

func (s *fakeSession) Fail() {
	s.failed = true
	if s.tx == 'T' {
		s.tx = 'E'
	}
}

func (s *fakeSession) TxStatus() byte { return s.tx }

func (s *fakeSession) Notifications(out Output) { out.Notification(s.start.PID, "ch", "payload") }

func (s *fakeSession) IdleLimit() (time.Duration, *pgerr.Error) {
	if s.tx != 'I' || s.b.idle == 0 {
		return 0, nil
	}
	return s.b.idle, pgerr.Fatal(pgerr.IdleSessionTimeout, "terminating connection due to idle-session timeout")
}

func (s *fakeSession) Close() { s.b.closed <- s.start.PID }

// startServer serves a fake backend on a listener of the network until the test ends.
func startServer(t testing.TB, network string, opts Options) (*Server, *fakeBackend, string) {
	t.Helper()
	b, ok := opts.Backend.(*fakeBackend)
	if !ok {
		b = newFakeBackend()
		opts.Backend = b
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	s, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	var l net.Listener
	if network == "unix" {
		dir := t.TempDir()
		l, err = ListenUnix(dir, 5432)
	} else {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		s.Shutdown(ctx)
		if err := <-served; err != ErrServerClosed {
			t.Errorf("Serve: %v", err)
		}
	})
	return s, b, l.Addr().String()
}

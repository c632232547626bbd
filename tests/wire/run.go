package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Target is a server that scripts run against. Its host rules must trust this client.
type Target struct {
	Network, Addr  string // "unix", "/tmp/.s.PGSQL.5432" or "tcp", "127.0.0.1:5432"
	User, Database string
	Tarn           bool          // which of a script's differing replies count
	Patience       time.Duration // for one reply; 10 s
}

// Result of one script.
type Result struct {
	Diff    string // empty when every reply was as written
	Updated string // the script with the replies that came
}

// session is one connection of a script.
type session struct {
	nc       net.Conn
	fe       *pgproto3.Frontend
	pid      uint32
	key      []byte
	patience time.Duration
}

// Run plays a script. An error is a broken script or an unreachable server; what the server answers is the Result.
func Run(t Target, script string) (Result, error) {
	steps, err := parseScript(script)
	if err != nil {
		return Result{}, err
	}
	if t.Patience == 0 {
		t.Patience = 10 * time.Second
	}
	var all []*session
	defer func() {
		for _, s := range all {
			s.nc.Close()
		}
	}()
	var cur *session
	var diff, updated strings.Builder
	for _, st := range steps {
		var got []string
		switch st.verb {
		case "connect", "socket":
			s, replies, err := open(t, st)
			if err != nil {
				return Result{}, fmt.Errorf("line %d: %w", st.line, err)
			}
			cur, got = s, replies
			all = append(all, s)
		case "use":
			n, err := strconv.Atoi(st.args[0])
			if err != nil || n < 1 || n > len(all) {
				return Result{}, fmt.Errorf("line %d: no connection %s", st.line, st.args[0])
			}
			cur = all[n-1]
			got = cur.read(st)
		case "cancel":
			if got, err = cur.cancelAndRead(t, st); err != nil {
				return Result{}, fmt.Errorf("line %d: %w", st.line, err)
			}
		case "hangup":
			cur.nc.Close()
		case "":
			if cur == nil {
				if cur, _, err = open(t, &step{}); err != nil {
					return Result{}, err
				}
				all = append(all, cur)
			}
			var out []byte
			for _, m := range st.sends {
				out = append(out, m...)
			}
			cur.nc.SetDeadline(time.Now().Add(t.Patience))
			if _, err := cur.nc.Write(out); err == nil {
				got = cur.read(st)
			} else {
				got = append(cur.read(st), "cannot write")
			}
		default:
			return Result{}, fmt.Errorf("line %d: unknown directive %q", st.line, st.verb)
		}
		want := st.pg
		if t.Tarn {
			want = st.tarn
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			fmt.Fprintf(&diff, "line %d: %s\n", st.line, st.head[len(st.head)-1])
			for _, l := range want {
				fmt.Fprintf(&diff, "  want < %s\n", l)
			}
			for _, l := range got {
				fmt.Fprintf(&diff, "  got  < %s\n", l)
			}
		}
		st.write(&updated, got, t.Tarn)
	}
	return Result{Diff: diff.String(), Updated: updated.String()}, nil
}

// write renders a step with the replies that came.
func (st *step) write(b *strings.Builder, got []string, tarn bool) {
	for _, l := range st.head {
		b.WriteString(l + "\n")
	}
	pg, tn := got, st.tarn
	if tarn {
		pg, tn = st.pg, got
	}
	if !st.split && !tarn || strings.Join(pg, "\n") == strings.Join(tn, "\n") {
		for _, l := range got {
			b.WriteString("< " + l + "\n")
		}
	} else {
		for _, l := range pg {
			b.WriteString("<pg " + l + "\n")
		}
		for _, l := range tn {
			b.WriteString("<tarn " + l + "\n")
		}
	}
	for _, l := range st.tail {
		b.WriteString(l + "\n")
	}
}

// open connects; with "connect", the startup exchange's replies are returned when the step asks for any.
func open(t Target, st *step) (*session, []string, error) {
	nc, err := net.Dial(t.Network, t.Addr)
	if err != nil {
		return nil, nil, err
	}
	s := &session{nc: nc, fe: pgproto3.NewFrontend(nc, nc), patience: t.Patience}
	if st.verb == "socket" {
		return s, nil, nil
	}
	params := map[string]string{"user": t.User, "database": t.Database}
	for _, a := range st.args {
		k, v, _ := strings.Cut(a, "=")
		params[k] = v
	}
	s.fe.Send(&pgproto3.StartupMessage{ProtocolVersion: 3 << 16, Parameters: params})
	if err := s.fe.Flush(); err != nil {
		return nil, nil, err
	}
	replies := sortSettings(s.readReplies("", 1))
	if last := replies[len(replies)-1]; st.verb == "" && last != "ReadyForQuery I" {
		return nil, nil, errors.New("connect: " + strings.Join(replies, "; "))
	}
	if st.until == "" && len(st.pg) == 0 && len(st.tarn) == 0 && replies[len(replies)-1] == "ReadyForQuery I" {
		replies = nil // an ordinary connect that the script does not look at
	}
	return s, replies, nil
}

func (s *session) read(st *step) []string {
	if st.until == "-" || st.until == "" && st.ready == 0 {
		return nil
	}
	return sortSettings(s.readReplies(st.until, st.ready))
}

// sortSettings orders each run of ParameterStatus: their order is the server's own.
func sortSettings(replies []string) []string {
	from := -1
	for i := 0; i <= len(replies); i++ {
		switch {
		case i < len(replies) && strings.HasPrefix(replies[i], "ParameterStatus"):
			if from < 0 {
				from = i
			}
		case from >= 0:
			sort.Strings(replies[from:i])
			from = -1
		}
	}
	return replies
}

// readReplies reads up to the reply named until, or n ReadyForQuery, or the end ("EOF").
func (s *session) readReplies(until string, n int) []string {
	var got []string
	for {
		s.nc.SetDeadline(time.Now().Add(s.patience))
		m, err := s.fe.Receive()
		if err != nil {
			var ne net.Error
			switch {
			case errors.As(err, &ne) && ne.Timeout():
				return append(got, "nothing more")
			case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "reset by peer"):
				return append(got, "EOF")
			}
			return append(got, "unreadable: "+err.Error())
		}
		if k, ok := m.(*pgproto3.BackendKeyData); ok {
			s.pid, s.key = k.ProcessID, append([]byte(nil), k.SecretKey...)
		}
		text := replyText(m)
		got = append(got, text)
		if kind, _, _ := strings.Cut(text, " "); until != "" && kind == until {
			return got
		} else if kind == "ReadyForQuery" {
			if n--; until == "" && n <= 0 {
				return got
			}
		}
	}
}

// cancelAndRead sends cancel requests until the statement answers: one that comes before the statement runs is lost.
func (s *session) cancelAndRead(t Target, st *step) ([]string, error) {
	answered := make(chan []string, 1)
	go func() { answered <- s.readReplies(st.until, max(st.ready, 1)) }()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		if err := s.cancel(t); err != nil {
			return nil, err
		}
		select {
		case got := <-answered:
			return got, nil
		case <-retry.C:
		}
	}
}

func (s *session) cancel(t Target) error {
	nc, err := net.Dial(t.Network, t.Addr)
	if err != nil {
		return err
	}
	defer nc.Close()
	b := binary.BigEndian.AppendUint32(nil, uint32(12+len(s.key)))
	b = binary.BigEndian.AppendUint32(b, 1234<<16|5678)
	b = binary.BigEndian.AppendUint32(b, s.pid)
	if _, err := nc.Write(append(b, s.key...)); err != nil {
		return err
	}
	nc.SetDeadline(time.Now().Add(s.patience))
	nc.Read(make([]byte, 1)) // until the server has seen it and hung up
	return nil
}

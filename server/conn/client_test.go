package conn

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// client is a raw frontend whose replies are read as one line of text per message.
type client struct {
	t  testing.TB
	nc net.Conn
	fe *pgproto3.Frontend

	pid uint32
	key []byte
}

func dialRaw(t testing.TB, addr string) net.Conn {
	t.Helper()
	network := "tcp"
	if strings.HasPrefix(addr, "/") {
		network = "unix"
	}
	nc, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	nc.SetDeadline(time.Now().Add(20 * time.Second)) // a hanging test fails
	t.Cleanup(func() { nc.Close() })
	return nc
}

// dial connects and reads up to ReadyForQuery.
func dial(t testing.TB, addr string) *client {
	t.Helper()
	c := newClient(t, dialRaw(t, addr))
	c.send(&pgproto3.StartupMessage{ProtocolVersion: 3 << 16, Parameters: map[string]string{"user": "u", "database": "d"}})
	if got := c.until("ReadyForQuery"); !strings.HasSuffix(got, "ReadyForQuery I") {
		t.Fatalf("startup: %s", got)
	}
	return c
}

func newClient(t testing.TB, nc net.Conn) *client {
	return &client{t: t, nc: nc, fe: pgproto3.NewFrontend(nc, nc)}
}

func (c *client) send(msgs ...pgproto3.FrontendMessage) {
	c.t.Helper()
	for _, m := range msgs {
		c.fe.Send(m)
	}
	if err := c.fe.Flush(); err != nil {
		c.t.Fatal(err)
	}
}

// sendRaw sends bytes as they are.
func (c *client) sendRaw(s string) {
	c.t.Helper()
	if _, err := c.nc.Write([]byte(s)); err != nil {
		c.t.Fatal(err)
	}
}

// next is the next reply as text; "closed" at the end.
func (c *client) next() string {
	m, err := c.fe.Receive()
	if err != nil {
		if ne, ok := err.(net.Error); ok && ne.Timeout() {
			return "timeout"
		}
		return "closed"
	}
	switch m := m.(type) {
	case *pgproto3.ReadyForQuery:
		return fmt.Sprintf("ReadyForQuery %c", m.TxStatus)
	case *pgproto3.DataRow:
		var vals []string
		for _, v := range m.Values {
			if v == nil {
				vals = append(vals, "NULL")
			} else {
				vals = append(vals, fmt.Sprintf("%q", v))
			}
		}
		return "DataRow " + strings.Join(vals, " ")
	case *pgproto3.RowDescription:
		s := "RowDescription"
		for _, f := range m.Fields {
			s += fmt.Sprintf(" %s:%d:%d", f.Name, f.DataTypeOID, f.Format)
		}
		return s
	case *pgproto3.ParameterDescription:
		return fmt.Sprintf("ParameterDescription %v", m.ParameterOIDs)
	case *pgproto3.CommandComplete:
		return "CommandComplete " + string(m.CommandTag)
	case *pgproto3.ErrorResponse:
		return fmt.Sprintf("%s %s %s", m.Severity, m.Code, m.Message)
	case *pgproto3.NoticeResponse:
		return fmt.Sprintf("%s %s %s", m.Severity, m.Code, m.Message)
	case *pgproto3.ParameterStatus:
		return "ParameterStatus " + m.Name + " " + m.Value
	case *pgproto3.BackendKeyData:
		c.pid, c.key = m.ProcessID, m.SecretKey
		return "BackendKeyData"
	case *pgproto3.NotificationResponse:
		return "Notification " + m.Channel + " " + m.Payload
	case *pgproto3.CopyData:
		return fmt.Sprintf("CopyData %q", m.Data)
	case *pgproto3.AuthenticationSASL:
		return "AuthenticationSASL " + strings.Join(m.AuthMechanisms, " ")
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", m), "*pgproto3.")
}

// until reads replies up to the first that starts with what, or the end, and joins them.
func (c *client) until(what string) string {
	var all []string
	for {
		s := c.next()
		all = append(all, s)
		if strings.HasPrefix(s, what) || s == "closed" || s == "timeout" {
			return strings.Join(all, "\n")
		}
	}
}

// expect reads up to ReadyForQuery or the end and compares.
func (c *client) expect(want string) {
	c.t.Helper()
	if got := c.until("ReadyForQuery"); got != strings.TrimSpace(want) {
		c.t.Errorf("got\n%s\nwant\n%s", got, strings.TrimSpace(want))
	}
}

func (c *client) query(sql string) string {
	c.t.Helper()
	c.send(&pgproto3.Query{String: sql})
	return c.until("ReadyForQuery")
}

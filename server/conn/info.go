package conn

import (
	"net"
	"sort"
	"time"

	"github.com/tarndb/tarn/server/pgwire"
)

// Info is what the connection itself knows of a row of pg_stat_activity.
type Info struct {
	PID            uint32
	User, Database string
	RemoteAddr     net.Addr
	TLS            bool
	BackendStart   time.Time
	State          string // as pg_stat_activity.state: active, idle, idle in transaction, idle in transaction (aborted)
	StateChange    time.Time
}

// Connections lists the sessions, by PID.
func (s *Server) Connections() []Info {
	s.mu.Lock()
	conns := make([]*conn, 0, len(s.admitted))
	for _, c := range s.admitted {
		conns = append(conns, c)
	}
	s.mu.Unlock()
	rows := make([]Info, 0, len(conns))
	for _, c := range conns {
		rows = append(rows, c.info())
	}
	sort.Slice(rows, func(i, j int) bool { return rows[i].PID < rows[j].PID })
	return rows
}

// info reads startup without a lock: it does not change once the connection is admitted.
func (c *conn) info() Info {
	c.mu.Lock()
	defer c.mu.Unlock()
	st := c.startup
	in := Info{PID: st.PID, User: st.User, Database: st.Database, RemoteAddr: st.RemoteAddr, TLS: st.TLS,
		BackendStart: c.started, StateChange: c.mu.since, State: "active"}
	if c.mu.phase == phaseIdle {
		switch c.mu.tx {
		case pgwire.TxBlock:
			in.State = "idle in transaction"
		case pgwire.TxFailed:
			in.State = "idle in transaction (aborted)"
		default:
			in.State = "idle"
		}
	}
	return in
}

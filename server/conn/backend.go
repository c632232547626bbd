package conn

import (
	"context"
	"net"
	"time"

	"github.com/tarndb/tarn/server/auth"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Backend makes sessions.
type Backend interface {
	// Connect opens a session; the client is authenticated already. An error reaches the client as FATAL with its
	// SQLSTATE (3D000, 28000, …).
	Connect(ctx context.Context, s Startup) (Session, error)
	// Password returns the SCRAM verifier of a user, the zero Secret for a user that has none or does not exist.
	Password(ctx context.Context, user, database string) (auth.Secret, error)
}

// Startup is what is known of a client when its session opens.
type Startup struct {
	User, Database string
	Params         map[string]string // all of the startup packet, user and database included
	RemoteAddr     net.Addr
	TLS            bool
	PID, CancelKey uint32
	// Notify may be called from any goroutine at any time: the connection will call Session.Notifications as soon as
	// it is idle. It never blocks.
	Notify func()
}

// Session executes. All calls come from one goroutine; ctx is valid until the call returns.
//
// Errors: a *pgerr.Error anywhere in the chain goes to the client as it is, any other as XX000. Severity FATAL ends
// the connection.
type Session interface {
	// ParameterStatus lists what is reported at the start. Later changes go through Output.ParameterStatus.
	ParameterStatus() []KV
	// Simple runs a query string of the simple protocol to its end, implicit transaction included. An error is
	// rolled into the session's state already.
	Simple(ctx context.Context, sql string, out Output) error
	// Parse makes a prepared statement; type 0 is "not given". paramTypes is valid until return.
	Parse(ctx context.Context, name, sql string, paramTypes []uint32, out Output) error
	// Bind makes a portal. The slices are valid until return; a nil parameter is NULL. Format lists have no, one or
	// as many codes as there are values: conn has checked that of paramFormats against params, that all codes are 0
	// or 1, and that text parameters are UTF-8. How many values there must be is the session's to check.
	Bind(ctx context.Context, portal, stmt string, paramFormats []int16, params [][]byte, resultFormats []int16, out Output) error
	// DescribeStatement answers with ParameterDescription and RowDescription or NoData.
	DescribeStatement(ctx context.Context, name string, out Output) error
	// DescribePortal answers with RowDescription or NoData.
	DescribePortal(ctx context.Context, name string, out Output) error
	// Execute answers with rows and CommandComplete, PortalSuspended or EmptyQuery. maxRows 0 is no limit.
	Execute(ctx context.Context, portal string, maxRows int, out Output) error
	CloseStatement(name string)
	ClosePortal(name string)
	// Sync ends a pipeline: an implicit transaction commits here.
	Sync(ctx context.Context, out Output) error
	// Fail tells that the client's message was in error before the session saw it: the open transaction, implicit or
	// not, has failed, as if a statement had.
	Fail()
	// TxStatus is 'I' (idle), 'T' (in a transaction block) or 'E' (in a failed one).
	TxStatus() byte
	// Notifications writes what waits for the client (Output.Notification, Output.Notice, Output.ParameterStatus).
	// It is called after Startup.Notify, outside of transaction blocks and statements.
	Notifications(out Output)
	// Close ends the session, rolling back what is open. It is called once, whatever happened before.
	Close()
}

// IdleLimiter is a Session with idle_session_timeout or idle_in_transaction_session_timeout.
type IdleLimiter interface {
	// IdleLimit is how long the client may now stay silent, and the error that it gets then (57P05, 25P03); 0 is for
	// ever. It is asked whenever the connection turns idle.
	IdleLimit() (time.Duration, *pgerr.Error)
}

// KV is a reported setting.
type KV struct{ Name, Value string }

// Column describes a result column (manual: 55.7 RowDescription).
type Column = types.Field

// Output takes the results of one session call. Only methods with an error result can block on the client; an error
// from one of them means that the client is gone or that a value has no encoding, and ends the statement.
type Output = interface {
	// RowDescription describes rows to the client. It has no influence on Row.
	RowDescription(cols []Column, formats []int16)
	NoData()
	ParameterDescription(oids []uint32)
	// Shape says how Row encodes from here on: formats has no, one or len(cols) codes (0 text, 1 binary).
	// cols and env must not change before the last Row. 22023 for an unknown code, 0A000 for an unknown type.
	Shape(cols []Column, formats []int16, env *types.Env) error
	// Row sends one row of the current Shape. vals is not kept.
	Row(vals []tuple.Value) error
	// RawRow sends a DataRow whose body (int16 count, then int32 length and bytes per column) is encoded already.
	RawRow(dataRow []byte) error

	CommandComplete(tag string)
	EmptyQuery()
	PortalSuspended()

	Notice(n *pgerr.Error)
	// ParameterStatus reports a setting's new value; it leaves with the next ReadyForQuery, the last value only.
	ParameterStatus(name, value string)
	Notification(pid uint32, channel, payload string)

	// CopyIn asks the client for COPY data; format 0 is text and csv, 1 binary, and colFormats has a code per column.
	CopyIn(format byte, colFormats []int16) (CopyReader, error)
	// CopyOut starts COPY data to the client.
	CopyOut(format byte, colFormats []int16) CopyWriter
}

// CopyReader reads what the client copies in. A session may stop early with an error; what the client still sends of
// its COPY is then dropped.
type CopyReader = interface {
	// Next returns a chunk, cut where the client happened to cut, valid until the following call. io.EOF after
	// CopyDone; 57014 after CopyFail; other errors end the connection.
	Next() ([]byte, error)
}

// CopyWriter sends COPY data.
type CopyWriter = interface {
	// Write sends one CopyData message; PostgreSQL sends one per row. data is not kept.
	Write(data []byte) (int, error)
	// Close ends the COPY; CommandComplete follows.
	Close() error
}

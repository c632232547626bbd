// Package conn is one client connection of PostgreSQL's protocol: startup, authentication, the loop from message to
// session call, COPY framing, cancel, and errors on their way out. It knows no SQL: a Session does what a message
// asks and writes results to an Output, which encodes them straight into the connection's buffer.
//
// Promises:
//   - Replies leave in one write per Sync, Flush or simple query, earlier only when the buffer passes flushBound.
//   - After an error in the extended protocol everything up to Sync is skipped (manual: 55.2.3).
//   - Whatever a client sends or omits to send ends at worst its own connection; so does a panic below it, which the
//     client sees as FATAL XX000.
//   - An idle connection holds a goroutine, a socket and its session, and no buffers.
//   - A statement's context ends when a CancelRequest names it, when Terminate or Shutdown wants the connection, and
//     when the client is gone. context.Cause then is a *pgerr.Error that the session may return as it is.
//
// Locks: Server.mu comes before conn.mu; neither is held across a session call or socket I/O. Setting a deadline is
// not I/O.
package conn

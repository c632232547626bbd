// Package wire runs protocol scripts: text files of what a client sends and what the server must answer, message by
// message. The same files run against PostgreSQL 15, whose answers they record, and against Tarn.
//
// A script is a list of lines:
//
//	# comment                 kept as it is
//	connect NAME=VALUE …      a new connection with these startup parameters (user and database are filled in)
//	socket                    a new connection without startup
//	use N                     go on with the N-th connection of this script, from 1
//	cancel                    send CancelRequests for this connection, each over one of its own, until it replies
//	hangup                    close the connection without a word
//	> MESSAGE …               sent; lines up to and with the next Query, Sync or FunctionCall leave in one write
//	+ MESSAGE …               sent in the same write as the line before, whatever that was
//	until MESSAGE             read up to this reply (EOF: up to the end; -: nothing). Without it, up to one
//	                          ReadyForQuery for each Query, Sync and FunctionCall of the lines before
//	< REPLY …                 what is read
//	<pg REPLY, <tarn REPLY    for one server only, where the two differ on purpose; a comment says why
//
// Messages: Query "sql" · Parse name=… types=23,25 "sql" · Bind portal=… stmt=… formats=0,1 results=1 "param" NULL ·
// Describe S|P name · Execute portal=… max=… · Close S|P name · Sync · Flush · Terminate · CopyData "…" · CopyDone ·
// CopyFail "…" · FunctionCall · Raw "bytes". Strings are Go string literals.
//
// Masked in replies: OIDs of tables, versions, process ids and keys, the error fields that name source files, and the
// details of deadlocks and of waits for rows.
package wire

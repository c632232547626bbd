// Package lock is the lock manager of a store: row, table and advisory locks in memory.
//
// It promises:
//   - Rows have PostgreSQL's four strengths and tables its eight modes, with its conflict tables (manual chapters
//     13.3.1 and 13.3.2). An owner never conflicts with itself.
//   - Waiters are served first come, first served; who already holds a lock that a waiter waits for goes before that
//     waiter (or the two would wait for each other).
//   - A wait that closes a circle fails at once with a *DeadlockError (or after the time that the caller asks for), and
//     only if no other order of the waiters avoids it.
//   - Locks taken after a Mark can be given back without the others, as ROLLBACK TO SAVEPOINT does.
//
// An Owner is one session. It is for one goroutine at a time: that waits for at most one lock.
//
// Lock order inside the package: Manager.waits, then one shard. Never two shards. Who only takes free locks or gives
// locks back never touches Manager.waits.
package lock

// Package txn runs transactions on a store: snapshots, uncommitted writes, row locks, commit.
//
//	m := txn.NewManager(eng, lock.NewManager(), txn.Config{})
//	t := m.Begin(txn.Options{Isolation: txn.ReadCommitted, Owner: session})
//	v := t.Statement()                      // what this statement sees
//	row, ok, err := v.Get(buf, key)
//	lv, err := v.LockVersion(ctx, key, tuple.RowID(row), lock.NoKeyWrite, lock.Options{}, buf)
//	err = t.Put(key, newRow, tuple.RowID(row))
//	v.Release()
//	lsn, err := t.Commit(ctx, engine.Sync)
//
// It promises:
//   - A View is one moment's committed state plus the transaction's own writes of earlier commands; it never changes.
//     READ COMMITTED takes a new moment per statement, REPEATABLE READ one per transaction. A statement does not see
//     its own writes.
//   - A commit is all or nothing (I2) and acknowledged as the engine says (I1). What has been rolled back, to a
//     savepoint or whole, leaves no trace.
//   - Under REPEATABLE READ nobody changes a row version that was not the newest: ErrSerialization. Write skew is
//     possible, as it is in PostgreSQL at that level.
//
// What the caller must keep: an existing row is changed only by who holds its row lock at NoKeyWrite or Write
// (View.LockVersion), and a key whose absence was the reason to write it is locked before the absence is checked
// (Txn.Claim). Who puts a row under another key than before, or under one that may have had another row, says so
// (Txn.Moved, Txn.Born). Ranges are deleted only under a table lock that keeps others out.
//
// A Txn and its Views and Iters are for one goroutine at a time. The transaction's memory is bounded in values
// (Config.MemoryBytes, then they go to a temporary file); keys and about 70 bytes per written key stay in memory.
//
// Lock order: nothing in this package is held while a lock.Manager or the engine is called.
package txn

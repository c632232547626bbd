// Package engine is one store: a directory with a manifest, a write-ahead log and the key-value state that the log leads
// to. It knows transactions only as finished groups of changes (package change); isolation, locks and uncommitted writes
// are package txn's.
//
//	STORE   manifest: format, store id, where it was branched from
//	LOCK    held while the store is open
//	wal/    the log
//	kv/     Pebble
//
// # What it promises
//
//   - I1: when Commit(Sync) returns nil the group survives any crash, and is there once. When it returns ErrDiskFull
//     the group is not there and never will be. Any other error ends the store.
//   - I2: a Snapshot sees all of a group or none of it.
//   - I3: the key-value state is that of a prefix of the log, at every moment and after every crash.
//   - I6: Checkpoint at LSN L is a store that equals this one at L.
//   - I8: damage is an error of Open, of a read or of Check.
//
// # Commit
//
// Committers queue up. The first one leads: it takes all that wait, gives out commit times, transaction numbers and row
// ids in queue order, writes one run of log records, syncs once, applies everything to Pebble as one batch, makes it
// visible by publishing a new snapshot, and wakes the others. While it syncs the next group gathers; its first member
// leads next. A lone committer therefore does everything itself, in its own goroutine, and waits for nothing but the disk.
//
// # Lock order
//
// Engine.queue, Engine.logTurn, Engine.applyTurn, then the locks of package wal. Pebble's locks may be held when the
// log is synced (kv.Options.Barrier), so the log never calls Pebble.
package engine

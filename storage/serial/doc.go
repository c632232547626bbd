// Package serial keeps concurrent SERIALIZABLE transactions serializable: snapshot isolation plus the detection of dangerous
// structures (Cahill, Röhm, Fekete: Serializable Isolation for Snapshot Databases; Ports, Grittner: Serializable Snapshot
// Isolation in PostgreSQL).
//
//	x := tracker.Begin(Options{…}, func() uint64 { … })   // takes the snapshot
//	err = x.ReadKey(key) · x.ReadRange(lo, hi)            // what the snapshot was asked for, found or not
//	err = x.Write(key)
//	err = x.Prepare()                                     // then the commit itself
//	x.Committed(lsn) or x.Abort()
//
// A read-write conflict R → W says that R did not see what W wrote: R comes before W in every serial order. Among
// transactions on snapshots a circle has two such conflicts in a row, T1 → T2 → T3, where T3 commits first of the circle and T1 and T2
// are each concurrent with their successor. The tracker lets no such structure commit: it fails the caller, or dooms another that
// has not committed, whose next call fails. It may fail transactions that would have made no circle.
//
// It promises:
//   - Committed serializable transactions have a serial order, if each tells of all that it reads and writes.
//   - Memory is bounded: many keys of one index become the whole index, and the oldest committed transactions are
//     merged into one that stands for all. Both only add failures.
//   - A READ ONLY transaction whose snapshot no writer can make part of a circle any more is not tracked further. A
//     DEFERRABLE one waits until that is so (WaitSafe).
//
// Keys start with a prefix that names their table and index (change.KeyPrefix); a range lies within one index or counts as everything.
// Lock order: Tracker.mu is the only lock; it is not held while others are called, but for the function given to Begin.
package serial

// Package delta reads and writes the transaction log of Delta Lake tables: actions, snapshots, commits, checkpoints,
// deletion vectors, statistics, and a strict validator.
//
// It promises: Log.Commit makes a version that is complete and durable or not there, and fails with ErrConflict if
// another writer took the version; a Snapshot is the exact reconciliation that the protocol prescribes; damage (a gap
// in the log, a checksum, a malformed action) is an error that wraps ErrCorrupt (I8); a feature that is not
// understood is refused by name with ErrFeature, never ignored.
//
// What is written is the base profile that every reader takes: reader 1, writer 2; timestampNtz only for tables with
// such a column; deletionVectors only from the first commit that has one; V1 checkpoints. docs/formats/delta.md has
// the layouts.
//
// The protocol is described in PROTOCOL.md of delta-io/delta.
package delta

// Package delta reads and writes Delta Lake tables: their log (actions, snapshots, commits, checkpoints, checksums), deletion
// vectors, statistics, the rows of their files, their change feeds; and has a strict validator.
//
// Table reads any table, whoever writes it; Log writes one. It promises: Log.Commit makes a version that is complete and
// durable or not there, and fails with ErrConflict if another writer took the version and CommitOptions do not let it
// follow; a Snapshot is the exact reconciliation that the protocol prescribes, and a Scan gives its live rows and no
// others; damage (a gap in the log, a checksum, a malformed action) is an error that wraps ErrCorrupt (I8); a feature that
// is not understood is refused by name with ErrFeature, never ignored.
//
//	_delta_log ──Load──> Snapshot ──Table.Scan──> rows
//	    │                   ^
//	    │                   └─Log.Commit── actions, checked against what the table's features ask of a writer
//	    └──Table.Changes──> changed rows, version by version
//
// What mirrors write is the base profile that every reader takes: reader 1, writer 2; timestampNtz only for tables with
// such a column; deletionVectors only from the first commit that has one; V1 checkpoints. docs/formats/delta.md has
// the layouts, and what is read and refused of other writers' tables.
//
// The protocol is described in PROTOCOL.md of delta-io/delta.
package delta

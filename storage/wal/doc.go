// Package wal is the write-ahead log: the only truth of a store. Everything else can be rebuilt from it.
//
// The log is one endless stream of bytes. A position in it is an [LSN]; it is cut into segment files, each named by
// the position at which it starts. A record is one payload (one transaction, see package change) with a header that
// proves where the record belongs, that it is whole and which record stood before it. Formats: docs/formats/wal.md.
//
// # What it promises
//
//   - A record that [Log.SyncTo] has covered is read back unchanged after any crash (I1).
//   - Damage is reported and never skipped or served (I8). A torn tail is not damage: every record says how much of the
//     log was durable when it was written, so bytes that fail their check and that no later record calls durable were
//     never acknowledged, and the log ends before them.
//   - A failed sync is final. The kernel may have dropped the pages that it failed to write, so trying again could
//     report success for data that is gone: the log refuses everything from then on.
//   - A full disk is not final. The append fails with [ErrDiskFull], leaves nothing behind that a restart could take
//     for a record, and later appends work again when there is space.
//   - A segment file that is no longer the last one never changes again. Branches may hard-link it.
//
// # Lock order
//
// Log.mu (appending), then Log.syncMu (syncing), then Log.segMu (the list of segments and holds).
package wal

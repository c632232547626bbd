// Package mirror keeps a columnar copy of every table, in memory and as Delta tables in the warehouse.
//
// It promises:
//
//   - I4: a View at LSN S holds exactly the rows that a row scan of a snapshot at S gives: the newest published version
//     at or before S, minus what was deleted since, plus the tail up to S. Several tables in a View are of one S.
//   - I5: a Delta version holds nothing that is not durable in the log: the tail reads durable records only, and a copy
//     waits for its snapshot's LSN to become durable.
//   - I7: files that a View names stay until it is closed.
//   - Exactly once: the Delta commit that adds a transaction's rows carries the transaction's LSN in a txn action. A
//     restart takes each table from there, whatever was cut short: files without a commit are nobody's and are removed.
//   - A value that its column's Delta type cannot hold (NaN or Infinity in a decimal, an infinite date, an array of two
//     dimensions) is never changed or dropped: the column becomes a string column, in one commit with a new copy of the
//     table.
//
// # One table
//
//	         published versions                 tail
//	… ──┬──────────────┬──────────────┬─────────────────────────┬───────────── log
//	    v7             v8             │ sealed segment │ open   │
//	    files, dead rows              └ rows, ids, deleted ids ─┘
//
// The tail is a chain of segments. A segment holds, for the changes after its start, new rows column by column in
// row-id order, the ids of deleted rows, and marks: how many of both there were at each commit. Publishing seals the
// open segment, writes its live rows to a file, turns deleted ids into positions (files keep rows in row-id order, so a
// position is the rank of the id among the file's ids), and makes one Delta commit.
//
// What the log does not carry row by row (an Ingest) and what old files cannot express under a new schema (a renamed
// column, a changed type, a default for rows that lack the column) is copied anew: a snapshot at S becomes the content,
// and changes after S follow. Until the copy is there, View answers ErrNotReady and the row executor has the work.
//
// # Lake tables
//
// Of a table made USING delta the files are not a copy: the mirror tells the store that a version has the rows (adopt), the
// store forgets them, and asks the mirror for them from then on (engine.Cold).
//
// # Copies
//
// A copy of the store, which a branch is, has Delta tables of its own over the same files (Copy).
//
// # Lock order
//
// Mirror.adoption (a copy of the store against adoptions), table.pub (one Delta commit at a time per table), then Mirror.mu (all state in memory), then lakes.mu. The tail takes Mirror.mu once
// per transaction; nothing does I/O under it.
package mirror

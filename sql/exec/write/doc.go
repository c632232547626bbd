// Package write changes rows: INSERT, UPDATE, DELETE and MERGE on tables and trees of tables, with the constraints that hold for them.
//
//	source row in the slots ──Change.Row──▶ lock, re-check, route ──▶ defaults, generated columns, checks ──▶ rowstore.Writer
//	                                                                                │
//	                                     Statement: foreign keys, deferrable keys ◀─┘
//	                                     at the statement's end ── or Deferred: at the commit
//
// It promises: a row that was changed satisfies NOT NULL, checks, bounds and unique keys when Row returns, foreign keys when
// Statement.Finish or Deferred.Run does. Row changes follow READ COMMITTED's re-check protocol (manual 13.2.1), or end with 40001.
//
// It knows no operator: who calls puts the source row into the slots and computes RETURNING.
package write

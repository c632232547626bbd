// Package ddl runs the statements that change what a database holds: CREATE, ALTER, DROP, TRUNCATE, COMMENT, REINDEX.
//
//	ast.Node ──Exec──▶ new descriptors (Editor), rows and index entries (Txn), command tag
//
// The statements of tables, indexes, sequences, views, schemas and composite types are here; beside them, over what all of them
// share:
//
//	stmt      one statement under way: its session, names, locks, rights
//	content   rows and index entries of the tables it changes
//	depend    what depends on what; removal
//	grants    owners and privileges
//	policy    row security policies
//	routine   functions and procedures
//	usertype  enums, domains, and what all types of users share
//
// It promises:
//   - A statement's descriptors and rows change in the caller's transaction and nowhere else (I2): a rollback, to a
//     savepoint or whole, leaves no trace, and others see all of it at the commit or nothing.
//   - Every table is locked in PostgreSQL's mode (manual 13.3.1) before its descriptor is read for good. Names that are
//     about to be taken are locked, too, so that of two transactions that create the same name the second one waits.
//   - Rows are rewritten under a new storage id; what stood under the old one is removed as a range. Readers with an older
//     snapshot go on with the old one.
//   - Errors, notices and generated names are PostgreSQL's. What is not built is 0A000 by name.
//
// Lock order: names before tables, referencing before referenced tables as PostgreSQL takes them; deadlocks are found by
// storage/lock.
package ddl

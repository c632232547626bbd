// Package stmtstats counts what statements cost, as the extension pg_stat_statements shows it: one entry for each statement, constants
// aside, role, database and level. A Store serves a whole server and holds a bounded number of entries; the least used ones go.
//
//	session, at planning   parser.Identify → Key → Store.Entry      (once per plan)
//	session, after running Entry.Ran                                (one short lock of the entry)
//
// Lock order: Store.mu, then Entry.mu.
package stmtstats

// Package duck runs the fragments of package columnar in an embedded DuckDB.
//
// It promises: the rows of a fragment are exactly those of its tables' snapshot at the statement's LSN (I4): files minus
// deleted rows, and the tail; values come back without a detour over text or floats; a fragment that DuckDB cannot finish
// (overflow, memory, a file that it does not understand) ends with exec.ErrColumnarRetry and the row executor has the
// answer. A cancelled statement stops within a tenth of a second.
//
// One Engine serves a process. DuckDB is opened by the first fragment and locked down: no network, no extensions, no
// files but those below Options.Directories, bounded memory and threads, and a configuration that no statement can
// change. Each fragment has a connection of its own, whose temporary tables hold the tail.
//
//	WITH t0 AS NOT MATERIALIZED (
//	    SELECT "v" AS a2 FROM read_parquet(['f1', …])                                  files without deletions
//	    UNION ALL
//	    SELECT "v" AS a2 FROM read_parquet(['g1', …]) WHERE dv_keep(handle, file_index, file_row_number)
//	    UNION ALL
//	    SELECT a2 FROM tail0)
//	SELECT sum(s1.a2) FROM t0 s1
package duck

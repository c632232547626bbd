// Package exec runs physical plans.
//
//	plan.Physical ──Prepare──▶ Program ──Run──▶ Cursor     rows of a query, or of RETURNING
//	                                    └─Exec──▶ count    DML to its end
//
// Here are the operators, one file each, and what puts them together. The rest stands in packages of its own, each of which knows only
// those before it: frame (slots), run (an execution and what it needs of its session), eval (expressions), spill (rows that are kept),
// write (changes of rows).
//
// A Program is immutable and shared by sessions. Each execution borrows an instance of it: a tree of operators and
// compiled expressions around one frame. The frame has a slot for every column, parameter and constant of the
// statement; an operator's row is what its columns' slots hold after next. So a row moves up the tree without being
// copied, an expression is a closure over slots, and a correlated column is the outer operator's slot. What follows:
//
//   - A slot is valid until the operator that owns it moves. Who keeps rows (sort, hash, materialize) copies them into
//     blocks and puts them back into the slots when it emits them.
//   - open starts an operator from the beginning and is called again for a rescan. What depends on nothing outside
//     survives a rescan within one execution (deps.go).
//   - An instance, its closures and their buffers belong to one goroutine.
//
// It promises:
//   - Rows, NULLs, errors and their SQLSTATEs are PostgreSQL's. What is not built is 0A000.
//   - Volatile functions are evaluated once per row where they stand; nothing else is evaluated more often than needed.
//   - Memory that grows with the data is counted against WorkMem, and goes to temporary files beyond it.
//   - A statement sees its View and nothing of its own writes (I2). Row changes follow READ COMMITTED's re-check
//     protocol (manual 13.2.1), or end with 40001 under REPEATABLE READ.
//   - Cancel is noticed within about a thousand rows.
package exec

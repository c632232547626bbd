// Package columnar decides which parts of a plan run over the columnar shape, and says them in DuckDB's SQL.
//
// It promises: a fragment that Route cuts has, for every state of its tables, the rows that its row form has (I4), or
// fails in a way that the executor answers by running the row form. What is on the whitelist (whitelist.go) is there
// because DuckDB and PostgreSQL mean the same by it, for every value that the mirror can hold in a native type; what
// DuckDB would round or order differently is finished in Go (avg, display scales) or stays with the rows.
//
//	plan.Node ──Route──▶ plan.Columnar{SQL, With, Tables, Reads, Params, Fallback}
//
// In SQL, table number i of Tables is t<i> with columns a<attnum>; $n is the value of Params[n-1], which the runner puts
// in its place as a literal (Bind); $nf2 is that number rounded down to two decimals, c up, x only if it has no more. The
// package links no engine: that is sql/columnar/duck.
//
// A small table without columnar shape, or one that the transaction has written to, is read by rows (Feeds) and stands in the fragment as a
// tail. Conditions on single columns become Bounds, by which files are left out (prune.go).
//
// An error that PostgreSQL would raise must not get lost in DuckDB's rewriting: what can fail is written so that DuckDB
// fails too, and the rows give the error; what cannot be written so is not on the whitelist.
//
// Files: route.go finds fragments; node.go, join.go, agg.go, window.go, setop.go and with.go write plan nodes, expr.go and value.go
// expressions; whitelist.go says which functions mean the same.
package columnar

// Package columnar decides which parts of a plan run over the columnar shape, and says them in DuckDB's SQL.
//
// It promises: a fragment that Route cuts has, for every state of its tables, the rows that its row form has (I4), or
// fails in a way that the executor answers by running the row form. What is on the whitelist (whitelist.go) is there
// because DuckDB and PostgreSQL mean the same by it, for every value that the mirror can hold in a native type; what
// DuckDB would round or order differently is finished in Go (avg) or stays with the rows.
//
//	plan.Node ──Route──▶ plan.Columnar{SQL, Tables, Reads, Params, Fallback}
//
// In SQL, table number i of Tables is t<i> with columns a<attnum>; $n is the value of Params[n-1], which the runner puts
// in its place as a literal (AppendLiteral). The package links no engine: that is sql/columnar/duck.
package columnar

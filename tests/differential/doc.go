// Command differential runs made-up SQL on Tarn and on PostgreSQL 15 and reports where the answers differ.
//
//	go run ./tests/differential -tarn 127.0.0.1:5432 -postgres 127.0.0.1:5433 -time 20s -seed 1
//
// Both servers let postgres in without a password; database differential is made anew. Expressions are made of the operators, functions
// and casts that PostgreSQL's own catalog lists for the types of catalog.go, so that a type or a function that Tarn adds is tested without
// a line here. Three kinds of checks:
//
//   - an expression of constants: value or SQLSTATE are the same; of one that differs, the smallest part that differs is shown;
//   - a query over the tables of schema.sql: the same rows, in any order;
//   - a query on Tarn alone whose answer is known from others: WHERE p, NOT p and p IS NULL together give all rows (ternary logic
//     partitioning), and counting rows WHERE p is counting the rows for which p is true (NoREC).
//
// With -columns the queries are of what may run over columns, on mirrored, lake and temporary tables, with rows in files, deleted in files and
// in the tail, some with parameters, some read by a cursor; Tarn is asked twice, over rows and over columns, and most of the queries must
// really have run there (tarn.columnar_stats).
//
// What Tarn refuses with 0A000, or does not know (42883), is counted, not reported. A query whose evaluation order decides whether it fails
// (class 22 on one side) is skipped. exclude.txt names functions and operators that differ on purpose, each with its reason.
//
// Expressions are the same for the same seed and the same two catalogs. A difference that is found becomes a test where it belongs.
package main

// Package intarray is the functions of the extension intarray 1.5: sets of integers held as arrays without NULLs (manual: F.20).
// query_int is sql/types/queryint's.
package intarray

// Package partition knows which partition a row belongs to and which partitions a condition leaves (manual 5.11).
//
//	partition key + bounds ──Describe──▶ Desc ──Route(key values)──▶ partition
//	                                          └─Prune(conditions)──▶ set of partitions
//
// A Desc is immutable and kept with the parent's descriptor (catalog.Derived). Its bounds are sorted, so that both answers
// take a binary search whatever the number of partitions. Partitions are numbered in PostgreSQL's order: by their bounds, the
// one for NULL after the others, the default last.
//
// It evaluates no expressions: key values and the values of conditions come from the caller. Hash partitioning uses
// PostgreSQL's own extended hash functions, so that rows go where a PostgreSQL server puts them.
package partition

// Package ranges is the functions, operators and aggregates of range and multirange types (manual: 9.20). What they
// compute is span's; this package binds it to pg_proc and says which of a call's arguments are multiranges.
package ranges

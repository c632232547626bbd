// Package pgerr holds PostgreSQL 15's SQLSTATE list and the one error type of the SQL layers.
//
// An SQL-level error is born with its SQLSTATE where the fact is known, and travels as *Error. Wording follows
// PostgreSQL: lower case, no full stop, detail and hint apart (manual: 56.3 Error Message Style Guide).
// Storage errors carry no SQLSTATE; sql/session maps their sentinels once.
// New Errors are not shared: the With methods change the receiver and return it.
package pgerr

//go:generate go run ./internal/codegen

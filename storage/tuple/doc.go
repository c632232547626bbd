// Package tuple is the physical form of rows, values and keys: bytes in, bytes out, with no knowledge of SQL beyond
// Kind.
//
// It promises:
//   - A Layout reads any column of a row in O(1) and without allocation; the Values that it gives point into the row.
//   - Keys made by AppendKey compare, byte by byte, as PostgreSQL compares the values, and two values that PostgreSQL
//     calls equal have the same key bytes. Each encoded column is self-delimiting, so columns can be appended to each
//     other and skipped without decoding.
//   - Validate accepts exactly the rows that Append can have written; nothing in this package panics or reads outside
//     of a row that Validate has accepted.
//
// All formats are drawn in docs/formats/rows.md. They are on disk and in the log: a change of meaning needs a new
// format version of the store.
package tuple

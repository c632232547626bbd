// Package change says what a log payload means: one transaction, whole, that explains itself. A reader needs no
// catalog: when rows of a table appear, a Schema operation at or before them in the log has told what they look like.
//
// [Group] builds a payload in place and is reused; [Decode] walks one without copying. Both are strict: what one does
// not write the other does not accept. Layout: docs/formats/wal.md.
//
// The log and the store do not look into keys, except for their first six bytes (table storage id and index number,
// see docs/formats/keys.md), nor into values, except for the row id in the first eight bytes of a primary row.
package change

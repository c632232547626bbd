// Package jsondoc is a JSON document: the tree of its values, the reader with PostgreSQL's errors, the canonical text that a jsonb
// is held as, and look-ups in that text (manual: 8.14).
//
// A jsonb's text has its keys by length and then by bytes, the last of equal ones, numbers as numeric prints them, and one blank
// after each colon and comma. Look-ups scan it and allocate nothing: what they find is a part of the value that they were given.
// Functions and operators over documents are sql/builtin/json's.
package jsondoc

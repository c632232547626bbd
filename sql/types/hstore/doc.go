// Package hstore is a map from texts to texts or NULL, the type of PostgreSQL's contrib module hstore: how it is held (value.go), its
// text and binary formats (parse.go). What SQL calls is sql/builtin/extension/hstore's.
package hstore

// Package hstore is the functions of the extension hstore 1.8, as PostgreSQL 15's contrib module has them. Values and formats are
// sql/types/hstore's.
package hstore

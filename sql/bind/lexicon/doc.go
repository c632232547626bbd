// Package lexicon finds what names mean to a session: types and their modifiers, relations, functions, operators, collations and
// operator classes, PostgreSQL's own (sql/catalog/pgdata) and those of users (sql/catalog), along search_path.
//
// It lists; it does not choose: which of several functions or operators a call means is sql/bind/overload. It reads the catalog
// and nothing else, and knows no expressions. Errors are raised as sql/bind/place says, so callers run under place.Guard.
package lexicon

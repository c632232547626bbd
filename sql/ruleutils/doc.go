// Package ruleutils prints bound expressions, indexes and constraints as SQL, as PostgreSQL's ruleutils.c does: the text of
// pg_get_expr, pg_get_indexdef and pg_get_constraintdef, and the form in which defaults, checks and views are stored.
//
// What it prints parses and binds to the same expression again: literals carry their types, casts that the binder put
// in are left out where it would put them in again. Pretty leaves out parentheses that precedence makes needless.
// View definitions are printed by sql/bind, which knows a query's shape, with this package's expressions.
package ruleutils

// Package textsearch is full text search (manual: chapter 12): the default parser, the simple and snowball dictionaries,
// PostgreSQL's configurations, and the functions and operators of tsvector and tsquery.
//
//	text ─parser─▶ tokens ─configuration: token type → dictionaries─▶ lexemes ─▶ tsvector
//	                                                                          ─▶ tsquery ─@@─▶ matches, rank, headline
//
// Words are lower-cased and classified by Unicode, as PostgreSQL does in C.UTF-8. Stop words are PostgreSQL's files.
package textsearch

// Package tsearch is tsvector and tsquery as values (manual: 8.11): text and binary forms in both directions, packed
// bytes, and how they compare. It does not search; that is sql/builtin/textsearch.
//
// A packed tsvector's bytes order as PostgreSQL orders tsvectors (big endian, ^ is inverted):
//
//	0               4          8
//	+---------------+----------+------------------------------------------------------------------------+
//	| PostgreSQL's  | number of| per lexeme: 00 with positions, 01 without | word | 00 | and with positions: |
//	| size in bytes | lexemes  | ^number u16, each ^(position<<2 | weight) u16                            |
//	+---------------+----------+------------------------------------------------------------------------+
//
// A packed tsquery (tuple.KindKeyed) is a key that orders as PostgreSQL orders tsqueries, for which weights and prefix
// marks do not count, and after it the query in its binary form:
//
//	0          4     +n
//	+----------+-----+--------------------------------+
//	| n u32 LE | key | query as tsquerysend writes it |
//	+----------+-----+--------------------------------+
package tsearch

// Package types is what SQL knows about values: the built-in types with PostgreSQL's OIDs, their text and binary
// formats in both directions, comparison, hashing and length coercion.
//
// This package ties each type to its codec (codec.go); what a family knows beyond that stands below it and knows no Type:
//
//	input      characters and errors of input functions
//	numeric    numeric
//	calendar   days and months; timezone: zones; temporal: dates, times, intervals
//	jsondoc    JSON documents; jsonpath: paths
//	span       ranges; geo: geometric types; tsearch: text search
//
// It promises PostgreSQL 15's answers to the byte: text output, accepted input, error code and wording. The oracle
// test sends generated literals to a real server and compares; testdata holds what must hold everywhere.
//
//	text   ──ParseText──▶          ──AppendText──▶   text
//	                       Datum
//	binary ──ParseBinary─▶         ──AppendBinary─▶  binary
//
// A Datum has no type of its own (storage/tuple.Value): the caller passes the *Type that the value has. Datums made
// by Parse functions may refer to the input's bytes; whoever keeps them longer than the input clones them.
// Output functions append to dst and allocate nothing for the common types. Every function accepts a nil *Env, which
// means ISO dates in MDY order, UTC, PostgreSQL's interval style, hex bytea and no names to resolve.
//
// How each type is held is written in kind.go.
package types

//go:generate go run ./internal/typegen

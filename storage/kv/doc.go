// Package kv keeps the current state of a store in Pebble: keys, values and how far the log has been applied.
//
// Pebble's own log is off. A commit group enters as one batch together with the applied state, Pebble writes its
// memory tables in order, so what a restart finds is always the state after some prefix of the log (I3), and the
// write-ahead log from there on does the rest. The other half of that rule is kept here too: before Pebble names a new
// file in its manifest, everything that was appended to the log is made durable (Options.Barrier), so that the store
// is never ahead of the log.
//
// Versions are Pebble's: a [Snapshot] is a Pebble snapshot. Keys are compared byte by byte. Layout:
// docs/formats/keys.md.
package kv

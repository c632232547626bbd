// Package pgwire is the framing of PostgreSQL's frontend/backend protocol 3.0, server side (manual: 55).
//
// A message is
//
//	+------+----------------+---------------------+
//	| type | length (int32) | body (length-4)     |   integers big endian; the length counts itself
//	+------+----------------+---------------------+
//
// and the very first packets of a connection (startup, SSLRequest, GSSENCRequest, CancelRequest) have no type byte.
//
// Reader promises: memory grows with the bytes that arrived, never with a length that was only claimed; the body it
// returns is valid until its next call; an idle connection holds no buffer. Decoders return sub-slices of the body.
// Append functions write one whole message behind dst and return it; none of them allocates when dst has room.
// Malformed input becomes a *pgerr.Error of SQLSTATE 08P01, FATAL when the stream cannot be trusted any more.
package pgwire

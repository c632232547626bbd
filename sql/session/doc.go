// Package session runs one client's statements: the transaction block, prepared statements, portals, settings, and which
// room a statement is for. It knows nothing of sockets: results go to an Output, COPY data comes from one.
//
// Files by side: session.go (life), block.go (transaction block), query.go (plans and their execution), simple.go and
// extended.go (the two protocols), dispatch.go (utility statements), cursor.go (over package cursor), files.go and
// copyinto.go (over package external), copy.go (over package copyrows), analyze.go (over package maintain), describe.go (over
// packages address and definition), settings.go, functions.go (what SQL
// functions ask of a session), errors.go (storage's sentinels → SQLSTATE).
//
// A statement's order: catalog version → plan → table locks → catalog version again (DDL may have come in between: plan
// anew) → snapshot → rows. A transaction's order at its end: deferred constraints → catalog rows → commit → visible →
// catalog published → locks given back.
package session

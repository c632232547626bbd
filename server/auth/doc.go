// Package auth decides how a connection proves who it is: host rules, SCRAM-SHA-256 and TLS.
//
// Host rules are PostgreSQL's pg_hba lines (manual: 21.1): the first that matches connection kind, database, user and
// address gives the method. SCRAM follows RFC 5802 and RFC 7677; a verifier has the form that pg_authid.rolpassword
// has, so that roles move between the two servers. Whether a user exists never shows: an unknown one goes through the
// same exchange with a salt derived from the server's nonce, and fails at its end.
package auth

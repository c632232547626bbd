// Package cursor is a place in a query's result and how FETCH and MOVE go on from it: forward, back over rows that are kept, to a row by
// its number; and what its query may be. It knows rows only: whose query it is, its portal and its transaction are the session's.
package cursor

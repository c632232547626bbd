// Package routine is functions and procedures of users: CREATE FUNCTION and PROCEDURE, their ALTER forms and DROP (manual 38.3).
//
// A routine is a catalog.Function whose Proc is its row of pg_proc. Bodies are not read here: stmt.Hooks.CheckFunction compiles
// them once the descriptor stands in the catalog.
package routine

// Package grants is who owns an object and what others may do with it: GRANT, REVOKE, ALTER DEFAULT PRIVILEGES, REASSIGN OWNED,
// DROP OWNED (manual 5.7). Access control lists themselves are sql/privilege's.
//
// It changes owners and lists in descriptors, and what DROP OWNED drops goes through depend. Roles are no objects of a database:
// they are given (stmt.Ctx.Roles) and never changed.
package grants

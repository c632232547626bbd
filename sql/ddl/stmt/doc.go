// Package stmt is one DDL statement under way: what its session gives it, the names that it looks up and takes, the locks on
// them, who may do what, and the texts by which messages and stored SQL name things.
//
// Every room of sql/ddl works on a *Ctx; this package knows none of them. It reads descriptors and stores changed ones (Put), and
// touches no rows.
//
// A relation is locked before its descriptor is read for good: Open and Reopen look again once they have the lock. A name that is
// about to be taken is locked, too (Claim), in the lock space of tables above 2^32.
package stmt

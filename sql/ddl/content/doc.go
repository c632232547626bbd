// Package content is what stands in a table's storage: rows and index entries, as statements that change a table scan, rewrite,
// build and remove them.
//
// Rows are read with the transaction's own and the newest committed ones, under the table lock that the caller holds. What is
// written belongs to the transaction: through its write set or, where nothing of the statement reads it again (stmt.Ctx.Last), as
// sorted files that the commit takes in. Descriptors are the caller's: nothing here changes the catalog.
package content

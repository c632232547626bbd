// Package extension creates, changes and drops extensions: CREATE, ALTER and DROP EXTENSION, and comments on them.
//
// Extensions are built in: what one brings are rows of sql/catalog/pgdata, which are in a catalog while its catalog.Extension is.
// Only the relations of an extension (views, row types) are descriptors that are stored one by one.
package extension

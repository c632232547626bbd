// Package schemaobj runs statements on objects that are a name in a schema and a descriptor, and have no rows: collations, and the
// dictionaries and configurations of text search.
package schemaobj

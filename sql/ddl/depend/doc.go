// Package depend is what depends on what, and how it goes: the dependents of an object, RESTRICT and CASCADE with their messages,
// and the removal of an object from the catalog with its rows.
//
// What depends on a relation or a part of it is what the descriptors say: foreign keys, views, defaults (stored.go looks into
// their SQL). What expressions and columns need of types and functions is listed in the catalog (Catalog.Users). A dependent goes
// along silently with what it belongs to, otherwise only with CASCADE. Objects are removed after those that depend on them.
package depend

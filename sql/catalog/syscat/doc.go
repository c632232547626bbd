// Package syscat computes the rows of relations without storage: PostgreSQL's catalogs and tarn's own views.
//
// Rows come from three places: PostgreSQL's own data (pgdata), turned into values once per process; the catalog's
// descriptors, at every scan; and the Server, for what a whole server has in common. Nothing is stored twice, so a
// catalog row can never disagree with the descriptor that it describes.
//
// It promises PostgreSQL 15's columns in PostgreSQL's order, and that an equality condition on the columns by which
// clients look things up (oid, names, attrelid, indrelid, conrelid …) is a look-up and not a scan. A condition on another
// column may be ignored: the caller checks all of them again.
//
// Objects that have no OID of their own in Tarn (defaults, view rules) get one made from their table's: it is stable as
// long as the object exists.
package syscat

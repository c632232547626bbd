// Package address words the objects that rows of pg_depend name, by catalog, OID and part: pg_describe_object, pg_identify_object and
// pg_identify_object_as_address.
package address

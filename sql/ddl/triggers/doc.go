// Package triggers runs the statements that change a table's triggers: CREATE, ALTER and DROP TRIGGER, and what ALTER TABLE, ATTACH and
// DETACH do to them (manual: CREATE TRIGGER). A row trigger of a partitioned table is cloned to each of its partitions; the clones
// follow it in everything.
package triggers

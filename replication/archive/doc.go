// Package archive keeps a store's past in an object store, so that the store can be made again of that alone, on another machine, as it
// was at any archived point. Formats: docs/formats/archive.md.
//
// It promises:
//
//   - What is archived is what was committed: the log is archived as it stands, each record verified, and only what is durable (I5).
//   - An object is whole or not there, and never changes. A point counts as archived when every object that a restore to it needs is
//     durable; objects that lean on others come after them. A kill at any step, a write that fails, and one whose answer is lost leave
//     an archive that restores all that was archived before.
//   - Damage is found by checksum when an object is read, and never becomes part of a store (I8).
//   - Commits never wait for the archive. The log that it still needs is held; beyond Options.MaxLog it lets go of it, and a new base
//     bridges the gap, if there is one. A gap is never restored over.
//
// One process at a time archives a store. A store that is made of an archive has an id of its own, and an archive of its own.
//
// # Order
//
// A base is put after its files, a run of the log after the attachments and sorted files that its records name. The log of a base
// may come after it: a base counts from when the log that leads to its Valid is there.
package archive

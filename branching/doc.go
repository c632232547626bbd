// Package branching keeps the tree of databases and branches of a data directory and opens their stores on demand.
//
// A branch is a directory: it shares its parent's immutable files by hard link and owns its log and whatever it writes
// (DESIGN 7). The tree is one file and a journal of what has changed since; a directory that the tree does not name is debris of a crash
// and is removed at start (I7: nothing in it was ever acknowledged, or its drop was).
//
// What runs on a store (transactions, catalog, mirror) is not known here: Options.Open builds it.
//
//	<data>/tarn.json                     the tree (docs/formats/tree.md)
//	<data>/tarn.journal                  its changes since
//	<data>/stores/<database>/<branch>/   one store each, by id
package branching

// Package hnsw is a graph in memory that finds the nearest of many vectors (Malkov and Yashunin, "Efficient and robust approximate
// nearest neighbor search using hierarchical navigable small world graphs", 2016).
//
// A graph holds each vector with a label, the key of its row. It may hold more than what a snapshot sees, vectors of rows that are
// deleted or not yet committed: it answers candidates, and whoever asks looks each of them up in the snapshot. It must not hold less.
//
//	level 2   o───────────────o        few nodes, far links
//	level 1   o─────o─────────o──o
//	level 0   o──o──o──o──o───o──o──o  all nodes, up to 2·m links each
//
// A search starts at the entry on the highest level, walks to the nearest node, goes down a level, and so on; on level 0 it keeps the ef
// nearest nodes that it has met and stops when none of their neighbours is nearer.
package hnsw

// Package explain shows physical plans as PostgreSQL's EXPLAIN does (manual 14.1): the same node names, labels and layout, so
// that people and tools read them as they are used to. What the executor does inside one operator is shown as the nodes
// that PostgreSQL has for it (Hash below a hash join, Memoize below a nested loop); projections are not shown.
package explain

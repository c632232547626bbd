// Package ltree is the functions of the extension ltree 1.2: paths of labels, patterns and expressions over them, and arrays of paths
// (manual: F.23). Values are sql/types/ltree's.
package ltree

// Package are matches PostgreSQL's regular expressions (manual: 9.7.3): its advanced, extended and basic syntax, embedded
// options, and its rule that the whole match is the longest, or the shortest where the expression prefers that.
//
// An expression is parsed into a tree and written in the syntax of another engine: Go's regexp, which takes linear time
// and can look for the longest match, wherever it knows all constructs; else regexp2, which backtracks and finds the
// first match in its own order. Back references, look-around and word boundaries need the latter.
//
//	pattern ─parse─▶ tree ─write─▶ Go syntax ─▶ longest or shortest match ─▶ captures within it
//	                      └──────▶ regexp2 (back references, look-around, \m \M \y)
package are

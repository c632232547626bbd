//go:build race

package txn

// pooled is how many allocations a use of pools may have: the race detector empties them at random.
const pooled = 4

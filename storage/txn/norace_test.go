//go:build !race

package txn

// pooled is how many allocations a use of pools may have.
const pooled = 0

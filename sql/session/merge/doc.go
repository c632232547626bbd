// Package merge is what MERGE BRANCH does to the target, in the transaction that its session has open, and what branch_diff shows.
package merge

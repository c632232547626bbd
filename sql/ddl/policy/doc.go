// Package policy is the statements on row security policies: CREATE, ALTER, RENAME, DROP POLICY and COMMENT ON POLICY (manual 5.8).
// What policies mean is sql/policy's.
//
// A policy belongs to its table's descriptor. Its conditions are stored as SQL with every name qualified; what they need of columns,
// relations, functions and types stands in the table's Deps with the policy as From.
package policy

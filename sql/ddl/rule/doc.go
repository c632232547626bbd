// Package rule is the statements on rewrite rules: CREATE, ALTER, DROP RULE and COMMENT ON RULE (manual 41.4). What rules do is
// sql/rewrite's.
//
// A rule belongs to its view's descriptor. Its condition and commands are stored as SQL with every name qualified; what they need
// stands in the view's Deps with the rule as From.
package rule

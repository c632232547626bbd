// Package stats is what ANALYZE knows of tables: PostgreSQL's per-column statistics (manual 53.51, 76.2) from a sample of
// rows. It builds them from decoded rows, encodes them for the store and answers the planner's questions; reading rows
// and keeping the encoded form is the caller's.
package stats

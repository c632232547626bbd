// Package sampling decides which rows of a table are in a sample (TABLESAMPLE, manual 61): by a hash of where a row stands and of the
// seed, so that an unchanged table has the same sample for the same seed, however its rows are read.
package sampling

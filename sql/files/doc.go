// Package files reads files that users bring (CSV, JSON, Parquet, Avro, text; plain, gzip or zstd) as rows: which files a path
// means, which columns they have, and their rows. It is what read_files, COPY INTO and list_files stand on.
//
// It promises:
//
//   - A value that does not fit its column is never replaced in silence where the caller asks for the rescued data column: it is
//     NULL in its column and stands, as it was read, in that one. Mode FAILFAST makes it an error.
//   - Columns that are inferred hold every value that was looked at (at most SampleFiles files and SampleBytes bytes of formats
//     that do not describe themselves).
//   - Damage of a file is an error that names the file (58030, 22P04), unless ignoreCorruptFiles passes over it.
//
// Where files are is a Store's business, who may read them the session's.
//
// One file goes through: Store.Open → decompress → source (one per format: records of named values) → Rows (values to columns).
package files

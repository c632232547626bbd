// Package external reads what stands outside of the database's rows: files (read_files), versions of Delta tables and their
// changes (delta_scan, table_changes), and the files that COPY INTO loads. It tells the binder the columns of such a call and
// opens its rows, once the user may read what it names; the statement around it is the session's.
package external

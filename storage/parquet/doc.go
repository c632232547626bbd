// Package parquet writes and reads the column files of Delta tables.
//
// It promises: a file holds exactly the values that were given to the Writer, in row order, in the physical types
// that the Delta protocol prescribes, with row groups of RowGroupRows rows (fewer where texts are large or columns many) and column statistics that bound every
// value; Writer.Close returns the statistics that go into the Delta log. A reader finds columns by name, reports
// damage as an error, and answers NULL for a column that the file does not have (the protocol's rule).
// Files of other writers are read too: all encodings and codecs of parquet-go, INT96, decimals in any physical type,
// lists and maps in the shapes of older writers, columns that have become wider since, columns by field id.
// Reader.Scan gives the rows of several columns in batches; Reader.Fields is the file's own schema in Delta's types.
//
// Values are tuple.Value in Delta's physical form:
//
//	boolean                     Bool
//	byte short integer long     Int
//	float double                Float
//	decimal(p <= 18, s)         Int, unscaled
//	decimal(p > 18, s)          Bytes: 16 bytes, two's complement, big endian, unscaled
//	string binary               Bytes
//	date                        Int, days since 1970-01-01
//	timestamp timestamp_ntz     Int, microseconds since 1970-01-01
//	array<T>                    Bytes in the form of AppendList: the elements
//	map<K,V>                    the same: key, value, key, value, …
//	struct<…>                   the same: the fields in the order of the type
//	void                        NULL
//
// Row ids. A file of a mirrored table carries the row ids of its rows in ascending order. If they are one dense range
// {first, count} they stand in the Delta log only (tag tarn.firstRowId); otherwise they are the column RowIDColumn,
// an INT64 that the Delta schema does not name, so that other engines never see it.
package parquet

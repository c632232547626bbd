// Package rowstore is the row shape of a table: where its rows and index entries stand in the store, how to find them,
// and how a write keeps them together. It works inside one storage/txn transaction and knows neither plans nor
// expressions: expression keys and partial index conditions come through IndexEval.
//
//	row          storage id | 1 | primary key columns, or hidden row key   →  tuple row
//	index entry  storage id | n | key columns [| primary suffix]           →  [primary suffix] [included columns]
//	  of hnsw    storage id | n | primary suffix                           →  vector
//
// The primary suffix is the row's key after its six-byte prefix. It ends an entry's key unless the index is unique and no
// key column is NULL (or NULLS NOT DISTINCT): then the key columns alone are the entry, so that two equal rows meet at
// one key, and the suffix is the entry's value (a deferrable one may hold equal rows
// for a while: its entries end with the suffix). With INCLUDE columns the value is a uvarint length, that many suffix
// bytes (none where the key ends with it) and a tuple row of the included columns.
package rowstore

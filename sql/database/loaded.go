package database

import (
	"encoding/binary"
	"time"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
)

// LoadedKey is where COPY INTO remembers that a table has a file: system table 5 | index 2 | table OID (u32 BE) | path.
func LoadedKey(table catalog.OID, path string) []byte {
	return append(binary.BigEndian.AppendUint32(tuple.AppendPrefix(nil, LoadedStorage, StateIndex), table), path...)
}

// LoadedValue says which file it was: u8 1 | varint size | varint modification time, µs since 1970 | varint time of loading.
func LoadedValue(size int64, modified, loaded time.Time) []byte {
	b := binary.AppendVarint([]byte{1}, size)
	b = binary.AppendVarint(b, modified.UnixMicro())
	return binary.AppendVarint(b, loaded.UnixMicro())
}

// loadedRange holds the keys of all files of a table.
func loadedRange(table catalog.OID) (lo, hi []byte) {
	return LoadedKey(table, ""), tuple.PrefixEnd(LoadedKey(table, ""))
}

// ForgetLoaded lets a table have no file any more.
func ForgetLoaded(t *txn.Txn, table catalog.OID) error {
	lo, hi := loadedRange(table)
	v := t.Latest()
	defer v.Release()
	it := v.NewIter(lo, hi)
	some := it.First()
	if err := it.Close(); err != nil || !some {
		return err
	}
	return t.DeleteRange(lo, hi)
}

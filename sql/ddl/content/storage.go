package content

import (
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/storage/tuple"
)

// PrimaryIndex is the index number of the rows themselves.
const PrimaryIndex = 1

// RemoveStorage removes everything that stands under a storage id.
func RemoveStorage(x *stmt.Ctx, id uint32) error {
	return x.Txn.DeleteRange(tuple.AppendPrefix(nil, id, 0), tuple.AppendPrefix(nil, id+1, 0))
}

// RemoveIndex removes an index's entries.
func RemoveIndex(x *stmt.Ctx, id uint32, index uint16) error {
	return x.Txn.DeleteRange(tuple.AppendPrefix(nil, id, index), tuple.AppendPrefix(nil, id, index+1))
}

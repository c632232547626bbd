package exec

import (
	"sync"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/rowstore"
)

// Rels keeps the open form of tables, one version each. It is safe for concurrent use; the zero value is ready.
type Rels struct {
	byOID sync.Map // catalog.OID → *rowstore.Rel
}

// Get opens a table, or returns what an earlier call for the same descriptor has opened.
func (r *Rels) Get(t *catalog.Table) (*rowstore.Rel, error) {
	if r == nil {
		return rowstore.Open(t)
	}
	if v, ok := r.byOID.Load(t.OID); ok {
		if rel := v.(*rowstore.Rel); rel.Table == t {
			return rel, nil
		}
	}
	rel, err := rowstore.Open(t)
	if err != nil {
		return nil, err
	}
	r.byOID.Store(t.OID, rel)
	return rel, nil
}

// Forget drops a table that is no more.
func (r *Rels) Forget(oid catalog.OID) { r.byOID.Delete(oid) }

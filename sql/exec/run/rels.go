package run

import (
	"sync"
	"sync/atomic"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/rowstore"
)

// Rels keeps the open form of tables, one version each. It is safe for concurrent use; the zero value is ready.
type Rels struct {
	byOID sync.Map // catalog.OID → *rowstore.Rel
	usage sync.Map // usageKey → *Usage
}

// Usage counts how an index, or the rows in their own order (index 0), was read since the database was opened.
type Usage struct{ Scans, Rows atomic.Int64 }

type usageKey struct {
	storage uint32
	index   uint16
}

// Usage are the counters of an index of a table's storage; index 0 stands for scans without one.
func (r *Rels) Usage(storage uint32, index uint16) *Usage {
	if r == nil {
		return &Usage{}
	}
	k := usageKey{storage, index}
	if u, ok := r.usage.Load(k); ok {
		return u.(*Usage)
	}
	u, _ := r.usage.LoadOrStore(k, &Usage{})
	return u.(*Usage)
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

// ForgetUsage drops the counters of a storage id that is no more.
func (r *Rels) ForgetUsage(storage uint32) {
	r.usage.Range(func(k, _ any) bool {
		if k.(usageKey).storage == storage {
			r.usage.Delete(k)
		}
		return true
	})
}

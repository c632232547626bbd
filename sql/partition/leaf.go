package partition

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// Leaf follows a unique key of a partitioned table down to the table that may have it: cols are column numbers of t with the
// values vals, among them the partition keys (unique keys include them). It returns that table, and its partition of the index
// ix; a nil table: no partition takes the key.
func Leaf(c *catalog.Catalog, t *catalog.Table, ix *catalog.Index, cols []int16, vals []types.Datum, env *types.Env) (*catalog.Table, *catalog.Index, error) {
	if own := c.Table(t.OID); own != nil {
		t = own
	}
	for t.Partitioned() {
		d, err := Describe(c, t, env)
		if err != nil {
			return nil, nil, err
		}
		key := make([]types.Datum, len(d.Key.Keys))
		for i := range key {
			found := false
			for j, att := range cols {
				if att == d.Key.Keys[i].Att && att != 0 {
					key[i], found = vals[j], true
				}
			}
			if !found {
				return nil, nil, pgerr.Internal("a unique key of %s lacks a partition key", t.Name)
			}
		}
		n, err := d.Route(key)
		if n < 0 || err != nil {
			return nil, nil, err
		}
		next := c.Table(d.Parts[n])
		m := catalog.AttMap(t, next)
		moved := make([]int16, len(cols))
		for i, att := range cols {
			moved[i] = m[att-1]
		}
		ix = ChildIndex(next, ix)
		if ix == nil {
			return nil, nil, pgerr.Internal("partition %s lacks an index", next.Name)
		}
		t, cols = next, moved
	}
	return t, ix, nil
}

// ChildIndex is a partition's index that belongs to an index of its parent, or nil.
func ChildIndex(t *catalog.Table, parent *catalog.Index) *catalog.Index {
	for _, ix := range t.Indexes {
		if ix.Parent == parent.OID {
			return ix
		}
	}
	return nil
}

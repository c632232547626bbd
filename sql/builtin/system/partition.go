package system

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Trees of partitioned tables and of their indexes (manual 9.26.8).

// ancestors lists a relation and what it is a partition of, upwards; nothing for what is neither partition nor partitioned.
func ancestors(c *catalog.Catalog, oid types.OID) (out []types.OID) {
	t, ix := c.RelationByOID(oid)
	switch {
	case t == nil || ix == nil && !t.Partitioned() && t.Bound == nil || ix != nil && !t.Partitioned() && ix.Parent == 0:
		return nil
	case ix != nil:
		for ix != nil {
			out = append(out, ix.OID)
			_, ix = c.RelationByOID(ix.Parent)
		}
		return out
	}
	for {
		out = append(out, t.OID)
		if t.Bound == nil || t.Detaching != 0 {
			return out
		}
		t = c.Table(t.Parents[0])
	}
}

func partitionRoot(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	list := ancestors(s.Catalog(), types.OID(a[0].Uint()))
	if len(list) == 0 {
		return types.Null, nil
	}
	return tuple.Uint(uint64(list[len(list)-1])), nil
}

func partitionAncestors(c *call.Call, a []types.Datum) (call.Rows, error) {
	var rows [][]types.Datum
	for _, oid := range ancestors(c.Sess.Catalog(), types.OID(a[0].Uint())) {
		rows = append(rows, []types.Datum{tuple.Uint(uint64(oid))})
	}
	return call.TableRows(rows), nil
}

// partitionTree gives relid, parentrelid, isleaf and level, a level after the other.
func partitionTree(c *call.Call, a []types.Datum) (call.Rows, error) {
	cat, root := c.Sess.Catalog(), types.OID(a[0].Uint())
	above := ancestors(cat, root)
	if len(above) == 0 {
		return call.TableRows(nil), nil
	}
	type node struct {
		oid   types.OID
		level int64
	}
	list := []node{{root, 0}}
	var rows [][]types.Datum
	for i := 0; i < len(list); i++ {
		n := list[i]
		t, ix := cat.RelationByOID(n.oid)
		parent := types.Null
		if up := ancestors(cat, n.oid); len(up) > 1 {
			parent = tuple.Uint(uint64(up[1]))
		}
		rows = append(rows, []types.Datum{tuple.Uint(uint64(n.oid)), parent, tuple.Bool(!t.Partitioned()), tuple.Int(n.level)})
		cat.Children(t.OID, func(k *catalog.Table) bool {
			switch {
			case k.Bound == nil || k.Detaching != 0:
			case ix == nil:
				list = append(list, node{k.OID, n.level + 1})
			default:
				for _, part := range k.Indexes {
					if part.Parent == ix.OID {
						list = append(list, node{part.OID, n.level + 1})
					}
				}
			}
			return true
		})
	}
	return call.TableRows(rows), nil
}

// noRows serves functions about things that Tarn never has.
func noRows(*call.Call, []types.Datum) (call.Rows, error) { return call.TableRows(nil), nil }

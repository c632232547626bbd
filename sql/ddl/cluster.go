package ddl

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/lock"
)

// cluster is CLUSTER. Rows always stand in the order of the primary key: it takes the locks, checks what PostgreSQL checks and keeps
// which index was named last.
func (x *exec) cluster(n *ast.ClusterStmt) error {
	for _, p := range n.Params {
		if d, ok := p.(*ast.DefElem); ok && d.Defname != "verbose" {
			return x.at(pgerr.New(pgerr.SyntaxError, "unrecognized CLUSTER option \"%s\"", d.Defname), d.Location)
		}
	}
	if n.Relation == nil {
		return x.clusterAll()
	}
	if t, ix, err := x.Lookup(n.Relation); err != nil {
		return err
	} else if t != nil {
		if err := x.mayCluster(t, ix, n.Relation.Relname); err != nil {
			return err
		}
	}
	t, ix, err := x.OpenRelation(n.Relation, lock.AccessExclusive)
	if err != nil {
		return err
	}
	if err := x.mayCluster(t, ix, n.Relation.Relname); err != nil {
		return err
	}
	if t.OthersTemp(x.Session) {
		return pgerr.New(pgerr.FeatureNotSupported, "cannot cluster temporary tables of other sessions")
	}
	if n.Indexname == "" {
		for _, k := range t.Indexes {
			if k.Clustered {
				return nil
			}
		}
		return pgerr.New(pgerr.UndefinedObject, "there is no previously clustered index for table \"%s\"", t.Name)
	}
	by, err := clusterIndex(t, n.Indexname)
	if err != nil {
		return err
	}
	if !t.Partitioned() {
		return x.markClustered(t, by)
	}
	if x.InBlock {
		return pgerr.New(pgerr.ActiveSQLTransaction, "CLUSTER cannot run inside a transaction block")
	}
	for _, leaf := range x.Catalog().Descendants(t) {
		if !leaf.Stored() || x.MustOwn(leaf, nil) != nil {
			continue
		}
		if leaf, err = x.Reopen(leaf.OID, lock.AccessExclusive); err != nil {
			return err
		}
		for _, k := range leaf.Indexes {
			if indexPartOf(x.Catalog(), k, by) {
				if err := x.markClustered(leaf, k); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// indexPartOf reports whether ix belongs to the index root of a table above.
func indexPartOf(c *catalog.Catalog, ix, root *catalog.Index) bool {
	for ix != nil && ix.Parent != 0 {
		if ix.Parent == root.OID {
			return true
		}
		_, ix = c.RelationByOID(ix.Parent)
	}
	return false
}

func (x *exec) mayCluster(t *catalog.Table, ix *catalog.Index, name string) error {
	if ix != nil || !t.LikeTable() && t.Kind != catalog.RelMatView {
		return pgerr.New(pgerr.WrongObjectType, "\"%s\" is not a table or materialized view", name)
	}
	return x.MustOwn(t, nil)
}

// clusterAll is CLUSTER without a table.
func (x *exec) clusterAll() error {
	if x.InBlock {
		return pgerr.New(pgerr.ActiveSQLTransaction, "CLUSTER cannot run inside a transaction block")
	}
	var list []catalog.OID
	x.Catalog().Tables(func(t *catalog.Table) bool {
		for _, ix := range t.Indexes {
			if ix.Clustered && !t.OthersTemp(x.Session) && x.MustOwn(t, nil) == nil {
				list = append(list, t.OID)
			}
		}
		return true
	})
	for _, oid := range list {
		if err := x.LockTable(oid, lock.AccessExclusive); err != nil {
			return err
		}
	}
	return nil
}

// clusterIndex is the index of a table by which it may be clustered (check_index_is_clusterable).
func clusterIndex(t *catalog.Table, name string) (*catalog.Index, error) {
	for _, ix := range t.Indexes {
		switch {
		case ix.Name != name:
		case ix.Method != "btree" && ix.Method != "gist" && ix.Method != "":
			return nil, pgerr.New(pgerr.FeatureNotSupported, "cannot cluster on index \"%s\" because access method does not support clustering", name)
		case ix.Pred != "":
			return nil, pgerr.New(pgerr.FeatureNotSupported, "cannot cluster on partial index \"%s\"", name)
		case ix.Invalid || ix.Building:
			return nil, pgerr.New(pgerr.FeatureNotSupported, "cannot cluster on invalid index \"%s\"", name)
		default:
			return ix, nil
		}
	}
	return nil, pgerr.New(pgerr.UndefinedObject, "index \"%s\" for table \"%s\" does not exist", name, t.Name)
}

// markClustered makes ix the one by which a table is clustered; nil: none.
func (x *exec) markClustered(t *catalog.Table, ix *catalog.Index) error {
	if t.Partitioned() {
		return pgerr.New(pgerr.FeatureNotSupported, "cannot mark index clustered in partitioned table")
	}
	next, changed := stmt.Edit(t), false
	for i, k := range next.Indexes {
		if want := ix != nil && k.OID == ix.OID; k.Clustered != want {
			n := *k
			n.Clustered, changed = want, true
			next.Indexes[i] = &n
		}
	}
	if changed {
		x.Put(next)
	}
	return nil
}

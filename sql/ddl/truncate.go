package ddl

import (
	"sort"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/tuple"
)

func (x *exec) truncate(n *ast.TruncateStmt) error {
	var tables []*catalog.Table
	has := map[catalog.OID]bool{}
	for _, e := range n.Relations {
		rv, err := rangeVar(e)
		if err != nil {
			return err
		}
		t, err := x.openTable(rv, lock.AccessExclusive)
		if err != nil {
			return err
		}
		if err := x.needs(t, privilege.Truncate); err != nil {
			return err
		}
		list := []*catalog.Table{t}
		if rv.Inh {
			list = x.Catalog().Descendants(t)
		} else if t.Partitioned() && x.Catalog().HasChildren(t.OID) {
			return pgerr.New(pgerr.WrongObjectType, "cannot truncate only a partitioned table").
				WithHint("Do not specify the ONLY keyword, or use TRUNCATE ONLY on the partitions directly.")
		}
		for _, t := range list {
			if has[t.OID] {
				continue
			}
			if t, err = x.reopen(t.OID, lock.AccessExclusive); err != nil {
				return err
			}
			has[t.OID] = true
			tables = append(tables, t)
		}
	}
	cascade := n.Behavior == ast.DROP_CASCADE
	for i := 0; i < len(tables); i++ {
		for _, r := range x.referencingRows(tables[i]) {
			if has[r.OID] {
				continue
			}
			if !cascade {
				return pgerr.New(pgerr.FeatureNotSupported, "cannot truncate a table referenced in a foreign key constraint").
					WithDetail("Table \"%s\" references \"%s\".", r.Name, tables[i].Name).
					WithHint("Truncate table \"%s\" at the same time, or use TRUNCATE ... CASCADE.", r.Name)
			}
			x.notice("", "truncate cascades to table \"%s\"", r.Name)
			t, err := x.reopen(r.OID, lock.AccessExclusive)
			if err != nil {
				return err
			}
			if t != nil {
				if err := x.needs(t, privilege.Truncate); err != nil {
					return err
				}
				has[t.OID] = true
				tables = append(tables, t)
			}
		}
	}
	for _, t := range tables {
		if err := x.truncateTable(t, n.RestartSeqs); err != nil {
			return err
		}
	}
	return nil
}

// referencingRows lists the other tables with foreign keys to a table or, where it is a partition, to a table that it is part of.
func (x *exec) referencingRows(t *catalog.Table) []*catalog.Table {
	out := x.referencing(t.OID)
	for t.Bound != nil && len(t.Parents) > 0 {
		if t = x.Catalog().Table(t.Parents[0]); t == nil {
			break
		}
		out = append(out, x.referencing(t.OID)...)
	}
	return out
}

func (x *exec) truncateTable(t *catalog.Table, restart bool) error {
	if t.Partitioned() {
		return x.restartSequences(t, restart)
	}
	next := edit(t)
	next.StorageID = x.Editor.StorageID()
	if err := x.removeStorage(t.StorageID); err != nil {
		return err
	}
	x.put(next)
	return x.restartSequences(t, restart)
}

func (x *exec) restartSequences(t *catalog.Table, restart bool) error {
	if !restart {
		return nil
	}
	for _, s := range x.ownedSequences(t.OID, 0) {
		s, err := x.reopen(s.OID, lock.ShareRowExclusive)
		if err != nil {
			return err
		}
		if s == nil {
			continue
		}
		ns, err := x.changeSequence(s, &seqOptions{restart: true})
		if err != nil {
			return err
		}
		x.put(ns)
	}
	return nil
}

// removeStorage removes everything that stands under a storage id.
func (x *exec) removeStorage(id uint32) error {
	return x.Txn.DeleteRange(tuple.AppendPrefix(nil, id, 0), tuple.AppendPrefix(nil, id+1, 0))
}

// removeIndex removes an index's entries.
func (x *exec) removeIndex(id uint32, index uint16) error {
	return x.Txn.DeleteRange(tuple.AppendPrefix(nil, id, index), tuple.AppendPrefix(nil, id, index+1))
}

// referencing lists the other tables with foreign keys to a table, in OID order.
func (x *exec) referencing(oid catalog.OID) (out []*catalog.Table) {
	x.Catalog().Tables(func(t *catalog.Table) bool {
		if t.OID == oid {
			return true
		}
		for _, c := range t.Constraints {
			if c.Type == catalog.ConForeign && c.RefTable == oid {
				out = append(out, t)
				break
			}
		}
		return true
	})
	return out
}

// ownedSequences lists the sequences owned by a table's column; att 0: by any.
func (x *exec) ownedSequences(oid catalog.OID, att int16) (out []*catalog.Table) {
	x.Catalog().Tables(func(t *catalog.Table) bool {
		if q := t.Sequence; q != nil && q.OwnerTable == oid && (att == 0 || q.OwnerCol == att) {
			out = append(out, t)
		}
		return true
	})
	sort.Slice(out, func(i, j int) bool { return out[i].OID < out[j].OID })
	return out
}

package ddl

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/content"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/storage/lock"
)

func (x *exec) truncate(n *ast.TruncateStmt) error {
	var tables []*catalog.Table
	has := map[catalog.OID]bool{}
	for _, e := range n.Relations {
		rv, err := stmt.RangeVar(e)
		if err != nil {
			return err
		}
		// Who may not do it must not make others wait.
		if t, ix, err := x.Lookup(rv); err == nil && t != nil && ix == nil && t.LikeTable() {
			if err := x.Needs(t, privilege.Truncate); err != nil {
				return err
			}
		}
		t, err := x.OpenTable(rv, lock.AccessExclusive)
		if err != nil {
			return err
		}
		if err := x.Needs(t, privilege.Truncate); err != nil {
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
			if has[t.OID] || t.OthersTemp(x.Session) {
				continue
			}
			if t, err = x.Reopen(t.OID, lock.AccessExclusive); err != nil {
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
			x.Note("", "truncate cascades to table \"%s\"", r.Name)
			t, err := x.Reopen(r.OID, lock.AccessExclusive)
			if err != nil {
				return err
			}
			if t != nil {
				if err := x.Needs(t, privilege.Truncate); err != nil {
					return err
				}
				has[t.OID] = true
				tables = append(tables, t)
			}
		}
	}
	for _, t := range tables {
		if err := x.NotInUse(t, "TRUNCATE"); err != nil {
			return err
		}
	}
	after, err := x.Hooks.Truncate(tables)
	if err != nil {
		return err
	}
	for _, t := range tables {
		if t = x.Catalog().Table(t.OID); t == nil { // a trigger has dropped it
			continue
		}
		if err := x.truncateTable(t, n.RestartSeqs); err != nil {
			return err
		}
	}
	return after()
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
	next := stmt.Edit(t)
	next.StorageID = x.Editor.NewStorageID(t)
	if err := content.RemoveStorage(x.Ctx, t.StorageID); err != nil {
		return err
	}
	x.Put(next)
	return x.restartSequences(t, restart)
}

func (x *exec) restartSequences(t *catalog.Table, restart bool) error {
	if !restart {
		return nil
	}
	for _, s := range depend.OwnedSequences(x.Ctx, t.OID, 0) {
		s, err := x.Reopen(s.OID, lock.ShareRowExclusive)
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
		x.Put(ns)
	}
	return nil
}

// referencing lists the other tables with foreign keys to a table, in OID order.
func (x *exec) referencing(oid catalog.OID) (out []*catalog.Table) {
	x.Catalog().Referencing(oid, func(t *catalog.Table) bool {
		if t.OID != oid {
			out = append(out, t)
		}
		return true
	})
	return out
}

package depend

import (
	"slices"
	"strconv"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/content"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/storage/lock"
)

// Remove takes one object out of the catalog, with its rows.
func Remove(x *stmt.Ctx, o catalog.Address) error {
	cat := x.Catalog()
	switch o.Kind {
	case catalog.KindSchema:
		x.Editor.DropSchema(o.OID)
	case catalog.KindRelation:
		if cat.Table(o.OID) == nil {
			return nil
		}
		t, err := x.Reopen(o.OID, lock.AccessExclusive)
		if err != nil || t == nil {
			return err
		}
		if err := x.NotInUse(t, "DROP TABLE"); err != nil {
			return err
		}
		if t.Bound != nil {
			if p, err := x.Reopen(t.Parents[0], lock.AccessExclusive); err != nil {
				return err
			} else if p != nil {
				x.Put(stmt.Edit(p))
			}
		}
		return removeRelation(x, t)
	case catalog.KindIndex:
		t, ix := cat.RelationByOID(o.OID)
		if ix == nil {
			return nil
		}
		return removeIndexOf(x, t.OID, o.OID)
	case catalog.KindConstraint:
		return RemoveConstraint(x, o.OID)
	case catalog.KindPolicy:
		return removePolicy(x, o)
	case catalog.KindRule:
		return removeRule(x, o)
	case catalog.KindDefault:
		t, err := x.Reopen(o.OID, lock.AccessExclusive)
		if err != nil || t == nil {
			return err
		}
		next := stmt.Edit(t)
		next.Column(o.Sub).Default = ""
		x.Put(next)
	case catalog.KindColumn:
		t, err := x.Reopen(o.OID, lock.AccessExclusive)
		if err != nil || t == nil {
			return err
		}
		removeColumn(x, t, o.Sub)
	case catalog.KindTrigger:
		return RemoveTrigger(x, o.OID)
	default:
		if cat.Object(o.Kind, o.OID) == nil {
			return nil
		}
		if catalog.Derived(cat.Object(o.Kind, o.OID)) {
			return nil // it goes with its extension
		}
		if k, ok := objectKinds(o.Kind); ok && k.remove != nil {
			return k.remove(x, o)
		}
		x.Editor.Drop(o)
	}
	return nil
}

func removeRelation(x *stmt.Ctx, t *catalog.Table) error {
	switch t.Kind {
	case catalog.RelTable, catalog.RelMatView:
		if err := content.RemoveStorage(x, t.StorageID); err != nil {
			return err
		}
	case catalog.RelSequence:
		key, _ := x.SeqState(t.StorageID, 0, false)
		if err := x.Txn.Delete(key, 0); err != nil {
			return err
		}
	}
	x.Editor.DropTable(t.OID)
	return nil
}

// removeIndexOf drops an index. Without its primary key a table keeps its rows under new, hidden keys.
func removeIndexOf(x *stmt.Ctx, table, index catalog.OID) error {
	t, err := x.Reopen(table, lock.AccessExclusive)
	if err != nil || t == nil {
		return err
	}
	next := stmt.Edit(t)
	next.Indexes, next.Deps = nil, stmt.Independent(next.Deps, catalog.Address{Kind: catalog.KindIndex, OID: index})
	var gone *catalog.Index
	for _, ix := range t.Indexes {
		if ix.OID == index {
			gone = ix
			continue
		}
		next.Indexes = append(next.Indexes, ix)
	}
	if gone == nil {
		return nil
	}
	if gone.ID != content.PrimaryIndex {
		x.Put(next)
		return content.RemoveIndex(x, t.StorageID, gone.ID)
	}
	next.StorageID = x.Editor.NewStorageID(t)
	x.Put(next)
	return content.Rewrite(x, t, next, nil)
}

// RemoveConstraint takes a constraint out of its table's descriptor; its index is not touched.
func RemoveConstraint(x *stmt.Ctx, oid catalog.OID) error {
	t, _ := x.Catalog().ConstraintByOID(oid)
	return change(x, t, func(next *catalog.Table) {
		next.Constraints = slices.DeleteFunc(next.Constraints, func(c *catalog.Constraint) bool { return c.OID == oid })
	})
}

// change locks a table, if it is still there, and puts its changed descriptor.
func change(x *stmt.Ctx, t *catalog.Table, f func(next *catalog.Table)) error {
	if t == nil {
		return nil
	}
	t, err := x.Reopen(t.OID, lock.AccessExclusive)
	if err != nil || t == nil {
		return err
	}
	next := stmt.Edit(t)
	f(next)
	x.Put(next)
	return nil
}

// DroppedName is the name that a dropped column keeps.
func DroppedName(att int16) string {
	return "........pg.dropped." + strconv.Itoa(int(att)) + "........"
}

func removeColumn(x *stmt.Ctx, t *catalog.Table, att int16) {
	next := stmt.Edit(t)
	c := next.Column(att)
	c.Name, c.Dropped, c.NotNull, c.Default, c.Generated, c.Identity, c.IdentSeq = DroppedName(att), true, false, "", 0, 0, 0
	c.HasMissing, c.Missing = false, ""
	delete(next.ColComments, att)
	x.Put(next)
}

func removeType(x *stmt.Ctx, o catalog.Address) error {
	if err := x.LockTable(o.OID, lock.AccessExclusive); err != nil {
		return err
	}
	x.Editor.Drop(o)
	return nil
}

// removeOperator takes an operator away, and its name out of its commutator's and negator's rows.
func removeOperator(x *stmt.Ctx, o catalog.Address) error {
	if err := x.LockTable(o.OID, lock.AccessExclusive); err != nil {
		return err
	}
	gone := x.Catalog().Operator(o.OID)
	if gone == nil {
		return nil
	}
	for _, oid := range []catalog.OID{gone.Op.Com, gone.Op.Negate} {
		if p := x.Catalog().Operator(oid); p != nil && oid != o.OID && !catalog.Derived(p) {
			next := *p
			if next.Op.Com == o.OID {
				next.Op.Com = 0
			}
			if next.Op.Negate == o.OID {
				next.Op.Negate = 0
			}
			x.Editor.Put(&next)
		}
	}
	x.Editor.Drop(o)
	return nil
}

func removePolicy(x *stmt.Ctx, o catalog.Address) error {
	t, _ := x.Catalog().PolicyByOID(o.OID)
	return change(x, t, func(next *catalog.Table) {
		next.Policies = slices.DeleteFunc(next.Policies, func(p *catalog.Policy) bool { return p.OID == o.OID })
		next.Deps = stmt.Independent(next.Deps, o)
	})
}

func removeRule(x *stmt.Ctx, o catalog.Address) error {
	t, _ := x.Catalog().RuleByOID(o.OID)
	return change(x, t, func(next *catalog.Table) {
		next.Rules = slices.DeleteFunc(next.Rules, func(r *catalog.Rule) bool { return r.OID == o.OID })
		next.Deps = stmt.Independent(next.Deps, o)
	})
}

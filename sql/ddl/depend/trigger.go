package depend

import (
	"slices"
	"strconv"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/stmt"
)

// TriggerClones are the clones of a trigger in partitions, at any depth, deepest first.
func TriggerClones(x *stmt.Ctx, oid catalog.OID) (out []catalog.Address) {
	t, _ := x.Catalog().TriggerByOID(oid)
	if t == nil {
		return nil
	}
	for _, k := range x.Catalog().ChildList(t.OID) {
		for _, g := range k.Triggers {
			if g.Parent == oid {
				out = append(append(out, TriggerClones(x, g.OID)...), catalog.Address{Kind: catalog.KindTrigger, OID: g.OID})
			}
		}
	}
	return out
}

// RemoveTrigger takes a trigger out of its table.
func RemoveTrigger(x *stmt.Ctx, oid catalog.OID) error {
	t, g := x.Catalog().TriggerByOID(oid)
	return change(x, t, func(next *catalog.Table) {
		next.Triggers = slices.DeleteFunc(next.Triggers, func(h *catalog.Trigger) bool { return h.OID == oid })
		if g.Constraint != 0 {
			next.Constraints = slices.DeleteFunc(next.Constraints, func(c *catalog.Constraint) bool { return c.OID == g.Constraint })
		}
		next.Deps = stmt.Independent(next.Deps, catalog.Address{Kind: catalog.KindTrigger, OID: oid})
	})
}

func describeTrigger(x *stmt.Ctx, o catalog.Address) string {
	t, g := x.Catalog().TriggerByOID(o.OID)
	if g == nil {
		return "trigger " + strconv.Itoa(int(o.OID))
	}
	return "trigger " + g.Name + " on " + stmt.KindWord(t.Kind) + " " + x.RelationText(t)
}

// triggerUses reports whether a trigger names a column of its table, in UPDATE OF or WHEN.
func triggerUses(x *stmt.Ctx, t *catalog.Table, g *catalog.Trigger, att int16) bool {
	return slices.Contains(g.Cols, att) || g.When != "" && ExprUses(x, t, g.When, att)
}

// TriggerUsing is the first trigger of a table that names a column; nil: none does.
func TriggerUsing(x *stmt.Ctx, t *catalog.Table, att int16) *catalog.Trigger {
	if list := triggersUsing(x, t, att); len(list) > 0 {
		return list[0]
	}
	return nil
}

// triggersUsing are the triggers of a table that name a column, in the order in which they were made.
func triggersUsing(x *stmt.Ctx, t *catalog.Table, att int16) (out []*catalog.Trigger) {
	for _, g := range t.Triggers {
		if triggerUses(x, t, g, att) {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, func(a, b *catalog.Trigger) int { return int(a.OID) - int(b.OID) })
	return out
}

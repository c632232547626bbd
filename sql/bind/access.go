package bind

import (
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/privilege"
)

// needs notes what a statement wants of a relation that it names; inside a view its owner's privileges count.
func (b *binder) needs(t *catalog.Table, p privilege.Set) *plan.Access {
	a := &plan.Access{Table: t, As: b.viewOwner, Need: p}
	if b.shapes == nil || b.viewNest == 0 {
		b.access = append(b.access, a) // printing names what the text names
	}
	return a
}

// reading has every reference to the item's columns noted in a.
func reading(it *expression.Item, t *catalog.Table, a *plan.Access) {
	if a == nil {
		return
	}
	n := 0
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Dropped {
			continue
		}
		if n == len(it.Cols) {
			break
		}
		ref := it.Cols[n].Ref
		it.Cols[n].Ref = func() plan.Expr {
			a.Read(c.AttNum)
			return ref()
		}
		n++
	}
	if system := it.System; system != nil {
		it.System = func(att int16) plan.Expr {
			a.Read(att)
			return system(att)
		}
	}
	if row := it.Row; row != nil {
		it.Row = func() plan.Expr {
			a.Read(0)
			return row()
		}
	}
}

// asOwner runs f, which binds a part of a view's text.
func (b *binder) asOwner(v *catalog.Table, f func()) {
	old := b.viewOwner
	if !invoker(v) {
		b.viewOwner = v.Owner
	}
	f()
	b.viewOwner = old
}

// invoker reports a view whose reader needs the privileges on what it reads (security_invoker).
func invoker(v *catalog.Table) bool {
	return on(v, "security_invoker")
}

// on reports an option of a view that is set.
func on(v *catalog.Table, option string) bool {
	s, _ := v.Options.Get(option)
	return s == "true" || s == "on" || s == "1"
}

// tableAccess is what is needed of the table itself; reading it adds SELECT.
func (m *modTarget) tableAccess() *plan.Access {
	if m.access == nil {
		return nil
	}
	return m.access[len(m.access)-1].Reading()
}

// writes notes that a column of a target is assigned to; i is the relation on the way from the one named to its table.
func (m *modTarget) writes(i int, c int16, update bool) {
	if m.access == nil {
		return
	}
	if update {
		m.access[i].Update = plan.AddAtt(m.access[i].Update, c)
	} else {
		m.access[i].Insert = plan.AddAtt(m.access[i].Insert, c)
	}
}

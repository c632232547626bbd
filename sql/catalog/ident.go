package catalog

import "math/rand/v2"

// Ident tells an object, or a part of one, from all others on all branches of a database: it is drawn when the object is made, and goes
// with it where branches are made or merged, whatever OID the object has there. 0: objects that are there from the start, those that were
// made before there were idents, and columns that a table was made with, which their attribute numbers tell apart.
type Ident uint64

// keep gives a descriptor that is put the ident of the one that it replaces, or one of its own.
func (i *Ident) keep(old Ident, replaces bool) {
	switch {
	case *i != 0:
	case replaces:
		*i = old
	default:
		*i = NewIdent()
	}
}

// NewIdent draws an ident. They are small enough for every reader of JSON.
func NewIdent() Ident { return Ident(rand.Uint64()>>11 | 1) }

// identify gives idents to the relation and to those of its parts that old, the descriptor that it replaces, does not have; old may be
// nil. What old has is shared with it and is not written to.
func (t *Table) identify(old *Table) {
	if old == nil {
		t.Ident.keep(0, false)
		old = &Table{Columns: t.Columns}
	} else {
		t.Ident.keep(old.Ident, true)
	}
	for i := len(old.Columns); i < len(t.Columns); i++ {
		t.Columns[i].Ident.keep(0, false)
	}
	identify(t.Indexes, old.Indexes, func(x *Index) (OID, *Ident) { return x.OID, &x.Ident })
	identify(t.Constraints, old.Constraints, func(x *Constraint) (OID, *Ident) { return x.OID, &x.Ident })
	identify(t.Triggers, old.Triggers, func(x *Trigger) (OID, *Ident) { return x.OID, &x.Ident })
	identify(t.Policies, old.Policies, func(x *Policy) (OID, *Ident) { return x.OID, &x.Ident })
	identify(t.Rules, old.Rules, func(x *Rule) (OID, *Ident) { return x.OID, &x.Ident })
}

func identify[T any](parts, old []*T, of func(*T) (OID, *Ident)) {
	for _, p := range parts {
		oid, ident := of(p)
		if *ident != 0 {
			continue
		}
		var was *T
		for _, o := range old {
			if x, _ := of(o); x == oid {
				was = o
			}
		}
		switch {
		case was == p:
		case was != nil:
			_, i := of(was)
			ident.keep(*i, true)
		default:
			ident.keep(0, false)
		}
	}
}
